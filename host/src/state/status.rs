//! What the memory says to somebody who asks.

use jiff::Timestamp;
use rusqlite::OptionalExtension;
use serde::Serialize;

use super::{ReadOnlyState, StateError};
use crate::plan::Statistics;
use crate::publish::QuarantineTotals;

/// How things stand.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The items of the current plan.
    pub statistics: Statistics,
    /// Files of ours in the library.
    pub files: u64,
    /// Downloads tried, over all runs.
    pub attempts: u64,
    /// The newest run.
    pub last_run: Option<LastRun>,
    /// The process that runs at the moment.
    pub held_by: Option<super::Holder>,
    /// What failed, in plan order.
    pub failed: Vec<FailedItem>,
    /// The refused files that are kept; `None` while nobody looked.
    pub quarantine: Option<QuarantineTotals>,
}

/// A run, as the memory knows it.
#[derive(Clone, Debug, Serialize)]
pub struct LastRun {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs, or when it was killed.
    pub ended_at: Option<Timestamp>,
    /// How it ended, in a word.
    pub outcome: Option<String>,
}

/// An item that was given up.
#[derive(Clone, Debug, Serialize)]
pub struct FailedItem {
    /// Which.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The failure of its last attempt.
    pub error: String,
    /// Failed tries, over all runs.
    pub retry_count: u32,
}

impl ReadOnlyState {
    /// How things stand.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn status(&self) -> Result<StatusReport, StateError> {
        let held_by = super::lock::holder(&self.dir);
        self.read(held_by).map_err(|source| StateError::Database {
            path: self.path.clone(),
            source,
        })
    }

    /// The name of the first pending item; what a resumed run starts with.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn first_pending(&self) -> Result<Option<String>, StateError> {
        self.connection
            .query_row(
                "SELECT name FROM item WHERE status = 'pending' AND position IS NOT NULL
                 ORDER BY position LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()
            .map_err(|source| StateError::Database {
                path: self.path.clone(),
                source,
            })
    }

    fn read(&self, held_by: Option<super::Holder>) -> rusqlite::Result<StatusReport> {
        let mut statistics = Statistics::default();
        let mut counts = self.connection.prepare(
            "SELECT status, count(*) FROM item WHERE position IS NOT NULL GROUP BY status",
        )?;
        let mut rows = counts.query([])?;
        while let Some(row) = rows.next()? {
            let count: u32 = row.get(1)?;
            let count = count as usize;
            statistics.total += count;
            match row.get::<_, String>(0)?.as_str() {
                "in_progress" => statistics.in_progress = count,
                "completed" => statistics.completed = count,
                "failed" => statistics.failed = count,
                "skipped" => statistics.skipped = count,
                _ => statistics.pending += count,
            }
        }
        let count = |table: &str| {
            self.connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get::<_, u32>(0)
                })
                .map(u64::from)
        };
        let last_run = self
            .connection
            .query_row(
                "SELECT started_at, ended_at, outcome FROM run ORDER BY id DESC LIMIT 1",
                [],
                |row| {
                    Ok(LastRun {
                        started_at: time(row.get(0)?),
                        ended_at: row.get::<_, Option<i64>>(1)?.map(time),
                        outcome: row.get(2)?,
                    })
                },
            )
            .optional()?;
        let mut failed = self.connection.prepare(
            "SELECT id, name, error, retry_count FROM item
             WHERE status = 'failed' AND position IS NOT NULL ORDER BY position",
        )?;
        let failed = failed
            .query_map([], |row| {
                Ok(FailedItem {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    error: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
                    retry_count: row.get(3)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(StatusReport {
            statistics,
            files: count("placement")?,
            attempts: count("attempt")?,
            last_run,
            held_by,
            failed,
            quarantine: None,
        })
    }
}

/// A time that cannot be one is shown as the epoch: a wrong date must not hide the rest.
fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
