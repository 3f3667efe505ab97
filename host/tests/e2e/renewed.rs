//! What is there already gives way to something better, if its owner says so.

use std::fs;
use std::process::Command;

use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const WREN: &str = "Ann/Ann - First/02 - Wren";

/// A library with one song, as an MP3, and a source with what it has by then.
fn scene(download: &str) -> Scene {
    let scene = Scene::with(&["folder"]);
    let wren = Song::of_album("Ann", "First", 2, "Wren", "mp3");
    song::make(&scene.path("music"), std::slice::from_ref(&wren));
    scene.write("list.csv", song::exportify([&wren]));
    configure(&scene, "{}");
    scene.run(&[]).exits(0);
    assert_eq!(scene.library().audio(), [format!("{WREN}.mp3")]);
    configure(&scene, download);
    scene
}

fn configure(scene: &Scene, download: &str) {
    scene.write(
        "musicdl.yaml",
        format!(
            "albums: [{{name: List, file: ./list.csv, create_m3u: true}}]\n\
             library: {{path: ./library}}\nplugins: [./plugins]\ndownload: {download}\n\
             sources:\n  - folder: {{paths: [./music]}}\n"
        ),
    );
}

/// The source has it as FLAC too. A tone would be so small that nobody takes it for lossless.
fn gets_better(scene: &Scene) {
    let noise = "anoisesrc=duration=3:sample_rate=44100:seed=1";
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", noise])
        .args([
            "-ac",
            "2",
            "-metadata",
            "title=Wren",
            "-metadata",
            "artist=Ann",
        ])
        .args(["-metadata", "album=First", "-metadata", "track=2"])
        .arg(scene.path("music/Ann/First/02 Wren.flac"))
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success());
}

/// Files of audio in the recycle folder, without the time of the run.
fn recycled(scene: &Scene) -> Vec<String> {
    let files = scene.library().files();
    let below = |file: &String| {
        let rest = file.strip_prefix(".musicdl/recycle/")?;
        Some(rest.split_once('/')?.1.to_owned())
    };
    files.iter().filter_map(below).collect()
}

#[test]
fn an_upgrade_waits_for_something_better_and_keeps_the_old_file() {
    let scene = scene("{quality: [flac, mp3], upgrade: true}");
    // Nobody has it better: it stays, untouched, and that is said.
    let before = scene.library().fingerprints();
    let run = scene.run(&[]).exits(0);
    run.says(&[
        "1 of them there and wanted in better quality",
        "no source has it in better quality",
    ]);
    assert_eq!(scene.library().audio(), [format!("{WREN}.mp3")]);
    let key = format!("{WREN}.mp3");
    assert_eq!(scene.library().fingerprints()[&key], before[&key]);

    gets_better(&scene);
    scene.run(&["plan"]).exits(0).says(&["raise", WREN]);
    scene.run(&[]).exits(0);
    let library = scene.library();
    assert_eq!(library.audio(), [format!("{WREN}.flac")]);
    library.is_whole();
    assert_eq!(recycled(&scene), [format!("{WREN}.mp3")]);
    assert!(library.text("List/List.m3u8").contains("02 - Wren.flac"));

    // It is as good as was wanted now.
    let before = scene.library().fingerprints();
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
    assert_eq!(scene.library().fingerprints(), before);
}

#[test]
fn without_upgrade_a_lesser_file_stays() {
    let scene = scene("{quality: [flac, mp3]}");
    gets_better(&scene);
    scene.run(&[]).exits(0);
    assert_eq!(scene.library().audio(), [format!("{WREN}.mp3")]);
}

#[test]
fn replace_fetches_again_and_keeps_the_old_file() {
    let scene = scene("{overwrite: replace}");
    let old = fs::read(scene.library().file(&format!("{WREN}.mp3"))).unwrap();
    scene.run(&["plan"]).exits(0).says(&["again"]);
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["folder: 1"]);
    assert_eq!(recycled(&scene), [format!("{WREN}.mp3")]);
    let files = scene.library().files();
    let aside = files
        .iter()
        .find(|file| file.starts_with(".musicdl/recycle"))
        .unwrap();
    assert_eq!(fs::read(scene.library().file(aside)).unwrap(), old);
    assert_eq!(scene.library().audio(), [format!("{WREN}.mp3")]);

    // Of what cannot be fetched any more nothing is lost.
    fs::remove_dir_all(scene.path("music/Ann")).unwrap();
    scene.run(&[]).exits(5);
    assert_eq!(scene.library().audio(), [format!("{WREN}.mp3")]);
    scene.library().is_whole();
}

#[test]
fn a_replacement_of_everything_that_was_interrupted_goes_on_where_it_was() {
    let scene = scene("{overwrite: replace}");
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["folder: 1"]);
    // As a run leaves it that is killed now.
    let state = rusqlite::Connection::open(scene.path(".musicdl/state.db")).unwrap();
    let newest =
        "UPDATE run SET ended_at = NULL, outcome = NULL WHERE id = (SELECT max(id) FROM run)";
    assert_eq!(state.execute(newest, []).unwrap(), 1);
    drop(state);
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
    // That one came to its end, and the next begins anew.
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["folder: 1"]);
}

#[test]
fn metadata_writes_tags_anew_where_the_catalog_knows_more_and_leaves_the_sound() {
    let scene = scene("{overwrite: metadata}");
    let before = scene.library().fingerprints();
    scene.run(&[]).exits(0);
    assert_eq!(
        scene.library().fingerprints(),
        before,
        "nothing was missing"
    );

    let sounds = scene.library().sounds();
    let csv = fs::read_to_string(scene.path("list.csv")).unwrap();
    scene.write("list.csv", csv.replace("2019-03-01", "2020-05-06"));
    // Nobody is asked.
    fs::remove_dir_all(scene.path("music/Ann")).unwrap();
    scene.run(&["plan"]).exits(0).says(&["tag", WREN]);
    scene.run(&[]).exits(0);
    let library = scene.library();
    let tags = library.tags(&format!("{WREN}.mp3"));
    assert_eq!(tags.date.as_deref(), Some("2020-05-06"));
    assert_eq!(library.sounds(), sounds);
    assert_eq!(recycled(&scene), [format!("{WREN}.mp3")]);
}
