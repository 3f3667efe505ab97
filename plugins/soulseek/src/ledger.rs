//! What of ours is at slskd: searches and downloads that we began and have not cleaned up.
//! Kept in the host's store, so that a run that was killed leaves nothing for ever, and a
//! resumed one knows its own downloads from the user's, which are never touched.

use std::sync::{Mutex, MutexGuard, PoisonError};

use musicdl_plugin_api::{Host, LogLevel};
use serde::{Deserialize, Serialize};

const KEY: &str = "ours";
/// A value of the store has up to 64 KiB; the oldest entries go first.
const MOST: usize = 200;

/// A download of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ours {
    pub(crate) username: String,
    pub(crate) id: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Entries {
    searches: Vec<String>,
    downloads: Vec<Ours>,
}

/// The list, of this run and of those before.
pub(crate) struct Ledger {
    host: Host,
    /// `None` until it was read from the store.
    entries: Mutex<Option<Entries>>,
    /// Left by earlier runs.
    inherited: Mutex<Entries>,
}

impl Ledger {
    pub(crate) fn new(host: Host) -> Self {
        Self {
            host,
            entries: Mutex::new(None),
            inherited: Mutex::default(),
        }
    }

    pub(crate) fn search_began(&self, id: &str) {
        self.change(|entries| entries.searches.push(id.to_owned()));
    }

    pub(crate) fn search_is_gone(&self, id: &str) {
        lock(&self.inherited).searches.retain(|known| known != id);
        self.change(|entries| entries.searches.retain(|known| known != id));
    }

    pub(crate) fn download_began(&self, username: &str, id: &str) {
        self.download_is_gone(username, id);
        let ours = Ours {
            username: username.to_owned(),
            id: id.to_owned(),
        };
        self.change(|entries| entries.downloads.push(ours));
    }

    pub(crate) fn download_is_gone(&self, username: &str, id: &str) {
        let other = |known: &Ours| known.id != id || known.username != username;
        lock(&self.inherited).downloads.retain(other);
        self.change(|entries| entries.downloads.retain(other));
    }

    /// Whether we began that download, in this run or an earlier one.
    pub(crate) fn owns(&self, username: &str, id: &str) -> bool {
        let mut owns = false;
        self.with(|entries| {
            owns = entries
                .downloads
                .iter()
                .any(|known| known.id == id && known.username == username);
        });
        owns
    }

    /// Searches that earlier runs left behind.
    pub(crate) fn inherited_searches(&self) -> Vec<String> {
        self.with(|_| ());
        lock(&self.inherited).searches.clone()
    }

    /// Downloads that earlier runs left behind and this one did not take up.
    pub(crate) fn inherited_downloads(&self) -> Vec<Ours> {
        self.with(|_| ());
        lock(&self.inherited).downloads.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Entries)) {
        self.with(|entries| {
            change(entries);
            let over = entries.searches.len().saturating_sub(MOST);
            entries.searches.drain(..over);
            let over = entries.downloads.len().saturating_sub(MOST);
            entries.downloads.drain(..over);
            let nothing = entries.searches.is_empty() && entries.downloads.is_empty();
            let text = serde_json::to_string(entries).unwrap_or_default();
            let kept = self
                .host
                .store_set(KEY, (!nothing).then_some(text.as_str()));
            if let Err(error) = kept {
                self.say("what is under way cannot be noted down", &error.message);
            }
        });
    }

    fn with(&self, act: impl FnOnce(&mut Entries)) {
        let mut entries = lock(&self.entries);
        let known = entries.get_or_insert_with(|| {
            let read = self.read();
            *lock(&self.inherited) = read.clone();
            read
        });
        act(known);
    }

    fn read(&self) -> Entries {
        match self.host.store_get(KEY) {
            Ok(Some(text)) => serde_json::from_str(&text).unwrap_or_else(|error| {
                self.say("the note of an earlier run is damaged", &error.to_string());
                Entries::default()
            }),
            Ok(None) => Entries::default(),
            Err(error) => {
                self.say("the note of an earlier run cannot be read", &error.message);
                Entries::default()
            }
        }
    }

    /// The music is as good without the note; only a left-over may stay.
    fn say(&self, what: &str, why: &str) {
        self.host.log(LogLevel::WARN, what, &[("why", why)]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::testing::TestHost;

    use super::*;

    #[test]
    fn what_a_killed_run_left_is_known_to_the_next() {
        let kit = TestHost::new();
        let killed = Ledger::new(kit.host());
        killed.search_began("s1");
        killed.download_began("ann", "1");
        killed.download_began("ann", "2");

        let next = Ledger::new(kit.host());
        assert!(next.owns("ann", "1"));
        assert!(!next.owns("bob", "1"));
        // Taken up: ours still, and nothing to sweep up any more.
        next.download_began("ann", "1");
        assert!(next.owns("ann", "1"));
        let left: Vec<String> = next
            .inherited_downloads()
            .into_iter()
            .map(|ours| ours.id)
            .collect();
        assert_eq!(left, ["2"]);
        assert_eq!(next.inherited_searches(), ["s1"]);
    }

    #[test]
    fn a_run_that_cleaned_up_leaves_no_note() {
        let kit = TestHost::new();
        let ledger = Ledger::new(kit.host());
        ledger.search_began("s1");
        ledger.download_began("ann", "1");
        assert!(kit.stored(KEY).is_some());
        ledger.search_is_gone("s1");
        ledger.download_is_gone("ann", "1");
        assert_eq!(kit.stored(KEY), None);
    }
}
