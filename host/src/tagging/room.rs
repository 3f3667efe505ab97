//! How much of the audio is in memory while its tags are written: the tag library holds a whole
//! file for that, so of the large ones there is one at a time, whatever the jobs.

use std::fs;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::TagError;

/// Bytes up to which nobody waits for his turn: a file for every job is no more than a large one.
const SMALL: u64 = 1024 * 1024;

/// Whose turn it is among the large files.
static TURN: Mutex<()> = Mutex::new(());

/// Does work for which the file at `path` is held in memory. That of a large file is done by a
/// thread of its own, because allocators keep for each thread what it once used: eight jobs
/// would keep eight files long after the last of them was tagged.
///
/// # Errors
/// Those of the work, and when no thread can be started.
pub(super) fn in_turn<T: Send>(
    path: &Path,
    work: impl FnOnce() -> Result<T, TagError> + Send,
) -> Result<T, TagError> {
    let io = |doing| {
        move |source| TagError::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    };
    let length = fs::metadata(path).map_err(io("look at"))?.len();
    if length <= SMALL {
        return work();
    }
    // Nothing lies behind it that a panic could leave half done.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        let tagger = thread::Builder::new().name("tagger".to_owned());
        let tagger = tagger
            .spawn_scoped(scope, work)
            .map_err(io("start a thread for"))?;
        tagger.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn of_large_files_one_is_worked_on_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.wav");
        fs::write(&path, vec![0; SMALL as usize + 1]).unwrap();
        let (at_work, done) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    in_turn(&path, || {
                        assert_eq!(at_work.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(done.into_inner(), 8);
    }

    #[test]
    fn small_files_wait_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small.mp3");
        fs::write(&path, "x").unwrap();
        // Would it take a turn, the inner one would wait for ever.
        in_turn(&path, || in_turn(&path, || Ok(()))).unwrap();
    }
}
