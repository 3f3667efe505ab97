//! `musicdl tag`: tags of single files, shown and written.

use std::fs;

use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const WREN: &str = "library/Ann/Ann - First/02 - Wren.mp3";

/// A library with one song that a run placed, and a file of the user's own.
fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    let wren = Song::of_album("Ann", "First", 2, "Wren", "mp3");
    let own = Song::single("Ben", "Robin", "flac");
    song::make(&scene.path("music"), &[wren.clone(), own]);
    scene.write("list.csv", song::exportify([&wren]));
    scene.write(
        "musicdl.yaml",
        "albums: [{name: List, file: ./list.csv}]\nlibrary: {path: ./library}\n\
         plugins: [./plugins]\nsources:\n  - folder: {paths: [./music]}\n",
    );
    scene.run(&[]).exits(0);
    scene
}

#[test]
fn tags_are_shown_in_words_and_as_data_and_nothing_is_touched() {
    let scene = scene();
    let before = scene.library().fingerprints();
    let words = scene.run(&["tag", WREN]).exits(0);
    words.says(&["02 - Wren.mp3", "title", "Wren", "date", "2019-03-01"]);
    let data = scene.run(&["tag", "--json", WREN]).exits(0).json();
    assert_eq!(data[0]["written"], false);
    let tags = data[0]["tags"].as_array().unwrap();
    let has = |name: &str, value: &str| {
        tags.iter()
            .any(|tag| tag["name"] == name && tag["value"] == value)
    };
    assert!(has("artist", "Ann") && has("track", "2"), "{data}");
    assert_eq!(scene.library().fingerprints(), before);
}

#[test]
fn a_tag_is_written_the_sound_stays_and_once_is_enough() {
    let scene = scene();
    let own = "music/Ben/Robin/Robin.flac";
    let sounds = crate::support::shelf::Shelf(scene.path("music")).sounds();
    let set = [
        "tag",
        "--set",
        "title=Rotkehlchen",
        "--set",
        "artist=Ben",
        "--set",
        "artist=Bea",
    ];
    let run = scene
        .run(&[&set[..], &["--set", "track=3/12", own]].concat())
        .exits(0);
    run.says(&["(written)", "Rotkehlchen", "3/12"]);
    let music = crate::support::shelf::Shelf(scene.path("music"));
    let tags = music.tags("Ben/Robin/Robin.flac");
    assert_eq!(tags.title.as_deref(), Some("Rotkehlchen"));
    assert_eq!(tags.artists, ["Ben", "Bea"]);
    assert_eq!(music.sounds(), sounds);
    let before = music.fingerprints();
    let run = scene
        .run(&["tag", "--set", "title=Rotkehlchen", own])
        .exits(0);
    assert!(!run.stdout.contains("(written)"), "{}", run.told());
    assert_eq!(music.fingerprints(), before);
}

#[test]
fn the_journal_has_what_catalogs_said_of_placed_files() {
    let scene = scene();
    scene
        .run(&["tag", "--set", "date=1900", "--set", "title=Wrong", WREN])
        .exits(0);
    scene
        .run(&["tag", "--from-catalog", "--set", "label=Tiny", WREN])
        .exits(0);
    let tags = scene.library().tags("Ann/Ann - First/02 - Wren.mp3");
    assert_eq!(tags.title.as_deref(), Some("Wren"));
    assert_eq!(tags.date.as_deref(), Some("2019-03-01"));
    assert_eq!(tags.label.as_deref(), Some("Tiny"));
    // Of others it says that it knows nothing, and goes on.
    let own = "music/Ben/Robin/Robin.flac";
    let run = scene.run(&["tag", "--from-catalog", own, WREN]).exits(5);
    run.says(&["no run placed this file", "02 - Wren.mp3"]);
    fs::remove_dir_all(scene.path(".musicdl")).unwrap();
    scene
        .run(&["tag", "--from-catalog", WREN])
        .exits(2)
        .says(&["--from-catalog: there is no state", "--set"]);
}

#[test]
fn what_cannot_be_meant_or_tagged_is_said_and_nothing_is_touched() {
    let scene = scene();
    scene.write("page.mp3", "<html>not found</html>");
    let before = scene.library().fingerprints();
    for (args, code, words) in [
        (
            ["tag", "--set", "titel=x", WREN],
            2,
            "there is no tag `titel`",
        ),
        (
            ["tag", "--set", "track=none", WREN],
            2,
            "it must be a number, or `3/12`",
        ),
        (["tag", "--set", "title=x", "page.mp3"], 5, "page.mp3"),
        (["tag", "--set", "title=x", "nowhere.mp3"], 5, "nowhere.mp3"),
    ] {
        scene.run(&args).exits(code).says(&[words]);
    }
    scene.run(&["tag"]).exits(2).says(&["<FILE>"]);
    assert_eq!(scene.library().fingerprints(), before);
    assert_eq!(
        fs::read(scene.path("page.mp3")).unwrap(),
        b"<html>not found</html>"
    );
}
