//! The user's cookies: each process gets a copy that only its owner can read. yt-dlp writes
//! the file it is given when it ends, and must not do that to the user's.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Copies `from` to the new file `to`, mode 0600. What a killed process may have left there
/// is removed and not written into.
///
/// # Errors
/// When one cannot be read or the other not be made.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let cookies = fs::read(from)?;
    match fs::remove_file(to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(to)?.write_all(&cookies)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_copy_is_its_owners_alone_even_where_the_original_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("cookies.txt"), dir.path().join("copy"));
        fs::write(&from, "a cookie").unwrap();
        fs::set_permissions(&from, fs::Permissions::from_mode(0o644)).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"a cookie");
        let mode = fs::metadata(&to).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_in_the_place_of_the_copy_is_replaced_and_not_written_into() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to, other] = ["cookies.txt", "copy", "other"].map(|name| dir.path().join(name));
        fs::write(&from, "a cookie").unwrap();
        fs::write(&other, "another's").unwrap();
        std::os::unix::fs::symlink(&other, &to).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"a cookie");
        assert_eq!(fs::read(&other).unwrap(), b"another's");
    }
}
