//! The user's files, read once: at the first search, not before, because reading the tags of a
//! large collection takes minutes and a run that is served elsewhere needs none of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use musicdl_plugin_api::{Host, LogLevel};

use crate::directory::Directories;
use crate::error::FolderError;
use crate::index::Index;
use crate::walk::{Found, walk};

/// All tracks of all directories, read at the first search.
#[derive(Debug, Default)]
pub(crate) struct Collection {
    /// Held while reading: searches that come meanwhile wait for the same reading instead of
    /// doing it again. A failure is not kept, so a share that comes back is found.
    index: Mutex<Option<Arc<Index>>>,
}

impl Collection {
    /// The index; reads the directories if that has not been done.
    pub(crate) fn index(
        &self,
        directories: &Directories,
        host: &Host,
    ) -> Result<Arc<Index>, FolderError> {
        // A reading that panicked left `None`, which is as good as never having begun.
        let mut kept = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = kept.as_ref() {
            return Ok(Arc::clone(index));
        }
        let index = Arc::new(read(directories, host)?);
        *kept = Some(Arc::clone(&index));
        Ok(index)
    }
}

fn read(directories: &Directories, host: &Host) -> Result<Index, FolderError> {
    let probed = directories.probe()?;
    for error in &probed.unreadable {
        host.log(LogLevel::WARN, &format!("{error}; skipped"), &[]);
    }
    let mut all = Found::default();
    let mut known = HashSet::new();
    for directory in &probed.readable {
        let mut found = walk(directory, directories.links());
        // Directories may overlap; the first one that has a file names it.
        found
            .tracks
            .retain(|track| known.insert(track.real.clone()));
        all.append(found);
    }
    report(&all, host);
    // Threads find files in any order; equals are to be ranked alike in every run.
    all.tracks.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(Index::of(all.tracks))
}

/// One line for each thing the user may want to act on, the details for who looks for them.
fn report(found: &Found, host: &Host) {
    let files = found.tracks.len().to_string();
    if found.tracks.is_empty() {
        let message = "no audio file in any of the directories of `paths`";
        host.log(LogLevel::WARN, message, &[]);
    } else {
        host.log(LogLevel::INFO, "audio files read", &[("files", &files)]);
    }
    for error in &found.unreadable {
        host.log(LogLevel::DEBUG, &format!("skipped: {error}"), &[]);
    }
    if !found.unreadable.is_empty() {
        let count = found.unreadable.len().to_string();
        let message = format!("{count} files or directories could not be read and are skipped");
        host.log(LogLevel::WARN, &message, &[("count", &count)]);
    }
    for link in &found.links {
        let message = format!("link not followed: {}", link.display());
        host.log(LogLevel::DEBUG, &message, &[]);
    }
    if !found.links.is_empty() {
        let count = found.links.len().to_string();
        let message = format!("{count} symbolic links not followed; `follow_links: true` would");
        host.log(LogLevel::INFO, &message, &[("count", &count)]);
    }
}
