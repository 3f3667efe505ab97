//! One item per recording. Work is removed, membership never: whoever wanted the removed
//! item wants the kept one, at the same position.
//!
//! Items are the same by id. An item known only by words (a line `Artist - Title`) is also
//! the same as one of equal main artist and title whose length and album do not speak
//! against it, because the two lists that name them simply spell one wish differently.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem::take;

use super::index::Index;
use super::{Plan, PlanItem};
use crate::matching::{Normalized, artist_key, title_key};
use crate::music::{Track, TrackId};

/// Lengths of one recording in two catalogs differ by no more than this, milliseconds.
const SAME_LENGTH_MS: u64 = 3_000;

/// Keeps the first of each recording and returns how many items were removed. A kept item
/// learns from the removed ones what it did not know itself.
pub fn dedup(plan: &mut Plan) -> usize {
    let before = plan.items.len();
    let items = &mut plan.items;
    let mut by_id = Index::with_capacity(before);
    // Only plans with worded items pay for the second look.
    let worded = items.iter().any(|item| item.id().is_text());
    let mut by_words = ByWords::with_capacity(if worded { before } else { 0 });
    let mut renamed: HashMap<TrackId, TrackId> = HashMap::new();

    // Kept items move up to where removed ones leave room; nothing is copied elsewhere.
    let mut kept = 0;
    for at in 0..before {
        let (earlier, rest) = items.split_at_mut(at);
        let item = &mut rest[0];
        if let Some(same) = by_id.get(earlier, item.id()) {
            tracing::debug!(id = %item.id(), "duplicate removed");
            learn(&mut earlier[same], item);
            continue;
        }
        if worded && let Some(same) = by_words.find_or_note(earlier, &item.track.unpack(), kept) {
            tracing::debug!(id = %item.id(), kept = %earlier[same].id(), "duplicate removed");
            renamed.insert(item.id().clone(), earlier[same].id().clone());
            learn(&mut earlier[same], item);
            continue;
        }
        items.swap(kept, at);
        by_id.note(items, kept);
        kept += 1;
    }
    items.truncate(kept);
    plan.index = by_id;
    if !renamed.is_empty() {
        let adopted = adopt_better_ids(&mut plan.items, &mut renamed);
        for member in plan
            .collections
            .iter_mut()
            .flat_map(|collection| &mut collection.members)
        {
            if let Some(id) = final_id(&renamed, &member.id) {
                member.id = id;
            }
        }
        for dependency in plan
            .items
            .iter_mut()
            .flat_map(|item| &mut item.dependencies)
        {
            if let Some(id) = final_id(&renamed, dependency) {
                *dependency = id;
            }
        }
        if adopted {
            plan.reindex();
        }
    }
    let removed = before - kept;
    tracing::info!(removed, kept, "duplicates removed");
    removed
}

/// Kept items by main artist and title.
///
/// Of a hundred thousand items the keys themselves would be two hundred thousand texts to make
/// room for and to free. So an artist, of whom there are few, is a number, and the hash of a
/// title stands for it; the few items that meet in one are compared in full.
struct ByWords {
    hasher: RandomState,
    /// By their names as they are spelt.
    spelt: HashMap<String, usize>,
    /// By what all spellings have in common.
    artists: HashMap<Normalized, usize>,
    first: HashMap<u64, usize>,
    /// Recordings of one artist and title that are not the same, such as two lengths.
    further: HashMap<u64, Vec<usize>>,
}

impl ByWords {
    /// For as many items, or for none.
    fn with_capacity(items: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            spelt: HashMap::new(),
            artists: HashMap::new(),
            first: HashMap::with_capacity(items),
            further: HashMap::new(),
        }
    }

    /// The position of the first kept item that is the same wish as `new`; if there is none,
    /// `new` is noted at `position`.
    fn find_or_note(&mut self, kept: &[PlanItem], new: &Track, position: usize) -> Option<usize> {
        let (artist, title) = (self.artist(new), title_key(new));
        let hash = self.hasher.hash_one((artist, &title));
        let Some(&first) = self.first.get(&hash) else {
            self.first.insert(hash, position);
            return None;
        };
        let further = self.further.get(&hash).cloned().unwrap_or_default();
        for peer in std::iter::once(first).chain(further) {
            let track = &kept[peer].track.unpack();
            if same_wish(track, new)
                && (track.title == new.title || title_key(track) == title)
                && self.artist(track) == artist
            {
                return Some(peer);
            }
        }
        self.further.entry(hash).or_default().push(position);
        None
    }

    fn artist(&mut self, track: &Track) -> usize {
        let name = track.artist().unwrap_or_default();
        if let Some(&known) = self.spelt.get(name) {
            return known;
        }
        let next = self.artists.len();
        let number = *self.artists.entry(artist_key(track)).or_insert(next);
        self.spelt.insert(name.to_owned(), number);
        number
    }
}

/// A worded item that met a catalog's id takes it, so that it is the same item in the next
/// run, whichever of the two lists is still there. Says whether there was one.
fn adopt_better_ids(kept: &mut [PlanItem], renamed: &mut HashMap<TrackId, TrackId>) -> bool {
    let better: HashMap<TrackId, TrackId> = renamed
        .iter()
        .filter(|(removed, kept)| !removed.is_text() && kept.is_text())
        .map(|(removed, kept)| (kept.clone(), removed.clone()))
        .collect();
    if better.is_empty() {
        return false;
    }
    for item in kept {
        if let Some(id) = better.get(item.id()) {
            renamed.remove(id);
            renamed.insert(item.id().clone(), id.clone());
            item.track.id = id.clone();
        }
    }
    true
}

/// Follows renames to their end; at most two steps by construction.
fn final_id(renamed: &HashMap<TrackId, TrackId>, id: &TrackId) -> Option<TrackId> {
    let mut found = renamed.get(id)?;
    while let Some(next) = renamed.get(found) {
        found = next;
    }
    Some(found.clone())
}

fn same_wish(kept: &Track, new: &Track) -> bool {
    if !(kept.id.is_text() || new.id.is_text()) {
        return false;
    }
    let length_agrees = match (kept.duration_ms, new.duration_ms) {
        (Some(left), Some(right)) => left.abs_diff(right) <= SAME_LENGTH_MS,
        _ => true,
    };
    let album_agrees = match (&kept.album, &new.album) {
        (Some(left), Some(right)) => Normalized::new(left) == Normalized::new(right),
        _ => true,
    };
    length_agrees && album_agrees
}

/// What is left of `other` is of no use to anybody.
fn learn(kept: &mut PlanItem, other: &mut PlanItem) {
    let (mut mine, mut their) = (kept.track.unpack(), other.track.unpack());
    if mine.artists.is_empty() {
        mine.artists = take(&mut their.artists);
    }
    mine.album = mine.album.take().or_else(|| their.album.take());
    mine.album_artist = mine
        .album_artist
        .take()
        .or_else(|| their.album_artist.take());
    mine.track_number = mine.track_number.or(their.track_number);
    mine.disc_number = mine.disc_number.or(their.disc_number);
    mine.duration_ms = mine.duration_ms.or(their.duration_ms);
    mine.isrc = mine.isrc.take().or_else(|| their.isrc.take());
    mine.recording_mbid = mine
        .recording_mbid
        .take()
        .or_else(|| their.recording_mbid.take());
    mine.release_date = mine
        .release_date
        .take()
        .or_else(|| their.release_date.take());
    mine.explicit = mine.explicit.or(their.explicit);
    if mine.url.is_empty() {
        mine.url = take(&mut their.url);
    }
    kept.track = mine.into();
    for dependency in other.dependencies.drain(..) {
        if !kept.dependencies.contains(&dependency) {
            kept.dependencies.push(dependency);
        }
    }
}
