//! A library into a plugin directory. A running musicdl may have the old one open: that
//! file is replaced by a rename and never written into.

use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Why a library was not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A plugin directory passes it over.
    #[error("{} is not named like a library (.{DLL_EXTENSION})", .0.display())]
    Name(PathBuf),
    /// It would be copied onto itself.
    #[error("{} is in that directory already", .0.display())]
    Same(PathBuf),
    /// A link or a directory of that name is there.
    #[error("{} is there and no regular file; remove it first", .0.display())]
    Occupied(PathBuf),
    /// The disk does not let us.
    #[error("cannot install {}: {source}", path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Copies `file` into `dir` under its own name; answers where it is now. The directory is
/// made if it is missing. The new library is there whole or not at all.
///
/// # Errors
/// When the file's name will not do, its place is taken, or the disk does not let us.
pub fn install(file: &Path, dir: &Path) -> Result<PathBuf, InstallError> {
    let name = file
        .file_name()
        .filter(|_| file.extension() == Some(OsStr::new(DLL_EXTENSION)))
        .ok_or_else(|| InstallError::Name(file.to_owned()))?;
    let place = dir.join(name);
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |source| InstallError::Disk { path, source }
    };
    fs::create_dir_all(dir).map_err(disk(dir))?;
    match fs::symlink_metadata(&place) {
        Ok(there) if !there.is_file() => return Err(InstallError::Occupied(place)),
        Ok(_) if is_same(file, &place) => return Err(InstallError::Same(place)),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(disk(&place)(error)),
    }
    // Without a library's extension, so that a run that starts now passes it over.
    let mut aside = tempfile::Builder::new()
        .prefix(".installing-")
        .tempfile_in(dir)
        .map_err(disk(dir))?;
    let mut from = File::open(file).map_err(disk(file))?;
    io::copy(&mut from, aside.as_file_mut()).map_err(disk(&place))?;
    readable(aside.as_file()).map_err(disk(&place))?;
    aside.as_file().sync_all().map_err(disk(&place))?;
    aside
        .persist(&place)
        .map_err(|error| disk(&place)(error.error))?;
    sync_directory(dir).map_err(disk(dir))?;
    Ok(place)
}

/// Removes a library. A program that has it open keeps it until it ends.
///
/// # Errors
/// When the disk does not let us.
pub fn remove(file: &Path) -> Result<(), InstallError> {
    let disk = |source| InstallError::Disk {
        path: file.to_owned(),
        source,
    };
    fs::remove_file(file).map_err(disk)?;
    file.parent().map_or(Ok(()), sync_directory).map_err(disk)
}

fn is_same(a: &Path, b: &Path) -> bool {
    match (fs::canonicalize(a), fs::canonicalize(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// A temporary file is its owner's alone; a library is read by whoever runs musicdl and
/// written by its owner.
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(name: &str) -> String {
        format!("{name}.{DLL_EXTENSION}")
    }

    #[test]
    fn an_installed_library_replaces_the_old_one_and_does_not_write_into_it() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let new = from.path().join(library("radio"));
        fs::write(&new, "new").unwrap();
        let place = to.path().join(library("radio"));
        fs::write(&place, "old").unwrap();
        let mut open = File::open(&place).unwrap();

        assert_eq!(install(&new, to.path()).unwrap(), place);
        assert_eq!(fs::read(&place).unwrap(), b"new");
        let still = io::read_to_string(&mut open).unwrap();
        assert_eq!(still, "old", "whoever had it open keeps what he had");
        assert_eq!(fs::read_dir(to.path()).unwrap().count(), 1, "nothing aside");
    }

    #[test]
    fn a_missing_directory_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(library("radio"));
        fs::write(&file, "new").unwrap();
        let place = install(&file, &dir.path().join("a/b")).unwrap();
        assert!(place.is_file());
        remove(&place).unwrap();
        assert!(!place.exists());
    }

    #[test]
    fn what_is_no_library_or_has_no_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(library("radio"));
        fs::write(&file, "new").unwrap();
        let text = dir.path().join("notes.txt");
        fs::write(&text, "mine").unwrap();
        let to = dir.path().join("plugins");
        fs::create_dir_all(to.join(library("radio"))).unwrap();

        let refused = |file: &Path, dir: &Path| install(file, dir).unwrap_err();
        assert!(matches!(refused(&text, &to), InstallError::Name(_)));
        assert!(matches!(refused(&file, &to), InstallError::Occupied(_)));
        assert!(matches!(refused(&file, dir.path()), InstallError::Same(_)));
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
