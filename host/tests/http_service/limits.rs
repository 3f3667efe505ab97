//! Limits in time: a server that lets us wait is left.

use std::time::{Duration, Instant};

use musicdl::plugin::services::{NetOptions, SlowLimit};
use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{ErrorKind, Progress};

use crate::server::{Answer, Server, raw};
use crate::{HANGS, SOON, Scene};

fn begun() -> Vec<u8> {
    raw("200 OK", &[("Content-Length", "1000000")], b"begun")
}

#[test]
fn the_limits_of_users_are_those_promised() {
    let NetOptions {
        connect,
        first_byte,
        stall,
        slow,
        ..
    } = NetOptions::default();
    let seconds = [connect, first_byte, stall, slow.over].map(|limit| limit.as_secs());
    assert_eq!(seconds, [10, 30, 60, 120]);
    assert_eq!(slow.bytes_per_second, 1024);
}

/// What becomes of each of the three calls at a server that lets them wait.
fn each_call_gives_up(
    change: fn(&mut NetOptions),
    timeout: Option<Duration>,
    answer: fn() -> Answer,
    says: &str,
) {
    let server = Server::start(move |_| answer());
    let scene = Scene::with(change);
    let request = Request {
        timeout,
        ..Request::get(format!("{}/?p=hunter2", server.origin))
    };
    let started = Instant::now();
    let sent = scene.host.http_send(&request).map(drop);
    let saved = scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .map(drop);
    let opened = scene.host.http_open(&request).and_then(|mut body| {
        while body.chunk()?.is_some() {}
        Ok(())
    });
    for (call, outcome) in [("send", sent), ("save", saved), ("open", opened)] {
        let failed = outcome.unwrap_err();
        assert_eq!(failed.kind, ErrorKind::Transient, "{call}: {failed}");
        assert!(failed.message.contains(says), "{call}: {failed}");
        assert!(failed.message.contains("127.0.0.1:"), "{call}: {failed}");
        assert!(!failed.message.contains("hunter2"), "{call}: {failed}");
    }
    assert!(started.elapsed() < HANGS);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_server_that_does_not_answer_is_left_after_the_first_byte_limit() {
    each_call_gives_up(
        |options| options.first_byte = SOON,
        None,
        || Answer::ThenSilence(Vec::new()),
        "no answer",
    );
}

#[test]
fn a_request_with_a_time_of_its_own_is_waited_for_as_long_as_that() {
    let server = Server::start(|_| {
        let late = || std::thread::sleep(SOON * 3);
        Answer::InTwo(Vec::new(), Box::new(late), raw("200 OK", &[], b"late"))
    });
    let scene = Scene::with(|options| options.first_byte = SOON);
    let request = Request::get(&server.origin);
    let failed = scene.host.http_send(&request).unwrap_err();
    assert!(failed.message.contains("no answer"), "{failed}");
    let answered = scene.host.http_send(&request.timeout(HANGS)).unwrap();
    assert_eq!(answered.body, b"late");
}

#[test]
fn a_head_that_never_ends_counts_as_no_answer() {
    each_call_gives_up(
        |options| options.first_byte = SOON,
        None,
        || {
            Answer::ThenTrickle(
                b"HTTP/1.1 200 OK\r\nX: ".to_vec(),
                Duration::from_millis(10),
            )
        },
        "no answer",
    );
}

#[test]
fn a_body_that_stops_is_left_after_the_stall_limit() {
    each_call_gives_up(
        |options| options.stall = SOON,
        None,
        || Answer::ThenSilence(begun()),
        "sent nothing",
    );
}

#[test]
fn a_body_that_trickles_is_left_after_the_slow_limit() {
    each_call_gives_up(
        |options| {
            options.slow = SlowLimit {
                bytes_per_second: 1024,
                over: SOON,
            };
        },
        None,
        || Answer::ThenTrickle(begun(), Duration::from_millis(10)),
        "1024 bytes a second",
    );
}

#[test]
fn the_time_of_a_request_is_for_all_of_it() {
    each_call_gives_up(
        |_| {},
        Some(SOON),
        || Answer::ThenTrickle(begun(), Duration::from_millis(10)),
        "time of the request",
    );
    each_call_gives_up(
        |_| {},
        Some(SOON),
        || Answer::ThenSilence(Vec::new()),
        "time of the request",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_does_not_take_the_connection_is_left_after_the_connect_limit() {
    // Linux drops connection requests while the queue of a listener is full. This one never
    // accepts, and those who fill it stay until the end.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut fillers = Vec::new();
    while let Ok(filler) = std::net::TcpStream::connect_timeout(&address, SOON) {
        fillers.push(filler);
        assert!(fillers.len() < 10_000, "the queue does not fill");
    }
    let scene = Scene::with(|options| options.connect = SOON);
    let request = Request::get(format!("http://{address}/"));
    let failed = scene.host.http_send(&request).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Transient);
    assert!(
        failed.message.starts_with("cannot connect to 127.0.0.1:"),
        "{failed}"
    );
}
