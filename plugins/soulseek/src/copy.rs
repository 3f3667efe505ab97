//! The finished file -> a copy in the host's directory. slskd's own stays where it is: its
//! user may share it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use musicdl_plugin_api::{Progress, SourceError, extra};

/// Some milliseconds from a disk, a second from a slow share.
const CHUNK: usize = 1 << 20;

/// Copies all `size` bytes, or leaves nothing.
///
/// # Errors
/// `Cancelled`; `Transient` when the file cannot be read or has another size by now;
/// `Internal` when the disk does not take the copy.
pub(crate) fn copy(
    from: &Path,
    to: &Path,
    size: u64,
    progress: &Progress,
) -> Result<(), SourceError> {
    let copied = copied(from, to, size, progress);
    if copied.is_err() {
        // The failure that is on its way says more than a second one would.
        drop(fs::remove_file(to));
    }
    copied
}

fn copied(from: &Path, to: &Path, size: u64, progress: &Progress) -> Result<(), SourceError> {
    let reading = |error: io::Error| {
        SourceError::transient(format!("{} cannot be read: {error}", from.display()))
    };
    let mut original = File::open(from).map_err(reading)?;
    let mut copy = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(to)
        .map_err(|error| writing(to, &error))?;
    let mut bytes = 0;
    // Where the disk can share blocks that takes no time and no space.
    if reflink_copy::reflink_file(&original, &copy).is_ok() {
        bytes = copy.metadata().map_err(|error| writing(to, &error))?.len();
    } else {
        copy.set_len(0).map_err(|error| writing(to, &error))?;
        let mut chunk = vec![0; CHUNK];
        loop {
            progress.check()?;
            let read = original.read(&mut chunk).map_err(reading)?;
            if read == 0 {
                break;
            }
            copy.write_all(&chunk[..read])
                .map_err(|error| writing(to, &error))?;
            bytes += read as u64;
            progress.state("copying from slskd's downloads");
        }
    }
    if bytes == size {
        Ok(())
    } else {
        Err(SourceError::transient(format!(
            "{} has {bytes} bytes by now, and had {size}",
            from.display()
        )))
    }
}

/// With the kind beside the words, by which the host tells a full disk.
fn writing(path: &Path, error: &io::Error) -> SourceError {
    let mut failure = SourceError::internal(format!("{}: {error}", path.display()));
    failure.extra.push(extra::io_error(error.kind()));
    failure
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;

    use super::*;

    #[test]
    fn a_copy_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        let bytes = vec![7; CHUNK + 3];
        fs::write(&from, &bytes).unwrap();
        let size = bytes.len() as u64;

        let short = copy(&from, &to, size + 1, &Progress::ignored()).unwrap_err();
        assert_eq!(short.kind, ErrorKind::Transient, "{short}");
        assert!(!to.exists());

        copy(&from, &to, size, &Progress::ignored()).unwrap();
        assert!(fs::read(&to).unwrap() == bytes);
        assert!(from.exists());
    }

    #[test]
    fn a_disk_that_does_not_take_the_copy_is_named_by_its_kind() {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("a");
        fs::write(&from, "x").unwrap();
        let to = dir.path().join("gone/b");
        let error = copy(&from, &to, 1, &Progress::ignored()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal);
        let kind = musicdl_plugin_api::extra_value(&error.extra, extra::IO_ERROR);
        assert_eq!(kind, Some("NotFound"));
    }
}
