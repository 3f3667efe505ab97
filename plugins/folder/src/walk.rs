//! Has every audio file below a directory read, on several threads. Which files there are is
//! `listing`'s to say, what is made of them is `index`'s; what is not handed out is kept with
//! its reason.

use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::config::Links;
use crate::directory::Readable;
use crate::error::FolderError;
use crate::listing::{Listing, Seen};
use crate::tags::{self, Facts};
use crate::target;

/// Most files read at once, on a machine of any size.
const MOST_READERS: usize = 32;
/// Files read at once for each processor: on a network share most of a reading is waiting.
const READERS_PER_CPU: usize = 4;

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

impl Found {
    fn add(&mut self, seen: Seen, directory: &Readable) {
        match seen {
            Seen::Audio(path) => match guarded(&path, || track(&path, directory)) {
                Ok(track) => self.tracks.push(track),
                Err(error) => self.unreadable.push(error),
            },
            Seen::Link(path) => self.links.push(path),
            Seen::Unreadable(error) => self.unreadable.push(error),
        }
    }

    /// Takes over all of another's.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.tracks.append(&mut other.tracks);
        self.unreadable.append(&mut other.unreadable);
        self.links.append(&mut other.links);
    }
}

/// Everything below a directory.
///
/// The readers take turns at one listing, each a file at a time: listing is a small part of the
/// work, and so a single directory with everything in it is read as fast as many.
pub(crate) fn walk(directory: &Readable, links: Links) -> Found {
    let listing = Mutex::new(Listing::below(&directory.real, links));
    let next = || {
        // A listing that panicked is between two items all the same.
        let mut listing = listing.lock().unwrap_or_else(PoisonError::into_inner);
        listing.next()
    };
    let read = || {
        let mut found = Found::default();
        while let Some(seen) = next() {
            found.add(seen, directory);
        }
        found
    };
    thread::scope(|scope| {
        // This thread reads too, so where the system grants no other it merely takes longer.
        let others: Vec<_> = (1..readers(cpus()))
            .map_while(|_| thread::Builder::new().spawn_scoped(scope, read).ok())
            .collect();
        let mut found = read();
        for other in others {
            let theirs = other
                .join()
                .unwrap_or_else(|cause| panic::resume_unwind(cause));
            found.append(theirs);
        }
        found
    })
}

fn cpus() -> usize {
    // A system that does not tell has at least the one this runs on.
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn readers(cpus: usize) -> usize {
    cpus.saturating_mul(READERS_PER_CPU).min(MOST_READERS)
}

fn track(real: &Path, directory: &Readable) -> Result<Track, FolderError> {
    let below = real
        .strip_prefix(&directory.real)
        .expect("a walk stays below where it began");
    let (facts, size) = tags::read(real, below)?;
    let path = directory.configured.join(below);
    let target_id = target::id_of(&path);
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
    use std::collections::HashSet;
    use std::fs;

    #[test]
    fn as_many_files_are_read_at_once_as_a_machine_can_wait_for() {
        for (cpus, expected) in [(1, 4), (2, 8), (8, 32), (9, 32), (usize::MAX, 32)] {
            assert_eq!(readers(cpus), expected, "{cpus} processors");
        }
    }

    #[test]
    fn every_file_is_read_by_exactly_one_reader() {
        let room = tempfile::tempdir().unwrap();
        let real = room.path().canonicalize().unwrap();
        for number in 0..300 {
            // Some beside each other, some in a directory each.
            let directory = real.join((number % 40).to_string());
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join(format!("{number}.mp3")), "no audio").unwrap();
        }
        let directory = Readable {
            configured: real.clone(),
            real,
        };
        let found = walk(&directory, Links::Skip);
        let distinct: HashSet<String> = found.unreadable.iter().map(ToString::to_string).collect();
        assert_eq!((found.unreadable.len(), distinct.len()), (300, 300));
    }

    #[test]
    fn a_parser_that_panics_costs_one_file() {
        let path = Path::new("/music/hostile.mp3");
        let outcome: Result<(), _> = guarded(path, || panic!("index out of bounds"));
        let error = outcome.unwrap_err();
        assert!(matches!(error, FolderError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("hostile.mp3"), "{error}");
    }
}
