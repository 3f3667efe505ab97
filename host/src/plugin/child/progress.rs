//! The host's end of a download, as a plugin in a process of its own holds it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use musicdl_plugin_api::{Files, Progress, ProgressSink, SourceError};

use super::host_connection::HostConnection;
use crate::plugin::cut::Cut;
use crate::plugin::messages::{ProgressUpdate, ToHost};
use crate::plugin::rate_limiter::RateLimiter;

/// The handle of the download of that number.
pub(super) fn of_download(host: &Arc<HostConnection>, id: u64) -> Progress {
    Progress::new(Arc::new(RemoteProgress {
        host: Arc::clone(host),
        id,
        cancelled: host.cancel_of(id),
        limiter: Mutex::new(RateLimiter::for_progress(Instant::now())),
    }))
}

struct RemoteProgress {
    host: Arc<HostConnection>,
    id: u64,
    cancelled: Arc<AtomicBool>,
    limiter: Mutex<RateLimiter>,
}

impl RemoteProgress {
    fn say(&self, update: ProgressUpdate) {
        self.host.send(&ToHost::Progress {
            id: self.id,
            update,
        });
    }

    /// Whether this small message is one of those that are passed on.
    fn passes(&self) -> bool {
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.admit(Instant::now()).is_some()
    }
}

impl ProgressSink for RemoteProgress {
    fn bytes(&self, done: u64, total: Option<u64>) {
        if self.passes() {
            self.say(ProgressUpdate::Bytes { done, total });
        }
    }

    fn state(&self, text: &str) {
        if self.passes() {
            let mut text = text.to_owned();
            text.cut();
            self.say(ProgressUpdate::State(text));
        }
    }

    fn finished(&self, mut files: Files) {
        files.cut();
        self.say(ProgressUpdate::Finished(files));
    }

    fn failed(&self, mut error: SourceError) {
        error.cut();
        self.say(ProgressUpdate::Failed(error));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

impl Drop for RemoteProgress {
    fn drop(&mut self) {
        self.host.let_go(self.id);
    }
}
