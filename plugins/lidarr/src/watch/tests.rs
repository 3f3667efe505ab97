//! The rules of waiting, look by look. Times are seconds from the begin of the download, and
//! the patience is the default's: 3 min for a step, 2 min to settle, 1 h of stalling, 12 h.

use super::*;

const PATIENCE: Patience = Patience {
    poll: Duration::from_secs(2),
    step: Duration::from_secs(180),
    search: Duration::from_secs(600),
    settle: Duration::from_secs(120),
    stall: Duration::from_secs(3600),
    album: Duration::from_secs(12 * 3600),
};

fn item(status: &str, tracked: &str, state: &str, left: f64, words: &[&str]) -> QueueItem {
    let text = |text: &str| Some(text.to_owned());
    QueueItem {
        id: 1,
        size: Some(1000.0),
        sizeleft: Some(left),
        status: text(status),
        tracked_download_status: text(tracked),
        tracked_download_state: text(state),
        status_messages: vec![crate::records::StatusMessage {
            title: text("First Album"),
            messages: words.iter().map(|&word| word.to_owned()).collect(),
        }],
        ..QueueItem::default()
    }
}

fn downloading(left: f64) -> Vec<QueueItem> {
    vec![item("downloading", "ok", "downloading", left, &[])]
}

fn in_state(state: &str) -> Vec<QueueItem> {
    vec![item("completed", "ok", state, 0.0, &["No match"])]
}

fn files(there: u32, all: u32) -> Statistics {
    Statistics {
        track_file_count: there,
        total_track_count: all,
    }
}

/// Looks at those times, and what the last one says; all before have to say to wait.
fn after(looks: Vec<(u64, Vec<QueueItem>)>) -> Verdict {
    let mut watch = Watch::new(PATIENCE, Duration::from_secs(10));
    let last = looks.len() - 1;
    for (at, (seconds, items)) in looks.into_iter().enumerate() {
        let verdict = watch.look(Duration::from_secs(seconds), &items, files(0, 3));
        if at == last {
            return verdict;
        }
        assert!(
            matches!(verdict, Verdict::Wait(_)),
            "at {seconds} s: {verdict:?}"
        );
    }
    unreachable!("there is a last look")
}

fn ended(ending: Ending) -> Verdict {
    Verdict::Ended(ending)
}

fn waits(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Wait(_))
}

#[test]
fn an_album_is_complete_when_every_track_has_a_file_and_not_before() {
    for (there, all, complete) in [(3, 3, true), (2, 3, false), (0, 0, false), (0, 3, false)] {
        let mut watch = Watch::new(PATIENCE, Duration::ZERO);
        let verdict = watch.look(Duration::from_secs(1), &downloading(0.0), files(there, all));
        assert_eq!(verdict == Verdict::Complete, complete, "{there} of {all}");
    }
}

#[test]
fn an_empty_queue_means_nothing_at_first_and_then_that_nothing_came() {
    assert!(waits(&after(vec![(10, vec![]), (189, vec![])])));
    let verdict = after(vec![(10, vec![]), (190, vec![])]);
    assert_eq!(verdict, ended(Ending::NeverCame));
}

#[test]
fn a_download_that_left_the_queue_is_gone_after_the_settle_time() {
    let looks = |last| {
        vec![
            (10, vec![]),
            (100, downloading(10.0)),
            (110, vec![]),
            (last, vec![]),
        ]
    };
    assert!(waits(&after(looks(219))));
    assert_eq!(after(looks(220)), ended(Ending::Gone));
}

#[test]
fn one_that_comes_back_into_the_queue_goes_on() {
    let verdict = after(vec![
        (20, downloading(900.0)),
        (30, vec![]),
        (100, downloading(800.0)),
        (219, vec![]),
    ]);
    assert!(waits(&verdict), "{verdict:?}");
}

#[test]
fn a_download_without_a_new_byte_stalls_and_every_byte_gives_it_the_full_time_again() {
    let verdict = after(vec![
        (20, downloading(900.0)),
        (3_000, downloading(899.0)),
        (6_599, downloading(899.0)),
    ]);
    assert!(waits(&verdict), "{verdict:?}");
    let verdict = after(vec![
        (20, downloading(900.0)),
        (3_000, downloading(899.0)),
        (6_600, downloading(899.0)),
    ]);
    assert_eq!(verdict, ended(Ending::Stalled));
}

#[test]
fn what_a_profile_or_its_user_holds_back_does_not_stall() {
    for status in ["delay", "downloadClientUnavailable", "paused"] {
        let held = || vec![item(status, "ok", "downloading", 900.0, &[])];
        let verdict = after(vec![(20, held()), (30_000, held())]);
        assert!(waits(&verdict), "{status}: {verdict:?}");
    }
}

#[test]
fn no_album_takes_longer_than_its_time() {
    let held = || vec![item("delay", "ok", "downloading", 900.0, &[])];
    let verdict = after(vec![(20, held()), (43_200, held())]);
    assert_eq!(verdict, ended(Ending::TooLong));
}

#[test]
fn an_import_that_needs_a_human_is_given_up_with_its_words() {
    for state in ["importBlocked", "importFailed"] {
        let looks = |last| vec![(20, in_state(state)), (last, in_state(state))];
        assert!(waits(&after(looks(139))), "{state}");
        let words = Ending::NotImported("No match".to_owned());
        assert_eq!(after(looks(140)), ended(words), "{state}");
    }
}

#[test]
fn an_import_that_only_waits_with_a_warning_is_given_five_times_as_long() {
    let warned = || {
        vec![item(
            "completed",
            "warning",
            "importPending",
            0.0,
            &["Has no audio"],
        )]
    };
    assert!(waits(&after(vec![(20, warned()), (619, warned())])));
    let verdict = after(vec![(20, warned()), (620, warned())]);
    assert_eq!(
        verdict,
        ended(Ending::NotImported("Has no audio".to_owned()))
    );
}

#[test]
fn a_failed_download_waits_for_another_release_and_fails_without_one() {
    for failed in [
        in_state("downloadFailed"),
        in_state("downloadFailedPending"),
        vec![item("failed", "error", "downloading", 0.0, &["No match"])],
    ] {
        let words = || ended(Ending::Failed("No match".to_owned()));
        let stays = after(vec![(20, failed.clone()), (200, failed.clone())]);
        assert_eq!(stays, words());
        // It may also leave the queue.
        let leaves = after(vec![(20, failed.clone()), (30, vec![]), (200, vec![])]);
        assert_eq!(leaves, words());
        let followed = after(vec![
            (20, failed.clone()),
            (100, downloading(900.0)),
            (250, downloading(800.0)),
        ]);
        assert!(waits(&followed), "{followed:?}");
    }
}

#[test]
fn of_several_downloads_the_one_with_hope_counts() {
    let mut both = in_state("importBlocked");
    both.extend(downloading(500.0));
    let verdict = after(vec![(20, both.clone()), (500, both)]);
    assert_eq!(verdict, Verdict::Wait("Lidarr downloads, 75 %".to_owned()));
}

#[test]
fn what_is_imported_and_stays_in_the_queue_is_as_good_as_gone() {
    for state in ["imported", "ignored"] {
        let verdict = after(vec![(20, in_state(state)), (140, in_state(state))]);
        assert_eq!(verdict, ended(Ending::Gone), "{state}");
    }
}

#[test]
fn states_of_a_later_lidarr_are_waited_for() {
    for (status, state) in [
        ("brandNew", "downloading"),
        ("downloading", "brandNew"),
        ("", ""),
    ] {
        let strange = || vec![item(status, "brandNew", state, 500.0, &[])];
        let verdict = after(vec![(20, strange()), (3_000, strange())]);
        assert!(waits(&verdict), "{status} {state}: {verdict:?}");
    }
}

#[test]
fn only_what_can_go_on_by_itself_is_alive() {
    for (state, alive) in [
        ("downloading", true),
        ("importPending", true),
        ("importing", true),
        ("brandNew", true),
        ("importBlocked", false),
        ("importFailed", false),
        ("downloadFailed", false),
    ] {
        assert_eq!(is_alive(&in_state(state)[0]), alive, "{state}");
    }
}
