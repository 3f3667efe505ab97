//! What of a panic reaches stderr, when the plugin has the same one as the host.

use std::process::Command;

/// What a test of panics writes to stderr. A library writes past the capture of the test
/// harness, so the test runs in a program of its own.
fn stderr_of(test: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("here::panics::{test}"), "--nocapture"])
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "{stdout}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_panic_that_became_an_error_is_not_written_to_stderr_as_well() {
    let stderr = stderr_of("a_panic_in_a_call_is_an_internal_error_with_its_words_and_place");
    assert!(!stderr.contains("rogue in"), "{stderr}");
}

#[test]
fn an_unreported_panic_is_written_to_stderr() {
    let stderr = stderr_of("a_panic_in_a_thread_of_the_plugin_costs_that_thread");
    assert!(stderr.contains("rogue in a thread"), "{stderr}");
}
