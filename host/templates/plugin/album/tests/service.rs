//! What this one service does, scripted on a loopback port. Every quirk that costs you an
//! evening belongs here.

use std::time::Duration;

use musicdl_plugin_api::testing::{Answer, Loopback, ProgressRecord, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, ErrorKind, Plugin, Query, Settings, Source, SourceError, TargetKind,
};

use {{crate}}::{{Type}}Source;

const ALBUM: &str = r#"{"id": "9", "title": "First Album", "tracks": [
    {"file": "9-1.flac", "title": "Bluebird", "number": 1},
    {"file": "9-2.flac", "title": "Sparrow", "number": 2}]}"#;

fn source(server: &Loopback) -> {{Type}}Source {
    let url = server.url("/");
    let settings = Settings::from_pairs([("url", [url.as_str()]), ("token", ["t0ken"])]);
    let made = {{Type}}Source::create(settings, TestHost::new().host());
    made.expect("the settings can be meant")
}

fn first_album() -> Query {
    Query {
        kind: TargetKind::ALBUM,
        text: "Ann Example First Album".to_owned(),
        limit: 10,
        ..Query::default()
    }
}

fn fetch(server: &Loopback, record: &ProgressRecord) -> Result<Download, SourceError> {
    let dir = tempfile::tempdir().unwrap();
    let request = DownloadRequest {
        target_id: "9".to_owned(),
        kind: TargetKind::ALBUM,
        dest_dir: dir.path().to_owned(),
        ..DownloadRequest::default()
    };
    source(server).download_raw(&request, &record.progress())
}

#[test]
fn the_token_travels_in_a_header_and_not_in_the_address() {
    let server = Loopback::script([Answer::json(r#"{"albums": []}"#)]);
    assert_eq!(source(&server).search_raw(&first_album()), Ok(Vec::new()));
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some("Bearer t0ken"));
    assert!(!request.query.contains("t0ken"), "{}", request.query);
}

#[test]
fn a_service_that_is_asked_too_often_says_how_long_to_wait() {
    let server = Loopback::script([Answer::status(429).header("Retry-After", "7")]);
    let error = source(&server).search_raw(&first_album()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn a_track_that_is_gone_costs_only_itself() {
    let server = Loopback::start(|request| match request.path.as_str() {
        "/albums/9.json" => Answer::json(ALBUM),
        "/files/9-2.flac" => Answer::ok("fLaC and so on"),
        _ => Answer::status(404),
    });
    let Ok(Download::Files(files)) = fetch(&server, &ProgressRecord::new()) else {
        panic!("the album has one track to fetch")
    };
    assert_eq!(files.files[0].title.as_deref(), Some("Sparrow"));
    assert_eq!(files.missing[0].title, "Bluebird");
    assert_eq!(files.missing[0].track_number, Some(1));
}

#[test]
fn an_album_of_which_nothing_is_there_is_not_found() {
    let server = Loopback::start(|request| match request.path.as_str() {
        "/albums/9.json" => Answer::json(ALBUM),
        _ => Answer::status(404),
    });
    let error = fetch(&server, &ProgressRecord::new()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}
