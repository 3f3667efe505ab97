//! What is kept of sources between runs, in tables beside the journal's.
//!
//! The connection is one of its own, because jobs look here while the coordinator writes the
//! journal, and syncs less: what a power cut takes away here is a search made twice.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use musicdl_plugin_api::Hit;
use rusqlite::{Connection, OptionalExtension, params};

use super::schema::{self, Form};
use super::{FILE, State, StateError, now_ms};
use crate::engine::SourceMemory;
use crate::music::{SourceName, TrackId};

/// Starts of searches older than this are of use to no window.
const LONGEST_WINDOW_MS: i64 = 24 * 3600 * 1000;
/// Answers older than this are not used, whatever the config says.
const OLDEST_ANSWER_MS: i64 = 24 * 3600 * 1000;

/// What is kept of sources, in the state.
#[derive(Debug)]
pub struct SourceStore {
    connection: Mutex<Connection>,
    /// The items of all bad files; to be asked without waiting for the database.
    with_bad_files: Mutex<HashSet<TrackId>>,
    path: PathBuf,
}

impl SourceStore {
    /// Opens what is kept in a state that [`State::open`] has made, and forgets what is too old
    /// to matter. The state of an earlier program is brought up to date.
    ///
    /// # Errors
    /// When the database cannot be used; [`StateError::Held`] when a run of an earlier program
    /// has it.
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        let database = |source| StateError::database(&path, source);
        let connection = Connection::open(&path).map_err(database)?;
        if schema::form_of(&connection, &path)? != Form::Current {
            drop(State::open(dir)?);
        }
        connection
            .busy_timeout(Duration::from_secs(5))
            .and_then(|()| connection.execute_batch("PRAGMA synchronous = NORMAL;"))
            .and_then(|()| {
                let now = now_ms();
                let forgotten = [
                    ("search_start", "at", now - LONGEST_WINDOW_MS),
                    ("answer", "at", now - OLDEST_ANSWER_MS),
                    ("source_rest", "until", now),
                ];
                forgotten.into_iter().try_for_each(|(table, time, before)| {
                    let delete = format!("DELETE FROM {table} WHERE {time} < ?1");
                    connection.execute(&delete, [before]).map(drop)
                })
            })
            .map_err(database)?;
        let with_bad_files = items_with_bad_files(&connection).map_err(database)?;
        Ok(Self {
            connection: Mutex::new(connection),
            with_bad_files: Mutex::new(with_bad_files),
            path,
        })
    }

    /// Forgets what is known against files for an item: they are to be tried as if for the
    /// first time.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_bad_files(&self, item: &TrackId) -> Result<(), StateError> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connection
            .execute("DELETE FROM bad_file WHERE item = ?1", [item.as_str()])
            .map(drop)
            .map_err(|source| StateError::database(&self.path, source))
    }

    fn with_bad_files(&self) -> MutexGuard<'_, HashSet<TrackId>> {
        // Whole after every step, whichever thread panicked in between.
        let items = self.with_bad_files.lock();
        items.unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing here is worth a run: what fails is said in the log, and counts as not there.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Option<T> {
        let connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match work(&connection) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(%error, "what is kept of sources cannot be used");
                None
            }
        }
    }
}

fn items_with_bad_files(connection: &Connection) -> rusqlite::Result<HashSet<TrackId>> {
    let mut items = connection.prepare("SELECT DISTINCT item FROM bad_file")?;
    items
        .query_map([], |row| row.get::<_, String>(0).map(TrackId::from_saved))?
        .collect()
}

impl SourceMemory for SourceStore {
    fn searches(&self, source: &SourceName, since: Timestamp) -> Vec<Timestamp> {
        let starts = self.with(|connection| {
            let mut rows = connection.prepare_cached(
                "SELECT at FROM search_start WHERE source = ?1 AND at >= ?2 ORDER BY at",
            )?;
            rows.query_map(params![source.as_str(), since.as_millisecond()], |row| {
                row.get(0)
            })?
            .collect::<rusqlite::Result<Vec<i64>>>()
        });
        let time = |ms| Timestamp::from_millisecond(ms).ok();
        starts
            .unwrap_or_default()
            .into_iter()
            .filter_map(time)
            .collect()
    }

    fn search_starts(&self, source: &SourceName, at: Timestamp) {
        self.with(|connection| {
            connection
                .prepare_cached("INSERT INTO search_start (source, at) VALUES (?1, ?2)")?
                .execute(params![source.as_str(), at.as_millisecond()])
        });
    }

    fn rest(&self, source: &SourceName, now: Timestamp) -> Option<(Timestamp, String)> {
        let row: Option<(i64, String)> = self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT until, why FROM source_rest WHERE source = ?1 AND until > ?2",
                )?
                .query_row(params![source.as_str(), now.as_millisecond()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })?;
        let (until, why) = row?;
        Some((Timestamp::from_millisecond(until).ok()?, why))
    }

    fn rests(&self, source: &SourceName, until: Timestamp, why: &str) {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO source_rest (source, until, why) VALUES (?1, ?2, ?3)
                     ON CONFLICT (source) DO UPDATE SET until = excluded.until, why = excluded.why",
                )?
                .execute(params![source.as_str(), until.as_millisecond(), why])
        });
    }

    fn answer(&self, source: &SourceName, key: &str, age: Duration) -> Option<Vec<Hit>> {
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let oldest = now_ms().saturating_sub(age);
        let text: String = self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT hits FROM answer WHERE source = ?1 AND key = ?2 AND at > ?3",
                )?
                .query_row(params![source.as_str(), key, oldest], |row| row.get(0))
                .optional()
        })??;
        // An answer that another version of musicdl wrote in another form counts as none.
        serde_json::from_str(&text).ok()
    }

    fn answered(&self, source: &SourceName, key: &str, hits: &[Hit]) {
        self.with(|connection| {
            let text = serde_json::to_string(hits)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
            connection
                .prepare_cached(
                    "INSERT INTO answer (source, key, at, hits) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (source, key) DO UPDATE SET at = excluded.at, hits = excluded.hits",
                )?
                .execute(params![source.as_str(), key, now_ms(), text])
        });
    }

    fn has_bad_files(&self, item: &TrackId) -> bool {
        self.with_bad_files().contains(item)
    }

    fn bad_file(&self, source: &SourceName, target: &str, item: &TrackId) -> Option<String> {
        self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT why FROM bad_file WHERE source = ?1 AND target = ?2 AND item = ?3",
                )?
                .query_row(params![source.as_str(), target, item.as_str()], |row| {
                    row.get(0)
                })
                .optional()
        })?
    }

    fn found_bad(&self, source: &SourceName, target: &str, item: &TrackId, why: &str) {
        self.with_bad_files().insert(item.clone());
        self.with(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO bad_file (source, target, item, why, at) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET why = excluded.why, at = excluded.at",
                )?
                .execute(params![source.as_str(), target, item.as_str(), why, now_ms()])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> SourceName {
        SourceName::parse(name).unwrap()
    }

    #[test]
    fn what_one_run_records_of_a_source_the_next_one_knows() {
        let dir = tempfile::tempdir().unwrap();
        drop(State::open(dir.path()).unwrap());
        let (a, b, id) = (name("a"), name("b"), TrackId::text("x"));
        // As exact as the memory keeps times.
        let now = Timestamp::from_millisecond(now_ms()).unwrap();
        let later = now + jiff::SignedDuration::from_hours(1);
        {
            let store = SourceStore::open(dir.path()).unwrap();
            store.search_starts(&a, now);
            store.rests(&a, later, "busy");
            store.found_bad(&a, "7", &id, "cut off");
        }
        let store = SourceStore::open(dir.path()).unwrap();
        let ago = now - jiff::SignedDuration::from_secs(10);
        assert_eq!(store.searches(&a, ago), [now]);
        assert!(store.searches(&b, ago).is_empty());
        assert_eq!(store.rest(&a, now), Some((later, "busy".to_owned())));
        assert_eq!(store.rest(&a, later), None, "its time has come");
        assert_eq!(store.rest(&b, now), None);
        assert_eq!(store.bad_file(&a, "7", &id).as_deref(), Some("cut off"));
        assert!(store.has_bad_files(&id) && !store.has_bad_files(&TrackId::text("y")));
        assert_eq!(
            store.bad_file(&a, "7", &TrackId::text("y")),
            None,
            "for another item it may do"
        );
        store.forget_bad_files(&id).unwrap();
        assert_eq!(store.bad_file(&a, "7", &id), None);
    }

    #[test]
    fn a_store_that_cannot_be_written_answers_as_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        drop(State::open(dir.path()).unwrap());
        let store = SourceStore::open(dir.path()).unwrap();
        store
            .with(|connection| connection.execute_batch("DROP TABLE answer; DROP TABLE bad_file;"))
            .unwrap();
        store.answered(&name("a"), "k", &[]);
        assert_eq!(store.answer(&name("a"), "k", Duration::MAX), None);
        assert_eq!(store.bad_file(&name("a"), "7", &TrackId::text("x")), None);
    }
}
