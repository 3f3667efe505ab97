//! What this one service does, scripted on a loopback port. Every quirk that costs you an
//! evening belongs here.

use std::time::Duration;

use musicdl_plugin_api::testing::{Answer, Loopback, ProgressRecord, TestHost};
use musicdl_plugin_api::{DownloadRequest, ErrorKind, Plugin, Query, Settings, Source, TargetKind};

use {{crate}}::{{Type}}Source;

fn source(server: &Loopback) -> {{Type}}Source {
    let url = server.url("/");
    let settings = Settings::from_pairs([("url", [url.as_str()]), ("token", ["t0ken"])]);
    let made = {{Type}}Source::create(settings, TestHost::new().host());
    made.expect("the settings can be meant")
}

fn bluebird() -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: "Ann Example Bluebird".to_owned(),
        limit: 10,
        ..Query::default()
    }
}

#[test]
fn the_token_travels_in_a_header_and_not_in_the_address() {
    let server = Loopback::script([Answer::json(r#"{"tracks": []}"#)]);
    assert_eq!(source(&server).search_raw(&bluebird()), Ok(Vec::new()));
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(request.param("q").as_deref(), Some("Ann Example Bluebird"));
    assert!(!request.query.contains("t0ken"), "{}", request.query);
}

#[test]
fn a_service_that_is_asked_too_often_says_how_long_to_wait() {
    let server = Loopback::script([Answer::status(429).header("Retry-After", "7")]);
    let error = source(&server).search_raw(&bluebird()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn a_refused_token_is_no_reason_to_try_again() {
    let server = Loopback::script([Answer::status(401)]);
    let error = source(&server).check_connection().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
}

#[test]
fn a_file_that_is_cut_leaves_nothing_behind() {
    let server = Loopback::script([Answer::ok("fLaC and so on").cut_after(4)]);
    let dir = tempfile::tempdir().unwrap();
    let request = DownloadRequest {
        target_id: "7.flac".to_owned(),
        kind: TargetKind::TRACK,
        dest_dir: dir.path().to_owned(),
        ..DownloadRequest::default()
    };
    let error = source(&server)
        .download_raw(&request, &ProgressRecord::new().progress())
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
