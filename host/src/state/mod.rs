//! The memory that survives the program: one SQLite file, written by the run that holds the
//! lock, readable by anybody at any time. Only this module speaks SQL.
//!
//! An item's key is its catalog id, never anything of the config: an edited config makes
//! another plan and keeps the finished work.

mod journal;
mod kept_hit;
mod lock;
mod place;
mod plan;
mod sources;
mod status;
mod wishes;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, params};

use place::Place;

pub use lock::Holder;
pub use plan::Memory;
pub use sources::SourceNotes;
pub use status::{FailedItem, LastRun, StatusReport};
pub use wishes::{FoundItem, PastAttempt, leave_command};

mod migrations {
    refinery::embed_migrations!("src/state/migrations");
}

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
    #[error("the file system of the state `{}` keeps no locks; name a local directory (--state)", dir.display())]
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
    /// The database has a shape that this program cannot bring up to date.
    #[error("the state `{}` is of another version of musicdl: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// What was found.
        source: Box<refinery::Error>,
    },
    /// The disk did not let the database be brought up to date; it is as it was.
    #[error("the state `{}` cannot be brought up to date: {source}", path.display())]
    Update {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<refinery::Error>,
    },
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
        let path = dir.join(FILE);
        let database = |source| StateError::Database {
            path: path.clone(),
            source,
        };
        let mut connection = Connection::open(&path).map_err(database)?;
        // FULL: a finished item is durable before it is reported finished (promises B4).
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
                place.journal_mode()
            ))
            .and_then(|()| connection.busy_timeout(Duration::from_secs(5)))
            .map_err(database)?;
        migrate(&mut connection, &path)?;
        Ok(Self {
            connection,
            path,
            run: None,
            place,
            _lock: lock,
        })
    }

    /// What the user should know of where it is.
    pub fn warning(&self) -> Option<String> {
        self.place.warning(self.path.parent()?)
    }

    /// Notes that a run begins, for the library at that path. What an earlier, killed run left in progress is pending.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin_run(&mut self, library: &Path) -> Result<(), StateError> {
        self.forget_wishes()?;
        let now = now_ms();
        let library = library.as_os_str().as_encoded_bytes();
        self.transaction(|tx| {
            tx.execute(
                "UPDATE item SET status = 'pending', changed_at = ?1 WHERE status = 'in_progress'",
                params![now],
            )?;
            tx.execute(
                "INSERT INTO run (started_at, library) VALUES (?1, ?2)",
                params![now, library],
            )?;
            Ok(tx.last_insert_rowid())
        })
        .map(|id| self.run = Some(id))
    }

    /// Notes how the run ended, in a word.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end_run(&mut self, outcome: &str) -> Result<(), StateError> {
        let Some(run) = self.run.take() else {
            return Ok(());
        };
        self.transaction(|tx| {
            tx.execute(
                "UPDATE run SET ended_at = ?1, outcome = ?2 WHERE id = ?3",
                params![now_ms(), outcome, run],
            )
        })
        .map(drop)
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let path = &self.path;
        let database = |source| StateError::Database {
            path: path.clone(),
            source,
        };
        let tx = self.connection.transaction().map_err(database)?;
        let value = work(&tx).map_err(database)?;
        tx.commit().map_err(database)?;
        Ok(value)
    }
}

/// The state, for somebody who looks; works while a run writes.
#[derive(Debug)]
pub struct ReadOnlyState {
    connection: Connection,
    path: PathBuf,
    dir: PathBuf,
}

impl ReadOnlyState {
    /// Opens the state without taking it.
    ///
    /// # Errors
    /// [`StateError::Absent`] when nothing was run yet.
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(StateError::Absent {
                dir: dir.to_owned(),
            });
        }
        let database = |source| StateError::Database {
            path: path.clone(),
            source,
        };
        // Read-write as far as the file allows: a reader of a WAL database may have to
        // rebuild the index that a killed writer left. Nothing here writes a row.
        let connection = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .or_else(|_| Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY))
        .map_err(database)?;
        // A run that was killed in its first moments leaves a database without tables.
        let begun: bool = connection
            .busy_timeout(Duration::from_secs(5))
            .and_then(|()| {
                let item = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'item')";
                connection.query_row(item, [], |row| row.get(0))
            })
            .map_err(database)?;
        if !begun {
            return Err(StateError::Absent {
                dir: dir.to_owned(),
            });
        }
        Ok(Self {
            connection,
            path,
            dir: dir.to_owned(),
        })
    }
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    migrations::migrations::runner()
        // All in one transaction: else a kill between a change and the note that it was made
        // leaves a state that no later run can use.
        .set_grouped(true)
        .run(connection)
        .map(drop)
        .map_err(|source| {
            let (path, source) = (path.to_owned(), Box::new(source));
            if is_of_the_disk(&source) {
                StateError::Update { path, source }
            } else {
                StateError::Migration { path, source }
            }
        })
}

/// Whether it says something about the disk, and nothing about what is in the database.
fn is_of_the_disk(error: &refinery::Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure};
    let refinery::error::Kind::Connection(_, cause) = error.kind() else {
        return false;
    };
    let code = cause
        .downcast_ref::<rusqlite::Error>()
        .and_then(rusqlite::Error::sqlite_error_code);
    matches!(
        code,
        Some(CannotOpen | DiskFull | PermissionDenied | ReadOnly | SystemIoFailure)
    )
}

/// The state may hold names of files and of what its owner listens to: nobody else's business.
fn create_private(dir: &Path) -> Result<(), StateError> {
    let io = |source| StateError::Io {
        path: dir.to_owned(),
        source,
    };
    if dir.is_dir() {
        return Ok(());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(io)
    }
    #[cfg(not(unix))]
    fs::create_dir_all(dir).map_err(io)
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests;
