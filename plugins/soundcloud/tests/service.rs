//! The plugin and yt-dlp's own code for SoundCloud, on a SoundCloud of this machine.

mod site;

use musicdl_plugin_api::testing::TestHost;
use musicdl_plugin_api::{ErrorKind, Source};

use site::{BLUEBIRD, fetch, soundcloud, source, wanted};

#[test]
fn a_track_is_found_with_what_its_label_says_and_without_its_preview() {
    let (internet, kit) = (soundcloud(), TestHost::new());
    let hits = source(&internet, &kit)
        .search_raw(&wanted("Bluebird"))
        .unwrap();
    assert_eq!(hits.len(), 1, "the preview is not a hit: {hits:?}");
    let hit = &hits[0];
    assert_eq!(hit.target_id, BLUEBIRD);
    assert_eq!(
        (hit.title.as_str(), &*hit.artists),
        ("Bluebird", &["Ann Example".to_owned()][..])
    );
    assert_eq!(hit.album.as_deref(), Some("First Album"));
    assert_eq!(hit.isrc.as_deref(), Some("DEABC2600001"));
    assert_eq!((hit.duration_ms, hit.explicit), (Some(8_000), Some(true)));
}

#[test]
fn a_track_is_fetched_as_it_is() {
    let (internet, kit) = (soundcloud(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();
    let file = fetch(&source(&internet, &kit), BLUEBIRD, dir.path()).unwrap();
    assert_eq!(file.path, dir.path().join("audio.mp3"));
    let mp3 = site::support::audio(site::support::Kind::Mp3);
    assert!(
        std::fs::read(&file.path).unwrap() == mp3,
        "not the very bytes"
    );
}

#[test]
fn what_cannot_be_had_whole_is_refused_by_kind_and_leaves_nothing() {
    let (internet, kit) = (soundcloud(), TestHost::new());
    let source = source(&internet, &kit);
    for (name, kind, word) in [
        ("bluebird-snipped", ErrorKind::NotFound, "preview"),
        ("encrypted", ErrorKind::Unsupported, "protected"),
        ("blocked", ErrorKind::Unsupported, "country"),
        ("gone", ErrorKind::NotFound, "404"),
        ("busy", ErrorKind::RateLimited, "429"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let address = format!("https://soundcloud.com/ann-example/{name}");
        let error = fetch(&source, &address, dir.path()).unwrap_err();
        assert_eq!(error.kind, kind, "{name}: {error}");
        assert!(error.message.contains(word), "{name}: {error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{name}");
    }
}

#[test]
fn nothing_is_asked_but_the_sites_it_declares() {
    let (internet, kit) = (soundcloud(), TestHost::new());
    let source = source(&internet, &kit);
    source.check_connection().unwrap();
    assert_eq!(internet.asked(), [""; 0], "a check asks no site");
    source.search_raw(&wanted("Bluebird")).unwrap();
    fetch(&source, BLUEBIRD, tempfile::tempdir().unwrap().path()).unwrap();
    let asked = internet.asked();
    assert!(!asked.is_empty(), "it searched and fetched");
    for asked in asked {
        let ours = asked.ends_with("soundcloud.com:443") || asked.ends_with(".sndcdn.com:443");
        assert!(ours, "{asked}");
    }
}
