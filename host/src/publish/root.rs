//! The library's directory: there, writable by this process alone, and still the same one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{self, Path, PathBuf};

use super::{HIDDEN, PublishError};

#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    /// Everything below is reached from here. Also carries the lock: the kernel gives it back
    /// when the process ends in whatever way, so nobody ever has to remove one.
    dir: File,
    identity: (u64, u64),
}

impl Root {
    pub(super) fn open(library: &Path) -> Result<Self, PublishError> {
        let path = path::absolute(library).map_err(|cause| PublishError::Io {
            doing: "find",
            path: library.to_owned(),
            cause,
        })?;
        let failed = |doing| failure(&path, doing, &path);
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(PublishError::RootNotDirectory { path }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => create(&path)?,
            Err(cause) if cause.kind() == io::ErrorKind::NotADirectory => {
                return Err(PublishError::RootNotDirectory { path });
            }
            Err(cause) => return Err(failed("look at")(cause)),
        }
        let dir = File::open(&path).map_err(failed("open"))?;
        match dir.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(PublishError::InUse { path }),
            // NFS and some FUSE file systems cannot lock a directory. The lock of the state
            // still keeps a second run away unless it has another state.
            Err(TryLockError::Error(_)) => {}
        }
        let found = dir.metadata().map_err(failed("look at"))?;
        let identity = (found.dev(), found.ino());
        Ok(Self {
            path,
            dir,
            identity,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn dir(&self) -> &File {
        &self.dir
    }

    /// An unmounted disk leaves an empty mount point of the same name, which must not fill up
    /// with a second library.
    pub(super) fn check_still_there(&self) -> Result<(), PublishError> {
        match fs::metadata(&self.path) {
            Ok(now) if (now.dev(), now.ino()) == self.identity => Ok(()),
            Ok(_) => Err(PublishError::RootVanished {
                path: self.path.clone(),
            }),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Err(PublishError::RootVanished {
                    path: self.path.clone(),
                })
            }
            Err(cause) => Err(self.failed("look at", &self.path)(cause)),
        }
    }

    pub(super) fn free_bytes(&self) -> Result<u64, PublishError> {
        let space = rustix::fs::fstatvfs(&self.dir)
            .map_err(self.failed("ask for the free space of", &self.path))?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// Makes the error for what could not be done to `path`, for `map_err`.
    pub(super) fn failed<E: Into<io::Error>>(
        &self,
        doing: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> PublishError {
        failure(&self.path, doing, path)
    }
}

fn create(path: &Path) -> Result<(), PublishError> {
    let parent = path.parent().unwrap_or(path);
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            return Err(PublishError::RootMissing {
                path: path.to_owned(),
            });
        }
        // A link to a disk that is not mounted, or another run that starts just now.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
            if !path.is_dir() {
                return Err(PublishError::RootMissing {
                    path: path.to_owned(),
                });
            }
        }
        Err(cause) => return Err(failure(path, "create the library", path)(cause)),
    }
    let parent_dir = File::open(parent).map_err(failure(path, "open", parent))?;
    sync_folder(&parent_dir).map_err(failure(path, "sync", parent))
}

/// Makes the entries of a folder durable. Some file systems (SMB, FUSE) refuse to sync a
/// folder and keep its entries by themselves; that is no reason to keep a good file out.
pub(super) fn sync_folder(folder: &File) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::fsync(folder) {
        Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::BADF) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

/// A missing right stops the run only where every track would meet it: at the root itself and
/// in staging.
fn failure<E: Into<io::Error>>(
    root: &Path,
    doing: &'static str,
    path: &Path,
) -> impl FnOnce(E) -> PublishError {
    move |cause| {
        let cause = cause.into();
        let everywhere = path == root || path.starts_with(root.join(HIDDEN));
        if everywhere && cause.kind() == io::ErrorKind::PermissionDenied {
            let path = path.to_owned();
            PublishError::Disk { doing, path, cause }
        } else {
            PublishError::of(doing, path, cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_missing_right_stops_the_run_only_where_every_track_would_meet_it() {
        for (path, stops) in [
            ("/music", true),
            ("/music/.musicdl/staging/a", true),
            ("/music/Queen", false),
            ("/music/Queen/Queen - Jazz", false),
            ("/elsewhere", false),
        ] {
            let error = failure(Path::new("/music"), "create", Path::new(path))(Errno::ACCESS);
            assert_eq!(error.is_disk_stop(), stops, "{error}");
        }
    }
}
