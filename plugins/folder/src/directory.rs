//! The configured directories: which of them can be read, and which file may be handed out.
//!
//! The one rule that matters here: a target id comes from outside (a journal, a plan somebody
//! edited), so it is worth nothing before [`Directories::locate`] found it to be a file that a
//! search could have offered.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::config::{Links, Options};
use crate::error::FolderError;

/// The directories of this source.
#[derive(Debug)]
pub(crate) struct Directories {
    configured: Vec<PathBuf>,
    links: Links,
}

/// A directory that can be listed.
#[derive(Debug)]
pub(crate) struct Readable {
    /// As the user wrote it; names of files are shown below this one.
    pub(crate) configured: PathBuf,
    /// Without any link in it; the same for two ways to one place.
    pub(crate) real: PathBuf,
}

/// The result of reading each directory.
#[derive(Debug)]
pub(crate) struct Probed {
    /// At least one.
    pub(crate) readable: Vec<Readable>,
    /// One [`FolderError::Directory`] each.
    pub(crate) unreadable: Vec<FolderError>,
}

impl Directories {
    /// Those the user configured.
    pub(crate) fn new(options: Options) -> Self {
        Self {
            configured: options.directories,
            links: options.links,
        }
    }

    /// Whether none is configured.
    pub(crate) fn is_empty(&self) -> bool {
        self.configured.is_empty()
    }

    /// What to do with links below them.
    pub(crate) fn links(&self) -> Links {
        self.links
    }

    /// Looks whether each directory can be listed, without going into it.
    pub(crate) fn probe(&self) -> Result<Probed, FolderError> {
        if self.is_empty() {
            return Err(FolderError::NoDirectories);
        }
        let mut probed = Probed {
            readable: Vec::new(),
            unreadable: Vec::new(),
        };
        for path in &self.configured {
            match real_directory(path) {
                Ok(real) => probed.readable.push(Readable {
                    configured: path.clone(),
                    real,
                }),
                Err(source) => probed.unreadable.push(FolderError::Directory {
                    path: path.clone(),
                    source,
                }),
            }
        }
        if probed.readable.is_empty() {
            return Err(FolderError::NothingReadable(probed.unreadable));
        }
        Ok(probed)
    }

    /// The real path of a file that a search may have offered.
    ///
    /// It lies below a directory by its name *and* by where the name leads: unless links are
    /// followed, no part of the way below the directory is one. A file may lie below several
    /// directories, one of them a link itself, so the first that lets it pass decides.
    pub(crate) fn locate(&self, target: &Path) -> Result<PathBuf, FolderError> {
        if self.is_empty() {
            return Err(FolderError::NoDirectories);
        }
        let mut refusal = FolderError::Outside(target.to_owned());
        for directory in &self.configured {
            let Ok(below) = target.strip_prefix(directory) else {
                continue;
            };
            if !is_offered(below) {
                continue;
            }
            match self.follow(directory, below, target) {
                Ok(real) => return Ok(real),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn follow(
        &self,
        directory: &Path,
        below: &Path,
        target: &Path,
    ) -> Result<PathBuf, FolderError> {
        let real = |path: &Path| {
            fs::canonicalize(path).map_err(|source| FolderError::reading(target, source))
        };
        let root = real(directory)?;
        let file = real(target)?;
        match self.links {
            Links::Follow => Ok(file),
            Links::Skip if file == root.join(below) => Ok(file),
            Links::Skip => Err(FolderError::Outside(target.to_owned())),
        }
    }
}

/// Opens a file after a look at what it is: opening a pipe would wait for a writer for ever,
/// and opening some devices does something.
pub(crate) fn open_regular(path: &Path) -> Result<(File, fs::Metadata), FolderError> {
    let failed = |source| FolderError::reading(path, source);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FolderError::NotRegular(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    // What was opened may be another thing than what was looked at.
    if !metadata.is_file() {
        return Err(FolderError::NotRegular(path.to_owned()));
    }
    Ok((file, metadata))
}

/// Whether a file or directory of that name is skipped: trash cans, caches, `._` twins of a
/// Mac, the staging of a library. `...Baby One More Time` and `.38 Special` are music.
pub(crate) fn is_hidden(name: &OsStr) -> bool {
    match name.as_encoded_bytes() {
        [b'.', next, ..] => !(next.is_ascii_digit() || *next == b'.'),
        _ => false,
    }
}

/// Whether a path, relative to a configured directory, is one that the walk goes: straight
/// down, without a hidden name.
fn is_offered(below: &Path) -> bool {
    let mut components = below.components().peekable();
    components.peek().is_some()
        && components.all(|component| match component {
            Component::Normal(name) => !is_hidden(name),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => false,
        })
}

fn real_directory(path: &Path) -> io::Result<PathBuf> {
    let real = fs::canonicalize(path)?;
    // The first entry is asked for as well: some shares open and then refuse to list.
    if let Some(entry) = fs::read_dir(&real)?.next() {
        entry?;
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_straight_and_visible_ways_are_offered() {
        for (below, offered) in [
            ("a.flac", true),
            ("Artist/Album/01 - a.flac", true),
            ("...And Justice for All/a.flac", true),
            (".38 Special/a.flac", true),
            ("._a.flac", false),
            ("", false),
            ("../a.flac", false),
            ("Artist/../../a.flac", false),
            (".hidden.flac", false),
            (".musicdl/staging/a.flac", false),
            ("/etc/passwd", false),
        ] {
            assert_eq!(is_offered(Path::new(below)), offered, "{below}");
        }
    }
}
