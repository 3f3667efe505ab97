//! What other processes ask of the run that holds the state, and what they may change when
//! nobody does.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::{FILE, ReadOnlyState, State, StateError, now_ms};
use crate::engine::Command;
use crate::music::{SourceName, Track, TrackId};
use crate::plan::SkipReason;

const CANCEL_ITEM: &str = "cancel_item";
const DROP_SOURCE: &str = "drop_source";

/// An item of the current plan, as somebody may look for it.
#[derive(Clone, Debug)]
pub struct FoundItem {
    /// Its id.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// How it stands, in a word.
    pub status: String,
    /// Its metadata.
    pub track: Track,
}

/// One download of an item that was tried, as the memory has it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PastAttempt {
    /// At whom.
    pub source: String,
    /// The candidate, as the source names it.
    pub target: String,
    /// How well it fitted, 0 to 1.
    pub score: f64,
    /// Bytes that came.
    pub bytes: u64,
    /// Why it failed; `None`: it did not.
    pub failure: Option<String>,
    /// What was found out about its file, or where it is kept if it was refused.
    pub finding: Option<String>,
}

/// Leaves a wish for the run that holds the state in `dir`.
///
/// # Errors
/// When the database cannot be written.
pub fn leave_command(dir: &Path, wish: &Command) -> Result<(), StateError> {
    let path = dir.join(FILE);
    let (kind, value) = match wish {
        Command::CancelItem(id) => (CANCEL_ITEM, id.as_str()),
        Command::DropSource(name) => (DROP_SOURCE, name.as_str()),
    };
    Connection::open(&path)
        .and_then(|connection| {
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.execute(
                "INSERT INTO wish (kind, value) VALUES (?1, ?2)",
                params![kind, value],
            )
        })
        .map(drop)
        .map_err(|source| StateError::Database { path, source })
}

impl State {
    /// Takes the wishes that others have left.
    pub(super) fn take_commands(&mut self) -> Result<Vec<Command>, StateError> {
        let some: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM wish)")
            .and_then(|mut asked| asked.query_row([], |row| row.get(0)))
            .map_err(|source| StateError::Database {
                path: self.path.clone(),
                source,
            })?;
        if !some {
            return Ok(Vec::new());
        }
        self.transaction(|tx| {
            let mut rows = tx.prepare("DELETE FROM wish RETURNING kind, value")?;
            let wishes = rows.query_map([], |row| {
                let (kind, value): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(match kind.as_str() {
                    CANCEL_ITEM => Some(Command::CancelItem(TrackId::from_saved(value))),
                    // Another kind is one of a later musicdl, and not for this run.
                    DROP_SOURCE => SourceName::parse(&value).ok().map(Command::DropSource),
                    _ => None,
                })
            })?;
            wishes.filter_map(Result::transpose).collect()
        })
    }

    /// Cancels an item while no run is going on. A finished one stays finished.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn cancel_item(&mut self, id: &TrackId) -> Result<(), StateError> {
        self.transaction(|tx| {
            tx.execute(
                "UPDATE item SET status = 'skipped', reason = ?2, error = NULL, changed_at = ?3
                 WHERE id = ?1 AND status != 'completed'",
                params![id.as_str(), SkipReason::Cancelled.as_str(), now_ms()],
            )
        })
        .map(drop)
    }

    /// Forgets wishes that an earlier run did not live to hear.
    pub(super) fn forget_wishes(&mut self) -> Result<(), StateError> {
        self.transaction(|tx| tx.execute("DELETE FROM wish", []))
            .map(drop)
    }
}

impl ReadOnlyState {
    /// The items of the current plan with that id, or with those words in their name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find_items(&self, words: &str) -> Result<Vec<FoundItem>, StateError> {
        let all = self.items("1 = 1")?;
        if let Some(exact) = all.iter().find(|item| item.id.as_str() == words) {
            return Ok(vec![exact.clone()]);
        }
        let wanted = words.to_lowercase();
        let named = |item: &FoundItem| item.name.to_lowercase().contains(&wanted);
        Ok(all.into_iter().filter(named).collect())
    }

    /// The items of the current plan that were given up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn failed_items(&self) -> Result<Vec<FoundItem>, StateError> {
        self.items("status = 'failed'")
    }

    fn items(&self, which: &str) -> Result<Vec<FoundItem>, StateError> {
        let read = || {
            let mut rows = self.connection.prepare(&format!(
                "SELECT id, name, status, track FROM item
                 WHERE position IS NOT NULL AND {which} ORDER BY position"
            ))?;
            rows.query_map([], |row| {
                let track: String = row.get(3)?;
                Ok(FoundItem {
                    id: TrackId::from_saved(row.get::<_, String>(0)?),
                    name: row.get(1)?,
                    status: row.get(2)?,
                    track: serde_json::from_str(&track).map_err(|error| {
                        rusqlite::Error::FromSqlConversionFailure(
                            3,
                            rusqlite::types::Type::Text,
                            Box::new(error),
                        )
                    })?,
                })
            })?
            .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| StateError::Database {
            path: self.path.clone(),
            source,
        })
    }

    /// Every download that was tried for an item, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn attempts_of(&self, id: &TrackId) -> Result<Vec<PastAttempt>, StateError> {
        let read = || {
            let mut rows = self.connection.prepare(
                "SELECT source, target, score, bytes, failure, finding FROM attempt
                 WHERE item = ?1 ORDER BY id",
            )?;
            rows.query_map([id.as_str()], |row| {
                Ok(PastAttempt {
                    source: row.get(0)?,
                    target: row.get(1)?,
                    score: row.get(2)?,
                    bytes: row.get::<_, i64>(3)?.unsigned_abs(),
                    failure: row.get(4)?,
                    finding: row.get(5)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()
        };
        read().map_err(|source| StateError::Database {
            path: self.path.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Journal;

    #[test]
    fn a_wish_is_heard_once_by_the_run_that_holds_the_state() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = State::open(dir.path()).unwrap();
        let wishes = [
            Command::CancelItem(TrackId::text("x")),
            Command::DropSource(SourceName::parse("folder").unwrap()),
        ];
        for wish in &wishes {
            leave_command(dir.path(), wish).unwrap();
        }
        assert_eq!(state.commands().unwrap(), wishes);
        assert_eq!(state.commands().unwrap(), []);
        leave_command(dir.path(), &wishes[0]).unwrap();
        state.begin_run(dir.path()).unwrap();
        assert_eq!(
            state.commands().unwrap(),
            [],
            "it was meant for an earlier run"
        );
    }
}
