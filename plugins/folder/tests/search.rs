//! What a search finds in a collection of real files.

mod support;

use lofty::tag::{ItemKey, TagType};
use musicdl_plugin_api::{ErrorKind, Provenance, Query, Source, TargetKind, extra_value};

use support::{Shelf, only_hit, retag, tone, wanted};

#[test]
fn a_hit_says_what_the_audio_is_made_of() {
    let shelf = Shelf::new();
    for (file, arguments, codec, bit_depth) in [
        ("a.flac", &["-c:a", "flac"][..], "flac", Some(16)),
        ("b.m4a", &["-c:a", "alac"], "alac", Some(16)),
        ("c.m4a", &["-c:a", "aac", "-b:a", "128k"], "aac", None),
        ("d.mp3", &["-b:a", "128k"], "mp3", None),
        ("e.ogg", &["-c:a", "libvorbis"], "vorbis", None),
        ("f.opus", &["-c:a", "libopus"], "opus", None),
        ("g.wav", &["-c:a", "pcm_s24le"], "pcm", Some(24)),
        ("h.aiff", &[], "pcm", Some(16)),
        (
            "i.aifc",
            &["-f", "aiff", "-c:a", "pcm_s16le"],
            "pcm",
            Some(16),
        ),
    ] {
        let path = shelf.music(file);
        let (stem, _) = file.split_once('.').unwrap();
        tone(&path, arguments, &[("title", &format!("Tone {stem}"))]);
        // The untagged formats are found by their file name instead.
        if matches!(codec, "pcm") {
            std::fs::rename(&path, shelf.music(format!("Tone {file}"))).unwrap();
        }
        let hit = only_hit(&shelf.source(), &wanted("Ann", &format!("Tone {stem}")));
        assert_eq!(hit.codec.as_deref(), Some(codec), "{file}");
        assert_eq!(hit.bit_depth, bit_depth, "{file}");
        assert_eq!(hit.sample_rate, Some(48_000), "{file}");
        assert!(hit.bitrate.is_some_and(|b| b > 1_000), "{file}: {hit:?}");
        assert_eq!(hit.provenance, Provenance::MEASURED, "{file}");
        let length = hit.duration_ms.unwrap();
        assert!((1_900..2_200).contains(&length), "{file}: {length} ms");
        for old in std::fs::read_dir(shelf.music("")).unwrap() {
            std::fs::remove_file(old.unwrap().path()).unwrap();
        }
    }
}

#[test]
fn a_hit_carries_every_tag_the_host_has_a_field_for() {
    let values = [
        (ItemKey::TrackTitle, "Bluebird"),
        (ItemKey::TrackSubtitle, "Live at Leeds"),
        (ItemKey::TrackArtist, "Ann Example feat. Bo"),
        (ItemKey::TrackArtists, "Ann Example"),
        (ItemKey::TrackArtists, "Bo"),
        (ItemKey::AlbumTitle, "First Light"),
        (ItemKey::AlbumArtist, "Ann Example"),
        (ItemKey::TrackNumber, "3"),
        (ItemKey::DiscNumber, "2"),
        (ItemKey::RecordingDate, "1997-05-21"),
        (ItemKey::Isrc, "GB-AYE-06-01498"),
        (
            ItemKey::MusicBrainzRecordingId,
            "8F3471B5-7E6A-48DA-86A9-C1C07A0F47AE",
        ),
    ];
    for (file, kind) in [
        ("x.flac", TagType::VorbisComments),
        ("x.mp3", TagType::Id3v2),
        ("x.m4a", TagType::Mp4Ilst),
        ("x.opus", TagType::VorbisComments),
    ] {
        let shelf = Shelf::new();
        let path = shelf.tone(file, &[]);
        retag(&path, kind, &values);
        let hit = only_hit(&shelf.source(), &wanted("Ann Example", "Bluebird"));
        assert_eq!(hit.kind, TargetKind::TRACK);
        assert_eq!(hit.title, "Bluebird", "{file}");
        assert_eq!(hit.version.as_deref(), Some("Live at Leeds"), "{file}");
        assert_eq!(hit.artists, ["Ann Example", "Bo"], "{file}");
        assert_eq!(hit.album.as_deref(), Some("First Light"), "{file}");
        assert_eq!(hit.album_artist.as_deref(), Some("Ann Example"), "{file}");
        assert_eq!(
            (hit.track_number, hit.disc_number),
            (Some(3), Some(2)),
            "{file}"
        );
        assert_eq!(hit.year, Some(1997), "{file}");
        assert_eq!(hit.isrc.as_deref(), Some("GBAYE0601498"), "{file}");
        let mbid = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae";
        assert_eq!(hit.recording_mbid.as_deref(), Some(mbid), "{file}");
        assert_eq!(hit.size, Some(path.metadata().unwrap().len()), "{file}");
        assert_eq!(extra_value(&hit.extra, "path"), path.to_str());
    }
}

#[test]
fn a_recording_is_found_by_its_code_alone() {
    let shelf = Shelf::new();
    let path = shelf.tone("x.flac", &[]);
    let values = [
        (ItemKey::TrackTitle, "青い鳥"),
        (ItemKey::Isrc, "JPPO01234567"),
    ];
    retag(&path, TagType::VorbisComments, &values);
    shelf.tone("Ann Example - Bluebird.mp3", &[]);
    let mut query = wanted("Ann Example", "Bluebird");
    query.isrc = Some("JPPO01234567".to_owned());
    let titles: Vec<String> = shelf
        .source()
        .search_raw(&query)
        .unwrap()
        .into_iter()
        .map(|hit| hit.title)
        .collect();
    assert_eq!(titles, ["青い鳥", "Bluebird"]);
}

#[test]
fn artists_are_named_each_for_itself() {
    for (tagged, expected) in [
        (&["Ann", "Bo"][..], &["Ann", "Bo"][..]),
        (&["Ann; Bo"], &["Ann", "Bo"]),
        (&["AC/DC"], &["AC/DC"]),
        (&["Simon & Garfunkel"], &["Simon & Garfunkel"]),
    ] {
        let shelf = Shelf::new();
        let path = shelf.tone("x.flac", &[]);
        let mut values = vec![(ItemKey::TrackTitle, "Song")];
        values.extend(tagged.iter().map(|name| (ItemKey::TrackArtist, *name)));
        retag(&path, TagType::VorbisComments, &values);
        let hit = only_hit(&shelf.source(), &wanted("", "Song"));
        assert_eq!(hit.artists, expected);
    }
}

#[test]
fn titles_are_found_in_any_script_and_spelling() {
    let shelf = Shelf::new();
    for (file, artist, title) in [
        ("1.mp3", "椎名林檎", "正しい街"),
        ("2.flac", "Кино", "Группа крови"),
        ("3.m4a", "Beyoncé", "Halo"),
        ("4.opus", "Sigur Rós", "Sæglópur"),
        ("5.ogg", "فيروز", "نسم علينا الهوى"),
    ] {
        shelf.tone(file, &[("artist", artist), ("title", title)]);
    }
    let source = shelf.source();
    for (artist, title, expected) in [
        ("椎名林檎", "正しい街", "正しい街"),
        ("КИНО", "группа крови", "Группа крови"),
        ("Beyonce", "HALO", "Halo"),
        ("Sigur Ros", "Saeglopur", "Sæglópur"),
        ("فيروز", "نسم علينا الهوى", "نسم علينا الهوى"),
    ] {
        let hit = only_hit(&source, &wanted(artist, title));
        assert_eq!(hit.title, expected);
    }
}

#[test]
fn a_file_without_tags_is_known_by_its_path() {
    let shelf = Shelf::new();
    shelf.tone("Ann Example/First Light (1997)/03 - Bluebird.mp3", &[]);
    let hit = only_hit(&shelf.source(), &wanted("Ann Example", "Bluebird"));
    assert_eq!(hit.title, "Bluebird");
    assert_eq!(hit.artists, ["Ann Example"]);
    assert_eq!(hit.album.as_deref(), Some("First Light"));
    assert_eq!((hit.track_number, hit.year), (Some(3), Some(1997)));
}

#[test]
fn tags_are_believed_before_the_path() {
    let shelf = Shelf::new();
    shelf.tone(
        "Various/Hits/07 - Wrong Name.mp3",
        &[("title", "Bluebird"), ("artist", "Ann Example")],
    );
    let hit = only_hit(&shelf.source(), &wanted("Ann Example", "Bluebird"));
    assert_eq!(hit.title, "Bluebird");
    assert_eq!(hit.artists, ["Ann Example"]);
    assert_eq!(hit.album.as_deref(), Some("Hits"));
    // A name that is not believed is not believed in its number either.
    assert_eq!(hit.track_number, None);
}

#[test]
fn an_album_is_not_this_sources_to_find() {
    let shelf = Shelf::new();
    let query = Query {
        kind: TargetKind::ALBUM,
        ..wanted("Ann Example", "First Light")
    };
    let error = shelf.source().search_raw(&query).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}

#[test]
fn nothing_found_is_no_error() {
    let shelf = Shelf::new();
    shelf.tone("Ann Example - Bluebird.mp3", &[]);
    let hits = shelf
        .source()
        .search_raw(&wanted("Bo", "Nightingale"))
        .unwrap();
    assert!(hits.is_empty(), "{hits:?}");
}
