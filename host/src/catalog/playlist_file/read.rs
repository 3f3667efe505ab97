//! Opening a playlist file: only what is a file, only as much as is allowed, and never
//! waiting for a writer that does not come.

use std::fs::{File, FileType, Metadata};
use std::io::Read;
use std::path::Path;

use super::super::RowWarning;
use super::report::about_the_file;
use super::{FileError, Limits};

/// All bytes of the file, and a warning if it changed meanwhile.
pub(super) fn whole(
    path: &Path,
    limits: Limits,
) -> Result<(Vec<u8>, Option<RowWarning>), FileError> {
    // Looked at before it is opened: opening a tape or a terminal already does something.
    check(&std::fs::metadata(path)?, limits)?;
    let mut file = open(path)?;
    // And again afterwards: the name may mean something else by now.
    let before = file.metadata()?;
    check(&before, limits)?;
    let mut bytes = Vec::new();
    file.by_ref()
        .take(limits.max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)?;
    let size = bytes.len() as u64;
    if size > limits.max_bytes {
        return Err(too_large(size, limits));
    }
    let changed = differs(&before, &file.metadata()?, size);
    let warning = "it changed while it was read; run again when it is complete";
    Ok((bytes, changed.then(|| about_the_file(warning.to_owned()))))
}

/// A pipe that took the file's place is opened without waiting for its other end.
fn open(path: &Path) -> std::io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, rustix::fs::Mode::empty())?;
    Ok(File::from(file))
}

fn check(metadata: &Metadata, limits: Limits) -> Result<(), FileError> {
    if !metadata.is_file() {
        return Err(FileError::NotAFile(what_else(metadata.file_type())));
    }
    if metadata.len() > limits.max_bytes {
        return Err(too_large(metadata.len(), limits));
    }
    Ok(())
}

fn too_large(size: u64, limits: Limits) -> FileError {
    FileError::TooLarge {
        size,
        limit: limits.max_bytes,
    }
}

fn what_else(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

/// Whether somebody wrote between the two looks. A file system without times of change is
/// judged by size alone.
fn differs(before: &Metadata, after: &Metadata, read: u64) -> bool {
    let times = (before.modified(), after.modified());
    let touched = matches!(times, (Ok(first), Ok(second)) if first != second);
    touched || after.len() != read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grew_or_was_rewritten_meanwhile_differs() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("birds.csv");
        std::fs::write(&path, "12345").unwrap();
        let before = std::fs::metadata(&path).unwrap();
        assert!(!differs(&before, &before, 5));
        assert!(differs(&before, &before, 4));
        let later = before.modified().unwrap() + std::time::Duration::from_secs(2);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(later)
            .unwrap();
        assert!(differs(&before, &std::fs::metadata(&path).unwrap(), 5));
    }

    #[test]
    fn a_larger_file_is_refused_before_it_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("birds.csv");
        std::fs::write(&path, "12345").unwrap();
        let limits = |max_bytes| Limits {
            max_bytes,
            ..Limits::default()
        };
        let refused = whole(&path, limits(4)).unwrap_err();
        assert!(
            matches!(refused, FileError::TooLarge { size: 5, limit: 4 }),
            "{refused:?}"
        );
        assert_eq!(whole(&path, limits(5)).unwrap().0, b"12345");
    }
}
