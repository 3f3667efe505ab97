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

/// The saved plan with dependencies between items, each named by its title.
fn with_dependencies(scene: &Scene, pairs: &[(&str, &str)]) {
    let mut plan: serde_json::Value =
        serde_json::from_slice(&fs::read(scene.path("plan.json")).unwrap()).unwrap();
    let items = plan["items"].as_array().unwrap();
    let id_of = |title: &str| {
        let item = items.iter().find(|item| item["title"] == title);
        item.map_or(title.into(), |item| item["id"].clone())
    };
    let ids: Vec<_> = pairs
        .iter()
        .map(|(item, dependency)| (id_of(item), id_of(dependency)))
        .collect();
    for item in plan["items"].as_array_mut().unwrap() {
        let of_item = ids.iter().filter(|(id, _)| *id == item["id"]);
        item["dependencies"] = of_item.map(|(_, dependency)| dependency.clone()).collect();
    }
    scene.write("plan.json", plan.to_string());
}

#[test]
fn items_of_an_edited_plan_wait_for_others_and_what_cannot_be_waited_for_is_reported() {
    let scene = Scene::with(&["folder"]);
    let songs = song::Song::many(3);
    let songs: Vec<_> = songs.into_iter().map(song::Song::without_cover).collect();
    song::make(&scene.path("music"), &songs);
    let titles: Vec<_> = songs.iter().map(|song| song.title.clone()).collect();
    scene.write("songs.csv", song::exportify(&songs));
    scene.write("missing.txt", "Nowhere Artist - Nothing to find\n");
    scene.write(
        "musicdl.yaml",
        "playlists: [./songs.csv, ./missing.txt]\nlibrary: {path: ./library}\n\
         plugins: [./plugins]\nsources:\n  - folder: {paths: [./music]}\n",
    );
    scene.run(&["plan", "--save", "plan.json"]).exits(0);
    with_dependencies(
        &scene,
        &[
            (&titles[0], "Nothing to find"),
            (&titles[1], &titles[2]),
            (&titles[2], &titles[1]),
            (&titles[2], "gone"),
        ],
    );
    let run = scene.run(&["run", "--plan", "plan.json"]).exits(5);
    let run = run.says(&["which is not in the plan", "depend on each other"]);
    let report = scene.report();
    assert_eq!(report["statistics"]["completed"], 2, "{}", run.told());
    assert_eq!(report["statistics"]["failed"], 1, "{}", run.told());
    assert_eq!(report["statistics"]["skipped"], 1, "{}", run.told());
    let status = scene.run(&["plan", "--json"]).exits(0).json();
    assert_eq!(status["statistics"]["total"], 4);
}
