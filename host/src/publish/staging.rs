//! `LIBRARY/.musicdl/staging/`: where files are until they are finished. Everything in it is
//! ours and may be removed, except what this run is working on.

use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, Dir};

use super::root::Root;
use super::{HIDDEN, PublishError};
use crate::beneath;
use crate::music::{SourceName, TrackId};

/// Makes the names of temporary files of this process different.
static SERIAL: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub(super) struct StagingArea {
    root: Arc<Root>,
    hidden: PathBuf,
    staging: PathBuf,
    /// Held while anything is made or removed in `staging`, so that a sweep never takes a
    /// directory away from under somebody.
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    /// What is in use.
    busy: HashSet<String>,
    /// Emptied directories for the next tracks, by where they lie. Making a directory and
    /// removing it costs a file system far more than giving it another name.
    spare: HashMap<PathBuf, Vec<PathBuf>>,
}

impl StagingArea {
    pub(super) fn new(root: Arc<Root>) -> Self {
        let hidden = root.path().join(HIDDEN);
        let staging = hidden.join("staging");
        Self {
            root,
            hidden,
            staging,
            names: Mutex::default(),
        }
    }

    /// Proves that directories and files can be made, and says what mode a new file has.
    pub(super) fn probe(self: &Arc<Self>) -> Result<u32, PublishError> {
        let temp = Self::temp(self)?;
        let found = temp.file.metadata();
        let mode = found
            .map_err(self.root.failed("look at", &temp.path))?
            .mode();
        Ok(mode & 0o777)
    }

    /// The directory for everything that source delivers, made if need be.
    pub(super) fn room_of(&self, source: &SourceName) -> Result<PathBuf, PublishError> {
        let _names = self.names();
        self.make_area()?;
        self.make_room(source)
    }

    pub(super) fn open(
        self: &Arc<Self>,
        id: &TrackId,
        source: Option<&SourceName>,
    ) -> Result<Staging, PublishError> {
        let digest = blake3::hash(id.as_str().as_bytes()).to_hex();
        // 128 bits: two ids never meet, and the path stays short for tools that need that.
        let name = digest[..32].to_owned();
        let path = self.staging.join(&name);
        let mut names = self.names();
        if names.busy.contains(&name) {
            return Err(PublishError::Claimed {
                id: id.clone(),
                path,
            });
        }
        self.make_area()?;
        self.remove(&path)?;
        let fetch = match source {
            Some(source) => self.make_room(source)?.join(&name),
            None => path.join("fetch"),
        };
        self.remove(&fetch)?;
        let staging = Staging {
            fetch,
            tag: path.join("tag"),
            source: source.cloned(),
            claim: Claim {
                name: name.clone(),
                area: Arc::clone(self),
            },
            path,
        };
        names.busy.insert(name);
        let (has_own, has_fetch) = (names.reuse(&staging.path), names.reuse(&staging.fetch));
        drop(names);
        let create = |dir| fs::create_dir(dir).map_err(self.root.failed("create", dir));
        // No source has a part in it: what is spare is as it was left.
        if !has_own {
            create(&staging.path)?;
            create(&staging.tag)?;
        }
        if has_fetch && !is_empty(&staging.fetch) {
            self.remove(&staging.fetch)?;
            create(&staging.fetch)?;
        } else if !has_fetch {
            create(&staging.fetch)?;
        }
        Ok(staging)
    }

    /// Empties `dir`, of which only `content` was ever written in, and keeps it for the next
    /// track; removes it where there is more in it than files.
    fn retire(&self, dir: &Path, content: &Path) -> Result<(), PublishError> {
        let spare = dir.with_file_name(temp_name());
        let kept = emptied(content).is_ok() && fs::rename(dir, &spare).is_ok();
        match dir.parent().filter(|_| kept) {
            Some(parent) => {
                let mut names = self.names();
                let spares = names.spare.entry(parent.to_owned());
                spares.or_default().push(spare);
                Ok(())
            }
            None => self.remove(dir),
        }
    }

    /// An empty file of our own, removed when dropped.
    pub(super) fn temp(self: &Arc<Self>) -> Result<Temp, PublishError> {
        let name = temp_name();
        let path = self.staging.join(&name);
        let mut names = self.names();
        self.make_area()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = options
            .open(&path)
            .map_err(self.root.failed("create", &path))?;
        names.busy.insert(name.clone());
        drop(names);
        Ok(Temp {
            file,
            path,
            _claim: Claim {
                name,
                area: Arc::clone(self),
            },
        })
    }

    pub(super) fn sweep(&self) -> Result<(), PublishError> {
        let mut names = self.names();
        names.spare.clear();
        let busy = &names.busy;
        if !is_own_dir(&self.hidden, &self.root)? || !is_own_dir(&self.staging, &self.root)? {
            return Ok(());
        }
        let mut first_failure = Ok(());
        let entries =
            fs::read_dir(&self.staging).map_err(self.root.failed("list", &self.staging))?;
        for entry in entries {
            let entry = entry.map_err(self.root.failed("list", &self.staging))?;
            if is_room(&entry) {
                first_failure = first_failure.and(self.sweep_room(&entry.path(), busy));
            } else if !in_use(&entry, busy) {
                first_failure = first_failure.and(self.remove(&entry.path()));
            }
        }
        for dir in [&self.staging, &self.hidden] {
            match fs::remove_dir(dir) {
                Ok(()) => {}
                // Work that goes on, or something that is not ours.
                Err(cause) if cause.kind() == io::ErrorKind::DirectoryNotEmpty => break,
                Err(cause) => {
                    return first_failure.and(Err(self.root.failed("remove", dir)(cause)));
                }
            }
        }
        first_failure
    }

    fn sweep_room(&self, room: &Path, busy: &HashSet<String>) -> Result<(), PublishError> {
        let mut first_failure = Ok(());
        for entry in fs::read_dir(room).map_err(self.root.failed("list", room))? {
            let entry = entry.map_err(self.root.failed("list", room))?;
            if !in_use(&entry, busy) {
                first_failure = first_failure.and(self.remove(&entry.path()));
            }
        }
        match fs::remove_dir(room) {
            Err(cause) if cause.kind() != io::ErrorKind::DirectoryNotEmpty => {
                first_failure.and(Err(self.root.failed("remove", room)(cause)))
            }
            Ok(()) | Err(_) => first_failure,
        }
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        // Names are whole after every step, whoever panicked in between.
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_area(&self) -> Result<(), PublishError> {
        for dir in [&self.hidden, &self.staging] {
            if !is_own_dir(dir, &self.root)? {
                match fs::create_dir(dir) {
                    // Another run, on a file system where the library could not be locked.
                    Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                    created => created.map_err(self.root.failed("create", dir))?,
                }
            }
        }
        Ok(())
    }

    fn make_room(&self, source: &SourceName) -> Result<PathBuf, PublishError> {
        let room = self.staging.join(format!("{ROOM}{source}"));
        if !is_own_dir(&room, &self.root)? {
            fs::create_dir(&room).map_err(self.root.failed("create", &room))?;
        }
        Ok(room)
    }

    /// Removes a file or a whole directory; links are removed and not followed.
    fn remove(&self, path: &Path) -> Result<(), PublishError> {
        let removed = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(cause) => Err(cause),
        };
        match removed {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(self.root.failed("remove", path)),
        }
    }
}

impl Names {
    /// Gives a spare directory that name; `false` when none of its place is left.
    fn reuse(&mut self, dir: &Path) -> bool {
        let spares = dir.parent().and_then(|parent| self.spare.get_mut(parent));
        let spare = spares.and_then(Vec::pop);
        // Somebody may have cleaned up in there; then it is made anew.
        spare.is_some_and(|spare| fs::rename(spare, dir).is_ok())
    }
}

/// A name of staging is that of a track, a temporary file, or this and that of a source.
const ROOM: &str = "from-";

fn is_room(entry: &DirEntry) -> bool {
    let named = entry
        .file_name()
        .to_str()
        .map(|name| name.starts_with(ROOM));
    // Of the entry itself: a link is none.
    named == Some(true) && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

fn in_use(entry: &DirEntry, busy: &HashSet<String>) -> bool {
    let name = entry.file_name();
    name.to_str().is_some_and(|name| busy.contains(name))
}

/// Whether the directory is there. A link in its place would lead what we write, and what we
/// remove, to wherever it points.
fn is_own_dir(dir: &Path, root: &Root) -> Result<bool, PublishError> {
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(_) => Err(PublishError::Obstructed {
            path: dir.to_owned(),
            what: "a file or link where musicdl keeps unfinished work",
        }),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(root.failed("look at", dir)(cause)),
    }
}

/// Opened without following a link: a source may have put one in the place of its directory.
fn open_dir(dir: &Path) -> io::Result<Dir> {
    Ok(Dir::new(beneath::open_root(dir)?)?)
}

/// The names in a directory, but for the two that are in every one.
fn names_in(dir: &mut Dir) -> impl Iterator<Item = io::Result<CString>> {
    let names = dir.map(|entry| Ok(entry?.file_name().to_owned()));
    names.filter(|name| !matches!(name, Ok(name) if name == c"." || name == c".."))
}

/// Whether it is a directory with nothing in it: a source may go on writing after it said that
/// it was done.
fn is_empty(dir: &Path) -> bool {
    open_dir(dir).is_ok_and(|mut dir| names_in(&mut dir).next().is_none())
}

/// Removes the files and links in a directory. The error is also that there is something else.
fn emptied(dir: &Path) -> io::Result<()> {
    let mut dir = open_dir(dir)?;
    let names = names_in(&mut dir).collect::<io::Result<Vec<_>>>()?;
    for name in names {
        rustix::fs::unlinkat(dir.fd()?, name, AtFlags::empty())?;
    }
    Ok(())
}

/// A name for a file or directory of this process that nobody else has.
pub(super) fn temp_name() -> String {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    format!("{HIDDEN}-{}-{serial}.part", std::process::id())
}

/// A name in use, until dropped.
#[derive(Debug)]
struct Claim {
    name: String,
    area: Arc<StagingArea>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.area.names().busy.remove(&self.name);
    }
}

/// A temporary file in staging. Removed when dropped, unless it has been moved away.
#[derive(Debug)]
pub(super) struct Temp {
    pub(super) file: File,
    pub(super) path: PathBuf,
    _claim: Claim,
}

impl Drop for Temp {
    fn drop(&mut self) {
        // Moved away it is not there; anything else that fails here, the next sweep meets.
        let _ = fs::remove_file(&self.path);
    }
}

/// The directories in which one track is fetched and finished. Dropping it gives the track free
/// and leaves the files, so that a run that is interrupted loses no time with cleaning up.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    fetch: PathBuf,
    tag: PathBuf,
    source: Option<SourceName>,
    claim: Claim,
}

impl Staging {
    /// Our part of it, absolute, which no source may write in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the source writes, absolute; empty at first. It lies in the one directory in
    /// which this source may write.
    pub fn fetch(&self) -> &Path {
        &self.fetch
    }

    /// Whose work it is; `None` for a file that the library has already.
    pub fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }

    /// Where the copy is tagged, absolute; empty at first.
    pub fn tag(&self) -> &Path {
        &self.tag
    }

    /// Copies what a source delivered to where no source can change it; the copy's path. Of a
    /// file that grows meanwhile, `bytes` bytes. On file systems that can share blocks
    /// between files (Btrfs, XFS) this writes nothing.
    ///
    /// # Errors
    /// When it cannot be read, or the copy not be written.
    pub fn take(&self, delivered: &File, bytes: u64) -> Result<PathBuf, PublishError> {
        let taken = self.tag.join("taken");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        options
            .open(&taken)
            .and_then(|mut copy| io::copy(&mut delivered.take(bytes), &mut copy))
            .map_err(self.claim.area.root.failed("write", &taken))?;
        Ok(taken)
    }

    /// Removes everything in the directories. They themselves are gone under these names.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove(self) -> Result<(), PublishError> {
        let area = &self.claim.area;
        match self.source {
            Some(_) => {
                let fetched = area.retire(&self.fetch, &self.fetch);
                area.retire(&self.path, &self.tag).and(fetched)
            }
            None => area.remove(&self.path),
        }
    }
}

/// Gives a file that a tool made private (0600) the mode of the other files in the library,
/// so that the media server can read it.
pub(super) fn set_mode(file: &File, mode: u32) {
    let differs = file
        .metadata()
        .is_ok_and(|found| found.mode() & 0o777 != mode);
    if differs {
        // File systems without modes (FAT, SMB) refuse; there the mount says who may read.
        let _ = file.set_permissions(fs::Permissions::from_mode(mode));
    }
}
