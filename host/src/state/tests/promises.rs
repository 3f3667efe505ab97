//! What the state promises about commands, runs and what it forgets.

use std::collections::HashSet;

use super::*;
use crate::engine::{Command, CurrentDownload};

fn name(name: &str) -> SourceName {
    SourceName::parse(name).unwrap()
}

fn completed(n: usize) -> Entry {
    Entry::Completed {
        id: id(n),
        placed: Vec::new(),
        audio_hash: None,
    }
}

/// A run of three items that finds the files of earlier ones and completes those.
fn run(state: &mut State, done: &[usize]) {
    let mut plan = plan(3);
    for item in &mut plan.items {
        let status = "SELECT status = 'completed' FROM item WHERE id = ?1";
        let completed = state
            .connection
            .query_row(status, [item.id().as_str()], |row| row.get(0));
        if completed == Ok(true) {
            let reason = SkipReason::Exists;
            item.state = ItemState::Skipped { reason, path: None };
        }
    }
    state.begin_run(Path::new("/music"), RunKind::Plan).unwrap();
    state.save_plan(&plan).unwrap();
    for n in done {
        state.record(&[completed(*n)]).unwrap();
    }
}

fn is_done(state: &State) -> Vec<usize> {
    let memory = state.memory().unwrap();
    (0..3)
        .filter(|n| memory.is_done_by_unended_run(&id(*n)))
        .collect()
}

#[test]
fn commands_that_are_left_while_a_run_is_planning_reach_it_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    let commands = [
        Command::CancelItem(id(1)),
        Command::DropSource(name("folder")),
    ];
    for command in &commands {
        leave_command(dir.path(), command).unwrap();
    }
    run(&mut state, &[]);
    assert_eq!(state.commands().unwrap(), commands);
    assert_eq!(state.commands().unwrap(), []);
}

#[test]
fn a_cancel_holds_when_the_run_dies_before_it_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[]);
    leave_command(dir.path(), &Command::CancelItem(id(1))).unwrap();
    leave_command(dir.path(), &Command::DropSource(name("folder"))).unwrap();
    // Killed here.
    drop(state);
    let reader = ReadOnlyState::open(dir.path()).unwrap();
    assert!(reader.memory().unwrap().is_cancelled(&id(1)));

    let mut state = State::open(dir.path()).unwrap();
    assert!(state.memory().unwrap().is_cancelled(&id(1)));
    assert_eq!(reader.status().unwrap().statistics.cancelled, 1);
    assert_eq!(
        state.commands().unwrap(),
        [],
        "the source was left out of the run that died"
    );
}

#[test]
fn a_cancel_holds_when_the_run_dies_after_it_took_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[]);
    leave_command(dir.path(), &Command::CancelItem(id(1))).unwrap();
    assert_eq!(state.commands().unwrap().len(), 1);
    // What was on its way is written down after it, then the run is killed.
    state.record(&[Entry::Started { id: id(1) }]).unwrap();
    drop(state);
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[]);
    assert!(state.memory().unwrap().is_cancelled(&id(1)));

    state.forget_cancels(&HashSet::from([id(1)])).unwrap();
    assert!(!state.memory().unwrap().is_cancelled(&id(1)));
}

#[test]
fn a_finished_item_that_is_cancelled_stays_finished_and_is_not_wanted_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[0]);
    state.cancel_item(&id(0)).unwrap();
    let status = ReadOnlyState::open(dir.path()).unwrap().status().unwrap();
    assert_eq!(status.statistics.completed, 1);
    assert!(state.memory().unwrap().is_cancelled(&id(0)));
}

#[test]
fn what_a_whole_run_completed_is_not_the_work_of_a_later_one_that_broke_off() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[0, 1]);
    state.end_run(COMPLETE).unwrap();
    run(&mut state, &[]);
    state.end_run(INTERRUPTED).unwrap();
    assert_eq!(is_done(&state), [0; 0]);
}

#[test]
fn what_runs_completed_that_broke_off_is_done_until_one_comes_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[0]);
    // Killed.
    drop(state);
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[1]);
    state.end_run(INTERRUPTED).unwrap();
    assert_eq!(is_done(&state), [0, 1]);
    run(&mut state, &[2]);
    state.end_run(COMPLETE).unwrap();
    assert_eq!(is_done(&state), [0; 0]);
}

#[test]
fn failed_attempts_and_items_without_use_are_forgotten_after_ninety_days() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.save_plan(&plan(6)).unwrap();
    let attempt = |n: usize, failure: Option<&str>| {
        Entry::Attempt(Attempt {
            id: id(n),
            source: name("folder"),
            target: "t".to_owned(),
            score: 0.9,
            bytes: 3,
            started_at: Timestamp::now(),
            took: Duration::from_millis(5),
            failure: failure.map(str::to_owned),
            finding: None,
        })
    };
    state
        .record(&[
            attempt(0, Some("cut")),
            attempt(0, None),
            attempt(5, None),
            Entry::Completed {
                id: id(3),
                placed: vec![placed(dir.path(), "a.flac")],
                audio_hash: None,
            },
        ])
        .unwrap();
    state.cancel_item(&id(4)).unwrap();
    // Items 0, 1 and 2 are wanted, of 3 there is a file, 4 is cancelled, 5 is of no use.
    run(&mut state, &[]);
    state.end_run(COMPLETE).unwrap();
    let counts = |state: &State| -> Vec<u32> {
        ["item", "attempt", "run"]
            .map(|table| {
                let select = format!("SELECT count(*) FROM {table}");
                state
                    .connection
                    .query_row(&select, [], |row| row.get(0))
                    .unwrap()
            })
            .to_vec()
    };
    assert_eq!(counts(&state), [6, 3, 1]);
    run(&mut state, &[]);
    state.end_run(COMPLETE).unwrap();
    assert_eq!(counts(&state), [6, 3, 2], "nothing of it is old");

    let days = 91_i64 * 24 * 3600 * 1000;
    state
        .connection
        .execute_batch(&format!(
            "UPDATE item SET changed_at = changed_at - {days};
             UPDATE attempt SET started_at = started_at - {days};
             UPDATE run SET started_at = started_at - {days};"
        ))
        .unwrap();
    run(&mut state, &[]);
    // The newest of the old runs is kept beside the new one, until there is another.
    assert_eq!(counts(&state), [5, 1, 2]);
    assert_eq!(
        ReadOnlyState::open(dir.path())
            .unwrap()
            .attempts_of(&id(0))
            .unwrap()
            .len(),
        1,
        "the one that delivered"
    );
}

#[test]
fn an_item_is_found_by_its_words_and_the_whole_name_goes_before_parts() {
    let dir = tempfile::tempdir().unwrap();
    let track = |n: usize, artist: &str, title: &str, album: &str| {
        let mut item = PlanItem::new(Track {
            artists: vec![artist.to_owned()],
            album: Some(album.to_owned()),
            ..Track::new(id(n), title)
        });
        item.state = ItemState::Pending;
        item
    };
    let items = vec![
        track(0, "Ann", "Café Noir (Live)", "First Light"),
        track(1, "Ann", "Café Noir", "First Light"),
        track(2, "Ann", "Café Noir", "Second Light"),
        track(3, "Annie", "Owls", "Third"),
    ];
    let plan = Plan::new(items, Vec::new(), Timestamp::UNIX_EPOCH, "1".to_owned());
    State::open(dir.path()).unwrap().save_plan(&plan).unwrap();
    let reader = ReadOnlyState::open(dir.path()).unwrap();
    let found = |words: &str| -> Vec<String> {
        let found = reader.find_items(words, 9).unwrap();
        assert_eq!(found.total, found.first.len());
        let ids = found.first.into_iter().map(|item| item.id.to_string());
        ids.collect()
    };
    assert_eq!(found("spotify:2"), ["spotify:2"]);
    assert_eq!(found("noir CAFE ann"), ["spotify:1", "spotify:2"]);
    assert_eq!(found("cafe noir live"), ["spotify:0"]);
    assert_eq!(found("noir second"), ["spotify:2"]);
    assert_eq!(found("ann"), ["spotify:0", "spotify:1", "spotify:2"]);
    assert_eq!(found("anni"), ["spotify:3"]);
    assert_eq!(found("bob"), [""; 0]);
    let limited = reader.find_items("ann", 1).unwrap();
    assert_eq!((limited.total, limited.first.len()), (3, 1));
}

#[test]
fn what_is_being_fetched_is_seen_while_the_run_lives() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    run(&mut state, &[]);
    let download = |n: usize, source: &str| CurrentDownload {
        id: id(n),
        source: name(source),
        began_at: Timestamp::from_second(5).unwrap(),
        bytes: 3,
        total: Some(9),
    };
    state
        .downloads(&[download(0, "two"), download(1, "one")])
        .unwrap();
    let reader = ReadOnlyState::open(dir.path()).unwrap();
    let seen = |reader: &ReadOnlyState| -> Vec<(String, String)> {
        let now = reader.status().unwrap().fetching.into_iter();
        now.map(|one| (one.source, one.name)).collect()
    };
    let pair = |source: &str, name: &str| (source.to_owned(), name.to_owned());
    assert_eq!(
        seen(&reader),
        [pair("one", "Song 1"), pair("two", "Song 0")]
    );
    state.downloads(&[download(0, "two")]).unwrap();
    assert_eq!(seen(&reader), [pair("two", "Song 0")]);
    // Killed here.
    drop(state);
    assert_eq!(seen(&reader), []);
    let _next = State::open(dir.path()).unwrap();
    assert_eq!(seen(&reader), [], "the next run has fetched nothing yet");
}

#[test]
fn every_code_in_the_state_is_read_back() {
    use crate::plan::Status;
    for reason in [
        SkipReason::Exists,
        SkipReason::NotATrack,
        SkipReason::Dependency,
        SkipReason::Cancelled,
        SkipReason::LeftOut,
    ] {
        assert_eq!(SkipReason::from_code(reason.code()), Some(reason));
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
    }
    for status in [
        Status::Pending,
        Status::InProgress,
        Status::Completed,
        Status::Failed,
        Status::Skipped,
    ] {
        assert_eq!(Status::from_code(status.as_str()), Some(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}
