//! Goes through one directory, on several threads, and has every audio file read. What is not
//! handed out is counted with its reason; what is made of the files is `index`'s.

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::config::Links;
use crate::directory::{Readable, is_hidden};
use crate::error::FolderError;
use crate::tags::{self, Facts};
use crate::{format, target};

/// One audio file.
#[derive(Debug)]
pub(crate) struct Track {
    /// Where it is, below the directory as the user wrote it.
    pub(crate) path: PathBuf,
    /// Where it is without the links of the directory's own path: tells the same file in two
    /// overlapping directories.
    pub(crate) real: PathBuf,
    /// Name of the file for `download_raw`.
    pub(crate) target_id: String,
    /// Bytes.
    pub(crate) size: u64,
    /// What is known of the music in it.
    pub(crate) facts: Facts,
}

/// What a walk came upon, in no order.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) tracks: Vec<Track>,
    /// Files that should be audio and cannot be read, directories that cannot be listed.
    pub(crate) unreadable: Vec<FolderError>,
    /// Symbolic links that were left alone.
    pub(crate) links: Vec<PathBuf>,
}

enum Sighting {
    Track(Box<Track>),
    Unreadable(FolderError),
    Link(PathBuf),
}

/// Everything below a directory. Links that lead back to where they come from are noticed and
/// reported as unreadable, not followed in circles.
pub(crate) fn walk(directory: &Readable, links: Links) -> Found {
    let walker = WalkBuilder::new(&directory.real)
        // No `.gitignore` or the like decides what somebody's music is, and hidden names are
        // ours to know: `...Baby One More Time` is none.
        .standard_filters(false)
        .follow_links(links == Links::Follow)
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()))
        .build_parallel();
    let (sender, sightings) = mpsc::channel();
    walker.run(|| {
        let sender = sender.clone();
        Box::new(move |entry| {
            let sighting = match entry {
                Ok(entry) => look_at(&entry, directory),
                Err(error) => Some(Sighting::Unreadable(error.into())),
            };
            if let Some(sighting) = sighting {
                sender
                    .send(sighting)
                    .expect("the receiving end outlives the walk");
            }
            WalkState::Continue
        })
    });
    drop(sender);

    let mut found = Found::default();
    for sighting in sightings {
        match sighting {
            Sighting::Track(track) => found.tracks.push(*track),
            Sighting::Unreadable(error) => found.unreadable.push(error),
            Sighting::Link(path) => found.links.push(path),
        }
    }
    found
}

fn look_at(entry: &DirEntry, directory: &Readable) -> Option<Sighting> {
    let kind = entry.file_type()?;
    if kind.is_symlink() {
        return Some(Sighting::Link(entry.path().to_owned()));
    }
    // Directories are walked by the walker; a pipe or device named `.mp3` is reported by
    // nobody and, above all, opened by nobody.
    if !kind.is_file() || !format::is_candidate(entry.path()) {
        return None;
    }
    Some(match guarded(entry.path(), || track(entry, directory)) {
        Ok(track) => Sighting::Track(Box::new(track)),
        Err(error) => Sighting::Unreadable(error),
    })
}

fn track(entry: &DirEntry, directory: &Readable) -> Result<Track, FolderError> {
    let real = entry.path();
    let below = real
        .strip_prefix(&directory.real)
        .expect("a walk stays below where it began");
    let (facts, size) = tags::read(real, below)?;
    let path = directory.configured.join(below);
    let target_id = target::id_of(&path).ok_or_else(|| FolderError::Unnameable(path.clone()))?;
    Ok(Track {
        path,
        real: real.to_owned(),
        target_id,
        size,
        facts,
    })
}

/// A parser that panics over one hostile file must not end the scan of all the others.
fn guarded<T>(
    path: &Path,
    read: impl FnOnce() -> Result<T, FolderError>,
) -> Result<T, FolderError> {
    panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(FolderError::Damaged {
            path: path.to_owned(),
            reason: "its tags make the parser fail".to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_that_panics_costs_one_file() {
        let path = Path::new("/music/hostile.mp3");
        let outcome: Result<(), _> = guarded(path, || panic!("index out of bounds"));
        let error = outcome.unwrap_err();
        assert!(matches!(error, FolderError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("hostile.mp3"), "{error}");
    }
}
