//! A test that cannot look at anything on this machine says so and is counted: `cargo xtask
//! test` gathers what is written here. Taken in by its path by tests of several crates.

use std::env;
use std::fs;
use std::path::Path;
use std::thread;

/// Counts the running test as skipped. The test returns right after it.
///
/// # Panics
/// When the note cannot be written: a skipped test that nobody counts would pass as green.
#[expect(
    clippy::print_stderr,
    reason = "a test that is run by hand has no other way to say so"
)]
pub(crate) fn skipped(reason: &str) {
    // The runner starts a process for each test; without it the thread has the test's name.
    let test = env::var("NEXTEST_TEST_NAME")
        .ok()
        .or_else(|| thread::current().name().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned());
    eprintln!("skipped: {test}: {reason}");
    if let Some(dir) = env::var_os("XTASK_SKIPS") {
        let note = Path::new(&dir).join(test.replace("::", "."));
        let written = fs::write(&note, format!("{test}: {reason}\n"));
        written.unwrap_or_else(|error| panic!("{}: {error}", note.display()));
    }
}
