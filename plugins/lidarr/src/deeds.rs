//! What we did in Lidarr for an album, kept over runs until it is settled, and how it is taken
//! back. Only what stands here is ever taken back: what was in Lidarr before stays as it was.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use musicdl_plugin_api::{Host, LogLevel, SourceError};
use serde::{Deserialize, Serialize};

use crate::api::Api;

/// Where the book lies in the host's store.
const KEY: &str = "grabs";
/// By then whatever a run that died left behind is its user's.
const KEPT_SECONDS: u64 = 7 * 24 * 3600;

/// What we did for one album.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Deeds {
    /// The album, if it is in the library because of us; it is monitored then.
    pub(crate) added_album: Option<i64>,
    /// Its artist, if in the library because of us.
    pub(crate) added_artist: Option<i64>,
    /// What we had the indexers searched for.
    pub(crate) search: Option<Search>,
    /// It was to be taken back, and that is not known to be through.
    pub(crate) to_undo: bool,
    /// When this was last written, in seconds since 1970.
    written: u64,
}

/// A search of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    pub(crate) album: i64,
    pub(crate) command: Option<i64>,
    /// The downloads of the album that were there before: not ours.
    pub(crate) before: Vec<i64>,
    /// Whether anything that it may lead to is in the queue by now, or will never be.
    pub(crate) settled: bool,
}

/// How far taking back goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Downloads leave the queue and the download client.
    pub(crate) downloads: bool,
    /// The album leaves the library instead of only being monitored no longer.
    pub(crate) album: bool,
}

/// The deeds of all albums that are not settled yet.
#[derive(Default)]
pub(crate) struct Book(Mutex<()>);

impl Book {
    /// What an earlier run did for that album, unless that is longer ago than `recent`: then
    /// somebody else has long had to do with what came of it.
    pub(crate) fn recall(&self, host: &Host, mbid: &str, recent: Duration) -> Deeds {
        let known = self.change(host, |_| false);
        let deeds = known.get(mbid).cloned().unwrap_or_default();
        if seconds(host).saturating_sub(deeds.written) > recent.as_secs() {
            Deeds::default()
        } else {
            deeds
        }
    }

    /// Albums whose deeds are still to be taken back.
    pub(crate) fn to_undo(&self, host: &Host) -> Vec<(String, Deeds)> {
        let known = self.change(host, |_| false);
        known
            .into_iter()
            .filter(|(_, deeds)| deeds.to_undo)
            .collect()
    }

    pub(crate) fn keep(&self, host: &Host, mbid: &str, deeds: &Deeds) {
        let written = seconds(host);
        let deeds = Deeds {
            written,
            ..deeds.clone()
        };
        self.change(host, |known| {
            known.retain(|_, old| written.saturating_sub(old.written) < KEPT_SECONDS);
            known.insert(mbid.to_owned(), deeds);
            true
        });
    }

    pub(crate) fn forget(&self, host: &Host, mbid: &str) {
        self.change(host, |known| known.remove(mbid).is_some());
    }

    /// A book that cannot be read or written costs only that a later run does not know what
    /// was ours, and so leaves it alone.
    fn change(
        &self,
        host: &Host,
        change: impl FnOnce(&mut BTreeMap<String, Deeds>) -> bool,
    ) -> BTreeMap<String, Deeds> {
        let _writing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |error: &dyn std::fmt::Display| {
            let fields = [("why", error.to_string())];
            let fields = fields.each_ref().map(|(key, value)| (*key, value.as_str()));
            host.log(
                LogLevel::WARN,
                "the book of what we did in Lidarr fails",
                &fields,
            );
        };
        let text = host.store_get(KEY).unwrap_or_else(|error| {
            told(&error);
            None
        });
        let mut known = text.map_or_else(BTreeMap::new, |text| {
            serde_json::from_str(&text).unwrap_or_else(|error| {
                told(&error);
                BTreeMap::new()
            })
        });
        if change(&mut known) {
            let text = serde_json::to_string(&known)
                .map_err(|error| SourceError::internal(error.to_string()));
            let text = text.as_deref();
            let written = text
                .map_err(Clone::clone)
                .and_then(|text| host.store_set(KEY, (!known.is_empty()).then_some(text)));
            if let Err(error) = written {
                told(&error);
            }
        }
        known
    }
}

fn seconds(host: &Host) -> u64 {
    let since = host.now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl Deeds {
    /// How long ago they were last written.
    pub(crate) fn age(&self, host: &Host) -> Duration {
        Duration::from_secs(seconds(host).saturating_sub(self.written))
    }

    /// Takes all of it back, as far as it goes. `true` when nothing of ours is left or can
    /// still come; what fails is told to the log.
    pub(crate) fn undo(&self, api: &Api, extent: Extent) -> bool {
        let downloads = !extent.downloads || self.undo_search(api);
        let album = match self.added_album {
            None => true,
            Some(album) if extent.album => self.remove_album(api, album),
            Some(album) => told(api, "monitoring an album", api.unmonitor(album)),
        };
        downloads && album
    }

    fn undo_search(&self, api: &Api) -> bool {
        let Some(search) = &self.search else {
            return true;
        };
        let command = search
            .command
            .is_none_or(|id| search.settled || told(api, "a search", api.drop_command(id)));
        let items = match api.queue_to_undo(search.album) {
            Ok(items) => items,
            Err(error) => return told(api, "a download", Err(error)),
        };
        let ours: Vec<i64> = items
            .into_iter()
            .map(|item| item.id)
            .filter(|id| !search.before.contains(id))
            .collect();
        let mut whole = command && (search.settled || !ours.is_empty());
        for id in ours {
            whole &= told(api, "a download", api.drop_download(id));
        }
        whole
    }

    /// The album, and its artist if that is ours and nobody has any use for it.
    pub(crate) fn remove_album(&self, api: &Api, album: i64) -> bool {
        if !told(api, "an album", api.drop_album(album)) {
            return false;
        }
        let Some(artist) = self.added_artist else {
            return true;
        };
        match api.is_of_use(artist) {
            Ok(true) => true,
            Ok(false) => told(api, "an artist", api.drop_artist(artist)),
            Err(error) => told(api, "an artist", Err(error)),
        }
    }
}

fn told(api: &Api, what: &str, outcome: Result<(), SourceError>) -> bool {
    if let Err(error) = &outcome {
        let fields = [("what", what), ("why", error.message.as_str())];
        api.host().log(
            LogLevel::WARN,
            "something could not be taken back in Lidarr",
            &fields,
        );
    }
    outcome.is_ok()
}
