//! A runtime that ends leaves nobody waiting.

use std::sync::mpsc;
use std::thread;

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{ErrorKind, Progress, SourceError};

use crate::server::{Answer, Server, raw};
use crate::{HANGS, Scene};

type Call = fn(&Scene, &Request) -> Result<(), SourceError>;

const CALLS: [(&str, Call); 3] = [
    ("send", |scene, request| {
        scene.host.http_send(request).map(drop)
    }),
    ("save", |scene, request| {
        let nobody = Progress::ignored();
        scene
            .host
            .http_save(request, &scene.dest(), &nobody)
            .map(drop)
    }),
    ("open", |scene, request| {
        let mut body = scene.host.http_open(request)?;
        while body.chunk()?.is_some() {}
        Ok(())
    }),
];

#[test]
fn a_waiting_call_ends_with_the_runtime_it_waits_for() {
    for (name, call) in CALLS {
        for begun in [
            Vec::new(),
            raw(
                "200 OK",
                &[("Content-Length", "9"), ("ETag", "\"1\"")],
                b"half",
            ),
        ] {
            let (asked, is_asked) = mpsc::channel();
            let server = Server::start(move |_| {
                asked.send(()).unwrap();
                Answer::ThenSilence(begun.clone())
            });
            let mut scene = Scene::new();
            let runtime = scene.runtime.take().unwrap();
            let (ended, is_ended) = mpsc::channel();
            let request = Request::get(&server.origin);
            let files = thread::spawn(move || {
                ended.send(call(&scene, &request)).unwrap();
                scene.files()
            });
            is_asked.recv_timeout(HANGS).unwrap();
            runtime.shutdown_background();
            let outcome = is_ended.recv_timeout(HANGS).unwrap();
            assert_eq!(outcome.unwrap_err().kind, ErrorKind::Cancelled, "{name}");
            assert_eq!(files.join().unwrap(), [""; 0], "{name}");
        }
    }
}

#[test]
fn a_call_after_the_end_of_the_runtime_is_cancelled() {
    let server = Server::start(|_| crate::server::ok(b""));
    for (name, call) in CALLS {
        let mut scene = Scene::new();
        drop(scene.runtime.take());
        let outcome = call(&scene, &Request::get(&server.origin));
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::Cancelled, "{name}");
    }
    assert_eq!(server.heard().len(), 0);
}

#[test]
fn a_runtime_that_waits_for_its_blocking_calls_does_not_wait_for_ever() {
    let (asked, is_asked) = mpsc::channel();
    let server = Server::start(move |_| {
        asked.send(()).unwrap();
        Answer::ThenSilence(Vec::new())
    });
    let mut scene = Scene::new();
    let runtime = scene.runtime.take().unwrap();
    let (host, request) = (scene.host.clone(), Request::get(&server.origin));
    // As the engine makes it: on a blocking thread of the very runtime it waits for.
    let call = runtime.spawn_blocking(move || host.http_send(&request).map(drop));
    is_asked.recv_timeout(HANGS).unwrap();
    let (dropped, is_dropped) = mpsc::channel();
    thread::spawn(move || {
        drop(runtime);
        dropped.send(()).unwrap();
    });
    is_dropped.recv_timeout(HANGS).unwrap();
    assert!(call.is_finished());
}
