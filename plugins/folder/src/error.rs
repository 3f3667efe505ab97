//! What goes wrong with files, and what each failure means to the host: one table, in
//! [`FolderError::kind`].

use std::io;
use std::path::PathBuf;

use musicdl_plugin_api::{ErrorKind, SourceError, extra};

/// A failure of this source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// `paths` is missing or an empty list.
    #[error("no directory is configured: list yours under `paths`")]
    NoDirectories,
    /// `paths` has an entry without text.
    #[error("`paths` has an empty entry: write the directory or take the entry out")]
    EmptyPath,
    /// One of the directories is missing, no directory, or closed to us.
    #[error("directory {} cannot be read: {source}", path.display())]
    Directory {
        /// As configured.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// None of the directories can be read; at least one is named.
    #[error("nothing to search, check `paths`: {}", list(.0))]
    NothingReadable(Vec<FolderError>),
    /// Asked for something else than a track.
    #[error("single tracks only, no albums")]
    TracksOnly,
    /// The target id is none that a search gives out.
    #[error("`{0}` is no file of this source")]
    ForeignTarget(String),
    /// The file is not below a configured directory, or a link leads out of it.
    #[error("{} is not below a directory of `paths`", .0.display())]
    Outside(PathBuf),
    /// The file was there when it was found and is not any more.
    #[error("{} is gone since it was found", .0.display())]
    Vanished(PathBuf),
    /// A directory, pipe, socket or device.
    #[error("{} is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// The content is not that of an audio file we know.
    #[error("{} is not audio by its content", .0.display())]
    NotAudio(PathBuf),
    /// The file looks like audio and cannot be read as such.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser stumbled over.
        reason: String,
    },
    /// A link leads back to a directory on the way to it; following it would never end.
    #[error("{} leads back to a directory it lies in", .0.display())]
    Circle(PathBuf),
    /// The file or directory could not be opened or read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Size or time of the file changed while it was copied.
    #[error("{} changed while it was copied", .0.display())]
    Changed(PathBuf),
    /// The copy could not be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The copy.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl FolderError {
    /// A failure to open or read `path`.
    pub(crate) fn reading(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            // A parent that became a file takes the file away as well.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Vanished(path),
            _ => Self::Read { path, source },
        }
    }

    /// What the host is to make of it.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::NoDirectories | Self::EmptyPath => ErrorKind::NotConfigured,
            Self::Directory { source, .. } => match source.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::InvalidInput => ErrorKind::NotConfigured,
                // A share that times out or went stale may be back in a minute.
                _ => ErrorKind::Transient,
            },
            Self::NothingReadable(all) => {
                if all.iter().any(|one| one.kind() == ErrorKind::Transient) {
                    ErrorKind::Transient
                } else {
                    ErrorKind::NotConfigured
                }
            }
            Self::TracksOnly => ErrorKind::Unsupported,
            // Not `Permanent`: after `paths` changed, an older run's target is simply not to
            // be had here, and the host does best to look elsewhere.
            Self::ForeignTarget(_) | Self::Outside(_) | Self::Vanished(_) => ErrorKind::NotFound,
            Self::NotRegular(_) | Self::NotAudio(_) | Self::Damaged { .. } | Self::Circle(_) => {
                ErrorKind::Permanent
            }
            Self::Read { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => ErrorKind::Permanent,
                _ => ErrorKind::Transient,
            },
            Self::Changed(_) => ErrorKind::Transient,
            Self::Write { .. } => ErrorKind::Internal,
        }
    }
}

impl From<FolderError> for SourceError {
    fn from(error: FolderError) -> Self {
        let mut answer = SourceError::new(error.kind(), error.to_string());
        if let FolderError::Read { source, .. }
        | FolderError::Write { source, .. }
        | FolderError::Directory { source, .. } = &error
        {
            answer.extra.push(extra::io_error(source.kind()));
        }
        answer
    }
}

fn list(errors: &[FolderError]) -> String {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    all.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use musicdl_plugin_api::extra_value;
    use std::io::ErrorKind as Io;

    #[test]
    fn each_failure_has_the_kind_the_host_acts_on() {
        let path = || PathBuf::from("/music/a.flac");
        let read = |kind: Io| FolderError::reading(path(), kind.into());
        let write = |kind: Io| FolderError::Write {
            path: path(),
            source: kind.into(),
        };
        let directory = |kind: Io| FolderError::Directory {
            path: path(),
            source: kind.into(),
        };
        for (error, expected) in [
            (read(Io::NotFound), ErrorKind::NotFound),
            (read(Io::NotADirectory), ErrorKind::NotFound),
            (read(Io::PermissionDenied), ErrorKind::Permanent),
            (read(Io::TimedOut), ErrorKind::Transient),
            (read(Io::StaleNetworkFileHandle), ErrorKind::Transient),
            (write(Io::StorageFull), ErrorKind::Internal),
            (write(Io::PermissionDenied), ErrorKind::Internal),
            (directory(Io::NotFound), ErrorKind::NotConfigured),
            (directory(Io::PermissionDenied), ErrorKind::NotConfigured),
            (directory(Io::TimedOut), ErrorKind::Transient),
            (
                FolderError::NothingReadable(vec![directory(Io::NotFound)]),
                ErrorKind::NotConfigured,
            ),
            (
                FolderError::NothingReadable(vec![
                    directory(Io::NotFound),
                    directory(Io::TimedOut),
                ]),
                ErrorKind::Transient,
            ),
            (FolderError::NoDirectories, ErrorKind::NotConfigured),
            (FolderError::TracksOnly, ErrorKind::Unsupported),
            (FolderError::Outside(path()), ErrorKind::NotFound),
            (FolderError::NotRegular(path()), ErrorKind::Permanent),
            (FolderError::Changed(path()), ErrorKind::Transient),
        ] {
            assert_eq!(error.kind(), expected, "{error}");
        }
    }

    #[test]
    fn a_full_disk_is_named_so_that_the_host_can_stop_the_run() {
        let full = FolderError::Write {
            path: "/staging/audio.flac".into(),
            source: Io::StorageFull.into(),
        };
        let answer = SourceError::from(full);
        assert_eq!(
            extra_value(&answer.extra, extra::IO_ERROR),
            Some("StorageFull")
        );
        assert!(answer.message.contains("/staging/audio.flac"), "{answer}");
    }
}
