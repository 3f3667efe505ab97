//! The user's proxy, and what requests say they are from.

use musicdl::plugin::services::Route;
use musicdl_plugin_api::ErrorKind;
use musicdl_plugin_api::http::Request;

use crate::Scene;
use crate::server::{Server, ok, whole};

fn by(proxy: &str) -> Scene {
    let route = Route::Proxy(proxy.into());
    Scene::with(|options| options.route = route)
}

#[test]
fn a_request_goes_to_the_proxy_with_its_login() {
    let proxy = Server::start(|_| ok(b"by proxy"));
    let scene = by(&format!("http://ann:hunter2@127.0.0.1:{}", proxy.port));
    let request = Request::get("http://music.example/song?x=1");
    let answer = scene.host.http_send(&request).unwrap();
    assert_eq!(answer.body, b"by proxy");
    let heard = &proxy.heard()[0];
    assert_eq!(heard.target, "http://music.example/song?x=1");
    assert_eq!(
        heard.header("proxy-authorization"),
        Some("Basic YW5uOmh1bnRlcjI=")
    );
}

#[test]
fn addresses_at_home_and_the_proxy_itself_are_refused_behind_a_proxy_too() {
    let proxy = Server::start(|_| ok(b"by proxy"));
    let route = Route::Proxy(format!("http://127.0.0.1:{}", proxy.port).into());
    let scene = Scene::with(|options| {
        options.route = route;
        options.allow_hosts.clear();
    });
    for host in ["127.0.0.1", "10.0.0.1", "localhost", "[::1]"] {
        let request = Request::get(format!("http://{host}:{}/", proxy.port));
        let refused = scene.host.http_send(&request).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
    }
    assert_eq!(proxy.heard().len(), 0);
}

#[test]
fn a_proxy_that_refuses_shows_no_login_in_the_failure() {
    let proxy = Server::start(|_| whole("407 Proxy Authentication Required", &[], b"who?"));
    let scene = by(&format!("http://ann:hunter2@127.0.0.1:{}", proxy.port));
    // A tunnel, so that the proxy's answer is not the server's.
    let request = Request::get("https://music.example/song");
    let failed = scene.host.http_send(&request).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Transient, "{failed}");
    assert!(failed.message.contains("music.example"), "{failed}");
    assert!(!format!("{failed:?}").contains("hunter2"), "{failed:?}");
}

#[test]
fn an_unusable_proxy_is_refused_at_the_start() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for proxy in ["ann:hunter2", "ftp://hunter2", ""] {
        let options = musicdl::plugin::services::NetOptions {
            route: Route::Proxy(proxy.into()),
            ..Default::default()
        };
        assert!(!format!("{options:?}").contains("hunter2"));
        let refused =
            musicdl::plugin::services::HostNet::new(options, runtime.handle().clone()).unwrap_err();
        assert!(refused.to_string().contains("proxy"), "{refused}");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }
}

#[test]
fn requests_are_from_whom_the_user_says() {
    let server = Server::start(|_| ok(b""));
    let scene = Scene::with(|options| options.user_agent = "my-agent/7".to_owned());
    scene.host.http_send(&Request::get(&server.origin)).unwrap();
    assert_eq!(server.heard()[0].header("user-agent"), Some("my-agent/7"));
}
