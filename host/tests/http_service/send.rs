//! `http_send`: the whole answer in memory.

use std::net::TcpListener;

use musicdl_plugin_api::ErrorKind;
use musicdl_plugin_api::http::Request;

use crate::Scene;
use crate::server::{Answer, Server, ok, raw, whole};
use crate::zeros::zipped_zeros;

#[test]
fn a_request_arrives_as_the_plugin_made_it() {
    let server = Server::start(|_| ok(b"pong"));
    let scene = Scene::new();
    let request = Request::post_form(format!("{}/rest/ping?v=1", server.origin), &[("u", "ann")])
        .header("X-Api-Key", "k1")
        .header("X-Api-Key", "k2");
    let answer = scene.host.http_send(&request).unwrap();
    assert_eq!(
        (answer.status(), answer.body.as_slice()),
        (200, &b"pong"[..])
    );
    assert_eq!(answer.head.header("content-length"), Some("4"));

    let heard = &server.heard()[0];
    assert_eq!(
        (heard.method.as_str(), heard.target.as_str()),
        ("POST", "/rest/ping?v=1")
    );
    assert_eq!(heard.body, b"u=ann");
    let keys: Vec<_> = heard
        .headers
        .iter()
        .filter(|(name, _)| name == "x-api-key")
        .collect();
    assert_eq!(keys.len(), 2);
    let agent = format!("musicdl/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(heard.header("user-agent"), Some(agent.as_str()));
    assert_eq!(heard.header("cookie"), None);
}

#[test]
fn a_plugin_may_name_its_own_user_agent() {
    let server = Server::start(|_| ok(b""));
    let request = Request::get(&server.origin).header("User-Agent", "desktop/3");
    Scene::new().host.http_send(&request).unwrap();
    assert_eq!(server.heard()[0].header("user-agent"), Some("desktop/3"));
}

#[test]
fn a_user_in_the_url_becomes_a_login_and_is_not_in_the_answer() {
    let server = Server::start(|_| ok(b""));
    let url = format!("http://ann:pw@127.0.0.1:{}/x?y=1", server.port);
    let answer = Scene::new().host.http_send(&Request::get(url)).unwrap();
    assert_eq!(
        server.heard()[0].header("authorization"),
        Some("Basic YW5uOnB3")
    );
    assert_eq!(answer.head.url, format!("{}/x?y=1", server.origin));
}

#[test]
fn a_status_is_not_an_error() {
    let server =
        Server::start(|_| whole("429 Too Many Requests", &[("Retry-After", "7")], b"later"));
    let answer = Scene::new()
        .host
        .http_send(&Request::get(&server.origin))
        .unwrap();
    assert_eq!(
        (answer.status(), answer.body.as_slice()),
        (429, &b"later"[..])
    );
    assert_eq!(
        answer.head.retry_after().map(|wait| wait.as_secs()),
        Some(7)
    );
    assert_eq!(server.heard().len(), 1, "the engine retries, not the host");
}

#[test]
fn a_compressed_answer_is_decompressed() {
    let server = Server::start(|heard| {
        assert_eq!(heard.header("accept-encoding"), Some("gzip"));
        whole("200 OK", &[("Content-Encoding", "gzip")], &zipped_zeros(1))
    });
    let answer = Scene::new()
        .host
        .http_send(&Request::get(&server.origin))
        .unwrap();
    assert_eq!(answer.body.len(), 1024 * 1024);
}

#[test]
fn up_to_64_mebibytes_are_taken_counted_after_decompression() {
    let server = Server::start(|heard| {
        let mebibytes = if heard.target == "/64" { 64 } else { 65 };
        let bomb = zipped_zeros(mebibytes);
        whole("200 OK", &[("Content-Encoding", "gzip")], &bomb)
    });
    let scene = Scene::new();
    let send = |path| {
        scene
            .host
            .http_send(&Request::get(format!("{}{path}", server.origin)))
    };
    assert_eq!(send("/64").unwrap().body.len(), 64 * 1024 * 1024);
    let refused = send("/65").unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent);
    assert!(refused.message.contains("64 MiB"), "{refused}");
}

#[test]
fn an_answer_that_is_not_whole_is_temporary_and_names_the_server_only() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let server = Server::start(|heard| match heard.target.as_str() {
        "/reset?p=hunter2" => Answer::Reset,
        "/silent?p=hunter2" => Answer::Bytes(Vec::new()),
        "/cut?p=hunter2" => Answer::Bytes(raw("200 OK", &[("Content-Length", "9")], b"half")),
        "/chunk?p=hunter2" => Answer::Bytes(raw(
            "200 OK",
            &[("Transfer-Encoding", "chunked")],
            b"4\r\nhalf\r\n",
        )),
        "/gzip?p=hunter2" => whole(
            "200 OK",
            &[("Content-Encoding", "gzip")],
            &zipped_zeros(1)[..500],
        ),
        other => panic!("{other}"),
    });
    let scene = Scene::new();
    for (origin, path) in [
        (&server.origin, "reset"),
        (&server.origin, "silent"),
        (&server.origin, "cut"),
        (&server.origin, "chunk"),
        (&server.origin, "gzip"),
        (&format!("http://{gone}"), "refused"),
    ] {
        let url = format!(
            "{}/{path}?p=hunter2",
            origin.replace("//", "//ann:hunter2@")
        );
        let request = Request::get(url).header("X-Key", "hunter2");
        let failed = scene.host.http_send(&request).unwrap_err();
        assert_eq!(failed.kind, ErrorKind::Transient, "{path}: {failed}");
        let host = origin.trim_start_matches("http://");
        assert!(failed.message.contains(host), "{path}: {failed}");
        assert!(failed.message.len() > host.len() + 25, "no cause: {failed}");
        assert!(
            !format!("{failed:?}").contains("hunter2"),
            "{path}: {failed:?}"
        );
    }
}

#[test]
fn a_header_section_has_up_to_64_kibibytes() {
    let server = Server::start(|heard| {
        let size = if heard.target == "/64" { 63 } else { 65 };
        whole("200 OK", &[("X-Long", &"x".repeat(size * 1024))], b"")
    });
    let scene = Scene::new();
    let send = |path| {
        scene
            .host
            .http_send(&Request::get(format!("{}{path}", server.origin)))
    };
    assert_eq!(send("/64").unwrap().status(), 200);
    let refused = send("/65").unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent);
    assert!(refused.message.contains("headers"), "{refused}");
}

#[test]
fn a_url_that_is_none_is_permanent() {
    let scene = Scene::new();
    for url in ["hunter2", "ftp://127.0.0.1/hunter2", "http://", ""] {
        let refused = scene.host.http_send(&Request::get(url)).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Permanent, "{url}");
        assert!(!refused.message.contains("hunter2"), "{refused}");
    }
}
