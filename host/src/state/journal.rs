//! The engine's entries, one transaction for each batch.

use rusqlite::{Transaction, params};

use super::{State, now_ms};
use crate::engine::{Attempt, Command, Entry, Journal, JournalError};

impl Journal for State {
    fn record(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        self.transaction(|tx| entries.iter().try_for_each(|entry| write(tx, entry)))
            .map_err(|error| JournalError(Box::new(error)))
    }

    fn commands(&mut self) -> Result<Vec<Command>, JournalError> {
        self.take_commands()
            .map_err(|error| JournalError(Box::new(error)))
    }
}

fn write(tx: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<()> {
    let mut change = tx.prepare_cached(
        "UPDATE item SET status = ?2, reason = ?3, error = ?4, changed_at = ?5 WHERE id = ?1",
    )?;
    let now = now_ms();
    match entry {
        Entry::Started { id } => {
            change.execute(params![
                id.as_str(),
                "in_progress",
                None::<&str>,
                None::<&str>,
                now
            ])?;
        }
        Entry::Parked { id } => {
            change.execute(params![
                id.as_str(),
                "pending",
                None::<&str>,
                None::<&str>,
                now
            ])?;
        }
        Entry::Skipped { id, reason } => {
            change.execute(params![
                id.as_str(),
                "skipped",
                reason.as_str(),
                None::<&str>,
                now
            ])?;
        }
        Entry::Failed { id, error } => {
            change.execute(params![id.as_str(), "failed", None::<&str>, error, now])?;
            tx.prepare_cached("UPDATE item SET retry_count = retry_count + 1 WHERE id = ?1")?
                .execute(params![id.as_str()])?;
        }
        Entry::Completed {
            id,
            placed,
            audio_hash,
        } => {
            change.execute(params![
                id.as_str(),
                "completed",
                None::<&str>,
                None::<&str>,
                now
            ])?;
            let mut place = tx.prepare_cached(
                "INSERT INTO placement (path, item, size, mtime_ns, audio_hash) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (path) DO UPDATE SET item = excluded.item, size = excluded.size,
                     mtime_ns = excluded.mtime_ns,
                     audio_hash = coalesce(excluded.audio_hash, placement.audio_hash)",
            )?;
            let mut gave_way = tx.prepare_cached(
                "DELETE FROM placement WHERE item = ?1 AND path <> ?2
                     AND substr(path, 1, length(?3)) = ?3
                     AND instr(substr(path, length(?3) + 1), '.') = 0",
            )?;
            for place_of in placed {
                let path = place_of.relative.as_str();
                let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
                // The same place under another extension: it is in the recycle folder now.
                gave_way.execute(params![id.as_str(), path, format!("{stem}.")])?;
                let size = i64::try_from(place_of.size).unwrap_or(i64::MAX);
                place.execute(params![
                    place_of.relative.as_str(),
                    id.as_str(),
                    size,
                    place_of.mtime_ns,
                    audio_hash
                ])?;
            }
        }
        Entry::Rewritten { placed } => {
            let mut rewrite =
                tx.prepare_cached("UPDATE placement SET size = ?2, mtime_ns = ?3 WHERE path = ?1")?;
            for place_of in placed {
                let size = i64::try_from(place_of.size).unwrap_or(i64::MAX);
                rewrite.execute(params![place_of.relative.as_str(), size, place_of.mtime_ns])?;
            }
        }
        Entry::Attempt(attempt) => write_attempt(tx, attempt)?,
    }
    Ok(())
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
