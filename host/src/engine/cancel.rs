//! How a run is told to end: first politely, then at once.

use tokio_util::sync::CancellationToken;

/// The two wishes of somebody who presses Ctrl-C. Clones speak of the same run.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Cancel {
    /// A run that nobody wants to end yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same wishes for one item: it ends with the run, and may be ended alone.
    pub(super) fn of_one_item(&self) -> Self {
        Self {
            stop: self.stop.child_token(),
            abort: self.abort.child_token(),
        }
    }

    /// Take no new work; what runs may finish its step.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// End what runs, at once.
    pub fn abort(&self) {
        self.stop.cancel();
        self.abort.cancel();
    }

    /// Whether no new work is to be taken.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether what runs is to end.
    pub fn is_aborting(&self) -> bool {
        self.abort.is_cancelled()
    }

    /// Waits for the first wish.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Waits for the second.
    pub async fn aborting(&self) {
        self.abort.cancelled().await;
    }
}
