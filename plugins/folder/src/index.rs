//! Finds tracks by what is wanted of them, in memory. Ranks by likeness and drops what is not
//! alike at all; whether a track *is* the wanted recording is the host's to decide.

use std::collections::{HashMap, HashSet};

use musicdl_plugin_api::Query;

use crate::walk::Track;
use crate::words::words;

/// Points for an identifier in common: above everything words can reach.
const SAME_ID: f32 = 10.0;
/// Points for the same title, word by word; less of it gives less.
const SAME_TITLE: f32 = 1.0;
/// Points when every wanted artist is named.
const SAME_ARTISTS: f32 = 0.8;
/// Points for the same album: decides between a track's releases, never between tracks.
const SAME_ALBUM: f32 = 0.1;
/// Points for the same length.
const SAME_LENGTH: f32 = 0.2;
/// Lengths this close are the same, in milliseconds: what verification lets pass.
const LENGTH_TOLERANCE: u64 = 3_000;
/// The share of one title's words that must be in the other one, by weight. Half of them lets
/// a `(Remastered 2011)` pass on either side.
const ALIKE: f32 = 0.5;

type WordId = u32;

/// Tracks, found by identifiers and words.
#[derive(Debug, Default)]
pub(crate) struct Index {
    tracks: Vec<Track>,
    /// The words of the track at the same place of `tracks`.
    texts: Vec<Texts>,
    vocabulary: HashMap<String, WordId>,
    /// For each word the places of the tracks that have it anywhere, ascending.
    postings: Vec<Vec<usize>>,
    /// ISRCs and recording ids; their shapes differ, so they cannot meet.
    by_id: HashMap<String, Vec<usize>>,
}

/// Words as a set: ascending, each once.
type WordSet = Box<[WordId]>;

#[derive(Debug)]
struct Texts {
    title: WordSet,
    artists: WordSet,
    album: WordSet,
}

/// The words of a part of a query: those some track has, and the weight of all of them.
struct Wanted {
    known: WordSet,
    weight: f32,
}

impl Index {
    /// Indexes tracks; the order decides between equals.
    pub(crate) fn of(tracks: Vec<Track>) -> Self {
        let mut index = Self::default();
        for (place, track) in tracks.iter().enumerate() {
            index.add(place, track);
        }
        index.tracks = tracks;
        index
    }

    /// The tracks that may be meant, likeliest first, at most [`Query::limit`].
    pub(crate) fn find(&self, query: &Query) -> Vec<&Track> {
        let mut ranked: Vec<(f32, usize)> = match &query.title {
            Some(title) => self.by_title(title, query),
            None => self.by_text(query),
        };
        ranked.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        ranked
            .into_iter()
            .take(limit)
            .map(|(_, place)| &self.tracks[place])
            .collect()
    }

    fn add(&mut self, place: usize, track: &Track) {
        let facts = &track.facts;
        let texts = Texts {
            title: self.learn(std::iter::once(&facts.title).chain(&facts.version)),
            artists: self.learn(facts.artists.iter().chain(&facts.album_artist)),
            album: self.learn(&facts.album),
        };
        let mut all = HashSet::new();
        for &word in texts.title.iter().chain(&texts.artists).chain(&texts.album) {
            if all.insert(word) {
                self.postings[word as usize].push(place);
            }
        }
        self.texts.push(texts);
        for id in facts.isrc.iter().chain(&facts.recording_mbid) {
            self.by_id.entry(id.clone()).or_default().push(place);
        }
    }

    fn learn<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>) -> WordSet {
        let ids = texts
            .into_iter()
            .flat_map(|text| words(text))
            .map(|word| {
                let next = WordId::try_from(self.postings.len())
                    .expect("a collection has fewer than four thousand million words");
                *self.vocabulary.entry(word).or_insert_with(|| {
                    self.postings.push(Vec::new());
                    next
                })
            })
            .collect();
        set(ids)
    }

    /// A title is known: it must be alike; artists, album and length only rank.
    fn by_title(&self, title: &str, query: &Query) -> Vec<(f32, usize)> {
        let same_id = self.same_id(query);
        let title = self.wanted([title]);
        let artists = self.wanted(query.artists.iter().map(String::as_str));
        let album = self.wanted(query.album.as_deref());
        let mut places = self.having_any(&title.known);
        places.extend(&same_id);
        places
            .into_iter()
            .filter_map(|place| {
                let texts = &self.texts[place];
                let shared = self.shared(&title.known, &texts.title);
                let own = self.weight(&texts.title);
                let is_same = same_id.contains(&place);
                let alike = shared >= ALIKE * title.weight || shared >= ALIKE * own;
                // Two empty titles have no word in common.
                if !is_same && (shared == 0.0 || !alike) {
                    return None;
                }
                // The credit of a guest often stands in the title.
                let credit = merged(&texts.artists, &texts.title);
                let mut score = SAME_TITLE * share(2.0 * shared, title.weight + own)
                    + SAME_ARTISTS * share(self.shared(&artists.known, &credit), artists.weight)
                    + SAME_ALBUM * share(self.shared(&album.known, &texts.album), album.weight);
                if is_same {
                    score += SAME_ID;
                }
                if self.is_as_long(place, query) {
                    score += SAME_LENGTH;
                }
                Some((score, place))
            })
            .collect()
    }

    /// Only words are known, of whatever: they may be in title, artists and album.
    fn by_text(&self, query: &Query) -> Vec<(f32, usize)> {
        let same_id = self.same_id(query);
        let text = self.wanted([query.text.as_str()]);
        let mut places = self.having_any(&text.known);
        places.extend(&same_id);
        places
            .into_iter()
            .filter_map(|place| {
                let texts = &self.texts[place];
                let anywhere = merged(&merged(&texts.title, &texts.artists), &texts.album);
                let found = share(self.shared(&text.known, &anywhere), text.weight);
                let is_same = same_id.contains(&place);
                if !is_same && found < ALIKE {
                    return None;
                }
                // Among tracks with all the words, the one that says little else comes first.
                let title = share(
                    self.shared(&text.known, &texts.title),
                    self.weight(&texts.title),
                );
                let mut score = found + SAME_ALBUM * title;
                if is_same {
                    score += SAME_ID;
                }
                Some((score, place))
            })
            .collect()
    }

    fn same_id(&self, query: &Query) -> HashSet<usize> {
        query
            .isrc
            .iter()
            .chain(&query.recording_mbid)
            .filter_map(|id| self.by_id.get(id))
            .flatten()
            .copied()
            .collect()
    }

    fn wanted<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Wanted {
        let all: HashSet<String> = texts.into_iter().flat_map(words).collect();
        let mut known = Vec::with_capacity(all.len());
        let mut weight = 0.0;
        for word in &all {
            match self.vocabulary.get(word) {
                Some(&id) => {
                    weight += self.word_weight(id);
                    known.push(id);
                }
                // As much as a word of a single track: it would tell as much.
                None => weight += self.weight_of_tracks(1),
            }
        }
        Wanted {
            known: set(known),
            weight,
        }
    }

    fn having_any(&self, words: &[WordId]) -> HashSet<usize> {
        words
            .iter()
            .flat_map(|&word| &self.postings[word as usize])
            .copied()
            .collect()
    }

    fn is_as_long(&self, place: usize, query: &Query) -> bool {
        let length = self.tracks[place].facts.duration_ms;
        length
            .zip(query.duration_ms)
            .is_some_and(|(a, b)| a.abs_diff(b) <= LENGTH_TOLERANCE)
    }

    /// The weight of the words that are in both sets.
    fn shared(&self, wanted: &[WordId], has: &[WordId]) -> f32 {
        wanted
            .iter()
            .filter(|word| has.binary_search(word).is_ok())
            .map(|&word| self.word_weight(word))
            .sum()
    }

    fn weight(&self, words: &[WordId]) -> f32 {
        words.iter().map(|&word| self.word_weight(word)).sum()
    }

    /// What a word tells: `the` little, `Bluebird` much.
    fn word_weight(&self, word: WordId) -> f32 {
        self.weight_of_tracks(self.postings[word as usize].len())
    }

    /// Inverse document frequency, the usual logarithm; never zero, so that a collection of one
    /// track is searchable.
    #[expect(clippy::cast_precision_loss, reason = "a weight needs no seven digits")]
    fn weight_of_tracks(&self, having: usize) -> f32 {
        (1.0 + self.tracks.len() as f32 / having as f32).ln()
    }
}

fn set(mut words: Vec<WordId>) -> WordSet {
    words.sort_unstable();
    words.dedup();
    words.into_boxed_slice()
}

fn merged(a: &[WordId], b: &[WordId]) -> WordSet {
    set(a.iter().chain(b).copied().collect())
}

/// A part of a whole, 0 to 1; 0 of nothing.
fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 {
        (part / whole).min(1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
