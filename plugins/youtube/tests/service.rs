//! The plugin, yt-dlp's own code for YouTube, and ffmpeg, on a YouTube of this machine.

mod site;

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{Provenance, Source};

use site::{OFFICIAL, UPLOAD, fetch, source, wanted, youtube};

#[test]
fn an_official_track_is_found_with_all_that_youtube_music_says_of_it() {
    let (internet, kit) = (youtube(), TestHost::new());
    let hits = source(&internet, &kit)
        .search_raw(&wanted("Ann Example", "Bluebird"))
        .unwrap();
    assert_eq!(hits.len(), 1, "{hits:?}");
    let hit = &hits[0];
    assert_eq!(hit.target_id, OFFICIAL);
    assert_eq!(hit.title, "Bluebird");
    assert_eq!(hit.artists, ["Ann Example", "Bob"]);
    assert_eq!(hit.album.as_deref(), Some("First Album"));
    assert_eq!((hit.duration_ms, hit.explicit), (Some(8_000), Some(true)));
    assert_eq!(hit.codec.as_deref(), Some("opus"));
    assert_eq!(hit.provenance, Provenance::ASSUMED);
}

#[test]
fn uploads_are_asked_for_only_where_no_official_track_fits() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    let hits = source
        .search_raw(&wanted("Zoe Other", "Kingfisher"))
        .unwrap();
    let ids: Vec<&str> = hits.iter().map(|hit| hit.target_id.as_str()).collect();
    assert_eq!(ids, [UPLOAD, OFFICIAL, "without_len"]);
    assert_eq!(hits[2].duration_ms, None);
    assert_eq!(source.processes_started(), 1);
}

#[test]
fn a_track_is_fetched_as_opus_in_ogg_without_encoding_it_again() {
    let (internet, kit) = (youtube(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();
    let record = ProgressRecord::new();
    let file = fetch(
        &source(&internet, &kit),
        OFFICIAL,
        dir.path(),
        &record.progress(),
    )
    .unwrap();
    assert_eq!(file.path, dir.path().join("audio.opus"));
    assert_eq!(file.codec.as_deref(), Some("opus"));
    let bytes = std::fs::read(&file.path).unwrap();
    assert!(bytes.starts_with(b"OggS") && bytes[..64].windows(8).any(|w| w == b"OpusHead"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    let (done, total) = *record.bytes().last().unwrap();
    assert_eq!(Some(done), total);
    assert!(record.states().contains(&"converting".to_owned()));
}
