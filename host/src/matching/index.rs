//! A library that is asked for a track without looking at all of it. Finds whoever may be the
//! same recording; whether one is, the [`Matcher`](super::Matcher) says.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::artist::Name;
use super::title::Title;
use crate::music::{Isrc, Track};

/// Numbers of tracks by what their spellings have in common.
///
/// ```
/// use musicdl::matching::Index;
/// use musicdl::music::{Track, TrackId};
/// let mut index = Index::default();
/// index.add("Bluebird (Live)", &["Ann Example".to_owned()], None, 7);
/// let wanted = Track { artists: vec!["Ann Example".to_owned()], ..Track::new(TrackId::text("x"), "Bluebrid") };
/// assert_eq!(index.candidates(&wanted), [7]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Index {
    by_key: HashMap<u64, Vec<u32>>,
}

/// What an entry is found by.
#[derive(Hash)]
enum Key<'a> {
    /// Letters of the name in alphabetical order, so that two that changed places meet.
    Letters(&'a [char]),
    /// Artist with the first letters of the title: other slips, and names in brackets.
    Start(&'a str, &'a str),
    /// Artist with the last letters.
    End(&'a str, &'a str),
    Code(&'a str),
}

/// Letters of a title that an artist's songs are told apart by.
const LETTERS: usize = 3;

impl Index {
    /// Adds a track of the library under a number of the caller's.
    pub fn add(&mut self, title: &str, artists: &[String], isrc: Option<&Isrc>, number: u32) {
        for key in keys(title, artists, isrc) {
            let numbers = self.by_key.entry(key).or_default();
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
    }

    /// The numbers of all that may be the wanted recording, ascending, each once.
    pub fn candidates(&self, wanted: &Track) -> Vec<u32> {
        let mut found: Vec<u32> = keys(&wanted.title, &wanted.artists, wanted.isrc.as_ref())
            .into_iter()
            .filter_map(|key| self.by_key.get(&key))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn keys(title: &str, artists: &[String], isrc: Option<&Isrc>) -> Vec<u64> {
    let title = Title::new(title, None);
    let name = title.name();
    let mut letters: Vec<char> = name.chars().collect();
    letters.sort_unstable();
    let mut keys = vec![hashed(&Key::Letters(&letters))];
    let start: String = name.chars().take(LETTERS).collect();
    let end: String = name
        .chars()
        .skip(letters.len().saturating_sub(LETTERS))
        .collect();
    for artist in artists {
        let artist = Name::new(artist);
        keys.push(hashed(&Key::Start(artist.compact(), &start)));
        keys.push(hashed(&Key::End(artist.compact(), &end)));
    }
    keys.extend(isrc.map(|isrc| hashed(&Key::Code(isrc.as_str()))));
    keys
}

fn hashed(key: &Key<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
