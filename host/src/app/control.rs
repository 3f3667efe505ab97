//! How a run is asked to end, and what it answers.

use std::sync::atomic::{AtomicBool, Ordering};

use super::exit::Exit;
use crate::engine::Cancel;

/// Shared by a run and whoever may end it: signals, a page, another thread.
#[derive(Debug, Default)]
pub struct Control {
    cancel: Cancel,
    terminated: AtomicBool,
    carrying_out: AtomicBool,
}

impl Control {
    /// Stops or aborts the engine.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Whether the run changes files and its state by now, so that it has to be asked to end.
    /// Before that nothing is lost by ending the process.
    pub fn is_carrying_out(&self) -> bool {
        self.carrying_out.load(Ordering::Relaxed)
    }

    pub(super) fn carries_out(&self) {
        self.carrying_out.store(true, Ordering::Relaxed);
    }

    /// Remembers whether the newest request to end was a service manager's (SIGTERM).
    pub fn set_terminated(&self, terminated: bool) {
        self.terminated.store(terminated, Ordering::Relaxed);
    }

    /// The exit code of a run that was asked to end.
    pub fn exit(&self) -> Exit {
        if self.terminated.load(Ordering::Relaxed) {
            Exit::Terminated
        } else {
            Exit::Interrupted
        }
    }
}
