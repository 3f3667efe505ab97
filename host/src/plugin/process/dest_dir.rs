//! Where the host writes for a plugin: into a directory that the plugin may change meanwhile, by
//! putting a link where a directory was. A file in it is therefore reached by steps that
//! follow no link, and kept open: what was checked is where the file goes.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::SourceError;

use crate::beneath;

/// A directory that belongs to a plugin, with all that is in it.
#[derive(Clone, Debug)]
pub(super) struct DestDir {
    /// As the plugin got it.
    told: PathBuf,
    /// Without links on the way to it; it may itself have become one.
    real: PathBuf,
}

impl DestDir {
    pub(super) fn new(told: &Path) -> Self {
        // Not the directory itself: only what it lies in is out of the plugin's reach.
        let real = told
            .parent()
            .and_then(|parent| parent.canonicalize().ok())
            .zip(told.file_name())
            .map_or_else(|| told.to_owned(), |(parent, name)| parent.join(name));
        Self {
            told: told.to_owned(),
            real,
        }
    }

    /// Where a file of that path is to be written; `None` if that is not below this directory.
    pub(super) fn file(&self, dest: &Path) -> Option<DestFile> {
        let name = dest.file_name()?;
        let folder = dest.parent()?;
        let below = folder
            .strip_prefix(&self.told)
            .or_else(|_| folder.strip_prefix(&self.real))
            .ok()?;
        let mut dir = beneath::open_root(&self.real).ok()?;
        for step in beneath::steps(below)? {
            dir = beneath::open_folder(&dir, step).ok()?;
        }
        Some(DestFile::new(dir, name, dest))
    }
}

/// A name in a directory that is open.
#[derive(Debug)]
pub(super) struct DestFile {
    path: PathBuf,
    dest: PathBuf,
    _dir: OwnedFd,
}

impl DestFile {
    /// By the handle, which means the same directory whatever its name means by then.
    #[cfg(target_os = "linux")]
    fn new(dir: OwnedFd, name: &OsStr, dest: &Path) -> Self {
        use std::os::fd::AsRawFd;

        let path = format!("/proc/self/fd/{}", dir.as_raw_fd());
        Self {
            path: Path::new(&path).join(name),
            dest: dest.to_owned(),
            _dir: dir,
        }
    }

    /// By its name. Elsewhere nothing confines a plugin, so one that would put a link in the
    /// way can as well write behind it.
    #[cfg(not(target_os = "linux"))]
    fn new(dir: OwnedFd, _name: &OsStr, dest: &Path) -> Self {
        Self {
            path: dest.to_owned(),
            dest: dest.to_owned(),
            _dir: dir,
        }
    }

    /// What to open. Valid as long as this is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The error with the name by which the plugin asked for the file.
    pub(super) fn by_its_name(&self, mut error: SourceError) -> SourceError {
        let (path, dest) = (self.path.display(), self.dest.display());
        error.message = error.message.replace(&path.to_string(), &dest.to_string());
        error
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use musicdl_plugin_api::{extra, extra_value};
    use tempfile::TempDir;

    use super::*;
    use crate::plugin::services::disk;

    /// `dest` with the folder `in`, and `elsewhere`.
    fn dirs() -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let dest = dir.path().join("dest");
        fs::create_dir_all(dest.join("in")).unwrap();
        fs::create_dir(dir.path().join("elsewhere")).unwrap();
        (dir, dest)
    }

    #[test]
    fn a_path_outside_or_behind_a_link_is_rejected() {
        let (dir, told) = dirs();
        symlink(dir.path().join("elsewhere"), told.join("out")).unwrap();
        let dest_dir = DestDir::new(&told);
        for dest in [
            dir.path().join("elsewhere/song.flac"),
            told.join("../elsewhere/song.flac"),
            told.join("in/../../elsewhere/song.flac"),
            told.join("out/song.flac"),
            told.join("nowhere/song.flac"),
            told.join("in/.."),
            PathBuf::from("song.flac"),
            PathBuf::from("/"),
        ] {
            assert!(dest_dir.file(&dest).is_none(), "{}", dest.display());
        }
        assert!(dest_dir.file(&told.join("song.flac")).is_some());
        assert!(dest_dir.file(&told.join("in/song.flac")).is_some());
    }

    #[test]
    fn a_directory_that_became_a_link_is_rejected() {
        let (dir, told) = dirs();
        let dest_dir = DestDir::new(&told);
        fs::rename(&told, dir.path().join("was")).unwrap();
        symlink(dir.path().join("elsewhere"), &told).unwrap();
        assert!(dest_dir.file(&told.join("song.flac")).is_none());
        assert!(DestDir::new(&told).file(&told.join("song.flac")).is_none());
    }

    #[test]
    fn a_path_is_accepted_with_and_without_links_above_the_directory() {
        let (dir, _) = dirs();
        let linked = dir.path().join("linked");
        symlink(dir.path(), &linked).unwrap();
        let dest_dir = DestDir::new(&linked.join("dest"));
        assert!(dest_dir.file(&linked.join("dest/song.flac")).is_some());
        let real = dir.path().canonicalize().unwrap().join("dest/song.flac");
        assert!(dest_dir.file(&real).is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_link_created_after_the_check_is_not_followed() {
        let (dir, told) = dirs();
        let file = DestDir::new(&told)
            .file(&told.join("in/song.flac"))
            .unwrap();
        fs::rename(told.join("in"), told.join("was")).unwrap();
        symlink(dir.path().join("elsewhere"), told.join("in")).unwrap();
        fs::write(file.path(), "song").unwrap();
        assert_eq!(
            fs::read_to_string(told.join("was/song.flac")).unwrap(),
            "song"
        );
        assert!(!dir.path().join("elsewhere/song.flac").exists());
    }

    #[test]
    fn a_failure_names_the_file_as_it_was_asked_for() {
        let (_dir, told) = dirs();
        let dest = told.join("in/song.flac");
        let file = DestDir::new(&told).file(&dest).unwrap();
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = file.by_its_name(disk::failure("write", file.path(), &full));
        let message = format!("cannot write {}: ", dest.display());
        assert!(error.message.starts_with(&message), "{error}");
        assert_eq!(
            extra_value(&error.extra, extra::IO_ERROR),
            Some("StorageFull")
        );
    }
}
