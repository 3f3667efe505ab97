//! The host's end of one download, which records what is reported and may cancel.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Files, Progress, ProgressSink, SourceError};

/// What a source said of one download. Clones speak of the same download.
#[derive(Clone, Default)]
pub struct ProgressRecord(Arc<Recorded>);

struct Recorded {
    bytes: Mutex<Vec<(u64, Option<u64>)>>,
    states: Mutex<Vec<String>>,
    outcome: Mutex<Option<Result<Files, SourceError>>>,
    cancelled: AtomicBool,
    cancel_at: AtomicU64,
}

impl Default for Recorded {
    fn default() -> Self {
        Self {
            bytes: Mutex::default(),
            states: Mutex::default(),
            outcome: Mutex::default(),
            cancelled: AtomicBool::new(false),
            cancel_at: AtomicU64::new(u64::MAX),
        }
    }
}

impl ProgressRecord {
    /// The record of a download that is never cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// The record of a download that is cancelled once `bytes` bytes are there.
    pub fn cancelling_at(bytes: u64) -> Self {
        let record = Self::default();
        record.0.cancel_at.store(bytes, Ordering::SeqCst);
        record
    }

    /// The handle to give to the source.
    pub fn progress(&self) -> Progress {
        Progress::new(Arc::clone(&self.0) as Arc<dyn ProgressSink>)
    }

    /// Asks the download to end.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
    }

    /// Every `(done, total)` that was reported, in order.
    pub fn bytes(&self) -> Vec<(u64, Option<u64>)> {
        read(&self.0.bytes)
    }

    /// Every state text that was reported, in order.
    pub fn states(&self) -> Vec<String> {
        read(&self.0.states)
    }

    /// How a download that is followed ended; `None` while it has not.
    pub fn outcome(&self) -> Option<Result<Files, SourceError>> {
        read(&self.0.outcome)
    }
}

fn read<T: Clone>(value: &Mutex<T>) -> T {
    value.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

impl Recorded {
    /// The contract lets only the first end count.
    fn end(&self, outcome: Result<Files, SourceError>) {
        self.outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(outcome);
    }
}

impl ProgressSink for Recorded {
    fn bytes(&self, done: u64, total: Option<u64>) {
        if done >= self.cancel_at.load(Ordering::SeqCst) {
            self.cancelled.store(true, Ordering::SeqCst);
        }
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((done, total));
    }

    fn state(&self, text: &str) {
        self.states
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(text.to_owned());
    }

    fn finished(&self, files: Files) {
        self.end(Ok(files));
    }

    fn failed(&self, error: SourceError) {
        self.end(Err(error));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}
