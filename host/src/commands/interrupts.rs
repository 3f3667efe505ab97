//! What Ctrl-C and SIGTERM mean for a run.

use std::sync::Arc;

use crate::app::{Control, Exit};

/// Listens to Ctrl-C and SIGTERM from now on. While the plan is made nothing is lost by ending
/// at once. After that the first asks the run to stop, the second aborts it, and the third ends
/// the process. Called within the runtime.
pub(super) fn listen() -> Arc<Control> {
    let control = Arc::<Control>::default();
    let asked = Arc::clone(&control);
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        loop {
            let exit = signals.next().await;
            asked.set_terminated(exit == Exit::Terminated);
            let cancel = asked.cancel();
            if !asked.is_carrying_out() || cancel.is_aborting() {
                std::process::exit(exit.code().into());
            } else if cancel.is_stopping() {
                cancel.abort();
            } else {
                cancel.stop();
            }
        }
    });
    control
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
