//! Reviews of real libraries: sound ones, and those that no host should meet unprepared.

use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Ended, built, cargo, edit, library, made, musicdl, run};

fn check(file: &Path) -> Ended {
    let here = std::env::temp_dir();
    run(musicdl(&here)
        .args(["plugins", "check", "--json"])
        .arg(file))
}

/// Verdict and sentence of an item.
fn item<'a>(review: &'a Value, name: &str) -> (&'a str, &'a str) {
    let items = review["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["item"] == name);
    let found = found.unwrap_or_else(|| panic!("no item {name}: {review:#}"));
    (
        found["verdict"].as_str().unwrap(),
        found["says"].as_str().unwrap(),
    )
}

/// A copy of a library with every `from` replaced by an equally long `to`.
fn with(dir: &Path, name: &str, from: &str, to: &str) -> PathBuf {
    assert_eq!(from.len(), to.len());
    let mut content = fs::read(built(name)).unwrap();
    let places: Vec<usize> = (0..=content.len() - from.len())
        .filter(|&at| content[at..].starts_with(from.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        content[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    let file = dir.join(format!("changed{DLL_SUFFIX}"));
    fs::write(&file, content).unwrap();
    file
}

#[test]
fn the_plugins_that_come_with_it_fail_nothing() {
    for name in [
        "folder",
        "lidarr",
        "soulseek",
        "soundcloud",
        "subsonic",
        "youtube",
    ] {
        let review = check(&built(name)).with(0).json();
        let items = review["items"].as_array().unwrap();
        assert!(!items.is_empty(), "{name}");
        for item in items {
            assert_ne!(item["verdict"], "fail", "{name}: {review:#}");
        }
    }
}

#[test]
fn the_two_models_for_authors_pass_every_item() {
    for name in ["subsonic", "folder"] {
        let review = check(&built(name)).with(0).json();
        for sound in [
            "file",
            "api",
            "layout",
            "declaration",
            "settings",
            "create",
            "is_configured",
            "check_connection",
            "search_raw",
            "download_raw",
            "kind",
            "cancel_raw",
            "network",
        ] {
            assert_eq!(item(&review, sound).0, "ok", "{name}: {review:#}");
        }
        #[cfg(target_os = "linux")]
        for sound in ["elf", "symbols", "libraries", "glibc"] {
            assert_eq!(item(&review, sound).0, "ok", "{name}: {review:#}");
        }
    }
}

#[test]
fn a_source_that_takes_any_kind_of_target_fails() {
    let review = check(&built("rogue")).with(5).json();
    assert_eq!(review["verdict"], "fail");
    let (verdict, says) = item(&review, "kind");
    assert_eq!(verdict, "fail");
    assert!(says.contains("unsupported"), "{says}");
}

#[test]
fn a_panic_and_an_unsound_declaration_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let slot = |value: &str| format!("{:.<32}", format!("rogue-{value}"));
    for (from, to, says) in [
        ("name=rogue", "name=panic", "rogue in declaration"),
        ("name=rogue", "name=Ro gue", "bad name"),
        ("version=0.1.0", "version=soon", "not a semantic version"),
    ] {
        let file = with(dir.path(), "rogue", &slot(from), &slot(to));
        let review = check(&file).with(5).json();
        let (verdict, said) = item(&review, "declaration");
        assert_eq!(verdict, "fail", "{to}");
        assert!(said.contains(says), "{to}: {said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_is_reviewed_cannot_leave_anything_behind() {
    let dir = tempfile::tempdir().unwrap();
    let slot = |value: &str| format!("{:.<32}", format!("rogue-{value}"));
    let file = with(
        dir.path(),
        "rogue",
        &slot("name=rogue"),
        &slot("name=leave"),
    );
    let review = check(&file).with(5).json();
    // It was run: its own fault is found.
    assert_eq!(item(&review, "declaration").0, "ok", "{review:#}");
    assert_eq!(item(&review, "kind").0, "fail", "{review:#}");
    let mut names: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.retain(|name| name.to_string_lossy().ends_with(".left"));
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn what_cannot_be_read_is_wrong_usage_and_what_is_no_library_fails() {
    let dir = tempfile::tempdir().unwrap();
    let missing = check(&dir.path().join("missing.so")).with(2);
    assert!(missing.stderr.contains("missing.so"), "{}", missing.stderr);

    let text = dir.path().join(format!("text{DLL_SUFFIX}"));
    fs::write(&text, "not found").unwrap();
    let review = check(&text).with(5).json();
    assert_eq!(review["verdict"], "fail");
    let items = review["items"].as_array().unwrap();
    assert!(items.len() <= 3, "nothing of it is run: {review:#}");
}

#[test]
fn a_library_that_ends_its_process_costs_only_the_review() {
    let dir = tempfile::tempdir().unwrap();
    let made = made(dir.path(), "landmine", &[]);
    edit(
        &made.join("src/search.rs"),
        "    if query.kind != TargetKind::TRACK {",
        "    if query.kind == TargetKind::TRACK {\n        std::process::abort();\n    }\n    \
         if query.kind != TargetKind::TRACK {",
    );
    // So that a search without settings gets that far.
    edit(
        &made.join("src/lib.rs"),
        "search::search(self.api()?, query)",
        "search::search(self.api.as_ref().unwrap_or_else(|_| std::process::abort()), query)",
    );
    run(cargo(&made).arg("build")).with(0);
    let ended = run(musicdl(dir.path())
        .args(["plugins", "check"])
        .arg(library("landmine")))
    .with(5);
    let words = ended.stdout;
    assert!(words.contains("ok   check_connection"), "{words}");
    assert!(
        words.contains("fail process          in `search_raw` without settings: the plugin ended"),
        "{words}"
    );
    assert!(words.contains("not to be used as it is"), "{words}");
}
