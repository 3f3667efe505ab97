//! One item per recording. Work is removed, membership never: whoever wanted the removed
//! item wants the kept one, at the same position.
//!
//! Items are the same by id. An item known only by words (a line `Artist - Title`) is also
//! the same as one of equal main artist and title whose length and album do not speak
//! against it, because the two lists that name them simply spell one wish differently.

use std::collections::HashMap;
use std::mem::take;

use super::{Plan, PlanItem};
use crate::matching::{Normalized, recording_key};
use crate::music::{Track, TrackId};

/// Lengths of one recording in two catalogs differ by no more than this, milliseconds.
const SAME_LENGTH_MS: u64 = 3_000;

/// Keeps the first of each recording and returns how many items were removed. A kept item
/// learns from the removed ones what it did not know itself.
pub fn dedup(plan: &mut Plan) -> usize {
    let before = plan.items.len();
    let items = &mut plan.items;
    let mut by_id: HashMap<TrackId, usize> = HashMap::with_capacity(before);
    // Only plans with worded items pay for the second look.
    let worded = items.iter().any(|item| item.id().is_text());
    let mut by_words: HashMap<(Normalized, Normalized), Vec<usize>> = HashMap::new();
    let mut renamed: HashMap<TrackId, TrackId> = HashMap::new();

    // Kept items move up to where removed ones leave room; nothing is copied elsewhere.
    let mut kept = 0;
    for at in 0..before {
        let (earlier, rest) = items.split_at_mut(at);
        let item = &mut rest[0];
        if let Some(&same) = by_id.get(item.id()) {
            tracing::debug!(id = %item.id(), "duplicate removed");
            learn(&mut earlier[same], item);
            continue;
        }
        if worded {
            let peers = by_words.entry(recording_key(&item.track)).or_default();
            let same = peers
                .iter()
                .copied()
                .find(|&peer| same_wish(&earlier[peer].track, &item.track));
            if let Some(same) = same {
                tracing::debug!(id = %item.id(), kept = %earlier[same].id(), "duplicate removed");
                renamed.insert(item.id().clone(), earlier[same].id().clone());
                learn(&mut earlier[same], item);
                continue;
            }
            peers.push(kept);
        }
        by_id.insert(item.id().clone(), kept);
        items.swap(kept, at);
        kept += 1;
    }
    items.truncate(kept);
    plan.index = by_id;
    if !renamed.is_empty() {
        adopt_better_ids(&mut plan.items, &mut renamed);
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
        plan.reindex();
    }
    let removed = before - kept;
    tracing::info!(removed, kept, "duplicates removed");
    removed
}

/// A worded item that met a catalog's id takes it, so that it is the same item in the next
/// run, whichever of the two lists is still there.
fn adopt_better_ids(kept: &mut [PlanItem], renamed: &mut HashMap<TrackId, TrackId>) {
    let better: HashMap<TrackId, TrackId> = renamed
        .iter()
        .filter(|(removed, kept)| !removed.is_text() && kept.is_text())
        .map(|(removed, kept)| (kept.clone(), removed.clone()))
        .collect();
    if better.is_empty() {
        return;
    }
    for item in kept {
        if let Some(id) = better.get(item.id()) {
            renamed.remove(id);
            renamed.insert(item.id().clone(), id.clone());
            item.track.id = id.clone();
        }
    }
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
    let (mine, their) = (&mut kept.track, &mut other.track);
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
    for dependency in other.dependencies.drain(..) {
        if !kept.dependencies.contains(&dependency) {
            kept.dependencies.push(dependency);
        }
    }
}
