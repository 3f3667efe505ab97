//! Makes the folders of a final path. Every folder is opened from the one above it without
//! following links, so that nobody can lead a path out of the library in between.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::PublishError;
use super::root::{Root, sync_folder};
use crate::layout::RelPath;

const OPEN_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Folders {
    root: Arc<Root>,
    /// Folders whose entry in the folder above is known to be on disk. Asked of every folder
    /// once a run, also of those found: they may be a second old and another thread's.
    durable: Mutex<HashSet<PathBuf>>,
    /// Folders in which there are names that may not be on disk, by their paths.
    unsynced: Mutex<HashMap<PathBuf, File>>,
}

/// An open folder of the library.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) dir: File,
    /// Where it is, for messages and answers.
    pub(super) path: PathBuf,
}

impl Folders {
    pub(super) fn new(root: Arc<Root>) -> Self {
        Self {
            root,
            durable: Mutex::default(),
            unsynced: Mutex::default(),
        }
    }

    /// Opens a folder and makes what is missing of it; `None` is the library itself. When it
    /// answers, the way to the folder is on disk.
    pub(super) fn make(&self, folder: Option<&RelPath>) -> Result<Folder, PublishError> {
        self.root.check_still_there()?;
        let root = self.root.dir().try_clone();
        let mut here = Folder {
            dir: root.map_err(self.root.failed("open", self.root.path()))?,
            path: self.root.path().to_owned(),
        };
        for name in folder.iter().flat_map(|folder| folder.components()) {
            let path = here.path.join(name);
            let dir = self.enter(&here, name, &path)?;
            self.make_durable(&here, &path)?;
            here = Folder { dir, path };
        }
        Ok(here)
    }

    /// A file got its name in the folder.
    pub(super) fn named(&self, folder: Folder) {
        let Folder { dir, path } = folder;
        self.unsynced().insert(path, dir);
    }

    /// Syncs the folders in which files got their names. One that fails is tried again the
    /// next time.
    pub(super) fn sync_names(&self) -> Result<(), PublishError> {
        // A name that is given while this goes on counts for the next time.
        let folders = std::mem::take(&mut *self.unsynced());
        let mut first_failure = Ok(());
        for (path, dir) in folders {
            if let Err(cause) = sync_folder(&dir) {
                let failure = self.root.failed("sync", &path)(cause);
                first_failure = first_failure.and(Err(failure));
                self.unsynced().entry(path).or_insert(dir);
            }
        }
        first_failure
    }

    fn unsynced(&self) -> MutexGuard<'_, HashMap<PathBuf, File>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, above: &Folder, name: &str, path: &Path) -> Result<File, PublishError> {
        match open_folder(&above.dir, name) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(&above.dir, name, Mode::from_raw_mode(0o777)) {
                    // Another thread wants the same folder.
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(cause) => {
                        return Err(self.root.failed("create a folder in", &above.path)(cause));
                    }
                }
                open_folder(&above.dir, name).map_err(self.root.failed("open", path))
            }
            // Linux says NOTDIR for a link here, others LOOP.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => {
                let found = rustix::fs::statat(&above.dir, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(self.root.failed("look at", path))?;
                if FileType::from_raw_mode(found.st_mode) == FileType::Symlink {
                    self.follow(path)
                } else {
                    Err(obstructed(path, "a file"))
                }
            }
            opened => opened.map_err(self.root.failed("open", path)),
        }
    }

    /// A link the user made is followed as long as it stays inside. Its target is opened from
    /// the root, name by name and without links, so it cannot be changed meanwhile.
    fn follow(&self, link: &Path) -> Result<File, PublishError> {
        let target = match fs::canonicalize(link) {
            Ok(target) => target,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(obstructed(link, "a link to nowhere"));
            }
            Err(cause) => return Err(self.root.failed("follow", link)(cause)),
        };
        let root = fs::canonicalize(self.root.path())
            .map_err(self.root.failed("look at", self.root.path()))?;
        let Ok(inside) = target.strip_prefix(&root) else {
            return Err(obstructed(link, "a link out of the library"));
        };
        let mut dir = self
            .root
            .dir()
            .try_clone()
            .map_err(self.root.failed("open", self.root.path()))?;
        for name in inside {
            dir = match open_folder(&dir, name) {
                Ok(next) => next,
                Err(Errno::NOTDIR) => return Err(obstructed(link, "a link to a file")),
                Err(cause) => return Err(self.root.failed("follow", link)(cause)),
            };
        }
        Ok(dir)
    }

    fn make_durable(&self, above: &Folder, path: &Path) -> Result<(), PublishError> {
        let known = || self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(path) {
            return Ok(());
        }
        sync_folder(&above.dir).map_err(self.root.failed("sync", &above.path))?;
        known().insert(path.to_owned());
        Ok(())
    }
}

fn open_folder(above: &File, name: impl AsRef<OsStr>) -> Result<File, Errno> {
    rustix::fs::openat(above, name.as_ref(), OPEN_FOLDER, Mode::empty()).map(File::from)
}

fn obstructed(path: &Path, what: &'static str) -> PublishError {
    PublishError::Obstructed {
        path: path.to_owned(),
        what,
    }
}
