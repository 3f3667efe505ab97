//! A query -> what to look up, and an album of the look-up -> a hit.
//!
//! The look-up is that of Lidarr's metadata service, which knows every album of MusicBrainz.
//! Whether an indexer has it cannot be known before the album is in the library, so a hit says
//! nothing of quality or availability.

use musicdl_plugin_api::{Extra, Hit, LogLevel, Query, SourceError, TargetKind, extra_value};

use crate::api::Api;
use crate::records::Album;

/// A search box takes no novel, and neither does a URL.
const LONGEST_TERM: usize = 200;

/// Hits for an album, in Lidarr's order.
///
/// # Errors
/// `Unsupported` for anything but albums, else what Lidarr says.
pub(crate) fn search(api: &Api, query: &Query) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::ALBUM {
        return Err(SourceError::unsupported(
            "Lidarr is searched for whole albums only",
        ));
    }
    if let Some(id) = extra_value(&query.extra, "release_group_mbid").and_then(mbid_of) {
        let found = hits(api, &exact_term(&id))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let Some(term) = term(query) else {
        return Ok(Vec::new());
    };
    let mut found = hits(api, &term)?;
    found.truncate(query.limit.max(1) as usize);
    Ok(found)
}

/// What makes the look-up answer with the one album of that release group.
pub(crate) fn exact_term(release_group: &str) -> String {
    format!("lidarr:{release_group}")
}

/// `None` when there is nothing to look for: Lidarr would answer with noise.
fn term(query: &Query) -> Option<String> {
    let words = match (&query.album, query.album_artist.as_ref()) {
        (Some(album), Some(artist)) => format!("{artist} {album}"),
        (Some(album), None) => match query.artists.first() {
            Some(artist) => format!("{artist} {album}"),
            None => album.clone(),
        },
        (None, _) => query.text.clone(),
    };
    // `mbid:` and the like begin another kind of look-up, and no name needs its colon.
    let plain: String = words
        .chars()
        .map(|c| if c == ':' || c.is_control() { ' ' } else { c })
        .take(LONGEST_TERM)
        .collect();
    let term = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    term.chars().any(char::is_alphanumeric).then_some(term)
}

fn hits(api: &Api, term: &str) -> Result<Vec<Hit>, SourceError> {
    let albums = api.lookup(term)?;
    let listed = albums.len();
    let hits: Vec<Hit> = albums
        .into_iter()
        .filter_map(|album| hit(serde_json::from_value(album).ok()?))
        .collect();
    if hits.len() < listed {
        api.host().log(
            LogLevel::WARN,
            "albums without an id or a title were skipped",
            &[
                ("term", term),
                ("left_out", &(listed - hits.len()).to_string()),
            ],
        );
    }
    Ok(hits)
}

/// `None` for an album that lacks what every hit must have.
fn hit(album: Album) -> Option<Hit> {
    let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let title = text(album.title)?;
    let artist = album.artist.unwrap_or_default();
    let selected = album
        .releases
        .iter()
        .find(|release| release.monitored == Some(true));
    let mut extra = Extra::new();
    let mut tell = |key: &str, value: Option<String>| {
        extra.extend(value.map(|value| (key.to_owned(), value)));
    };
    tell("album_type", text(album.album_type));
    let kinds = album.secondary_types.join(", ");
    tell("secondary_types", text(Some(kinds)));
    tell("artist_mbid", text(artist.foreign_artist_id));
    tell(
        "release_mbid",
        selected.and_then(|release| text(release.foreign_release_id.clone())),
    );
    let there = album.statistics.unwrap_or_default();
    tell(
        "availability",
        there.is_complete().then(|| "present".to_owned()),
    );
    let name = text(artist.artist_name);
    Some(Hit {
        target_id: mbid_of(&album.foreign_album_id?)?,
        kind: TargetKind::ALBUM,
        version: text(album.disambiguation),
        artists: name.clone().into_iter().collect(),
        album: Some(title.clone()),
        title,
        album_artist: name,
        track_count: selected
            .and_then(|release| release.track_count)
            .filter(|&count| count > 0),
        year: album
            .release_date
            .as_deref()
            .and_then(|date| date.get(..4)?.parse().ok())
            .filter(|&year: &i32| year > 1),
        duration_ms: album.duration.filter(|&length| length > 0),
        extra,
        ..Hit::default()
    })
}

/// A UUID in lower case, or `None`.
pub(crate) fn mbid_of(text: &str) -> Option<String> {
    let id = text.trim().to_ascii_lowercase();
    let shaped = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    shaped.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(artist: &str, album: &str, text: &str) -> Query {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Query {
            kind: TargetKind::ALBUM,
            text: text.to_owned(),
            artists: some(artist).into_iter().collect(),
            album: some(album),
            ..Query::default()
        }
    }

    #[test]
    fn the_words_looked_up_are_artist_and_album_and_never_a_command() {
        for (artist, album, text, expected) in [
            (
                "Ann Example",
                "First Album",
                "x",
                Some("Ann Example First Album"),
            ),
            ("", "First Album", "x", Some("First Album")),
            (
                "Ann Example",
                "",
                "Ann Example First",
                Some("Ann Example First"),
            ),
            ("", "", "mbid:4711", Some("mbid 4711")),
            ("", "Lidarr: The Album", "", Some("Lidarr The Album")),
            ("", "", "a\u{0}b\nc", Some("a b c")),
            ("", "", "*", None),
            ("", "", "  ", None),
        ] {
            let term = term(&query(artist, album, text));
            assert_eq!(term.as_deref(), expected, "{artist} {album} {text}");
        }
        let long = "la ".repeat(4_000);
        assert_eq!(term(&query("", "", &long)).unwrap().len(), LONGEST_TERM);
    }

    #[test]
    fn an_album_says_what_it_is_and_nothing_it_does_not_know() {
        let album = serde_json::from_str(
            r#"{"title":"First Album","disambiguation":"mono","albumType":"Album",
                "secondaryTypes":["Live"],"foreignAlbumId":"B1392450-E666-3926-A536-22C65F834433",
                "releaseDate":"1998-04-20T00:00:00Z","duration":3780000,
                "artist":{"artistName":"Ann Example","foreignArtistId":"a1"},
                "releases":[{"trackCount":3},{"trackCount":17,"monitored":true,
                             "foreignReleaseId":"r2"}],
                "statistics":{"trackFileCount":17,"totalTrackCount":17}}"#,
        );
        let hit = hit(album.unwrap()).unwrap();
        assert_eq!(hit.target_id, "b1392450-e666-3926-a536-22c65f834433");
        assert_eq!((hit.track_count, hit.year), (Some(17), Some(1998)));
        assert_eq!(hit.duration_ms, Some(3_780_000));
        assert_eq!(hit.version.as_deref(), Some("mono"));
        assert_eq!(hit.artists, ["Ann Example"]);
        for (key, value) in [
            ("album_type", Some("Album")),
            ("secondary_types", Some("Live")),
            ("release_mbid", Some("r2")),
            ("availability", Some("present")),
        ] {
            assert_eq!(extra_value(&hit.extra, key), value, "{key}");
        }
        let bare = r#"{"title":"X","foreignAlbumId":"b1392450-e666-3926-a536-22c65f834433",
                       "duration":0,"disambiguation":"","releaseDate":"0001-01-01T00:00:00Z"}"#;
        let bare = super::hit(serde_json::from_str(bare).unwrap()).unwrap();
        assert_eq!(
            (bare.duration_ms, bare.year, bare.version),
            (None, None, None)
        );
        assert_eq!(bare.extra, []);
        for unusable in [
            r#"{"title":"X"}"#,
            r#"{"title":"X","foreignAlbumId":"7"}"#,
            r#"{"foreignAlbumId":"b1392450-e666-3926-a536-22c65f834433"}"#,
        ] {
            assert_eq!(super::hit(serde_json::from_str(unusable).unwrap()), None);
        }
    }
}
