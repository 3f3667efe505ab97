//! Is slskd there and usable? Every way in which it is not, each with what its user can do.

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use musicdl_plugin_api::testing::{Answer, Loopback, TestHost};
use musicdl_plugin_api::{Connection, ErrorKind, Plugin, Source, SourceError};
use musicdl_soulseek::SoulseekSource;

use crate::support::use_of::source_at;
use crate::support::{Fake, REMOTE};

fn check(slskd: &Fake, more: &[(&str, &str)]) -> Result<Connection, SourceError> {
    source_at(&slskd.url(), &slskd.downloads(), &TestHost::new(), more).check_connection()
}

#[test]
fn a_usable_slskd_says_its_version_and_whose_it_is() {
    for version in ["0.22.0", "0.23.1", "0.24.2", "0.25.0", "0.26.0", "0.27.3"] {
        let slskd = Fake::start(version, Vec::new());
        let connection = check(&slskd, &[]).unwrap();
        assert_eq!(connection.service, Some(format!("slskd {version}")));
        assert_eq!(connection.account.as_deref(), Some("our name"));
        assert_eq!(connection.warnings, [""; 0]);
    }
}

#[test]
fn the_limits_of_the_network_are_declared() {
    let limits = SoulseekSource::declaration().limits;
    let window = limits.search_window.unwrap();
    assert_eq!((window.requests, window.per.as_secs()), (34, 220));
}

#[test]
fn a_slskd_without_shares_is_warned_of() {
    let slskd = Fake::start("0.26.0", Vec::new());
    slskd.intercept(|request| {
        request
            .path
            .ends_with("/application")
            .then(|| Answer::json(r#"{"shares":{"files":0}}"#))
    });
    let connection = check(&slskd, &[]).unwrap();
    assert_eq!(connection.warnings.len(), 1);
    assert!(connection.warnings[0].contains("shares no files"));
}

#[test]
fn each_answer_that_is_not_slskds_has_its_kind_and_says_what_to_do() {
    use ErrorKind::{Auth, NotConfigured, Permanent, RateLimited, Transient, Unsupported};
    let page = |status| Answer::status(status).header("Content-Type", "text/html; charset=utf-8");
    for (answer, kind, words) in [
        (Answer::status(401), Auth, "api_key"),
        (Answer::status(403), Unsupported, "relay"),
        (page(200).body("<html>"), NotConfigured, "url"),
        (Answer::status(404), NotConfigured, "404"),
        (Answer::status(415), Permanent, "415"),
        (Answer::status(429), RateLimited, "429"),
        (Answer::status(500), Transient, "500"),
        (page(502).body("<html>Bad Gateway"), Transient, "502"),
        (page(503).body("<html>"), Transient, "503"),
        (page(504).body("<html>"), Transient, "504"),
        (Answer::reset(), Transient, ""),
        (
            Answer::json("{\"state\":\"x\"}").cut_after(5),
            Transient,
            "",
        ),
        (Answer::json("[1,2"), Permanent, "[1,2"),
    ] {
        let server = Loopback::start(move |_| answer.clone());
        let source = source_at(&server.url(""), Path::new("/"), &TestHost::new(), &[]);
        let error = source.check_connection().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
    }
}

#[test]
fn nobody_there_is_a_temporary_failure() {
    let gone = Loopback::start(|_| Answer::status(200)).url("");
    let source = source_at(&gone, Path::new("/"), &TestHost::new(), &[]);
    let error = source.check_connection().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
}

#[test]
fn no_answer_in_time_is_a_temporary_failure_within_the_time_of_a_check() {
    const CHECK: Duration = Duration::from_secs(15);
    let silent = Loopback::start(|_| Answer::status(200).after(CHECK * 2));
    let source = source_at(&silent.url(""), Path::new("/"), &TestHost::new(), &[]);
    let asked = Instant::now();
    let error = source.check_connection().unwrap_err();
    assert!(asked.elapsed() < CHECK, "{:?}", asked.elapsed());
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
}

#[test]
fn an_answer_that_cannot_be_read_is_asked_for_once_more() {
    let slskd = Fake::start("0.26.0", Vec::new());
    let mut first = true;
    slskd.intercept(move |request| {
        let once = first && request.path.ends_with("/server");
        first = first && !once;
        once.then(|| Answer::json("{\"state\""))
    });
    check(&slskd, &[]).unwrap();
}

#[test]
fn a_path_before_the_api_is_kept_and_a_missing_one_is_found_out() {
    let slskd = Fake::start("0.26.0", Vec::new());
    let wrong = format!("{}/music", slskd.url());
    let error = check(&slskd, &[("url", &wrong)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
    assert!(error.message.contains("web page"), "{error}");
    assert!(
        slskd
            .requests()
            .iter()
            .all(|r| r.path.starts_with("/music/api/v0/"))
    );
}

#[test]
fn a_slskd_that_is_not_logged_in_says_when_it_tries_again() {
    let slskd = Fake::start("0.26.0", Vec::new());
    slskd.world().logged_in = false;
    let error = check(&slskd, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
    assert!(error.message.contains("Disconnected"), "{error}");
    assert!(error.retry_after.is_some());
}

#[test]
fn a_slskd_that_is_too_old_is_refused_with_the_version_that_would_do() {
    let slskd = Fake::start("0.21.4", Vec::new());
    let error = check(&slskd, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    assert!(error.message.contains("0.21.4") && error.message.contains("0.22"));
}

#[test]
fn a_downloads_directory_that_cannot_be_read_here_is_named_by_both_paths() {
    let slskd = Fake::start("0.26.0", Vec::new());
    let here = slskd.downloads().join("not/mounted");
    let here = here.display().to_string();
    let map = format!("{REMOTE} => {here}");
    for (set, local) in [(map.as_str(), here.as_str()), ("", REMOTE)] {
        let error = check(&slskd, &[("path_map", set)]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
        for word in [REMOTE, local, "path_map"] {
            assert!(error.message.contains(word), "{error}");
        }
    }
    fs::create_dir_all(&here).unwrap();
    check(&slskd, &[("path_map", &map)]).unwrap();
    let error = check(&slskd, &[("path_map", &here)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
    assert!(error.message.contains("in none of"), "{error}");
}
