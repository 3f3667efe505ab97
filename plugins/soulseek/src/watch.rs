//! One download as it is read again and again -> is it under way, there, or lost? Pure:
//! time is an argument. Who reads, and what follows, is `follow`'s.
//!
//! Two traps of slskd's are kept here. From 0.26 on it tries failed downloads again, and
//! shows the failure for a moment in between, so that such a failure counts only when it is
//! read twice. And a download's `endedAt` stays set when the next try begins, so that it
//! says nothing.

use std::time::{Duration, Instant};

use musicdl_plugin_api::{ErrorKind, SourceError};

use crate::config::Patience;
use crate::record::Transfer;
use crate::state::{Ending, Stage, stage};

/// The same failure read again after so long is no longer one between two tries.
const CONFIRMED_AFTER: Duration = Duration::from_secs(2);

/// What the readings come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    UnderWay(Stage),
    /// A failure that slskd may try again by itself.
    Doubtful,
    /// All bytes arrived; the file may not be at its place yet.
    Succeeded,
    Lost(Loss),
}

/// Why a download came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Loss {
    #[error("{}{}", meaning(*.0), said(.1))]
    Ended(Ending, String),
    #[error("not a byte came within {} s of waiting in queues", .0.as_secs())]
    Queue(Duration),
    #[error("no new byte came for {} s", .0.as_secs())]
    Stalled(Duration),
    #[error("the download vanished from slskd's list")]
    Vanished,
}

impl Loss {
    /// slskd has ended it and does not have to be notified.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self, Loss::Ended(..) | Loss::Vanished)
    }

    /// Whether it speaks against the peer.
    pub(crate) fn is_the_peers(&self) -> bool {
        match self {
            Loss::Ended(..) | Loss::Queue(_) | Loss::Stalled(_) => true,
            Loss::Vanished => false,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Loss::Ended(Ending::Rejected, words) if words.to_lowercase().contains("not shared") => {
                ErrorKind::NotFound
            }
            Loss::Ended(Ending::Rejected | Ending::Aborted, _) => ErrorKind::Permanent,
            // Not to be had from this peer now; another one may have no queue.
            Loss::Queue(_) => ErrorKind::NotFound,
            Loss::Ended(Ending::Cancelled | Ending::TimedOut | Ending::Errored, _)
            | Loss::Stalled(_)
            | Loss::Vanished => ErrorKind::Transient,
        }
    }

    /// What the host gets to see.
    pub(crate) fn report(&self, username: &str) -> SourceError {
        SourceError::new(self.kind(), format!("the peer {username}: {self}"))
    }
}

fn meaning(ending: Ending) -> &'static str {
    match ending {
        Ending::Rejected => "refused to send the file",
        Ending::Aborted => "has another file there by now",
        Ending::Cancelled => "the download was cancelled in slskd",
        Ending::TimedOut => "went silent",
        Ending::Errored => "the transfer failed",
    }
}

fn said(words: &str) -> String {
    let words: String = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    match words.trim() {
        "" => String::new(),
        words => format!(" ({words})"),
    }
}

/// The readings of one download so far.
#[derive(Debug)]
pub(crate) struct Watch {
    patience: Patience,
    /// The last new byte, or the beginning.
    moved: Instant,
    /// Since when bytes are supposed to flow.
    running: Option<Instant>,
    /// The most bytes seen; a new try may begin at 0.
    most: u64,
    /// A failure that may be one between two tries: which, at which try, first read when.
    doubt: Option<(Ending, u64, Instant)>,
}

impl Watch {
    pub(crate) fn new(patience: Patience, now: Instant) -> Self {
        Self {
            patience,
            moved: now,
            running: None,
            most: 0,
            doubt: None,
        }
    }

    /// The most bytes seen.
    pub(crate) fn bytes(&self) -> u64 {
        self.most
    }

    /// Takes one more reading.
    pub(crate) fn read(&mut self, transfer: &Transfer, now: Instant) -> Verdict {
        if transfer.bytes_transferred > self.most {
            self.most = transfer.bytes_transferred;
            self.moved = now;
        }
        let stage = stage(&transfer.state);
        if stage != Stage::Running {
            self.running = None;
        }
        match stage {
            Stage::Succeeded => Verdict::Succeeded,
            Stage::Failed(ending) => self.failure(ending, transfer, now),
            Stage::Running => {
                self.doubt = None;
                let since = *self.running.get_or_insert(now);
                if now.duration_since(since.max(self.moved)) >= self.patience.stall {
                    Verdict::Lost(Loss::Stalled(self.patience.stall))
                } else {
                    Verdict::UnderWay(stage)
                }
            }
            Stage::QueuedHere | Stage::QueuedThere | Stage::Starting => {
                self.doubt = None;
                if now.duration_since(self.moved) >= self.patience.queue {
                    Verdict::Lost(Loss::Queue(self.patience.queue))
                } else {
                    Verdict::UnderWay(stage)
                }
            }
        }
    }

    fn failure(&mut self, ending: Ending, transfer: &Transfer, now: Instant) -> Verdict {
        let lost = Verdict::Lost(Loss::Ended(
            ending,
            transfer.exception.clone().unwrap_or_default(),
        ));
        if ending.is_final() {
            return lost;
        }
        match self.doubt {
            Some((known, attempts, since)) if known == ending && attempts == transfer.attempts => {
                if now.duration_since(since) >= CONFIRMED_AFTER {
                    lost
                } else {
                    Verdict::Doubtful
                }
            }
            _ => {
                self.doubt = Some((ending, transfer.attempts, now));
                Verdict::Doubtful
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        search_silence: Duration::from_secs(15),
        queue: Duration::from_secs(600),
        stall: Duration::from_secs(60),
    };

    /// Second, state, bytes, try.
    type Reading = (u64, &'static str, u64, u64);

    /// The verdict on the last of them.
    fn last(readings: &[Reading]) -> Verdict {
        let start = Instant::now();
        let mut watch = Watch::new(PATIENCE, start);
        let mut verdict = None;
        for &(second, state, bytes_transferred, attempts) in readings {
            let transfer = Transfer {
                state: state.to_owned(),
                bytes_transferred,
                attempts,
                ..Transfer::default()
            };
            verdict = Some(watch.read(&transfer, start + Duration::from_secs(second)));
        }
        verdict.expect("there is a reading")
    }

    fn lost(ending: Ending) -> Verdict {
        Verdict::Lost(Loss::Ended(ending, String::new()))
    }

    #[test]
    fn a_failure_that_slskd_tries_again_is_none() {
        const ERRORED: &str = "Completed, Errored";
        const RUNNING: &str = "InProgress";
        let rows: &[(&[Reading], Verdict)] = &[
            (&[(1, ERRORED, 0, 1)], Verdict::Doubtful),
            (&[(1, ERRORED, 0, 1), (2, ERRORED, 0, 1)], Verdict::Doubtful),
            (
                &[(1, ERRORED, 0, 1), (3, ERRORED, 0, 1)],
                lost(Ending::Errored),
            ),
            // The next try failed as well: another failure, which may be tried again too.
            (&[(1, ERRORED, 0, 1), (3, ERRORED, 0, 2)], Verdict::Doubtful),
            (
                &[(1, ERRORED, 0, 1), (3, "Completed, TimedOut", 0, 1)],
                Verdict::Doubtful,
            ),
            (
                &[
                    (1, ERRORED, 0, 1),
                    (2, "Queued, Locally", 0, 1),
                    (9, ERRORED, 0, 1),
                ],
                Verdict::Doubtful,
            ),
            (
                &[
                    (1, ERRORED, 0, 1),
                    (2, "Queued, Locally", 0, 2),
                    (9, RUNNING, 5, 2),
                ],
                Verdict::UnderWay(Stage::Running),
            ),
            (
                &[(1, ERRORED, 0, 1), (9, "Completed, Succeeded", 7, 2)],
                Verdict::Succeeded,
            ),
            (&[(1, "Completed, Rejected", 0, 1)], lost(Ending::Rejected)),
            (&[(1, "Completed, Aborted", 0, 1)], lost(Ending::Aborted)),
            (
                &[(1, "Completed, Cancelled", 0, 1)],
                lost(Ending::Cancelled),
            ),
        ];
        for (readings, verdict) in rows {
            assert_eq!(last(readings), *verdict, "{readings:?}");
        }
    }

    #[test]
    fn a_queue_and_a_stall_have_limits_of_their_own() {
        const THERE: &str = "Queued, Remotely";
        const RUNNING: &str = "InProgress";
        let queue = || Verdict::Lost(Loss::Queue(PATIENCE.queue));
        let stalled = || Verdict::Lost(Loss::Stalled(PATIENCE.stall));
        let running = || Verdict::UnderWay(Stage::Running);
        let rows: &[(&[Reading], Verdict)] = &[
            (&[(599, THERE, 0, 1)], Verdict::UnderWay(Stage::QueuedThere)),
            (&[(600, THERE, 0, 1)], queue()),
            (&[(600, "Queued, Locally", 0, 1)], queue()),
            (&[(600, "Initializing", 0, 1)], queue()),
            // Waiting is not stalling: the clock of a stall begins with the transfer.
            (
                &[
                    (500, THERE, 0, 1),
                    (501, RUNNING, 0, 1),
                    (560, RUNNING, 0, 1),
                ],
                running(),
            ),
            (
                &[
                    (500, THERE, 0, 1),
                    (501, RUNNING, 0, 1),
                    (561, RUNNING, 0, 1),
                ],
                stalled(),
            ),
            (
                &[
                    (1, RUNNING, 5, 1),
                    (60, RUNNING, 6, 1),
                    (119, RUNNING, 6, 1),
                ],
                running(),
            ),
            (
                &[
                    (1, RUNNING, 5, 1),
                    (60, RUNNING, 6, 1),
                    (120, RUNNING, 6, 1),
                ],
                stalled(),
            ),
            // Bytes that a new try brings again are not new.
            (
                &[(1, RUNNING, 9, 1), (30, RUNNING, 2, 2), (61, RUNNING, 8, 2)],
                stalled(),
            ),
        ];
        for (readings, verdict) in rows {
            assert_eq!(last(readings), *verdict, "{readings:?}");
        }
    }

    #[test]
    fn each_loss_has_its_kind() {
        use ErrorKind::{NotFound, Permanent, Transient};
        let ended = |ending, words: &str| Loss::Ended(ending, words.to_owned());
        let limit = Duration::from_secs(60);
        for (loss, kind) in [
            (
                ended(Ending::Rejected, "Transfer rejected: File not shared."),
                NotFound,
            ),
            (
                ended(Ending::Rejected, "Transfer rejected: Too many files"),
                Permanent,
            ),
            (ended(Ending::Rejected, "Banned"), Permanent),
            (ended(Ending::Aborted, ""), Permanent),
            (ended(Ending::Cancelled, ""), Transient),
            (ended(Ending::TimedOut, ""), Transient),
            (ended(Ending::Errored, "Connection reset"), Transient),
            (Loss::Queue(limit), NotFound),
            (Loss::Stalled(limit), Transient),
            (Loss::Vanished, Transient),
        ] {
            let error = loss.report("ann b");
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.message.starts_with("the peer ann b: "), "{error}");
        }
    }
}
