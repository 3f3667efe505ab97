//! The plugin, yt-dlp's own code for YouTube, and ffmpeg, on a YouTube of this machine.

mod site;

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Plugin, Progress, Provenance, Source};
use musicdl_youtube::YoutubeSource;

use site::{OFFICIAL, UPLOAD, fetch, settings, source, wanted, youtube};

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

#[test]
fn what_youtube_refuses_is_an_error_of_its_kind_that_says_what_to_do() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    for (id, kind, words) in [
        ("private_vid", ErrorKind::Permanent, "cookies_file"),
        ("adults_only", ErrorKind::Permanent, "cookies_file"),
        ("elsewhere__", ErrorKind::Unsupported, "country"),
        ("nobody_knew", ErrorKind::NotFound, "Video unavailable"),
        ("robots_only", ErrorKind::Auth, "cookies_file"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(&source, id, dir.path(), &Progress::ignored()).unwrap_err();
        assert_eq!(error.kind, kind, "{id}: {error}");
        assert!(error.message.contains(words), "{id}: {error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "{id}");
    }
}

#[test]
fn a_robot_check_with_cookies_is_waited_for_once_and_then_a_refusal() {
    let (internet, kit) = (youtube(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();
    let cookies = dir.path().join("cookies.txt");
    std::fs::write(&cookies, "# Netscape HTTP Cookie File\n").unwrap();
    let settings = settings(
        &internet,
        &[("cookies_file", &cookies.display().to_string())],
    );
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let mut kinds = Vec::new();
    for name in ["first", "second"] {
        let into = dir.path().join(name);
        std::fs::create_dir(&into).unwrap();
        let error = fetch(&source, "robots_only", &into, &Progress::ignored()).unwrap_err();
        kinds.push((error.kind, error.retry_after.is_some()));
    }
    assert_eq!(
        kinds,
        [(ErrorKind::RateLimited, true), (ErrorKind::Auth, false)]
    );
}

#[test]
fn the_check_names_what_is_installed_and_asks_no_site() {
    let (internet, kit) = (youtube(), TestHost::new());
    let connection = source(&internet, &kit).check_connection().unwrap();
    let service = connection.service.unwrap();
    for program in ["yt-dlp 20", "deno 2.", "ffmpeg "] {
        assert!(service.contains(program), "{service}");
    }
    assert!(
        connection
            .warnings
            .iter()
            .any(|w| w.contains("cookies_file"))
    );
    assert_eq!(internet.asked(), [""; 0]);
}

#[test]
fn nothing_is_asked_but_the_sites_it_declares() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    source
        .search_raw(&wanted("Ann Example", "Bluebird"))
        .unwrap();
    source
        .search_raw(&wanted("Zoe Other", "Kingfisher"))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    fetch(&source, UPLOAD, dir.path(), &Progress::ignored()).unwrap();
    let declared = YoutubeSource::declaration().hosts;
    let asked = internet.asked();
    assert!(!asked.is_empty(), "it searched and fetched");
    for asked in asked {
        let host = asked
            .trim_start_matches("CONNECT ")
            .trim_end_matches(":443");
        let ours = declared.iter().any(|name| {
            host.strip_suffix(name.as_str())
                .is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
        });
        assert!(ours, "{asked}");
    }
}

#[test]
fn ten_tracks_are_searched_by_one_process() {
    let (internet, kit) = (youtube(), TestHost::new());
    let source = source(&internet, &kit);
    for at in 0..10 {
        source
            .search_raw(&wanted("Ann Example", &format!("Bluebird {at}")))
            .unwrap();
    }
    assert_eq!(source.processes_started(), 1);
    let searches = internet
        .requests()
        .iter()
        .filter(|request| request.path == "/youtubei/v1/search")
        .count();
    assert_eq!(searches, 10, "one request for each");
}

#[test]
fn an_upload_is_told_by_what_its_title_says() {
    let (internet, kit) = (youtube(), TestHost::new());
    let settings = settings(&internet, &[("search", "videos")]);
    let source = YoutubeSource::create(settings, kit.host()).unwrap();
    let hits = source
        .search_raw(&wanted("Ann Example", "Bluebird"))
        .unwrap();
    let shown: Vec<_> = hits
        .iter()
        .map(|hit| (&*hit.artists[0], &*hit.title))
        .collect();
    assert_eq!(
        shown,
        [
            ("Ann Example", "Bluebird"),
            ("Ann Example", "Bluebird"),
            ("radio", "Bluebird all night"),
        ]
    );
}
