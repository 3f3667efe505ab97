//! What is shown is what is done, and showing it does nothing.

use std::fs;

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::scene::Scene;
use crate::support::song;

fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &Collection::new().songs());
    want_everything(&scene, "  - folder: {paths: [./music]}\n");
    scene
}

#[test]
fn a_plan_is_shown_and_nothing_is_written() {
    let scene = scene();
    let before = fs::read_dir(scene.path("")).unwrap().count();
    for args in [
        &["plan"][..],
        &["-n"],
        &["run", "--dry-run"],
        &["-n", "run"],
    ] {
        scene.run(args).exits(0).says(&[
            "fetch Ann Example/Ann Example - First Album/01 - Bluebird\n",
            "also  Road trip/Ann Example/Ann Example - First Album/01 - Bluebird\n",
            "playlist Evenings: 3 entries, with M3U",
            "5 tracks wanted",
            "0 already in the library, 5 to do",
        ]);
        let run = scene.run(&[args, &["--json"]].concat()).exits(0);
        assert_eq!(run.json()["items"].as_array().unwrap().len(), 5);
    }
    assert_eq!(fs::read_dir(scene.path("")).unwrap().count(), before);
    scene.run(&[]).exits(0);
    scene
        .run(&["plan"])
        .exits(0)
        .says(&["have  Ann Example/", "5 already in the library, 0 to do"]);
}

#[test]
fn a_saved_plan_is_carried_out_without_the_files_it_was_made_from() {
    let scene = scene();
    scene.run(&["plan", "--save", "plan.json"]).exits(0);
    for list in ["first-album.csv", "Road trip.csv", "evenings.m3u8"] {
        fs::remove_file(scene.path(list)).unwrap();
    }
    scene.run(&["run", "--plan", "plan.json", "-n"]).exits(0);
    assert!(!scene.path("library").exists());
    scene.run(&["run", "--plan", "plan.json"]).exits(0);
    assert_eq!(scene.library().files(), LIBRARY);
    // It is as good afterwards, and there is nothing left to do.
    scene.run(&["--plan", "plan.json"]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
}

#[test]
fn options_mean_the_same_before_and_after_the_command() {
    for args in [
        &["--library", "there", "--state", "state", "-j", "1", "run"][..],
        &["run", "--library", "there", "--state", "state", "-j", "1"],
        &["--library", "there", "-j", "1", "run", "--state", "state"],
        &["--library", "there", "--state", "state", "-j", "1"],
    ] {
        let scene = scene();
        scene.run(args).exits(0);
        let there = crate::support::shelf::Shelf(scene.path("there"));
        assert_eq!(there.files(), LIBRARY, "{args:?}");
        assert!(scene.path("state/report.json").is_file(), "{args:?}");
        assert!(!scene.path("library").exists(), "{args:?}");
        assert!(!scene.path(".musicdl").exists(), "{args:?}");
    }
}

#[test]
fn a_playlist_file_needs_no_config() {
    let scene = scene();
    fs::remove_file(scene.path("musicdl.yaml")).unwrap();
    let mut command = scene.musicdl(&[
        "--playlist",
        "Road trip.csv",
        "--library",
        "library",
        "--plugins",
        "plugins",
    ]);
    command.env("MUSICDL_SOURCES_FOLDER_PATHS", "music");
    crate::support::program::Running::start(command)
        .finish()
        .exits(0);
    assert_eq!(
        scene.library().files(),
        LIBRARY
            .iter()
            .filter(|file| file.starts_with("Road trip/"))
            .copied()
            .collect::<Vec<_>>()
    );
}
