//! Copies one file of Lidarr's library. The file itself is Lidarr's: it is only ever read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use musicdl_plugin_api::{Progress, SourceError};

use crate::error::Failure;

/// Bytes between two looks at the progress: some milliseconds from a disk, a second from the
/// slowest share worth using.
const CHUNK: usize = 1024 * 1024;

/// A file of Lidarr's library, open for reading.
#[derive(Debug)]
pub(crate) struct Original {
    file: File,
    path: PathBuf,
    pub(crate) size: u64,
}

impl Original {
    /// Opens it if it is a regular file that is not empty.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        // Asked before opening, which a pipe would not return from.
        if !path.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let file = File::open(&path)?;
        match file.metadata()?.len() {
            0 => Err(io::Error::other("it is empty")),
            size => Ok(Self { file, path, size }),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies it to a new file. Where the file system can share the blocks of both (btrfs,
    /// XFS, APFS) that takes no time and no space. `before` bytes of `total` were copied of
    /// other files of the album.
    ///
    /// # Errors
    /// Which of both files failed and why; `Cancelled`.
    pub(crate) fn copy_to(
        mut self,
        to: &Path,
        progress: &Progress,
        (before, total): (u64, u64),
    ) -> Result<(), Failure> {
        progress.check()?;
        let writing = |error: io::Error| Failure::Copy {
            path: to.to_owned(),
            why: error.to_string(),
        };
        let mut options = OpenOptions::new();
        let mut copy = options
            .write(true)
            .create_new(true)
            .open(to)
            .map_err(writing)?;
        if reflink_copy::reflink_file(&self.file, &copy).is_ok() {
            progress.bytes(before + self.size, Some(total));
            return Ok(());
        }
        // Most file systems cannot; whatever the attempt left behind is undone.
        copy.set_len(0).map_err(writing)?;
        let mut buffer = vec![0; CHUNK];
        let mut done = 0;
        loop {
            progress.check()?;
            let read = self
                .file
                .read(&mut buffer)
                .map_err(|error| self.unread(&error))?;
            if read == 0 {
                break;
            }
            copy.write_all(&buffer[..read]).map_err(writing)?;
            done += read as u64;
            progress.bytes(before + done.min(self.size), Some(total));
        }
        if done == self.size {
            Ok(())
        } else {
            Err(self.unread(&"it changed while it was copied"))
        }
    }

    fn unread(&self, why: &dyn std::fmt::Display) -> Failure {
        let path = self.path.display();
        Failure::Host(SourceError::transient(format!(
            "{path} cannot be read: {why}"
        )))
    }
}
