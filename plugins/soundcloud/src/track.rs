//! A track of SoundCloud -> a hit, and which addresses are tracks.

use musicdl_plugin_api::{Hit, Provenance, Query, TargetKind, extra};
use musicdl_ytdlp::{Found, Publisher};

/// What SoundCloud has of every track it gives away: MP3 of 128 kbit/s.
const CODEC: &str = "mp3";
/// Bits per second.
const BITRATE: u32 = 128_000;

/// Where tracks are, for people and for programs.
const PERMALINK: &str = "https://soundcloud.com/";
const BY_NUMBER: [&str; 2] = [
    "https://api.soundcloud.com/tracks/",
    "https://api-v2.soundcloud.com/tracks/",
];

/// Whether a text is the address of one track: of an artist and a name, or of a number.
pub(crate) fn is_address(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if let Some(path) = text.strip_prefix(PERMALINK) {
        let parts: Vec<&str> = path.split('/').collect();
        // A third part is the token of a private link.
        return matches!(parts.len(), 2 | 3) && parts.iter().all(|part| word(part));
    }
    BY_NUMBER.iter().any(|start| {
        text.strip_prefix(start).is_some_and(|number| {
            // Since 2025 numbers stand behind the kind of thing they count.
            let number = number
                .strip_prefix("soundcloud%3Atracks%3A")
                .unwrap_or(number);
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

/// `None` for what has no address or title, and for what is not to be had whole.
pub(crate) fn hit(found: Found, query: &Query) -> Option<Hit> {
    let kept = found.musicdl.clone().unwrap_or_default();
    // SNIP: 30 seconds for those who do not pay. BLOCK: nothing in this country.
    if matches!(kept.policy.as_deref(), Some("SNIP" | "BLOCK")) {
        return None;
    }
    let target_id = [&found.webpage_url, &found.url]
        .into_iter()
        .flatten()
        .find(|address| is_address(address))?
        .clone();
    let title = found.track.clone().or_else(|| found.title.clone())?;
    let label = kept.publisher.unwrap_or_default();
    let (artists, shown) = credits(&title, &found, &label, query);
    let uploader = found.uploader.clone();
    Some(Hit {
        target_id,
        kind: TargetKind::TRACK,
        title: shown,
        artists,
        album: label.album_title.or(found.album.clone()),
        // A preview's own length would be that of another track.
        duration_ms: whole(kept.full_duration).or_else(|| found.duration_ms()),
        isrc: label.isrc.as_deref().and_then(isrc_of),
        explicit: label.explicit,
        codec: Some(CODEC.to_owned()),
        bitrate: Some(BITRATE),
        provenance: Provenance::ASSUMED,
        extra: uploader
            .into_iter()
            .map(|name| (extra::UPLOADER.to_owned(), name))
            .collect(),
        ..Hit::default()
    })
}

fn whole(ms: Option<f64>) -> Option<u64> {
    ms.filter(|ms| (1.0..1e12).contains(ms))
        .map(|ms| ms.round() as u64)
}

/// Artists and title: as the label says, else as the title says if it names a wanted
/// artist, else who uploaded it.
fn credits(title: &str, found: &Found, label: &Publisher, query: &Query) -> (Vec<String>, String) {
    let named = |text: &str| {
        query.artists.iter().any(|wanted| {
            let wanted = letters(wanted);
            !wanted.is_empty() && letters(text).contains(&wanted)
        })
    };
    for dash in [" - ", " \u{2013} ", " \u{2014} "] {
        if let Some((before, after)) = title.split_once(dash)
            && named(before)
        {
            return (vec![before.trim().to_owned()], after.trim().to_owned());
        }
    }
    let artists = match (&label.artist, &found.artists) {
        (Some(artist), _) => vec![artist.clone()],
        (None, Some(artists)) if !artists.is_empty() => artists.clone(),
        (None, _) => found.uploader.clone().into_iter().collect(),
    };
    (artists, title.to_owned())
}

/// Letters and digits in lower case, for comparing only.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Twelve letters and digits in upper case, or `None`.
fn isrc_of(text: &str) -> Option<String> {
    let isrc: String = text
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    (isrc.len() == 12 && isrc.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(isrc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use musicdl_ytdlp::Kept;

    fn found(title: &str, uploader: &str) -> Found {
        Found {
            webpage_url: Some("https://soundcloud.com/ann-example/bluebird".to_owned()),
            title: Some(title.to_owned()),
            uploader: Some(uploader.to_owned()),
            duration: Some(200.5),
            ..Found::default()
        }
    }

    fn query() -> Query {
        Query {
            artists: vec!["Ann Example".to_owned()],
            ..Query::default()
        }
    }

    #[test]
    fn only_the_address_of_one_track_is_a_target() {
        for (text, good) in [
            ("https://soundcloud.com/ann-example/bluebird", true),
            ("https://soundcloud.com/ann-example/bluebird/s-AbC123", true),
            ("https://api.soundcloud.com/tracks/123", true),
            (
                "https://api.soundcloud.com/tracks/soundcloud%3Atracks%3A123",
                true,
            ),
            ("https://api-v2.soundcloud.com/tracks/123", true),
            ("https://soundcloud.com/ann-example", false),
            ("https://soundcloud.com/ann-example/sets/first/x", false),
            ("https://soundcloud.com/a/b?x=1", false),
            ("https://soundcloud.com/../etc", false),
            ("https://soundcloud.com.evil.example/a/b", false),
            ("https://api.soundcloud.com/tracks/", false),
            ("scsearch:x", false),
            ("", false),
        ] {
            assert_eq!(is_address(text), good, "{text}");
        }
    }

    #[test]
    fn what_is_only_a_preview_or_blocked_here_is_no_hit() {
        for (policy, there) in [
            (None, true),
            (Some("ALLOW"), true),
            (Some("MONETIZE"), true),
            (Some("SNIP"), false),
            (Some("BLOCK"), false),
        ] {
            let found = Found {
                musicdl: Some(Kept {
                    policy: policy.map(str::to_owned),
                    ..Kept::default()
                }),
                ..found("Bluebird", "Ann Example")
            };
            assert_eq!(hit(found, &query()).is_some(), there, "{policy:?}");
        }
    }

    #[test]
    fn a_label_knows_better_than_an_uploader_and_a_title_that_names_the_artist_best() {
        let label = Publisher {
            artist: Some("Ann Example".to_owned()),
            album_title: Some("First Album".to_owned()),
            isrc: Some("de-abc-26-00001".to_owned()),
            explicit: Some(false),
        };
        for (title, label, artist, shown) in [
            ("Bluebird", Some(label.clone()), "Ann Example", "Bluebird"),
            ("Bluebird", None, "some label", "Bluebird"),
            (
                "Ann Example - Bluebird (Live)",
                None,
                "Ann Example",
                "Bluebird (Live)",
            ),
            ("Zoe - Bluebird", None, "some label", "Zoe - Bluebird"),
        ] {
            let found = Found {
                musicdl: Some(Kept {
                    publisher: label.clone(),
                    ..Kept::default()
                }),
                ..found(title, "some label")
            };
            let hit = hit(found, &query()).unwrap();
            assert_eq!(
                (hit.artists, hit.title),
                (vec![artist.to_owned()], shown.to_owned())
            );
            let isrc = label.map(|_| "DEABC2600001".to_owned());
            assert_eq!(hit.isrc, isrc);
        }
    }
}
