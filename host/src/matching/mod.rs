//! Is this hit the wanted recording? Pure: no I/O, no state, no preference between sources
//! or qualities (that is the engine's `choose`).
//!
//! A hit is scored by title, artist and length, each from 0 to 1. Gates refuse what no sum
//! of points may outweigh: another version, another artist, another length. The same
//! recording code or MusicBrainz id on both sides decides for the hit.

mod normalize;
mod version;

use std::time::Duration;

use musicdl_plugin_api::Hit;
use serde::Serialize;

pub use normalize::Normalized;

use crate::music::{Isrc, Track};
use version::{version_words, without_credits};

/// How much each part counts; parts that one side does not know drop out and the rest is
/// scaled up. Title before artist before length: lengths differ between masters.
const TITLE_WEIGHT: f64 = 0.5;
const ARTIST_WEIGHT: f64 = 0.35;
const DURATION_WEIGHT: f64 = 0.15;

/// Below this a title is another song, whatever else agrees.
const TITLE_FLOOR: f64 = 0.6;
/// Below this an artist is somebody else, whatever else agrees.
const ARTIST_FLOOR: f64 = 0.6;
/// A length that differs by more than this, or by a tenth, is another recording.
const DURATION_GATE: Duration = Duration::from_secs(15);

/// What matching may be told by the user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The least total, 0 to 1, with which a hit is taken.
    pub accept: f64,
    /// Lengths that differ by no more than this are equal.
    pub duration_tolerance: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            accept: 0.8,
            duration_tolerance: Duration::from_secs(3),
        }
    }
}

/// How well a hit fits, part by part, and what follows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The whole, 0 to 1.
    pub total: f64,
    /// Titles without credits, 0 to 1.
    pub title: f64,
    /// Best pair of artists, 0 to 1. `None` when nobody is wanted by name.
    pub artist: Option<f64>,
    /// 1 within the tolerance, falling to 0. `None` when one side does not know its length.
    pub duration: Option<f64>,
    /// What was decided.
    pub verdict: Verdict,
}

/// What a score means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum Verdict {
    /// The wanted recording.
    Accepted,
    /// Not it, with the rule that decided.
    Refused(String),
}

impl Score {
    /// Whether the hit may be taken.
    pub fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }
}

/// Scores one hit against what is wanted.
pub fn score(wanted: &Track, hit: &Hit, rules: &Rules) -> Score {
    let wanted_title = Normalized::new(&without_credits(&wanted.title));
    let hit_title = Normalized::new(&without_credits(&hit.title));
    let title = similarity(&wanted_title, &hit_title).max(similarity_without_versions(
        &wanted_title,
        &hit_title,
        hit.version.as_deref(),
    ));
    let artist = artist_score(wanted, hit);
    let duration = duration_score(
        wanted.duration_ms,
        hit.duration_ms,
        rules.duration_tolerance,
    );

    let parts = [
        (TITLE_WEIGHT, Some(title)),
        (ARTIST_WEIGHT, artist),
        (DURATION_WEIGHT, duration),
    ];
    let weight: f64 = parts
        .iter()
        .filter(|(_, part)| part.is_some())
        .map(|(weight, _)| weight)
        .sum();
    let points: f64 = parts
        .iter()
        .filter_map(|(weight, part)| part.map(|part| weight * part))
        .sum();
    let mut total = points / weight;

    let refusal = gate(wanted, hit, title, artist).or_else(|| {
        // An id names the recording itself; spellings of its title no longer matter.
        if same_id(wanted, hit) {
            total = 1.0;
        }
        (total < rules.accept)
            .then(|| format!("scores {total:.2}, and {:.2} is needed", rules.accept))
    });
    let verdict = refusal.map_or(Verdict::Accepted, Verdict::Refused);
    Score {
        total,
        title,
        artist,
        duration,
        verdict,
    }
}

/// The main artist as spellings of one recording have it in common, with [`title_key`].
pub fn artist_key(track: &Track) -> Normalized {
    Normalized::new(track.artist().unwrap_or_default())
}

/// The title as spellings of one recording have it in common, without credits.
pub fn title_key(track: &Track) -> Normalized {
    Normalized::new(&without_credits(&track.title))
}

/// What no sum of points outweighs.
fn gate(wanted: &Track, hit: &Hit, title: f64, artist: Option<f64>) -> Option<String> {
    if let (Some(want), Some(have)) = (wanted.duration_ms, hit.duration_ms) {
        let apart = want.abs_diff(have);
        let allowed = u64::try_from(DURATION_GATE.as_millis())
            .unwrap_or(u64::MAX)
            .max(want / 10);
        if apart > allowed {
            return Some(format!(
                "is {} long, {} is wanted",
                clock(have),
                clock(want)
            ));
        }
    }
    if same_id(wanted, hit) {
        return None;
    }
    if title < TITLE_FLOOR {
        return Some(format!("another title: `{}`", hit.title));
    }
    if artist.is_some_and(|artist| artist < ARTIST_FLOOR) {
        let by = if hit.artists.is_empty() {
            "nobody named".to_owned()
        } else {
            hit.artists.join(", ")
        };
        return Some(format!("another artist: {by}"));
    }
    another_version(wanted, hit)
}

/// Version words must be the same on both sides, outside the names that contain them.
fn another_version(wanted: &Track, hit: &Hit) -> Option<String> {
    let wanted_title = Normalized::new(&wanted.title);
    let wanted_album = Normalized::new(wanted.album.as_deref().unwrap_or_default());
    let hit_text = match &hit.version {
        Some(version) => Normalized::new(&format!("{} {version}", hit.title)),
        None => Normalized::new(&hit.title),
    };
    let extra = version_words(&hit_text, &[&wanted_title, &wanted_album]);
    if !extra.is_empty() {
        return Some(format!("another version: {}", extra.join(", ")));
    }
    let hit_album = Normalized::new(hit.album.as_deref().unwrap_or_default());
    let lacking = version_words(&wanted_title, &[&hit_text, &hit_album]);
    (!lacking.is_empty()).then(|| format!("not the wanted version: {}", lacking.join(", ")))
}

fn same_id(wanted: &Track, hit: &Hit) -> bool {
    let hit_isrc = hit.isrc.as_deref().and_then(|isrc| Isrc::parse(isrc).ok());
    (wanted.isrc.is_some() && wanted.isrc == hit_isrc)
        || (wanted.recording_mbid.is_some() && wanted.recording_mbid == hit.recording_mbid)
}

/// Remaster notes and a version that the hit carries in its title: `Song - 2011 Remaster`.
fn similarity_without_versions(
    wanted: &Normalized,
    hit: &Normalized,
    version: Option<&str>,
) -> f64 {
    let version = version.map(Normalized::new);
    let kept = |text: &Normalized| {
        let words: Vec<&str> = text
            .words()
            .filter(|word| !matches!(*word, "remaster" | "remastered" | "version"))
            .filter(|word| {
                !(word.len() == 4 && word.starts_with(['1', '2']) && word.parse::<u32>().is_ok())
            })
            .filter(|word| {
                !version
                    .as_ref()
                    .is_some_and(|v| v.words().any(|w| w == *word))
            })
            .collect();
        Normalized::new(&words.join(" "))
    };
    let (left, right) = (kept(wanted), kept(hit));
    if left.as_str().is_empty() || right.as_str().is_empty() {
        0.0
    } else {
        similarity(&left, &right)
    }
}

fn artist_score(wanted: &Track, hit: &Hit) -> Option<f64> {
    if wanted.artists.is_empty() {
        return None;
    }
    let theirs: Vec<Normalized> = hit
        .artists
        .iter()
        .chain(hit.album_artist.as_ref())
        .map(|name| Normalized::new(name))
        .collect();
    let whole = Normalized::new(&wanted.artists.join(" "));
    let best = wanted
        .artists
        .iter()
        .map(|name| Normalized::new(name))
        .chain([whole])
        .flat_map(|mine| {
            theirs
                .iter()
                .map(move |their| name_similarity(&mine, their))
        })
        .fold(0.0, f64::max);
    Some(best)
}

/// Names are equal, or one is credited among others: `Ann Example` in `Ann Example and Bob`.
fn name_similarity(mine: &Normalized, their: &Normalized) -> f64 {
    let plain = similarity(mine, their);
    let (short, long) = if mine.as_str().len() <= their.as_str().len() {
        (mine, their)
    } else {
        (their, mine)
    };
    let long_words: Vec<&str> = long.words().collect();
    let short_words: Vec<&str> = short.words().collect();
    let contained = !short_words.is_empty()
        && short.as_str().chars().count() > 2
        && long_words
            .windows(short_words.len())
            .any(|window| window == short_words.as_slice());
    if contained { plain.max(0.9) } else { plain }
}

fn similarity(left: &Normalized, right: &Normalized) -> f64 {
    if left == right {
        return 1.0;
    }
    rapidfuzz::fuzz::ratio(left.as_str().chars(), right.as_str().chars())
}

fn duration_score(want: Option<u64>, have: Option<u64>, tolerance: Duration) -> Option<f64> {
    let apart = want?.abs_diff(have?) as f64;
    let tolerance = tolerance.as_millis() as f64;
    let gate = DURATION_GATE.as_millis() as f64;
    Some(if apart <= tolerance {
        1.0
    } else {
        (1.0 - (apart - tolerance) / (gate - tolerance).max(1.0)).clamp(0.0, 1.0)
    })
}

/// `3:05`.
fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests;
