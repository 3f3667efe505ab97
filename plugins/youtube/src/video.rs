//! A video of YouTube -> a hit. YouTube knows a title and a channel, and no artist; both are
//! read as uploaders write them, as far as the query bears it out.

use musicdl_plugin_api::{Hit, Provenance, Query, TargetKind, extra};
use musicdl_ytdlp::Found;

use crate::search::letters;

/// What YouTube has of nearly every track: Opus of 130 to 160 kbit/s.
pub(crate) const CODEC: &str = "opus";
/// Bits per second.
pub(crate) const BITRATE: u32 = 130_000;
/// Hz.
pub(crate) const SAMPLE_RATE: u32 = 48_000;

/// Channels that YouTube makes of what labels deliver.
const TOPIC: &str = " - Topic";
/// Words in brackets that say how a video looks and nothing of the recording.
const LOOKS: [&str; 17] = [
    "official video",
    "official music video",
    "official audio",
    "official lyric video",
    "official lyrics video",
    "official visualizer",
    "official visualiser",
    "official",
    "music video",
    "lyric video",
    "lyrics video",
    "lyrics",
    "lyric",
    "audio",
    "visualizer",
    "hd",
    "hq",
];

/// The id of a video: eleven characters, all that is ever downloaded.
pub(crate) fn target_of(found: &Found) -> Option<String> {
    found.id.clone().filter(|id| is_id(id))
}

/// Whether a text can be the id of a video.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 11
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// `None` for what has no id or title, is not a finished recording or not public.
pub(crate) fn hit(found: Found, query: &Query) -> Option<Hit> {
    let public = matches!(
        found.availability.as_deref(),
        None | Some("public" | "unlisted")
    );
    if found.is_live() || !public {
        return None;
    }
    let title = found.title.clone()?;
    let channel = found.channel.as_ref().or(found.uploader.as_ref());
    let official = channel.is_some_and(|name| name.ends_with(TOPIC));
    let (artists, shown) = match found.artists.clone() {
        Some(artists) if !artists.is_empty() => (artists, found.track.clone()),
        _ => credits(&title, channel, query),
    };
    let mut extra = vec![(extra::VIDEO_TITLE.to_owned(), title.clone())];
    extra.extend(channel.map(|name| ("channel".to_owned(), name.clone())));
    extra.extend(official.then(|| ("official".to_owned(), "true".to_owned())));
    Some(Hit {
        target_id: target_of(&found)?,
        kind: TargetKind::TRACK,
        title: shown.unwrap_or(title),
        artists,
        album: found.album.clone(),
        duration_ms: found.duration_ms(),
        codec: Some(CODEC.to_owned()),
        bitrate: Some(BITRATE),
        sample_rate: Some(SAMPLE_RATE),
        provenance: Provenance::ASSUMED,
        extra,
        ..Hit::default()
    })
}

/// Artists and title. `Ann Example - Bluebird (Official Video)` is read as uploaders mean it
/// only if it names a wanted artist; else the channel is the artist and the title stays.
fn credits(title: &str, channel: Option<&String>, query: &Query) -> (Vec<String>, Option<String>) {
    let name = channel.map(|name| plain(name).to_owned());
    let cleaned = without_looks(title);
    for dash in [" - ", " \u{2013} ", " \u{2014} "] {
        if let Some((before, after)) = cleaned.split_once(dash)
            && query.artists.iter().any(|wanted| same(before, wanted))
        {
            return (
                vec![before.trim().to_owned()],
                Some(after.trim().to_owned()),
            );
        }
    }
    (name.into_iter().collect(), Some(cleaned))
}

/// Whether `text` names that artist, alone or among others.
fn same(text: &str, artist: &str) -> bool {
    let artist = letters(artist);
    !artist.is_empty() && letters(text).contains(&artist)
}

/// A channel's name without what YouTube or Vevo added to the artist's.
fn plain(channel: &str) -> &str {
    channel
        .strip_suffix(TOPIC)
        .or_else(|| channel.strip_suffix("VEVO"))
        .unwrap_or(channel)
        .trim()
}

/// The title without brackets that speak of the picture. Others stay: a live recording is
/// another one, and the host has to see that it is.
fn without_looks(title: &str) -> String {
    let mut kept = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(open) = rest.find(['(', '[']) {
        let close = if rest[open..].starts_with('(') {
            ')'
        } else {
            ']'
        };
        let Some(length) = rest[open..].find(close) else {
            break;
        };
        let inside = &rest[open + 1..open + length];
        let looks = LOOKS.contains(&inside.trim().to_lowercase().as_str());
        kept.push_str(&rest[..if looks { open } else { open + length + 1 }]);
        rest = &rest[open + length + 1..];
    }
    kept.push_str(rest);
    let words: Vec<&str> = kept.split_whitespace().collect();
    if words.is_empty() {
        title.to_owned()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(title: &str, channel: &str) -> Found {
        Found {
            id: Some("abcdefghi-1".to_owned()),
            title: Some(title.to_owned()),
            channel: Some(channel.to_owned()),
            duration: Some(200.5),
            ..Found::default()
        }
    }

    fn query() -> Query {
        Query {
            artists: vec!["Ann Example".to_owned()],
            title: Some("Bluebird".to_owned()),
            ..Query::default()
        }
    }

    #[test]
    fn artist_and_title_are_read_as_uploaders_write_them() {
        for (title, channel, artist, shown) in [
            ("Bluebird", "Ann Example - Topic", "Ann Example", "Bluebird"),
            ("Bluebird", "Ann ExampleVEVO", "Ann Example", "Bluebird"),
            (
                "Ann Example - Bluebird",
                "some label",
                "Ann Example",
                "Bluebird",
            ),
            (
                "ANN EXAMPLE \u{2013} Bluebird [Official Video] (HD)",
                "AnnTV",
                "ANN EXAMPLE",
                "Bluebird",
            ),
            (
                "Ann Example & Bob - Bluebird (Live)",
                "x",
                "Ann Example & Bob",
                "Bluebird (Live)",
            ),
            // Not the wanted artist in front: nothing is read into it.
            (
                "Bluebird - Ann Example",
                "Ann Example",
                "Ann Example",
                "Bluebird - Ann Example",
            ),
            ("Bluebird (", "Ann Example", "Ann Example", "Bluebird ("),
            ("(Audio)", "Ann Example", "Ann Example", "(Audio)"),
        ] {
            let hit = hit(found(title, channel), &query()).unwrap();
            assert_eq!(
                (hit.artists, hit.title),
                (vec![artist.to_owned()], shown.to_owned())
            );
        }
    }

    #[test]
    fn what_is_not_to_be_had_is_no_hit() {
        let good = found("Bluebird", "Ann Example");
        assert!(hit(good.clone(), &query()).is_some());
        let said = |text: &str| Some(text.to_owned());
        for bad in [
            Found {
                id: None,
                ..good.clone()
            },
            Found {
                id: said("too short"),
                ..good.clone()
            },
            Found {
                id: said("../../../etc"),
                ..good.clone()
            },
            Found {
                title: None,
                ..good.clone()
            },
            Found {
                live_status: said("is_live"),
                ..good.clone()
            },
            Found {
                live_status: said("is_upcoming"),
                ..good.clone()
            },
            Found {
                availability: said("premium_only"),
                ..good.clone()
            },
        ] {
            assert_eq!(hit(bad.clone(), &query()), None, "{bad:?}");
        }
    }

    #[test]
    fn a_missing_length_is_unknown_and_a_fractional_one_is_kept() {
        let hit = |duration| {
            hit(
                Found {
                    duration,
                    ..found("a", "b")
                },
                &query(),
            )
            .unwrap()
        };
        assert_eq!(hit(Some(200.5)).duration_ms, Some(200_500));
        assert_eq!(hit(None).duration_ms, None);
    }
}
