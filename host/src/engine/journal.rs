//! What the engine asks of the journal it keeps; `state` implements it.

use std::time::Duration;

use jiff::Timestamp;

use crate::music::{SourceName, TrackId};
use crate::plan::SkipReason;
use crate::publish::Placed;

/// One entry of the journal.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An item was handed to a worker.
    Started {
        /// Which.
        id: TrackId,
    },
    /// An item was given back unfinished.
    Parked {
        /// Which.
        id: TrackId,
    },
    /// An item is at its places.
    Completed {
        /// Which.
        id: TrackId,
        /// Where, the first is its own.
        placed: Vec<Placed>,
        /// Digest of its audio, without tags; `None` when nothing was fetched.
        audio_hash: Option<String>,
    },
    /// Files that are at their places were written anew; their audio is the same.
    Rewritten {
        /// What they are now.
        placed: Vec<Placed>,
    },
    /// An item was given up.
    Failed {
        /// Which.
        id: TrackId,
        /// Why.
        error: String,
    },
    /// An item was passed over.
    Skipped {
        /// Which.
        id: TrackId,
        /// Why.
        reason: SkipReason,
    },
    /// A download was tried.
    Attempt(Attempt),
}

impl Entry {
    /// The item whose end this entry is.
    pub(super) fn ended(&self) -> Option<&TrackId> {
        match self {
            Self::Completed { id, .. } | Self::Failed { id, .. } | Self::Skipped { id, .. } => {
                Some(id)
            }
            Self::Started { .. }
            | Self::Parked { .. }
            | Self::Rewritten { .. }
            | Self::Attempt(_) => None,
        }
    }
}

/// One download of one candidate.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// For which item.
    pub id: TrackId,
    /// At whom.
    pub source: SourceName,
    /// The candidate, as the source names it.
    pub target: String,
    /// How well it fitted, 0 to 1.
    pub score: f64,
    /// Bytes of the file; 0 when none came.
    pub bytes: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// `None`: delivered. Else why not.
    pub failure: Option<String>,
    /// What was found out about its file, or where it is kept if it was refused.
    pub finding: Option<String>,
}

/// A download that is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentDownload {
    /// For which item.
    pub id: TrackId,
    /// From which source.
    pub source: SourceName,
    /// When its first bytes came.
    pub began_at: Timestamp,
    /// Bytes so far.
    pub bytes: u64,
    /// Bytes in all; `None` while unknown.
    pub total: Option<u64>,
}

/// A command to a run from another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Not to fetch that item, in this run or another.
    CancelItem(TrackId),
    /// Not to ask that source any more.
    DropSource(SourceName),
}

/// The journal could not be written; the run must not go on without it.
#[derive(Debug, thiserror::Error)]
#[error("journal: {0}")]
pub struct JournalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A journal that survives the end of the program.
pub trait Journal: Send {
    /// Writes all entries or none, durably: after this returns, a power cut loses nothing.
    ///
    /// # Errors
    /// When the disk does not take them.
    fn record(&mut self, entries: &[Entry]) -> Result<(), JournalError>;

    /// Notes which downloads are going on, for other processes that look. Nothing depends on it:
    /// it need not be durable.
    ///
    /// # Errors
    /// When the disk does not take them.
    fn downloads(&mut self, downloads: &[CurrentDownload]) -> Result<(), JournalError>;

    /// Takes what others have asked of this run since the last time. A cancel among it is durable
    /// when this returns.
    ///
    /// # Errors
    /// When the disk does not say.
    fn commands(&mut self) -> Result<Vec<Command>, JournalError>;
}
