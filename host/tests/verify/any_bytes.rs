//! What is done to files of any bytes: by the test of damaged ones, and by the targets in `fuzz/`,
//! which are built by hand only.

#![allow(dead_code, reason = "each target does one of them")]

use std::path::Path;

use musicdl::tagging;
use musicdl::verify::{Expected, Verifier, payload_hash};

/// It is audio or it is not.
pub(crate) fn are_verified(path: &Path) {
    let verifier = Verifier {
        fingerprints: true,
        ..Verifier::default()
    };
    if let Ok(verified) = verifier.check(path, &Expected::default()) {
        // What was taken is tagged next, which compares this.
        let hash = payload_hash(path).expect("what was read once is read again");
        assert_eq!(hash, verified.audio_hash);
    }
}

/// It has tags or it has none.
pub(crate) fn are_read_for_tags(path: &Path) {
    drop(tagging::read(path));
    drop(tagging::embedded_cover(path));
    drop(tagging::sound(path));
}
