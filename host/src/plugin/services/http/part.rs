//! The file `DEST.part` in which a download grows; gone unless it became `DEST`.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use musicdl_plugin_api::SourceError;

use crate::plugin::services::disk;

/// A file that is not whole yet.
pub(super) struct PartFile {
    path: PathBuf,
    /// `None` once it is finished.
    file: Option<File>,
    len: u64,
}

impl PartFile {
    /// An empty one beside `dest`. A left-over of that name is removed, not opened: it may
    /// be a link to somewhere else.
    pub(super) fn create(dest: &Path) -> Result<Self, SourceError> {
        let mut name = OsString::from(dest);
        name.push(".part");
        let path = PathBuf::from(name);
        let new = || OpenOptions::new().write(true).create_new(true).open(&path);
        let file = match new() {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                std::fs::remove_file(&path).and_then(|()| new())
            }
            file => file,
        };
        match file {
            Ok(file) => Ok(Self {
                path,
                file: Some(file),
                len: 0,
            }),
            Err(error) => Err(disk::failure("create", &path, &error)),
        }
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        self.open_file()
            .write_all(bytes)
            .map_err(|error| disk::failure("write", &self.path, &error))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Empties it.
    pub(super) fn restart(&mut self) -> Result<(), SourceError> {
        if self.len == 0 {
            return Ok(());
        }
        let file = self.open_file();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .map_err(|error| disk::failure("empty", &self.path, &error))?;
        self.len = 0;
        Ok(())
    }

    /// Gives it its final name. Bringing it to the disk is left to who publishes it.
    pub(super) fn finish(mut self, dest: &Path) -> Result<(), SourceError> {
        // Closed first: Windows renames no open file.
        let file = self.file.take();
        drop(file);
        std::fs::rename(&self.path, dest).map_err(|error| {
            self.remove();
            disk::failure("rename the finished download to", dest, &error)
        })
    }

    fn open_file(&mut self) -> &mut File {
        self.file
            .as_mut()
            .expect("only `finish` takes the file, and it takes the whole part too")
    }

    fn remove(&self) {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!("cannot remove {}: {error}", self.path.display());
            }
            Ok(()) | Err(_) => {}
        }
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            self.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::{ErrorKind, extra, extra_value};

    use super::*;

    #[test]
    fn a_part_is_gone_unless_it_was_finished() {
        let dir = tempfile::tempdir().unwrap();
        let dest = dir.path().join("song.flac");
        let names = || {
            let mut names: Vec<_> = std::fs::read_dir(dir.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let mut part = PartFile::create(&dest).unwrap();
        part.append(b"old").unwrap();
        assert_eq!(names(), ["song.flac.part"]);
        drop(part);
        assert_eq!(names(), [""; 0]);

        let mut part = PartFile::create(&dest).unwrap();
        part.append(b"longer than the rest").unwrap();
        part.restart().unwrap();
        part.append(b"new").unwrap();
        assert_eq!(part.len(), 3);
        part.finish(&dest).unwrap();
        assert_eq!(names(), ["song.flac"]);
        assert_eq!(std::fs::read(&dest).unwrap(), b"new");
    }

    #[test]
    fn a_part_that_cannot_get_its_name_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let dest = dir.path().join("song.flac");
        let part = PartFile::create(&dest).unwrap();
        std::fs::create_dir(&dest).unwrap();
        let failed = part.finish(&dest).unwrap_err();
        assert_eq!(failed.kind, ErrorKind::Internal);
        assert!(!dir.path().join("song.flac.part").exists());
    }

    #[test]
    fn a_link_in_the_way_is_replaced_and_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        std::fs::write(&elsewhere, "precious").unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.path().join("song.flac.part")).unwrap();
        let mut part = PartFile::create(&dir.path().join("song.flac")).unwrap();
        part.append(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "precious");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_recognisable() {
        // Linux answers every write to this device as a full disk does.
        let path = PathBuf::from("/dev/full");
        let mut part = PartFile {
            file: Some(OpenOptions::new().write(true).open(&path).unwrap()),
            path,
            len: 0,
        };
        let failed = part.append(b"x").unwrap_err();
        // Not dropped as a part: it must not be removed.
        part.file = None;
        assert_eq!(failed.kind, ErrorKind::Internal);
        assert_eq!(
            extra_value(&failed.extra, extra::IO_ERROR),
            Some("StorageFull")
        );
        assert!(failed.message.contains("/dev/full"), "{failed}");
        assert!(failed.message.contains("StorageFull"), "{failed}");
    }
}
