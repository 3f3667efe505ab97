//! Writes small files whole or not at all, and leaves nothing else behind.
//!
//! A temporary file with a name of its own stays for ever when its process is killed. So the
//! content goes into `NAME.part` and gets its name from there: who is killed leaves that one at
//! most, and the next writer uses it up. Two writers, threads or processes, take turns.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

/// So many others may come first.
const TURNS: usize = 10_000;

/// Puts what `write` writes at `path`, in the place of what is there. The file is its owner's
/// alone (0600), and on disk when it gets its name; that it has it is not.
///
/// # Errors
/// Those of the system and of `write`. What was there before is there then.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let part = part_of(path);
    let mut file = own(&part)?;
    let written = file
        .set_len(0)
        .and_then(|()| write(&mut file))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Ours as long as `file` is open. If it stays, the next writer uses it up.
        let _ = fs::remove_file(&part);
    }
    written
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".part");
    PathBuf::from(name)
}

/// The file with that name, open and locked, whoever left or made it.
fn own(part: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags);
    for _ in 0..TURNS {
        let file = match options.open(part) {
            // A link in its place would lead what is written to wherever it points.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => {
                fs::remove_file(part)?;
                continue;
            }
            opened => opened?,
        };
        match file.lock() {
            // A file system without locks has one writer at a time or none that is safe.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return Ok(file),
            locked => locked?,
        }
        // The one who had it locked has given it its name meanwhile, or removed it.
        let ours = file.metadata()?;
        match fs::symlink_metadata(part) {
            Ok(now) if (now.dev(), now.ino()) == (ours.dev(), ours.ino()) => return Ok(file),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    fn names(dir: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(dir).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    #[test]
    fn what_a_killed_writer_left_is_used_up_by_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        fs::write(part_of(&path), "longer than what comes").unwrap();
        replace(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(
            names(dir.path()),
            BTreeSet::from(["report.json".to_owned()])
        );
    }

    #[test]
    fn a_link_in_the_way_is_not_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&elsewhere, "precious").unwrap();
        std::os::unix::fs::symlink(&elsewhere, part_of(&path)).unwrap();
        replace(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn what_was_there_stays_when_the_new_cannot_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        replace(&path, |out| out.write_all(b"old")).unwrap();
        let half = |out: &mut dyn Write| {
            out.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let error = replace(&path, half).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(dir.path()), BTreeSet::from(["a".to_owned()]));
    }

    #[test]
    fn of_many_writers_each_writes_a_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let texts = ["x".repeat(10_000), "y".repeat(7_000), "z".repeat(3)];
        thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| {
                    for _ in 0..100 {
                        replace(&path, |out| out.write_all(text.as_bytes())).unwrap();
                        let there = fs::read_to_string(&path).unwrap();
                        assert!(texts.contains(&there), "{} bytes", there.len());
                    }
                });
            }
        });
        assert_eq!(names(dir.path()), BTreeSet::from(["a".to_owned()]));
    }
}
