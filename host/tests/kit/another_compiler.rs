//! An author's compiler need not be ours: what another one made of a new crate is used as any
//! plugin is.

use std::fs;
use std::path::Path;

use crate::compilers::{self, Compiler};
use crate::skipped::skipped;
use crate::station::Station;
use crate::{cargo, library_in, made, musicdl, run, target, workspace};

/// A service with one song.
fn fill(station: &Path) {
    fs::create_dir_all(station.join("files")).unwrap();
    let song = workspace().join("examples/quickstart/my-music/Downloads/bluebird.mp3");
    fs::copy(song, station.join("files/7.mp3")).unwrap();
    fs::write(
        station.join("status.json"),
        r#"{"name": "Station", "version": "1"}"#,
    )
    .unwrap();
    fs::write(
        station.join("search.json"),
        r#"{"tracks": [{"id": "7.mp3", "title": "Bluebird", "artists": ["Ann Example"], "seconds": 3}]}"#,
    )
    .unwrap();
}

/// From `plugins new` to the song in the library.
fn serves_a_track(compiler: &Compiler) {
    let dir = tempfile::tempdir().unwrap();
    let station = dir.path().join("station");
    fill(&station);
    let station = Station::over(&station);
    let target = compiler.target(&target());
    let made = made(dir.path(), "gramophone", &[]);
    run(cargo(&made)
        .arg("build")
        .env("RUSTC", &compiler.rustc)
        .env("CARGO_TARGET_DIR", &target))
    .with(0);
    let library = library_in(&target, "gramophone");

    run(musicdl(dir.path()).args(["plugins", "check"]).arg(&library)).with(0);

    let plugins = dir.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    fs::copy(&library, plugins.join(library.file_name().unwrap())).unwrap();
    fs::write(dir.path().join("wanted.txt"), "Ann Example - Bluebird\n").unwrap();
    run(musicdl(dir.path())
        .args(["--plugins", "plugins", "run"])
        .args(["--playlist", "wanted.txt", "--library", "music"])
        .env("MUSICDL_SOURCES_GRAMOPHONE_URL", station.url()))
    .with(0);
    let songs = songs(&dir.path().join("music"));
    assert_eq!(songs.len(), 1, "{songs:?}");
    assert!(songs[0].ends_with("Bluebird.mp3"), "{songs:?}");
}

fn songs(dir: &Path) -> Vec<String> {
    let mut songs = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            songs.extend(self::songs(&path));
        } else if path.extension().is_some_and(|end| end == "mp3") {
            songs.push(path.to_str().unwrap().to_owned());
        }
    }
    songs
}

/// On a machine with one compiler there is nothing to show, and the test counts as skipped.
#[test]
fn a_plugin_that_another_compiler_built_is_checked_dropped_in_and_serves_a_track() {
    let others = compilers::others();
    if others.is_empty() {
        return skipped(compilers::NO_OTHER);
    }
    for compiler in &others {
        serves_a_track(compiler);
    }
}
