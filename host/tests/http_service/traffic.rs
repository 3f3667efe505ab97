//! Recorded traffic: without secrets, and good for the same calls again without a server.

use std::path::Path;

use musicdl::plugin::services::{SourceFacts, Traffic};
use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{ErrorKind, Progress};

use crate::Scene;
use crate::server::{Answer, Server, ok, raw, redirect, whole};

fn recording(dir: &Path, secret: &str) -> Scene {
    with(Traffic::Record(dir.to_owned()), secret)
}

fn replaying(dir: &Path, secret: &str) -> Scene {
    with(Traffic::Replay(dir.to_owned()), secret)
}

fn with(traffic: Traffic, secret: &str) -> Scene {
    let facts = SourceFacts {
        secrets: vec![secret.into()],
        ..SourceFacts::default()
    };
    Scene::of(facts, |options| options.traffic = traffic)
}

/// Everything in a recording of the scene's plugin, file after file.
fn all_of(dir: &Path) -> Vec<u8> {
    let mut files: Vec<_> = std::fs::read_dir(dir.join("subsonic"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| std::fs::read(file).unwrap())
        .collect()
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes
        .windows(word.len())
        .any(|part| part == word.as_bytes())
}

/// The same calls against a server or a recording of it, and what came of them.
fn calls(scene: &Scene, origin: &str, secret: &str) -> Vec<String> {
    let login = Request::post_form(format!("{origin}/login"), &[("u", "ann"), ("p", secret)]);
    let search = Request::get(format!("{origin}/search?api_key={secret}&q=blue"))
        .header("X-Api-Key", secret);
    let mut said = Vec::new();
    for request in [&login, &search, &search] {
        let answer = scene.host.http_send(request).unwrap();
        let body = String::from_utf8(answer.body).unwrap();
        said.push(format!("{} {body}", answer.head.status));
    }
    let song = Request::get(format!("{origin}/song"));
    let nobody = Progress::ignored();
    let saved = scene.host.http_save(&song, &scene.dest(), &nobody).unwrap();
    let bytes = std::fs::read(scene.dest()).unwrap();
    said.push(format!("{} {bytes:?}", saved.bytes));
    let mut body = scene.host.http_open(&song).unwrap();
    said.push(format!("{:?}", body.chunk().unwrap()));
    for path in ["reset", "half"] {
        let request = Request::get(format!("{origin}/{path}"));
        let failed = scene.host.http_send(&request).unwrap_err();
        said.push(format!("{failed:?}"));
    }
    said
}

fn service() -> Server {
    Server::start(|heard| match heard.target.split('?').next() {
        Some("/login") => whole(
            "200 OK",
            &[
                ("Set-Cookie", "sid=cookie-of-ann"),
                ("Content-Type", "application/json"),
            ],
            br#"{"access_token":"fresh-token"}"#,
        ),
        Some("/search") => ok(format!("hit {}", heard.number).as_bytes()),
        Some("/song") => redirect("302 Found", "/cdn?sig=signed"),
        Some("/cdn") => ok(b"fLaC\xff\xfe\x00 audio"),
        Some("/half") => Answer::Bytes(raw("200 OK", &[("Content-Length", "9")], b"half")),
        _ => Answer::Reset,
    })
}

#[test]
fn what_was_recorded_is_said_again_without_server_and_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let server = service();
    let recorded = calls(&recording(dir.path(), "hunter2"), &server.origin, "hunter2");
    let asked = server.heard().len();
    let mut replayed = calls(
        &replaying(dir.path(), "other-one"),
        &server.origin,
        "other-one",
    );
    assert_eq!(server.heard().len(), asked, "a replay asks nobody");
    replayed[0] = replayed[0].replace("[secret]", "fresh-token");
    assert_eq!(replayed, recorded);
}

#[test]
fn a_recording_has_no_secret_in_any_spelling() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|heard| {
        let mut said = b"{\"echo\":\"".to_vec();
        said.extend(&heard.body);
        said.extend(heard.target.as_bytes());
        said.extend(br#" a b\/hunter2 YSBiL2h1bnRlcjI= \u0061 b/hunter2"}"#);
        whole("200 OK", &[("X-Token", "token-of-server")], &said)
    });
    let secret = "a b/hunter2";
    let scene = recording(dir.path(), secret);
    let url = format!("http://ann:url-password@127.0.0.1:{}/x", server.port);
    let request = Request::post_form(url, &[("q", secret), ("token", "token-of-form")])
        .query(&[("q", secret), ("X-Plex-Token", "token-of-query")])
        .header("X-Api-Key", "key-of-header")
        .header("Accept", secret);
    scene.host.http_send(&request).unwrap();
    let kept = all_of(dir.path());
    assert!(contains(&kept, "[secret]"));
    for word in [
        "hunter2",
        "YSBiL2h1bnRlcjI",
        "url-password",
        "token-of-query",
        "token-of-form",
        "token-of-server",
        "key-of-header",
    ] {
        assert!(!contains(&kept, word), "{word}");
    }
}

#[test]
fn a_token_that_a_server_gave_is_followed_into_the_requests_that_use_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|heard| match heard.target.as_str() {
        "/login" => ok(br#"{"streamToken":"fresh/token/1"}"#),
        _ => ok(b"music"),
    });
    let stream = |scene: &Scene| {
        let send = |path: &str| {
            let url = format!("{}/{path}", server.origin);
            scene.host.http_send(&Request::get(url)).unwrap().body
        };
        let login = String::from_utf8(send("login")).unwrap();
        let token = login.split('"').nth(3).unwrap();
        let encoded = token.replace('/', "%2F").replace('[', "%5B");
        send(&format!("stream/{encoded}/1"))
    };
    assert_eq!(stream(&recording(dir.path(), "x")), b"music");
    assert!(!contains(&all_of(dir.path()), "fresh"));
    assert_eq!(stream(&replaying(dir.path(), "x")), b"music");
}

#[test]
fn a_secret_cut_from_a_body_does_not_make_it_look_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_| ok(b"\xff a song for hunter2-and-nobody-else"));
    let request = Request::get(&server.origin);
    let nobody = Progress::ignored();
    let scene = recording(dir.path(), "hunter2-and-nobody-else");
    scene
        .host
        .http_save(&request, &scene.dest(), &nobody)
        .unwrap();
    let scene = replaying(dir.path(), "x");
    scene
        .host
        .http_save(&request, &scene.dest(), &nobody)
        .unwrap();
    let song = std::fs::read(scene.dest()).unwrap();
    assert_eq!(song, b"\xff a song for [secret]");
}

#[test]
fn a_request_that_was_not_recorded_is_refused_by_name_and_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_| ok(b"once"));
    let get = |path: &str| Request::get(format!("{}/{path}", server.origin));
    recording(dir.path(), "hunter2")
        .host
        .http_send(&get("a"))
        .unwrap();
    let scene = replaying(dir.path(), "hunter2");
    assert_eq!(scene.host.http_send(&get("a")).unwrap().body, b"once");
    for request in [
        get("a"),
        get("b?token=hunter2"),
        Request::post_form(format!("{}/a", server.origin), &[("p", "hunter2")]),
    ] {
        let refused = scene.host.http_send(&request).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Permanent);
        assert!(refused.message.contains(&server.origin), "{refused}");
        assert!(!refused.message.contains("hunter2"), "{refused}");
    }
}

#[test]
fn a_recording_is_not_mixed_with_another() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|_| ok(b""));
    let request = Request::get(&server.origin);
    let first = recording(dir.path(), "x");
    first.host.http_send(&request).unwrap();
    first.host.http_send(&request).unwrap();
    let refused = recording(dir.path(), "x")
        .host
        .http_send(&request)
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Internal);
    assert!(refused.message.contains("subsonic"), "{refused}");
    assert_eq!(server.heard().len(), 2);
}

#[test]
fn a_recording_that_is_none_is_named_with_file_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    let request = Request::get("http://127.0.0.1:9/");
    let scene = replaying(dir.path(), "x");
    let refused = scene.host.http_send(&request).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Internal);
    std::fs::create_dir(dir.path().join("subsonic")).unwrap();
    std::fs::write(dir.path().join("subsonic/0001.json"), "{}").unwrap();
    let refused = scene.host.http_send(&request).unwrap_err();
    assert!(refused.message.contains("0001.json"), "{refused}");
}
