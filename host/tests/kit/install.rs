//! Into the plugin directory and out of it, and what is said of what is there.

use std::env::consts::DLL_SUFFIX;
use std::fs;
use std::path::Path;

use crate::{built, musicdl, run};

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_plugin_is_installed_described_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let plugins = dir.path().join("plugins");
    run(musicdl(dir.path())
        .args(["plugins", "install", "--dir", "plugins"])
        .args([built("subsonic"), built("folder")]))
    .with(0);
    assert_eq!(names(&plugins).len(), 2);

    let here = ["--plugins", "plugins", "plugins"];
    let info = run(musicdl(dir.path())
        .args(here)
        .args(["info", "subsonic", "--json"]))
    .with(0)
    .json();
    assert_eq!(info["name"], "subsonic");
    assert_eq!(info["missing"], serde_json::json!(["url"]));
    assert_eq!(info["capabilities"], serde_json::json!(["own_queries"]));
    assert_eq!(info["limits"]["search_concurrency"], 4);
    let setting = |key: &str| {
        let settings = info["settings"].as_array().unwrap();
        settings.iter().find(|s| s["key"] == key).unwrap().clone()
    };
    assert_eq!(setting("url")["kind"], "url");
    assert_eq!(setting("url")["required"], true);
    assert_eq!(setting("password")["secret"], true);
    assert_eq!(setting("auth")["default"], "auto");
    assert_eq!(setting("auth")["choices"][1], "token");

    let words = run(musicdl(dir.path()).args(here).args(["info", "subsonic"])).with(0);
    assert!(
        words.stdout.contains("url (url; required)"),
        "{}",
        words.stdout
    );
    let missing = "not configured: set `url`";
    assert!(words.stdout.contains(missing), "{}", words.stdout);

    // Who set it wrongly reads here what could be set, and can be rid of it.
    let mut wrong = musicdl(dir.path());
    wrong.env("MUSICDL_SOURCES_SUBSONIC_URL", "no address");
    let words = run(wrong.args(here).args(["info", "subsonic"])).with(0);
    for said in ["cannot be used as it is set: ", "url (url; required)"] {
        assert!(words.stdout.contains(said), "{}", words.stdout);
    }

    let mut wrong = musicdl(dir.path());
    wrong.env("MUSICDL_SOURCES_SUBSONIC_URL", "no address");
    run(wrong.args(here).args(["remove", "subsonic"])).with(0);
    assert_eq!(names(&plugins).len(), 1);
    let again = run(musicdl(dir.path()).args(here).args(["remove", "subsonic"])).with(2);
    assert!(
        again.stderr.contains("there are: folder"),
        "{}",
        again.stderr
    );
}

#[test]
fn nothing_is_installed_when_one_file_fails_its_check() {
    let dir = tempfile::tempdir().unwrap();
    let ended = run(musicdl(dir.path())
        .args(["plugins", "install", "--dir", "plugins"])
        .args([built("folder"), built("rogue")]))
    .with(5);
    assert!(
        ended.stderr.contains("nothing was installed"),
        "{}",
        ended.stderr
    );
    assert!(ended.stdout.contains("fail kind"), "{}", ended.stdout);
    assert!(!dir.path().join("plugins").exists());
}

#[test]
fn the_configured_directory_is_the_one_installed_into() {
    let dir = tempfile::tempdir().unwrap();
    let none = run(musicdl(dir.path())
        .args(["plugins", "install"])
        .arg(built("folder")))
    .with(2);
    assert!(none.stderr.contains("--dir"), "{}", none.stderr);
    run(musicdl(dir.path())
        .args(["--plugins", "here", "plugins", "install"])
        .arg(built("folder")))
    .with(0);
    assert_eq!(names(&dir.path().join("here")).len(), 1);
}

#[test]
fn a_file_that_does_not_load_is_removed_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let broken = format!("broken{DLL_SUFFIX}");
    fs::write(dir.path().join(&broken), "not found").unwrap();
    run(musicdl(dir.path()).args(["--plugins", ".", "plugins", "remove", &broken])).with(0);
    assert_eq!(names(dir.path()), [""; 0]);
}
