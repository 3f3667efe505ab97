//! Playlists in files: CSV of many exporters, M3U, and plain lists.
//!
//! [`import`] takes bytes and a file name and gives rows; what the content looks like
//! decides how it is read, the extension only where the content leaves it open. Files that
//! a row names are never opened. A row that cannot be used costs only itself and is
//! reported with its line.

mod artists;
mod columns;
mod format;
mod m3u;
mod path_hint;
mod plain;
mod quotes;
mod read;
mod report;
mod row;
mod table;
mod text;

use std::path::Path;

use super::words::Words;
use super::{BoxFuture, Catalog, CatalogError, Entry, Resolved};
use crate::config::wanted::{Wanted, WantedInput, WantedKind};
use format::Format;
use report::Report;

/// How much of a file is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. Default 256 MiB.
    pub max_bytes: u64,
    /// Rows that name a track. Default 1,000,000.
    pub max_rows: u32,
    /// Bytes of one cell of a table, or one line of a list. Default 64 KiB.
    pub max_cell: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 256 << 20,
            max_rows: 1_000_000,
            max_cell: 64 << 10,
        }
    }
}

/// Why a file gives no tracks, worded as what follows the file's name.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is something else than a file.
    #[error("is {0}, not a file")]
    NotAFile(&'static str),
    /// It has more bytes than [`Limits::max_bytes`].
    #[error("has {size} bytes, more than the {limit} that are read; split it")]
    TooLarge {
        /// Bytes it has.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// It has more rows than [`Limits::max_rows`].
    #[error("has more than {limit} rows; split it")]
    TooManyRows {
        /// The limit.
        limit: u32,
    },
    /// There is no row in it.
    #[error("{0}; it should list one track a line")]
    NoRows(&'static str),
    /// Its content is of a kind that is not read.
    #[error("is {what}; what can be read is {SUPPORTED}")]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
}

/// What can be read, for messages.
const SUPPORTED: &str = "CSV with a header (Exportify, TuneMyMusic, Soundiiz, spreadsheets), \
                         M3U, and text with one `Artist - Title` a line";

/// Playlist files, and songs in words: the catalog that needs no account and no network.
#[derive(Clone, Debug, Default)]
pub struct PlaylistFiles {
    limits: Limits,
}

impl PlaylistFiles {
    /// Its name in messages.
    pub const NAME: &str = "files";

    /// Reading within those limits.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits }
    }
}

impl Catalog for PlaylistFiles {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn answers(&self, wanted: &Wanted) -> bool {
        match &wanted.input {
            WantedInput::File(_) => true,
            WantedInput::Text(_) => wanted.kind == WantedKind::Song,
            WantedInput::Link(_) => false,
        }
    }

    fn resolve<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Resolved, CatalogError>> {
        Box::pin(async move {
            match &wanted.input {
                WantedInput::File(path) => file(path, self.limits).await,
                WantedInput::Text(text) | WantedInput::Link(text) => song(text),
            }
        })
    }
}

/// Reads and parses on a thread where waiting for a disk keeps nobody else waiting.
async fn file(path: &Path, limits: Limits) -> Result<Resolved, CatalogError> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let file_name = owned.file_name().unwrap_or_default().to_string_lossy();
        let (bytes, changed) = read::whole(&owned, limits)?;
        let mut resolved = import(bytes, &file_name, limits)?;
        resolved.warnings.splice(0..0, changed);
        Ok(resolved)
    });
    match reading.await {
        Ok(done) => done.map_err(|reason| CatalogError::File {
            path: path.to_owned(),
            reason,
        }),
        Err(end) if end.is_panic() => std::panic::resume_unwind(end.into_panic()),
        Err(_) => Err(CatalogError::Stopped {
            path: path.to_owned(),
        }),
    }
}

fn song(text: &str) -> Result<Resolved, CatalogError> {
    let words = Words::parse(text).ok_or_else(|| CatalogError::NoSong {
        text: text.to_owned(),
    })?;
    let entry = Entry {
        track: words.into_track().into(),
        position: 1,
        line: None,
    };
    Ok(Resolved {
        name: None,
        entries: vec![entry],
        warnings: Vec::new(),
    })
}

/// The rows of a playlist file. `file_name` has no directory; its extension helps to tell
/// the format and its stem is the name of a playlist that has none inside.
///
/// ```
/// use musicdl::catalog::playlist_file::{Limits, import};
/// let csv = b"Title,Artist\nBluebird,Ann Example\n".to_vec();
/// let list = import(csv, "birds.csv", Limits::default()).unwrap();
/// assert_eq!(list.name.as_deref(), Some("birds"));
/// assert_eq!(list.entries[0].track.unpack().display_name(), "Ann Example - Bluebird");
/// assert_eq!(list.entries[0].line, Some(2));
/// ```
///
/// # Errors
/// When the file as a whole is no list of tracks; see [`FileError`].
pub fn import(bytes: Vec<u8>, file_name: &str, limits: Limits) -> Result<Resolved, FileError> {
    let (stem, extension) = match file_name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension.to_ascii_lowercase()),
        Some(_) | None => (file_name, String::new()),
    };
    let mut report = Report::default();
    let text = text::decode(bytes, &mut report)?;
    let (name, entries) = match format::of(&text, &extension)? {
        Format::Table(head) => table::read(text, &head, stem, limits, &mut report)?,
        Format::M3u => m3u::read(&text, limits, &mut report)?,
        Format::Plain => {
            if matches!(extension.as_str(), "csv" | "tsv") {
                report.general(
                    "no header with a column for the title was found; \
                     each line was read as `Artist - Title`",
                );
            }
            (None, plain::read(&text, limits, &mut report)?)
        }
    };
    if entries.is_empty() && report.left_out_nothing() {
        return Err(FileError::NoRows("has nothing but a header or comments"));
    }
    let name = name.unwrap_or_else(|| stem.to_owned());
    Ok(Resolved {
        name: Some(name).filter(|name| !name.trim().is_empty()),
        entries,
        warnings: report.finish(),
    })
}

/// Counts the rows of a file, up to the limit.
struct Positions {
    given: u32,
    limit: u32,
}

impl Positions {
    fn new(limits: Limits) -> Self {
        Self {
            given: 0,
            limit: limits.max_rows,
        }
    }

    /// The next position, from 1.
    fn next(&mut self) -> Result<u32, FileError> {
        if self.given == self.limit {
            return Err(FileError::TooManyRows { limit: self.limit });
        }
        self.given += 1;
        Ok(self.given)
    }
}

/// Lines with their numbers, from 1, without those that hold nothing.
fn numbered(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1_u64..)
        .zip(text.split('\n'))
        .map(|(number, line)| (number, line.trim()))
        .filter(|(_, line)| !line.is_empty())
}

#[cfg(test)]
mod tests;
