//! What the engine keeps of sources between runs; `state` implements it.

use std::time::Duration;

use jiff::Timestamp;
use musicdl_plugin_api::Hit;

use crate::music::{SourceName, TrackId};

/// A memory of sources. Every call but [`has_bad_files`](Self::has_bad_files) is one look into a
/// local file, and blocks for so long.
///
/// None of it is worth a run: an implementation that cannot read or write says so in the log
/// and answers as if it were empty.
pub trait SourceMemory: Send + Sync {
    /// When searches of that source were started, not earlier than `since`, oldest first.
    fn searches(&self, source: &SourceName, since: Timestamp) -> Vec<Timestamp>;

    /// A search of that source starts.
    fn search_starts(&self, source: &SourceName, at: Timestamp);

    /// Until when that source asked to be left alone, and its words. `None` when it did not,
    /// or that time has come.
    fn rest(&self, source: &SourceName, now: Timestamp) -> Option<(Timestamp, String)>;

    /// That source asked to be left alone until then.
    fn rests(&self, source: &SourceName, until: Timestamp, why: &str);

    /// What that source found for `key`, unless that was longer ago than `age`.
    fn answer(&self, source: &SourceName, key: &str, age: Duration) -> Option<Vec<Hit>>;

    /// What that source found for `key`, now.
    fn answered(&self, source: &SourceName, key: &str, hits: &[Hit]);

    /// Whether anything may be known against files for that item; never blocks. Most runs have no
    /// such item, and need not hand every item to a thread that may block to find that out.
    fn has_bad_files(&self, item: &TrackId) -> bool;

    /// Why the file behind that target was no good for the item. `None`: nothing is known
    /// against it.
    fn bad_file(&self, source: &SourceName, target: &str, item: &TrackId) -> Option<String>;

    /// The file behind that target is no good for the item.
    fn found_bad(&self, source: &SourceName, target: &str, item: &TrackId, why: &str);
}

/// A memory that keeps nothing, for runs that must leave no trace.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMemory;

impl SourceMemory for NoMemory {
    fn searches(&self, _: &SourceName, _: Timestamp) -> Vec<Timestamp> {
        Vec::new()
    }

    fn search_starts(&self, _: &SourceName, _: Timestamp) {}

    fn rest(&self, _: &SourceName, _: Timestamp) -> Option<(Timestamp, String)> {
        None
    }

    fn rests(&self, _: &SourceName, _: Timestamp, _: &str) {}

    fn answer(&self, _: &SourceName, _: &str, _: Duration) -> Option<Vec<Hit>> {
        None
    }

    fn answered(&self, _: &SourceName, _: &str, _: &[Hit]) {}

    fn has_bad_files(&self, _: &TrackId) -> bool {
        false
    }

    fn bad_file(&self, _: &SourceName, _: &str, _: &TrackId) -> Option<String> {
        None
    }

    fn found_bad(&self, _: &SourceName, _: &str, _: &TrackId, _: &str) {}
}
