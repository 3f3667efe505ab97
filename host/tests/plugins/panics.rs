//! A panic on either side is an error on the other, and nobody dies.

use std::sync::Arc;

use musicdl_plugin_api::{
    DownloadRequest, ErrorKind, Files, Progress, ProgressSink, Query, Settings, Source, SourceError,
};

use super::source;
use crate::desk::Mood;
use crate::{full, setting};

type Call = fn(&dyn Source) -> Result<(), SourceError>;

const CALLS: [(&str, Call); 4] = [
    ("check_connection", |s| s.check_connection().map(drop)),
    ("search_raw", |s| s.search_raw(&Query::default()).map(drop)),
    ("download_raw", |s| {
        let request = DownloadRequest::default();
        s.download_raw(&request, &Progress::ignored()).map(drop)
    }),
    ("cancel_raw", |s| s.cancel_raw("1").map(drop)),
];

/// Where rogue panics; the line is its own business.
const PLACE: &str = "rogue/src/lib.rs:";

#[test]
fn a_panic_in_a_call_is_an_internal_error_with_its_words_and_place() {
    for (name, call) in CALLS {
        let (rogue, _) = source("rogue", setting("panic", name));
        for (other, call) in CALLS {
            let panicked = call(&*rogue).is_err_and(|e| e.kind == ErrorKind::Internal);
            assert_eq!(panicked, other == name, "{other} while {name} panics");
        }
        let error = call(&*rogue).unwrap_err();
        let said = &error.message;
        assert!(
            said.starts_with(&format!("`{name}` panicked at ")),
            "{said}"
        );
        assert!(said.contains(PLACE), "{said}");
        assert!(said.ends_with(&format!("rogue in {name}")), "{said}");
    }
}

#[test]
fn a_source_that_panics_when_asked_for_its_settings_is_not_configured_and_the_log_says_why() {
    let (rogue, desk) = source("rogue", setting("panic", "is_configured"));
    assert!(!rogue.is_configured());
    let lines = desk.lines.lock().unwrap();
    assert!(
        lines[0].starts_with("1 `is_configured` panicked at "),
        "{lines:?}"
    );
    assert!(lines[0].contains(PLACE), "{lines:?}");
}

#[test]
fn a_panic_at_the_end_of_a_source_is_logged() {
    let (rogue, desk) = source("rogue", setting("panic", "drop"));
    drop(rogue);
    let lines = desk.lines.lock().unwrap();
    assert!(lines[0].starts_with("1 `drop` panicked at "), "{lines:?}");
}

#[test]
fn a_panic_in_a_thread_of_the_plugin_costs_that_thread() {
    let (rogue, _) = source("rogue", setting("panic", "thread"));
    let answer = rogue.download_raw(&DownloadRequest::default(), &Progress::ignored());
    assert_eq!(answer.unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn a_panic_of_the_host_is_an_error_to_the_plugin() {
    let (echo, desk) = source("echo", Settings::default());
    *desk.mood.lock().unwrap() = Mood::Panicking;
    let dest = tempfile::tempdir().unwrap();
    for (target_id, service) in [("save", "http_save"), ("stream", "http_open")] {
        let request = DownloadRequest {
            target_id: target_id.to_owned(),
            dest_dir: dest.path().to_owned(),
            ..full::request(dest.path())
        };
        let answer = echo.download_raw(&request, &Progress::ignored());
        let error = answer.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        let said = error.message;
        assert!(said.starts_with(&format!("`{service}` panicked")), "{said}");
        assert!(said.ends_with("the desk is on fire"), "{said}");
    }
    // A log has nobody to tell; the line before the panic is there and so are we.
    let asked = Query {
        text: "host".to_owned(),
        ..Query::default()
    };
    let error = echo.search_raw(&asked).unwrap_err();
    assert!(error.message.starts_with("`store_set` panicked"), "{error}");
    assert_eq!(desk.lines.lock().unwrap().len(), 1);
}

struct Unbearable;

impl ProgressSink for Unbearable {
    fn bytes(&self, _: u64, _: Option<u64>) {
        panic!("no bytes");
    }
    fn state(&self, _: &str) {
        panic!("no state");
    }
    fn finished(&self, _: Files) {
        panic!("no end");
    }
    fn failed(&self, _: SourceError) {
        panic!("no failure");
    }
    fn is_cancelled(&self) -> bool {
        panic!("no answer");
    }
}

#[test]
fn a_download_whose_listener_panics_is_cancelled() {
    let (echo, _) = source("echo", Settings::default());
    let dest = tempfile::tempdir().unwrap();
    let progress = Progress::new(Arc::new(Unbearable));
    for target_id in ["wait", "save"] {
        let request = DownloadRequest {
            target_id: target_id.to_owned(),
            dest_dir: dest.path().to_owned(),
            ..full::request(dest.path())
        };
        let error = echo.download_raw(&request, &progress).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled, "{target_id}");
    }
}
