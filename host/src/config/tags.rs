//! `tags`: what is written into files, and in which form.

use super::error::Report;
use super::section::Section;
use super::value::{self, Refusal};

pub(super) const TAGS: [&str; 4] = ["id3", "lyrics", "source_comment", "replaygain"];

/// What is written into files, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagsConfig {
    /// The version of ID3 in MP3, WAV, AIFF and bare AAC. Default 2.4.
    pub id3: Id3Version,
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
