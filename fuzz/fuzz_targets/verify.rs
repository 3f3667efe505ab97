//! Any bytes are audio or are not; neither answer costs more than 5 s or 256 MiB.
//!
//! `cargo +nightly fuzz run verify -- -timeout=5 -rss_limit_mb=256`, with short files of every
//! format in `fuzz/corpus/verify`.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use musicdl::verify::{Expected, Verifier, payload_hash};

fuzz_target!(|bytes: &[u8]| {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    fs::write(file.path(), bytes).expect("it can be written");
    let verifier = Verifier {
        fingerprints: true,
        ..Verifier::default()
    };
    let checked = verifier.check(file.path(), &Expected::default());
    if let Ok(verified) = checked {
        // What was taken is tagged next, which compares this.
        let hash = payload_hash(file.path()).expect("what was read once is read again");
        assert_eq!(hash, verified.audio_hash);
    }
});
