mod earlier;
mod promises;

use std::path::PathBuf;

use jiff::Timestamp;

use super::*;
use crate::engine::{Attempt, Entry, Journal};
use crate::layout::RelPath;
use crate::music::{SourceName, Track, TrackId};
use crate::plan::{ItemState, Plan, PlanItem, SkipReason};
use crate::publish::Placed;

const COMPLETE: RunEnd<'_> = RunEnd {
    outcome: "complete",
    early: false,
};
const INTERRUPTED: RunEnd<'_> = RunEnd {
    outcome: "interrupted",
    early: true,
};

fn id(n: usize) -> TrackId {
    TrackId::from_saved(format!("spotify:{n}"))
}

fn plan(count: usize) -> Plan {
    let items = (0..count)
        .map(|n| PlanItem::new(Track::new(id(n), format!("Song {n}"))))
        .collect();
    Plan::new(items, Vec::new(), Timestamp::UNIX_EPOCH, "1".to_owned())
}

fn placed(library: &Path, name: &str) -> Placed {
    let relative = RelPath::from_saved(name).unwrap();
    Placed {
        path: library.join(name),
        relative,
        size: 1,
        mtime_ns: 5,
    }
}

#[test]
fn a_second_run_is_told_who_holds_the_state_and_a_reader_is_not_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let first = State::open(dir.path()).unwrap();
    let error = State::open(dir.path()).unwrap_err();
    let StateError::Held { holder, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(holder.pid, Some(std::process::id()));
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    let status = ReadOnlyState::open(dir.path()).unwrap().status().unwrap();
    assert_eq!(
        status.held_by.and_then(|holder| holder.pid),
        Some(std::process::id())
    );
    drop(first);
    assert!(
        ReadOnlyState::open(dir.path())
            .unwrap()
            .status()
            .unwrap()
            .held_by
            .is_none()
    );
    State::open(dir.path()).unwrap();
}

#[test]
fn what_a_run_recorded_is_what_the_next_one_finds() {
    let dir = tempfile::tempdir().unwrap();
    let library = tempfile::tempdir().unwrap();
    fs::write(library.path().join("one.flac"), b"x").unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.begin_run(library.path(), RunKind::Plan).unwrap();
    state.save_plan(&plan(4)).unwrap();
    let attempt = Attempt {
        id: id(1),
        source: SourceName::parse("folder").unwrap(),
        target: "t".to_owned(),
        score: 0.9,
        bytes: 3,
        started_at: Timestamp::UNIX_EPOCH,
        took: Duration::from_millis(5),
        failure: Some("cut".to_owned()),
        finding: Some("kept".to_owned()),
    };
    state
        .record(&[
            Entry::Started { id: id(0) },
            Entry::Started { id: id(3) },
            Entry::Completed {
                id: id(0),
                placed: vec![
                    placed(library.path(), "one.flac"),
                    placed(library.path(), "gone.flac"),
                ],
                audio_hash: Some("h".to_owned()),
            },
            Entry::Attempt(attempt),
            Entry::Failed {
                id: id(1),
                error: "cut".to_owned(),
            },
        ])
        .unwrap();
    // Killed here: nothing says that the run ended.
    drop(state);

    let status = ReadOnlyState::open(dir.path()).unwrap().status().unwrap();
    let counts = status.statistics;
    assert_eq!(
        (
            counts.completed,
            counts.failed,
            counts.pending,
            counts.in_progress
        ),
        (1, 1, 1, 1)
    );
    assert_eq!((status.files, status.attempts), (2, 1));
    assert_eq!(status.failed[0].error, "cut");
    assert_eq!(status.last_run.as_ref().and_then(|run| run.ended_at), None);

    let mut state = State::open(dir.path()).unwrap();
    let memory = state.memory().unwrap();
    assert_eq!(
        memory.finished(&id(0), library.path()),
        Some(library.path().join("one.flac"))
    );
    assert_eq!(memory.finished(&id(1), library.path()), None);
    assert_eq!(memory.retries(&id(1)), 1);
    assert_eq!(memory.vanished(library.path()), None);
    fs::remove_file(library.path().join("one.flac")).unwrap();
    assert_eq!(memory.vanished(library.path()), Some(2));
    let another = tempfile::tempdir().unwrap();
    assert_eq!(
        memory.vanished(another.path()),
        None,
        "nothing was ever placed there"
    );
    let mut stems: Vec<String> = memory
        .stems()
        .map(|(_, stem)| stem.as_str().to_owned())
        .collect();
    stems.sort();
    assert_eq!(stems, ["gone", "one"]);

    state.begin_run(library.path(), RunKind::Plan).unwrap();
    let reader = ReadOnlyState::open(dir.path()).unwrap();
    assert_eq!(
        reader.status().unwrap().statistics.in_progress,
        0,
        "a killed run's items are pending"
    );
    assert_eq!(reader.first_pending().unwrap().as_deref(), Some("Song 2"));
    state.end_run(COMPLETE).unwrap();
    let run = reader.status().unwrap().last_run.unwrap();
    assert_eq!(run.outcome.as_deref(), Some("complete"));
}

#[test]
fn a_new_plan_keeps_what_is_finished_and_forgets_what_is_no_longer_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.save_plan(&plan(3)).unwrap();
    state
        .record(&[Entry::Completed {
            id: id(0),
            placed: Vec::new(),
            audio_hash: None,
        }])
        .unwrap();
    let mut second = plan(2);
    second.items[0].state = ItemState::Skipped {
        reason: SkipReason::Exists,
        path: Some(PathBuf::from("/x")),
    };
    state.save_plan(&second).unwrap();
    let counts = ReadOnlyState::open(dir.path())
        .unwrap()
        .status()
        .unwrap()
        .statistics;
    assert_eq!((counts.total, counts.completed, counts.pending), (2, 1, 1));
}

#[test]
fn a_batch_is_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut state = State::open(dir.path()).unwrap();
    state.save_plan(&plan(2)).unwrap();
    // A second connection takes the table away behind the journal's back.
    Connection::open(dir.path().join(FILE))
        .unwrap()
        .execute_batch("DROP TABLE placement")
        .unwrap();
    let batch = [
        Entry::Started { id: id(0) },
        Entry::Completed {
            id: id(1),
            placed: vec![placed(dir.path(), "a.flac")],
            audio_hash: None,
        },
    ];
    assert!(state.record(&batch).is_err());
    let count: u32 = Connection::open(dir.path().join(FILE))
        .unwrap()
        .query_row(
            "SELECT count(*) FROM item WHERE status = 'pending'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(count, 2);
}

#[test]
fn a_state_is_brought_up_to_date_as_a_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let database = Connection::open(dir.path().join(FILE)).unwrap();
    // In the way of the last of the changes.
    database
        .execute_batch("CREATE TABLE download (x);")
        .unwrap();
    let error = State::open(dir.path()).unwrap_err();
    assert!(matches!(error, StateError::Migration { .. }), "{error}");
    let tables: i64 = database
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('item', 'run', 'attempt')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(tables, 0);
    database.execute_batch("DROP TABLE download;").unwrap();
    drop(State::open(dir.path()).unwrap());
}

#[test]
fn nothing_run_yet_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = ReadOnlyState::open(&dir.path().join("none")).unwrap_err();
    assert!(matches!(error, StateError::Absent { .. }));
}

#[test]
fn a_run_that_died_before_it_made_its_tables_has_not_run() {
    let dir = tempfile::tempdir().unwrap();
    Connection::open(dir.path().join(FILE))
        .and_then(|database| database.execute_batch("PRAGMA journal_mode = WAL;"))
        .unwrap();
    let error = ReadOnlyState::open(dir.path()).unwrap_err();
    assert!(matches!(error, StateError::Absent { .. }), "{error}");
    drop(State::open(dir.path()).unwrap());
    ReadOnlyState::open(dir.path()).unwrap().status().unwrap();
}

#[test]
fn the_state_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("state");
    drop(State::open(&dir).unwrap());
    assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn where_no_memory_is_shared_the_state_has_no_log_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let files = || {
        let mut names: Vec<String> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // Moved there, with what a run on a local disk has left.
    let local = State::open(dir.path()).unwrap();
    assert!(files().contains(&format!("{FILE}-wal")));
    drop(local);

    let mut state = State::open_at(dir.path(), Place::Remote("NFS")).unwrap();
    let notes = SourceStore::open(dir.path()).unwrap();
    state.begin_run(Path::new("/music"), RunKind::Plan).unwrap();
    state.save_plan(&plan(3)).unwrap();
    let reader = ReadOnlyState::open(dir.path()).unwrap();
    assert!(reader.status().unwrap().held_by.is_some());
    assert!(
        !files().iter().any(|name| name.ends_with("-wal")),
        "{:?}",
        files()
    );
    assert!(state.warning().is_some());
    drop(notes);
}
