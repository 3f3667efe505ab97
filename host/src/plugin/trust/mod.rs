//! Which libraries may be loaded: those that only the user and root can have put there, and
//! of a directory with a `plugins.lock` only the contents it lists. Decides by looking;
//! nothing of a library runs here, except where [`renew()`] is told how to ask one its name.
//!
//! A directory is resolved and opened once, and files are opened from there, so that what is
//! checked is what is used, whatever the paths lead to in the meantime. Directories above it
//! are not looked at: who can rename those can only put another directory of this user in
//! its place.

mod access;
mod lock;
mod renew;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags, openat};

use self::access::{quoted, you};
use self::lock::Lock;
use super::load::LoadFailure;
use super::snapshot::{Snapshot, open_regular};

pub use access::Exposure;
pub use lock::{Identity, LOCK_FILE, LockError};
pub use renew::{Change, Renewal, Row, TrustError, Which, renew};

/// Why a file is not loaded, though it may well be a plugin.
#[derive(Debug, thiserror::Error)]
pub enum Untrusted {
    /// Another user could have changed it.
    #[error("it {exposure}; {}", exposure.remedy(file, false))]
    File {
        /// The file.
        file: PathBuf,
        /// How.
        exposure: Exposure,
    },
    /// Another user could have put it there.
    #[error("its directory {exposure}; {}", exposure.remedy(directory, true))]
    Directory {
        /// The directory, links resolved.
        directory: PathBuf,
        /// How.
        exposure: Exposure,
    },
    /// There is a lock, and no telling what it lists.
    #[error("{0}")]
    Lock(Arc<LockError>),
    /// It came after the lock.
    #[error(
        "{LOCK_FILE} does not list it; if you trust it: `musicdl plugins trust {}`",
        quoted(file)
    )]
    Unlisted {
        /// The file.
        file: PathBuf,
    },
    /// The lock is of another content.
    #[error(
        "it is not the file that was trusted as {was}; if you trust this one: `musicdl plugins \
         trust {}`",
        quoted(file)
    )]
    Changed {
        /// The file.
        file: PathBuf,
        /// What it was.
        was: Box<Identity>,
    },
    /// It could not be listed in a lock.
    #[error(
        "a plugin is named `NAME.{}`, in UTF-8",
        std::env::consts::DLL_EXTENSION
    )]
    Misnamed,
}

/// The way in for all plugin directories; each is opened once, when its first file comes.
#[derive(Debug, Default)]
pub struct Gate {
    directories: HashMap<PathBuf, Directory>,
}

impl Gate {
    /// The content of a file, if it may be loaded.
    ///
    /// # Errors
    /// Why it may not, or cannot.
    pub fn admit(&mut self, file: &Path) -> Result<Snapshot, LoadFailure> {
        let (parent, name) = parts(file)?;
        let directory = match self.directories.get(parent) {
            Some(directory) => directory,
            None => {
                let opened = Directory::open(parent)?;
                self.directories.entry(parent.to_owned()).or_insert(opened)
            }
        };
        directory.admit(name)
    }
}

/// A plugin directory as it was when it was opened.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    resolved: PathBuf,
    handle: File,
    you: u32,
    exposure: Option<Exposure>,
    lock: Result<Option<Lock>, Arc<LockError>>,
}

impl Directory {
    /// Opens it and reads its lock. One that must not be used can be opened; its files are
    /// not admitted.
    ///
    /// # Errors
    /// When it is not a directory or cannot be opened.
    pub fn open(path: &Path) -> io::Result<Directory> {
        Directory::open_as(path, you())
    }

    fn open_as(path: &Path, you: u32) -> io::Result<Directory> {
        // A link to a directory is the user's way of naming it; what counts is where it
        // leads, from here on.
        let resolved = fs::canonicalize(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = File::from(openat(CWD, &resolved, flags, Mode::empty())?);
        let exposure = Exposure::of(&handle.metadata()?, you);
        let lock = Lock::read(&handle, &resolved).map_err(Arc::new);
        Ok(Directory {
            path: path.to_owned(),
            resolved,
            handle,
            you,
            exposure,
            lock,
        })
    }

    /// The content of a file directly in it, if it may be loaded.
    ///
    /// # Errors
    /// Why it may not, or cannot.
    pub fn admit(&self, name: &OsStr) -> Result<Snapshot, LoadFailure> {
        self.check()?;
        let file = || self.path.join(name);
        let trusted = match &self.lock {
            Err(error) => return Err(Untrusted::Lock(Arc::clone(error)).into()),
            Ok(None) => return self.take(name),
            Ok(Some(lock)) => name
                .to_str()
                .and_then(|name| lock.plugins.get(name))
                .ok_or_else(|| Untrusted::Unlisted { file: file() })?,
        };
        let snapshot = self.take(name)?;
        if trusted.is(&snapshot) {
            Ok(snapshot)
        } else {
            let was = Box::new(trusted.identity());
            Err(Untrusted::Changed { file: file(), was }.into())
        }
    }

    /// Whether anything in it may be loaded.
    fn check(&self) -> Result<(), Untrusted> {
        match self.exposure {
            None => Ok(()),
            Some(exposure) => Err(Untrusted::Directory {
                directory: self.resolved.clone(),
                exposure,
            }),
        }
    }

    /// The content of a file that only the user could have changed, listed or not.
    fn take(&self, name: &OsStr) -> Result<Snapshot, LoadFailure> {
        let file = self.path.join(name);
        let opened = open_regular(&self.handle, name, &self.resolved.join(name))?;
        match Exposure::of(&opened.metadata()?, self.you) {
            Some(exposure) => Err(Untrusted::File { file, exposure }.into()),
            None => Snapshot::take(std::path::absolute(file)?, opened),
        }
    }
}

/// Directory and name of a file.
fn parts(file: &Path) -> Result<(&Path, &OsStr), LoadFailure> {
    let name = file.file_name().ok_or(Untrusted::Misnamed)?;
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    Ok((parent, name))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
