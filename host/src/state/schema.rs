//! The form of the database: which one a file has, and how an older one is brought up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension, params};

use super::{StateError, words};

mod migrations {
    refinery::embed_migrations!("src/state/migrations");
}

/// This program, as it signs what it writes.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Pages that are copied in one go.
const PAGES: i32 = 1024;

/// What a file is, for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Without tables: a run that was killed in its first moments leaves such a file.
    Empty,
    /// Of an earlier program.
    Older,
    /// As this program writes it.
    Current,
}

/// Looks which form a database has.
///
/// # Errors
/// [`StateError::Newer`] for the database of a later program, which nothing here understands.
pub(super) fn form_of(connection: &Connection, path: &Path) -> Result<Form, StateError> {
    let found = version(connection).map_err(|source| StateError::database(path, source))?;
    let known = newest();
    match found {
        None => Ok(Form::Empty),
        Some(found) if found > known => Err(StateError::Newer {
            path: path.to_owned(),
            found,
            known,
            program: written_by(connection, found),
        }),
        Some(found) if found < known => Ok(Form::Older),
        Some(_) => Ok(Form::Current),
    }
}

/// Brings a database up to date, all or nothing.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StateError> {
    if form_of(connection, path)? != Form::Current {
        migrations::migrations::runner()
            // All in one transaction: else a kill between a change and the note that it was
            // made leaves a state that no later run can use.
            .set_grouped(true)
            .run(connection)
            .map_err(|source| refused(path, source))?;
    }
    sign(connection)
        .and_then(|()| words::fill_in(connection))
        .map_err(|source| StateError::database(path, source))
}

/// A copy of an older database, up to date and gone when it is closed: who only looks changes
/// nothing, and need not wait for the run that holds the state.
pub(super) fn updated_copy(from: &Connection, path: &Path) -> Result<Connection, StateError> {
    // No name: SQLite keeps it in memory as far as that goes, else in a file that has no name
    // either.
    let mut copy = Connection::open("").map_err(|source| StateError::database(path, source))?;
    Backup::new(from, &mut copy)
        .and_then(|backup| backup.run_to_completion(PAGES, Duration::ZERO, None))
        .map_err(|source| StateError::database(path, source))?;
    migrate(&mut copy, path)?;
    Ok(copy)
}

/// The newest form this program knows.
fn newest() -> i32 {
    let runner = migrations::migrations::runner();
    let versions = runner.get_migrations().iter();
    versions
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The form that the database says it has; `None` before it has one.
fn version(connection: &Connection) -> rusqlite::Result<Option<i32>> {
    let begun: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !begun {
        return Ok(None);
    }
    let newest = "SELECT max(version) FROM refinery_schema_history";
    connection.query_row(newest, [], |row| row.get(0))
}

/// The program that first wrote that form, as far as it says so.
fn written_by(connection: &Connection, version: i32) -> Option<String> {
    // A still later form may keep this elsewhere; then the message goes without it.
    connection
        .query_row(
            "SELECT program FROM written_by WHERE schema = ?1",
            [version],
            |row| row.get(0),
        )
        .optional()
        .ok()
        .flatten()
}

fn sign(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO written_by (schema, program) SELECT ?1, ?2
             WHERE NOT EXISTS (SELECT 1 FROM written_by WHERE schema = ?1)",
            params![newest(), PROGRAM],
        )
        .map(drop)
}

fn refused(path: &Path, source: refinery::Error) -> StateError {
    let (path, source) = (path.to_owned(), Box::new(source));
    if is_of_the_disk(&source) {
        StateError::Update { path, source }
    } else {
        StateError::Migration { path, source }
    }
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
