//! The plugin against servers and proxies as they are found, each scripted on a loopback
//! port. What a real server does is in `supysonic.rs`.

use std::fs;
use std::path::Path;

use musicdl_plugin_api::testing::{Answer, Loopback, ProgressRecord, Received, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, ErrorKind, Hit, LogLevel, Plugin, Query, Settings,
    Source, SourceError, TargetKind, extra_value,
};
use musicdl_subsonic::SubsonicSource;

const PING: &str = r#"{"subsonic-response":{"status":"ok","version":"1.16.1","type":"navidrome",
    "serverVersion":"0.58.0","openSubsonic":true}}"#;
const NOTHING_FOUND: &str = r#"{"subsonic-response":{"status":"ok","searchResult3":{}}}"#;
const FLAC: &[u8] = b"fLaC\0\0\0\x22 and so on";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and so on";

fn refusal(code: i64) -> Answer {
    Answer::json(format!(
        r#"{{"subsonic-response":{{"status":"failed","version":"1.16.1",
            "error":{{"code":{code},"message":"no"}}}}}}"#
    ))
}

fn songs(list: &str) -> Answer {
    Answer::json(format!(
        r#"{{"subsonic-response":{{"status":"ok","searchResult3":{{"song":{list}}}}}}}"#
    ))
}

fn source_at(url: &str, kit: &TestHost, more: &[(&str, &str)]) -> SubsonicSource {
    let settings = [("url", url), ("username", "ann"), ("password", "pw1")]
        .into_iter()
        .chain(more.iter().copied());
    let settings = Settings::from_pairs(settings.map(|(key, value)| (key, [value])));
    SubsonicSource::create(settings, kit.host()).expect("the settings can be meant")
}

fn source(server: &Loopback) -> SubsonicSource {
    source_at(&server.url(""), &TestHost::new(), &[])
}

fn bluebird() -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: "Ann Example Bluebird".to_owned(),
        title: Some("Bluebird".to_owned()),
        artists: vec!["Ann Example".to_owned()],
        limit: 10,
        ..Query::default()
    }
}

fn hit() -> Hit {
    Hit {
        target_id: "7".to_owned(),
        kind: TargetKind::TRACK,
        title: "Bluebird".to_owned(),
        extra: vec![("suffix".to_owned(), "flac".to_owned())],
        ..Hit::default()
    }
}

fn fetch_with(
    source: &SubsonicSource,
    hit: Hit,
    dir: &Path,
    record: &ProgressRecord,
) -> Result<DownloadedFile, SourceError> {
    let request = DownloadRequest {
        target_id: hit.target_id.clone(),
        kind: hit.kind,
        dest_dir: dir.to_owned(),
        hit,
        ..DownloadRequest::default()
    };
    match source.download_raw(&request, &record.progress())? {
        Download::Files(files) => Ok(files.files[0].clone()),
        other => panic!("{other:?}"),
    }
}

fn fetch(source: &SubsonicSource, hit: Hit, dir: &Path) -> Result<DownloadedFile, SourceError> {
    fetch_with(source, hit, dir, &ProgressRecord::new())
}

fn methods(server: &Loopback) -> Vec<String> {
    let method = |request: Received| {
        let name = request.path.strip_prefix("/rest/");
        let name = name.and_then(|name| name.strip_suffix(".view"));
        name.expect("a method of the API").to_owned()
    };
    server.requests().into_iter().map(method).collect()
}

// ---- logging in

#[test]
fn a_server_that_knows_tokens_never_sees_the_password() {
    let server = Loopback::script([Answer::json(PING)]);
    let connection = source(&server).check_connection().unwrap();
    assert_eq!(connection.service.as_deref(), Some("navidrome 0.58.0"));
    assert_eq!(connection.account.as_deref(), Some("ann"));
    assert_eq!(extra_value(&connection.extra, "auth"), Some("token"));

    let request = &server.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.query.as_str()),
        ("POST", "")
    );
    assert_eq!(request.path, "/rest/ping.view");
    assert_eq!(request.param("u").as_deref(), Some("ann"));
    assert_eq!(request.param("c").as_deref(), Some("musicdl"));
    assert_eq!(request.param("f").as_deref(), Some("json"));
    assert_eq!(request.param("t").unwrap().len(), 32);
    assert_eq!(request.param("p"), None);
}

#[test]
fn a_server_without_tokens_gets_the_password_and_is_not_asked_again() {
    for code in [10, 41, 42] {
        let server = Loopback::start(move |request| match request.param("p") {
            Some(_) => Answer::json(PING),
            None => refusal(code),
        });
        let source = source(&server);
        let connection = source.check_connection().unwrap();
        assert_eq!(extra_value(&connection.extra, "auth"), Some("password"));
        source.check_connection().unwrap();
        let forms: Vec<bool> = server
            .requests()
            .iter()
            .map(|request| request.param("p").as_deref() == Some("enc:707731"))
            .collect();
        assert_eq!(forms, [false, true, true], "{code}");
    }
}

#[test]
fn a_wrong_password_is_not_sent_a_second_time_in_a_weaker_form() {
    let server = Loopback::start(|_| refusal(40));
    let error = source(&server).check_connection().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_key_is_sent_alone() {
    let server = Loopback::script([Answer::json(PING)]);
    let kit = TestHost::new();
    let source = source_at(&server.url(""), &kit, &[("api_key", "k1")]);
    let connection = source.check_connection().unwrap();
    assert_eq!(connection.account, None);
    let request = &server.requests()[0];
    assert_eq!(request.param("apiKey").as_deref(), Some("k1"));
    for name in ["u", "p", "t", "s"] {
        assert_eq!(request.param(name), None, "{name}");
    }
}

#[test]
fn a_password_of_any_characters_arrives_as_it_is() {
    for password in [
        "50% & more",
        "\u{fc}n\u{ef}\u{e7}\u{f6}de \u{1f426}",
        "enc:41",
        "a+b=c",
    ] {
        let server = Loopback::script([Answer::json(PING)]);
        let kit = TestHost::new();
        let settings = [("password", password), ("auth", "password")];
        let url = server.url("");
        let pairs = [("url", url.as_str()), ("username", "a&b=\u{fc}")];
        let pairs = pairs.into_iter().chain(settings).map(|(k, v)| (k, [v]));
        let source = SubsonicSource::create(Settings::from_pairs(pairs), kit.host()).unwrap();
        source.check_connection().unwrap();

        let request = &server.requests()[0];
        let sent = request.param("p").unwrap();
        let hex: String = password.bytes().map(|b| format!("{b:02x}")).collect();
        assert_eq!(sent, format!("enc:{hex}"), "{password}");
        assert_eq!(request.param("u").as_deref(), Some("a&b=\u{fc}"));
    }
}

#[test]
fn a_secret_sent_in_the_open_is_warned_of_once_in_the_log() {
    for (settings, warned) in [
        (&[("auth", "password")][..], true),
        (&[("auth", "api_key"), ("api_key", "k1")], true),
        (&[("auth", "token")], false),
    ] {
        let server = Loopback::start(|_| Answer::json(PING));
        let kit = TestHost::knowing([("music.example", server.addr())]);
        let source = source_at("http://music.example", &kit, settings);
        let connection = source.check_connection().unwrap();
        source.check_connection().unwrap();
        let warnings = kit.log();
        let logged = warnings.iter().filter(|line| line.level == LogLevel::WARN);
        assert_eq!(logged.count(), usize::from(warned), "{settings:?}");
        assert_eq!(connection.warnings.len(), usize::from(warned));
        for warning in connection.warnings {
            assert!(
                warning.contains("unencrypted to music.example"),
                "{warning}"
            );
        }
    }
    let server = Loopback::start(|_| Answer::json(PING));
    let kit = TestHost::new();
    let at_home = source_at(&server.url(""), &kit, &[("auth", "password")]);
    assert_eq!(at_home.check_connection().unwrap().warnings, [""; 0]);
}

#[test]
fn a_server_that_repeats_the_password_does_not_get_it_into_an_error() {
    let server = Loopback::start(|_| {
        Answer::json(
            r#"{"subsonic-response":{"status":"failed","error":{"code":0,
                "message":"ValueError: p=pw1 (enc:707731)"}}}"#,
        )
    });
    let error = source(&server).check_connection().unwrap_err();
    assert!(error.message.contains("p=[secret]"), "{error}");
    assert!(!error.message.contains("707731"), "{error}");
}

#[test]
fn a_server_that_takes_no_post_is_asked_by_get_and_the_user_told() {
    let server = Loopback::start(|request| match request.method.as_str() {
        "GET" => Answer::json(PING),
        _ => Answer::status(405),
    });
    let kit = TestHost::new();
    let source = source_at(&server.url(""), &kit, &[]);
    let connection = source.check_connection().unwrap();
    source.check_connection().unwrap();
    assert_eq!(connection.warnings.len(), 1, "{:?}", connection.warnings);
    assert_eq!(kit.log().len(), 1, "{:?}", kit.log());
    let requests = server.requests();
    let sent: Vec<&str> = requests.iter().map(|r| r.method.as_str()).collect();
    assert_eq!(sent, ["POST", "GET", "GET"]);
    assert_eq!(requests[1].param("u").as_deref(), Some("ann"));
}

#[test]
fn a_redirect_that_loses_the_login_names_the_address_to_set() {
    for missing in [
        refusal(10),
        // Without `f` the server answers in XML.
        Answer::ok(
            r#"<?xml version="1.0"?><subsonic-response status="failed">
               <error code="10" message="missing parameter"/></subsonic-response>"#,
        ),
    ] {
        let moved = Loopback::start(move |request| match request.param("u") {
            Some(_) => Answer::json(PING),
            None => missing.clone(),
        });
        let target = moved.url("/music/rest/ping.view");
        let server = Loopback::start(move |_| Answer::redirect(301, &target));
        let error = source(&server).check_connection().unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
        assert!(
            error.message.contains(&format!("{} ", moved.url("/music"))),
            "{error}"
        );
        // The password form is not tried: it would be lost the same way.
        assert_eq!(server.requests().len(), 1);
    }
}

// ---- answers that are none

#[test]
fn what_answers_instead_of_a_server_is_named_and_classed() {
    use ErrorKind::*;
    let html = "<!doctype html><title>Sign in</title>";
    let xml = |inner: &str| {
        let body = format!(r#"<?xml version="1.0"?><subsonic-response {inner}"#);
        Answer::ok(body).header("Content-Type", "text/xml")
    };
    for (what, answer, kind) in [
        ("login page", Answer::ok(html), NotConfigured),
        ("401 of a proxy", Answer::status(401).body(html), Auth),
        (
            "404 of a web server",
            Answer::status(404).body(html),
            NotConfigured,
        ),
        (
            "501 in plain text",
            Answer::status(501).body("not implemented"),
            Unsupported,
        ),
        (
            "410 in plain text",
            Answer::status(410).body("gone"),
            Unsupported,
        ),
        ("502 of a proxy", Answer::status(502).body(html), Transient),
        (
            "429 and a generic error",
            Answer::status(429).body(r#"{"subsonic-response":{"status":"failed"}}"#),
            RateLimited,
        ),
        (
            "500 and a wrong password",
            Answer::status(500).body(r#"{"subsonic-response":{"error":{"code":"40"}}}"#),
            Auth,
        ),
        (
            "503 and a generic error",
            Answer::status(503).body(r#"{"subsonic-response":{"status":"failed"}}"#),
            Transient,
        ),
        ("reset", Answer::reset(), Transient),
        ("cut", Answer::json(PING).cut_after(20), Transient),
        ("half of an answer", Answer::json(&PING[..20]), Transient),
        ("empty", Answer::ok(""), Transient),
        ("other JSON", Answer::json(r#"{"ok":true}"#), NotConfigured),
        ("plain words", Answer::ok("It works!"), NotConfigured),
        (
            "XML that is fine",
            xml(r#"status="ok" version="1.8.0"/>"#),
            Unsupported,
        ),
        (
            "XML that is not",
            xml(r#"status="failed"><error code="40" message="x"/>"#),
            Auth,
        ),
    ] {
        let server = Loopback::script([answer]);
        let error = source(&server).check_connection().unwrap_err();
        assert_eq!(error.kind, kind, "{what}: {error}");
    }
}

#[test]
fn a_server_that_asks_for_patience_says_how_long() {
    let server = Loopback::script([Answer::status(429).header("Retry-After", "7")]);
    let error = source(&server).search_raw(&bluebird()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(7));
}

#[test]
fn nothing_is_asked_of_a_server_that_is_not_configured() {
    let kit = TestHost::new();
    let settings = Settings::from_pairs([("url", ["http://127.0.0.1:1"])]);
    let source = SubsonicSource::create(settings, kit.host()).unwrap();
    assert!(!source.is_configured());
    let error = source.check_connection().unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    assert!(error.message.contains("`api_key`"), "{error}");
}

// ---- searching

#[test]
fn artist_and_title_are_asked_for_and_a_full_answer_ends_the_search() {
    let server = Loopback::script([songs(r#"[{"id":"1","title":"Bluebird"}]"#)]);
    let hits = source(&server).search_raw(&bluebird()).unwrap();
    assert_eq!(hits.len(), 1);
    let request = &server.requests()[0];
    assert_eq!(request.path, "/rest/search3.view");
    assert_eq!(
        request.param("query").as_deref(),
        Some("Ann Example Bluebird")
    );
    assert_eq!(request.param("songCount").as_deref(), Some("10"));
    assert_eq!(request.param("albumCount").as_deref(), Some("0"));
    assert_eq!(request.param("artistCount").as_deref(), Some("0"));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_title_alone_is_asked_for_when_nothing_was_found() {
    let server = Loopback::start(|request| match request.param("query").as_deref() {
        Some("Bluebird") => songs(
            r#"[{"id":"1","title":"Bluebird","artist":"Zoe Other"},
                {"id":"2","title":"Bluebird","artist":"ann example"},
                {"id":"3","title":"Bluebird"}]"#,
        ),
        _ => Answer::json(NOTHING_FOUND),
    });
    let query = Query {
        limit: 2,
        ..bluebird()
    };
    let hits = source(&server).search_raw(&query).unwrap();
    let ids: Vec<&str> = hits.iter().map(|hit| hit.target_id.as_str()).collect();
    assert_eq!(ids, ["2", "1"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn what_is_found_nowhere_costs_two_requests_and_no_error() {
    let server = Loopback::start(|_| Answer::json(NOTHING_FOUND));
    assert_eq!(source(&server).search_raw(&bluebird()).unwrap(), []);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn lists_of_any_shape_are_read() {
    for (list, found) in [
        ("null", 0),
        ("[]", 0),
        (r#"{"id":7,"title":"Bluebird"}"#, 1),
        (r#"[{"id":7,"title":"Bluebird"},{"id":8,"title":1999}]"#, 2),
    ] {
        let list = list.to_owned();
        let server = Loopback::start(move |_| songs(&list));
        let hits = source(&server).search_raw(&bluebird()).unwrap();
        assert_eq!(hits.len(), found, "{:?}", server.requests().len());
    }
}

#[test]
fn a_song_that_cannot_be_read_is_left_out_and_reported() {
    let server = Loopback::script([songs(
        r#"[{"id":"1","title":"Bluebird"},{"id":"2"},"song"]"#,
    )]);
    let kit = TestHost::new();
    let source = source_at(&server.url(""), &kit, &[]);
    assert_eq!(source.search_raw(&bluebird()).unwrap().len(), 1);
    let log = kit.log();
    assert_eq!(log[0].level, LogLevel::WARN);
    assert_eq!(extra_value(&log[0].fields, "left_out"), Some("2"));
}

#[test]
fn albums_are_neither_searched_nor_fetched() {
    let server = Loopback::script([]);
    let source = source(&server);
    let query = Query {
        kind: TargetKind::ALBUM,
        ..bluebird()
    };
    let error = source.search_raw(&query).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);

    let dir = tempfile::tempdir().unwrap();
    let album = Hit {
        kind: TargetKind::ALBUM,
        ..hit()
    };
    let error = fetch(&source, album, dir.path()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(server.requests(), []);
}

// ---- fetching

#[test]
fn a_refusal_in_place_of_a_file_is_an_error_and_no_file() {
    use ErrorKind::*;
    let json = |code| {
        format!(r#"{{"subsonic-response":{{"status":"failed","error":{{"code":{code}}}}}}}"#)
    };
    for (what, answer, kind) in [
        ("unknown id", refusal(70), NotFound),
        ("malformed id", refusal(0), Permanent),
        ("wrong password", refusal(40), Auth),
        ("a refusal without a type", Answer::ok(json(70)), NotFound),
        (
            "a refusal called audio",
            Answer::ok(json(70)).header("Content-Type", "audio/flac"),
            NotFound,
        ),
        (
            "a refusal in XML",
            Answer::ok(r#"<subsonic-response status="failed"><error code="70"/>"#),
            NotFound,
        ),
        (
            "a refusal with status 404",
            Answer::status(404).body(json(70)),
            NotFound,
        ),
        (
            "404 and a web page",
            Answer::status(404).body("<html>"),
            NotFound,
        ),
        (
            "a login page",
            Answer::ok("<html>").header("Content-Type", "text/html"),
            NotConfigured,
        ),
        ("502", Answer::status(502).body("<html>"), Transient),
        ("nothing", Answer::ok(""), Transient),
        ("a reset", Answer::reset(), Transient),
        ("a cut file", Answer::ok(FLAC).cut_after(6), Transient),
    ] {
        let server = Loopback::script([answer]);
        let dir = tempfile::tempdir().unwrap();
        let outcome = fetch(&source(&server), hit(), dir.path());
        let error = outcome.expect_err(what);
        assert_eq!(error.kind, kind, "{what}: {error}");
        let left = dir.path().join("audio.flac");
        assert!(
            !left.exists() || fs::read(&left).unwrap().is_empty(),
            "{what}"
        );
        assert_eq!(methods(&server), ["download"], "{what}");
    }
}

#[test]
fn a_user_who_may_not_download_gets_the_untouched_stream() {
    let server = Loopback::start(|request| match request.path.as_str() {
        "/rest/stream.view" => Answer::ok(FLAC),
        _ => refusal(50),
    });
    let dir = tempfile::tempdir().unwrap();
    let file = fetch(&source(&server), hit(), dir.path()).unwrap();
    assert_eq!(fs::read(file.path).unwrap(), FLAC);
    assert_eq!(methods(&server), ["download", "stream"]);
    let stream = &server.requests()[1];
    assert_eq!(stream.param("format").as_deref(), Some("raw"));
    assert_eq!(stream.param("id").as_deref(), Some("7"));
}

#[test]
fn a_user_who_may_neither_download_nor_stream_loses_the_track_not_the_source() {
    let server = Loopback::start(|_| refusal(50));
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(&source(&server), hit(), dir.path()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
}

#[test]
fn the_first_call_ever_may_be_a_download_from_a_server_without_tokens() {
    let server = Loopback::start(|request| match request.param("p") {
        Some(_) => Answer::ok(FLAC),
        None => refusal(10),
    });
    let dir = tempfile::tempdir().unwrap();
    let file = fetch(&source(&server), hit(), dir.path()).unwrap();
    assert_eq!(fs::read(file.path).unwrap(), FLAC);
}

#[test]
fn a_file_shorter_than_found_is_cut_unless_the_server_announced_that_length() {
    let whole = FLAC.len() as u64;
    for (what, answer, size, good) in [
        ("as found", Answer::ok(FLAC).unannounced(), whole, true),
        ("shorter", Answer::ok(FLAC).unannounced(), whole + 1, false),
        ("shorter, announced", Answer::ok(FLAC), whole + 1, true),
        ("longer", Answer::ok(FLAC).unannounced(), whole - 1, true),
    ] {
        let server = Loopback::script([answer]);
        let kit = TestHost::new();
        let source = source_at(&server.url(""), &kit, &[]);
        let dir = tempfile::tempdir().unwrap();
        let sized = Hit {
            size: Some(size),
            ..hit()
        };
        let outcome = fetch(&source, sized, dir.path()).map_err(|error| error.kind);
        assert_eq!(outcome.is_ok(), good, "{what}");
        assert!(good || outcome == Err(ErrorKind::Transient), "{what}");
        let warned = kit.log().iter().any(|line| line.level == LogLevel::WARN);
        assert_eq!(warned, good && size != whole, "{what}");
    }
}

#[test]
fn a_cover_is_kept_if_it_is_a_picture_and_missed_without_an_error() {
    for (what, answer, name) in [
        (
            "PNG called JPEG",
            Answer::ok(PNG).header("Content-Type", "image/jpeg"),
            Some("cover.png"),
        ),
        ("JPEG", Answer::ok(b"\xff\xd8\xff\xe0"), Some("cover.jpg")),
        ("WebP", Answer::ok(b"RIFF\0\0\0\0WEBP"), None),
        ("unknown id", refusal(70), None),
        ("502", Answer::status(502), None),
        ("empty", Answer::ok(""), None),
        ("reset", Answer::reset(), None),
    ] {
        let server = Loopback::script([Answer::ok(FLAC), answer]);
        let kit = TestHost::new();
        let source = source_at(&server.url(""), &kit, &[]);
        let dir = tempfile::tempdir().unwrap();
        let mut covered = hit();
        covered
            .extra
            .push(("cover_art".to_owned(), "al-1".to_owned()));
        let file = fetch(&source, covered, dir.path()).expect(what);
        assert_eq!(file.cover, name.map(|name| dir.path().join(name)), "{what}");
        let told = kit.log().iter().any(|line| line.message == "no cover");
        assert_eq!(told, name.is_none(), "{what}");
        assert_eq!(server.requests()[1].param("id").as_deref(), Some("al-1"));
    }
}

#[test]
fn a_cancelled_download_ends_as_cancelled_and_asks_for_no_cover() {
    let server = Loopback::start(|_| Answer::ok(vec![7; 1 << 20]));
    let source = source(&server);
    let dir = tempfile::tempdir().unwrap();
    let mut covered = hit();
    covered
        .extra
        .push(("cover_art".to_owned(), "al-1".to_owned()));
    let record = ProgressRecord::cancelling_at(1);
    let error = fetch_with(&source, covered, dir.path(), &record).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
    assert_eq!(methods(&server), ["download"]);
    assert_eq!(source.cancel_raw("7"), Ok(false));
}
