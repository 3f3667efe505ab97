//! Any bytes are audio or are not; neither answer costs more than 5 s or 256 MiB.
//!
//! `docs/verification.md` says how to run it.

#![no_main]

// The tests do the same, so that it is compiled with them.
#[path = "../../host/tests/verify/any_bytes.rs"]
mod any_bytes;

use std::fs;

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    // The fuzzer would end at every panic. Those of libraries are caught and cost their file
    // only; one that nobody catches ends it all the same.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        fs::write(file.path(), bytes).expect("it can be written");
        any_bytes::are_verified(file.path());
    }
);
