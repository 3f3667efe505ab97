//! The state for commands that only look. They work while a run writes, and on the state of an
//! earlier program.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::schema::{self, Form};
use super::{FILE, StateError};

/// The state, for reading.
#[derive(Debug)]
pub struct ReadOnlyState {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) dir: PathBuf,
}

impl ReadOnlyState {
    /// Opens the state without taking it. That of an earlier program is read as it is at this
    /// moment.
    ///
    /// # Errors
    /// [`StateError::Absent`] when nothing was run yet, [`StateError::Newer`] for the state of a
    /// later program.
    pub fn open(dir: &Path) -> Result<Self, StateError> {
        let path = dir.join(FILE);
        let absent = || StateError::Absent {
            dir: dir.to_owned(),
        };
        if !path.exists() {
            return Err(absent());
        }
        let connection = connect(&path).map_err(|source| StateError::database(&path, source))?;
        let connection = match schema::form_of(&connection, &path)? {
            Form::Empty => return Err(absent()),
            Form::Older => schema::updated_copy(&connection, &path)?,
            Form::Current => connection,
        };
        Ok(Self {
            connection,
            path,
            dir: dir.to_owned(),
        })
    }

    /// Reads something.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        work(&self.connection).map_err(|source| StateError::database(&self.path, source))
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Read-write as far as the file allows: a reader of a WAL database may have to rebuild the
    // index that a killed writer left. Nothing here writes a row.
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .or_else(|_| Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}
