//! Moves the bytes of one file into a new one, whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use musicdl_plugin_api::{Progress, SourceError};

use crate::directory::open_regular;
use crate::error::FolderError;

/// Bytes between two looks at the progress: some milliseconds from a disk, a second from the
/// slowest share worth using.
const CHUNK: usize = 1024 * 1024;

/// A file of the user's, open for reading.
#[derive(Debug)]
pub(crate) struct Original {
    file: File,
    path: PathBuf,
    size: u64,
    /// `None` where the file system keeps no times.
    modified: Option<SystemTime>,
}

impl Original {
    /// Opens it if it is a regular file.
    pub(crate) fn open(path: &Path) -> Result<Self, FolderError> {
        let (file, metadata) = open_regular(path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            size: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn confirm_unchanged(&self) -> Result<(), FolderError> {
        let now = self
            .file
            .metadata()
            .map_err(|source| FolderError::reading(&self.path, source))?;
        if now.len() == self.size && now.modified().ok() == self.modified {
            Ok(())
        } else {
            Err(FolderError::Changed(self.path.clone()))
        }
    }
}

/// New files that go away again unless the download comes to its end.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    created: Vec<PathBuf>,
}

impl Staged {
    /// Creates a file that must not exist yet.
    pub(crate) fn create(&mut self, path: &Path) -> Result<File, FolderError> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|source| FolderError::Write {
                path: path.to_owned(),
                source,
            })?;
        self.created.push(path.to_owned());
        Ok(file)
    }

    /// The download is whole: the files stay.
    pub(crate) fn keep(mut self) {
        self.created.clear();
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for path in &self.created {
            // What cannot be removed here goes with the directory, which the host empties.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Copies all of `original` to a new file at `to`. Where the file system can share the blocks
/// of both (btrfs, XFS, APFS) that takes no time and no space.
pub(crate) fn copy(
    original: &mut Original,
    to: &Path,
    staged: &mut Staged,
    progress: &Progress,
) -> Result<(), SourceError> {
    progress.bytes(0, Some(original.size));
    progress.check()?;
    let mut copy = staged.create(to)?;
    // On the open files and not on their names, which may mean other files by now.
    if reflink_copy::reflink_file(&original.file, &copy).is_err() {
        // Most file systems cannot; whatever the attempt left behind is undone.
        copy.set_len(0).map_err(|e| writing(to, e))?;
        in_chunks(original, &mut copy, to, progress)?;
    }
    original.confirm_unchanged()?;
    progress.bytes(original.size, Some(original.size));
    Ok(())
}

fn in_chunks(
    original: &mut Original,
    copy: &mut File,
    to: &Path,
    progress: &Progress,
) -> Result<(), SourceError> {
    let path = original.path.clone();
    let reading = |source| FolderError::reading(path.clone(), source);
    original.file.rewind().map_err(reading)?;
    let mut chunk = vec![0; CHUNK];
    let mut done = 0;
    loop {
        progress.check()?;
        let read = read_some(&mut original.file, &mut chunk).map_err(reading)?;
        if read == 0 {
            break;
        }
        copy.write_all(&chunk[..read]).map_err(|e| writing(to, e))?;
        done += read as u64;
        progress.bytes(done, Some(original.size));
        // A file that grows as fast as it is read would never end.
        if done > original.size {
            break;
        }
    }
    if done == original.size {
        Ok(())
    } else {
        Err(FolderError::Changed(path).into())
    }
}

fn read_some(file: &mut File, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn writing(path: &Path, source: io::Error) -> FolderError {
    FolderError::Write {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use musicdl_plugin_api::{ErrorKind, Files, ProgressSink, extra, extra_value};
    use std::fs;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Does something at the bytes it is told of, and cancels if that says so.
    struct AtBytes<F> {
        act: F,
        cancelled: AtomicBool,
    }

    impl<F: Fn(u64) -> bool + Send + Sync> ProgressSink for AtBytes<F> {
        fn bytes(&self, done: u64, _: Option<u64>) {
            if (self.act)(done) {
                self.cancelled.store(true, Ordering::SeqCst);
            }
        }
        fn state(&self, _: &str) {}
        fn finished(&self, _: Files) {}
        fn failed(&self, _: SourceError) {}
        fn is_cancelled(&self) -> bool {
            self.cancelled.load(Ordering::SeqCst)
        }
    }

    fn at_bytes(act: impl Fn(u64) -> bool + Send + Sync + 'static) -> Progress {
        Progress::new(Arc::new(AtBytes {
            act,
            cancelled: AtomicBool::new(false),
        }))
    }

    /// A directory with an original of so many chunks, and the place of its copy.
    fn original(chunks: usize) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let room = tempfile::tempdir().unwrap();
        let (from, to) = (room.path().join("from"), room.path().join("to"));
        fs::write(&from, vec![7; chunks * CHUNK]).unwrap();
        (room, from, to)
    }

    #[test]
    fn a_cancel_is_seen_between_two_chunks_of_a_large_file() {
        let (_room, from, to) = original(8);
        let progress = at_bytes(|done| done >= 2 * CHUNK as u64);
        let mut staged = Staged::default();
        let mut original = Original::open(&from).unwrap();
        let mut file = staged.create(&to).unwrap();
        let error = in_chunks(&mut original, &mut file, &to, &progress).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled);
        assert_eq!(file.metadata().unwrap().len(), 2 * CHUNK as u64);
        drop(staged);
        assert!(!to.exists());
    }

    #[test]
    fn chunks_add_up_to_the_same_bytes() {
        let (_room, from, to) = original(2);
        fs::write(&from, [vec![1; CHUNK], vec![2; 5]].concat()).unwrap();
        let mut staged = Staged::default();
        let mut original = Original::open(&from).unwrap();
        let mut file = staged.create(&to).unwrap();
        in_chunks(&mut original, &mut file, &to, &Progress::ignored()).unwrap();
        staged.keep();
        assert_eq!(fs::read(&to).unwrap(), fs::read(&from).unwrap());
    }

    #[test]
    fn a_file_that_grows_or_shrinks_meanwhile_may_be_whole_the_next_time() {
        for length in [0, CHUNK as u64, 5 * CHUNK as u64] {
            let (_room, from, to) = original(2);
            let changed = from.clone();
            let progress = at_bytes(move |_| {
                let file = OpenOptions::new().write(true).open(&changed).unwrap();
                file.set_len(length).unwrap();
                false
            });
            let mut staged = Staged::default();
            let mut original = Original::open(&from).unwrap();
            let error = copy(&mut original, &to, &mut staged, &progress).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Transient, "{length}: {error}");
            drop(staged);
            assert!(!to.exists(), "{length}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_our_failure_and_is_named() {
        let (_room, from, _) = original(1);
        let full = Path::new("/dev/full");
        let mut original = Original::open(&from).unwrap();
        let mut file = OpenOptions::new().write(true).open(full).unwrap();
        let error = in_chunks(&mut original, &mut file, full, &Progress::ignored()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Internal, "{error}");
        assert_eq!(
            extra_value(&error.extra, extra::IO_ERROR),
            Some("StorageFull")
        );
    }
}
