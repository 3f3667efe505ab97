//! Gives one file a new version of itself, wherever it is. For what the user asks of a file by
//! its name; a run never does that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::root::sync_folder;
use super::staging::{set_mode, temp_name};

/// Why a file did not get a new version; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum SwapError<E> {
    /// The new version could not be made.
    #[error("{0}")]
    Made(E),
    /// Somebody changed the file meanwhile.
    #[error("{} was changed by somebody else meanwhile", .0.display())]
    Changed(PathBuf),
    /// It is a link or no file.
    #[error("{} is no regular file", .0.display())]
    Unfit(PathBuf),
    /// The system refused.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// Has `make` write a new version of `path` to a free path beside it, and gives that its name in
/// one step, once it is on disk. Permissions stay. Answers how many other names the file has:
/// they keep the old version.
///
/// # Errors
/// See [`SwapError`]; whatever it is, the file is as it was.
pub fn swap<E>(
    path: &Path,
    make: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<u64, SwapError<E>> {
    let io = |doing, path: &Path| {
        let path = path.to_owned();
        move |cause| SwapError::Io { doing, path, cause }
    };
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    options.read(true).custom_flags(flags.bits().cast_signed());
    let old = match options.open(path) {
        Err(_) if path.is_symlink() => return Err(SwapError::Unfit(path.to_owned())),
        opened => opened.map_err(io("open", path))?,
    };
    let before = old.metadata().map_err(io("look at", path))?;
    if !before.is_file() {
        return Err(SwapError::Unfit(path.to_owned()));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let temp = Temp(folder.join(temp_name()));
    make(&temp.0).map_err(SwapError::Made)?;
    let new = File::open(&temp.0).map_err(io("open", &temp.0))?;
    set_mode(&new, before.mode() & 0o777);
    new.sync_all().map_err(io("sync", &temp.0))?;
    let now = fs::symlink_metadata(path).map_err(io("look at", path))?;
    let what = |found: &fs::Metadata| {
        (
            found.dev(),
            found.ino(),
            found.len(),
            found.mtime(),
            found.mtime_nsec(),
        )
    };
    if what(&now) != what(&before) {
        return Err(SwapError::Changed(path.to_owned()));
    }
    fs::rename(&temp.0, path).map_err(io("replace", path))?;
    File::open(folder)
        .and_then(|folder| sync_folder(&folder))
        .map_err(io("sync", folder))?;
    Ok(before.nlink().saturating_sub(1))
}

/// A hidden file beside the other. Removed when dropped, unless it has been moved away.
struct Temp(PathBuf);

impl Drop for Temp {
    fn drop(&mut self) {
        // Moved away it is not there, and neither is one that was never made.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_gets_its_new_version_in_one_step_and_keeps_its_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("song"), dir.path().join("other"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        fs::hard_link(&path, &other).unwrap();
        let names_left = swap(&path, |to| fs::write(to, "new")).unwrap();
        assert_eq!(names_left, 1);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(&other).unwrap(), b"old");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert_eq!(names(dir.path()), ["other", "song"]);
    }

    #[test]
    fn whatever_goes_wrong_the_file_is_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("song"), dir.path().join("link"));
        fs::write(&path, "old").unwrap();
        symlink("song", &link).unwrap();
        let failed = swap(&path, |to| {
            fs::write(to, "half")?;
            Err(io::Error::other("no"))
        });
        assert!(matches!(failed, Err(SwapError::Made(_))), "{failed:?}");
        let changed = swap(&path, |to| {
            fs::write(&path, "theirs")?;
            fs::write(to, "new")
        });
        assert!(matches!(changed, Err(SwapError::Changed(_))), "{changed:?}");
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        for unfit in [&link, &dir.path().to_owned()] {
            let refused = swap(unfit, |to| fs::write(to, "new"));
            assert!(matches!(refused, Err(SwapError::Unfit(_))), "{refused:?}");
        }
        assert_eq!(names(dir.path()), ["link", "song"]);
    }
}
