//! Decides, look by look, how a download in Lidarr stands: whether to go on waiting, and if
//! not, how it ended. Pure: the time is an argument, and what to do about an end is `grab`'s.

use std::time::Duration;

use crate::config::Patience;
use crate::error::one_line;
use crate::records::{QueueItem, Statistics};

/// An import that only waits may still go on by itself; longer than this many settle times it
/// never did.
const WARNED_TIMES: u32 = 5;

/// What a look at queue and library comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Go on; a few words on what is being waited for.
    Wait(String),
    /// Every track has a file.
    Complete,
    /// Nothing more is to be expected.
    Ended(Ending),
}

/// How a download ended without every track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It never came into the queue.
    NeverCame,
    /// It is gone from the queue, or through with it.
    Gone,
    /// It failed, in the words of Lidarr, and nothing followed.
    Failed(String),
    /// Lidarr does not import it, and says why.
    NotImported(String),
    /// Not a byte for as long as one may wait.
    Stalled,
    /// The time for the album is over.
    TooLong,
}

/// What a download in the queue is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// Being fetched, or something that only a later Lidarr knows.
    Fetching,
    /// Held back by a delay profile or a download client that is away, or paused by its user.
    Held,
    Importing,
    /// The import waits, with a warning.
    Warned,
    /// The import needs a human.
    Blocked,
    Failed,
    /// Imported or ignored: about to leave the queue.
    Through,
}

fn doing(item: &QueueItem) -> Doing {
    let state = item.tracked_download_state.as_deref().unwrap_or_default();
    let status = item.status.as_deref().unwrap_or_default();
    let warned = item
        .tracked_download_status
        .as_deref()
        .is_some_and(|status| status != "ok");
    match state {
        "downloadFailed" | "downloadFailedPending" => Doing::Failed,
        "importBlocked" | "importFailed" => Doing::Blocked,
        "importPending" if warned => Doing::Warned,
        "importPending" | "importing" => Doing::Importing,
        "imported" | "ignored" => Doing::Through,
        _ => match status {
            "failed" => Doing::Failed,
            "delay" | "downloadClientUnavailable" | "paused" => Doing::Held,
            _ => Doing::Fetching,
        },
    }
}

/// Whether it may still become files without anybody's help.
pub(crate) fn is_alive(item: &QueueItem) -> bool {
    match doing(item) {
        Doing::Fetching | Doing::Held | Doing::Importing | Doing::Through => true,
        Doing::Warned | Doing::Blocked | Doing::Failed => false,
    }
}

/// What has been seen of a download so far.
#[derive(Debug)]
pub(crate) struct Watch {
    patience: Patience,
    /// When the search was through. Times here are counted from the begin of the download.
    began: Duration,
    /// When there was last a download in the queue.
    seen: Option<Duration>,
    /// Bytes to come, and since when it has been so many.
    left: Option<(u64, Duration)>,
    /// Since when there have only been downloads that need help, and which kind.
    stuck: Option<(Doing, Duration)>,
    /// What Lidarr last said of a download that failed.
    failed: Option<String>,
}

impl Watch {
    pub(crate) fn new(patience: Patience, now: Duration) -> Self {
        Self {
            patience,
            began: now,
            seen: None,
            left: None,
            stuck: None,
            failed: None,
        }
    }

    /// One look, at the time `now`.
    pub(crate) fn look(
        &mut self,
        now: Duration,
        items: &[QueueItem],
        there: Statistics,
    ) -> Verdict {
        if there.is_complete() {
            return Verdict::Complete;
        }
        if now >= self.patience.album {
            return Verdict::Ended(Ending::TooLong);
        }
        let Some(best) = items.iter().map(doing).min_by_key(|&doing| rank(doing)) else {
            return self.look_at_nothing(now);
        };
        self.seen = Some(now);
        if best != Doing::Failed {
            self.failed = None;
        }
        match best {
            Doing::Fetching | Doing::Importing => self.look_at_bytes(now, items),
            Doing::Held => {
                // Neither a delay profile nor a pause is a fault of the download.
                self.left = None;
                self.stuck = None;
                Verdict::Wait("held back in Lidarr's queue".to_owned())
            }
            Doing::Through | Doing::Warned | Doing::Blocked | Doing::Failed => {
                self.look_at_stuck(now, best, items)
            }
        }
    }

    fn look_at_nothing(&mut self, now: Duration) -> Verdict {
        self.left = None;
        self.stuck = None;
        let (since, limit, ending, words) = match (self.seen, &self.failed) {
            (None, _) => (
                self.began,
                self.patience.step,
                Ending::NeverCame,
                "waiting for Lidarr's download client",
            ),
            (Some(seen), Some(why)) => (
                seen,
                self.patience.step,
                Ending::Failed(why.clone()),
                "waiting for Lidarr to take another release",
            ),
            (Some(seen), None) => (
                seen,
                self.patience.settle,
                Ending::Gone,
                "waiting for Lidarr's library",
            ),
        };
        if now.saturating_sub(since) >= limit {
            Verdict::Ended(ending)
        } else {
            Verdict::Wait(words.to_owned())
        }
    }

    fn look_at_bytes(&mut self, now: Duration, items: &[QueueItem]) -> Verdict {
        self.stuck = None;
        let bytes = |number: Option<f64>| number.unwrap_or(0.0).max(0.0);
        let all: f64 = items.iter().map(|item| bytes(item.size)).sum();
        let left: f64 = items.iter().map(|item| bytes(item.sizeleft)).sum();
        let importing = items.iter().any(|item| doing(item) == Doing::Importing);
        // Whole bytes: what is compared must not change by rounding.
        let left_now = left as u64;
        let since = match self.left {
            Some((before, since)) if before == left_now => since,
            Some(_) | None => now,
        };
        self.left = Some((left_now, since));
        if now.saturating_sub(since) >= self.patience.stall {
            return Verdict::Ended(Ending::Stalled);
        }
        Verdict::Wait(if importing {
            "Lidarr imports the files".to_owned()
        } else if all > 0.0 {
            let percent = ((all - left) / all * 100.0).clamp(0.0, 100.0);
            format!("Lidarr downloads, {percent:.0} %")
        } else {
            "Lidarr downloads".to_owned()
        })
    }

    fn look_at_stuck(&mut self, now: Duration, best: Doing, items: &[QueueItem]) -> Verdict {
        self.left = None;
        let since = match self.stuck {
            Some((before, since)) if before == best => since,
            Some(_) | None => now,
        };
        self.stuck = Some((best, since));
        let words = messages(items);
        let patience = &self.patience;
        let (limit, ending, state) = match best {
            Doing::Failed => {
                self.failed = Some(words.clone());
                (
                    patience.step,
                    Ending::Failed(words),
                    "the download failed in Lidarr",
                )
            }
            Doing::Blocked => (
                patience.settle,
                Ending::NotImported(words),
                "Lidarr does not import the download",
            ),
            Doing::Warned => (
                patience.settle.saturating_mul(WARNED_TIMES),
                Ending::NotImported(words),
                "Lidarr hesitates to import the download",
            ),
            Doing::Through | Doing::Fetching | Doing::Held | Doing::Importing => (
                patience.settle,
                Ending::Gone,
                "waiting for Lidarr's library",
            ),
        };
        if now.saturating_sub(since) >= limit {
            Verdict::Ended(ending)
        } else {
            Verdict::Wait(state.to_owned())
        }
    }
}

/// Of several downloads of an album the one with the most hope counts.
fn rank(doing: Doing) -> u8 {
    match doing {
        Doing::Importing => 0,
        Doing::Fetching => 1,
        Doing::Held => 2,
        Doing::Through => 3,
        Doing::Warned => 4,
        Doing::Blocked => 5,
        Doing::Failed => 6,
    }
}

/// What Lidarr says of the downloads, each sentence once.
fn messages(items: &[QueueItem]) -> String {
    let mut said: Vec<String> = Vec::new();
    for item in items {
        let listed = item.status_messages.iter().flat_map(|status| {
            // A message without sentences has its only words in the title.
            let title = status.title.iter().filter(|_| status.messages.is_empty());
            status.messages.iter().chain(title)
        });
        for message in listed.chain(&item.error_message) {
            let message = one_line(message);
            if !message.is_empty() && !said.contains(&message) {
                said.push(message);
            }
        }
    }
    said.join("; ")
}

#[cfg(test)]
mod tests;
