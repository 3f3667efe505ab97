//! Commands that other processes leave for the run that holds the state, and cancels.
//!
//! A cancel that was left is a promise: it is on disk before it is confirmed, and it holds
//! whether the run takes it or ends before. A command about a source is for that run alone.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::schema::{self, Form};
use super::{FILE, State, StateError, now_ms};
use crate::engine::Command;
use crate::music::{SourceName, TrackId};
use crate::plan::SkipReason;

/// Code of [`Command::CancelItem`].
pub(super) const CANCEL_ITEM: &str = "cancel_item";
/// Code of [`Command::DropSource`].
const DROP_SOURCE: &str = "drop_source";

/// Leaves a command for the run that holds the state in `dir`. It is durable when this returns.
///
/// # Errors
/// [`StateError::Older`] when that run does not understand it; else when the database cannot be
/// written.
pub fn leave_command(dir: &Path, command: &Command) -> Result<(), StateError> {
    let path = dir.join(FILE);
    let database = |source| StateError::database(&path, source);
    let (kind, value) = match command {
        Command::CancelItem(id) => (CANCEL_ITEM, id.as_str()),
        Command::DropSource(name) => (DROP_SOURCE, name.as_str()),
    };
    let connection = Connection::open(&path).map_err(database)?;
    connection
        .busy_timeout(Duration::from_secs(5))
        .and_then(|()| connection.execute_batch("PRAGMA synchronous = FULL;"))
        .map_err(database)?;
    if schema::form_of(&connection, &path)? != Form::Current {
        return Err(StateError::Older { path });
    }
    connection
        .execute(
            "INSERT INTO command (kind, value, left_at) VALUES (?1, ?2, ?3)",
            params![kind, value, now_ms()],
        )
        .map(drop)
        .map_err(database)
}

impl State {
    /// Takes the commands that others have left. Cancels among them hold from now on, whatever
    /// becomes of this run.
    pub(super) fn take_commands(&mut self) -> Result<Vec<Command>, StateError> {
        let some: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM command)")
            .and_then(|mut asked| asked.query_row([], |row| row.get(0)))
            .map_err(|source| StateError::database(&self.path, source))?;
        if !some {
            return Ok(Vec::new());
        }
        self.transaction(|tx| {
            let commands = take_all(tx)?;
            for (command, _) in &commands {
                if let Command::CancelItem(id) = command {
                    keep_cancelled(tx, id)?;
                }
            }
            Ok(commands.into_iter().map(|(command, _)| command).collect())
        })
    }

    /// Cancels an item while no run is going on. A finished one stays finished, and is not
    /// fetched again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn cancel_item(&mut self, id: &TrackId) -> Result<(), StateError> {
        self.transaction(|tx| cancel(tx, id))
    }

    /// Those items are wanted again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_cancels(&mut self, ids: &HashSet<TrackId>) -> Result<(), StateError> {
        self.transaction(|tx| {
            let mut delete = tx.prepare("DELETE FROM cancelled WHERE item = ?1")?;
            ids.iter()
                .try_for_each(|id| delete.execute([id.as_str()]).map(drop))
        })
    }

    /// Does what was left for an earlier run that did not live to take it. What was left since
    /// this process has the state is meant for it, and stays.
    pub(super) fn carry_out_late_commands(&mut self, since: i64) -> Result<(), StateError> {
        self.transaction(|tx| {
            for (command, left_at) in take_all(tx)? {
                match command {
                    Command::CancelItem(id) => cancel(tx, &id)?,
                    Command::DropSource(name) if left_at >= since => {
                        tx.execute(
                            "INSERT INTO command (kind, value, left_at) VALUES (?1, ?2, ?3)",
                            params![DROP_SOURCE, name.as_str(), left_at],
                        )?;
                    }
                    Command::DropSource(_) => {}
                }
            }
            Ok(())
        })
    }
}

/// All that were left, with their times.
fn take_all(tx: &Transaction<'_>) -> rusqlite::Result<Vec<(Command, i64)>> {
    let mut rows = tx.prepare("DELETE FROM command RETURNING kind, value, left_at")?;
    let commands = rows.query_map([], |row| {
        let (kind, value): (String, String) = (row.get(0)?, row.get(1)?);
        let command = match kind.as_str() {
            CANCEL_ITEM => Some(Command::CancelItem(TrackId::from_saved(value))),
            DROP_SOURCE => SourceName::parse(&value).ok().map(Command::DropSource),
            // Another kind is one of a later musicdl, and not for this run.
            _ => None,
        };
        let left_at = row.get(2)?;
        Ok(command.map(|command| (command, left_at)))
    })?;
    commands.filter_map(Result::transpose).collect()
}

fn cancel(tx: &Transaction<'_>, id: &TrackId) -> rusqlite::Result<()> {
    keep_cancelled(tx, id)?;
    tx.execute(
        "UPDATE item SET status = 'skipped', reason = ?2, error = NULL, changed_at = ?3
         WHERE id = ?1 AND status != 'completed'",
        params![id.as_str(), SkipReason::Cancelled.code(), now_ms()],
    )
    .map(drop)
}

fn keep_cancelled(tx: &Transaction<'_>, id: &TrackId) -> rusqlite::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO cancelled (item, at) VALUES (?1, ?2)",
        params![id.as_str(), now_ms()],
    )
    .map(drop)
}
