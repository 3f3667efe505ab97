//! Puts finished files into the library. The only module that creates or moves anything at a
//! final path; where that is, `layout` decides, and whether a file is good enough, `verify`.
//!
//! A process may die between any two lines here, so the order is the promise:
//!
//! 1. [`Publisher::staging`]: a track is fetched, verified, tagged and verified again in a
//!    directory of its own under `LIBRARY/.musicdl/`, which no media server looks into;
//! 2. [`Publisher::place`]: the file is synced, its folders are made and synced, it gets its
//!    final name in one step that cannot replace anything;
//! 3. [`Publisher::sync_names`]: the folders that got names are synced, once for many files;
//! 4. the caller commits "done" with what [`Placed`] says.
//!
//! Where the user wants whole albums, [`Publisher::hold`] stands between 1 and 2: the finished
//! file waits below `.musicdl/` until `place` moves it from there.
//!
//! Whatever dies in between leaves either a left-over in staging, which [`Publisher::sweep`]
//! removes, or a whole file without a "done", which [`Existing`] finds. Nothing is overwritten
//! but our own playlist files, and nothing outside of `.musicdl/` is ever deleted. Where the
//! user wants something better in the place of what is there, [`Publisher::replace`] keeps the
//! old file under `.musicdl/recycle/`.

mod beside;
mod content;
mod error;
mod existing;
mod files;
mod folders;
mod held;
mod in_place;
mod name;
mod quarantine;
mod recycle;
mod reissue;
mod root;
mod sole;
mod staging;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

pub use beside::{Cover, M3uWritten};
pub use error::{PublishError, stops_the_run};
pub use existing::Existing;
pub use files::Placed;
pub use held::{Held, HeldNote};
pub use in_place::{SwapError, swap};
pub use quarantine::{Note, Quarantine, QuarantineTotals};
pub use staging::{Offered, Staging};

use crate::music::{SourceName, TrackId};
use folders::Folders;
use root::Root;
use staging::StagingArea;

/// The directory for unfinished work, in the library itself and therefore on its file system.
const HIDDEN: &str = ".musicdl";

/// A library that can be written to. All calls may be made from several threads at once.
///
/// While it lives no other process can have one of the same library.
#[derive(Debug)]
pub struct Publisher {
    root: Arc<Root>,
    area: Arc<StagingArea>,
    folders: Folders,
    /// What the umask leaves of `rw-rw-rw-`: the mode of every file in the library.
    mode: u32,
    /// When it was opened, as a name: what gives way meanwhile is kept together.
    started: String,
    /// Whether any file may wait for others of its album.
    holds: AtomicBool,
    /// Held while a large file is synced.
    syncs: Mutex<()>,
}

impl Publisher {
    /// Opens the library at `library` and proves that it can be written to. The directory is
    /// made when its parent is there (the first run); a missing parent is more likely a disk
    /// that is not mounted than a new library.
    ///
    /// # Errors
    /// When the directory is not there, is a file, cannot be written to, or another run has it.
    pub fn open(library: &Path) -> Result<Self, PublishError> {
        let root = Arc::new(Root::open(library)?);
        let area = Arc::new(StagingArea::new(Arc::clone(&root)));
        let mode = area.probe()?;
        let folders = Folders::new(Arc::clone(&root));
        let started = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S%.3fZ");
        Ok(Self {
            started: started.to_string(),
            holds: AtomicBool::new(held::may_be_in(root.path())),
            syncs: Mutex::default(),
            root,
            area,
            folders,
            mode,
        })
    }

    /// The library's directory, absolute, under the name the user gave it.
    pub fn library(&self) -> &Path {
        self.root.path()
    }

    /// Bytes that this user can still write to the library's file system.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free_bytes(&self) -> Result<u64, PublishError> {
        self.root.free_bytes()
    }

    /// The directory in which that source gets one for each download, made if need be.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn room_of(&self, source: &SourceName) -> Result<PathBuf, PublishError> {
        self.root.check_still_there()?;
        self.area.room_of(source)
    }

    /// Empty directories for the work on one track, one of them the source's. What an earlier
    /// run left there is gone.
    ///
    /// # Errors
    /// When it cannot be made, or this track is being worked on already.
    pub fn staging(&self, id: &TrackId, source: &SourceName) -> Result<Staging, PublishError> {
        self.root.check_still_there()?;
        StagingArea::open(&self.area, id, Some(source))
    }

    /// The same for work on a track that is in the library already: no source has a part in it.
    ///
    /// # Errors
    /// When it cannot be made, or this track is being worked on already.
    pub fn staging_of_owned(&self, id: &TrackId) -> Result<Staging, PublishError> {
        self.root.check_still_there()?;
        StagingArea::open(&self.area, id, None)
    }

    /// Ends replacements that an earlier run could not end. Removes what earlier runs left in
    /// staging, and `.musicdl/` with it when nothing else is
    /// in there. Work that goes on at this moment is left alone, and so is what waits for the
    /// others of its album.
    ///
    /// # Errors
    /// For the first thing that cannot be removed; the others are removed all the same.
    pub fn sweep(&self) -> Result<(), PublishError> {
        self.settle_recycled()?;
        self.sweep_held()?;
        self.area.sweep()
    }
}

#[cfg(test)]
mod tests;
