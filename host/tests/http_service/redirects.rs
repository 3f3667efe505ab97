//! Redirects, as servers see them. The table of what may follow what is in `redirect`.

use musicdl_plugin_api::ErrorKind;
use musicdl_plugin_api::http::Request;

use crate::Scene;
use crate::server::{Server, ok, redirect};

#[test]
fn another_server_gets_no_login_whatever_its_header_is_called() {
    let other = Server::start(|_| ok(b"there"));
    let to = format!("{}/there", other.origin);
    let server = Server::start(move |_| redirect("302 Found", &to));
    let request = Request::get(format!("http://ann:pw@127.0.0.1:{}/", server.port))
        .header("Accept", "audio/*")
        .header("Cookie", "c")
        .header("X-Api-Key", "k")
        .header("X-Emby-Token", "t")
        .header("Secret-Of-Ours", "s");
    let answer = Scene::new().host.http_send(&request).unwrap();
    assert_eq!(answer.body, b"there");
    assert_eq!(answer.head.url, format!("{}/there", other.origin));

    let first = &server.heard()[0];
    assert_eq!(first.header("x-api-key"), Some("k"));
    assert_eq!(first.header("authorization"), Some("Basic YW5uOnB3"));
    let mut names: Vec<_> = other.heard()[0]
        .headers
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
}

#[test]
fn the_same_server_gets_everything_again() {
    let server = Server::start(|heard| match heard.target.as_str() {
        "/a" => redirect("307 Temporary Redirect", "b?x=1"),
        _ => ok(&heard.body),
    });
    let request =
        Request::post_form(format!("{}/a", server.origin), &[("p", "1")]).header("X-Api-Key", "k");
    let answer = Scene::new().host.http_send(&request).unwrap();
    assert_eq!(answer.body, b"p=1");
    let second = &server.heard()[1];
    assert_eq!(
        (second.method.as_str(), second.target.as_str()),
        ("POST", "/b?x=1")
    );
    assert_eq!(second.header("x-api-key"), Some("k"));
}

#[test]
fn a_post_that_is_sent_elsewhere_by_302_goes_on_as_a_get() {
    let server = Server::start(|heard| match heard.target.as_str() {
        "/a" => redirect("302 Found", "/b"),
        _ => ok(b"done"),
    });
    let request = Request::post_form(format!("{}/a", server.origin), &[("p", "1")]);
    Scene::new().host.http_send(&request).unwrap();
    let second = &server.heard()[1];
    assert_eq!(second.method, "GET");
    assert_eq!(second.body, b"");
    assert_eq!(second.header("content-type"), None);
    assert_eq!(second.header("content-length"), None);
}

#[test]
fn ten_redirects_are_followed_and_no_more() {
    let server = Server::start(|heard| {
        let left: u32 = heard.target[1..].parse().unwrap();
        match left {
            0 => ok(b"home"),
            left => redirect("301 Moved Permanently", &format!("/{}", left - 1)),
        }
    });
    let scene = Scene::new();
    let send = |hops| {
        scene
            .host
            .http_send(&Request::get(format!("{}/{hops}", server.origin)))
    };
    assert_eq!(send(10).unwrap().body, b"home");
    let refused = send(11).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent);
    assert!(refused.message.contains("more than 10"), "{refused}");
}

#[test]
fn a_redirect_out_of_http_is_refused() {
    let server = Server::start(|_| redirect("302 Found", "file:///etc/passwd"));
    let refused = Scene::new()
        .host
        .http_send(&Request::get(&server.origin))
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Permanent);
}

#[test]
fn a_redirect_without_a_place_is_an_answer() {
    let server = Server::start(|_| crate::server::whole("302 Found", &[], b"where?"));
    let answer = Scene::new()
        .host
        .http_send(&Request::get(&server.origin))
        .unwrap();
    assert_eq!(
        (answer.status(), answer.body.as_slice()),
        (302, &b"where?"[..])
    );
}
