//! The memory that survives the program: one SQLite file, written by the run that holds the
//! lock, readable by every process at any time. Only this module speaks SQL.
//!
//! An item's key is its catalog id, never anything of the config: an edited config makes
//! another plan and keeps the finished work.

mod commands;
mod downloads;
mod items;
mod journal;
mod lock;
mod memory;
mod place;
mod plan;
mod pruning;
mod reader;
mod schema;
mod source_store;
mod status;
mod words;

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use place::Place;

pub use commands::leave_command;
pub use downloads::Fetching;
pub use items::{FoundItem, Matches, PastAttempt};
pub use lock::Holder;
pub use memory::Memory;
pub use reader::ReadOnlyState;
pub use source_store::SourceStore;
pub use status::{FailedItem, LastRun, StatusReport};

/// The database within the state directory.
const FILE: &str = "state.db";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another run has it.
    #[error("the state `{}` is in use by {holder}", dir.display())]
    Held {
        /// The state directory.
        dir: PathBuf,
        /// Who.
        holder: Holder,
    },
    /// Two runs there could not know of each other.
    #[error("file locking does not work on the file system of the state `{}`; choose a local directory (--state)", dir.display())]
    NoLocks {
        /// The state directory.
        dir: PathBuf,
    },
    /// Its directory or its lock file cannot be used.
    #[error("the state `{}` cannot be used: {source}", path.display())]
    Io {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is none yet.
    #[error("there is no state in `{}`: nothing was run yet", dir.display())]
    Absent {
        /// The state directory.
        dir: PathBuf,
    },
    /// The database cannot be read or written.
    #[error("the state `{}`: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The database was written by a later program.
    #[error(
        "the state `{}` was written by {} (schema {found}); this is musicdl {}, which reads up to schema {known}",
        path.display(), .program.as_ref().map_or("a later musicdl".to_owned(), |version| format!("musicdl {version}")),
        env!("CARGO_PKG_VERSION"),
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i32,
        /// The newest that this program knows.
        known: i32,
        /// Version of the program that wrote it, if it says so.
        program: Option<String>,
    },
    /// A run of an earlier program holds the state and does not understand commands of this one.
    #[error("the run that holds the state `{}` is one of an earlier musicdl", path.display())]
    Older {
        /// The file.
        path: PathBuf,
    },
    /// The database has a form that this program cannot bring up to date.
    #[error("the state `{}` cannot be brought up to date: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: Box<refinery::Error>,
    },
    /// The disk did not let the database be brought up to date; it is as it was.
    #[error("the disk did not let the state `{}` be brought up to date: {source}", path.display())]
    Update {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<refinery::Error>,
    },
}

impl StateError {
    fn database(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        Self::Database { path, source }
    }
}

/// Which tracks a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// Those of the plan.
    Plan,
    /// Those that `musicdl retry` was asked for.
    Retry,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct RunEnd<'a> {
    /// Its outcome, the code that the report has.
    pub outcome: &'a str,
    /// Whether it ended before it had tried everything.
    pub early: bool,
}

/// The state, for the one run that writes it.
#[derive(Debug)]
pub struct State {
    connection: Connection,
    path: PathBuf,
    run: Option<i64>,
    place: Place,
    // Released when the state is dropped, or the process dies.
    _lock: fs::File,
}

impl State {
    /// Takes the state for writing; makes it on first use.
    ///
    /// # Errors
    /// [`StateError::Held`] while another run has it; else when the disk does not let us.
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        create_private(dir)?;
        Self::open_at(dir, Place::of(dir))
    }

    fn open_at(dir: &Path, place: Place) -> Result<Self, StateError> {
        let lock = lock::take(dir)?;
        let since = now_ms();
        let path = dir.join(FILE);
        let database = |source| StateError::database(&path, source);
        let mut connection = Connection::open(&path).map_err(database)?;
        // FULL: a finished item is durable before it is reported finished (promises B4).
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
                place.journal_mode()
            ))
            .and_then(|()| connection.busy_timeout(Duration::from_secs(5)))
            .map_err(database)?;
        schema::migrate(&mut connection, &path)?;
        let mut state = Self {
            connection,
            path,
            run: None,
            place,
            _lock: lock,
        };
        // Now and not when a run begins: what is left while a run is planning is meant for it.
        state.carry_out_late_commands(since)?;
        state.forget_downloads()?;
        Ok(state)
    }

    /// What the user should know of where it is.
    pub fn warning(&self) -> Option<String> {
        self.place.warning(self.path.parent()?)
    }

    /// Records that a run begins, for the library at that path. What an earlier, killed run left
    /// in progress is pending, and what is too old is forgotten.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin_run(&mut self, library: &Path, kind: RunKind) -> Result<(), StateError> {
        let now = now_ms();
        let library = library.as_os_str().as_encoded_bytes();
        self.transaction(|tx| {
            tx.execute(
                "UPDATE item SET status = 'pending', changed_at = ?1 WHERE status = 'in_progress'",
                params![now],
            )?;
            pruning::prune(tx, now)?;
            tx.execute(
                "INSERT INTO run (started_at, library, is_retry) VALUES (?1, ?2, ?3)",
                params![now, library, kind == RunKind::Retry],
            )?;
            Ok(tx.last_insert_rowid())
        })
        .map(|id| self.run = Some(id))
    }

    /// Records how the run ended.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end_run(&mut self, end: RunEnd<'_>) -> Result<(), StateError> {
        let Some(run) = self.run.take() else {
            return Ok(());
        };
        self.forget_downloads()?;
        self.transaction(|tx| {
            tx.execute(
                "UPDATE run SET ended_at = ?1, outcome = ?2, early = ?3 WHERE id = ?4",
                params![now_ms(), end.outcome, end.early, run],
            )
        })
        .map(drop)
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let path = &self.path;
        let database = |source| StateError::database(path, source);
        let tx = self.connection.transaction().map_err(database)?;
        let value = work(&tx).map_err(database)?;
        tx.commit().map_err(database)?;
        Ok(value)
    }
}

/// The state may hold names of files and of what its owner listens to: no other user reads them.
fn create_private(dir: &Path) -> Result<(), StateError> {
    let io = |source| StateError::Io {
        path: dir.to_owned(),
        source,
    };
    if dir.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(io)
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests;
