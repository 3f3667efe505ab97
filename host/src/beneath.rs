//! Ways down into directories that somebody else may change meanwhile: every step is taken
//! from a directory that is open, and no step follows a link. That gives what `openat2` with
//! `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS` does, on systems without it too.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// Opens to read, and no link.
pub(crate) const NO_LINK: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOFOLLOW);

/// Where the steps begin. What lies above is trusted, the directory itself may not be a link.
pub(crate) fn open_root(dir: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, dir, NO_LINK | OFlags::DIRECTORY, Mode::empty())
}

/// A step down. A link is `NOTDIR` or `LOOP`, as the system likes.
pub(crate) fn open_folder(folder: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    openat(folder, name, NO_LINK | OFlags::DIRECTORY, Mode::empty())
}

/// The names of a relative path, in order; `None` if it does not only lead down.
pub(crate) fn steps(below: &Path) -> Option<Vec<&OsStr>> {
    let name = |component| match component {
        Component::Normal(name) => Some(name),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            None
        }
    };
    below.components().map(name).collect()
}
