//! Why an entry of the want-list means nothing.

use std::path::PathBuf;

use super::link::LinkKind;
use super::playlist_file::FileError;

/// Why an entry has no tracks at all.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// It is clear what is meant, and that no configured catalog knows it.
    #[error(
        "`{input}` ({what}) needs the catalog `{catalog}`, which is not configured; {}",
        instead(*.what)
    )]
    NeedsCatalog {
        /// The catalog that would know.
        catalog: &'static str,
        /// What is meant there.
        what: LinkKind,
        /// The entry as it was given.
        input: String,
    },
    /// No catalog has such links.
    #[error(
        "`{link}` is no link of a catalog known here ({}); \
         check it, or give a file as `file:`",
        super::link::CATALOGS.join(", ")
    )]
    UnknownLink {
        /// The link as it was given.
        link: String,
    },
    /// Playlists have no names that words could find.
    #[error(
        "the playlist `{text}` is given in words; \
         export it to a file and give that as `file:`"
    )]
    PlaylistInWords {
        /// The words.
        text: String,
    },
    /// Words that name no song.
    #[error("`{text}` names no song; write it as `Artist - Title`")]
    NoSong {
        /// The words.
        text: String,
    },
    /// The playlist file gives no tracks.
    #[error("the playlist file `{}` {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is the matter with it, as the rest of the sentence.
        reason: FileError,
    },
    /// The program is ending and the file was not read.
    #[error("`{}` was not read, because the run is ending", path.display())]
    Stopped {
        /// The file.
        path: PathBuf,
    },
}

/// What to do while that catalog is missing.
fn instead(what: LinkKind) -> &'static str {
    match what {
        LinkKind::Track => "write the song as `Artist - Title`, or list it in a file: `file:`",
        LinkKind::Album | LinkKind::Artist => "list its tracks in a file and give that as `file:`",
        LinkKind::Playlist => "export the playlist to a file and give it as `file:`",
        LinkKind::Episode | LinkKind::LocalFile => "it is no music of that catalog either",
        LinkKind::Short => "open the link and copy the long address it leads to",
    }
}
