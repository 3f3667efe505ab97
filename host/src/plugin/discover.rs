//! Which files of the plugin directories are worth opening. Looks at names and kinds only;
//! whether a file may be loaded is [`trust`](super::trust)'s to say, and what is inside is for
//! [`load()`](super::load()) to find out.

use std::collections::HashSet;
use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

/// What lies in the plugin directories.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The files worth loading: directories in the user's order, within each by file name.
    pub candidates: Vec<PathBuf>,
    /// What is named like a plugin and cannot be one, in the same order. Files of any other
    /// name (a README, a checksum) are ignored and not listed.
    pub skipped: Vec<(PathBuf, NotAFile)>,
}

/// Why something with a library's name is not opened at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAFile {
    /// Whose target could change under us, or lie where others may write.
    #[error("it is a symbolic link; put the library itself into the plugin directory")]
    Link,
    /// A directory.
    #[error("it is a directory")]
    Directory,
    /// A pipe, socket or device: opening one may wait for ever.
    #[error("it is a pipe, socket or device, not a regular file")]
    Special,
}

/// A plugin directory that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the plugin directory {}: {source}", directory.display())]
pub struct DiscoverError {
    /// The directory.
    pub directory: PathBuf,
    /// Why.
    pub source: io::Error,
}

impl NotAFile {
    /// `None` for a regular file.
    pub(super) fn of(kind: FileType) -> Option<NotAFile> {
        if kind.is_file() {
            None
        } else if kind.is_symlink() {
            Some(NotAFile::Link)
        } else if kind.is_dir() {
            Some(NotAFile::Directory)
        } else {
            Some(NotAFile::Special)
        }
    }
}

/// Lists the plugin directories. One that is named twice counts once.
///
/// # Errors
/// When a directory is missing or cannot be read.
pub fn discover(directories: &[PathBuf]) -> Result<Discovery, DiscoverError> {
    let mut found = Discovery::default();
    let mut seen = HashSet::new();
    for directory in directories {
        let failed = |source| DiscoverError {
            directory: directory.clone(),
            source,
        };
        if !seen.insert(fs::canonicalize(directory).map_err(failed)?) {
            continue;
        }
        for (file, kind) in libraries_in(directory).map_err(failed)? {
            match NotAFile::of(kind) {
                None => found.candidates.push(file),
                Some(reason) => found.skipped.push((file, reason)),
            }
        }
    }
    Ok(found)
}

fn libraries_in(directory: &Path) -> io::Result<Vec<(PathBuf, FileType)>> {
    let mut libraries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file = entry.path();
        if file.extension() == Some(OsStr::new(DLL_EXTENSION)) {
            libraries.push((file, entry.file_type()?));
        }
    }
    libraries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_come_in_the_order_of_directories_and_then_of_names() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let library = |name: &str| format!("{name}.{DLL_EXTENSION}");
        for name in ["zeta", "alpha"] {
            fs::write(a.path().join(library(name)), "").unwrap();
        }
        fs::write(b.path().join(library("beta")), "").unwrap();
        fs::write(a.path().join("README"), "").unwrap();
        fs::write(a.path().join("alpha.d"), "").unwrap();

        let twice_a = a.path().join(".");
        let directories = [b.path().to_owned(), a.path().to_owned(), twice_a];
        let found = discover(&directories).unwrap();
        let expected = [
            b.path().join(library("beta")),
            a.path().join(library("alpha")),
            a.path().join(library("zeta")),
        ];
        assert_eq!(found.candidates, expected);
        assert_eq!(found.skipped, []);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let parent = tempfile::tempdir().unwrap();
        let missing = parent.path().join("plugins");
        let error = discover(std::slice::from_ref(&missing)).unwrap_err();
        assert_eq!(error.directory, missing);
        let text = error.to_string();
        assert!(text.contains(missing.to_str().unwrap()), "{text}");
    }
}
