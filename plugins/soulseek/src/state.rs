//! What the words of a transfer's or search's state mean. slskd writes sets of flags as
//! lists (`Completed, Rejected`), so that words are looked for and texts never compared, and
//! words of failure before words of success: both may stand beside `Completed`.

/// Where a download stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Not asked for yet, or between two attempts.
    QueuedHere,
    /// In the peer's queue.
    QueuedThere,
    /// Shaking hands.
    Starting,
    /// Bytes flow.
    Running,
    Succeeded,
    Failed(Ending),
}

/// How a download failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The peer refused.
    Rejected,
    /// The size is not what the search said.
    Aborted,
    /// By us, by the user, or by slskd's own limit for peers that never answer.
    Cancelled,
    /// The peer went silent.
    TimedOut,
    /// The connection or the peer failed.
    Errored,
}

impl Ending {
    /// slskd tries the others again by itself, and shows them in between.
    pub(crate) fn is_final(self) -> bool {
        match self {
            Ending::Rejected | Ending::Aborted | Ending::Cancelled => true,
            Ending::TimedOut | Ending::Errored => false,
        }
    }
}

/// Whether one of the words of `state` is `word`.
pub(crate) fn says(state: &str, word: &str) -> bool {
    state.split(',').any(|known| known.trim() == word)
}

/// Reads the state of a transfer.
pub(crate) fn stage(state: &str) -> Stage {
    let failures = [
        ("Rejected", Ending::Rejected),
        ("Aborted", Ending::Aborted),
        ("Cancelled", Ending::Cancelled),
        ("TimedOut", Ending::TimedOut),
        ("Errored", Ending::Errored),
    ];
    if let Some((_, ending)) = failures.iter().find(|(word, _)| says(state, word)) {
        return Stage::Failed(*ending);
    }
    if says(state, "Succeeded") {
        Stage::Succeeded
    } else if says(state, "Completed") {
        // Ended, in an unknown way.
        Stage::Failed(Ending::Errored)
    } else if says(state, "InProgress") {
        Stage::Running
    } else if says(state, "Initializing") {
        Stage::Starting
    } else if says(state, "Remotely") {
        Stage::QueuedThere
    } else {
        Stage::QueuedHere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_failure_count_before_words_of_success() {
        use Ending::{Aborted, Cancelled, Errored, Rejected, TimedOut};
        use Stage::{Failed, QueuedHere, QueuedThere, Running, Starting, Succeeded};
        for (state, expected) in [
            ("", QueuedHere),
            ("None", QueuedHere),
            ("Requested", QueuedHere),
            ("Queued, Locally", QueuedHere),
            ("Queued, Remotely", QueuedThere),
            ("Initializing", Starting),
            ("InProgress", Running),
            ("Completed, Succeeded", Succeeded),
            ("Completed, Cancelled", Failed(Cancelled)),
            ("Completed, TimedOut", Failed(TimedOut)),
            ("Completed, Errored", Failed(Errored)),
            ("Completed, Rejected", Failed(Rejected)),
            ("Completed, Aborted", Failed(Aborted)),
            ("Completed, Succeeded, Rejected", Failed(Rejected)),
            ("Completed,Succeeded", Succeeded),
            ("Completed, Evaporated", Failed(Errored)),
            ("SomethingNew", QueuedHere),
        ] {
            assert_eq!(stage(state), expected, "{state:?}");
        }
    }
}
