//! `http_save`: a file, whole or not at all.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{ErrorKind, Progress, extra, extra_value};

use crate::server::{Answer, Heard, Server, ok, raw, whole};
use crate::zeros::zipped_zeros;
use crate::{HANGS, Listener, Scene};

fn song() -> Vec<u8> {
    (0..100_000_u32).map(|n| (n / 251) as u8).collect()
}

const TAG: (&str, &str) = ("ETag", "\"v1\"");
const DATE: (&str, &str) = ("Last-Modified", "Sat, 21 Nov 2026 10:00:00 GMT");

/// The song's head with its length, and the first `sent` bytes of its body.
fn cut_after(sent: usize, headers: &[(&str, &str)]) -> Answer {
    let length = song().len().to_string();
    let mut all = vec![("Content-Length", length.as_str()), ("X-Answer", "first")];
    all.extend(headers);
    Answer::Bytes(raw("200 OK", &all, &song()[..sent]))
}

/// The song from `from` on, as a 206.
fn rest(from: usize, headers: &[(&str, &str)]) -> Answer {
    let total = song().len();
    let range = format!("bytes {from}-{}/{total}", total - 1);
    let mut all = vec![("Content-Range", range.as_str())];
    all.extend(headers);
    whole("206 Partial Content", &all, &song()[from..])
}

/// Where a `Range: bytes=N-` begins.
fn asked_from(heard: &Heard) -> Option<usize> {
    let range = heard.header("range")?.strip_prefix("bytes=")?;
    range.strip_suffix('-')?.parse().ok()
}

#[test]
fn a_file_arrives_whole_under_its_name() {
    let server = Server::start(|_| ok(&song()));
    let scene = Scene::new();
    let listener = Listener::new();
    let request = Request::get(&server.origin);
    let saved = scene
        .host
        .http_save(&request, &scene.dest(), &listener.progress())
        .unwrap();
    assert_eq!(std::fs::read(scene.dest()).unwrap(), song());
    assert_eq!(
        (saved.head.status, saved.bytes, saved.body.len()),
        (200, 100_000, 0)
    );
    assert_eq!(scene.files(), ["song.flac"]);
    assert_eq!(
        server.heard()[0].header("accept-encoding"),
        Some("identity")
    );

    let reports = listener.reports();
    assert_eq!(reports.first(), Some(&(0, Some(100_000))));
    assert_eq!(reports.last(), Some(&(100_000, Some(100_000))));
}

#[test]
fn progress_is_thinned_out_to_ten_reports_a_second() {
    let chunk = [b"1000\r\n".as_slice(), &[7; 0x1000], b"\r\n"].concat();
    let body = [chunk.repeat(5000), b"0\r\n\r\n".to_vec()].concat();
    let server = Server::start(move |_| {
        Answer::Bytes(raw("200 OK", &[("Transfer-Encoding", "chunked")], &body))
    });
    let scene = Scene::new();
    let listener = Listener::new();
    let started = Instant::now();
    let request = Request::get(&server.origin);
    scene
        .host
        .http_save(&request, &scene.dest(), &listener.progress())
        .unwrap();
    let tenths = started.elapsed().as_millis() / 100;
    let reports = listener.reports();
    assert!(
        reports.len() as u128 <= tenths + 2,
        "{} in {tenths}",
        reports.len()
    );
    assert_eq!(reports.first(), Some(&(0, None)));
    let bytes = 5000 * 0x1000;
    assert_eq!(reports.last(), Some(&(bytes, Some(bytes))));
}

#[test]
fn a_refusal_is_reported_with_its_first_64_kibibytes_and_leaves_no_file() {
    let server = Server::start(|_| whole("404 Not Found", &[], &[b'x'; 100_000]));
    let scene = Scene::new();
    let request = Request::get(&server.origin);
    let saved = scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .unwrap();
    assert_eq!((saved.head.status, saved.bytes), (404, 0));
    assert_eq!(saved.body, [b'x'; 64 * 1024]);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_file_that_breaks_off_is_continued_where_it_did() {
    for (validator, sent_back) in [(TAG, TAG.1), (DATE, DATE.1)] {
        let server = Server::start(move |heard| match asked_from(heard) {
            None => cut_after(40_000, &[validator]),
            Some(from) => rest(from, &[validator]),
        });
        let scene = Scene::new();
        let request = Request::post_form(&server.origin, &[("p", "1")]);
        let saved = scene
            .host
            .http_save(&request, &scene.dest(), &Progress::ignored())
            .unwrap();
        assert_eq!(std::fs::read(scene.dest()).unwrap(), song());
        assert_eq!(saved.bytes, 100_000);
        assert_eq!(
            saved.head.header("x-answer"),
            Some("first"),
            "the head of the file"
        );
        let heard = server.heard();
        assert_eq!(heard.len(), 2);
        assert_eq!(asked_from(&heard[1]), Some(40_000));
        assert_eq!(heard[1].header("if-range"), Some(sent_back));
        assert_eq!(heard[1].body, b"p=1", "with the login in it");
    }
}

#[test]
fn a_rest_that_comes_in_pieces_is_put_together() {
    let server = Server::start(|heard| match asked_from(heard) {
        None => cut_after(40_000, &[TAG]),
        // Less than was asked for, which a server may do, each piece whole in itself.
        Some(40_000) => {
            let headers = [("Content-Range", "bytes 40000-59999/100000"), TAG];
            whole("206 Partial Content", &headers, &song()[40_000..60_000])
        }
        Some(from) => rest(from, &[TAG]),
    });
    let scene = Scene::new();
    let request = Request::get(&server.origin);
    scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .unwrap();
    assert!(std::fs::read(scene.dest()).unwrap() == song());
    assert_eq!(server.heard().len(), 3);
}

#[test]
fn a_file_is_continued_three_times_and_no_more() {
    let server = Server::start(|heard| {
        let from = asked_from(heard).unwrap_or(0);
        let total = song().len();
        let length = (total - from).to_string();
        let range = format!("bytes {from}-{}/{total}", total - 1);
        let headers = [
            ("Content-Length", length.as_str()),
            ("Content-Range", &range),
            TAG,
        ];
        let status = if from == 0 {
            "200 OK"
        } else {
            "206 Partial Content"
        };
        // A fifth at a time: whole with the fifth request, which is one too many.
        Answer::Bytes(raw(status, &headers, &song()[from..from + total / 5]))
    });
    let scene = Scene::new();
    let request = Request::get(&server.origin);
    let failed = scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Transient);
    assert_eq!(server.heard().len(), 4);
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_server_that_is_away_for_a_moment_costs_one_of_the_three() {
    let server = Server::start(|heard| match heard.number {
        0 => cut_after(40_000, &[TAG]),
        1 => Answer::Reset,
        _ => rest(asked_from(heard).unwrap(), &[TAG]),
    });
    let scene = Scene::new();
    let request = Request::get(&server.origin);
    scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .unwrap();
    assert_eq!(std::fs::read(scene.dest()).unwrap(), song());
    assert_eq!(server.heard().len(), 3);
}

#[test]
fn a_rest_that_does_not_fit_starts_the_file_again() {
    type Second = fn(&Heard) -> Answer;
    let cases: [(&str, Second); 5] = [
        ("it changed, so all of it is sent", |_| {
            whole("200 OK", &[("ETag", "\"v2\"")], &song())
        }),
        ("it changed, and the rest of the new one is sent", |heard| {
            rest(asked_from(heard).unwrap(), &[("ETag", "\"v2\"")])
        }),
        ("the rest begins elsewhere", |_| rest(39_999, &[TAG])),
        ("the range is refused", |_| {
            whole("416 Range Not Satisfiable", &[], b"")
        }),
        ("the condition is refused", |_| {
            whole("412 Precondition Failed", &[], b"")
        }),
    ];
    for (case, second) in cases {
        let server = Server::start(move |heard| match heard.number {
            // Other bytes than the song's, so that a wrongly kept beginning shows.
            0 => {
                let headers = [("Content-Length", "100000"), TAG];
                Answer::Bytes(raw("200 OK", &headers, &[b'!'; 40_000]))
            }
            1 => second(heard),
            _ => ok(&song()),
        });
        let scene = Scene::new();
        let request = Request::get(&server.origin);
        let saved = scene
            .host
            .http_save(&request, &scene.dest(), &Progress::ignored())
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(saved.bytes, 100_000, "{case}");
        assert!(std::fs::read(scene.dest()).unwrap() == song(), "{case}");
        let heard = server.heard();
        assert!(heard.len() <= 3, "{case}");
        if let Some(third) = heard.get(2) {
            assert_eq!(third.header("range"), None, "{case}");
        }
    }
}

#[test]
fn a_refusal_of_the_rest_is_reported_and_leaves_no_file() {
    let server = Server::start(|heard| match heard.number {
        0 => cut_after(40_000, &[TAG]),
        _ => whole("403 Forbidden", &[], b"link expired"),
    });
    let scene = Scene::new();
    let request = Request::get(&server.origin);
    let saved = scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .unwrap();
    assert_eq!((saved.head.status, saved.bytes), (403, 0));
    assert_eq!(saved.body, b"link expired");
    assert_eq!(scene.files(), [""; 0]);
}

#[test]
fn a_body_that_cannot_be_continued_safely_is_a_temporary_failure() {
    type First = fn() -> Answer;
    let cases: [(&str, First); 4] = [
        ("no validator", || cut_after(40_000, &[])),
        ("a weak validator", || {
            cut_after(40_000, &[("ETag", "W/\"v1\"")])
        }),
        ("no length", || {
            let headers = [("Transfer-Encoding", "chunked"), TAG];
            Answer::Bytes(raw("200 OK", &headers, b"4\r\nhalf\r\n"))
        }),
        ("compressed though not asked for", || {
            let gzip = zipped_zeros(1);
            let length = gzip.len().to_string();
            let headers = [
                ("Content-Encoding", "gzip"),
                ("Content-Length", length.as_str()),
                TAG,
            ];
            Answer::Bytes(raw("200 OK", &headers, &gzip[..500]))
        }),
    ];
    for (case, first) in cases {
        let server = Server::start(move |_| first());
        let scene = Scene::new();
        let request = Request::get(&server.origin);
        let failed = scene
            .host
            .http_save(&request, &scene.dest(), &Progress::ignored())
            .unwrap_err();
        assert_eq!(failed.kind, ErrorKind::Transient, "{case}: {failed}");
        assert_eq!(server.heard().len(), 1, "{case}");
        assert_eq!(scene.files(), [""; 0], "{case}");
    }
}

#[test]
fn a_part_is_taken_for_the_whole_only_if_the_plugin_asked_for_it_or_it_is_all() {
    let part = |from: usize| {
        let server = Server::start(move |_| rest(from, &[TAG]));
        let scene = Scene::new();
        let save = |request: Request| {
            scene
                .host
                .http_save(&request, &scene.dest(), &Progress::ignored())
                .map(|saved| saved.bytes)
                .map_err(|failed| failed.kind)
        };
        let unasked = save(Request::get(&server.origin));
        let asked = save(Request::get(&server.origin).header("Range", "bytes=0-"));
        (unasked, asked)
    };
    assert_eq!(part(0), (Ok(100_000), Ok(100_000)));
    assert_eq!(part(60_000), (Err(ErrorKind::Transient), Ok(40_000)));
}

#[test]
fn a_cancelled_download_stops_soon_and_leaves_nothing() {
    type Case = fn() -> Answer;
    let cases: [(&str, Case); 3] = [
        ("before the head", || Answer::ThenSilence(Vec::new())),
        ("in the body", || {
            let headers = [("Content-Length", "9"), TAG];
            Answer::ThenSilence(raw("200 OK", &headers, b"half"))
        }),
        ("while bytes come", || {
            let head = raw("200 OK", &[("Content-Length", "999999999")], b"");
            Answer::ThenTrickle(head, Duration::from_millis(1))
        }),
    ];
    for (case, answer) in cases {
        let server = Server::start(move |_| answer());
        let scene = Scene::new();
        let looks = AtomicUsize::new(0);
        let listener = Listener::cancelling(move |_| looks.fetch_add(1, Ordering::SeqCst) >= 4);
        let request = Request::get(&server.origin);
        let started = Instant::now();
        let stopped = scene
            .host
            .http_save(&request, &scene.dest(), &listener.progress())
            .unwrap_err();
        assert_eq!(stopped.kind, ErrorKind::Cancelled, "{case}");
        assert!(started.elapsed() < HANGS, "{case}");
        assert_eq!(scene.files(), [""; 0], "{case}");
        assert_eq!(server.heard().len(), 1, "{case}");
    }
}

#[test]
fn a_waiting_download_looks_at_least_four_times_a_second_whether_it_is_cancelled() {
    let server = Server::start(|_| Answer::ThenSilence(Vec::new()));
    let scene = Scene::new();
    let looks = Arc::new(Mutex::new(Vec::new()));
    let listener = Listener::cancelling({
        let looks = Arc::clone(&looks);
        move |_| {
            let mut looks = looks.lock().unwrap();
            looks.push(Instant::now());
            looks.len() == 8
        }
    });
    let request = Request::get(&server.origin);
    let stopped = scene
        .host
        .http_save(&request, &scene.dest(), &listener.progress());
    assert_eq!(stopped.unwrap_err().kind, ErrorKind::Cancelled);
    let looks = looks.lock().unwrap();
    let mut pauses: Vec<_> = looks.windows(2).map(|two| two[1] - two[0]).collect();
    // The median, because a busy machine may hold up single ones.
    pauses.sort();
    assert!(pauses[3] < Duration::from_millis(250), "{pauses:?}");
}

#[test]
fn a_download_cancelled_before_it_began_touches_neither_network_nor_disk() {
    let server = Server::start(|_| ok(b""));
    let scene = Scene::new();
    let listener = Listener::cancelling(|_| true);
    let request = Request::get(&server.origin);
    let dest = scene.dir.path().join("gone/song.flac");
    let stopped = scene
        .host
        .http_save(&request, &dest, &listener.progress())
        .unwrap_err();
    assert_eq!(stopped.kind, ErrorKind::Cancelled);
    assert_eq!(server.heard().len(), 0);
}

#[test]
fn a_disk_that_says_no_is_named_with_its_path_and_cause() {
    let server = Server::start(|_| ok(b"song"));
    let scene = Scene::new();
    let dest = scene.dir.path().join("gone/song.flac");
    let request = Request::get(&server.origin);
    let failed = scene
        .host
        .http_save(&request, &dest, &Progress::ignored())
        .unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Internal);
    assert!(failed.message.contains("gone/song.flac.part"), "{failed}");
    assert_eq!(
        extra_value(&failed.extra, extra::IO_ERROR),
        Some("NotFound")
    );
}

#[test]
fn a_left_over_of_an_earlier_run_does_no_harm() {
    let server = Server::start(|_| ok(b"new"));
    let scene = Scene::new();
    std::fs::write(scene.dir.path().join("song.flac.part"), "older and longer").unwrap();
    let request = Request::get(&server.origin);
    let started = Instant::now();
    scene
        .host
        .http_save(&request, &scene.dest(), &Progress::ignored())
        .unwrap();
    assert!(started.elapsed() < HANGS);
    assert_eq!(std::fs::read(scene.dest()).unwrap(), b"new");
    assert_eq!(scene.files(), ["song.flac"]);
}
