//! A query -> what is asked, and where.
//!
//! YouTube Music's songs are what labels and artists published, with artists, album and
//! length kept apart: they are asked for first. YouTube is asked, too, only if none of them
//! fits, because there anybody's upload may stand before the recording itself, and the host
//! cannot tell one from the other by its title.

use musicdl_plugin_api::{Hit, LogLevel, Query, SourceError, TargetKind};
use musicdl_ytdlp::{Desk, Found};

use crate::config::Order;
use crate::music;
use crate::video;

/// The right track is among the first or not at all; a second page is a second request.
const MOST: u32 = 20;
/// Longer texts are not names and do not fit into an address.
const LONGEST: usize = 200;
/// An official track of the same name that is this much longer or shorter is another one.
const TOLERANCE_MS: u64 = 10_000;

/// Hits for a track: in the site's order, official ones first.
///
/// # Errors
/// `Unsupported` for anything but tracks, else what yt-dlp says.
pub(crate) fn search(desk: &Desk, order: Order, query: &Query) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported(
            "YouTube is searched for tracks only",
        ));
    }
    let most = query.limit.clamp(1, MOST);
    let words = words(query);
    // yt-dlp takes a search for nothing for a bad address.
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut hits = Vec::new();
    if order != Order::Videos {
        let address = format!(
            "https://music.youtube.com/search?q={}#songs",
            encoded(&words)
        );
        hits = read(desk, &words, desk.search(&address, most)?, music::hit);
    }
    let enough = order == Order::Official || hits.iter().any(|hit| fits(hit, query));
    if !enough {
        let address = format!("ytsearch{most}:{words}");
        let videos = read(desk, &words, desk.search(&address, most)?, |found| {
            video::hit(found, query)
        });
        for video in videos {
            if hits.iter().all(|hit| hit.target_id != video.target_id) {
                hits.push(video);
            }
        }
    }
    hits.truncate(most as usize);
    Ok(hits)
}

/// Reads what was found and says how much of it was of no use.
fn read(
    desk: &Desk,
    words: &str,
    found: Vec<Found>,
    hit: impl Fn(Found) -> Option<Hit>,
) -> Vec<Hit> {
    let all = found.len();
    let hits: Vec<Hit> = found.into_iter().filter_map(hit).collect();
    if hits.len() < all {
        desk.host().log(
            LogLevel::DEBUG,
            "results without an id or a title, live or not public, were skipped",
            &[
                ("query", words),
                ("left_out", &(all - hits.len()).to_string()),
            ],
        );
    }
    hits
}

/// Artist and title, else the query's own text; control characters never belong to a name.
fn words(query: &Query) -> String {
    let text = match (query.artists.first(), &query.title) {
        (Some(artist), Some(title)) => format!("{artist} {title}"),
        _ => query.text.clone(),
    };
    let cleaned: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether an official track is likely the wanted one, so that nothing else is asked for.
/// Whether it is, the host decides.
fn fits(hit: &Hit, query: &Query) -> bool {
    let contains = |long: &str, short: &str| {
        let (long, short) = (letters(long), letters(short));
        !short.is_empty() && (long.contains(&short) || short.contains(&long) && !long.is_empty())
    };
    let title = query
        .title
        .as_ref()
        .is_some_and(|title| contains(&hit.title, title));
    let artist = query.artists.is_empty()
        || query
            .artists
            .iter()
            .any(|wanted| hit.artists.iter().any(|artist| contains(artist, wanted)));
    let length = match (hit.duration_ms, query.duration_ms) {
        (Some(have), Some(want)) => have.abs_diff(want) <= TOLERANCE_MS,
        _ => true,
    };
    title && artist && length
}

/// Letters and digits in lower case, for comparing only.
pub(crate) fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// For a parameter of an address.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(artist: &str, title: &str, seconds: u64) -> Query {
        Query {
            kind: TargetKind::TRACK,
            text: "the text".to_owned(),
            title: Some(title.to_owned()),
            artists: vec![artist.to_owned()],
            duration_ms: Some(seconds * 1_000),
            ..Query::default()
        }
    }

    #[test]
    fn an_official_track_fits_by_title_artist_and_length() {
        let hit = Hit {
            title: "Bluebird (2011 Remaster)".to_owned(),
            artists: vec!["Ann Example & Bob".to_owned()],
            duration_ms: Some(200_000),
            ..Hit::default()
        };
        for (artist, title, seconds, fit) in [
            ("Ann Example", "Bluebird", 200, true),
            ("ann  EXAMPLE", "Bluebird", 209, true),
            ("Ann Example", "Bluebird", 211, false),
            ("Zoe Other", "Bluebird", 200, false),
            ("Ann Example", "Kingfisher", 200, false),
            ("Ann Example", "???", 200, false),
        ] {
            assert_eq!(
                fits(&hit, &wanted(artist, title, seconds)),
                fit,
                "{artist} {title}"
            );
        }
    }

    #[test]
    fn what_is_asked_is_one_line_of_words() {
        let long = "la ".repeat(4_000);
        for (artist, title, asked) in [
            ("Ann\nExample", " Blue\u{0}bird ", "Ann Example Blue bird"),
            ("\u{1}", "\t", ""),
        ] {
            assert_eq!(words(&wanted(artist, title, 1)), asked);
        }
        assert!(words(&wanted("Ann", &long, 1)).len() <= LONGEST);
        assert_eq!(
            words(&Query {
                text: "a b".into(),
                ..Query::default()
            }),
            "a b"
        );
    }

    #[test]
    fn an_address_holds_any_words() {
        assert_eq!(encoded("a&b #ü"), "a%26b%20%23%C3%BC");
    }
}
