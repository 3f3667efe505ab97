//! What of ours is at slskd: searches and downloads that we began and have not cleaned up.
//! Kept in the host's store, so that a run that was killed leaves nothing for ever, and a
//! resumed one knows its own downloads from the user's, which are never touched.

use std::sync::{Mutex, MutexGuard, PoisonError};

use musicdl_plugin_api::{Host, LogLevel};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A value of the store has up to 64 KiB; the oldest entries go first.
const MOST: usize = 200;

/// A download of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ours {
    pub(crate) username: String,
    pub(crate) id: String,
}

/// Both lists, of this run and of those before. They have keys of their own, so that a
/// command that only searches does not rewrite what a run noted of its downloads.
pub(crate) struct Ledger {
    searches: List<String>,
    downloads: List<Ours>,
}

impl Ledger {
    pub(crate) fn new(host: &Host) -> Self {
        Self {
            searches: List::new(host, "searches"),
            downloads: List::new(host, "downloads"),
        }
    }

    pub(crate) fn search_began(&self, id: &str) {
        self.searches.add(id.to_owned());
    }

    pub(crate) fn search_is_gone(&self, id: &str) {
        self.searches.remove(|known| known == id);
    }

    /// Also for a download that an earlier run began and this one took up.
    pub(crate) fn download_began(&self, username: &str, id: &str) {
        self.download_is_gone(username, id);
        self.downloads.add(Ours {
            username: username.to_owned(),
            id: id.to_owned(),
        });
    }

    pub(crate) fn download_is_gone(&self, username: &str, id: &str) {
        self.downloads
            .remove(|known| known.id == id && known.username == username);
    }

    /// Whether we began that download, in this run or an earlier one.
    pub(crate) fn owns(&self, username: &str, id: &str) -> bool {
        self.downloads.with(|noted| {
            let is = |known: &Ours| known.id == id && known.username == username;
            noted.all.iter().any(is)
        })
    }

    /// Searches that earlier runs left behind.
    pub(crate) fn inherited_searches(&self) -> Vec<String> {
        self.searches.with(|noted| noted.inherited.clone())
    }

    /// Downloads that earlier runs left behind and this one did not take up.
    pub(crate) fn inherited_downloads(&self) -> Vec<Ours> {
        self.downloads.with(|noted| noted.inherited.clone())
    }
}

/// One list, and its place in the store.
struct List<T> {
    host: Host,
    key: &'static str,
    /// `None` until it was read from the store.
    noted: Mutex<Option<Noted<T>>>,
}

struct Noted<T> {
    all: Vec<T>,
    /// Those of `all` that earlier runs left.
    inherited: Vec<T>,
}

impl<T: Clone + Serialize + DeserializeOwned> List<T> {
    fn new(host: &Host, key: &'static str) -> Self {
        Self {
            host: host.clone(),
            key,
            noted: Mutex::new(None),
        }
    }

    fn add(&self, entry: T) {
        self.with(|noted| {
            noted.all.push(entry);
            let over = noted.all.len().saturating_sub(MOST);
            noted.all.drain(..over);
            self.write(&noted.all);
        });
    }

    fn remove(&self, is: impl Fn(&T) -> bool) {
        self.with(|noted| {
            let before = noted.all.len();
            noted.all.retain(|known| !is(known));
            noted.inherited.retain(|known| !is(known));
            if noted.all.len() < before {
                self.write(&noted.all);
            }
        });
    }

    fn with<A>(&self, act: impl FnOnce(&mut Noted<T>) -> A) -> A {
        let mut noted: MutexGuard<'_, _> =
            self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        act(noted.get_or_insert_with(|| {
            let all = self.read();
            Noted {
                inherited: all.clone(),
                all,
            }
        }))
    }

    fn read(&self) -> Vec<T> {
        match self.host.store_get(self.key) {
            Ok(Some(text)) => serde_json::from_str(&text).unwrap_or_else(|error| {
                self.say("the note of an earlier run is damaged", &error.to_string());
                Vec::new()
            }),
            Ok(None) => Vec::new(),
            Err(error) => {
                self.say("the note of an earlier run cannot be read", &error.message);
                Vec::new()
            }
        }
    }

    fn write(&self, all: &[T]) {
        let text = serde_json::to_string(all).expect("texts can be written as JSON");
        let kept = self
            .host
            .store_set(self.key, (!all.is_empty()).then_some(text.as_str()));
        if let Err(error) = kept {
            self.say("what is under way cannot be noted down", &error.message);
        }
    }

    /// The music is as good without the note; only a left-over may stay.
    fn say(&self, what: &str, why: &str) {
        self.host.log(LogLevel::WARN, what, &[("why", why)]);
    }
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::testing::TestHost;

    use super::*;

    #[test]
    fn what_a_killed_run_left_is_known_to_the_next() {
        let kit = TestHost::new();
        let killed = Ledger::new(&kit.host());
        killed.search_began("s1");
        killed.download_began("ann", "1");
        killed.download_began("ann", "2");

        let next = Ledger::new(&kit.host());
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
        let ledger = Ledger::new(&kit.host());
        ledger.search_began("s1");
        ledger.download_began("ann", "1");
        assert!(kit.stored("searches").is_some() && kit.stored("downloads").is_some());
        ledger.search_is_gone("s1");
        ledger.download_is_gone("ann", "1");
        assert_eq!(kit.stored("searches"), None);
        assert_eq!(kit.stored("downloads"), None);
    }
}
