//! Gives a finished file its final name, in one step and without replacing anything. Knows
//! three ways, because not every file system has the best one:
//!
//! | way | refused by |
//! |---|---|
//! | rename that fails on an existing name (Linux `renameat2`, macOS `renameatx_np`) | NFS, some FUSE |
//! | a second name (hard link), then the first is removed | FAT, exFAT, some SMB and FUSE |
//! | look, then rename | nobody |
//!
//! The last leaves a moment in which *another program* could create the very same file and
//! lose it. Our own threads queue for it, and other runs of musicdl are kept out by the lock
//! on the library. Claiming the name with an empty file instead would close the moment, but a
//! process that dies there would leave a file that is not whole at a final path, which is the
//! worse and the likelier of the two.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::Errno;

use super::folders::Folder;

/// A file by its present name; the name counts from the directory unless it is absolute.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) dir: BorrowedFd<'a>,
    pub(super) name: &'a Path,
}

impl<'a> At<'a> {
    pub(super) fn path(path: &'a Path) -> Self {
        Self {
            dir: rustix::fs::CWD,
            name: path,
        }
    }
}

/// What may be at the final name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Onto {
    /// Nothing.
    FreeName,
    /// A file that we wrote ourselves and that may be replaced.
    OurOwn,
    /// A file that is in the recycle folder too.
    Recycled,
}

/// Why a file did not get its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Occupied,
    /// The folder is on another file system, or behind a mount of the same one.
    OtherDevice,
    /// This file system does not know this way.
    Unsupported,
    Failed(Errno),
}

#[derive(Clone, Copy, Debug)]
enum Way {
    RenameNoReplace,
    HardLink,
    LookThenRename,
}

/// Best first; the last is never unsupported.
const WAYS: [Way; 3] = [Way::RenameNoReplace, Way::HardLink, Way::LookThenRename];

/// Moves `from` to `name` in the folder. Nothing is synced here.
pub(super) fn give(from: At<'_>, folder: &Folder, name: &str, onto: Onto) -> Result<(), Refusal> {
    match onto {
        Onto::OurOwn | Onto::Recycled => return rename(from, folder, name),
        Onto::FreeName => {}
    }
    for way in WAYS {
        match way.give(from, folder, name) {
            Err(Refusal::Unsupported) => {}
            given => return given,
        }
    }
    Err(Refusal::Unsupported)
}

/// Adds `name` as a second name of the file at `from`.
pub(super) fn link(from: At<'_>, folder: &Folder, name: &str) -> Result<(), Refusal> {
    rustix::fs::linkat(from.dir, from.name, &folder.dir, name, AtFlags::empty()).map_err(|cause| {
        match cause {
            Errno::EXIST => Refusal::Occupied,
            Errno::XDEV => Refusal::OtherDevice,
            // PERM: no hard links here, or none to files of others. MLINK: it has as many as it can.
            Errno::PERM | Errno::NOTSUP | Errno::NOSYS | Errno::INVAL | Errno::MLINK => {
                Refusal::Unsupported
            }
            cause => Refusal::Failed(cause),
        }
    })
}

impl Way {
    fn give(self, from: At<'_>, folder: &Folder, name: &str) -> Result<(), Refusal> {
        match self {
            Way::RenameNoReplace => rename_no_replace(from, folder, name),
            Way::HardLink => {
                link(from, folder, name)?;
                // The file is where it belongs. If its first name stays, that is a left-over
                // in staging like any other.
                let _ = rustix::fs::unlinkat(from.dir, from.name, AtFlags::empty());
                Ok(())
            }
            Way::LookThenRename => look_then_rename(from, folder, name),
        }
    }
}

fn rename_no_replace(from: At<'_>, folder: &Folder, name: &str) -> Result<(), Refusal> {
    rustix::fs::renameat_with(
        from.dir,
        from.name,
        &folder.dir,
        name,
        RenameFlags::NOREPLACE,
    )
    .map_err(|cause| match cause {
        Errno::EXIST => Refusal::Occupied,
        Errno::XDEV => Refusal::OtherDevice,
        // PERM: a sandbox that does not know the call. If it is meant, the last way says so.
        Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::PERM => Refusal::Unsupported,
        cause => Refusal::Failed(cause),
    })
}

fn look_then_rename(from: At<'_>, folder: &Folder, name: &str) -> Result<(), Refusal> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    match rustix::fs::statat(&folder.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Refusal::Occupied),
        Err(Errno::NOENT) => rename(from, folder, name),
        Err(cause) => Err(Refusal::Failed(cause)),
    }
}

fn rename(from: At<'_>, folder: &Folder, name: &str) -> Result<(), Refusal> {
    rustix::fs::renameat(from.dir, from.name, &folder.dir, name).map_err(|cause| match cause {
        Errno::XDEV => Refusal::OtherDevice,
        cause => Refusal::Failed(cause),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::sync::Barrier;

    use super::*;

    fn folder(path: &Path) -> Folder {
        Folder {
            dir: File::open(path).unwrap(),
            path: path.to_owned(),
        }
    }

    #[test]
    fn each_way_moves_the_file_and_leaves_no_second_name() {
        for way in WAYS {
            let dir = tempfile::tempdir().unwrap();
            let from = dir.path().join("staged");
            fs::write(&from, "audio").unwrap();
            way.give(At::path(&from), &folder(dir.path()), "final.flac")
                .unwrap();
            assert_eq!(
                fs::read(dir.path().join("final.flac")).unwrap(),
                b"audio",
                "{way:?}"
            );
            assert!(!from.exists(), "{way:?}");
        }
    }

    #[test]
    fn no_way_replaces_a_file_a_folder_or_a_dangling_link() {
        for way in WAYS {
            let dir = tempfile::tempdir().unwrap();
            let from = dir.path().join("staged");
            fs::write(&from, "new").unwrap();
            fs::write(dir.path().join("file"), "old").unwrap();
            fs::create_dir(dir.path().join("folder")).unwrap();
            std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
            for name in ["file", "folder", "link"] {
                let given = way.give(At::path(&from), &folder(dir.path()), name);
                assert_eq!(given, Err(Refusal::Occupied), "{way:?} onto a {name}");
            }
            assert_eq!(
                fs::read(dir.path().join("file")).unwrap(),
                b"old",
                "{way:?}"
            );
            assert!(from.exists(), "{way:?}");
        }
    }

    #[test]
    fn of_many_who_want_one_name_exactly_one_gets_it_in_each_way() {
        const MANY: usize = 8;
        for way in WAYS {
            let dir = tempfile::tempdir().unwrap();
            let folder = folder(dir.path());
            let barrier = Barrier::new(MANY);
            let results: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..MANY)
                    .map(|n| {
                        let from = dir.path().join(format!("staged{n}"));
                        fs::write(&from, n.to_string()).unwrap();
                        let (folder, barrier) = (&folder, &barrier);
                        scope.spawn(move || {
                            barrier.wait();
                            way.give(At::path(&from), folder, "final")
                        })
                    })
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect()
            });
            let winner = results.iter().position(Result::is_ok).unwrap();
            assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{way:?}");
            assert_eq!(
                fs::read_to_string(dir.path().join("final")).unwrap(),
                winner.to_string()
            );
        }
    }
}
