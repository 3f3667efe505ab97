//! `tags`: what is written into files, and in which form.

use std::ops::RangeInclusive;

use super::error::Report;
use super::section::Section;
use super::value::{self, Refusal};

pub(super) const TAGS: [&str; 7] = [
    "id3",
    "cover",
    "cover_max_size",
    "cover_max_bytes",
    "lyrics",
    "source_comment",
    "replaygain",
];

/// Smaller ones show nothing, larger ones no player shows.
const COVER_SIZE: RangeInclusive<u64> = 64..=20_000;
const COVER_BYTES: RangeInclusive<u64> = 4 * 1024..=20 * 1024 * 1024;

/// What is written into files, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagsConfig {
    /// The version of ID3 in MP3, WAV, AIFF and bare AAC. Default 2.4.
    pub id3: Id3Version,
    /// Whether files have pictures in them. Default yes.
    pub cover: bool,
    /// Most pixels of the longer side of a picture in a file, 64 to 20000. Default none.
    pub cover_max_size: Option<u32>,
    /// Most bytes of a picture in a file, 4 KiB to 20 MiB. Default none.
    pub cover_max_bytes: Option<u64>,
    /// Where lyrics go. Default both.
    pub lyrics: LyricsPlace,
    /// Whether a comment names the source. Default no.
    pub source_comment: bool,
    /// Whose loudness is measured and written. Default nobody's: it decodes every file once
    /// more, and of albums twice.
    pub replaygain: ReplayGain,
}

impl Default for TagsConfig {
    fn default() -> Self {
        Self {
            id3: Id3Version::V24,
            cover: true,
            cover_max_size: None,
            cover_max_bytes: None,
            lyrics: LyricsPlace::Both,
            source_comment: false,
            replaygain: ReplayGain::None,
        }
    }
}

/// A version of ID3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id3Version {
    /// ID3v2.4.
    V24,
    /// ID3v2.3, for old players.
    V23,
}

/// Whose loudness is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayGain {
    /// Nobody's.
    None,
    /// That of each track.
    Track,
    /// Also that of each album, once all of its wanted tracks are there.
    Album,
}

/// Where lyrics go that came with the audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LyricsPlace {
    /// Into the file; beside it as well if they have times.
    Both,
    /// Into the file.
    Embedded,
    /// Beside it, as `.lrc`, if they have times.
    Beside,
    /// Nowhere.
    Nowhere,
}

impl TagsConfig {
    pub(super) fn read(mut section: Section<'_>, report: &mut Report) -> Self {
        let usual = Self::default();
        Self {
            id3: section.read("id3", report, id3).unwrap_or(usual.id3),
            cover: section.read("cover", report, cover).unwrap_or(usual.cover),
            cover_max_size: section
                .read("cover_max_size", report, or_none(value::whole(COVER_SIZE)))
                .flatten()
                .map(|side| u32::try_from(side).expect("the range ends at 20000")),
            cover_max_bytes: section
                .read("cover_max_bytes", report, or_none(value::size(COVER_BYTES)))
                .flatten(),
            lyrics: section
                .read("lyrics", report, lyrics)
                .unwrap_or(usual.lyrics),
            source_comment: section
                .read("source_comment", report, value::flag)
                .unwrap_or(usual.source_comment),
            replaygain: section
                .read("replaygain", report, replaygain)
                .unwrap_or(usual.replaygain),
        }
    }
}

fn id3(word: &str) -> Result<Id3Version, Refusal> {
    match word {
        "2.4" => Ok(Id3Version::V24),
        "2.3" => Ok(Id3Version::V23),
        _ => Err(Refusal::one_of(&["2.4", "2.3"])),
    }
}

fn cover(word: &str) -> Result<bool, Refusal> {
    match (word, value::flag(word)) {
        ("none", _) => Ok(false),
        (_, Ok(flag)) => Ok(flag),
        (_, Err(_)) => Err(Refusal::one_of(&["true", "false", "none"])),
    }
}

/// Also `none`, for no limit.
fn or_none(
    read: impl Fn(&str) -> Result<u64, Refusal>,
) -> impl Fn(&str) -> Result<Option<u64>, Refusal> {
    move |word| match word {
        "none" => Ok(None),
        _ => read(word).map(Some),
    }
}

/// `true` and `false` are what earlier releases took: of tracks, or nothing.
fn replaygain(word: &str) -> Result<ReplayGain, Refusal> {
    match (word, value::flag(word)) {
        ("none", _) | (_, Ok(false)) => Ok(ReplayGain::None),
        ("track", _) | (_, Ok(true)) => Ok(ReplayGain::Track),
        ("album", _) => Ok(ReplayGain::Album),
        _ => Err(Refusal::one_of(&["none", "track", "album"])),
    }
}

fn lyrics(word: &str) -> Result<LyricsPlace, Refusal> {
    match word {
        "both" => Ok(LyricsPlace::Both),
        "embedded" => Ok(LyricsPlace::Embedded),
        "file" => Ok(LyricsPlace::Beside),
        "none" => Ok(LyricsPlace::Nowhere),
        _ => Err(Refusal::one_of(&["both", "embedded", "file", "none"])),
    }
}
