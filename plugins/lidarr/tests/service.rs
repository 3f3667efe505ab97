//! The plugin on a Lidarr that keeps state: from wish to files, and what it leaves behind.
//! What goes wrong on the way is in `faults.rs`.

mod support;

use std::fs;

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Query, Source, TargetKind, extra_value};
use serde_json::json;

use crate::support::{FIRST, Lidarr, SECOND, audio, body, fetch};

#[test]
fn an_album_is_added_searched_for_followed_and_copied() {
    let (lidarr, kit) = (Lidarr::new(), TestHost::new());
    let source = lidarr.source(&kit, &[]);
    let dir = tempfile::tempdir().unwrap();
    let record = ProgressRecord::new();
    let files = fetch(&source, FIRST, dir.path(), &record).unwrap();

    let told: Vec<_> = files
        .files
        .iter()
        .map(|file| {
            (
                file.title.as_deref().unwrap(),
                file.disc_number,
                file.track_number,
            )
        })
        .collect();
    let expected = [
        ("Bluebird", Some(1), Some(1)),
        ("Nightjar", Some(1), Some(2)),
        ("Kingfisher", Some(2), Some(1)),
    ];
    assert_eq!(told, expected);
    assert_eq!(files.missing, []);
    for file in &files.files {
        assert!(fs::read(&file.path).unwrap() == audio());
    }
    // Lidarr's own are where they were.
    let theirs = lidarr.music().join("Ann Example/42");
    assert_eq!(fs::read_dir(theirs).unwrap().count(), 3);

    let first = &files.files[0];
    assert_eq!(first.codec.as_deref(), Some("flac"));
    for (key, value) in [
        ("quality", "FLAC"),
        ("bitrate", "320000"),
        ("sample_rate", "44100"),
        ("bit_depth", "16"),
        ("duration_ms", "80000"),
        ("recording_mbid", "10000000-0000-4000-8000-000000000000"),
        ("size", &audio().len().to_string()),
    ] {
        assert_eq!(extra_value(&first.extra, key), Some(value), "{key}");
    }
    let states = record.states();
    assert!(
        states.iter().any(|state| state == "Lidarr downloads, 60 %"),
        "{states:?}"
    );
}

#[test]
fn the_artist_stays_unmonitored_and_the_album_is_monitored_also_after_the_scan() {
    let (lidarr, kit) = (Lidarr::new(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();
    fetch(
        &lidarr.source(&kit, &[]),
        FIRST,
        dir.path(),
        &ProgressRecord::new(),
    )
    .unwrap();
    let wish = body(&lidarr.asked("POST", "album")[0]);
    assert_eq!(wish["artist"]["monitored"], json!(false));
    assert_eq!(wish["artist"]["monitorNewItems"], json!("none"));
    assert_eq!(
        wish["artist"]["addOptions"],
        json!({"monitor": "none", "albumsToMonitor": [FIRST], "searchForMissingAlbums": false})
    );
    assert_eq!(wish["artist"]["qualityProfileId"], json!(2));
    let state = lidarr.state();
    assert!(!state.artists[0].monitored);
    assert!(state.library[0].monitored);
    assert_eq!(state.removed, [""; 0]);
}

#[test]
fn an_album_that_lidarr_has_is_taken_without_adding_or_searching() {
    let (lidarr, kit) = (
        Lidarr::with(|state| {
            state.own(FIRST, 3);
        }),
        TestHost::new(),
    );
    let dir = tempfile::tempdir().unwrap();
    let files = fetch(
        &lidarr.source(&kit, &[]),
        FIRST,
        dir.path(),
        &ProgressRecord::new(),
    );
    assert_eq!(files.unwrap().files.len(), 3);
    assert!(
        lidarr
            .requests()
            .iter()
            .all(|request| request.method == "GET")
    );
}

#[test]
fn an_album_is_looked_up_by_its_id_or_by_artist_and_title() {
    let (lidarr, kit) = (Lidarr::new(), TestHost::new());
    let source = lidarr.source(&kit, &[]);
    let mut query = Query {
        kind: TargetKind::ALBUM,
        text: "Ann Example Second Album".to_owned(),
        artists: vec!["Ann Example".to_owned()],
        album: Some("Second Album".to_owned()),
        limit: 10,
        ..Query::default()
    };
    let hits = source.search_raw(&query).unwrap();
    assert_eq!(hits[0].target_id, SECOND);
    assert_eq!((hits[0].track_count, hits[0].year), (Some(2), Some(1998)));
    assert_eq!(hits[0].artists, ["Ann Example"]);

    query.extra = vec![("release_group_mbid".to_owned(), FIRST.to_owned())];
    let hits = source.search_raw(&query).unwrap();
    assert_eq!(hits[0].target_id, FIRST);
    let terms: Vec<_> = lidarr
        .asked("GET", "album/lookup")
        .iter()
        .map(|request| request.param("term").unwrap())
        .collect();
    assert_eq!(
        terms,
        [
            "Ann Example Second Album".to_owned(),
            format!("lidarr:{FIRST}")
        ]
    );
    assert_eq!(lidarr.asked("POST", ""), []);
}

#[test]
fn a_track_is_neither_searched_for_nor_fetched() {
    let (lidarr, kit) = (Lidarr::new(), TestHost::new());
    let query = Query {
        kind: TargetKind::TRACK,
        text: "Bluebird".to_owned(),
        ..Query::default()
    };
    let error = lidarr.source(&kit, &[]).search_raw(&query).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(lidarr.requests(), []);
}
