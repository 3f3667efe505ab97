//! What an entry of the want-list means: a [`Wanted`] goes in, its tracks come out.
//!
//! A [`Catalog`] answers some kinds of input and says so; [`Catalogs`] asks the first that
//! does. Nothing here decides whether a track is wanted twice, already owned or where it
//! goes: duplicates keep their rows, and the plan joins them.
//!
//! [`acoustid`] goes the other way: it knows a recording by its sound.

pub mod acoustid;
mod error;
mod facts;
pub mod link;
pub mod playlist_file;
pub mod words;

use std::future::Future;
use std::pin::Pin;

use crate::config::wanted::{Wanted, WantedInput, WantedKind};
use crate::music::PackedTrack;

pub use error::CatalogError;
use link::{Link, LinkKind};
pub use playlist_file::PlaylistFiles;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Somewhere tracks are described.
pub trait Catalog: Send + Sync {
    /// Its name in messages and in the config: `files`, `spotify`.
    fn name(&self) -> &str;

    /// Whether it can make sense of that entry. Looks at the entry only: no disk, no network.
    fn answers(&self, wanted: &Wanted) -> bool;

    /// The tracks of an entry it [answers](Catalog::answers).
    ///
    /// Rows it could not use are in [`Resolved::warnings`] and cost only themselves.
    ///
    /// # Errors
    /// When the entry as a whole means nothing; the message names link or file.
    fn resolve<'a>(&'a self, wanted: &'a Wanted) -> BoxFuture<'a, Result<Resolved, CatalogError>>;
}

/// The tracks of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The catalog's name of the collection; `None` for a song and where nobody named it.
    pub name: Option<String>,
    /// One for each usable row, in the order of the rows.
    pub entries: Vec<Entry>,
    /// What was left out, and what the user should know of the rest.
    pub warnings: Vec<RowWarning>,
}

/// One row of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The recording.
    pub track: PackedTrack,
    /// Place among all rows of the collection, from 1. Duplicates and rows that had to be
    /// left out count, so that a gap shows where something is missing.
    pub position: u32,
    /// Line of the file the row begins in, from 1. `None` where there is no file.
    pub line: Option<u64>,
}

/// Something about a row, or the whole input, that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowWarning {
    /// Line of the file where the row begins, from 1: that row was left out. `None`: about
    /// the input as a whole, of which nothing was left out.
    pub line: Option<u64>,
    /// The row, cut to [`RowWarning::TEXT_CHARS`] characters; empty without a line.
    pub text: String,
    /// What is the matter, as part of a sentence.
    pub reason: String,
}

impl RowWarning {
    /// Most characters of a row that are shown.
    pub const TEXT_CHARS: usize = 120;
}

/// All catalogs of a run.
pub struct Catalogs(Vec<Box<dyn Catalog>>);

impl Default for Catalogs {
    /// Playlist files and words: what needs no account and no network.
    fn default() -> Self {
        Self(vec![Box::new(PlaylistFiles::default())])
    }
}

impl Catalogs {
    /// Those catalogs; the first that answers an entry is asked.
    pub fn new(list: Vec<Box<dyn Catalog>>) -> Self {
        Self(list)
    }

    /// The tracks of an entry.
    ///
    /// # Errors
    /// [`CatalogError::NeedsCatalog`] and its siblings when no catalog answers it, else the
    /// asked catalog's error.
    pub async fn resolve(&self, wanted: &Wanted) -> Result<Resolved, CatalogError> {
        match self.0.iter().find(|catalog| catalog.answers(wanted)) {
            Some(catalog) => catalog.resolve(wanted).await,
            None => Err(unanswered(wanted)),
        }
    }
}

/// Why nobody could answer.
fn unanswered(wanted: &Wanted) -> CatalogError {
    match &wanted.input {
        WantedInput::Link(text) => match Link::parse_as(text, wanted.kind) {
            Some(link) => CatalogError::NeedsCatalog {
                catalog: link.catalog,
                what: link.kind,
                input: text.clone(),
            },
            None => CatalogError::UnknownLink { link: text.clone() },
        },
        WantedInput::Text(text) if wanted.kind == WantedKind::Playlist => {
            CatalogError::PlaylistInWords { text: text.clone() }
        }
        WantedInput::Text(text) => CatalogError::NeedsCatalog {
            catalog: "musicbrainz",
            what: LinkKind::of(wanted.kind),
            input: text.clone(),
        },
        WantedInput::File(path) => CatalogError::NeedsCatalog {
            catalog: PlaylistFiles::NAME,
            what: LinkKind::of(wanted.kind),
            input: path.display().to_string(),
        },
    }
}

#[cfg(test)]
mod tests;
