//! Is this hit the wanted recording? Pure: no I/O, no state, no preference between sources
//! or qualities (that is the engine's `choose`).
//!
//! Titles, artists, lengths and albums are compared each for itself. Rules refuse what no sum
//! of points may outweigh: another version, part, artist, length. What is only not quite the
//! same is a [`Doubt`], and each doubt needs a [`Witness`]: an equal length, the wanted album.
//! The same recording code or MusicBrainz id on both sides decides for the hit. The points
//! are for ranking what is left. `docs/matching.md` tells the rules and what they cost and
//! yield on the golden corpus.

mod album;
mod aliases;
mod artist;
mod compare;
mod index;
mod length;
mod normalize;
mod path;
mod reason;
mod title;
mod vocabulary;
mod words;

use std::time::Duration;

use musicdl_plugin_api::{Hit, extra, extra_value};

pub use aliases::Aliases;
pub use index::Index;
pub use normalize::Normalized;
pub use reason::{Doubt, Id, Refusal, Score, Verdict, Witness};
pub use vocabulary::Version;

use crate::music::{Isrc, QualityPreference, Track};
use album::Album;
use artist::{Agreement, Credits, Name};
use compare::{Around, Comparison};
use length::{Origin, Window};
use path::FilePath;
use title::Title;

/// How much each part counts; parts the wish does not know drop out. Title before artist
/// before length before album: masters differ in length, and songs are on many albums.
const TITLE_WEIGHT: f64 = 0.45;
const ARTIST_WEIGHT: f64 = 0.3;
const DURATION_WEIGHT: f64 = 0.15;
const ALBUM_WEIGHT: f64 = 0.1;
/// What a part counts that only the hit does not know: less than one that agrees, more than
/// one that does not.
const UNKNOWN: f64 = 0.5;
/// Explicit where clean is wanted, or the reverse: the same recording, and not the preferred
/// print of it.
const OTHER_WORDS: f64 = 0.06;
/// A hit without the code that the wish has comes after one with it.
const WITHOUT_CODE: f64 = 0.02;
/// A hit by nobody named, if its length and album agree.
const NOBODY: f64 = 0.6;

/// The least total with which a hit is taken, unless the user says otherwise. In the golden
/// corpus every right hit scores 0.85 or more, and every wrong one is refused by a rule before
/// points count; 0.8 keeps out what rules do not know yet (docs/matching.md).
pub const ACCEPT: f64 = 0.8;

/// What matching, and the choice among what matches, may be told by the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The least total, 0 to 1, with which a hit is taken.
    pub accept: f64,
    /// Lengths that differ by no more than this are equal.
    pub duration_tolerance: Duration,
    /// Which quality is preferred among hits that match alike; no part of the score.
    pub quality: QualityPreference,
    /// Artists with several names.
    pub aliases: Aliases,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            accept: ACCEPT,
            duration_tolerance: Duration::from_secs(3),
            quality: QualityPreference::default(),
            aliases: Aliases::default(),
        }
    }
}

/// A wish, read once and compared with many hits.
#[derive(Debug)]
pub struct Matcher<'a> {
    wanted: &'a Track,
    rules: Rules,
    title: Title,
    artists: Credits,
    /// Everybody wanted, whole and in parts.
    names: Vec<Name>,
    album: Option<Album>,
}

/// Scores one hit against what is wanted. For many hits of one wish, see [`Matcher`].
pub fn score(wanted: &Track, hit: &Hit, rules: &Rules) -> Score {
    Matcher::new(wanted, rules).score(hit)
}

/// The main artist as spellings of one recording have it in common, with [`title_key`].
pub fn artist_key(track: &Track) -> Normalized {
    Normalized::new(track.artist().unwrap_or_default())
}

/// The title as spellings of one recording have it in common, without credits.
pub fn title_key(track: &Track) -> Normalized {
    Normalized::new(&without_credits(&track.title))
}

fn without_credits(title: &str) -> String {
    if !title.contains(['(', '[', ' ']) {
        return title.to_owned();
    }
    Title::new(title, None).words_without_credits()
}

impl<'a> Matcher<'a> {
    /// Reads a wish.
    pub fn new(wanted: &'a Track, rules: &Rules) -> Self {
        let title = Title::new(&wanted.title, None);
        let mut artists = Credits::knowing(&rules.aliases);
        for artist in &wanted.artists {
            artists.add(artist);
        }
        let names: Vec<Name> = artists.names().cloned().collect();
        for credit in &title.credits {
            artists.add(credit);
        }
        let album = wanted
            .album
            .as_deref()
            .map(|album| read_album(album, &names));
        Self {
            wanted,
            rules: rules.clone(),
            title,
            artists,
            names,
            album,
        }
    }

    /// Scores a hit.
    pub fn score(&self, hit: &Hit) -> Score {
        let seen = Seen::read(hit, &self.names, &self.rules.aliases);
        let same_album = match (&self.album, &seen.album) {
            (Some(ours), Some(theirs)) => ours.is_same(theirs),
            _ => false,
        };
        let titles = compare::compare(
            &self.title,
            &seen.title,
            &Around {
                names: &self.names,
                wanted_album: self.album.as_ref(),
                hit_album: seen.album.as_ref(),
                same_album,
                derived: seen.origin == Origin::Derived,
                nameless: seen.artists.is_empty(),
            },
        );
        let length = self.length(hit, &seen);
        let artist = self.artist(&seen, &titles);
        let album = match (&self.album, &seen.album) {
            (Some(ours), Some(theirs)) => Some(ours.similarity(theirs)),
            _ => None,
        };
        let mut witnesses = Vec::new();
        if length.flatten() == Some(1.0) {
            witnesses.push(Witness::Length);
        }
        if same_album {
            witnesses.push(Witness::Album);
        }
        let mut doubts = titles.doubts.clone();
        doubts.extend(
            artist
                .flatten()
                .and_then(|artist| artist.doubt)
                .filter(|doubt| !titles.doubts.contains(doubt)),
        );
        doubts.extend(self.album_doubt(hit, &seen, same_album));
        let decided_by = self.same_id(hit);
        let mut score = Score {
            total: 0.0,
            title: titles.score,
            artist: artist.map(|artist| artist.map_or(0.0, |artist| artist.score)),
            duration: length.map(|length| length.unwrap_or(0.0)),
            album,
            doubts,
            witnesses,
            decided_by,
            verdict: Verdict::Accepted,
        };
        score.total = self.total(&score, hit, &titles);
        if let Some(refusal) = self.refusal(hit, &seen, &titles, &score, artist) {
            score.verdict = Verdict::Refused(refusal);
        }
        score
    }

    /// Points of all parts. An id names the recording itself: spellings no longer matter.
    fn total(&self, score: &Score, hit: &Hit, titles: &Comparison) -> f64 {
        if score.decided_by.is_some() {
            return 1.0;
        }
        let (mut points, mut weight) = (TITLE_WEIGHT * score.title, TITLE_WEIGHT);
        for (counts, wanted, part) in [
            (ARTIST_WEIGHT, score.artist.is_some(), score.artist),
            (
                DURATION_WEIGHT,
                self.wanted.duration_ms.is_some(),
                score.duration,
            ),
            (ALBUM_WEIGHT, self.album.is_some(), score.album),
        ] {
            if wanted {
                points += counts * part.unwrap_or(UNKNOWN);
                weight += counts;
            }
        }
        let explicit = titles.explicit.or(hit.explicit);
        let other_words = match (self.wanted.explicit, explicit) {
            (Some(want), Some(have)) => want != have,
            _ => false,
        };
        let mut total = points / weight;
        if other_words {
            total -= OTHER_WORDS;
        }
        if self.wanted.isrc.is_some() || self.wanted.recording_mbid.is_some() {
            total -= WITHOUT_CODE;
        }
        total.max(0.0)
    }

    /// What no sum of points outweighs, then the points.
    fn refusal(
        &self,
        hit: &Hit,
        seen: &Seen,
        titles: &Comparison,
        score: &Score,
        artist: Option<Option<Agreement>>,
    ) -> Option<Refusal> {
        if let (Some(want_ms), Some(have_ms), Some(0.0)) =
            (self.wanted.duration_ms, hit.duration_ms, score.duration)
        {
            return Some(Refusal::Length { have_ms, want_ms });
        }
        if score.decided_by.is_some() {
            return None;
        }
        if self.has_another_mbid(hit) {
            return Some(Refusal::AnotherId);
        }
        if let Some(refusal) = &titles.refusal {
            return Some(match refusal {
                Refusal::AnotherTitle { .. } => Refusal::AnotherTitle {
                    title: hit.title.clone(),
                },
                other => other.clone(),
            });
        }
        if artist == Some(None) {
            let by = if hit.artists.is_empty() {
                "nobody named".to_owned()
            } else {
                hit.artists.join(", ")
            };
            return Some(Refusal::AnotherArtist { by });
        }
        if let Some(refusal) = self.version_of_album(seen, score) {
            return Some(refusal);
        }
        if seen.origin == Origin::Listed
            && let Some(by) = artist::other_guests(&self.artists, &seen.artists, |name| {
                self.title.without_credits().contains(name.compact())
                    || seen.title.without_credits().contains(name.compact())
            })
        {
            return Some(Refusal::OtherGuests { by });
        }
        let needed: usize = score.doubts.iter().map(|doubt| doubt.weight()).sum();
        if self.has_another_code(hit) && (needed > 0 || !score.witnesses.contains(&Witness::Length))
        {
            return Some(Refusal::AnotherCode);
        }
        if needed > score.witnesses.len() {
            return Some(Refusal::Unconfirmed {
                doubts: score.doubts.clone(),
            });
        }
        (score.total < self.rules.accept).then_some(Refusal::TooLittle {
            total: score.total,
            needed: self.rules.accept,
        })
    }

    /// The hit is from an album of another version than the wanted one, and its title does not
    /// tell.
    fn version_of_album(&self, seen: &Seen, score: &Score) -> Option<Refusal> {
        if score.witnesses.contains(&Witness::Album) {
            return None;
        }
        let theirs = seen.album.as_ref()?;
        let ours: &[Version] = self.album.as_ref().map_or(&[], |album| &album.versions);
        let said = self.title.versions();
        let known = |version: &Version| ours.contains(version) || said.contains(version);
        if !theirs.versions.is_empty() && !theirs.versions.iter().any(known) {
            return Some(Refusal::AnotherVersion {
                words: theirs.words().map(str::to_owned).collect(),
            });
        }
        let lacks = |version: &Version| {
            !theirs.versions.contains(version) && !seen.title.versions().contains(version)
        };
        let studio = !ours.is_empty() && said.is_empty() && ours.iter().all(lacks);
        (studio && ours.contains(&Version::Live)).then(|| Refusal::NotTheVersion {
            words: self
                .album
                .iter()
                .flat_map(Album::words)
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The wanted album is live, and nobody says what the hit is from.
    fn album_doubt(&self, hit: &Hit, seen: &Seen, same_album: bool) -> Option<Doubt> {
        let live = self.album.as_ref()?.versions.contains(&Version::Live);
        let says = seen.title.versions().contains(&Version::Live);
        let unknown = hit.album.is_none() && seen.album.is_none();
        (live && !same_album && unknown && !says).then_some(Doubt::AlbumVersion)
    }

    /// `None` when nobody is wanted by name, `Some(None)` when it is somebody else.
    fn artist(&self, seen: &Seen, titles: &Comparison) -> Option<Option<Agreement>> {
        if self.artists.is_empty() {
            return None;
        }
        let by_title = titles.names_artist.then_some(Agreement {
            score: 0.95,
            doubt: None,
        });
        if seen.artists.is_empty() {
            let nobody = Agreement {
                score: NOBODY,
                doubt: Some(Doubt::NobodyNamed),
            };
            return Some(by_title.or(Some(nobody)));
        }
        let found = artist::agreement(&self.artists, &seen.artists);
        Some(found.or(by_title.filter(|_| seen.origin == Origin::Derived)))
    }

    /// `None` when one side does not know its length, `Some(None)` when it is another one.
    fn length(&self, hit: &Hit, seen: &Seen) -> Option<Option<f64>> {
        let (want, have) = (self.wanted.duration_ms?, hit.duration_ms?);
        let window = if self.same_id(hit).is_some() {
            Window::by_code(want)
        } else {
            Window::new(want, self.rules.duration_tolerance, seen.origin)
        };
        Some(window.score(want, have))
    }

    fn same_id(&self, hit: &Hit) -> Option<Id> {
        if self.wanted.recording_mbid.is_some() && self.wanted.recording_mbid == hit.recording_mbid
        {
            return Some(Id::RecordingMbid);
        }
        let theirs = isrc(hit)?;
        (self.wanted.isrc.as_ref() == Some(&theirs)).then_some(Id::Isrc)
    }

    fn has_another_mbid(&self, hit: &Hit) -> bool {
        match (&self.wanted.recording_mbid, &hit.recording_mbid) {
            (Some(want), Some(have)) => want != have,
            _ => false,
        }
    }

    /// Reissues have codes of their own, so that another code alone says little.
    fn has_another_code(&self, hit: &Hit) -> bool {
        match (&self.wanted.isrc, isrc(hit)) {
            (Some(want), Some(have)) => *want != have,
            _ => false,
        }
    }
}

fn isrc(hit: &Hit) -> Option<Isrc> {
    hit.isrc.as_deref().and_then(|isrc| Isrc::parse(isrc).ok())
}

fn read_album(name: &str, artists: &[Name]) -> Album {
    let artist: Vec<&str> = artists.iter().flat_map(Name::words).collect();
    Album::new(name, &artist)
}

/// Facts beside a hit by which a plugin says that it read the names from a path, from the
/// title of a video, or from whoever put it there. Their values do not count. Authors find
/// them in `docs/plugin-author-guide.md`, with all others that the host reads.
const DERIVED: [&str; 3] = [extra::NAMES, extra::VIDEO_TITLE, extra::UPLOADER];

/// A hit in the form in which it is compared.
struct Seen {
    title: Title,
    artists: Credits,
    album: Option<Album>,
    origin: Origin,
}

impl Seen {
    fn read(hit: &Hit, wanted: &[Name], aliases: &Aliases) -> Self {
        let mut artists = Credits::knowing(aliases);
        let path = FilePath::read(&hit.title);
        let derived = path.is_some()
            || DERIVED
                .iter()
                .any(|key| extra_value(&hit.extra, key).is_some());
        for artist in hit.artists.iter().chain(&hit.album_artist) {
            artists.add(channel(artist, derived));
        }
        let (title, album) = match &path {
            Some(path) => {
                path.directories.iter().for_each(|name| artists.add(name));
                (path.stem.as_str(), hit.album.as_deref().or(path.album))
            }
            None => (hit.title.as_str(), hit.album.as_deref()),
        };
        let title = Title::new(title, hit.version.as_deref());
        for credit in &title.credits {
            artists.add(credit);
        }
        Self {
            album: album.map(|album| read_album(album, wanted)),
            title,
            artists,
            origin: if derived {
                Origin::Derived
            } else {
                Origin::Listed
            },
        }
    }
}

/// The artist of a channel: `Ann Example - Topic`, `AnnExampleVEVO`.
fn channel(name: &str, derived: bool) -> &str {
    if !derived {
        return name;
    }
    let name = name.strip_suffix(" - Topic").unwrap_or(name);
    name.strip_suffix("VEVO").unwrap_or(name)
}

#[cfg(test)]
mod tests;
