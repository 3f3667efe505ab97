//! Tags of any bytes are read or are not; neither costs more than 5 s or 256 MiB.
//!
//! `cargo +nightly fuzz run tags -- -timeout=5 -rss_limit_mb=256`, with short tagged files of
//! every format in `fuzz/corpus/tags`.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use musicdl::tagging;

fuzz_target!(|bytes: &[u8]| {
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    fs::write(file.path(), bytes).expect("it can be written");
    drop(tagging::read(file.path()));
    drop(tagging::embedded_cover(file.path()));
});
