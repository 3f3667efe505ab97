//! `LIBRARY/.musicdl/staging/`: where files are until they are finished. Everything in it is
//! ours and may be removed, except what this run is working on.

use std::collections::HashSet;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::root::Root;
use super::{HIDDEN, PublishError};
use crate::music::{SourceName, TrackId};

/// Makes the names of temporary files of this process different.
static SERIAL: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
pub(super) struct StagingArea {
    root: Arc<Root>,
    hidden: PathBuf,
    staging: PathBuf,
    /// Names in `staging` that are in use. Held while anything is made or removed there, so
    /// that a sweep never takes a directory away from under somebody.
    busy: Mutex<HashSet<String>>,
}

impl StagingArea {
    pub(super) fn new(root: Arc<Root>) -> Self {
        let hidden = root.path().join(HIDDEN);
        let staging = hidden.join("staging");
        Self {
            root,
            hidden,
            staging,
            busy: Mutex::default(),
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
        let _busy = self.busy();
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
        let mut busy = self.busy();
        if busy.contains(&name) {
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
        busy.insert(name);
        drop(busy);
        for dir in [&staging.path, &staging.fetch, &staging.tag] {
            fs::create_dir(dir).map_err(self.root.failed("create", dir))?;
        }
        Ok(staging)
    }

    /// An empty file of our own, removed when dropped.
    pub(super) fn temp(self: &Arc<Self>) -> Result<Temp, PublishError> {
        let name = temp_name();
        let path = self.staging.join(&name);
        let mut busy = self.busy();
        self.make_area()?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let file = options
            .open(&path)
            .map_err(self.root.failed("create", &path))?;
        busy.insert(name.clone());
        drop(busy);
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
        let busy = self.busy();
        if !is_own_dir(&self.hidden, &self.root)? {
            return Ok(());
        }
        if !is_own_dir(&self.staging, &self.root)? {
            // Whatever else was in there may be gone now; if not, it stays.
            drop(fs::remove_dir(&self.hidden));
            return Ok(());
        }
        let mut first_failure = Ok(());
        let entries =
            fs::read_dir(&self.staging).map_err(self.root.failed("list", &self.staging))?;
        for entry in entries {
            let entry = entry.map_err(self.root.failed("list", &self.staging))?;
            if is_room(&entry) {
                first_failure = first_failure.and(self.sweep_room(&entry.path(), &busy));
            } else if !in_use(&entry, &busy) {
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

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        // A set of names is whole after every step, whoever panicked in between.
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A name for a file of this process that nobody else has.
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
        self.area.busy().remove(&self.name);
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

    /// Removes the directories with everything in them.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove(self) -> Result<(), PublishError> {
        let fetched = self.claim.area.remove(&self.fetch);
        self.claim.area.remove(&self.path).and(fetched)
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
