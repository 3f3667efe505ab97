//! Which downloads are going on, as jobs report them, for processes that look at the journal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::engine::event::Event;
use crate::engine::journal::CurrentDownload;
use crate::music::TrackId;

/// Downloads that are going on, by item.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    now: BTreeMap<TrackId, CurrentDownload>,
    changed: bool,
}

impl Downloads {
    /// Takes note of progress, if the item has not come back before it.
    pub(super) fn hear(&mut self, event: &Event, is_running: impl Fn(&TrackId) -> bool) {
        let Event::Fetching {
            id,
            source,
            done,
            total,
        } = event
        else {
            return;
        };
        if !is_running(id) {
            return;
        }
        let going_on = self.now.get(id).filter(|before| before.source == *source);
        let began_at = going_on.map_or_else(Timestamp::now, |before| before.began_at);
        let download = CurrentDownload {
            id: id.clone(),
            source: source.clone(),
            began_at,
            bytes: *done,
            total: *total,
        };
        self.now.insert(id.clone(), download);
        self.changed = true;
    }

    /// The item came back: nothing is fetched for it.
    pub(super) fn forget(&mut self, id: &TrackId) {
        self.changed |= self.now.remove(id).is_some();
    }

    /// All of them, if any changed since the last time.
    pub(super) fn take_changed(&mut self) -> Option<Vec<CurrentDownload>> {
        std::mem::take(&mut self.changed).then(|| self.now.values().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::SourceName;

    fn progress(title: &str, source: &str, done: u64) -> Event {
        Event::Fetching {
            id: TrackId::text(title),
            source: SourceName::parse(source).unwrap(),
            done,
            total: Some(9),
        }
    }

    #[test]
    fn a_download_is_there_from_its_first_bytes_until_its_item_comes_back() {
        let mut downloads = Downloads::default();
        assert_eq!(downloads.take_changed(), None);
        downloads.hear(&Event::Stopping, |_| true);
        downloads.hear(&progress("a", "one", 1), |_| false);
        assert_eq!(downloads.take_changed(), None);
        for event in [
            progress("a", "one", 1),
            progress("b", "one", 2),
            progress("a", "two", 0),
            progress("a", "two", 5),
        ] {
            downloads.hear(&event, |_| true);
        }
        let now = downloads.take_changed().unwrap();
        let seen: Vec<_> = now
            .iter()
            .map(|one| (one.source.as_str(), one.bytes, one.total))
            .collect();
        assert_eq!(seen, [("two", 5, Some(9)), ("one", 2, Some(9))]);
        assert_eq!(downloads.take_changed(), None);

        downloads.forget(&TrackId::text("a"));
        downloads.forget(&TrackId::text("c"));
        assert_eq!(downloads.take_changed().map(|now| now.len()), Some(1));
        downloads.forget(&TrackId::text("c"));
        assert_eq!(downloads.take_changed(), None);
    }
}
