//! What `plugins new` makes passes everything an author would run on it.

use std::fs;
use std::path::Path;

use crate::{cargo, made, musicdl, run, workspace};

fn passes(crate_dir: &Path) {
    run(cargo(crate_dir).args(["fmt", "--check"])).with(0);
    let tested = run(cargo(crate_dir).arg("test")).with(0);
    let conformance = tested.stdout.matches("boundary::").count();
    assert!(
        conformance >= 15,
        "the suite did not run: {}",
        tested.stdout
    );
}

#[test]
fn a_crate_for_tracks_is_green_at_once_wherever_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    // Below somebody else's workspace, which does not know it.
    fs::write(dir.path().join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    passes(&made(dir.path(), "wax_museum", &[]));
}

#[test]
fn a_crate_for_albums_is_green_at_once() {
    let dir = tempfile::tempdir().unwrap();
    passes(&made(dir.path(), "record_shop", &["--album-only"]));
}

#[test]
fn nothing_is_written_when_something_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let there = dir.path().join("jukebox");
    fs::create_dir(&there).unwrap();
    fs::write(there.join("notes.txt"), "mine").unwrap();
    let nowhere = dir.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    for (arguments, said) in [
        (vec!["jukebox"], "is there already"),
        (vec!["Juke-Box"], "cannot be the name"),
        (vec!["../x"], "cannot be the name"),
        (vec!["plugin_api"], "take another name"),
        (vec!["radio", "--plugin-api", nowhere], "no checkout"),
    ] {
        let ended = run(musicdl(dir.path())
            .args(["plugins", "new"])
            .args(&arguments))
        .with(2);
        assert!(
            ended.stderr.contains(said),
            "{arguments:?}: {}",
            ended.stderr
        );
    }
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(fs::read_dir(there).unwrap().count(), 1);
}

#[test]
fn a_crate_may_lie_anywhere_and_use_the_published_contract() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().join("a/b");
    let mut command = musicdl(&workspace());
    command
        .args(["plugins", "new", "radio", "--json", "--path"])
        .arg(&at);
    let ended = run(&mut command).with(0);
    assert_eq!(ended.json()["package"], "musicdl-radio");
    let manifest = fs::read_to_string(at.join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("musicdl-plugin-api = \"1\"\n"),
        "{manifest}"
    );
}
