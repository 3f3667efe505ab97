//! What is refused, and where the key of AcoustID comes from.

use super::*;

#[test]
fn policies_and_the_quarantine_are_what_the_file_says() {
    let scene = Scene::with_library(
        "verify: {fake_lossless: refuse, broken_claims: report}\n\
         quarantine: {path: bad, max_size: 0, max_age: 24h}\n",
    );
    let config = scene.load();
    assert_eq!(config.verify.fake_lossless, Policy::Refuse);
    assert_eq!(config.verify.broken_claims, Policy::Report);
    assert!(config.verify.acoustid.is_none());
    let day = Duration::from_secs(24 * 3600);
    let expected = QuarantineConfig {
        path: scene.path("bad"),
        max_size: 0,
        max_age: day,
    };
    assert_eq!(config.quarantine, expected);
}

#[test]
fn the_key_of_acoustid_comes_from_the_file_a_file_a_command_or_the_environment() {
    let key = |scene: &Scene| {
        let acoustid = scene.load().verify.acoustid;
        acoustid.map(|acoustid| acoustid.key.expose().to_owned())
    };
    for (yaml, expected) in [
        ("verify: {acoustid_key: k1}", Some("k1")),
        ("verify: {acoustid_key_file: key}", Some("k2")),
        ("verify: {acoustid_key_command: echo k3}", Some("k3")),
        ("verify: {acoustid: report}", None),
    ] {
        let scene = Scene::with_library(yaml);
        std::fs::write(scene.path("key"), "k2\n").unwrap();
        assert_eq!(key(&scene).as_deref(), expected, "{yaml}");
        for (variable, value) in [
            ("MUSICDL_ACOUSTID_KEY", "k4"),
            ("MUSICDL_ACOUSTID_KEY_FILE", "other"),
            ("MUSICDL_ACOUSTID_KEY_COMMAND", "echo k4"),
        ] {
            let scene = Scene::with_library(yaml).env(variable, value);
            std::fs::write(scene.path("other"), "k4").unwrap();
            assert_eq!(key(&scene).as_deref(), Some("k4"), "{yaml}, {variable}");
        }
    }
}

#[test]
fn no_debug_text_and_no_error_shows_the_key() {
    let scene = Scene::with_library("verify: {acoustid_key: hunter2}");
    assert!(!format!("{:?}", scene.load()).contains("hunter2"));
    for yaml in [
        "verify: {acoustid_key: hunter2, acoustid_key_command: echo hunter2}",
        "verify: {acoustid_key_command: echo hunter2; exit 1}",
        "verify: {acoustid_key: [hunter2]}",
    ] {
        let error = Scene::with_library(yaml).error();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn an_address_of_acoustid_is_one_of_the_web() {
    let with = |url: &str| {
        let yaml = format!("verify: {{acoustid_key: k, acoustid_url: \"{url}\"}}");
        load(&Scene::with_library(&yaml).inputs)
    };
    let url = with("http://127.0.0.1:8080/").unwrap().verify.acoustid;
    assert_eq!(url.unwrap().url, "http://127.0.0.1:8080");
    for bad in ["api.acoustid.org", "ftp://host", "file:///etc"] {
        assert!(with(bad).is_err(), "{bad}");
    }
}
