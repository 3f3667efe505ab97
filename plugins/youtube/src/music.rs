//! A row of YouTube Music -> a hit. Its columns are made for people: title; then artists,
//! album and length with dots between; then how often it was played. What is an artist and
//! what an album is told by the page it links to.

use musicdl_plugin_api::{Hit, Provenance, TargetKind};
use musicdl_ytdlp::{Found, Run};

use crate::video::{self, target_of};

const ARTIST: &str = "MUSIC_PAGE_TYPE_ARTIST";
const ALBUM: &str = "MUSIC_PAGE_TYPE_ALBUM";

/// `None` for a row without an id or a title.
pub(crate) fn hit(found: Found) -> Option<Hit> {
    let target_id = target_of(&found)?;
    let kept = found.musicdl.clone().unwrap_or_default();
    let columns = kept.columns.unwrap_or_default();
    let facts = facts(columns.get(1).map_or(&[], Vec::as_slice));
    let explicit = kept
        .badges
        .is_some_and(|badges| badges.iter().flatten().any(|b| b == "MUSIC_EXPLICIT_BADGE"));
    Some(Hit {
        target_id,
        kind: TargetKind::TRACK,
        title: found.title.clone()?,
        artists: facts.artists,
        album: facts.album,
        duration_ms: facts.duration_ms.or_else(|| found.duration_ms()),
        // Without the badge it may be clean, or unknown.
        explicit: explicit.then_some(true),
        codec: Some(video::CODEC.to_owned()),
        bitrate: Some(video::BITRATE),
        sample_rate: Some(video::SAMPLE_RATE),
        provenance: Provenance::ASSUMED,
        extra: vec![("official".to_owned(), "true".to_owned())],
        ..Hit::default()
    })
}

#[derive(Debug, Default, PartialEq)]
struct Facts {
    artists: Vec<String>,
    album: Option<String>,
    duration_ms: Option<u64>,
}

fn facts(runs: &[Run]) -> Facts {
    let mut facts = Facts::default();
    // Artists without a page of their own stand first, between dots.
    let mut unlinked = Vec::new();
    let mut part = 0;
    for run in runs {
        let text = run.text.trim();
        match run.page.as_deref() {
            Some(ARTIST) => facts.artists.push(text.to_owned()),
            Some(ALBUM) => facts.album = Some(text.to_owned()),
            _ if text == "\u{2022}" => part += 1,
            _ => match length(text) {
                Some(ms) => facts.duration_ms = Some(ms),
                None if part == 0 && !is_joint(text) => unlinked.push(text.to_owned()),
                None => {}
            },
        }
    }
    if facts.artists.is_empty() {
        facts.artists = unlinked;
    }
    facts
}

/// Stands between two artists.
fn is_joint(text: &str) -> bool {
    matches!(
        text,
        "" | "&" | "," | "and" | "und" | "et" | "y" | "e" | "x"
    )
}

/// `3:05` or `1:02:03` in milliseconds.
fn length(text: &str) -> Option<u64> {
    let mut seconds: u64 = 0;
    let parts: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for (at, part) in parts.iter().enumerate() {
        let digits = part.bytes().all(|b| b.is_ascii_digit());
        if !digits || part.is_empty() || part.len() > 2 || (at > 0 && part.len() != 2) {
            return None;
        }
        seconds = seconds * 60 + part.parse::<u64>().ok()?;
    }
    (seconds > 0).then_some(seconds * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(texts: &[(&str, Option<&str>)]) -> Vec<Run> {
        texts
            .iter()
            .map(|(text, page)| Run {
                text: (*text).to_owned(),
                page: page.map(str::to_owned),
            })
            .collect()
    }

    #[test]
    fn a_row_is_read_by_what_its_words_link_to() {
        let dot = (" \u{2022} ", None);
        for (texts, artists, album, ms) in [
            (
                vec![
                    ("Ann Example", Some(ARTIST)),
                    (" & ", None),
                    ("Bob", Some(ARTIST)),
                    dot,
                    ("First Album", Some(ALBUM)),
                    dot,
                    ("3:20", None),
                ],
                vec!["Ann Example", "Bob"],
                Some("First Album"),
                Some(200_000),
            ),
            // A single by somebody without a page; an album called like a length.
            (
                vec![
                    ("Ann Example", None),
                    dot,
                    ("4:33", Some(ALBUM)),
                    dot,
                    ("1:00:01", None),
                ],
                vec!["Ann Example"],
                Some("4:33"),
                Some(3_601_000),
            ),
            // An unfiltered search says first what it is.
            (
                vec![
                    ("Song", None),
                    dot,
                    ("Ann Example", Some(ARTIST)),
                    dot,
                    ("0:00", None),
                ],
                vec!["Ann Example"],
                None,
                None,
            ),
            (vec![], vec![], None, None),
        ] {
            let facts = facts(&runs(&texts));
            assert_eq!(facts.artists, artists, "{texts:?}");
            assert_eq!(facts.album.as_deref(), album, "{texts:?}");
            assert_eq!(facts.duration_ms, ms, "{texts:?}");
        }
    }

    #[test]
    fn a_length_has_minutes_and_seconds() {
        for (text, ms) in [
            ("3:05", Some(185_000)),
            ("59:59", Some(3_599_000)),
            ("3:5", None),
            ("12M plays", None),
            ("1:2:3:4", None),
            ("a:05", None),
            (":05", None),
        ] {
            assert_eq!(length(text), ms, "{text}");
        }
    }
}
