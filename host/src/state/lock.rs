//! One writer at a time. The lock is the kernel's: it ends with the process that holds it,
//! however that ends, so it never has to be removed by hand.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StateError;

const FILE: &str = "lock";

/// Longer than [`holder`] ever keeps the lock.
const LOOKING_TIME: Duration = Duration::from_millis(200);

/// Who holds a state, as it wrote itself down. Only shown, never decided by: a stale note
/// beside a free lock means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process id.
    pub pid: Option<u32>,
    /// When it took the lock.
    pub since: Option<Timestamp>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.pid, self.since) {
            (Some(pid), Some(since)) => write!(f, "another run (process {pid}, since {since:.0})"),
            _ => f.write_str("another run"),
        }
    }
}

/// Takes the lock or says who has it. It is held as long as the file is open.
pub(super) fn take(dir: &Path) -> Result<File, StateError> {
    let path = dir.join(FILE);
    let io = |source| StateError::Io {
        path: path.clone(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io)?;
    let asked = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            // A process that only looks holds it for a moment.
            Err(TryLockError::WouldBlock) if asked.elapsed() < LOOKING_TIME => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(StateError::Held {
                    dir: dir.to_owned(),
                    holder: noted(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
    }
    if !is_kept(&path).map_err(io)? {
        return Err(StateError::NoLocks {
            dir: dir.to_owned(),
        });
    }
    let holder = Holder {
        pid: Some(std::process::id()),
        since: Some(Timestamp::now()),
    };
    let note = serde_json::to_string(&holder).unwrap_or_default();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(note.as_bytes()))
        .map_err(io)?;
    Ok(file)
}

/// Whether the file system keeps the lock that we have just taken: some give it to every process.
fn is_kept(path: &Path) -> std::io::Result<bool> {
    match File::open(path)?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(true),
        Ok(()) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Who has the lock at the moment; `None` when no process has, or it cannot be known.
pub(super) fn holder(dir: &Path) -> Option<Holder> {
    let mut file = File::open(dir.join(FILE)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(noted(&mut file)),
        // Given back at once by closing the file.
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// The note may be half-written; then the holder has no name.
fn noted(file: &mut File) -> Holder {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) => serde_json::from_str(&text).unwrap_or_default(),
        Err(_) => Holder::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_every_process_is_given_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let held = take(dir.path()).unwrap();
        assert!(is_kept(&dir.path().join(FILE)).unwrap());
        drop(held);
        assert!(!is_kept(&dir.path().join(FILE)).unwrap());
    }
}
