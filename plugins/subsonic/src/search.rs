//! A query -> the words to ask for, and a song of the server -> a hit.
//!
//! Servers search differently. Most match every word over title, artist and album; some
//! (supysonic) look for the whole text inside the title. So the first request asks for
//! artist and title, and a second one, only if the first found nothing, for the title
//! alone. What accents and spellings need beyond that is the host's.

use musicdl_plugin_api::{Hit, LogLevel, Provenance, Query, SourceError, TargetKind};

use crate::api::Api;
use crate::lenient::Many;
use crate::song::{Artist, Song};

/// The most songs asked for at once; servers cap it there or lower.
const PAGE: u32 = 500;
/// By title alone a song called `Intro` stands behind many others of that name.
const TITLE_PAGE: u32 = 200;

/// Hits for a track, in the server's order.
///
/// # Errors
/// `Unsupported` for anything but tracks, else what the server says.
pub(crate) fn search(api: &Api, query: &Query) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported(
            "a Subsonic server is searched for tracks only",
        ));
    }
    let limit = query.limit.clamp(1, PAGE);
    let Some(title) = query.title.as_deref() else {
        return hits(api, &query.text, limit);
    };
    let Some(artist) = query.artists.first() else {
        return hits(api, title, limit);
    };
    let found = hits(api, &format!("{artist} {title}"), limit)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let mut found = hits(api, title, limit.max(TITLE_PAGE))?;
    // The server could not be asked for the artist, and the host cuts at its limit: what
    // names the artist must not be behind it.
    found.sort_by_key(|hit| !names(hit, artist));
    found.truncate(limit as usize);
    Ok(found)
}

fn names(hit: &Hit, artist: &str) -> bool {
    let artist = artist.to_lowercase();
    hit.artists
        .iter()
        .chain(&hit.album_artist)
        .any(|name| name.to_lowercase().contains(&artist))
}

fn hits(api: &Api, text: &str, count: u32) -> Result<Vec<Hit>, SourceError> {
    let songs = api.search(text, count)?;
    let listed = songs.items.len() + songs.unreadable;
    let hits: Vec<Hit> = songs.items.into_iter().filter_map(hit).collect();
    if hits.len() < listed {
        api.host().log(
            LogLevel::WARN,
            "songs without an id or a title were skipped",
            &[
                ("query", text),
                ("left_out", &(listed - hits.len()).to_string()),
            ],
        );
    }
    Ok(hits)
}

/// `None` for a song that lacks what every hit must have.
fn hit(song: Song) -> Option<Hit> {
    let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    let credited = names_of(song.artists);
    let extra = [
        ("suffix", &song.suffix),
        ("content_type", &song.content_type),
        ("cover_art", &song.cover_art),
    ];
    Some(Hit {
        target_id: song.id?,
        kind: TargetKind::TRACK,
        title: song.title?,
        artists: if credited.is_empty() {
            // Several artists in one text stay one name: to split it would be a guess.
            song.artist.into_iter().collect()
        } else {
            credited
        },
        album: song.album,
        album_artist: song
            .display_album_artist
            .or_else(|| names_of(song.album_artists).into_iter().next()),
        track_number: small(song.track),
        disc_number: small(song.disc_number),
        year: song.year.and_then(|year| i32::try_from(year).ok()),
        duration_ms: song.duration.map(|seconds| seconds.saturating_mul(1000)),
        isrc: song.isrc.iter().find_map(|isrc| isrc_of(isrc)),
        recording_mbid: song.music_brainz_id.and_then(|id| mbid_of(&id)),
        explicit: match song.explicit_status.as_deref() {
            Some("explicit") => Some(true),
            Some("clean") => Some(false),
            _ => None,
        },
        codec: song
            .suffix
            .as_deref()
            .and_then(|suffix| codec(suffix, song.bit_rate))
            .map(str::to_owned),
        bitrate: small(song.bit_rate.map(|kilobits| kilobits.saturating_mul(1000))),
        sample_rate: small(song.sampling_rate),
        bit_depth: small(song.bit_depth),
        size: song.size,
        provenance: Provenance::DECLARED,
        extra: extra
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
            .collect(),
        ..Hit::default()
    })
}

fn names_of(artists: Many<Artist>) -> Vec<String> {
    artists.items.into_iter().filter_map(|a| a.name).collect()
}

/// The codec behind a file's extension; `None` where it says nothing of it.
fn codec(suffix: &str, kilobits: Option<u64>) -> Option<&'static str> {
    match suffix.to_ascii_lowercase().as_str() {
        "flac" => Some("flac"),
        "mp3" => Some("mp3"),
        "opus" => Some("opus"),
        "ogg" => Some("vorbis"),
        "aac" => Some("aac"),
        "wav" | "aif" | "aiff" => Some("pcm"),
        // Both live in this container, and only the bitrate tells: stores and encoders end
        // at 320 kbit/s of AAC, while stereo music as ALAC is seldom below 500.
        "m4a" | "mp4" => match kilobits {
            Some(1..=320) => Some("aac"),
            Some(500..) => Some("alac"),
            _ => None,
        },
        _ => None,
    }
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

/// A UUID in lower case, or `None`.
fn mbid_of(text: &str) -> Option<String> {
    let id = text.trim().to_ascii_lowercase();
    let shaped = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    shaped.then_some(id)
}

#[cfg(test)]
mod tests;
