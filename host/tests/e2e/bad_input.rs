//! What is wrong is said in one place, with the word that is wrong and the way out, and the
//! exit code is the documented one.

use std::fs;

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::scene::{Scene, built};
use crate::support::song;

const GOOD: &str = "playlists: [./list.csv]\n\
    library: {path: ./library}\n\
    plugins: [./plugins]\n\
    sources:\n  - folder: {paths: [./music]}\n";

/// One song that is there, and a want-list with just that.
fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    let bluebird = Collection::new().bluebird;
    song::make(&scene.path("music"), std::slice::from_ref(&bluebird));
    scene.write("list.csv", song::exportify([&bluebird]));
    scene.write("musicdl.yaml", GOOD);
    scene
}

/// The good config with one text in place of another.
fn but(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replace(old, new)
}

#[test]
fn each_mistake_in_a_config_is_named_with_its_place() {
    let scene = scene();
    let long = "playlists: [./list.csv, ./gone.csv]";
    for (config, code, words) in [
        (but("./list.csv]", "./list.csv"), 2, &["musicdl.yaml:"][..]),
        (
            but("playlists", "playlits"),
            2,
            &["musicdl.yaml:1:1", "did you mean `playlists`?", "accepted:"],
        ),
        (
            but("{path: ./library}", "{path: ./library, jobs: 3}"),
            2,
            &["musicdl.yaml:2:", "jobs"],
        ),
        (
            but("paths: [./music]", "pahts: [./music]"),
            2,
            &["musicdl.yaml:5:", "did you mean `paths`?"],
        ),
        (
            but("library: {path: ./library}\n", ""),
            2,
            &["nobody said where the music goes", "--library"],
        ),
        (
            but("playlists: [./list.csv]", "version: 1"),
            2,
            &["nothing is wanted", "--playlist"],
        ),
        (
            but("./list.csv", "./gone.csv"),
            2,
            &["gone.csv", "nothing of the want-list could be read"],
        ),
        (
            GOOD.replace("playlists: [./list.csv]", long),
            5,
            &["gone.csv", "completed"],
        ),
        (
            but(
                "{path: ./library}",
                "{path: ./library, layout: {album: \"{albun}\"}}",
            ),
            2,
            &["layout", "`{albun}`", "album"],
        ),
    ] {
        scene.write("musicdl.yaml", &config);
        let run = scene.run(&[]).exits(code).says(words);
        assert!(!run.stderr.contains("panicked"), "{}", run.told());
        drop(fs::remove_dir_all(scene.path("library")));
        drop(fs::remove_dir_all(scene.path(".musicdl")));
    }
}

#[test]
fn each_thing_that_is_not_there_or_cannot_be_used_has_its_code() {
    let scene = scene();
    scene.write("file", "not a directory");
    fs::create_dir(scene.path("empty")).unwrap();
    fs::create_dir_all(scene.path("broken/state.db")).unwrap();
    scene.write("plan.json", r#"{"format": 2}"#);
    scene.write("no-plan.json", "[]");
    for (args, code, words) in [
        (&["-c", "other.yaml"][..], 2, &["other.yaml"][..]),
        (&["--library", "file"], 4, &["is not a directory"]),
        (
            &["--library", "gone/library"],
            4,
            &["gone/library", "mounted"],
        ),
        (&["--plugins", "gone"], 2, &["gone", "--plugins"]),
        (&["--plugins", "empty"], 6, &["no plugin in", "empty"]),
        (&["--state", "file"], 4, &["the state", "file"]),
        (&["--state", "file/state"], 4, &["the state", "file"]),
        (&["--state", "broken"], 4, &["state.db"]),
        (&["--plan", "gone.json"], 2, &["gone.json"]),
        (&["--plan", "plan.json"], 2, &["plan.json", "format 2"]),
        (&["--plan", "no-plan.json"], 2, &["no-plan.json"]),
        (&["-j", "0"], 2, &["--jobs", "1 to 64"]),
        (&["--jbos", "3"], 2, &["--jobs"]),
        (&["status", "--state", "gone"], 2, &["nothing was run yet"]),
    ] {
        let run = scene.run(args).exits(code).says(words);
        assert!(!run.stderr.contains("panicked"), "{}", run.told());
        assert!(!scene.path("library").exists(), "{}", run.told());
        assert!(!scene.path("gone").exists(), "{}", run.told());
        drop(fs::remove_dir_all(scene.path(".musicdl")));
    }
}

#[test]
fn without_a_config_it_is_said_how_to_do_without() {
    let scene = scene();
    fs::remove_file(scene.path("musicdl.yaml")).unwrap();
    scene
        .run(&[])
        .exits(2)
        .says(&["there is no musicdl.yaml in", "--config", "--playlist"]);
}

#[test]
fn without_a_usable_source_each_reason_is_named() {
    let scene = Scene::with(&["folder", "subsonic"]);
    want_everything(&scene, "  - folder: {enabled: false, paths: [./music]}\n");
    scene.run(&[]).exits(6).says(&[
        "no usable source",
        "folder: switched off by `enabled: false`",
        "subsonic: needs `url`",
    ]);
    assert!(!scene.path("library").exists());

    let config = fs::read_to_string(scene.path("musicdl.yaml")).unwrap();
    scene.write("musicdl.yaml", config.replace("plugins: [./plugins]\n", ""));
    scene
        .run(&[])
        .exits(6)
        .says(&["no plugin directory is named"]);
}

#[test]
fn useless_files_among_the_plugins_are_refused_by_name_and_the_rest_works() {
    let scene = scene();
    want_everything(&scene, "  - folder: {paths: [./music]}\n");
    song::make(&scene.path("more"), &Collection::new().songs());
    let config = fs::read_to_string(scene.path("musicdl.yaml")).unwrap();
    scene.write("musicdl.yaml", config.replace("./music", "./more"));
    let good = fs::read(built("subsonic")).unwrap();
    let refused = [
        (
            "text",
            &b"404 not found\n"[..],
            "it is not a shared library",
        ),
        ("empty", b"", "the file is empty"),
        ("cut", &good[..good.len() / 2], "the file is cut short"),
    ];
    for (name, content, _) in refused {
        fs::write(scene.plugin(name), content).unwrap();
    }
    let run = scene.run(&[]).exits(0);
    assert_eq!(scene.library().files(), LIBRARY);
    let list = scene.run(&["plugins", "--json"]).exits(0).json();
    let list = list["plugins"].as_array().unwrap();
    for (name, _, reason) in refused {
        let file = scene.plugin(name).display().to_string();
        let told = format!("plugin left out: {file}: {reason}");
        assert!(run.stderr.contains(&told), "{told}: {}", run.told());
        let listed = list.iter().find(|plugin| plugin["file"] == file.as_str());
        let listed = listed.unwrap();
        assert_eq!(listed["status"], "refused");
        assert!(listed["reason"].as_str().unwrap().starts_with(reason));
    }
    assert_eq!(list.len(), 4, "{list:?}");
}

#[test]
fn links_that_need_a_catalog_cost_themselves() {
    let scene = scene();
    let id = "4uLU6hMCjMI75M1A2tKUQC";
    scene.write(
        "musicdl.yaml",
        format!(
            "songs: [\"https://open.spotify.com/track/{id}\"]\n\
             albums: [\"spotify:album:{id}\"]\n\
             artists: [\"https://open.spotify.com/artist/{id}?si=1\"]\n{GOOD}"
        ),
    );
    let run = scene
        .run(&[])
        .exits(5)
        .says(&["needs the catalog `spotify`", "config line 1"]);
    assert_eq!(scene.delivered(), ["folder: 1"], "{}", run.told());
    let entries = scene.report()["entries"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 3, "{entries}");
    for entry in entries.as_array().unwrap() {
        let error = entry["error"].as_str().unwrap();
        assert!(error.contains("needs the catalog `spotify`"), "{error}");
        assert!(entry["entry"].as_str().unwrap().contains(id), "{entry}");
    }
    scene.run(&["plan"]).exits(5);
}

#[test]
fn a_library_that_vanished_after_a_run_is_refused_and_not_filled_again() {
    let scene = scene();
    scene.run(&[]).exits(0);
    let library = scene.path("library");
    let away = scene.path("unmounted");
    fs::rename(&library, &away).unwrap();
    for mount_point in [false, true] {
        if mount_point {
            fs::create_dir(&library).unwrap();
        }
        scene.run(&[]).exits(4).says(&["empty or gone", "mount it"]);
        assert_eq!(scene.library().files(), [""; 0]);
    }
    fs::remove_dir(&library).unwrap();
    fs::rename(&away, &library).unwrap();
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
}
