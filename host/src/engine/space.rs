//! Whether the library's disk has room for what is about to be fetched. A disk that fills up
//! in the middle costs what was fetched so far; asked before, it costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is left free beside the audio: for tags, playlists, the journal, and other programs.
const MARGIN: u64 = 64 * 1024 * 1024;
/// A file and its tagged copy lie side by side for a moment.
const COPIES: u64 = 2;
/// A source that says more of a track is mistaken, and must not stop a run by it.
const LARGEST: u64 = 8 * 1024 * MIB;

/// What the downloads that run at the moment will need.
#[derive(Debug, Default)]
pub(super) struct Space {
    in_flight: AtomicU64,
}

/// Room for one download; given free when dropped.
#[derive(Debug)]
pub(super) struct Room {
    space: Arc<Space>,
    bytes: u64,
}

/// Too little of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} MiB are free and {} MiB are needed", free / MIB, needed / MIB + 1)]
pub(super) struct NoRoom {
    free: u64,
    needed: u64,
}

const MIB: u64 = 1024 * 1024;

impl Space {
    /// Room for a file of that many bytes; an unknown size counts as nothing but the margin.
    pub(super) fn reserve(self: &Arc<Self>, size: Option<u64>, free: u64) -> Result<Room, NoRoom> {
        let bytes = size.filter(|size| *size <= LARGEST).unwrap_or(0) * COPIES;
        let before = self.in_flight.fetch_add(bytes, Ordering::Relaxed);
        let room = Room {
            space: Arc::clone(self),
            bytes,
        };
        let needed = before.saturating_add(bytes).saturating_add(MARGIN);
        if free < needed {
            return Err(NoRoom { free, needed });
        }
        Ok(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.space
            .in_flight
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_and_the_margin_must_fit_as_well() {
        let space = Arc::<Space>::default();
        let free = MARGIN + 100 * MIB;
        assert!(space.reserve(None, MARGIN - 1).is_err());
        let first = space.reserve(Some(30 * MIB), free).unwrap();
        let refused = space.reserve(Some(30 * MIB), free).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "164 MiB are free and 185 MiB are needed"
        );
        let small = space.reserve(Some(20 * MIB), free).unwrap();
        drop(first);
        let second = space.reserve(Some(30 * MIB), free).unwrap();
        drop((small, second));
        assert_eq!(space.in_flight.load(Ordering::Relaxed), 0);
        assert!(
            space.reserve(Some(u64::MAX), free).is_ok(),
            "nobody believes that size"
        );
    }
}
