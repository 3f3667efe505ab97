//! What a cancel takes back in Lidarr, and what it leaves alone.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use musicdl_lidarr::LidarrSource;
use musicdl_plugin_api::testing::{Answer, ProgressRecord, TestHost};
use musicdl_plugin_api::{ErrorKind, Source};

use crate::support::{FIRST, Item, Lidarr, Life, SECOND, Step, fetch};

const DOWNLOADS: &str = "Lidarr downloads, 30 %";
const SEARCHES: &str = "Lidarr searches its indexers";

/// A Lidarr whose downloads never end.
fn endless() -> Lidarr {
    Lidarr::with(|state| {
        state.life = Life(vec![Step::downloading(70)]);
        state.scan_looks = 0;
    })
}

/// A download of somebody else's.
fn theirs(id: i64, album: i64, step: Step) -> Item {
    Item {
        id,
        album,
        release: "THEIRS".to_owned(),
        age: 0,
        life: Life(vec![step]),
    }
}

/// Fetches the first album and cancels once it says that it is at `state`.
fn cancelled_at(source: &LidarrSource, state: &str) {
    let cancels = || source.cancel_raw(FIRST).expect("nobody has to be told");
    let (dir, record) = (
        tempfile::tempdir().expect("a directory can be made"),
        ProgressRecord::new(),
    );
    thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(source, FIRST, dir.path(), &record));
        while !record.states().iter().any(|told| told == state) {
            assert!(!fetching.is_finished(), "{:?}", record.states());
            thread::yield_now();
        }
        let asked = Instant::now();
        record.cancel();
        assert!(cancels());
        let error = fetching
            .join()
            .expect("no panic")
            .expect_err("it was cancelled");
        assert_eq!(error.kind, ErrorKind::Cancelled, "{error}");
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}",
            asked.elapsed()
        );
    });
    assert!(!cancels(), "nothing runs any more");
}

#[test]
fn our_download_leaves_the_queue_and_its_client_and_nothing_is_monitored() {
    let (lidarr, kit) = (endless(), TestHost::new());
    {
        let mut state = lidarr.state();
        state.own(SECOND, 2);
        let blocked = Step::Shown("completed", "warning", "importBlocked", 0, "");
        // Of another album, and of ours from before us.
        state.queue.push(theirs(5, 42, Step::downloading(50)));
        state.queue.push(theirs(6, 43, blocked));
    }
    cancelled_at(&lidarr.source(&kit, &[]), DOWNLOADS);

    let removal = &lidarr.asked("DELETE", "queue/")[0];
    for (name, value) in [
        ("removeFromClient", "true"),
        ("blocklist", "false"),
        ("skipRedownload", "true"),
    ] {
        assert_eq!(removal.param(name).as_deref(), Some(value), "{name}");
    }
    let state = lidarr.state();
    let left: Vec<i64> = state.queue.iter().map(|item| item.id).collect();
    assert_eq!(left, [5, 6]);
    assert_eq!(state.removed, ["download 1912347"]);
    let monitored: Vec<_> = state
        .library
        .iter()
        .map(|entry| (entry.mbid, entry.monitored))
        .collect();
    assert_eq!(monitored, [(SECOND, false), (FIRST, false)]);
    assert_eq!(kit.stored("grabs"), None, "nothing is left to do");
}

#[test]
fn an_album_that_was_there_before_stays_as_it_was() {
    for monitored in [true, false] {
        let (lidarr, kit) = (endless(), TestHost::new());
        lidarr.state().own(FIRST, 1);
        lidarr.state().library[0].monitored = monitored;
        cancelled_at(&lidarr.source(&kit, &[("cleanup", "true")]), DOWNLOADS);
        let state = lidarr.state();
        assert_eq!(state.library[0].monitored, monitored);
        assert_eq!(state.removed, ["download 1912345"]);
        assert_eq!(state.library[0].files.len(), 1);
        assert!(state.artists[0].monitored);
    }
}

#[test]
fn a_download_that_ran_before_us_goes_on() {
    let (lidarr, kit) = (endless(), TestHost::new());
    {
        let mut state = lidarr.state();
        let album = state.own(FIRST, 0);
        state.queue.push(theirs(5, album, Step::downloading(70)));
    }
    cancelled_at(&lidarr.source(&kit, &[]), DOWNLOADS);
    assert_eq!(lidarr.state().queue.len(), 1);
    assert!(
        lidarr
            .requests()
            .iter()
            .all(|request| request.method == "GET")
    );
}

#[test]
fn with_cancel_removes_off_lidarr_goes_on_with_the_download() {
    let (lidarr, kit) = (endless(), TestHost::new());
    cancelled_at(
        &lidarr.source(&kit, &[("cancel_removes", "false")]),
        DOWNLOADS,
    );
    assert_eq!(lidarr.state().queue.len(), 1);
    assert_eq!(lidarr.state().removed, [""; 0]);
}

#[test]
fn with_cleanup_the_album_leaves_the_library_and_an_artist_of_no_use_with_it() {
    for (other_files, artist_leaves) in [(None, true), (Some(0), true), (Some(1), false)] {
        let (lidarr, kit) = (endless(), TestHost::new());
        let source = lidarr.source(&kit, &[("cleanup", "true")]);
        let (dir, record) = (tempfile::tempdir().unwrap(), ProgressRecord::new());
        thread::scope(|scope| {
            let fetching = scope.spawn(|| fetch(&source, FIRST, dir.path(), &record));
            while !record.states().iter().any(|told| told == DOWNLOADS) {
                thread::yield_now();
            }
            // Lidarr's user gets to like the artist meanwhile.
            if let Some(files) = other_files {
                lidarr.state().own(SECOND, files);
            }
            record.cancel();
            fetching.join().unwrap().unwrap_err();
        });
        let state = lidarr.state();
        let expected: &[&str] = if artist_leaves {
            &["download 1912345", "album 42", "artist 7"]
        } else {
            &["download 1912345", "album 42"]
        };
        assert_eq!(state.removed, expected);
    }
}

#[test]
fn an_artist_that_was_there_before_stays_even_of_no_use() {
    let (lidarr, kit) = (endless(), TestHost::new());
    {
        let mut state = lidarr.state();
        state.own(SECOND, 0);
        state.library.clear();
    }
    cancelled_at(&lidarr.source(&kit, &[("cleanup", "true")]), DOWNLOADS);
    let state = lidarr.state();
    assert_eq!(state.removed, ["download 1912345", "album 42"]);
    assert_eq!(state.artists.len(), 1);
}

#[test]
fn with_cleanup_the_album_leaves_the_library_after_it_came_and_the_files_stay() {
    let (lidarr, kit) = (Lidarr::new(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();
    let source = lidarr.source(&kit, &[("cleanup", "true")]);
    let files = fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap();
    assert_eq!(files.files.len(), 3);
    assert_eq!(lidarr.state().removed, ["album 42", "artist 7"]);
    let removal = &lidarr.asked("DELETE", "album/")[0];
    assert_eq!(removal.param("deleteFiles").as_deref(), Some("false"));
    let theirs = lidarr.music().join("Ann Example/42");
    assert_eq!(std::fs::read_dir(theirs).unwrap().count(), 3);
}

#[test]
fn a_search_that_waits_is_taken_back() {
    let (lidarr, kit) = (endless(), TestHost::new());
    // Not one look, so that it counts as waiting.
    let busy = r#"{"id":311,"status":"queued"}"#;
    lidarr.always_fails("GET", "command", Answer::json(busy));
    cancelled_at(&lidarr.source(&kit, &[]), SEARCHES);
    assert_eq!(lidarr.state().removed, ["command 311"]);
}

#[test]
fn what_a_running_search_grabs_after_the_cancel_is_taken_back_at_the_next_call() {
    let (lidarr, kit) = (endless(), TestHost::new());
    lidarr.state().search_looks = u32::MAX;
    cancelled_at(&lidarr.source(&kit, &[]), SEARCHES);
    assert_eq!(lidarr.state().removed, [""; 0]);
    assert!(
        kit.stored("grabs").is_some(),
        "it is known that something may come"
    );

    lidarr.state().grab(42);
    // Another run, which knows it from the host's store alone.
    lidarr.source(&kit, &[]).check_connection().unwrap();
    assert_eq!(lidarr.state().removed, ["download 1912345"]);
    assert_eq!(kit.stored("grabs"), None);
}

#[test]
fn a_lidarr_that_does_not_answer_to_a_cancel_is_told_at_the_next_call() {
    let (lidarr, kit) = (endless(), TestHost::new());
    lidarr.fails("DELETE", "queue", vec![Answer::status(502)]);
    lidarr.fails("PUT", "album/monitor", vec![Answer::reset()]);
    let source = lidarr.source(&kit, &[]);
    cancelled_at(&source, DOWNLOADS);
    assert_eq!(lidarr.state().queue.len(), 1);
    let log = kit.log();
    let told = log
        .iter()
        .filter(|line| line.message.contains("could not be taken back"));
    assert_eq!(told.count(), 2, "{log:?}");

    lidarr.source(&kit, &[]).check_connection().unwrap();
    assert_eq!(lidarr.state().removed, ["download 1912345"]);
    assert!(!lidarr.state().library[0].monitored);
}

#[test]
fn what_a_killed_run_began_is_gone_on_with_and_still_ours() {
    let (lidarr, kit) = (endless(), TestHost::new());
    let dir = tempfile::tempdir().unwrap();
    let source = lidarr.source(&kit, &[("step_timeout", "50ms")]);
    let record = ProgressRecord::new();
    thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(&source, FIRST, dir.path(), &record));
        while !record.states().iter().any(|told| told == DOWNLOADS) {
            thread::yield_now();
        }
        // As with a run that dies, nothing is taken back.
        lidarr.always_fails("GET", "queue/details", Answer::status(502));
        let error = fetching.join().unwrap().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{error}");
    });
    assert_eq!(lidarr.state().removed, [""; 0]);
    lidarr.recovers();

    cancelled_at(&lidarr.source(&kit, &[]), DOWNLOADS);
    assert_eq!(
        lidarr.asked("POST", "command").len(),
        1,
        "not searched for again"
    );
    assert_eq!(lidarr.state().removed, ["download 1912345"]);
    assert!(!lidarr.state().library[0].monitored);
}
