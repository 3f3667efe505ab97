//! How things stand, for those who look.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::{Fetching, Holder, ReadOnlyState, StateError, downloads, lock};
use crate::plan::{SkipReason, Statistics, Status};

/// How things stand.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The items of the current plan.
    pub statistics: Statistics,
    /// Files of ours in the library.
    pub files: u64,
    /// Downloads tried over all runs, as far as they are remembered.
    pub attempts: u64,
    /// The newest run.
    pub last_run: Option<LastRun>,
    /// The process that runs at the moment.
    pub held_by: Option<Holder>,
    /// What it is fetching, by source; a second old at most.
    pub fetching: Vec<Fetching>,
    /// What failed, in plan order.
    pub failed: Vec<FailedItem>,
}

/// A run, as the state knows it.
#[derive(Clone, Debug, Serialize)]
pub struct LastRun {
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs, or when it was killed.
    pub ended_at: Option<Timestamp>,
    /// How it ended, as the code that the report has.
    pub outcome: Option<String>,
    /// Whether it was a run of some tracks only, by `musicdl retry`.
    pub retry: bool,
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
        let held_by = lock::holder(&self.dir);
        self.read(|connection| {
            Ok(StatusReport {
                statistics: statistics(connection)?,
                files: count(connection, "placement")?,
                attempts: count(connection, "attempt")?,
                last_run: last_run(connection)?,
                // What a killed run wrote is no longer so.
                fetching: match held_by {
                    Some(_) => downloads::read(connection)?,
                    None => Vec::new(),
                },
                held_by,
                failed: failed(connection)?,
            })
        })
    }

    /// The name of the first pending item; what a resumed run starts with.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn first_pending(&self) -> Result<Option<String>, StateError> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT name FROM item WHERE status = 'pending' AND position IS NOT NULL
                     ORDER BY position LIMIT 1",
                    [],
                    |row| row.get(0),
                )
                .optional()
        })
    }
}

fn statistics(connection: &Connection) -> rusqlite::Result<Statistics> {
    let mut statistics = Statistics::default();
    let mut counts = connection.prepare(
        "SELECT status, NULL, count(*) FROM item
         WHERE position IS NOT NULL AND status <> 'skipped' GROUP BY status
         UNION ALL
         SELECT status, reason, count(*) FROM item
         WHERE position IS NOT NULL AND status = 'skipped' GROUP BY reason",
    )?;
    let mut rows = counts.query([])?;
    while let Some(row) = rows.next()? {
        let (status, reason): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let status = Status::from_code(&status).unwrap_or(Status::Pending);
        let reason = reason.as_deref().and_then(SkipReason::from_code);
        statistics.add(status, reason, row.get::<_, u32>(2)? as usize);
    }
    Ok(statistics)
}

fn count(connection: &Connection, table: &str) -> rusqlite::Result<u64> {
    let select = format!("SELECT count(*) FROM {table}");
    connection
        .query_row(&select, [], |row| row.get::<_, u32>(0))
        .map(u64::from)
}

fn last_run(connection: &Connection) -> rusqlite::Result<Option<LastRun>> {
    connection
        .query_row(
            "SELECT started_at, ended_at, outcome, is_retry FROM run ORDER BY id DESC LIMIT 1",
            [],
            |row| {
                Ok(LastRun {
                    started_at: time(row.get(0)?),
                    ended_at: row.get::<_, Option<i64>>(1)?.map(time),
                    outcome: row.get(2)?,
                    retry: row.get(3)?,
                })
            },
        )
        .optional()
}

fn failed(connection: &Connection) -> rusqlite::Result<Vec<FailedItem>> {
    let mut rows = connection.prepare(
        "SELECT id, name, error, retry_count FROM item
         WHERE status = 'failed' AND position IS NOT NULL ORDER BY position",
    )?;
    rows.query_map([], |row| {
        Ok(FailedItem {
            id: row.get(0)?,
            name: row.get(1)?,
            error: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
            retry_count: row.get(3)?,
        })
    })?
    .collect()
}

/// A time that cannot be one is shown as the epoch: a wrong date must not hide the rest.
pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
