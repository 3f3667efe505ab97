//! The engine's end of a download that a plugin process works on. Its code runs here on the
//! thread that hears the process, so a panic in it must not end that thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use musicdl_plugin_api::{Progress, SourceError};

use super::dest_dir::DestDir;
use crate::plugin::messages::ProgressUpdate;
use crate::plugin::rate_limiter::RateLimiter;

pub(super) struct ActiveDownload {
    pub(super) progress: Progress,
    /// Where its files go; nothing is saved elsewhere for it.
    pub(super) dest_dir: DestDir,
    /// The call has not returned.
    pub(super) in_call: bool,
    /// The plugin has no handle of it any more.
    pub(super) let_go: bool,
    /// The plugin said how it ended.
    pub(super) ended: bool,
    /// Since when the process knows that it is to end.
    pub(super) cancelled: Option<Instant>,
    limiter: RateLimiter,
}

impl ActiveDownload {
    pub(super) fn new(progress: &Progress, dest_dir: DestDir) -> Self {
        let now = Instant::now();
        Self {
            progress: progress.clone(),
            dest_dir,
            in_call: true,
            let_go: false,
            ended: false,
            cancelled: is_cancelled(progress).then_some(now),
            limiter: RateLimiter::for_progress(now),
        }
    }

    /// Where an update goes; `None`: it does not count, because the end was reported before or
    /// there were too many.
    pub(super) fn admit(&mut self, update: &ProgressUpdate) -> Option<Progress> {
        if self.ended {
            return None;
        }
        let passes = match update {
            ProgressUpdate::Bytes { .. } | ProgressUpdate::State(_) => {
                self.limiter.admit(Instant::now()).is_some()
            }
            ProgressUpdate::Finished(_) | ProgressUpdate::Failed(_) => {
                self.ended = true;
                true
            }
        };
        passes.then(|| self.progress.clone())
    }

    /// The plugin let go of a download it was to follow.
    pub(super) fn abandoned(self) {
        if !self.ended {
            let error = SourceError::internal(
                "the plugin let go of a download without saying how it ended",
            );
            pass_on(&self.progress, ProgressUpdate::Failed(error));
        }
    }
}

pub(super) fn pass_on(progress: &Progress, update: ProgressUpdate) {
    guarded(|| match update {
        ProgressUpdate::Bytes { done, total } => progress.bytes(done, total),
        ProgressUpdate::State(text) => progress.state(&text),
        ProgressUpdate::Finished(files) => progress.finished(files),
        ProgressUpdate::Failed(error) => progress.failed(error),
    });
}

/// A listener that cannot answer wants nothing any more.
pub(super) fn is_cancelled(progress: &Progress) -> bool {
    guarded(|| progress.is_cancelled()).unwrap_or(true)
}

/// `None` when it panicked; the panic hook has reported it.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
