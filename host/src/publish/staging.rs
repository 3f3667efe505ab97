//! `LIBRARY/.musicdl/staging/`: where files are until they are finished. Everything in it is
//! ours and may be removed, except what this run is working on.

use std::collections::{HashMap, HashSet};
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, CWD, Dir, RenameFlags, renameat_with};

use super::root::Root;
use super::sole::has_no_writer;
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
    /// Emptied directories of ours for the next tracks: making a directory and removing it
    /// costs a file system far more than all that happens in it.
    spare: Vec<PathBuf>,
    /// The same of each source, by its room. They get the next track's name, so that what a
    /// source writes late finds no directory.
    spare_of: HashMap<PathBuf, Vec<PathBuf>>,
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
        let room = self.room(source);
        self.make_dir(&room)?;
        Ok(room)
    }

    pub(super) fn open(
        self: &Arc<Self>,
        id: &TrackId,
        source: Option<&SourceName>,
    ) -> Result<Staging, PublishError> {
        let digest = blake3::hash(id.as_str().as_bytes()).to_hex();
        // 128 bits: two ids never meet, and the path stays short for tools that need that.
        let name = digest[..32].to_owned();
        let mut names = self.names();
        if names.busy.contains(&name) {
            return Err(PublishError::Claimed {
                id: id.clone(),
                path: self.staging.join(name),
            });
        }
        let (path, has_own) = names.own(&self.staging);
        let room = source.map(|source| self.room(source));
        let fetch = room.as_ref().unwrap_or(&path).join(match source {
            Some(_) => &name,
            None => "fetch",
        });
        let tag = path.join("tag");
        // One that can be used lies in directories that are as they were.
        let has_fetch = has_own && names.reuse(&fetch);
        if !has_fetch {
            self.make_area()?;
            if let Some(room) = &room {
                self.make_dir(room)?;
            }
            self.remove(&fetch)?;
        }
        if !has_own {
            self.remove(&path)?;
        }
        let own = path.file_name().and_then(OsStr::to_str).map(str::to_owned);
        let claimed: Vec<String> = own.into_iter().chain([name]).collect();
        names.busy.extend(claimed.iter().cloned());
        drop(names);
        let claim = Claim {
            names: claimed,
            area: Arc::clone(self),
        };
        let create = |dir| fs::create_dir(dir).map_err(self.root.failed("create", dir));
        // No source has a part in it: what is spare is as it was left.
        if !has_own {
            create(&path)?;
            create(&tag)?;
        }
        if has_fetch && !is_empty(&fetch) {
            self.remove(&fetch)?;
            create(&fetch)?;
        } else if !has_fetch {
            create(&fetch)?;
        }
        Ok(Staging {
            path,
            fetch,
            tag,
            source: source.cloned(),
            claim,
        })
    }

    /// Empties the directories of a track and keeps them for the next ones; removes one where
    /// there is more in it than files.
    fn retire(&self, staging: Staging) -> Result<(), PublishError> {
        let Staging {
            path, fetch, tag, ..
        } = &staging;
        let (spare, spare_of) = (emptied(tag).is_ok(), emptied(fetch).is_ok());
        let removed = if spare { Ok(()) } else { self.remove(path) };
        let removed = removed.and(if spare_of { Ok(()) } else { self.remove(fetch) });
        let (path, fetch) = (path.clone(), fetch.clone());
        // Before it is somebody else's, whose claim it is from then on.
        drop(staging);
        let mut names = self.names();
        if spare {
            names.spare.push(path);
        }
        if let Some(room) = fetch.parent().filter(|_| spare_of) {
            let spares = names.spare_of.entry(room.to_owned()).or_default();
            spares.push(fetch);
        }
        removed
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
                names: vec![name],
                area: Arc::clone(self),
            },
        })
    }

    pub(super) fn sweep(&self) -> Result<(), PublishError> {
        let mut names = self.names();
        names.spare.clear();
        names.spare_of.clear();
        let busy = &names.busy;
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
        self.make_dir(&self.hidden)?;
        self.make_dir(&self.staging)
    }

    fn room(&self, source: &SourceName) -> PathBuf {
        self.staging.join(format!("{ROOM}{source}"))
    }

    fn make_dir(&self, dir: &Path) -> Result<(), PublishError> {
        if !is_own_dir(dir, &self.root)? {
            match fs::create_dir(dir) {
                // Another run, on a file system where the library could not be locked.
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                created => created.map_err(self.root.failed("create", dir))?,
            }
        }
        Ok(())
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
    /// A directory of ours that nobody uses, and whether it is there.
    fn own(&mut self, staging: &Path) -> (PathBuf, bool) {
        match self.spare.pop() {
            // Somebody may have cleaned up in there; then it is made anew.
            Some(spare) => {
                let there = spare.join("tag").is_dir();
                (spare, there)
            }
            None => (staging.join(temp_name()), false),
        }
    }

    /// Gives a spare directory of a source that name; `false` when none of its place is left.
    fn reuse(&mut self, dir: &Path) -> bool {
        let spares = dir.parent().and_then(|room| self.spare_of.get_mut(room));
        let Some(spares) = spares else {
            return false;
        };
        if let Some(same_track_again) = spares.iter().position(|spare| spare == dir) {
            spares.swap_remove(same_track_again);
            return true;
        }
        let spare = spares.pop();
        // An empty directory of an earlier run gives way to it, anything else there does not.
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

/// Names in use, until dropped.
#[derive(Debug)]
struct Claim {
    names: Vec<String>,
    area: Arc<StagingArea>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut names = self.area.names();
        for name in &self.names {
            names.busy.remove(name);
        }
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

/// A file that a source left, as it was looked at. Its name may mean something else by now.
#[derive(Debug)]
pub struct Offered {
    /// Open to read.
    pub file: File,
    /// Its length then.
    pub bytes: u64,
    /// Where it lay.
    pub folder: OwnedFd,
    /// Under that name.
    pub name: OsString,
}

impl Offered {
    /// Whether the file at `path`, to which no source has a way, is this one and can be changed
    /// by nobody. Asked after the move: what came before it shows here, and nothing comes after
    /// it, because a sandboxed source can neither open the file there, not even by the way of a
    /// descriptor that it has, nor give it a name elsewhere.
    fn is_alone_at(&self, path: &Path) -> bool {
        let (Ok(here), Ok(ours)) = (fs::symlink_metadata(path), self.file.metadata()) else {
            return false;
        };
        /// Set-id bits, and others than the owner who may write, by lists of access too.
        const LEFT_OPEN: u32 = 0o7022;
        (here.dev(), here.ino()) == (ours.dev(), ours.ino())
            && here.nlink() == 1
            && here.len() == self.bytes
            && here.mode() & LEFT_OPEN == 0
            && has_no_writer(&self.file)
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

    /// Takes what a source delivered to where no source can change it; its new path.
    ///
    /// It is moved where that proves to be enough: the name is out of the source's reach
    /// then, the file has no other name, and nobody has it open to write. Else it is copied, as
    /// long as it was when it was looked at; on file systems that can share blocks between files
    /// (Btrfs, XFS) this writes nothing.
    ///
    /// # Errors
    /// When it cannot be read, or the copy not be written.
    pub fn take(&self, offered: &Offered) -> Result<PathBuf, PublishError> {
        let (taken, area) = (self.tag.join("taken"), &self.claim.area);
        let (folder, name) = (&offered.folder, &offered.name);
        let moved = renameat_with(folder, name, CWD, &taken, RenameFlags::NOREPLACE);
        if moved.is_ok() {
            if offered.is_alone_at(&taken) {
                return Ok(taken);
            }
            // Whatever it is that had the name.
            area.remove(&taken)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut content = (&offered.file).take(offered.bytes);
        options
            .open(&taken)
            .and_then(|mut copy| io::copy(&mut content, &mut copy))
            .map_err(area.root.failed("write", &taken))?;
        Ok(taken)
    }

    /// Removes everything in the directories. They themselves are gone under these names.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn remove(self) -> Result<(), PublishError> {
        let area = Arc::clone(&self.claim.area);
        match self.source {
            Some(_) => area.retire(self),
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
