//! `http_open`: the body in chunks.

use musicdl_plugin_api::ErrorKind;
use musicdl_plugin_api::http::Request;

use crate::Scene;
use crate::server::{Answer, Server, ok, raw, whole};

#[test]
fn a_body_comes_in_chunks_and_ends_once_and_for_all() {
    let song: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let sent = song.clone();
    let server = Server::start(move |_| ok(&sent));
    let scene = Scene::new();
    let mut body = scene.host.http_open(&Request::get(&server.origin)).unwrap();
    assert_eq!(body.head.status, 200);
    let (mut got, mut chunks) = (Vec::new(), 0);
    while let Some(chunk) = body.chunk().unwrap() {
        got.extend(chunk);
        chunks += 1;
    }
    assert!(got == song && chunks > 1);
    assert_eq!(body.chunk(), Ok(None));
}

#[test]
fn a_status_is_in_the_head_and_its_words_are_in_the_body() {
    let server = Server::start(|_| whole("403 Forbidden", &[], b"not you"));
    let scene = Scene::new();
    let mut body = scene.host.http_open(&Request::get(&server.origin)).unwrap();
    assert_eq!(body.head.status, 403);
    assert_eq!(body.chunk().unwrap().as_deref(), Some(&b"not you"[..]));
}

#[test]
fn a_body_that_breaks_off_fails_and_fails_again() {
    let server =
        Server::start(|_| Answer::Bytes(raw("200 OK", &[("Content-Length", "9")], b"half")));
    let scene = Scene::new();
    let mut body = scene.host.http_open(&Request::get(&server.origin)).unwrap();
    assert_eq!(body.chunk().unwrap().as_deref(), Some(&b"half"[..]));
    let failed = body.chunk().unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Transient);
    assert_eq!(body.chunk(), Err(failed));
}

#[test]
fn an_abandoned_body_frees_its_connection() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream
            .write_all(&raw("200 OK", &[("Content-Length", "9")], b"x"))
            .unwrap();
        // Silent from here on; comes back when the client closes.
        let _ = stream.read(&mut [0; 1024]);
        closed.send(()).unwrap();
    });
    let scene = Scene::new();
    let mut body = scene.host.http_open(&Request::get(origin)).unwrap();
    body.chunk().unwrap();
    drop(body);
    is_closed.recv_timeout(crate::HANGS).unwrap();
}
