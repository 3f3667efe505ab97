//! Which of the albums that a source found is the wanted one.

use musicdl_plugin_api::{Hit, Query, TargetKind};

use crate::engine::query_relaxation;
use crate::matching::Normalized;
use crate::music::Track;

/// An album and how well it fits, 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    pub(super) hit: Hit,
    pub(super) score: f64,
}

/// How much each part counts: the title most, because an artist has many albums; the year
/// least, because editions differ in it.
const TITLE: f64 = 0.55;
const ARTIST: f64 = 0.30;
const YEAR: f64 = 0.15;
/// Below these an album is another one, whatever else agrees.
const TITLE_FLOOR: f64 = 0.8;
const ARTIST_FLOOR: f64 = 0.6;

/// The question for the album of that track.
pub(super) fn query(track: &Track, limit: u32) -> Query {
    let album = track.album.clone().unwrap_or_default();
    let artist = track.album_artist_or_artist().map(str::to_owned);
    Query {
        kind: TargetKind::ALBUM,
        text: match &artist {
            Some(artist) => format!("{artist} {album}"),
            None => album.clone(),
        },
        artists: artist.into_iter().collect(),
        album: Some(album),
        album_artist: track.album_artist.clone(),
        year: track.year(),
        limit,
        ..Query::default()
    }
}

/// The albums that may be the track's, best first, and why the last of the others is not.
/// `wanted` is how many of its tracks are asked for.
pub(super) fn choose(track: &Track, wanted: usize, hits: Vec<Hit>) -> (Vec<Offer>, String) {
    let mut last = "found no such album".to_owned();
    let mut offers = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for hit in hits {
        if !seen.insert(hit.target_id.clone()) {
            continue;
        }
        match score(track, wanted, &hit) {
            Ok(score) => offers.push(Offer { hit, score }),
            Err(why) => last = why,
        }
    }
    offers.sort_by(|left, right| {
        right
            .score
            .total_cmp(&left.score)
            .then_with(|| left.hit.target_id.cmp(&right.hit.target_id))
    });
    (offers, last)
}

fn score(track: &Track, wanted: usize, hit: &Hit) -> Result<f64, String> {
    if hit.kind != TargetKind::ALBUM {
        return Err(format!("`{}` is no album", hit.title));
    }
    let album = track.album.as_deref().unwrap_or_default();
    // An edition counts as the album, after the album itself.
    let exact = similarity(album, &hit.title);
    let title = exact.max(
        similarity(
            &query_relaxation::bare(album),
            &query_relaxation::bare(&hit.title),
        ) - 0.05,
    );
    if title < TITLE_FLOOR {
        return Err(format!("another album: `{}`", hit.title));
    }
    let artist = match (track.album_artist_or_artist(), hit.artists.as_slice()) {
        (Some(wanted), names @ [_, ..]) => names
            .iter()
            .chain(hit.album_artist.as_ref())
            .map(|name| similarity(wanted, name))
            .fold(0.0, f64::max),
        (None, _) | (_, []) => 0.5,
    };
    if artist < ARTIST_FLOOR && !hit.artists.is_empty() && track.artist().is_some() {
        return Err(format!("another artist: {}", hit.artists.join(", ")));
    }
    if let Some(count) = hit.track_count.filter(|count| (*count as usize) < wanted) {
        return Err(format!(
            "`{}` has {count} tracks, {wanted} are wanted",
            hit.title
        ));
    }
    let year = match (track.year(), hit.year) {
        (Some(wanted), Some(year)) => match wanted.abs_diff(year) {
            0 => 1.0,
            1 => 0.5,
            _ => 0.0,
        },
        (None, _) | (_, None) => 0.5,
    };
    Ok(TITLE * title + ARTIST * artist + YEAR * year)
}

fn similarity(left: &str, right: &str) -> f64 {
    let (left, right) = (Normalized::new(left), Normalized::new(right));
    rapidfuzz::fuzz::ratio(left.as_str().chars(), right.as_str().chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TrackId;

    fn album(id: &str, artist: &str, title: &str, count: u32, year: i32) -> Hit {
        Hit {
            target_id: id.to_owned(),
            kind: TargetKind::ALBUM,
            title: title.to_owned(),
            artists: vec![artist.to_owned()],
            track_count: Some(count),
            year: Some(year),
            ..Hit::default()
        }
    }

    fn wanted() -> Track {
        Track {
            artists: vec!["Ann".to_owned()],
            album: Some("Long Days".to_owned()),
            release_date: Some("1987".to_owned()),
            ..Track::new(TrackId::text("x"), "Bluebird")
        }
    }

    #[test]
    fn the_album_comes_before_its_editions_and_others_do_not_come() {
        let hits = vec![
            album("deluxe", "Ann", "Long Days (Deluxe Edition)", 20, 1987),
            album("other", "Ann", "Short Nights", 10, 1987),
            album("cover", "Bob and the Band", "Long Days", 10, 1987),
            album("short", "Ann", "Long Days", 2, 1987),
            album("same", "Ann", "Long days", 10, 1987),
            album("later", "ANN", "Long Days", 10, 1999),
            Hit {
                kind: TargetKind::TRACK,
                ..album("track", "Ann", "Long Days", 10, 1987)
            },
            album("same", "Ann", "Long days", 10, 1987),
        ];
        let (offers, _) = choose(&wanted(), 3, hits);
        let ids: Vec<_> = offers
            .iter()
            .map(|offer| offer.hit.target_id.as_str())
            .collect();
        assert_eq!(ids, ["same", "deluxe", "later"]);
    }

    #[test]
    fn the_question_names_artist_and_album() {
        let query = query(&wanted(), 10);
        assert_eq!(query.text, "Ann Long Days");
        assert_eq!((query.kind, query.title), (TargetKind::ALBUM, None));
    }
}
