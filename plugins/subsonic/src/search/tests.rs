use super::*;

fn hit_of(json: &str) -> Option<Hit> {
    hit(serde_json::from_str(json).unwrap())
}

#[test]
fn everything_an_open_subsonic_server_says_of_a_song_is_in_the_hit() {
    let found = hit_of(
        r#"{
            "id": "b7c1", "isDir": false, "title": "Bluebird", "album": "First Album",
            "artist": "Ann Example & Bob Other",
            "artists": [{"id": "1", "name": "Ann Example"}, {"id": "2", "name": "Bob Other"}],
            "displayAlbumArtist": "Ann Example", "albumArtists": [{"id": "1", "name": "Ann"}],
            "track": 3, "discNumber": 2, "year": 1999, "duration": 187, "bitRate": 913,
            "samplingRate": 44100, "bitDepth": 16, "channelCount": 2, "size": 21344512,
            "suffix": "flac", "contentType": "audio/flac", "coverArt": "mf-b7c1",
            "musicBrainzId": "0F1C3A4E-1B2C-4D5E-8F90-A1B2C3D4E5F6",
            "isrc": ["us-abc-99-00001"], "explicitStatus": "clean", "replayGain": {}
        }"#,
    )
    .unwrap();
    let expected = Hit {
        target_id: "b7c1".into(),
        kind: TargetKind::TRACK,
        title: "Bluebird".into(),
        artists: vec!["Ann Example".into(), "Bob Other".into()],
        album: Some("First Album".into()),
        album_artist: Some("Ann Example".into()),
        track_number: Some(3),
        disc_number: Some(2),
        year: Some(1999),
        duration_ms: Some(187_000),
        isrc: Some("USABC9900001".into()),
        recording_mbid: Some("0f1c3a4e-1b2c-4d5e-8f90-a1b2c3d4e5f6".into()),
        explicit: Some(false),
        codec: Some("flac".into()),
        bitrate: Some(913_000),
        sample_rate: Some(44_100),
        bit_depth: Some(16),
        size: Some(21_344_512),
        provenance: Provenance::DECLARED,
        extra: vec![
            ("suffix".into(), "flac".into()),
            ("content_type".into(), "audio/flac".into()),
            ("cover_art".into(), "mf-b7c1".into()),
        ],
        ..Hit::default()
    };
    assert_eq!(found, expected);
}

#[test]
fn what_an_old_server_does_not_know_stays_unknown() {
    let found = hit_of(
        r#"{"id": 4711, "title": 1999, "artist": "Ann Example", "track": 0, "year": 0,
            "bitDepth": 0, "size": -1, "bitRate": 0, "isrc": [], "musicBrainzId": "",
            "explicitStatus": ""}"#,
    )
    .unwrap();
    let expected = Hit {
        target_id: "4711".into(),
        kind: TargetKind::TRACK,
        title: "1999".into(),
        artists: vec!["Ann Example".into()],
        provenance: Provenance::DECLARED,
        ..Hit::default()
    };
    assert_eq!(found, expected);
}

#[test]
fn a_song_without_id_or_title_is_no_hit() {
    for json in [r#"{"title": "Bluebird"}"#, r#"{"id": "1"}"#, "{}"] {
        assert_eq!(hit_of(json), None, "{json}");
    }
}

#[test]
fn an_extension_names_a_codec_only_where_it_says_one() {
    for (suffix, kilobits, expected) in [
        ("flac", None, Some("flac")),
        ("FLAC", None, Some("flac")),
        ("mp3", Some(320), Some("mp3")),
        ("opus", None, Some("opus")),
        ("ogg", None, Some("vorbis")),
        ("aiff", None, Some("pcm")),
        ("m4a", Some(256), Some("aac")),
        ("m4a", Some(870), Some("alac")),
        ("m4a", Some(400), None),
        ("m4a", None, None),
        ("oga", None, None),
        ("mka", None, None),
    ] {
        assert_eq!(codec(suffix, kilobits), expected, "{suffix} {kilobits:?}");
    }
}

#[test]
fn identifiers_that_are_none_are_left_out() {
    for (text, expected) in [
        ("USABC9900001", Some("USABC9900001")),
        ("us-abc-99-00001", Some("USABC9900001")),
        ("USABC99", None),
        ("USABC99000\u{e9}1", None),
    ] {
        assert_eq!(isrc_of(text).as_deref(), expected, "{text}");
    }
    assert_eq!(mbid_of("not-a-uuid"), None);
    assert_eq!(mbid_of("0f1c3a4e11b2c-4d5e-8f90-a1b2c3d4e5f6"), None);
}
