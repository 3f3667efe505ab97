//! One audio file -> what is known of it: from its tags, from its audio, and where the tags
//! are silent from its path. Trusts no value: an impossible one is ignored.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;
use std::time::Duration;

use lofty::config::{ParseOptions, ParsingMode};
use lofty::error::FileParseError;
use lofty::file::{AudioFile, FileType, TaggedFile, TaggedFileExt};
use lofty::iff::aiff::{AiffCompressionType, AiffFile};
use lofty::iff::wav::{WavFile, WavFormat};
use lofty::mp4::{Mp4Codec, Mp4File};
use lofty::mpeg::{Layer, MpegFile};
use lofty::probe::Probe;
use lofty::properties::FileProperties;
use lofty::tag::{ItemKey, Tag};

use crate::directory::open_regular;
use crate::error::FolderError;
use crate::{format, hints};

/// Longest text taken from a tag, in characters; a title of megabytes is an attack or a fault.
const LONGEST_TEXT: usize = 1_000;
/// Most artists taken from one file.
const MOST_ARTISTS: usize = 64;
/// Longest length believed: a week. The header of a cut or hostile file may claim anything.
const LONGEST_DURATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is known of one file. Units and meanings are those of
/// [`Hit`](musicdl_plugin_api::Hit).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Facts {
    /// Never empty: the file's name, if nothing better is known.
    pub(crate) title: String,
    pub(crate) version: Option<String>,
    pub(crate) artists: Vec<String>,
    pub(crate) album: Option<String>,
    pub(crate) album_artist: Option<String>,
    pub(crate) track_number: Option<u32>,
    pub(crate) disc_number: Option<u32>,
    pub(crate) year: Option<i32>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) isrc: Option<String>,
    pub(crate) recording_mbid: Option<String>,
    pub(crate) explicit: Option<bool>,
    pub(crate) codec: Option<&'static str>,
    pub(crate) bitrate: Option<u32>,
    pub(crate) sample_rate: Option<u32>,
    pub(crate) bit_depth: Option<u32>,
}

/// The facts of the file at `path` and its size in bytes. `below` is its path relative to the
/// configured directory: what lies above it says nothing about the music.
pub(crate) fn read(path: &Path, below: &Path) -> Result<(Facts, u64), FolderError> {
    let (file, metadata) = open_regular(path)?;
    let container = format::recognise(&file)
        .map_err(|source| FolderError::reading(path, source))?
        .ok_or_else(|| FolderError::NotAudio(path.to_owned()))?;
    let (tagged, codec) = parse(file, container).map_err(|error| FolderError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let mut facts = audio_facts(tagged.properties(), codec);
    add_tags(&mut facts, &tagged);
    add_hints(&mut facts, below);
    Ok((facts, metadata.len()))
}

/// Four containers hold several codecs, so these are read by their own types; the general one
/// forgets which it was.
fn parse(
    mut file: File,
    container: FileType,
) -> Result<(TaggedFile, Option<&'static str>), FileParseError> {
    let options = ParseOptions::new()
        // A bad tag does not exclude a good file.
        .parsing_mode(ParsingMode::Relaxed)
        .read_cover_art(false);
    file.rewind()?;
    let mut reader = BufReader::new(file);
    Ok(match container {
        FileType::Mp4 => {
            let file = Mp4File::read_from(&mut reader, options)?;
            let codec = file.properties().codec().and_then(mp4_codec);
            (file.into(), codec)
        }
        FileType::Mpeg => {
            let file = MpegFile::read_from(&mut reader, options)?;
            let codec = match file.properties().layer() {
                Layer::Layer1 => "mp1",
                Layer::Layer2 => "mp2",
                Layer::Layer3 => "mp3",
            };
            (file.into(), Some(codec))
        }
        FileType::Wav => {
            let file = WavFile::read_from(&mut reader, options)?;
            let codec = match file.properties().format() {
                WavFormat::PCM | WavFormat::IEEE_FLOAT => Some("pcm"),
                WavFormat::Other(_) => None,
            };
            (file.into(), codec)
        }
        FileType::Aiff => {
            let file = AiffFile::read_from(&mut reader, options)?;
            let codec = aiff_codec(file.properties().compression_type());
            (file.into(), codec)
        }
        other => {
            let probe = Probe::with_file_type(reader, other).options(options);
            (probe.read()?, codec_of(other))
        }
    })
}

fn mp4_codec(codec: Mp4Codec) -> Option<&'static str> {
    Some(match codec {
        Mp4Codec::AAC => "aac",
        Mp4Codec::ALAC => "alac",
        Mp4Codec::MP3 => "mp3",
        Mp4Codec::FLAC => "flac",
        _ => return None,
    })
}

/// Plain AIFF names no compression; AIFC names samples in other shapes, and real compression.
fn aiff_codec(compression: Option<&AiffCompressionType>) -> Option<&'static str> {
    match compression {
        None
        | Some(
            AiffCompressionType::None
            | AiffCompressionType::sowt
            | AiffCompressionType::fl32
            | AiffCompressionType::FL32
            | AiffCompressionType::fl64,
        ) => Some("pcm"),
        Some(_) => None,
    }
}

/// The codec of a container that holds only one.
fn codec_of(container: FileType) -> Option<&'static str> {
    Some(match container {
        FileType::Aac => "aac",
        FileType::Ape => "ape",
        FileType::Flac => "flac",
        FileType::Mpc => "musepack",
        FileType::Opus => "opus",
        FileType::Speex => "speex",
        FileType::Vorbis => "vorbis",
        FileType::WavPack => "wavpack",
        _ => return None,
    })
}

fn audio_facts(properties: &FileProperties, codec: Option<&'static str>) -> Facts {
    let bitrate = properties
        .audio_bitrate()
        .or(properties.overall_bitrate())
        .map(|kilobits| kilobits.saturating_mul(1_000));
    Facts {
        codec,
        duration_ms: milliseconds(properties.duration()),
        bitrate: bitrate.filter(|&rate| rate > 0),
        sample_rate: properties.sample_rate().filter(|&rate| rate > 0),
        bit_depth: properties.bit_depth().filter(|&d| d > 0).map(u32::from),
        ..Facts::default()
    }
}

fn milliseconds(duration: Duration) -> Option<u64> {
    if duration.is_zero() || duration > LONGEST_DURATION {
        return None;
    }
    u64::try_from(duration.as_millis()).ok()
}

fn add_tags(facts: &mut Facts, tagged: &TaggedFile) {
    // The format's own tag first: the others are leftovers, ID3v1 with its 30 letters last.
    let primary = tagged.primary_tag_type();
    let mut tags: Vec<&Tag> = tagged.tags().iter().collect();
    tags.sort_by_key(|tag| tag.tag_type() != primary);
    let text = |key| texts(&tags, key).into_iter().next();

    facts.title = text(ItemKey::TrackTitle).unwrap_or_default();
    facts.version = text(ItemKey::TrackSubtitle);
    facts.artists = artists(&tags);
    facts.album = text(ItemKey::AlbumTitle);
    facts.album_artist = text(ItemKey::AlbumArtist);
    facts.track_number = text(ItemKey::TrackNumber).and_then(|text| position(&text));
    facts.disc_number = text(ItemKey::DiscNumber).and_then(|text| position(&text));
    facts.year = [
        ItemKey::RecordingDate,
        ItemKey::Year,
        ItemKey::ReleaseDate,
        ItemKey::OriginalReleaseDate,
    ]
    .into_iter()
    .find_map(|key| text(key).and_then(|text| year(&text)));
    facts.isrc = texts(&tags, ItemKey::Isrc)
        .iter()
        .find_map(|text| isrc(text));
    facts.recording_mbid = texts(&tags, ItemKey::MusicBrainzRecordingId)
        .iter()
        .find_map(|text| mbid(text));
    facts.explicit = text(ItemKey::ParentalAdvisory).and_then(|text| explicit(&text));
}

fn add_hints(facts: &mut Facts, below: &Path) {
    let hints = hints::from_path(below);
    if facts.title.is_empty() {
        facts.title = hints.title;
        facts.track_number = facts.track_number.or(hints.track_number);
        facts.disc_number = facts.disc_number.or(hints.disc_number);
    }
    if facts.artists.is_empty() {
        facts.artists.extend(hints.artist);
    }
    if facts.album.is_none() && hints.album.is_some() {
        facts.album = hints.album;
        facts.year = facts.year.or(hints.year);
    }
}

/// `ARTISTS` lists each name for itself where a tagger wrote it; `ARTIST` is the credit as
/// printed, in several values or joined by semicolons. Other joints (`&`, `/`, `,`) occur in
/// names: AC/DC stays one.
fn artists(tags: &[&Tag]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for key in [ItemKey::TrackArtists, ItemKey::TrackArtist] {
        for name in texts(tags, key).iter().flat_map(|text| text.split(';')) {
            let name = name.trim();
            if !name.is_empty() && names.len() < MOST_ARTISTS && !names.iter().any(|n| n == name) {
                names.push(name.to_owned());
            }
        }
        if !names.is_empty() {
            break;
        }
    }
    names
}

/// The values of a key in the first tag that has any.
fn texts(tags: &[&Tag], key: ItemKey) -> Vec<String> {
    tags.iter()
        .map(|tag| {
            tag.get_strings(key)
                .flat_map(|text| text.split('\0'))
                .filter_map(clean)
                .collect::<Vec<_>>()
        })
        .find(|values| !values.is_empty())
        .unwrap_or_default()
}

fn clean(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(LONGEST_TEXT).collect();
    (!text.is_empty()).then_some(text)
}

/// `3` or `3/12`; zero means unknown.
fn position(text: &str) -> Option<u32> {
    let number = text.split('/').next().unwrap_or_default();
    number.trim().parse().ok().filter(|&n| n > 0)
}

/// The year of `1997`, `1997-05-21` or `1997-05-21T10:00:00`.
fn year(text: &str) -> Option<i32> {
    text.get(..4)?.parse().ok().filter(|&year| year >= 1000)
}

/// Two letters, three letters or digits, seven digits (ISO 3901), hyphens or not.
fn isrc(text: &str) -> Option<String> {
    let code: String = text
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let bytes = code.as_bytes();
    let valid = bytes.len() == 12
        && bytes[..2].iter().all(u8::is_ascii_uppercase)
        && bytes[2..5].iter().all(u8::is_ascii_alphanumeric)
        && bytes[5..].iter().all(u8::is_ascii_digit);
    valid.then_some(code)
}

/// A UUID with its hyphens, in lower case.
fn mbid(text: &str) -> Option<String> {
    let id = text.to_ascii_lowercase();
    let valid = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    valid.then_some(id)
}

/// `rtng` and `ITUNESADVISORY`: 1 explicit (4 in older files), 2 clean, 0 says nothing.
fn explicit(text: &str) -> Option<bool> {
    match text {
        "1" | "4" => Some(true),
        "2" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_cannot_be_are_left_out() {
        for (text, expected) in [
            ("3", Some(3)),
            ("3/12", Some(3)),
            (" 07 ", Some(7)),
            ("0", None),
            ("-1", None),
            ("A1", None),
            ("99999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(position(text), expected, "{text}");
        }
        for (text, expected) in [
            ("1997", Some(1997)),
            ("1997-05-21", Some(1997)),
            ("0000", None),
            ("97", None),
            ("+199", None),
            ("年年年", None),
        ] {
            assert_eq!(year(text), expected, "{text}");
        }
        for (duration, expected) in [
            (Duration::from_millis(1_234), Some(1_234)),
            (Duration::ZERO, None),
            (Duration::MAX, None),
        ] {
            assert_eq!(milliseconds(duration), expected, "{duration:?}");
        }
    }

    #[test]
    fn codes_are_brought_to_the_contracts_form_or_left_out() {
        for (text, expected) in [
            ("gb-aye-06-01498", Some("GBAYE0601498")),
            ("GBAYE0601498", Some("GBAYE0601498")),
            ("GBAYE06", None),
            ("ééééééGB", None),
        ] {
            assert_eq!(isrc(text).as_deref(), expected, "{text}");
        }
        let id = "8F3471B5-7E6A-48DA-86A9-C1C07A0F47AE";
        assert_eq!(mbid(id), Some(id.to_ascii_lowercase()));
        assert_eq!(mbid("8f3471b57e6a48da86a9c1c07a0f47ae"), None);
    }
}
