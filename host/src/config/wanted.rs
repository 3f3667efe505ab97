//! Entries of the want-list, as links, files or words.

use std::path::PathBuf;

/// What an entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WantedKind {
    /// One track.
    Song,
    /// All tracks of an album.
    Album,
    /// Albums and singles of an artist.
    Artist,
    /// A list of tracks in its own order.
    Playlist,
}

/// How an entry was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedInput {
    /// A link (or URI such as `spotify:track:...`) to a catalog's page.
    Link(String),
    /// A playlist file, absolute.
    File(PathBuf),
    /// Words: `Artist - Title`.
    Text(String),
}

/// Where the tracks of an entry go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryLayout {
    /// Among the albums and singles of the library, shared with other entries.
    Library,
    /// In a folder of the playlist's own.
    Playlist,
    /// By a template of the entry's own.
    Template(String),
}

/// One entry of the want-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it names.
    pub kind: WantedKind,
    /// The user's name for it; `None`: the catalog's.
    pub name: Option<String>,
    /// How it was given.
    pub input: WantedInput,
    /// Whether an M3U file is written. `None`: for playlists yes, else no.
    pub create_m3u: Option<bool>,
    /// Where its tracks go. `None`: playlists in a folder of their own, else the library.
    pub layout: Option<EntryLayout>,
    /// Line in the config file, from 1. `None`: from the command line.
    pub line: Option<u64>,
}
