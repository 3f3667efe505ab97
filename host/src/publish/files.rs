//! Puts audio at its final path, and the same audio at further ones.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::content::{Content, Part, fill, is_same, open_in};
use super::folders::Folder;
use super::name::{self, At, Onto, Refusal};
use super::root::sync_folder;
use super::staging::{StagingArea, set_mode};
use super::{PublishError, Publisher};
use crate::layout::RelPath;

/// Bytes from which on a file is synced by itself.
const LARGE: u64 = 1024 * 1024;

/// A file at its final path, as the journal remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// Where it is in the library, with its extension.
    pub relative: RelPath,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub mtime_ns: i64,
}

impl Publisher {
    /// Moves a finished file from staging to `stem.ext`. Never replaces anything. When it
    /// answers, the file and the way to its folder are on disk; its name is so after
    /// [`Publisher::sync_names`].
    ///
    /// The staged file is used up; if a name of it is left, it goes with its staging directory.
    ///
    /// # Errors
    /// [`PublishError::Occupied`] when something is there already; else what the system said.
    pub fn place(&self, staged: &Path, stem: &RelPath, ext: &str) -> Result<Placed, PublishError> {
        let relative = stem.join_extension(ext);
        let file = self.open_regular(staged).or_else(|error| {
            // A library that vanished took staging with it, and that is the thing to say.
            self.root.check_still_there()?;
            Err(error)
        })?;
        set_mode(&file, self.mode);
        self.sync(&file).map_err(self.root.failed("sync", staged))?;
        let folder = self.folders.make(relative.parent().as_ref())?;
        let name = relative.file_name();
        match name::give(At::path(staged), &folder, name, Onto::FreeName) {
            Err(Refusal::OtherDevice) => {
                self.copy_beside(Content::Of(&file), &folder, name, Onto::FreeName)?;
                self.named(folder, relative)
            }
            given => {
                given.map_err(|refusal| self.refused(refusal, &folder, name))?;
                let placed = self.found(relative, file.metadata())?;
                self.folders.named(folder);
                Ok(placed)
            }
        }
    }

    /// Gives the audio at `placed` a second place at `stem.ext`: the same file under a second
    /// name where the file system can do that, else a copy. The same audio being there already
    /// is fine, for instance from a run that was interrupted at this point. Its name is on disk
    /// after [`Publisher::sync_names`].
    ///
    /// # Errors
    /// [`PublishError::Occupied`] when something else is there; else what the system said.
    pub fn link(&self, placed: &Path, stem: &RelPath, ext: &str) -> Result<Placed, PublishError> {
        self.root.check_still_there()?;
        let relative = stem.join_extension(ext);
        let file = self.open_regular(placed)?;
        let folder = self.folders.make(relative.parent().as_ref())?;
        let name = relative.file_name();
        match name::link(At::path(placed), &folder, name) {
            Ok(()) => {}
            Err(Refusal::Occupied) => self.check_same(&file, &folder, name)?,
            Err(refusal @ (Refusal::OtherDevice | Refusal::Unsupported)) => {
                let content = Content::Of(&file);
                let copied = if refusal == Refusal::OtherDevice {
                    self.copy_beside(content, &folder, name, Onto::FreeName)
                } else {
                    self.write(content, &folder, name, Onto::FreeName)
                };
                match copied {
                    Err(PublishError::Occupied { .. }) => self.check_same(&file, &folder, name)?,
                    copied => copied?,
                }
            }
            Err(refusal @ Refusal::Failed(_)) => return Err(self.refused(refusal, &folder, name)),
        }
        self.named(folder, relative)
    }

    /// Brings the names of everything placed and linked so far to the disk: once a folder,
    /// however many files it got. The journal may call none of them done before.
    ///
    /// # Errors
    /// What the system said of the first folder that it did not take.
    pub fn sync_names(&self) -> Result<(), PublishError> {
        self.folders.sync_names()
    }

    /// Writes a file in staging and moves it to `name`. The folder is not synced yet.
    pub(super) fn write(
        &self,
        content: Content<'_>,
        folder: &Folder,
        name: &str,
        onto: Onto,
    ) -> Result<(), PublishError> {
        let temp = StagingArea::temp(&self.area)?;
        fill(&temp.file, content).map_err(self.root.failed("write", &temp.path))?;
        match name::give(At::path(&temp.path), folder, name, onto) {
            Err(Refusal::OtherDevice) => self.copy_beside(content, folder, name, onto),
            given => given.map_err(|refusal| self.refused(refusal, folder, name)),
        }
    }

    /// For a folder that a rename from staging does not reach (a disk mounted inside the
    /// library): writes a hidden file in the folder itself and gives that the name. A process
    /// that dies here leaves the hidden file; media servers skip those.
    pub(super) fn copy_beside(
        &self,
        content: Content<'_>,
        folder: &Folder,
        name: &str,
        onto: Onto,
    ) -> Result<(), PublishError> {
        let path = folder.path.join(name);
        let part = Part::create(folder).map_err(self.root.failed("create", &path))?;
        fill(&part.file, content).map_err(self.root.failed("write", &path))?;
        name::give(part.at(), folder, name, onto)
            .map_err(|refusal| self.refused(refusal, folder, name))
    }

    /// Brings a file to the disk. Large ones take turns: together each of them takes as long as
    /// all, and whoever fetched them waits for the disk while nobody uses the network. The disk
    /// is none the slower for it, as a large file keeps it busy by itself.
    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        let is_large = file.metadata()?.len() >= LARGE;
        let _turn = is_large.then(|| self.syncs.lock().unwrap_or_else(PoisonError::into_inner));
        file.sync_all()
    }

    /// Syncs the folder and reads what the journal needs.
    pub(super) fn placed(
        &self,
        folder: &Folder,
        relative: RelPath,
    ) -> Result<Placed, PublishError> {
        sync_folder(&folder.dir).map_err(self.root.failed("sync", &folder.path))?;
        let file = open_in(folder, relative.file_name());
        self.found(relative, file.and_then(|file| file.metadata()))
    }

    /// The same, and the folder is synced later.
    fn named(&self, folder: Folder, relative: RelPath) -> Result<Placed, PublishError> {
        let file = open_in(&folder, relative.file_name());
        let placed = self.found(relative, file.and_then(|file| file.metadata()))?;
        self.folders.named(folder);
        Ok(placed)
    }

    /// What the journal needs of a file.
    fn found(&self, relative: RelPath, file: io::Result<Metadata>) -> Result<Placed, PublishError> {
        let path = relative.under(self.library());
        let found = file.map_err(self.root.failed("look at", &path))?;
        let mtime_ns = found
            .mtime()
            .saturating_mul(1_000_000_000)
            .saturating_add(found.mtime_nsec());
        Ok(Placed {
            path,
            relative,
            size: found.len(),
            mtime_ns,
        })
    }

    pub(super) fn open_regular(&self, path: &Path) -> Result<File, PublishError> {
        let unfit = |what| PublishError::Unfit {
            path: path.to_owned(),
            what,
        };
        let mut options = File::options();
        // A FIFO must not make us wait for its other end.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.read(true).custom_flags(flags.bits().cast_signed());
        let file = match options.open(path) {
            Err(cause) if Errno::from_io_error(&cause) == Some(Errno::LOOP) => {
                return Err(unfit("a link"));
            }
            opened => opened.map_err(self.root.failed("open", path))?,
        };
        let found = file.metadata().map_err(self.root.failed("look at", path))?;
        if !found.is_file() {
            Err(unfit("no regular file"))
        } else if found.len() == 0 {
            Err(unfit("empty"))
        } else {
            Ok(file)
        }
    }

    /// Fine when `name` holds what `file` holds, be it the same file or an equal one.
    pub(super) fn check_same(
        &self,
        file: &File,
        folder: &Folder,
        name: &str,
    ) -> Result<(), PublishError> {
        let path = folder.path.join(name);
        let same = match open_in(folder, name) {
            Ok(there) => is_same(file, &there),
            // A link is not followed, wherever it leads.
            Err(cause) if Errno::from_io_error(&cause) == Some(Errno::LOOP) => Ok(false),
            Err(cause) => Err(cause),
        };
        match same.map_err(self.root.failed("compare", &path))? {
            true => Ok(()),
            false => Err(PublishError::Occupied { path }),
        }
    }

    pub(super) fn refused(&self, refusal: Refusal, folder: &Folder, name: &str) -> PublishError {
        let path = folder.path.join(name);
        match refusal {
            Refusal::Occupied => PublishError::Occupied { path },
            Refusal::OtherDevice => self.root.failed("move a file to", &path)(Errno::XDEV),
            Refusal::Unsupported => self.root.failed("move a file to", &path)(Errno::NOTSUP),
            Refusal::Failed(cause) => self.root.failed("move a file to", &path)(cause),
        }
    }
}
