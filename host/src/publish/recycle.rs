//! Gives a file the place of one that is there. What was there goes to
//! `LIBRARY/.musicdl/recycle/` and stays until its owner empties that.
//!
//! | step | a process that dies after it leaves |
//! |---|---|
//! | 1. the old file gets a second name in the recycle folder, synced | the old file at its place |
//! | 2. the new file, synced, gets its name in one step | the new file; under another extension, the old one beside it |
//! | 3. under another extension: the old name goes | the new file |
//!
//! So at each instant a whole file is at the place, and none is ever gone. What a process left
//! that died on the way, [`Publisher::settle_recycled`] sees on the disk: the old file has its
//! two names still.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::content::{Content, fill, open_in};
use super::existing::audio_of_stem;
use super::folders::Folder;
use super::name::{self, At, Onto, Refusal};
use super::root::sync_folder;
use super::staging::set_mode;
use super::{Existing, HIDDEN, Placed, PublishError, Publisher};
use crate::layout::RelPath;

/// Below the hidden directory: what gave way to something better, by the start of the run.
const RECYCLE: &str = "recycle";

/// The file that is to give way.
struct Old {
    file: File,
    name: String,
}

impl Publisher {
    /// Like [`Publisher::place`], but audio that is at `stem` under whatever extension gives
    /// way: afterwards it is in the recycle folder.
    ///
    /// # Errors
    /// What the system said. Whatever it is, a whole file is at the place.
    pub fn replace(
        &self,
        staged: &Path,
        stem: &RelPath,
        ext: &str,
    ) -> Result<Placed, PublishError> {
        self.root.check_still_there()?;
        let relative = stem.join_extension(ext);
        let folder = self.folders.make(relative.parent().as_ref())?;
        let Some(old) = self.old_at(&folder, stem)? else {
            return self.place(staged, stem, ext);
        };
        let file = self.open_regular(staged)?;
        set_mode(&file, self.mode);
        self.sync(&file).map_err(self.root.failed("sync", staged))?;
        self.recycle(&folder, relative.parent(), &old)?;
        let name = relative.file_name();
        let onto = if old.name == name {
            self.check_is_still(&folder, &old)?;
            Onto::Recycled
        } else {
            Onto::FreeName
        };
        match name::give(At::path(staged), &folder, name, onto) {
            Err(Refusal::OtherDevice) => {
                self.copy_beside(Content::Of(&file), &folder, name, onto)?;
            }
            given => given.map_err(|refusal| self.refused(refusal, &folder, name))?,
        }
        let placed = self.placed(&folder, relative)?;
        if onto == Onto::FreeName {
            self.check_is_still(&folder, &old)?;
            let path = folder.path.join(&old.name);
            rustix::fs::unlinkat(&folder.dir, &old.name, AtFlags::empty())
                .map_err(self.root.failed("remove the old", &path))?;
            sync_folder(&folder.dir).map_err(self.root.failed("sync", &folder.path))?;
        }
        Ok(placed)
    }

    /// Like [`Publisher::link`], but other audio that is at `stem` gives way. `aside` is a
    /// free path in staging.
    ///
    /// # Errors
    /// What the system said. Whatever it is, a whole file is at the place.
    pub fn replace_by_link(
        &self,
        placed: &Path,
        aside: &Path,
        stem: &RelPath,
        ext: &str,
    ) -> Result<Placed, PublishError> {
        let file = self.open_regular(placed)?;
        let relative = stem.join_extension(ext);
        let folder = self.folders.make(relative.parent().as_ref())?;
        if let Some(old) = self.old_at(&folder, stem)?
            && old.name == relative.file_name()
            && same(&old.file, &file).map_err(self.root.failed("look at", placed))?
        {
            // To move one name of a file onto another of it does nothing.
            return self.placed(&folder, relative);
        }
        if fs::hard_link(placed, aside).is_err() {
            let copy = File::create_new(aside).map_err(self.root.failed("create", aside))?;
            fill(&copy, Content::Of(&file)).map_err(self.root.failed("write", aside))?;
        }
        let replaced = self.replace(aside, stem, ext);
        // Moved away it is not there; else it goes with its staging directory.
        let _ = fs::remove_file(aside);
        replaced
    }

    /// Ends what an earlier run left half done. A file with a name in the recycle folder and
    /// one at its place was about to give way: if its successor is there, it goes; if not, it
    /// stays and is not recycled.
    pub(super) fn settle_recycled(&self) -> Result<(), PublishError> {
        let recycle = self.library().join(HIDDEN).join(RECYCLE);
        let mut folders: Vec<(PathBuf, PathBuf)> = self
            .entries(&recycle)?
            .into_iter()
            .map(|(run, _)| (run, self.library().to_owned()))
            .collect();
        while let Some((recycled, home)) = folders.pop() {
            for (path, found) in self.entries(&recycled)? {
                let Some(name) = path.file_name() else {
                    continue;
                };
                if found.is_dir() {
                    folders.push((path.clone(), home.join(name)));
                } else if found.is_file() && found.nlink() > 1 {
                    self.settle(&path, &found, &home.join(name))?;
                }
            }
        }
        Ok(())
    }

    fn settle(&self, recycled: &Path, old: &Metadata, home: &Path) -> Result<(), PublishError> {
        let is_there = fs::symlink_metadata(home)
            .is_ok_and(|there| (there.dev(), there.ino()) == (old.dev(), old.ino()));
        if !is_there {
            return Ok(());
        }
        let goes = if has_successor(home, old) {
            home
        } else {
            recycled
        };
        fs::remove_file(goes).map_err(self.root.failed("remove", goes))?;
        if let Some(folder) = goes.parent() {
            File::open(folder)
                .and_then(|folder| sync_folder(&folder))
                .map_err(self.root.failed("sync", folder))?;
        }
        Ok(())
    }

    /// What is in a folder; nothing when there is no such folder.
    fn entries(&self, folder: &Path) -> Result<Vec<(PathBuf, Metadata)>, PublishError> {
        let listed = match fs::read_dir(folder) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.and_then(|entries| {
                entries
                    .map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))))
                    .collect()
            }),
        };
        listed.map_err(self.root.failed("list", folder))
    }

    /// The audio that is at the place, opened.
    fn old_at(&self, folder: &Folder, stem: &RelPath) -> Result<Option<Old>, PublishError> {
        let Some(path) = Existing::new(self.library()).find(stem)? else {
            return Ok(None);
        };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.unwrap_or_default().to_owned();
        match open_in(folder, &name) {
            Ok(file) => Ok(Some(Old { file, name })),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) if Errno::from_io_error(&cause) == Some(Errno::LOOP) => {
                let what = "a link, which is never replaced";
                Err(PublishError::Unfit { path, what })
            }
            Err(cause) => Err(self.root.failed("open", &path)(cause)),
        }
    }

    /// Gives the old file a second name in the recycle folder, or a copy where the file system
    /// has no second names.
    fn recycle(
        &self,
        home: &Folder,
        below: Option<RelPath>,
        old: &Old,
    ) -> Result<(), PublishError> {
        let mut path = format!("{HIDDEN}/{RECYCLE}/{}", self.started);
        if let Some(below) = below {
            path = format!("{path}/{}", below.as_str());
        }
        let path = RelPath::from_saved(&path).expect("its parts are paths within the library");
        let folder = self.folders.make(Some(&path))?;
        let from = At {
            dir: home.dir.as_fd(),
            name: Path::new(&old.name),
        };
        match name::link(from, &folder, &old.name) {
            Ok(()) => {}
            // This run began to replace it before, and could not end it.
            Err(Refusal::Occupied) => self.check_same(&old.file, &folder, &old.name)?,
            Err(Refusal::OtherDevice | Refusal::Unsupported) => {
                let content = Content::Of(&old.file);
                self.write(content, &folder, &old.name, Onto::FreeName)?;
            }
            Err(refusal @ Refusal::Failed(_)) => {
                return Err(self.refused(refusal, &folder, &old.name));
            }
        }
        sync_folder(&folder.dir).map_err(self.root.failed("sync", &folder.path))
    }

    /// Nobody put another file in the place of the one that was recycled.
    fn check_is_still(&self, folder: &Folder, old: &Old) -> Result<(), PublishError> {
        let path = folder.path.join(&old.name);
        let still = open_in(folder, &old.name).and_then(|now| same(&now, &old.file));
        match still.map_err(self.root.failed("look at", &path))? {
            true => Ok(()),
            false => Err(PublishError::Occupied { path }),
        }
    }
}

fn same(one: &File, other: &File) -> io::Result<bool> {
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// Whether audio under another extension got its name after the old file got its second one;
/// both times are changes of the files' entries. A copy that stood beside it all along is older.
fn has_successor(home: &Path, old: &Metadata) -> bool {
    let changed = |found: &Metadata| (found.ctime(), found.ctime_nsec());
    audio_of_stem(home)
        .iter()
        .filter(|other| other.as_path() != home)
        .filter_map(|other| fs::symlink_metadata(other).ok())
        .any(|other| other.ino() != old.ino() && changed(&other) >= changed(old))
}
