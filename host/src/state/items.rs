//! Items of the current plan, found by what a person calls them, and what was tried for them.

use rusqlite::{Connection, OptionalExtension, Row};

use super::words::{self, Fit};
use super::{ReadOnlyState, StateError};
use crate::music::{Track, TrackId};
use crate::plan::{SkipReason, Status};

/// An item of the current plan.
#[derive(Clone, Debug)]
pub struct FoundItem {
    /// Its id.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// Why, if it is skipped.
    pub reason: Option<SkipReason>,
    /// Names of the collections that want it, in plan order.
    pub lists: Vec<String>,
    /// Its metadata.
    pub track: Track,
}

/// The items that words may mean, best first.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// How many there are.
    pub total: usize,
    /// The first of them, in plan order.
    pub first: Vec<FoundItem>,
}

/// One download of an item that was tried.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PastAttempt {
    /// At which source.
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

impl ReadOnlyState {
    /// The items of the current plan with that id; else those whose name has these words and no
    /// others, in any order; else those whose name has them; else those whose name and album
    /// have them as parts of words. Accents and case do not count. At most `most` are read.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find_items(&self, asked: &str, most: usize) -> Result<Matches, StateError> {
        self.read(|connection| {
            if let Some(item) = item(connection, asked)? {
                return Ok(Matches {
                    total: 1,
                    first: vec![item],
                });
            }
            let ids = by_words(connection, &words::folded(asked))?;
            let first = ids.iter().take(most);
            let first = first.filter_map(|id| item(connection, id).transpose());
            Ok(Matches {
                total: ids.len(),
                first: first.collect::<rusqlite::Result<_>>()?,
            })
        })
    }

    /// The items of the current plan that were given up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn failed_items(&self) -> Result<Vec<TrackId>, StateError> {
        self.read(|connection| {
            let mut rows = connection.prepare(
                "SELECT id FROM item WHERE status = 'failed' AND position IS NOT NULL
                 ORDER BY position",
            )?;
            rows.query_map([], |row| row.get::<_, String>(0).map(TrackId::from_saved))?
                .collect()
        })
    }

    /// Every download that was tried for an item and is remembered, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn attempts_of(&self, id: &TrackId) -> Result<Vec<PastAttempt>, StateError> {
        self.read(|connection| {
            let mut rows = connection.prepare(
                "SELECT source, target, score, bytes, failure, finding FROM attempt
                 WHERE item = ?1 ORDER BY id",
            )?;
            rows.query_map([id.as_str()], attempt)?.collect()
        })
    }
}

/// Ids of those that fit best, in plan order.
fn by_words(connection: &Connection, asked: &str) -> rusqlite::Result<Vec<String>> {
    // Read from the index alone: the rows themselves carry all metadata.
    let mut rows = connection.prepare(
        "SELECT id, words FROM item INDEXED BY item_by_words
         WHERE position IS NOT NULL AND words IS NOT NULL",
    )?;
    let mut rows = rows.query([])?;
    let mut best: Option<Fit> = None;
    let mut found: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        let fit = words::fit(asked, row.get_ref(1)?.as_str()?);
        if fit.is_none() || fit < best {
            continue;
        }
        if fit > best {
            found.clear();
            best = fit;
        }
        found.push(row.get(0)?);
    }
    in_plan_order(connection, found)
}

fn in_plan_order(connection: &Connection, ids: Vec<String>) -> rusqlite::Result<Vec<String>> {
    let mut position = connection.prepare("SELECT position FROM item WHERE id = ?1")?;
    let placed = ids.into_iter().map(|id| {
        let at: i64 = position.query_row([&id], |row| row.get(0))?;
        Ok((at, id))
    });
    let mut placed: Vec<(i64, String)> = placed.collect::<rusqlite::Result<_>>()?;
    placed.sort_unstable();
    Ok(placed.into_iter().map(|(_, id)| id).collect())
}

fn item(connection: &Connection, id: &str) -> rusqlite::Result<Option<FoundItem>> {
    let found = connection
        .prepare_cached(
            "SELECT id, name, status, reason, track FROM item
             WHERE id = ?1 AND position IS NOT NULL",
        )?
        .query_row([id], found_item)
        .optional()?;
    let Some(mut item) = found else {
        return Ok(None);
    };
    let mut lists = connection.prepare_cached(
        "SELECT DISTINCT collection.name FROM membership
         JOIN collection ON collection.id = membership.collection
         WHERE membership.item = ?1 ORDER BY collection.position",
    )?;
    item.lists = lists
        .query_map([id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(item))
}

fn found_item(row: &Row<'_>) -> rusqlite::Result<FoundItem> {
    let reason: Option<String> = row.get(3)?;
    Ok(FoundItem {
        id: TrackId::from_saved(row.get::<_, String>(0)?),
        name: row.get(1)?,
        // A code of a later program that only added one: there is something to do.
        status: Status::from_code(row.get_ref(2)?.as_str()?).unwrap_or(Status::Pending),
        reason: reason.as_deref().and_then(SkipReason::from_code),
        lists: Vec::new(),
        track: track(row, 4)?,
    })
}

/// The metadata in that column.
pub(super) fn track(row: &Row<'_>, column: usize) -> rusqlite::Result<Track> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, error.into())
    })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<PastAttempt> {
    Ok(PastAttempt {
        source: row.get(0)?,
        target: row.get(1)?,
        score: row.get(2)?,
        bytes: row.get::<_, i64>(3)?.unsigned_abs(),
        failure: row.get(4)?,
        finding: row.get(5)?,
    })
}
