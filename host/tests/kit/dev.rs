//! The bench, with its lines piped in.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::station::Station;
use crate::{Ended, edit, made, musicdl};

/// Says those lines to `plugins dev`.
fn dev(dir: &Path, crate_dir: &Path, lines: &[&str]) -> Ended {
    let mut child = musicdl(dir)
        .args(["plugins", "dev"])
        .arg(crate_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines.join("\n").as_bytes()).unwrap();
    drop(stdin);
    Ended::of(child.wait_with_output().unwrap())
}

fn fill(station: &Path) {
    fs::create_dir_all(station.join("files")).unwrap();
    fs::write(
        station.join("status.json"),
        r#"{"name": "Station", "version": "9"}"#,
    )
    .unwrap();
    fs::write(
        station.join("search.json"),
        r#"{"tracks": [{"id": "7.mp3", "title": "Bluebird", "artists": ["Ann Example"]}]}"#,
    )
    .unwrap();
    fs::write(station.join("files/7.mp3"), "la la la").unwrap();
}

#[test]
fn a_plugin_is_built_tried_broken_and_mended() {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("station");
    fill(&files);
    let station = Station::over(&files);
    let made = made(dir.path(), "bench_press", &[]);

    // What a run would use, the bench does.
    let config = "network:\n  user_agent: bench/1\n";
    fs::write(dir.path().join("musicdl.yaml"), config).unwrap();

    let url = format!("settings url={}", station.url());
    let lines = [
        "# a comment, and an empty line",
        "",
        "check",
        "search Bluebird",
        "nonsense",
        "settings colour=red",
        &url,
        "check",
        "search Blue bird",
        "download 2",
        "download 1 got",
        "quit",
        "search after the end",
    ];
    let ended = dev(dir.path(), &made, &lines).with(0);
    let words = &ended.stdout;
    let mut rest = words.as_str();
    for said in [
        "bench_press 0.1.0 loaded in",
        "not configured",
        "is_configured: false",
        "check_connection failed",
        "search_raw failed",
        "`nonsense` is none of these",
        "it declares no setting `colour`",
        ", configured",
        "is_configured: true",
        "/status.json -> 200 in",
        "reached in",
        "Station 9",
        "/search.json -> 200 in",
        "1 hit in",
        "1  Ann Example - Bluebird mp3 [7.mp3]",
        "`2` is no hit",
        "/files/7.mp3 -> 200 in",
        "7.mp3: 8 bytes",
    ] {
        let at = rest
            .find(said)
            .unwrap_or_else(|| panic!("{said} in {words}"));
        rest = &rest[at + said.len()..];
    }
    assert!(!words.contains("q=Blue"), "queries are not shown: {words}");
    assert!(!words.contains("after the end"), "{words}");
    assert_eq!(fs::read(dir.path().join("got/7.mp3")).unwrap(), b"la la la");
    assert_eq!(station.user_agents(), ["bench/1"]);

    // A crash ends the child and not the bench; a broken build neither.
    edit(
        &made.join("src/lib.rs"),
        "        search::search(self.api()?, query)",
        "        std::process::abort()",
    );
    let ended = dev(dir.path(), &made, &["search x", "check", "reload"]).with(0);
    let words = &ended.stdout;
    assert!(
        words.contains("the plugin ended its process: signal"),
        "{words}"
    );
    assert!(words.contains("nothing is loaded"), "{words}");
    assert_eq!(words.matches("loaded in").count(), 2, "{words}");

    edit(&made.join("src/lib.rs"), "std::process::abort()", "nothing");
    let ended = dev(dir.path(), &made, &["search x"]).with(5);
    assert!(
        ended.stdout.contains("the build failed"),
        "{}",
        ended.stdout
    );
    assert!(ended.stderr.contains("error"), "{}", ended.stderr);
}

#[test]
fn a_directory_without_a_crate_is_wrong_usage() {
    let dir = tempfile::tempdir().unwrap();
    let ended = dev(dir.path(), dir.path(), &[]).with(2);
    assert!(ended.stderr.contains("no Cargo.toml"), "{}", ended.stderr);
}
