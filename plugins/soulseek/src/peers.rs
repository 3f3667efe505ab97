//! What a run learned of peers: who failed twice and is left alone, and who already sends
//! songs of an album.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use musicdl_plugin_api::{Query, SourceError};

use crate::words::folded;

/// A peer that failed so often is left alone for the run.
const FAILURES: u32 = 2;

/// Peers by name.
#[derive(Default)]
pub(crate) struct Peers(Mutex<Known>);

#[derive(Default)]
struct Known {
    failures: HashMap<String, u32>,
    by_album: HashSet<(String, Album)>,
}

/// An album by artist and title, as text that is equal for equal albums.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Album(String);

impl Album {
    /// The album a query is about; `None` when it does not say.
    pub(crate) fn of(query: &Query) -> Option<Self> {
        let artist = query.album_artist.as_ref().or(query.artists.first())?;
        let title = folded(query.album.as_deref()?);
        (!title.is_empty()).then(|| Self(format!("{} / {title}", folded(artist))))
    }

    /// The album whose text that is.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// As kept in a hit.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl Peers {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a failure that was the peer's. `true` when it was one too many.
    pub(crate) fn failed(&self, username: &str) -> bool {
        let mut known = self.known();
        let count = known.failures.entry(username.to_owned()).or_default();
        *count += 1;
        let too_often = *count == FAILURES;
        known.by_album.retain(|(sender, _)| sender != username);
        too_often
    }

    /// Whether the peer failed too often.
    pub(crate) fn is_left_alone(&self, username: &str) -> bool {
        let known = self.known();
        known.failures.get(username).copied().unwrap_or(0) >= FAILURES
    }

    /// # Errors
    /// `NotFound` for a peer that is left alone.
    pub(crate) fn allow(&self, username: &str) -> Result<(), SourceError> {
        if self.is_left_alone(username) {
            return Err(SourceError::not_found(format!(
                "the peer {username} failed {FAILURES} times in this run and is left alone"
            )));
        }
        Ok(())
    }

    /// A song of that album is fetched from that peer.
    pub(crate) fn chosen(&self, username: &str, album: Album) {
        self.known().by_album.insert((username.to_owned(), album));
    }

    /// A file came whole from that peer, which wipes out its failures.
    pub(crate) fn delivered(&self, username: &str) {
        self.known().failures.remove(username);
    }

    /// Whether songs of that album are or were fetched from that peer, and none failed.
    pub(crate) fn sends(&self, username: &str, album: &Album) -> bool {
        let key = (username.to_owned(), album.clone());
        self.known().by_album.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_failed_twice_is_left_alone() {
        let peers = Peers::default();
        assert!(!peers.failed("ann"));
        assert!(peers.allow("ann").is_ok());
        assert!(peers.failed("ann"));
        let error = peers.allow("ann").unwrap_err();
        assert_eq!(error.kind, musicdl_plugin_api::ErrorKind::NotFound);
        assert!(peers.allow("bob").is_ok());
    }

    #[test]
    fn a_delivery_in_between_wipes_out_a_failure() {
        let peers = Peers::default();
        peers.failed("ann");
        peers.delivered("ann");
        peers.failed("ann");
        assert!(!peers.is_left_alone("ann"));
    }

    #[test]
    fn the_peer_of_an_album_is_remembered_until_it_fails() {
        let query = |album: Option<&str>| Query {
            artists: vec!["Ann Example".to_owned()],
            album: album.map(str::to_owned),
            ..Query::default()
        };
        assert_eq!(Album::of(&query(None)), None);
        let album = Album::of(&query(Some("First Album!"))).unwrap();
        assert_eq!(album, Album::of(&query(Some("first album"))).unwrap());
        assert_eq!(album, Album::from_text(album.text()));

        let peers = Peers::default();
        peers.chosen("ann", album.clone());
        assert!(peers.sends("ann", &album));
        assert!(!peers.sends("bob", &album));
        peers.failed("ann");
        assert!(!peers.sends("ann", &album));
    }
}
