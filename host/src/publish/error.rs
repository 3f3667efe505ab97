//! What can go wrong when files are put into the library, and whether the run can go on.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::music::TrackId;

/// Why something was not put into the library. Every path is absolute.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The library is not there.
    #[error("the library {} is not there: is its disk mounted? For a new library create the directory {}", path.display(), parent(path).display())]
    RootMissing {
        /// The library as configured.
        path: PathBuf,
    },
    /// The library was there and is not any more, or another one is in its place.
    #[error("the library {} vanished during the run: mount its disk again and run again", path.display())]
    RootVanished {
        /// The library as configured.
        path: PathBuf,
    },
    /// Something else has the library's name.
    #[error("the library {} is not a directory: change `library.path`, or move the file away", path.display())]
    RootNotDirectory {
        /// The library as configured.
        path: PathBuf,
    },
    /// Another process writes to this library.
    #[error("another run of musicdl is using the library {}: wait for it or stop it", path.display())]
    InUse {
        /// The library.
        path: PathBuf,
    },
    /// The same track is being worked on by another part of this run.
    #[error("{id} is being worked on already, in {}", path.display())]
    Claimed {
        /// The track.
        id: TrackId,
        /// Its staging directory.
        path: PathBuf,
    },
    /// Something is at the final path already; it was left as it is.
    #[error("{} exists already and was left as it is", path.display())]
    Occupied {
        /// The final path.
        path: PathBuf,
    },
    /// A folder of the final path cannot be a folder.
    #[error("{} is {what}, so nothing can be put below it: move it away or change the template", path.display())]
    Obstructed {
        /// What stands where the folder should be.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A playlist file that musicdl did not write; it was left as it is.
    #[error("{} was not written by musicdl and was left as it is: move it away, or change the template `m3u`", path.display())]
    NotOurs {
        /// The playlist file.
        path: PathBuf,
    },
    /// What was handed over does not belong into a library.
    #[error("{} cannot go into the library: it is {what}", path.display())]
    Unfit {
        /// What was handed over.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The disk takes nothing more, whichever track it is.
    #[error("cannot {doing} {}: {cause}: {}; then run again, what is there is kept", path.display(), remedy(cause))]
    Disk {
        /// What was being done, to be read before the path.
        doing: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The system refused something of this one track.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Io {
        /// What was being done, to be read before the path.
        doing: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl PublishError {
    /// The error for what could not be done to `path`.
    pub(super) fn of(doing: &'static str, path: &Path, cause: io::Error) -> Self {
        let path = path.to_owned();
        if stops_the_run(&cause) {
            Self::Disk { doing, path, cause }
        } else {
            Self::Io { doing, path, cause }
        }
    }

    /// Whether the next track would fail in the same way, so that the run stops.
    pub fn is_disk_stop(&self) -> bool {
        match self {
            Self::RootMissing { .. }
            | Self::RootVanished { .. }
            | Self::RootNotDirectory { .. }
            | Self::Disk { .. } => true,
            Self::InUse { .. }
            | Self::Claimed { .. }
            | Self::Occupied { .. }
            | Self::Obstructed { .. }
            | Self::NotOurs { .. }
            | Self::Unfit { .. }
            | Self::Io { .. } => false,
        }
    }
}

/// Whether the whole disk says no with this error: full, no inodes, quota, a limit of file
/// sizes, read-only, gone. For everyone who writes into a staging directory.
pub fn stops_the_run(cause: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(cause),
        Some(
            Errno::NOSPC
                | Errno::DQUOT
                | Errno::FBIG
                | Errno::ROFS
                | Errno::IO
                | Errno::STALE
                | Errno::NOTCONN
                | Errno::HOSTDOWN
                | Errno::NODEV
                | Errno::NXIO
        )
    )
}

fn remedy(cause: &io::Error) -> &'static str {
    match Errno::from_io_error(cause) {
        Some(Errno::NOSPC) => "free some space (or inodes, see `df -i`)",
        Some(Errno::DQUOT) => "free some space or have the quota raised",
        Some(Errno::FBIG) => {
            "raise the limit of file sizes (`ulimit -f`) or use another file system"
        }
        Some(Errno::ROFS) => "mount it writable",
        Some(Errno::ACCESS | Errno::PERM) => "give this user the right to write there",
        _ => "check the disk or share and mount it again",
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_the_disk_stops_the_run_and_says_what_to_do() {
        for (errno, advice) in [
            (Errno::NOSPC, "free some space"),
            (Errno::DQUOT, "quota"),
            (Errno::FBIG, "ulimit"),
            (Errno::ROFS, "writable"),
            (Errno::IO, "check the disk"),
            (Errno::STALE, "mount it again"),
            (Errno::NOTCONN, "mount it again"),
        ] {
            let cause = io::Error::from(errno);
            assert!(stops_the_run(&cause), "{cause}");
            let error = PublishError::Disk {
                doing: "write",
                path: "/music/x".into(),
                cause,
            };
            let text = error.to_string();
            assert!(
                error.is_disk_stop()
                    && text.starts_with("cannot write /music/x: ")
                    && text.contains(advice),
                "{text}"
            );
        }
    }

    #[test]
    fn trouble_with_one_track_does_not() {
        for errno in [
            Errno::EXIST,
            Errno::NOENT,
            Errno::NAMETOOLONG,
            Errno::MFILE,
            Errno::INTR,
        ] {
            assert!(!stops_the_run(&io::Error::from(errno)), "{errno}");
        }
        assert!(
            !PublishError::Occupied {
                path: "/music/x".into()
            }
            .is_disk_stop()
        );
    }
}
