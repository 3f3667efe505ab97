//! Whose turn it is to poll a job: at most one thread's at a time, and somebody's after each wake.

use std::sync::atomic::{AtomicU8, Ordering};

/// It waits, for a step or for somebody.
const ASLEEP: u8 = 0;
/// A thread is about to poll it.
const WOKEN: u8 = 1;
/// A thread polls it.
const POLLED: u8 = 2;
/// The same, and what it has seen may be old.
const POLLED_AND_WOKEN: u8 = 3;

/// An atomic number; a trait, so that all orders of several threads can be tried in tests.
pub(super) trait Word {
    fn new(value: u8) -> Self;
    /// Changes it by `next`, which may decline; what it was.
    fn update(&self, next: impl Fn(u8) -> Option<u8>) -> u8;
}

impl Word for AtomicU8 {
    fn new(value: u8) -> Self {
        Self::new(value)
    }

    fn update(&self, next: impl Fn(u8) -> Option<u8>) -> u8 {
        self.fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
            .unwrap_or_else(|unchanged| unchanged)
    }
}

/// The turn of one job.
#[derive(Debug)]
pub(super) struct Turn<W = AtomicU8>(W);

impl<W: Word> Default for Turn<W> {
    fn default() -> Self {
        Self(W::new(ASLEEP))
    }
}

impl<W: Word> Turn<W> {
    /// Something happened. Whoever hears `true` sees to it that a thread takes the turn.
    pub(super) fn wake(&self) -> bool {
        let was = self.0.update(|state| match state {
            ASLEEP => Some(WOKEN),
            POLLED => Some(POLLED_AND_WOKEN),
            _ => None,
        });
        was == ASLEEP
    }

    /// This thread takes the turn that it was woken for.
    pub(super) fn begin(&self) {
        self.0.update(|_| Some(POLLED));
    }

    /// This thread has polled the job, which waits. `false`: it was woken meanwhile, and this
    /// thread is to begin again.
    pub(super) fn end(&self) -> bool {
        let was = self.0.update(|state| match state {
            POLLED => Some(ASLEEP),
            _ => Some(WOKEN),
        });
        was == POLLED
    }
}
