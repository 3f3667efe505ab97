//! The engine's entries, one transaction for each batch.

use rusqlite::{Transaction, params};

use super::{State, now_ms};
use crate::engine::{Attempt, Command, CurrentDownload, Entry, Journal, JournalError};
use crate::music::TrackId;
use crate::plan::Status;
use crate::publish::Placed;

impl Journal for State {
    fn record(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        let run = self.run;
        self.transaction(|tx| entries.iter().try_for_each(|entry| write(tx, entry, run)))
            .map_err(|error| JournalError(Box::new(error)))
    }

    fn commands(&mut self) -> Result<Vec<Command>, JournalError> {
        self.take_commands()
            .map_err(|error| JournalError(Box::new(error)))
    }

    fn downloads(&mut self, downloads: &[CurrentDownload]) -> Result<(), JournalError> {
        self.write_downloads(downloads)
            .map_err(|error| JournalError(Box::new(error)))
    }
}

fn write(tx: &Transaction<'_>, entry: &Entry, run: Option<i64>) -> rusqlite::Result<()> {
    match entry {
        Entry::Started { id } => change(tx, id, Status::InProgress, None, None),
        Entry::Parked { id } => change(tx, id, Status::Pending, None, None),
        Entry::Skipped { id, reason } => change(tx, id, Status::Skipped, Some(reason.code()), None),
        Entry::Failed { id, error } => {
            change(tx, id, Status::Failed, None, Some(error))?;
            tx.prepare_cached("UPDATE item SET retry_count = retry_count + 1 WHERE id = ?1")?
                .execute([id.as_str()])
                .map(drop)
        }
        Entry::Completed {
            id,
            placed,
            audio_hash,
        } => {
            change(tx, id, Status::Completed, None, None)?;
            tx.prepare_cached("UPDATE item SET completed_by = ?2 WHERE id = ?1")?
                .execute(params![id.as_str(), run])?;
            placed
                .iter()
                .try_for_each(|file| place(tx, id, file, audio_hash.as_deref()))
        }
        Entry::Rewritten { placed } => placed.iter().try_for_each(|file| rewrite(tx, file)),
        Entry::Attempt(attempt) => write_attempt(tx, attempt),
    }
}

fn change(
    tx: &Transaction<'_>,
    id: &TrackId,
    status: Status,
    reason: Option<&str>,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE item SET status = ?2, reason = ?3, error = ?4, changed_at = ?5 WHERE id = ?1",
    )?
    .execute(params![
        id.as_str(),
        status.as_str(),
        reason,
        error,
        now_ms()
    ])
    .map(drop)
}

fn place(
    tx: &Transaction<'_>,
    id: &TrackId,
    file: &Placed,
    audio_hash: Option<&str>,
) -> rusqlite::Result<()> {
    let path = file.relative.as_str();
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    // The same place under another extension: it is in the recycle folder now.
    tx.prepare_cached(
        "DELETE FROM placement WHERE item = ?1 AND path <> ?2
             AND substr(path, 1, length(?3)) = ?3
             AND instr(substr(path, length(?3) + 1), '.') = 0",
    )?
    .execute(params![id.as_str(), path, format!("{stem}.")])?;
    tx.prepare_cached(
        "INSERT INTO placement (path, item, size, mtime_ns, audio_hash) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (path) DO UPDATE SET item = excluded.item, size = excluded.size,
             mtime_ns = excluded.mtime_ns,
             audio_hash = coalesce(excluded.audio_hash, placement.audio_hash)",
    )?
    .execute(params![
        path,
        id.as_str(),
        size(file),
        file.mtime_ns,
        audio_hash
    ])
    .map(drop)
}

fn rewrite(tx: &Transaction<'_>, file: &Placed) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE placement SET size = ?2, mtime_ns = ?3 WHERE path = ?1")?
        .execute(params![file.relative.as_str(), size(file), file.mtime_ns])
        .map(drop)
}

fn size(file: &Placed) -> i64 {
    i64::try_from(file.size).unwrap_or(i64::MAX)
}

fn write_attempt(tx: &Transaction<'_>, attempt: &Attempt) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO attempt
            (item, source, target, score, bytes, started_at, took_ms, failure, finding)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        attempt.id.as_str(),
        attempt.source.as_str(),
        attempt.target,
        attempt.score,
        i64::try_from(attempt.bytes).unwrap_or(i64::MAX),
        attempt.started_at.as_millisecond(),
        i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX),
        attempt.failure,
        attempt.finding,
    ])
    .map(drop)
}
