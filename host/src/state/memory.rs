//! What earlier runs left that the next plan uses.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::commands::CANCEL_ITEM;
use super::{ReadOnlyState, State, StateError};
use crate::layout::RelPath;
use crate::music::TrackId;

/// What earlier runs left that planning uses.
#[derive(Debug, Default)]
pub struct Memory {
    /// Files of ours, by item, relative to the library.
    placements: HashMap<TrackId, Vec<String>>,
    /// Failed tries so far, by item; absent for none.
    retries: HashMap<TrackId, u32>,
    /// Items that the user cancelled.
    cancelled: HashSet<TrackId>,
    /// Items that runs completed which ended early, if no run came to its end since.
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

    /// Whether a run that was interrupted or killed completed that item, and no run came to its
    /// end since: what was done anew need not be done anew.
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
        read(&self.connection).map_err(|source| StateError::database(&self.path, source))
    }
}

impl ReadOnlyState {
    /// What earlier runs left.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn memory(&self) -> Result<Memory, StateError> {
        self.read(read)
    }
}

fn read(connection: &Connection) -> rusqlite::Result<Memory> {
    Ok(Memory {
        placements: placements(connection)?,
        retries: retries(connection)?,
        cancelled: cancelled(connection)?,
        done_before_the_end: done_before_the_end(connection)?,
        library: connection
            .query_row(
                "SELECT library FROM run ORDER BY id DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?,
    })
}

fn placements(connection: &Connection) -> rusqlite::Result<HashMap<TrackId, Vec<String>>> {
    let mut placements: HashMap<TrackId, Vec<String>> = HashMap::new();
    let mut statement = connection.prepare("SELECT item, path FROM placement")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = TrackId::from_saved(row.get::<_, String>(0)?);
        placements.entry(id).or_default().push(row.get(1)?);
    }
    Ok(placements)
}

fn retries(connection: &Connection) -> rusqlite::Result<HashMap<TrackId, u32>> {
    let mut rows = connection.prepare("SELECT id, retry_count FROM item WHERE retry_count > 0")?;
    rows.query_map([], |row| {
        Ok((TrackId::from_saved(row.get::<_, String>(0)?), row.get(1)?))
    })?
    .collect()
}

/// Those of commands that no run has taken yet as well: they were confirmed.
fn cancelled(connection: &Connection) -> rusqlite::Result<HashSet<TrackId>> {
    let select = "SELECT item FROM cancelled UNION SELECT value FROM command WHERE kind = ?1";
    ids(connection, select, [CANCEL_ITEM])
}

fn done_before_the_end(connection: &Connection) -> rusqlite::Result<HashSet<TrackId>> {
    let select = "SELECT id FROM item WHERE status = 'completed' AND completed_by >
            (SELECT coalesce(max(id), 0) FROM run WHERE ended_at IS NOT NULL AND NOT early)";
    ids(connection, select, [])
}

fn ids(
    connection: &Connection,
    select: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<HashSet<TrackId>> {
    let mut rows = connection.prepare(select)?;
    rows.query_map(values, |row| {
        row.get::<_, String>(0).map(TrackId::from_saved)
    })?
    .collect()
}
