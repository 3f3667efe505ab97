//! The plan in the memory, and what the memory knows for the next plan.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::{ReadOnlyState, State, StateError, now_ms};
use crate::layout::RelPath;
use crate::music::{Track, TrackId};
use crate::plan::{ItemKind, ItemState, Plan, SkipReason};

/// What earlier runs left that planning uses.
#[derive(Debug, Default)]
pub struct Memory {
    /// Files of ours, by item, relative to the library.
    placements: HashMap<TrackId, Vec<String>>,
    /// Failed tries so far, by item; absent for none.
    retries: HashMap<TrackId, u32>,
    /// Items that the user cancelled.
    cancelled: HashSet<TrackId>,
    /// Items that the newest run completed, if it did not come to its end.
    done_before_the_end: HashSet<TrackId>,
    /// Root of the library of the newest run, the bytes of its path.
    library: Option<Vec<u8>>,
}

impl Memory {
    /// A file that an earlier run placed for that id and that is still there.
    pub fn finished(&self, id: &TrackId, library: &Path) -> Option<PathBuf> {
        self.placements
            .get(id)?
            .iter()
            .map(|path| library.join(path))
            .find(|path| {
                path.symlink_metadata()
                    .is_ok_and(|meta| meta.is_file() && meta.len() > 0)
            })
    }

    /// Whether the user cancelled that item.
    pub fn is_cancelled(&self, id: &TrackId) -> bool {
        self.cancelled.contains(id)
    }

    /// Whether a run that was interrupted or killed completed that item, and none ended since:
    /// what it did anew need not be done anew.
    pub fn is_done_by_unended_run(&self, id: &TrackId) -> bool {
        self.done_before_the_end.contains(id)
    }

    /// The user wants those items again.
    pub fn forget_cancels(&mut self, ids: &HashSet<TrackId>) {
        self.cancelled.retain(|id| !ids.contains(id));
    }

    /// Failed tries of that id over all runs.
    pub fn retries(&self, id: &TrackId) -> u32 {
        self.retries.get(id).copied().unwrap_or(0)
    }

    /// Every file of ours with its item, as the path without extension; what its template
    /// would say today does not matter, its path is taken.
    pub fn stems(&self) -> impl Iterator<Item = (&TrackId, RelPath)> {
        self.placements.iter().flat_map(|(id, paths)| {
            paths.iter().filter_map(move |path| {
                let stem = path
                    .rsplit_once('.')
                    .map_or(path.as_str(), |(stem, _)| stem);
                Some((id, RelPath::from_saved(stem).ok()?))
            })
        })
    }

    /// How many files of ours are missing in this library, if none of those looked at is
    /// there any more; `None` if some are, or the newest run was for another library.
    pub fn vanished(&self, library: &Path) -> Option<usize> {
        let same = self.library.as_deref() == Some(library.as_os_str().as_encoded_bytes());
        let some_left = || {
            self.placements
                .keys()
                .take(20)
                .any(|id| self.finished(id, library).is_some())
        };
        (same && !self.placements.is_empty() && !some_left())
            .then(|| self.placements.values().map(Vec::len).sum())
    }
}

impl State {
    /// What earlier runs left.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn memory(&self) -> Result<Memory, StateError> {
        read_memory(&self.connection).map_err(|source| StateError::Database {
            path: self.path.clone(),
            source,
        })
    }

    /// Makes this the current plan. Items that are no longer wanted stay, without a place in
    /// the order; one that an earlier run completed stays completed, and one that this run
    /// leaves out stays what it was.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_plan(&mut self, plan: &Plan) -> Result<(), StateError> {
        let now = now_ms();
        self.transaction(|tx| {
            tx.execute_batch(
                "UPDATE item SET position = NULL WHERE position IS NOT NULL;
                 DELETE FROM membership; DELETE FROM collection;",
            )?;
            let mut upsert = tx.prepare(
                "INSERT INTO item (id, position, status, reason, error, name, track, retry_count, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (id) DO UPDATE SET position = excluded.position,
                     status = CASE WHEN item.status = 'completed' AND excluded.status = 'skipped'
                              THEN 'completed'
                              WHEN excluded.reason = ?10 THEN item.status
                              ELSE excluded.status END,
                     reason = CASE WHEN excluded.reason = ?10 THEN item.reason
                              ELSE excluded.reason END,
                     error = CASE WHEN excluded.reason = ?10 THEN item.error
                             ELSE excluded.error END,
                     name = excluded.name,
                     track = excluded.track, changed_at = excluded.changed_at",
            )?;
            for (position, item) in plan.items.iter().enumerate() {
                let reason = match &item.state {
                    ItemState::Skipped { reason, .. } => Some(SkipReason::as_str(*reason)),
                    ItemState::Pending
                    | ItemState::InProgress
                    | ItemState::Completed { .. }
                    | ItemState::Failed { .. } => None,
                };
                upsert.execute(params![
                    item.id().as_str(),
                    i64::try_from(position).unwrap_or(i64::MAX),
                    item.status().as_str(),
                    reason,
                    item.state.error(),
                    item.display_name(),
                    serde_json::to_string(&item.track)
                        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?,
                    item.retry_count,
                    now,
                    SkipReason::LeftOut.as_str(),
                ])?;
            }
            let mut collections = tx.prepare(
                "INSERT INTO collection (id, position, kind, name, create_m3u) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let mut memberships = tx.prepare(
                "INSERT INTO membership (collection, position, item) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO NOTHING",
            )?;
            for (position, collection) in plan.collections.iter().enumerate() {
                collections.execute(params![
                    collection.id.0,
                    i64::try_from(position).unwrap_or(i64::MAX),
                    kind(collection.kind),
                    collection.name,
                    collection.create_m3u,
                ])?;
                for member in &collection.members {
                    memberships.execute(params![
                        collection.id.0,
                        member.position,
                        member.id.as_str()
                    ])?;
                }
            }
            Ok(())
        })
    }
}

impl ReadOnlyState {
    /// What catalogs said of the track that a run placed at that path of the library; `None`
    /// when none did.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn placed_track(&self, path: &str) -> Result<Option<Track>, StateError> {
        let select = "SELECT item.track FROM placement JOIN item ON item.id = placement.item
                      WHERE placement.path = ?1";
        let found = self
            .connection
            .query_row(select, [path], |row| row.get::<_, String>(0))
            .optional();
        let track = found.and_then(|json| {
            let track = json.map(|json| serde_json::from_str(&json)).transpose();
            track.map_err(|error| {
                let kind = rusqlite::types::Type::Text;
                rusqlite::Error::FromSqlConversionFailure(0, kind, error.into())
            })
        });
        track.map_err(|source| StateError::Database {
            path: self.path.clone(),
            source,
        })
    }

    /// What earlier runs left.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn memory(&self) -> Result<Memory, StateError> {
        read_memory(&self.connection).map_err(|source| StateError::Database {
            path: self.path.clone(),
            source,
        })
    }
}

fn read_memory(connection: &Connection) -> rusqlite::Result<Memory> {
    let mut memory = Memory::default();
    let mut placements = connection.prepare("SELECT item, path FROM placement")?;
    let mut rows = placements.query([])?;
    while let Some(row) = rows.next()? {
        let id = TrackId::from_saved(row.get::<_, String>(0)?);
        memory.placements.entry(id).or_default().push(row.get(1)?);
    }
    let mut retries =
        connection.prepare("SELECT id, retry_count FROM item WHERE retry_count > 0")?;
    let mut rows = retries.query([])?;
    while let Some(row) = rows.next()? {
        memory
            .retries
            .insert(TrackId::from_saved(row.get::<_, String>(0)?), row.get(1)?);
    }
    let mut cancelled =
        connection.prepare("SELECT id FROM item WHERE status = 'skipped' AND reason = ?1")?;
    let mut rows = cancelled.query([SkipReason::Cancelled.as_str()])?;
    while let Some(row) = rows.next()? {
        memory
            .cancelled
            .insert(TrackId::from_saved(row.get::<_, String>(0)?));
    }
    let mut done = connection.prepare(
        "SELECT item.id FROM item JOIN run ON run.id = (SELECT max(id) FROM run)
         WHERE item.status = 'completed' AND item.changed_at >= run.started_at
             AND (run.outcome IS NULL OR run.outcome IN ('interrupted', 'terminated', 'disk'))",
    )?;
    let mut rows = done.query([])?;
    while let Some(row) = rows.next()? {
        let id = TrackId::from_saved(row.get::<_, String>(0)?);
        memory.done_before_the_end.insert(id);
    }
    memory.library = connection
        .query_row(
            "SELECT library FROM run ORDER BY id DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(memory)
}

fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Track => "track",
        ItemKind::Album => "album",
        ItemKind::Playlist => "playlist",
        ItemKind::Artist => "artist",
    }
}
