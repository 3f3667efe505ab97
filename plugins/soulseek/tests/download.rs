//! Fetching, version by version and trouble by trouble: the file comes whole or the failure
//! has its kind, and of ours nothing stays at slskd.

mod support;

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use musicdl_plugin_api::testing::{Answer, ProgressRecord, TestHost};
use musicdl_plugin_api::{
    DownloadRequest, DownloadedFile, ErrorKind, Hit, LogLevel, Source, SourceError,
};
use musicdl_soulseek::SoulseekSource;
use serde_json::json;

use crate::support::use_of::{
    all_at_once, ended, fetch, fetch_with, pairs, request, source_at, until,
};
use crate::support::{Fake, KEY, Lands, Offer, SMOOTH, Step, files_below, offer, peer};

const SONG: &str = r"@@abc\Music\Ann Example\First Album\01 - Bluebird.flac";
const AUDIO: &[u8] = b"fLaC and so.";
const VERSIONS: [&str; 5] = ["0.22.0", "0.23.2", "0.24.2", "0.25.0", "0.26.0"];

/// A slskd, a peer of it that offers one song, and the plugin on it.
struct Stage {
    slskd: Fake,
    kit: TestHost,
    source: Option<SoulseekSource>,
}

impl Stage {
    fn new(version: &'static str, steps: &'static [Step], more: &[(&str, &str)]) -> Self {
        Self::of(
            version,
            "peer one",
            Offer {
                steps,
                ..offer(SONG)
            },
            more,
        )
    }

    fn of(version: &'static str, name: &'static str, song: Offer, more: &[(&str, &str)]) -> Self {
        let slskd = Fake::start(version, vec![peer(name, vec![song])]);
        let kit = TestHost::new();
        let source = source_at(&slskd.url(), &slskd.downloads(), &kit, more);
        Self {
            slskd,
            kit,
            source: Some(source),
        }
    }

    fn source(&self) -> &SoulseekSource {
        self.source.as_ref().expect("the source was not dropped")
    }

    fn fetch(&self) -> Result<DownloadedFile, SourceError> {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let file = fetch(self.source(), &hit_of("peer one"), dir.path())?;
        assert_eq!(file.path, dir.path().join("audio.flac"));
        let fetched = fs::read(&file.path).expect("the file is there");
        assert_eq!(fetched, AUDIO);
        Ok(file)
    }

    fn begin(&self, dir: &std::path::Path) -> ProgressRecord {
        let record = ProgressRecord::new();
        let wanted: DownloadRequest = request(&hit_of("peer one"), dir);
        let handed = self.source().download_raw(&wanted, &record.progress());
        handed.expect("slskd takes it");
        record
    }

    /// Waits until nothing of ours is noted down, and looks whether that is true.
    fn is_clean(&self) {
        until("everything of ours is gone", || {
            self.kit.stored("downloads").is_none().then_some(())
        });
        assert_eq!(self.slskd.left_over(), [""; 0]);
    }
}

fn hit_of(peer: &str) -> Hit {
    Hit {
        target_id: json!({ "u": peer, "f": SONG, "s": AUDIO.len() }).to_string(),
        kind: musicdl_plugin_api::TargetKind::TRACK,
        title: "Bluebird".to_owned(),
        ..Hit::default()
    }
}

fn temp() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

// ---- how it goes well

#[test]
fn every_version_delivers_with_events_and_without() {
    all_at_once(pairs(&VERSIONS, &[true, false]), |(version, has_events)| {
        let stage = Stage::new(version, SMOOTH, &[]);
        stage.slskd.world().has_events = has_events;
        stage
            .fetch()
            .unwrap_or_else(|error| panic!("{version} {has_events}: {error}"));
        stage.is_clean();
        // Copied, and never moved away.
        assert_eq!(files_below(&stage.slskd.downloads()).len(), 1, "{version}");
    });
}

#[test]
fn a_batch_has_a_directory_of_its_own_and_older_versions_place_files_by_rule() {
    for (version, pattern, place) in [
        ("0.25.0", None, "First Album/01 - Bluebird.flac"),
        ("0.26.0", None, "musicdl/"),
        ("0.26.0", Some("{}"), "musicdl/"),
    ] {
        let stage = Stage::new(version, SMOOTH, &[]);
        stage.slskd.world().has_events = false;
        stage.slskd.world().pattern = pattern;
        stage.fetch().unwrap();
        let files = files_below(&stage.slskd.downloads());
        let below = files[0].strip_prefix(stage.slskd.downloads()).unwrap();
        assert!(
            below.to_str().unwrap().starts_with(place),
            "{version}: {}",
            below.display()
        );
    }
}

#[test]
fn names_of_peers_may_have_any_letters() {
    let names = ["50%", "a/b", "a b#c?d", "zoë", "%2F", "ザ"];
    all_at_once(pairs(&names, &["0.24.2", "0.26.0"]), |(name, version)| {
        let stage = Stage::of(version, name, offer(SONG), &[]);
        let dir = temp();
        fetch(stage.source(), &hit_of(name), dir.path()).unwrap();
        stage.is_clean();
    });
}

#[test]
fn success_comes_before_the_file_and_the_file_is_waited_for() {
    for has_events in [true, false] {
        let stage = Stage::new("0.26.0", SMOOTH, &[]);
        stage.slskd.world().has_events = has_events;
        stage.slskd.world().lands = Lands::Later(2);
        stage.fetch().unwrap();
    }
}

#[test]
fn a_file_that_was_there_before_is_not_taken_for_the_new_one() {
    // From a minute ago, which only the event tells apart, and from years ago.
    for (has_events, age) in [(true, 60), (false, 500_000_000)] {
        let stage = Stage::new("0.25.0", SMOOTH, &[]);
        stage.slskd.world().has_events = has_events;
        stage.slskd.world().lands = Lands::Later(2);
        let album = stage.slskd.downloads().join("First Album");
        fs::create_dir(&album).unwrap();
        let old = album.join("01 - Bluebird.flac");
        fs::write(&old, b"an old song.").unwrap();
        let then = SystemTime::now() - Duration::from_secs(age);
        let file = File::options().write(true).open(&old).unwrap();
        file.set_modified(then).unwrap();
        // slskd adds a number to the name, and `fetch` compares the bytes.
        stage.fetch().unwrap();
        assert_eq!(fs::read(&old).unwrap(), b"an old song.");
    }
}

#[test]
fn two_files_that_could_be_the_one_are_not_guessed_between() {
    let stage = Stage::new("0.25.0", SMOOTH, &[]);
    stage.slskd.world().has_events = false;
    let album = stage.slskd.downloads().join("First Album");
    fs::create_dir(&album).unwrap();
    fs::write(album.join("01 - Bluebird.flac"), b"a new song..").unwrap();
    let error = stage.fetch().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Permanent, "{error}");
    assert!(error.message.contains("01 - Bluebird_"), "{error}");
    stage.is_clean();
}

#[test]
fn a_failure_that_slskd_tries_again_is_waited_out() {
    const STEPS: &[Step] = &[
        ("InProgress", 8, 1, ""),
        ("Completed, Errored", 8, 1, "Connection reset"),
        ("Queued, Locally", 8, 2, "Connection reset"),
        ("InProgress", 2, 2, "Connection reset"),
        ("Completed, Succeeded", 12, 2, ""),
    ];
    let stage = Stage::new("0.26.0", STEPS, &[]);
    let (dir, record) = (temp(), ProgressRecord::new());
    fetch_with(stage.source(), &hit_of("peer one"), dir.path(), &record).unwrap();
    let told: Vec<u64> = record.bytes().into_iter().map(|(done, _)| done).collect();
    assert!(told.is_sorted(), "{told:?}");
    assert!(
        record
            .states()
            .iter()
            .any(|state| state.contains("try again"))
    );
}

#[test]
fn the_place_in_a_queue_is_told() {
    const STEPS: &[Step] = &[
        ("Queued, Remotely", 0, 1, ""),
        ("Completed, Succeeded", 12, 1, ""),
    ];
    let stage = Stage::new("0.26.0", STEPS, &[]);
    let (dir, record) = (temp(), ProgressRecord::new());
    fetch_with(stage.source(), &hit_of("peer one"), dir.path(), &record).unwrap();
    let states = record.states();
    assert!(
        states.contains(&"queued at peer one, 3 before us".to_owned()),
        "{states:?}"
    );
}

#[test]
fn a_slskd_that_restarts_meanwhile_costs_nothing() {
    all_at_once(["/peer%20one/", "/events"], |part| {
        let stage = Stage::new("0.26.0", SMOOTH, &[]);
        let mut down = 3;
        stage.slskd.intercept(move |request| {
            let silent = request.method == "GET" && request.path.contains(part) && down > 0;
            down -= u32::from(silent);
            let answer = [Answer::reset(), Answer::status(502)][down as usize % 2].clone();
            silent.then_some(answer)
        });
        stage.fetch().unwrap();
    });
}

// ---- how it is asked for

#[test]
fn an_enqueue_whose_answer_was_lost_is_not_made_twice() {
    all_at_once(VERSIONS, |version| {
        let stage = Stage::new(version, SMOOTH, &[]);
        stage.slskd.world().lost_answers = 1;
        stage
            .fetch()
            .unwrap_or_else(|error| panic!("{version}: {error}"));
        assert_eq!(stage.slskd.states().len(), 1, "{version}");
        stage.is_clean();
    });
}

#[test]
fn a_busy_slskd_is_asked_again() {
    for version in ["0.24.2", "0.26.0"] {
        let stage = Stage::new(version, SMOOTH, &[]);
        stage.slskd.world().busy = 3;
        stage.fetch().unwrap();
        assert_eq!(stage.slskd.states().len(), 1);
    }
}

#[test]
fn a_peer_that_is_not_there_is_not_found_whatever_the_version() {
    for version in VERSIONS {
        let stage = Stage::new(version, SMOOTH, &[]);
        for online in [false, true] {
            stage.slskd.world().peers[0].online = online;
            let name = if online { "nobody" } else { "peer one" };
            let error = fetch(stage.source(), &hit_of(name), temp().path()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotFound, "{version}: {error}");
        }
    }
}

#[test]
fn each_failure_to_enqueue_has_its_kind() {
    use ErrorKind::{Auth, NotFound, Permanent, RateLimited, Transient, Unsupported};
    let rows = [
        (
            Answer::status(400).body("\"files[0]: path traversal\""),
            Permanent,
        ),
        (Answer::status(401), Auth),
        (Answer::status(403), Unsupported),
        (
            Answer::status(404).body("\"User x appears to be offline\""),
            NotFound,
        ),
        (Answer::status(415), Permanent),
        (
            Answer::status(500).body("\"The operation timed out\""),
            Transient,
        ),
        (
            Answer::status(500).body("\"Transfer rejected: Too many files\""),
            Permanent,
        ),
        (Answer::status(503), Transient),
        (Answer::json("{}"), Permanent),
        (Answer::status(429), RateLimited),
    ];
    all_at_once(rows, |(answer, kind)| {
        let stage = Stage::new("0.26.0", SMOOTH, &[]);
        stage
            .slskd
            .intercept(move |request| (request.method == "POST").then(|| answer.clone()));
        let error = stage.fetch().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        stage.is_clean();
    });
}

#[test]
fn a_download_that_slskd_does_not_take_is_not_found() {
    for version in ["0.22.0", "0.24.2", "0.26.0"] {
        let stage = Stage::new(version, SMOOTH, &[]);
        stage.slskd.intercept(|request| {
            (request.method == "POST").then(|| match request.path.ends_with("batches") {
                true => Answer::json(
                    json!({ "batch": { "id": "x" },
                        "failures": [{ "filename": SONG, "message": "no" }] })
                    .to_string(),
                ),
                false => Answer::json(r#"{"enqueued":[],"failed":[{}]}"#),
            })
        });
        let error = stage.fetch().unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{version}: {error}");
    }
}

// ---- how it fails

#[test]
fn each_end_of_a_download_has_its_kind() {
    use ErrorKind::{NotFound, Permanent, Transient};
    let rows: [(&'static [Step], ErrorKind, &str); 7] = [
        (
            &[(
                "Completed, Rejected",
                0,
                1,
                "Transfer rejected: File not shared.",
            )],
            NotFound,
            "not shared",
        ),
        (
            &[("Completed, Rejected", 0, 1, "Banned")],
            Permanent,
            "Banned",
        ),
        (
            &[("Completed, Succeeded, Rejected", 0, 1, "")],
            Permanent,
            "refused",
        ),
        (
            &[("Completed, Aborted", 0, 1, "Size mismatch")],
            Permanent,
            "Size mismatch",
        ),
        (
            &[("Completed, Cancelled", 0, 1, "")],
            Transient,
            "cancelled",
        ),
        (
            &[("Completed, TimedOut", 0, 3, "Inactivity")],
            Transient,
            "silent",
        ),
        (
            &[("Completed, Errored", 0, 3, "Connection reset")],
            Transient,
            "Connection reset",
        ),
    ];
    all_at_once(rows, |(steps, kind, words)| {
        let stage = Stage::new("0.26.0", steps, &[]);
        let error = stage.fetch().unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        stage.is_clean();
    });
}

#[test]
fn queues_and_stalls_end_at_their_limit_and_the_download_at_slskd_with_them() {
    let rows: [(&'static [Step], &str, ErrorKind, &str); 3] = [
        (
            &[("Queued, Remotely", 0, 1, "")],
            "queue_limit",
            ErrorKind::NotFound,
            "queues",
        ),
        (
            &[("Queued, Locally", 0, 1, "")],
            "queue_limit",
            ErrorKind::NotFound,
            "queues",
        ),
        (
            &[("InProgress", 3, 1, "")],
            "stall_limit",
            ErrorKind::Transient,
            "no new byte",
        ),
    ];
    all_at_once(
        pairs(&rows, &["0.23.2", "0.26.0"]),
        |((steps, limit, kind, words), version)| {
            let stage = Stage::new(version, steps, &[(limit, "1")]);
            let error = stage.fetch().unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.contains(words), "{error}");
            stage.is_clean();
            assert_eq!(stage.slskd.states(), ["Completed, Cancelled"]);
        },
    );
}

#[test]
fn a_download_that_vanishes_from_the_list_is_a_temporary_failure() {
    let stage = Stage::new("0.26.0", SMOOTH, &[]);
    stage.slskd.intercept(|request| {
        let poll = request.method == "GET" && request.path.contains("/peer%20one/");
        poll.then(|| Answer::status(404))
    });
    let error = stage.fetch().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient, "{error}");
    assert!(error.message.contains("vanished"), "{error}");
}

#[test]
fn a_key_that_is_taken_away_ends_the_download_as_a_refused_login() {
    let stage = Stage::new("0.26.0", SMOOTH, &[]);
    stage.slskd.intercept(|request| {
        let poll = request.method == "GET" && request.path.contains("/peer%20one/");
        poll.then(|| Answer::status(401))
    });
    assert_eq!(stage.fetch().unwrap_err().kind, ErrorKind::Auth);
}

#[test]
fn a_file_that_never_comes_whole_is_told_from_one_that_cannot_be_seen() {
    let rows = [
        (Lands::Never, false, ErrorKind::Transient, "no such file"),
        (Lands::Short, false, ErrorKind::Transient, "1 bytes"),
        (Lands::Never, true, ErrorKind::NotConfigured, "path_map"),
    ];
    all_at_once(rows, |(lands, gone, kind, words)| {
        let stage = Stage::new("0.26.0", SMOOTH, &[("stall_limit", "1")]);
        stage.slskd.world().lands = lands;
        let dir = temp();
        let record = stage.begin(dir.path());
        if gone {
            fs::remove_dir_all(stage.slskd.downloads()).unwrap();
        }
        let error = ended(&record).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(words), "{error}");
        assert_eq!(files_below(dir.path()).len(), 0);
        stage.is_clean();
    });
}

#[test]
fn a_file_outside_the_downloads_directory_is_not_followed() {
    for outside in ["/etc/passwd", "/app/downloads/../x", "/app/downloads2/x"] {
        let stage = Stage::new("0.26.0", SMOOTH, &[]);
        stage.slskd.intercept(move |request| {
            let data = json!({ "localFilename": outside,
                "transfer": { "id": "00000001-0000-4000-8000-000000000000" } });
            let event = json!([{ "type": "DownloadFileComplete", "data": data.to_string() }]);
            request
                .path
                .ends_with("/events")
                .then(|| Answer::json(event.to_string()))
        });
        let error = stage.fetch().unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
        assert!(error.message.contains(outside), "{error}");
    }
}

#[test]
fn a_peer_that_failed_twice_is_not_asked_a_third_time() {
    const BANNED: &[Step] = &[("Completed, Rejected", 0, 1, "Banned")];
    let stage = Stage::new("0.26.0", BANNED, &[]);
    for _ in 0..2 {
        assert_eq!(stage.fetch().unwrap_err().kind, ErrorKind::Permanent);
    }
    let error = stage.fetch().unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    assert!(error.message.contains("left alone"), "{error}");
    assert_eq!(stage.slskd.states().len(), 2);
    let hits = stage
        .source()
        .search_raw(&support::use_of::wanted("Bluebird"))
        .unwrap();
    assert_eq!(hits, []);
}

// ---- what is ours

/// Under way until somebody ends it.
const ENDLESS: &[Step] = &[("Queued, Remotely", 0, 1, "")];

#[test]
fn a_cancel_is_heard_at_once_and_ends_the_download_at_slskd() {
    all_at_once(pairs(&VERSIONS, &[true, false]), |(version, by_call)| {
        let stage = Stage::new(version, ENDLESS, &[]);
        let dir = temp();
        let record = stage.begin(dir.path());
        if by_call {
            let known = stage.source().cancel_raw(&hit_of("peer one").target_id);
            assert!(known.unwrap());
        } else {
            record.cancel();
        }
        assert_eq!(ended(&record).unwrap_err().kind, ErrorKind::Cancelled);
        stage.is_clean();
        assert_eq!(stage.slskd.states(), ["Completed, Cancelled"], "{version}");
    });
}

#[test]
fn of_two_that_follow_one_download_only_the_last_ends_it() {
    const SLOW: &[Step] = &[
        ("InProgress", 1, 1, ""),
        ("InProgress", 2, 1, ""),
        ("InProgress", 3, 1, ""),
        ("InProgress", 4, 1, ""),
        ("Completed, Succeeded", 12, 1, ""),
    ];
    for version in ["0.23.2", "0.26.0"] {
        let stage = Stage::new(version, SLOW, &[]);
        let (one, two) = (temp(), temp());
        let (first, second) = (stage.begin(one.path()), stage.begin(two.path()));
        first.cancel();
        assert_eq!(ended(&first).unwrap_err().kind, ErrorKind::Cancelled);
        assert_eq!(ended(&second).unwrap().files.len(), 1, "{version}");
        assert_eq!(stage.slskd.states(), ["Completed, Succeeded"]);
        stage.is_clean();
    }
}

#[test]
fn a_download_that_the_user_began_is_followed_and_never_ended() {
    all_at_once(pairs(&VERSIONS, &[true, false]), |(version, cancel)| {
        let steps = if cancel { ENDLESS } else { SMOOTH };
        let stage = Stage::new(version, steps, &[]);
        let path = "transfers/downloads/peer%20one";
        let body = json!([{ "filename": SONG, "size": AUDIO.len() }]);
        stage.slskd.ask(&stage.kit, "POST", path, &body);
        if cancel {
            let record = stage.begin(temp().path());
            record.cancel();
            assert_eq!(ended(&record).unwrap_err().kind, ErrorKind::Cancelled);
        } else {
            stage.fetch().unwrap();
        }
        drop(stage.source);
        assert_eq!(stage.slskd.asked("DELETE", ""), 0, "{version}");
        assert_eq!(stage.slskd.left_over().len(), 1, "{version}");
    });
}

#[test]
fn a_source_that_ends_takes_its_downloads_along() {
    let mut stage = Stage::new("0.26.0", ENDLESS, &[]);
    let dir = temp();
    let record = stage.begin(dir.path());
    drop(stage.source.take());
    assert_eq!(ended(&record).unwrap_err().kind, ErrorKind::Cancelled);
    stage.is_clean();
}

#[test]
fn what_a_killed_run_left_is_taken_up_or_ended() {
    let mut stage = Stage::new("0.26.0", ENDLESS, &[]);
    let path = "transfers/downloads/peer%20one";
    for name in [SONG, r"Ann Example\First Album\02 - Nightjar.flac"] {
        stage.slskd.world().peers[0].offers.push(Offer {
            steps: ENDLESS,
            ..offer(name)
        });
        stage.slskd.ask(
            &stage.kit,
            "POST",
            path,
            &json!([{ "filename": name, "size": 12 }]),
        );
    }
    let left: Vec<_> = stage
        .slskd
        .world()
        .transfers
        .iter()
        .map(|t| t.id.clone())
        .collect();
    let downloads: Vec<_> = left
        .iter()
        .map(|id| json!({ "username": "peer one", "id": id }))
        .collect();
    let note = json!(downloads).to_string();
    stage
        .kit
        .host()
        .store_set("downloads", Some(&note))
        .unwrap();

    let dir = temp();
    let record = stage.begin(dir.path());
    // The same file is the same download.
    assert_eq!(stage.slskd.states().len(), 2);
    record.cancel();
    assert_eq!(ended(&record).unwrap_err().kind, ErrorKind::Cancelled);
    // What nobody took up goes with the source at the latest.
    drop(stage.source.take());
    stage.is_clean();
    assert_eq!(stage.slskd.states(), ["Completed, Cancelled"; 2]);
}

#[test]
fn what_was_finished_after_its_run_was_killed_is_not_fetched_again() {
    const DONE: &[Step] = &[("Completed, Succeeded", 12, 1, "")];
    all_at_once(VERSIONS, |version| {
        let stage = Stage::new(version, DONE, &[]);
        let path = "transfers/downloads/peer%20one";
        let body = json!([{ "filename": SONG, "size": AUDIO.len() }]);
        stage.slskd.ask(&stage.kit, "POST", path, &body);
        let id = stage.slskd.world().transfers[0].id.clone();
        let note = json!([{ "username": "peer one", "id": id }]);
        let store = stage.kit.host();
        store
            .store_set("downloads", Some(&note.to_string()))
            .unwrap();
        stage.fetch().unwrap();
        assert_eq!(stage.slskd.states().len(), 1, "{version}");
        stage.is_clean();
    });
}

#[test]
fn slskds_copy_goes_only_if_the_user_says_so() {
    for version in ["0.25.0", "0.26.0"] {
        let stage = Stage::new(version, SMOOTH, &[("remove_finished", "true")]);
        stage.fetch().unwrap();
        until("slskd's copy is gone", || {
            files_below(&stage.slskd.downloads())
                .is_empty()
                .then_some(())
        });
    }
    let stage = Stage::new("0.26.0", SMOOTH, &[("remove_finished", "true")]);
    stage
        .slskd
        .intercept(|r| r.path.contains("/files/").then(|| Answer::status(403)));
    stage.fetch().unwrap();
    stage.is_clean();
    assert_eq!(files_below(&stage.slskd.downloads()).len(), 1);
    let warned = |line: &musicdl_plugin_api::testing::LogLine| {
        line.level == LogLevel::WARN && line.message.contains("remote_file_management")
    };
    assert!(stage.kit.log().iter().any(warned));
}

#[test]
fn the_key_is_in_no_message_and_no_line_of_the_log() {
    let stage = Stage::new("0.26.0", SMOOTH, &[]);
    stage
        .slskd
        .intercept(|r| (r.method == "POST").then(|| Answer::status(500).body("oh")));
    let error = stage.fetch().unwrap_err();
    let said = format!("{error} {:?}", stage.kit.log());
    assert!(!said.contains(KEY), "{said}");
}
