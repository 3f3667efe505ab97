//! What goes wrong at a Lidarr, fault by fault, and what the host is told.

mod support;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use musicdl_lidarr::LidarrSource;
use musicdl_plugin_api::http::{Body, Request, Response, Saved};
use musicdl_plugin_api::testing::{Answer, ProgressRecord, TestHost};
use musicdl_plugin_api::{
    ErrorKind, Files, Host, HostServices, LogLevel, Plugin, Progress, Query, Source, SourceError,
    TargetKind,
};
use serde_json::json;

use crate::support::{FIRST, Lidarr, Life, SECOND, Step, fetch, message, said};

fn query() -> Query {
    Query {
        kind: TargetKind::ALBUM,
        text: "First Album".to_owned(),
        limit: 10,
        ..Query::default()
    }
}

fn searched(lidarr: &Lidarr) -> SourceError {
    let source = lidarr.source(&TestHost::new(), &[]);
    source.search_raw(&query()).expect_err("the search fails")
}

fn checked(lidarr: &Lidarr, more: &[(&str, &str)]) -> SourceError {
    let source = lidarr.source(&TestHost::new(), more);
    source.check_connection().expect_err("the check fails")
}

fn fetched_with(lidarr: &Lidarr, more: &[(&str, &str)]) -> Result<Files, SourceError> {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let source = lidarr.source(&TestHost::new(), more);
    fetch(&source, FIRST, dir.path(), &ProgressRecord::new())
}

fn fetched(lidarr: &Lidarr) -> Result<Files, SourceError> {
    fetched_with(lidarr, &[])
}

/// Its albums have their tracks at once, so that a short wait is only that for a download.
fn with_life(life: Life) -> Lidarr {
    Lidarr::with(|state| {
        state.life = life;
        state.scan_looks = 0;
    })
}

// ---- any request

#[test]
fn no_answer_and_a_failing_proxy_may_pass() {
    for answer in [
        Answer::reset(),
        Answer::status(502),
        Answer::status(504),
        Answer::json("[{\"title\":").cut_after(3),
    ] {
        let lidarr = Lidarr::new();
        lidarr.always_fails("GET", "album/lookup", answer);
        let error = searched(&lidarr);
        assert_eq!(error.kind, ErrorKind::Transient, "{error}");
        assert_eq!(error.retry_after, None);
    }
    let nobody = Lidarr::new().settings(&[]);
    let source = LidarrSource::create(nobody, TestHost::new().host()).unwrap();
    let error = source.search_raw(&query()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
}

#[test]
fn a_wrong_key_is_a_refused_login() {
    let lidarr = Lidarr::new();
    let source = lidarr.source(&TestHost::new(), &[("api_key", "hunter2")]);
    for error in [
        source.check_connection().map(drop).unwrap_err(),
        source.search_raw(&query()).map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::Auth, "{error}");
        assert!(!error.message.contains("hunter2"), "{error}");
    }
}

#[test]
fn an_address_without_the_url_base_is_answered_with_the_right_one() {
    let lidarr = Lidarr::with(|state| state.url_base = "/lidarr");
    let error = checked(&lidarr, &[]);
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    let right = format!("{}/lidarr", lidarr.url());
    assert!(
        error.message.contains("set `url` to that address"),
        "{error}"
    );
    assert!(error.message.contains(&right), "{error}");

    let kit = TestHost::new();
    let source = LidarrSource::create(lidarr.settings_at(&right, &[]), kit.host()).unwrap();
    source.check_connection().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let files = fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap();
    assert_eq!(files.files.len(), 3);
}

#[test]
fn a_web_page_or_another_program_is_not_lidarr() {
    for page in [
        Answer::ok("<!doctype html>").header("Content-Type", "text/html"),
        Answer::ok("  <html>"),
        Answer::json(r#"{"appName":"Sonarr","version":"4.0"}"#),
        Answer::json("{}"),
        Answer::status(404),
        Answer::redirect(302, "/login"),
    ] {
        let lidarr = Lidarr::new();
        lidarr.always_fails("GET", "system/status", page.clone());
        let error = checked(&lidarr, &[]);
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{page:?}: {error}");
    }
    let lidarr = Lidarr::with(|state| state.app = "Radarr");
    assert!(
        checked(&lidarr, &[])
            .message
            .contains("a program named Radarr answered")
    );
}

#[test]
fn a_lidarr_that_starts_is_asked_again_in_ten_seconds() {
    let starting = json!({"errorMessage": "Lidarr is starting up, please try again later"});
    let lidarr = Lidarr::new();
    lidarr.always_fails("GET", "", said(503, &starting));
    for error in [searched(&lidarr), checked(&lidarr, &[])] {
        assert_eq!(error.kind, ErrorKind::Transient, "{error}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(10)));
        assert!(error.message.contains("starting up"), "{error}");
    }
}

#[test]
fn a_conflict_is_tried_once_more_and_then_left_to_the_host() {
    let lidarr = Lidarr::new();
    let conflict = || message(409, "database is locked");
    for (path, method) in [
        ("album/lookup", "GET"),
        ("track", "GET"),
        ("command", "POST"),
    ] {
        lidarr.fails(method, path, vec![conflict()]);
    }
    lidarr.fails("POST", "album", vec![conflict()]);
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);

    for (method, path) in [
        ("POST", "album"),
        ("POST", "command"),
        ("GET", "album/lookup"),
    ] {
        let lidarr = Lidarr::new();
        lidarr.always_fails(method, path, conflict());
        let error = fetched(&lidarr).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{path}: {error}");
        assert_eq!(lidarr.asked(method, path).len(), 2, "{path}");
    }
}

#[test]
fn a_proxy_that_limits_is_believed() {
    let lidarr = Lidarr::new();
    let limited = Answer::status(429).header("Retry-After", "30");
    lidarr.always_fails("GET", "album/lookup", limited);
    let error = searched(&lidarr);
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
}

#[test]
fn unknown_states_and_missing_members_are_waited_for() {
    let strange = |status, state| Step::Shown(status, "brandNew", state, 50, "");
    let lidarr = with_life(Life(vec![
        strange("brandNew", "downloading"),
        strange("downloading", "brandNew"),
        strange("", ""),
        Step::import(3),
    ]));
    let bare = |row| said(200, &json!([{"id": 1, "albumId": 42, "future": row}]));
    lidarr.fails(
        "GET",
        "queue/details",
        vec![said(200, &json!([])), bare(1), bare(2)],
    );
    let command = said(200, &json!({"id": 311, "status": "brandNew"}));
    lidarr.fails("GET", "command", vec![command, said(200, &json!({}))]);
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);
}

/// A host that notes how long each request may take.
struct Noting {
    inner: Arc<dyn HostServices>,
    limits: Mutex<Vec<(String, Option<Duration>)>>,
}

impl HostServices for Noting {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        let path = request
            .url
            .split_once("/api/v1/")
            .map_or("", |(_, path)| path);
        let path = path.split('?').next().unwrap_or_default().to_owned();
        let mut limits = self.limits.lock().expect("no request panics");
        limits.push((path, request.timeout));
        drop(limits);
        self.inner.http_send(request)
    }
    fn http_save(&self, _: &Request, _: &Path, _: &Progress) -> Result<Saved, SourceError> {
        unreachable!("files come from the disk")
    }
    fn http_open(&self, _: &Request) -> Result<Body, SourceError> {
        unreachable!("files come from the disk")
    }
    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        self.inner.log(level, message, fields);
    }
    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        self.inner.store_get(key)
    }
    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        self.inner.store_set(key, value)
    }
    fn now_ms(&self) -> u64 {
        self.inner.now_ms()
    }
    fn temp_dir(&self) -> Result<std::path::PathBuf, SourceError> {
        self.inner.temp_dir()
    }
}

#[test]
fn a_slow_look_up_is_given_a_minute_and_every_request_an_end() {
    let (lidarr, kit) = (Lidarr::new(), TestHost::new());
    let noting = Arc::new(Noting {
        inner: Arc::clone(kit.host().services()),
        limits: Mutex::default(),
    });
    let host = Host::new(Arc::clone(&noting) as Arc<dyn HostServices>);
    let source = LidarrSource::create(lidarr.settings(&[]), host).unwrap();
    let dir = tempfile::tempdir().unwrap();
    source.search_raw(&query()).unwrap();
    fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap();
    let limits = noting.limits.lock().unwrap();
    for (path, limit) in limits.iter() {
        let limit = limit.unwrap_or_else(|| panic!("{path} has no limit"));
        match path.as_str() {
            "album/lookup" => assert_eq!(limit, Duration::from_secs(60)),
            _ => assert!(limit <= Duration::from_secs(60), "{path}"),
        }
    }
    let stall = LidarrSource::declaration().limits.stall_deadline.unwrap();
    assert!(
        stall > Duration::from_secs(60),
        "the host would end a slow look-up"
    );
}

// ---- looking up and adding

#[test]
fn a_metadata_service_that_fails_is_left_alone_longer_each_time() {
    let down = || {
        message(
            503,
            "Search for 'x' failed. Unable to communicate with LidarrAPI.",
        )
    };
    let lidarr = Lidarr::new();
    lidarr.always_fails("GET", "album/lookup", down());
    let source = lidarr.source(&TestHost::new(), &[]);
    for seconds in [60, 120, 240, 480, 900, 900] {
        let error = source.search_raw(&query()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{error}");
        assert_eq!(error.retry_after, Some(Duration::from_secs(seconds)));
    }
    let lidarr = Lidarr::new();
    lidarr.always_fails("POST", "album", down());
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.retry_after, Some(Duration::from_secs(60)), "{error}");
}

#[test]
fn an_album_that_the_metadata_service_does_not_know_is_not_found() {
    let lidarr = Lidarr::with(|state| state.known.clear());
    let source = lidarr.source(&TestHost::new(), &[]);
    assert_eq!(source.search_raw(&query()).unwrap(), []);
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert_eq!(lidarr.asked("POST", ""), []);
}

#[test]
fn an_album_that_somebody_adds_at_the_same_moment_is_used() {
    let lidarr = Lidarr::with(|state| {
        state.own(FIRST, 0);
    });
    // Our first look comes before that.
    lidarr.fails("GET", "album", vec![said(200, &json!([]))]);
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);
    assert_eq!(lidarr.asked("POST", "album").len(), 1);
    assert_eq!(lidarr.state().library.len(), 1);
}

#[test]
fn a_refused_root_folder_and_profile_are_named_to_the_user() {
    let complaints = json!([
        {"propertyName": "Artist.RootFolderPath", "errorMessage": "Invalid Path"},
        {"propertyName": "Artist.QualityProfileId", "errorMessage": "does not exist"},
    ]);
    let lidarr = Lidarr::new();
    lidarr.always_fails("POST", "album", said(400, &complaints));
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    let both = "Artist.RootFolderPath: Invalid Path; Artist.QualityProfileId: does not exist";
    assert!(error.message.contains(both), "{error}");
}

#[test]
fn an_id_that_cannot_be_added_is_not_found() {
    let complaint = json!([{"propertyName": "ForeignAlbumId",
        "errorMessage": "An album with this ID was not found", "attemptedValue": FIRST}]);
    let lidarr = Lidarr::new();
    lidarr.always_fails("POST", "album", said(400, &complaint));
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
}

#[test]
fn an_album_whose_tracks_are_never_read_may_be_tried_again() {
    let lidarr = Lidarr::with(|state| state.scan_looks = u32::MAX);
    let error = fetched_with(&lidarr, &[("step_timeout", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
    assert_eq!(lidarr.asked("POST", "command"), []);
}

// ---- searching

#[test]
fn a_command_that_lidarr_does_not_take_is_not_tried_again() {
    for answer in [message(400, "bad"), message(500, "Unknown command")] {
        let lidarr = Lidarr::new();
        lidarr.always_fails("POST", "command", answer);
        let error = fetched(&lidarr).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
    }
}

#[test]
fn a_search_that_broke_off_may_be_tried_again() {
    for end in ["failed", "aborted", "cancelled", "orphaned"] {
        let lidarr = Lidarr::with(|state| state.search_end = (end, "the indexer is away"));
        let (kit, dir) = (TestHost::new(), tempfile::tempdir().unwrap());
        let source = lidarr.source(&kit, &[]);
        let error = fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{error}");
        assert!(
            error
                .message
                .contains(&format!("ended as {end}: the indexer")),
            "{error}"
        );
        lidarr.state().search_end = ("completed", "");
        let files = fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap();
        assert_eq!(files.files.len(), 3);
        assert_eq!(lidarr.asked("POST", "album").len(), 1, "added once");
    }
}

#[test]
fn a_search_without_end_may_be_tried_again() {
    let lidarr = Lidarr::with(|state| state.search_looks = u32::MAX);
    let error = fetched_with(&lidarr, &[("search_timeout", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
    assert!(error.message.contains("takes longer"), "{error}");
}

#[test]
fn a_search_that_finds_nothing_is_not_found_and_leaves_nothing_monitored() {
    let lidarr = Lidarr::with(|state| state.reports = 0);
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("no indexer has"), "{error}");
    let state = lidarr.state();
    assert!(!state.library[0].monitored);
    assert_eq!(state.removed, [""; 0]);
}

#[test]
fn a_release_that_a_delay_profile_holds_back_is_waited_for() {
    let mut steps = vec![Step::Shown("delay", "ok", "downloading", 100, ""); 3];
    steps.extend(Life::good(3).0);
    let lidarr = with_life(Life(steps));
    let none = json!({"id": 311, "status": "completed",
                      "message": "Album search completed. 0 reports downloaded."});
    lidarr.fails("GET", "command", vec![said(200, &none)]);
    // It comes into the queue after our first look, and before the search has ended.
    lidarr.fails("GET", "queue/details", vec![said(200, &json!([]))]);
    let album = lidarr.state().own(FIRST, 0);
    lidarr.state().grab(album);
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);
}

#[test]
fn a_search_that_lidarr_has_forgotten_has_ended() {
    let lidarr = Lidarr::new();
    lidarr.fails("GET", "command", vec![Answer::status(404)]);
    // The look that was not made would have begun the download.
    let album = 42;
    let source = lidarr.source(&TestHost::new(), &[]);
    let (dir, record) = (tempfile::tempdir().unwrap(), ProgressRecord::new());
    let files = std::thread::scope(|scope| {
        let fetching = scope.spawn(|| fetch(&source, FIRST, dir.path(), &record));
        while lidarr.asked("GET", "command").is_empty() {
            std::thread::yield_now();
        }
        lidarr.state().grab(album);
        fetching.join().unwrap()
    });
    assert_eq!(files.unwrap().files.len(), 3);
}

#[test]
fn a_grabbed_release_that_never_comes_is_not_found() {
    let lidarr = with_life(Life(vec![Step::Absent]));
    let error = fetched_with(&lidarr, &[("step_timeout", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("no download of it came"), "{error}");
}

// ---- the queue

#[test]
fn an_import_that_needs_a_human_ends_with_its_words() {
    for state in ["importBlocked", "importFailed"] {
        let step = Step::Shown("completed", "warning", state, 0, "Has missing tracks");
        let lidarr = with_life(Life::ending(step));
        let error = fetched_with(&lidarr, &[("settle_time", "50ms")]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
        assert!(
            error.message.contains("Activity page: Has missing tracks"),
            "{error}"
        );
        // The user can still import it.
        assert_eq!(lidarr.state().removed, [""; 0]);
        assert!(lidarr.state().library[0].monitored);
    }
}

#[test]
fn an_import_that_waits_with_a_warning_is_given_up_later() {
    let step = Step::Shown("completed", "warning", "importPending", 0, "No files found");
    let lidarr = with_life(Life::ending(step));
    let error = fetched_with(&lidarr, &[("settle_time", "20ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
    assert!(error.message.contains("No files found"), "{error}");
}

#[test]
fn after_a_failed_download_the_next_release_is_followed() {
    let failed = Step::Shown("failed", "error", "downloadFailed", 100, "bad blocks");
    let mut steps = vec![Step::downloading(100), failed.clone()];
    steps.extend(Life::good(3).0);
    let lidarr = with_life(Life(steps));
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);

    let lidarr = with_life(Life::ending(failed));
    let error = fetched_with(&lidarr, &[("step_timeout", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(
        error.message.contains("no other followed: bad blocks"),
        "{error}"
    );
}

#[test]
fn a_failure_that_only_the_history_knows_is_told_from_it() {
    let failed = Step::Event("downloadFailed", Box::new(Step::Absent));
    let lidarr = with_life(Life::ending(failed));
    let error = fetched_with(&lidarr, &[("settle_time", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("RELEASE1"), "{error}");
}

#[test]
fn a_download_that_its_user_removed_is_not_asked_for_again() {
    let lidarr = with_life(Life::ending(Step::Absent));
    let error = fetched_with(&lidarr, &[("settle_time", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
    assert!(error.message.contains("was it removed there?"), "{error}");
}

#[test]
fn a_download_that_stands_still_is_given_up_and_left_to_lidarr() {
    let lidarr = with_life(Life(vec![Step::downloading(70)]));
    let error = fetched_with(&lidarr, &[("stall_timeout", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
    assert!(
        error.message.contains("a later run takes it over"),
        "{error}"
    );
    assert_eq!(lidarr.state().queue.len(), 1);
    let error = fetched_with(&lidarr, &[("album_timeout", "50ms")]).unwrap_err();
    assert!(error.message.contains("the album took longer"), "{error}");

    {
        let item = &mut lidarr.state().queue[0];
        item.life = Life(vec![Step::downloading(9), Step::import(3)]);
        item.age = 0;
    }
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);
    assert_eq!(
        lidarr.asked("POST", "command").len(),
        1,
        "taken over, not searched for again"
    );
}

#[test]
fn a_lidarr_that_restarts_meanwhile_is_asked_again() {
    let lidarr = Lidarr::new();
    let away = || vec![Answer::reset(), Answer::status(502), Answer::status(503)];
    for path in ["queue/details", "command", "track", "history"] {
        lidarr.fails("GET", path, away());
    }
    assert_eq!(fetched(&lidarr).unwrap().files.len(), 3);

    let lidarr = with_life(Life::good(3));
    lidarr.always_fails("GET", "queue/details", Answer::status(502));
    let error = fetched_with(&lidarr, &[("step_timeout", "50ms")]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
}

#[test]
fn an_album_that_counts_as_full_by_its_monitored_tracks_is_waited_for() {
    // Not monitored, so that Lidarr's `trackCount` says 2 of 2 after the second file.
    let lidarr = Lidarr::with(|state| {
        state.own(FIRST, 0);
        let two = Step::Import(2, Box::new(Step::in_state("importing")));
        state.life = Life(vec![
            Step::downloading(9),
            two.clone(),
            two,
            Step::import(3),
        ]);
    });
    let files = fetched(&lidarr).unwrap();
    assert_eq!((files.files.len(), files.missing.len()), (3, 0));
}

#[test]
fn one_download_of_two_albums_serves_both() {
    let lidarr = Lidarr::with(|state| {
        state.own(SECOND, 0);
        // The second one's position in the library.
        state.also = vec![42];
    });
    let (kit, dir) = (TestHost::new(), tempfile::tempdir().unwrap());
    let source = lidarr.source(&kit, &[]);
    let files = fetch(&source, FIRST, dir.path(), &ProgressRecord::new()).unwrap();
    assert_eq!(files.files.len(), 3);
    lidarr.state().queue[1].life = Life(vec![Step::in_state("importing"), Step::import(2)]);
    let dir = tempfile::tempdir().unwrap();
    let files = fetch(&source, SECOND, dir.path(), &ProgressRecord::new()).unwrap();
    assert_eq!(files.files.len(), 2);
    assert_eq!(lidarr.asked("POST", "command").len(), 1);
}

// ---- the files

#[test]
fn what_the_release_lacks_is_handed_back_track_by_track() {
    let lidarr = with_life(Life(vec![
        Step::downloading(10),
        Step::import(2),
        Step::Event("albumImportIncomplete", Box::new(Step::Absent)),
    ]));
    let files = fetched_with(&lidarr, &[("settle_time", "50ms")]).unwrap();
    assert_eq!(files.files.len(), 2);
    let missing = &files.missing[0];
    assert_eq!(missing.title, "Kingfisher");
    assert_eq!(
        (missing.disc_number, missing.track_number),
        (Some(2), Some(1))
    );
    assert_eq!(
        missing.reason,
        "the release that Lidarr imported does not have it"
    );
}

#[test]
fn what_lidarr_has_already_is_delivered_where_nothing_more_is_found() {
    let lidarr = Lidarr::with(|state| {
        state.own(FIRST, 1);
        state.reports = 0;
    });
    let files = fetched(&lidarr).unwrap();
    assert_eq!((files.files.len(), files.missing.len()), (1, 2));
    assert!(
        files.missing[0].reason.contains("no indexer has"),
        "{:?}",
        files.missing
    );
}

#[test]
fn a_path_that_cannot_be_read_here_is_the_users_to_mend() {
    let lidarr = Lidarr::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().to_str().unwrap();
    let error = fetched_with(
        &lidarr,
        &[("path_map", format!("/music => {elsewhere}").as_str())],
    )
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    let remote = "/music/Ann Example/42/01 - Song.flac";
    let local = format!("{elsewhere}/Ann Example/42/01 - Song.flac");
    assert!(
        error.message.contains(&format!("{local} cannot be read")),
        "{error}"
    );
    assert!(
        error
            .message
            .contains(&format!("which is {remote} in Lidarr")),
        "{error}"
    );
}

#[test]
fn a_single_file_that_is_gone_costs_only_its_track() {
    let lidarr = Lidarr::with(|state| {
        state.own(FIRST, 3);
    });
    fs::remove_file(lidarr.music().join("Ann Example/42/02 - Song.flac")).unwrap();
    let files = fetched(&lidarr).unwrap();
    assert_eq!(files.files.len(), 2);
    assert_eq!(files.missing[0].title, "Nightjar");
    assert!(
        files.missing[0].reason.contains("cannot be read"),
        "{:?}",
        files.missing
    );
}

#[test]
fn a_path_outside_of_the_named_directories_is_never_read() {
    let lidarr = Lidarr::with(|state| {
        state.own(FIRST, 3);
        for (track, path) in &mut state.library[0].files {
            *path = format!("../secret{track}.flac").into();
        }
    });
    for track in 0..3 {
        fs::write(
            lidarr.music().join(format!("../secret{track}.flac")),
            "secret",
        )
        .unwrap();
    }
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
}

#[test]
fn an_image_of_several_tracks_is_not_split() {
    let lidarr = Lidarr::with(|state| {
        state.tracks_per_file = 2;
        state.own(FIRST, 3);
    });
    // The first file holds two tracks, and the second is the third one's alone.
    let at = 1;
    let first = lidarr.state().library[0].files[0].1.clone();
    lidarr.state().library[0].files[at].1 = first.clone();
    let files = fetched(&lidarr).unwrap();
    assert_eq!((files.files.len(), files.missing.len()), (1, 2));
    assert!(
        files.missing[0].reason.contains("one file for several"),
        "{:?}",
        files.missing
    );

    lidarr.state().library[0].files[2].1 = first;
    let error = fetched(&lidarr).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
}

// ---- the check of the connection

#[test]
fn the_check_names_version_folder_profiles_and_what_lidarr_complains_of() {
    let lidarr = Lidarr::with(|state| {
        state.version = "1.4.5.3639";
        state.health = vec![
            ("error", "No download client is available"),
            ("warning", "No indexers available with Search enabled"),
            ("notice", "A new version is there"),
            ("ok", ""),
        ];
    });
    let source = lidarr.source(&TestHost::new(), &[("quality_profile", "any")]);
    let connection = source.check_connection().unwrap();
    assert_eq!(connection.service.as_deref(), Some("Lidarr 1.4.5.3639"));
    assert_eq!(connection.warnings.len(), 3, "{:?}", connection.warnings);
    for (warning, words) in connection.warnings.iter().zip([
        "older than 2.0",
        "No download client is available",
        "No indexers available",
    ]) {
        assert!(warning.contains(words), "{warning}");
    }
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let expected = [
        pair("root_folder", "/music/"),
        pair("quality_profile", "Any"),
        pair("metadata_profile", "Standard"),
    ];
    assert_eq!(connection.extra, expected);
    let asked = lidarr.requests().len();
    source.check_connection().unwrap();
    assert_eq!(lidarr.requests().len(), asked, "asked once a run");
}

#[test]
fn a_setting_that_names_nothing_is_answered_with_what_there_is() {
    let other = tempfile::tempdir().unwrap();
    let gone = format!("/music => {}", other.path().join("gone").display());
    let elsewhere = format!("/media => {}", other.path().display());
    for (setting, value, words) in [
        ("root_folder", "Musik", "Lidarr has: Music (/music/)"),
        ("quality_profile", "FLAC", "Lidarr has: Any, Lossless"),
        ("metadata_profile", "All", "Lidarr has: Standard, None"),
        ("path_map", gone.as_str(), "which cannot be read"),
        (
            "path_map",
            elsewhere.as_str(),
            "root folder /music/ is in none of the directories",
        ),
    ] {
        let error = checked(&Lidarr::new(), &[(setting, value)]);
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{setting}");
        assert!(error.message.contains(words), "{setting}: {error}");
    }
    let lidarr = Lidarr::with(|state| state.roots.clear());
    assert!(checked(&lidarr, &[]).message.contains("no root folder"));
}
