//! What goes in on one side comes out on the other.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use musicdl_plugin_api::{
    Download, DownloadRequest, ErrorKind, Hit, Progress, Query, Settings, extra_value,
};

use super::{built, load, source};
use crate::desk::{Desk, Listener, Mood, Said};
use crate::{full, host, setting};

/// What the plugin saw, in its own words.
fn said<'a>(hit: &'a Hit, key: &str) -> &'a str {
    extra_value(&hit.extra, key).unwrap()
}

fn request(target_id: &str, dest: &tempfile::TempDir) -> DownloadRequest {
    DownloadRequest {
        target_id: target_id.to_owned(),
        dest_dir: dest.path().to_owned(),
        ..full::request(dest.path())
    }
}

fn listener() -> (Arc<Listener>, Progress, std::sync::mpsc::Receiver<Said>) {
    let (listener, heard) = Listener::new();
    let listener = Arc::new(listener);
    (listener.clone(), Progress::new(listener), heard)
}

#[test]
fn a_declaration_arrives_whole() {
    let library = load(&built("echo")).unwrap();
    assert_eq!(library.declaration, full::declaration());
    assert_eq!(library.version.to_string(), full::declaration().version);
}

#[test]
fn settings_a_query_and_hits_arrive_whole() {
    let pairs = [("paths", vec!["/a", "", "b ä"]), ("none", vec![])];
    let settings = Settings::from_pairs(pairs);
    let (echo, _) = source("echo", settings.clone());

    let hits = echo.search_raw(&full::query()).unwrap();
    assert_eq!(hits[0], full::hit());
    assert_eq!(said(&hits[1], "query"), format!("{:?}", full::query()));
    let expected = format!("{:?}", settings.iter().collect::<Vec<_>>());
    assert_eq!(said(&hits[1], "settings"), expected);
}

#[test]
fn a_request_and_files_arrive_whole_whatever_their_paths_are() {
    let (echo, _) = source("echo", Settings::default());
    let request = full::request("/music".as_ref());
    let Download::Files(mut files) = echo.download_raw(&request, &Progress::ignored()).unwrap()
    else {
        panic!("echo answers files");
    };
    let (_, seen) = files.extra.pop().unwrap();
    assert_eq!(seen, format!("{request:?}"));
    assert_eq!(files, full::files());
}

#[test]
fn a_connection_and_the_answer_to_a_cancel_arrive_whole() {
    let (echo, _) = source("echo", setting("paths", "/music"));
    assert!(echo.is_configured());
    assert_eq!(echo.check_connection().unwrap(), full::connection());
    assert_eq!(echo.cancel_raw("running ünd gone"), Ok(true));
    assert_eq!(echo.cancel_raw("else"), Ok(false));
}

#[test]
fn an_error_of_every_kind_arrives_whole() {
    let (echo, _) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    for kind in ErrorKind::ALL {
        let request = request(&kind.code().to_string(), &dest);
        let answer = echo.download_raw(&request, &Progress::ignored());
        assert_eq!(answer, Err(full::error(kind)));
    }
    let library = load(&built("echo")).unwrap();
    let refused = library.create(setting("voice", "none"), Arc::new(Desk::default()));
    assert_eq!(refused.err(), Some(full::error(ErrorKind::NotConfigured)));
}

#[test]
fn a_followed_download_is_heard_of_after_its_call_is_over() {
    let (echo, _) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    let (listener, progress, heard) = listener();
    let answer = echo.download_raw(&request("follow", &dest), &progress);
    assert_eq!(answer, Ok(Download::Following));

    // The plugin's thread has the last handle: when it lets go, nothing more can be said.
    // The source stays, for with it a process of its own would end.
    drop((progress, listener));
    let expected = [
        Said::State("queued, 3 before us".to_owned()),
        Said::Bytes(1, None),
        Said::Bytes(2, Some(3)),
        Said::Failed(full::error(ErrorKind::RateLimited)),
    ];
    // It says another end after this one, of which nobody needs to hear.
    let heard: Vec<Said> = heard.iter().collect();
    assert_eq!(heard[..expected.len()], expected);
    drop(echo);
}

#[test]
fn a_cancel_reaches_a_download_that_runs() {
    let (echo, _) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    let (listener, progress, heard) = listener();
    let running = thread::spawn(move || echo.download_raw(&request("wait", &dest), &progress));
    let waiting = Said::State("waiting to be cancelled".to_owned());
    assert_eq!(heard.recv().unwrap(), waiting);
    listener.cancelled.store(true, Ordering::SeqCst);
    let error = running.join().unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
}

#[test]
fn a_source_serves_many_threads_at_once() {
    let (echo, _) = source("echo", Settings::default());
    thread::scope(|scope| {
        for number in 0..8 {
            let echo = &echo;
            scope.spawn(move || {
                let asked = Query {
                    limit: number,
                    ..full::query()
                };
                for _ in 0..100 {
                    let hits = echo.search_raw(&asked).unwrap();
                    assert_eq!(said(&hits[1], "query"), format!("{asked:?}"));
                }
            });
        }
    });
}

#[test]
fn every_service_of_the_host_answers_as_it_would_without_a_boundary() {
    let (echo, desk) = source("echo", Settings::default());
    let asked = Query {
        text: "host".to_owned(),
        ..Query::default()
    };
    let hit = &echo.search_raw(&asked).unwrap()[0];
    let direct = host(&desk);
    for (key, expected) in [
        ("kept", r#"Some("se\0cret")"#.to_owned()),
        ("gone", "None".to_owned()),
        ("response", format!("{:?}", full::response())),
        ("now", format!("{:?}", direct.now())),
        ("temp_dir", format!("{:?}", direct.temp_dir().unwrap())),
    ] {
        assert_eq!(said(hit, key), expected, "{key}");
    }
    let line = r#"2 a line [("track", "7"), ("peer", "ann")]"#;
    assert_eq!(*desk.lines.lock().unwrap(), [line]);
    let requests = desk.requests.lock().unwrap();
    assert_eq!(*requests, [(full::http_request(), None)]);
}

#[test]
fn a_body_is_saved_where_the_plugin_says_and_its_progress_comes_home() {
    let (echo, desk) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    let (_listener, progress, heard) = listener();
    let answer = echo.download_raw(&request("save", &dest), &progress);
    let Ok(Download::Files(files)) = answer else {
        panic!("{answer:?}");
    };
    let path = full::odd_path(dest.path());
    assert_eq!(files.files[0].path, path);
    let saved = extra_value(&files.files[0].extra, "saved");
    assert_eq!(saved, Some(format!("{:?}", full::saved()).as_str()));
    let requests = desk.requests.lock().unwrap();
    assert_eq!(*requests, [(full::http_request(), Some(path))]);
    assert_eq!(heard.try_recv().unwrap(), Said::Bytes(5, Some(6)));
}

#[test]
fn a_cancel_reaches_the_service_a_download_waits_for() {
    let (echo, _) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    let (listener, progress, _heard) = listener();
    listener.cancelled.store(true, Ordering::SeqCst);
    let error = echo
        .download_raw(&request("save", &dest), &progress)
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Cancelled);
}

#[test]
fn a_body_is_read_in_chunks_to_its_end() {
    let (echo, _) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    echo.download_raw(&request("stream", &dest), &Progress::ignored())
        .unwrap();
    let mut expected = format!("{:?}", full::head()).into_bytes();
    expected.extend([2, 1]);
    assert_eq!(fs::read(dest.path().join("stream")).unwrap(), expected);
}

#[test]
fn an_error_of_a_service_reaches_the_plugin_and_comes_back_unchanged() {
    for kind in ErrorKind::ALL {
        let (echo, desk) = source("echo", Settings::default());
        *desk.mood.lock().unwrap() = Mood::Refusing(kind);
        let dest = tempfile::tempdir().unwrap();
        for target in ["save", "stream"] {
            let answer = echo.download_raw(&request(target, &dest), &Progress::ignored());
            assert_eq!(answer, Err(full::error(kind)), "{target}");
        }
    }
}
