//! A plugin that panics, hangs or delivers rubbish costs itself, and nothing else.

use std::fs;
use std::time::Duration;

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::scene::Scene;
use crate::support::song;

/// Everybody's songs, and rogue in front of whoever has them.
fn scene(rogue: &str) -> Scene {
    let scene = Scene::with(&["rogue", "folder"]);
    song::make(&scene.path("music"), &Collection::new().songs());
    let sources = format!("  - rogue: {{{rogue}}}\n  - folder: {{paths: [./music]}}\n");
    want_everything(&scene, &sources);
    scene
}

/// The limits of a config whose owner has no patience.
const IMPATIENT: &str = "download: {retries: 0}\n\
    limits: {search_timeout: 1s, download_stall: 1s, connect_check_timeout: 1s}\n";

/// Adds lines to the config.
fn append(scene: &Scene, lines: &str) {
    let config = fs::read_to_string(scene.path("musicdl.yaml")).unwrap();
    scene.write("musicdl.yaml", config + lines);
}

#[test]
fn what_a_panicking_plugin_was_asked_for_the_next_source_delivers() {
    for (rogue, told) in [
        ("panic: search_raw", "rogue in search_raw"),
        (
            "panic: download_raw, offers: nothing",
            "rogue in download_raw",
        ),
        ("panic: is_configured", "`is_configured` panicked"),
        ("panic: create", "rogue in create"),
    ] {
        let scene = scene(rogue);
        let run = scene.run(&["--json"]).exits(0).says(&[told]);
        assert_eq!(scene.delivered(), ["folder: 5"], "{}", run.told());
        assert_eq!(scene.library().files(), LIBRARY);
    }
}

#[test]
fn a_web_page_that_is_named_like_music_never_reaches_the_library() {
    let scene = scene("offers: page.mp3");
    let page = scene.write(
        "page.mp3",
        "<!DOCTYPE html>\n<html><body>Busy.</body></html>",
    );
    let config = fs::read_to_string(scene.path("musicdl.yaml")).unwrap();
    let config = config.replace("page.mp3", page.to_str().unwrap());
    scene.write("musicdl.yaml", config);
    let run = scene
        .run(&["--json"])
        .exits(0)
        .says(&["this is an HTML page, not audio"]);
    assert_eq!(scene.delivered(), ["folder: 5"], "{}", run.told());
    assert_eq!(scene.library().files(), LIBRARY);
    scene.library().is_whole();
}

#[test]
fn a_plugin_that_never_comes_back_is_left_behind_and_does_not_keep_the_program() {
    for (rogue, told) in [
        ("hang: search_raw", "no answer to a search within 1 s"),
        (
            "hang: download_raw, offers: nothing",
            "no sign of life for 1 s",
        ),
    ] {
        let scene = scene(rogue);
        append(&scene, IMPATIENT);
        scene.write("one.csv", song::exportify([&Collection::new().bluebird]));
        let config = fs::read_to_string(scene.path("musicdl.yaml")).unwrap();
        let (_, rest) = config.split_once("library:").unwrap();
        scene.write(
            "musicdl.yaml",
            format!("playlists: [./one.csv]\nlibrary:{rest}"),
        );
        let run = scene.run(&["--json"]).exits(0).says(&[told]);
        assert_eq!(scene.delivered(), ["folder: 1"], "{}", run.told());
        // The deadline, and the five seconds of grace after it.
        assert!(run.took < Duration::from_secs(20), "{}", run.told());
    }
}

#[test]
fn a_check_that_never_comes_back_is_answered_for() {
    let scene = scene("hang: check_connection");
    append(&scene, IMPATIENT);
    let run = scene.run(&["plugins", "--check"]).exits(3).says(&[
        "rogue: unreachable: no answer within 1 s",
        "folder: reachable",
    ]);
    assert!(run.took < Duration::from_secs(10), "{}", run.told());
}

#[test]
fn a_secret_that_a_plugin_puts_into_its_messages_is_kept_and_shown_nowhere() {
    let mut kept = false;
    for misdeed in ["search_raw:betray", "download_raw:betray"] {
        let secret = "token: hunter2-and-more";
        let scene = scene(&format!("misdeed: '{misdeed}', {secret}"));
        let run = scene.run(&["--json"]).exits(0);
        let explained = scene.run(&["explain", "Bluebird"]);
        for told in [run.told(), explained.told()] {
            assert!(!told.contains("hunter2"), "{misdeed}: {told}");
        }
        assert!(
            run.told().contains("token=[secret] failed"),
            "{}",
            run.told()
        );
        for file in fs::read_dir(scene.path(".musicdl")).unwrap() {
            let file = file.unwrap().path();
            if !file.is_file() {
                continue;
            }
            let bytes = fs::read(&file).unwrap();
            let has = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
            assert!(!has(b"hunter2"), "{misdeed}: {}", file.display());
            kept |= has(b"token=[secret] failed");
        }
    }
    assert!(kept, "the state has none of the messages");
    let scene = scene("misdeed: 'check_connection:betray', token: hunter2-and-more");
    let check = scene.run(&["plugins", "--check"]);
    assert!(check.told().contains("[secret]"), "{}", check.told());
    assert!(!check.told().contains("hunter2"), "{}", check.told());
}
