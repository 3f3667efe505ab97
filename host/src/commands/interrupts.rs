//! What Ctrl-C and SIGTERM mean for a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::exit::Exit;
use crate::engine::Cancel;

/// Ctrl-C and SIGTERM. While the plan is made nothing is lost by ending at once. After that
/// the first asks politely, the second does not, the third does not wait either.
pub(super) struct Interrupts {
    cancel: Cancel,
    terminated: Arc<AtomicBool>,
    carrying_out: Arc<AtomicBool>,
}

impl Interrupts {
    /// Listens from now on. Called within the runtime.
    pub(super) fn listen() -> Self {
        let interrupts = Self {
            cancel: Cancel::new(),
            terminated: Arc::default(),
            carrying_out: Arc::default(),
        };
        let cancel = interrupts.cancel.clone();
        let terminated = Arc::clone(&interrupts.terminated);
        let carrying_out = Arc::clone(&interrupts.carrying_out);
        let mut signals = Signals::listen();
        tokio::spawn(async move {
            loop {
                let exit = signals.next().await;
                terminated.store(exit == Exit::Terminated, Ordering::Relaxed);
                if !carrying_out.load(Ordering::Relaxed) || cancel.is_aborting() {
                    std::process::exit(exit.code().into());
                } else if cancel.is_stopping() {
                    cancel.abort();
                } else {
                    cancel.stop();
                }
            }
        });
        interrupts
    }

    /// From now on a signal lets the run finish its step and keep its books.
    pub(super) fn be_polite(&self) {
        self.carrying_out.store(true, Ordering::Relaxed);
    }

    /// What the engine is told.
    pub(super) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The code of the newest signal.
    pub(super) fn exit(&self) -> Exit {
        if self.terminated.load(Ordering::Relaxed) {
            Exit::Terminated
        } else {
            Exit::Interrupted
        }
    }
}

/// What asks the program to end; listened to from the first moment, so that none is missed.
struct Signals {
    streams: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
}

impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let streams = signal(SignalKind::interrupt())
            .and_then(|interrupt| Ok((interrupt, signal(SignalKind::terminate())?)));
        if let Err(error) = &streams {
            tracing::warn!(%error, "signals cannot be heard; Ctrl-C ends the program at once");
        }
        // A write beyond the limit of file sizes (`ulimit -f`) ends the program unless somebody
        // listens to this one. Nobody has to hear it: the write fails as well, and that names
        // the file.
        let too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        if let Err(error) = signal(too_large) {
            tracing::warn!(%error, "a limit of file sizes will end the program at once");
        }
        Self {
            streams: streams.ok(),
        }
    }

    async fn next(&mut self) -> Exit {
        match &mut self.streams {
            Some((interrupt, terminate)) => tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            },
            None => std::future::pending().await,
        }
    }
}
