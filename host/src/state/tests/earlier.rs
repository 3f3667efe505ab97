//! States of earlier programs, with data in them, and of later ones.

use super::*;
use crate::engine::Command;
use crate::engine::SourceMemory;

/// A dump of every schema; README.md beside them says how they were made.
const EARLIER: [&str; 5] = [
    include_str!("../../../tests/fixtures/states/V1.sql"),
    include_str!("../../../tests/fixtures/states/V2.sql"),
    include_str!("../../../tests/fixtures/states/V3.sql"),
    include_str!("../../../tests/fixtures/states/V4.sql"),
    include_str!("../../../tests/fixtures/states/V5.sql"),
];

const BUNTING: &str = "spotify:AmberBunting0000000000";
const CURLEW: &str = "spotify:AmberCurlew00000000000";
const GOOSE: &str = "spotify:AmberGoose000000000000";
const LOST: &str = "spotify:Lost000000000000000000";

fn saved(id: &str) -> TrackId {
    TrackId::from_saved(id)
}

/// A state directory with that dump in it.
fn loaded(dump: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    Connection::open(dir.path().join(FILE))
        .and_then(|database| database.execute_batch(dump))
        .unwrap();
    dir
}

fn version(dir: &Path) -> usize {
    Connection::open(dir.join(FILE))
        .and_then(|database| {
            let newest = "SELECT max(version) FROM refinery_schema_history";
            database.query_row(newest, [], |row| row.get::<_, u32>(0))
        })
        .unwrap() as usize
}

#[test]
fn there_is_a_dump_of_every_schema() {
    let dir = tempfile::tempdir().unwrap();
    drop(State::open(dir.path()).unwrap());
    assert_eq!(version(dir.path()), EARLIER.len());
    for (dump, number) in EARLIER.into_iter().zip(1..) {
        assert_eq!(version(loaded(dump).path()), number);
    }
}

#[test]
fn the_state_of_every_earlier_program_is_read_and_left_as_it_is() {
    for (dump, number) in EARLIER.into_iter().zip(1..) {
        let dir = loaded(dump);
        let reader = ReadOnlyState::open(dir.path()).unwrap();
        let status = reader.status().unwrap();
        let counts = status.statistics;
        assert_eq!(
            (counts.completed, counts.cancelled, counts.left_out),
            (1, 1, 1),
            "V{number}"
        );
        assert_eq!(
            (counts.failed, counts.pending, counts.in_progress),
            (2, 1, 1)
        );
        assert_eq!((status.files, status.attempts), (1, 2));
        assert_eq!(status.failed[1].name, "Bob - Lost");
        let run = status.last_run.unwrap();
        assert_eq!(run.outcome.as_deref(), Some("interrupted"));

        let found = reader.find_items("LOST bob", 9).unwrap();
        assert_eq!(found.total, 1, "V{number}");
        assert_eq!(found.first[0].id, saved(LOST));
        assert_eq!(found.first[0].lists, ["wanted"]);
        let attempts = reader.attempts_of(&saved(LOST)).unwrap();
        assert_eq!(
            attempts[0].failure.as_deref(),
            Some("the file is cut short")
        );
        assert_eq!(attempts[0].finding.is_some(), number >= 4, "V{number}");

        let memory = reader.memory().unwrap();
        assert!(memory.is_cancelled(&saved(CURLEW)), "V{number}");
        assert_eq!(memory.is_cancelled(&saved(GOOSE)), number >= 3);
        let track = reader.placed_track("Ann/Old/Amber Bunting.flac").unwrap();
        assert_eq!(track.unwrap().id, saved(BUNTING));
        assert_eq!(version(dir.path()), number, "nothing was written");
    }
}

#[test]
fn the_state_of_every_earlier_program_is_continued() {
    for (dump, number) in EARLIER.into_iter().zip(1..) {
        let dir = loaded(dump);
        let mut state = State::open(dir.path()).unwrap();
        assert_eq!(version(dir.path()), EARLIER.len());
        let memory = state.memory().unwrap();
        assert!(memory.is_cancelled(&saved(CURLEW)), "V{number}");
        // The run to which it was said has not lived to hear it.
        assert_eq!(memory.is_cancelled(&saved(GOOSE)), number >= 3);
        assert_eq!(state.commands().unwrap(), []);
        assert_eq!(memory.retries(&saved(LOST)), 3);
        // Earlier schemas did not say which run completed an item.
        assert_eq!(memory.is_done_by_unended_run(&saved(BUNTING)), number >= 5);

        let store = SourceStore::open(dir.path()).unwrap();
        assert_eq!(store.has_bad_files(&saved(LOST)), number >= 2);
        state.begin_run(Path::new("/music"), RunKind::Plan).unwrap();
        state.cancel_item(&saved(LOST)).unwrap();
        let status = ReadOnlyState::open(dir.path()).unwrap().status().unwrap();
        assert_eq!(status.statistics.in_progress, 0);
        assert_eq!(status.statistics.failed, 1);
    }
}

#[test]
fn what_is_kept_of_sources_is_there_also_when_the_state_was_only_read() {
    for dump in EARLIER {
        let dir = loaded(dump);
        let store = SourceStore::open(dir.path()).unwrap();
        let (source, now) = (SourceName::parse("folder").unwrap(), Timestamp::now());
        store.search_starts(&source, now);
        assert_eq!(
            store.searches(&source, now - Duration::from_secs(1)).len(),
            1
        );
    }
}

#[test]
fn a_run_of_an_earlier_program_is_looked_at_and_gets_no_command_it_does_not_know() {
    let dir = loaded(EARLIER[3]);
    let _held = lock::take(dir.path()).unwrap();
    let status = ReadOnlyState::open(dir.path()).unwrap().status().unwrap();
    assert!(status.held_by.is_some());
    let command = Command::CancelItem(saved(LOST));
    let error = leave_command(dir.path(), &command).unwrap_err();
    assert!(matches!(error, StateError::Older { .. }), "{error}");
    let error = SourceStore::open(dir.path()).unwrap_err();
    assert!(matches!(error, StateError::Held { .. }), "{error}");
    assert_eq!(version(dir.path()), 4);
}

#[test]
fn a_state_of_a_later_program_is_refused_by_its_name_and_left_alone() {
    for names_itself in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        drop(State::open(dir.path()).unwrap());
        let database = Connection::open(dir.path().join(FILE)).unwrap();
        database
            .execute_batch(
                "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 VALUES (99, 'later', '2030-01-01T00:00:00Z', '1');
                 INSERT INTO written_by VALUES (99, '9.8.7');",
            )
            .unwrap();
        if !names_itself {
            database.execute_batch("DROP TABLE written_by;").unwrap();
        }
        let errors = [
            State::open(dir.path()).unwrap_err(),
            ReadOnlyState::open(dir.path()).unwrap_err(),
            SourceStore::open(dir.path()).unwrap_err(),
            leave_command(dir.path(), &Command::CancelItem(saved(LOST))).unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(error, StateError::Newer { found: 99, .. }),
                "{error}"
            );
            let by = if names_itself {
                "written by musicdl 9.8.7 (schema 99)"
            } else {
                "written by a later musicdl (schema 99)"
            };
            assert!(error.to_string().contains(by), "{error}");
        }
    }
}
