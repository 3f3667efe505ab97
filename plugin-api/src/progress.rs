//! How a running download tells the host where it stands.

use std::fmt;
use std::sync::Arc;

use crate::{Files, SourceError};

/// What stands behind a [`Progress`]; implemented by the host and by test kits.
pub trait ProgressSink: Send + Sync {
    /// `done` bytes of `total`; `None` while the total is unknown.
    fn bytes(&self, done: u64, total: Option<u64>);
    /// A few words on what is being waited for: `queued, 3 before us`.
    fn state(&self, text: &str);
    /// A download that answered [`Download::Following`](crate::Download::Following) is there.
    fn finished(&self, files: Files);
    /// A download that answered [`Download::Following`](crate::Download::Following) failed.
    fn failed(&self, error: SourceError);
    /// Whether the host wants the download to end.
    fn is_cancelled(&self) -> bool;
}

/// The host's end of one download.
///
/// Clones speak of the same download, from any thread. Every call also counts as a sign of
/// life: a download that shows none for its stall limit (60 s unless configured) is
/// cancelled. After the end (the call returned files or an error, or `finished` or `failed`
/// was called) further calls are ignored.
#[derive(Clone)]
pub struct Progress(Arc<dyn ProgressSink>);

impl Progress {
    /// A handle of that sink.
    pub fn new(sink: Arc<dyn ProgressSink>) -> Self {
        Self(sink)
    }

    /// A handle whose reports are ignored and that is never cancelled.
    pub fn ignored() -> Self {
        Self(Arc::new(Ignored))
    }

    /// `done` bytes of `total` are there; `total` is `None` while unknown. Call it as often
    /// as convenient, the host thins it out.
    pub fn bytes(&self, done: u64, total: Option<u64>) {
        self.0.bytes(done, total);
    }

    /// A few words on what is being waited for.
    pub fn state(&self, text: &str) {
        self.0.state(text);
    }

    /// Ends a download that answered [`Download::Following`](crate::Download::Following).
    pub fn finished(&self, files: Files) {
        self.0.finished(files);
    }

    /// Ends a download that answered [`Download::Following`](crate::Download::Following).
    pub fn failed(&self, error: SourceError) {
        self.0.failed(error);
    }

    /// Whether the host wants the download to end. Look at least once a second, clean up,
    /// and return [`SourceError::cancelled`].
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// `Err` with [`SourceError::cancelled`] once the host wants the download to end, for `?`.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), and nothing else.
    pub fn check(&self) -> Result<(), SourceError> {
        if self.is_cancelled() {
            Err(SourceError::cancelled())
        } else {
            Ok(())
        }
    }

    /// The sink behind the handle.
    pub fn sink(&self) -> &Arc<dyn ProgressSink> {
        &self.0
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

struct Ignored;

impl ProgressSink for Ignored {
    fn bytes(&self, _: u64, _: Option<u64>) {}
    fn state(&self, _: &str) {}
    fn finished(&self, _: Files) {}
    fn failed(&self, _: SourceError) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}
