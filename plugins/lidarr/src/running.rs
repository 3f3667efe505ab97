//! Which downloads run, so that no album is fetched twice at once, and every wait of
//! theirs, so that a cancel is heard in it.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use musicdl_plugin_api::{Progress, SourceError};

/// The contract wants a cancel to be heard within a second.
const SLICE: Duration = Duration::from_millis(250);

/// The targets that are being fetched.
#[derive(Default)]
pub(crate) struct Running {
    targets: Mutex<BTreeSet<String>>,
    changed: Condvar,
}

/// One download that runs; the next one of its target may begin when this is dropped.
pub(crate) struct Run<'a> {
    running: &'a Running,
    target: &'a str,
    progress: &'a Progress,
}

impl Running {
    /// Begins a download. While another one of the same target runs it waits for its end:
    /// what that one added and grabbed is there for this one, and undone by nobody too early.
    ///
    /// # Errors
    /// `Cancelled` while it waits.
    pub(crate) fn enter<'a>(
        &'a self,
        target: &'a str,
        progress: &'a Progress,
    ) -> Result<Run<'a>, SourceError> {
        let mut targets = self.lock();
        while !targets.insert(target.to_owned()) {
            progress.check()?;
            progress.state("the same album is being fetched already");
            targets = self.wait(targets, SLICE);
        }
        Ok(Run {
            running: self,
            target,
            progress,
        })
    }

    /// Begins at once, or not at all where a download of that target runs.
    pub(crate) fn try_enter<'a>(
        &'a self,
        target: &'a str,
        progress: &'a Progress,
    ) -> Option<Run<'a>> {
        let is_first = self.lock().insert(target.to_owned());
        // Not `then_some`: a run that is made ends with its drop.
        is_first.then(|| Run {
            running: self,
            target,
            progress,
        })
    }

    /// Wakes the download of that target, so that it looks at its progress at once. `false`
    /// when there is none.
    pub(crate) fn wake(&self, target: &str) -> bool {
        let runs = self.lock().contains(target);
        self.changed.notify_all();
        runs
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(
        &self,
        guard: MutexGuard<'g, BTreeSet<String>>,
        time: Duration,
    ) -> MutexGuard<'g, BTreeSet<String>> {
        let woken = self.changed.wait_timeout(guard, time);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Run<'_> {
    pub(crate) fn progress(&self) -> &Progress {
        self.progress
    }

    /// Waits.
    ///
    /// # Errors
    /// `Cancelled`, within a quarter of a second.
    pub(crate) fn pause(&self, time: Duration) -> Result<(), SourceError> {
        let until = Instant::now() + time;
        let mut targets = self.running.lock();
        loop {
            self.progress.check()?;
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            targets = self.running.wait(targets, left.min(SLICE));
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.running.lock().remove(self.target);
        self.running.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use musicdl_plugin_api::ErrorKind;
    use musicdl_plugin_api::testing::ProgressRecord;

    use super::*;

    #[test]
    fn the_second_download_of_an_album_begins_after_the_first() {
        let running = Running::default();
        let progress = Progress::ignored();
        let first = running.enter("a", &progress).unwrap();
        let other = running.enter("b", &progress).unwrap();
        assert!(running.try_enter("a", &progress).is_none());
        thread::scope(|scope| {
            let record = ProgressRecord::new();
            let second = scope.spawn({
                let (running, record) = (&running, record.clone());
                move || running.enter("a", &record.progress()).map(drop)
            });
            while record.states().is_empty() {
                thread::yield_now();
            }
            assert!(!second.is_finished());
            drop(first);
            second.join().unwrap().unwrap();
        });
        drop(other);
        assert!(!running.wake("a") && !running.wake("b"));
    }

    #[test]
    fn a_cancel_ends_every_wait() {
        let running = Running::default();
        let record = ProgressRecord::new();
        let progress = record.progress();
        let run = running.enter("a", &progress).unwrap();
        assert!(running.wake("a"));
        record.cancel();
        for error in [
            run.pause(Duration::from_secs(600)).unwrap_err(),
            running.enter("a", &progress).map(drop).unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::Cancelled);
        }
    }
}
