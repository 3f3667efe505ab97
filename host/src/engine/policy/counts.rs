//! What a source was asked for in a run and what came of it, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use musicdl_plugin_api::ErrorKind;
use serde::Serialize;

use crate::music::SourceName;

/// Counts as they grow; each policy adds its own.
#[derive(Debug, Default)]
pub(in crate::engine) struct Counts {
    pub(super) searches: Count,
    pub(super) downloads: Count,
    pub(super) retries: Count,
    pub(super) waits: Count,
    waited_ms: Count,
    pub(super) cache_hits: Count,
    pub(super) cache_misses: Count,
    bytes: Count,
    failures: [Count; ErrorKind::ALL.len()],
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(super) fn waited(&self, time: Duration) {
        self.waits.add(1);
        self.waited_ms
            .add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    }

    pub(super) fn failed(&self, kind: ErrorKind) {
        let at = ErrorKind::ALL.iter().position(|known| *known == kind);
        if let Some(at) = at {
            self.failures[at].add(1);
        }
    }

    /// Bytes of audio that were delivered.
    pub(in crate::engine) fn delivered(&self, bytes: u64) {
        self.bytes.add(bytes);
    }

    /// The numbers now.
    pub(in crate::engine) fn totals(&self, source: &SourceName) -> SourceTotals {
        let failures = ErrorKind::ALL
            .into_iter()
            .zip(&self.failures)
            .map(|(kind, count)| Failures {
                kind: kind.as_str(),
                count: count.get(),
            })
            .filter(|failures| failures.count > 0);
        SourceTotals {
            source: source.clone(),
            searches: self.searches.get(),
            downloads: self.downloads.get(),
            retries: self.retries.get(),
            waits: self.waits.get(),
            waited_seconds: self.waited_ms.get() as f64 / 1000.0,
            searches_left: None,
            cache_hits: self.cache_hits.get(),
            cache_misses: self.cache_misses.get(),
            bytes: self.bytes.get(),
            failures: failures.collect(),
        }
    }
}

/// What a source was asked for in a run and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SourceTotals {
    /// Which.
    pub source: SourceName,
    /// Searches it answered or failed.
    pub searches: u64,
    /// Downloads it answered or failed.
    pub downloads: u64,
    /// Of these calls, those that repeated one that had failed.
    pub retries: u64,
    /// Waits for a free place, for the declared pace or before a retry.
    pub waits: u64,
    /// How long these were together.
    pub waited_seconds: f64,
    /// Searches that its window still allowed at the end. `None`: it has none.
    pub searches_left: Option<u32>,
    /// Searches that an earlier answer served.
    pub cache_hits: u64,
    /// Searches that no earlier answer served.
    pub cache_misses: u64,
    /// Bytes of audio it delivered.
    pub bytes: u64,
    /// Calls that failed, by kind.
    pub failures: Vec<Failures>,
}

/// How often calls failed in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failures {
    /// The kind in words.
    pub kind: &'static str,
    /// How often.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_told_by_kind_and_only_those_there_were() {
        let counts = Counts::default();
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::Transient,
            ErrorKind::NotFound,
        ] {
            counts.failed(kind);
        }
        counts.waited(Duration::from_millis(1500));
        let totals = counts.totals(&SourceName::parse("a").unwrap());
        let told: Vec<_> = totals
            .failures
            .iter()
            .map(|failures| (failures.kind, failures.count))
            .collect();
        assert_eq!(told, [("not found", 2), ("temporary failure", 1)]);
        assert_eq!((totals.waits, totals.waited_seconds), (1, 1.5));
    }
}
