//! Where the sources of this process have their scratch directories: one directory for all,
//! locked as long as the process lives. A killed process leaves its own behind; the next
//! one finds that its lock is free and removes it, with whatever half-finished or secret
//! is in it.

use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tempfile::TempDir;

const PREFIX: &str = "musicdl-scratch-";
const LOCK: &str = "lock";

/// The directory, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
    // Held until the process ends, however it ends.
    _lock: File,
}

impl Scratch {
    /// Makes one below that directory, and removes those that are not used any more.
    ///
    /// # Errors
    /// When it cannot be made. What cannot be removed is left alone.
    pub fn below(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        sweep(parent);
        loop {
            if let Some(scratch) = Self::make(parent)? {
                return Ok(scratch);
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// `None`: another process removed it before it was locked.
    fn make(parent: &Path) -> io::Result<Option<Self>> {
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
        let path = dir.path().join(LOCK);
        let lock = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            made => made?,
        };
        let ours = lock.try_lock().is_ok() && path.exists();
        Ok(ours.then_some(Self { dir, _lock: lock }))
    }
}

/// What is not a directory of ours, or cannot be looked at, stays.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if is_ours(&entry)
            && let Err(error) = remove_unless_used(&entry.path())
        {
            tracing::debug!(path = %entry.path().display(), %error, "a scratch directory stays");
        }
    }
}

fn is_ours(entry: &DirEntry) -> bool {
    let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
    // Not through a link, and nothing of another user's who shares the place.
    let found = named.then(|| entry.metadata().ok()).flatten();
    let me = rustix::process::geteuid().as_raw();
    found.is_some_and(|found| found.is_dir() && found.uid() == me)
}

fn remove_unless_used(dir: &Path) -> io::Result<()> {
    match File::open(dir.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => fs::remove_dir_all(dir),
            Err(_) => Ok(()),
        },
        // Its maker was killed before it had a lock, or is about to make it and tries again.
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_dir(dir),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_of_killed_processes_are_removed_and_those_in_use_are_not() {
        let parent = tempfile::tempdir().unwrap();
        let used = Scratch::below(parent.path()).unwrap();
        fs::write(used.path().join("half"), "of a song").unwrap();
        for left in ["dead", "dead-before-it-had-a-lock"] {
            fs::create_dir(parent.path().join(format!("{PREFIX}{left}"))).unwrap();
        }
        let dead = parent.path().join(format!("{PREFIX}dead"));
        fs::write(dead.join(LOCK), "").unwrap();
        fs::write(dead.join("cookies"), "a secret").unwrap();
        let others = parent.path().join("somebody-elses");
        fs::create_dir(&others).unwrap();

        let next = Scratch::below(parent.path()).unwrap();
        let left = fs::read_dir(parent.path()).unwrap().count();
        assert_eq!(left, 3, "the two in use, and somebody else's");
        assert!(used.path().join("half").exists() && others.exists());
        drop((used, next));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
