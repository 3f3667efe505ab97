//! What audio is made of.

use std::fmt;

/// File extensions under which musicdl keeps audio, lower case.
pub const AUDIO_EXTENSIONS: [&str; 10] = [
    "flac", "mp3", "m4a", "opus", "ogg", "wav", "aiff", "aif", "aac", "wv",
];

/// An audio codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Free Lossless Audio Codec.
    Flac,
    /// Apple Lossless.
    Alac,
    /// Uncompressed samples, in WAV or AIFF.
    Pcm,
    /// MPEG layer III.
    Mp3,
    /// Advanced Audio Coding.
    Aac,
    /// Opus.
    Opus,
    /// Vorbis.
    Vorbis,
}

impl Codec {
    /// The codec of that name, as plugins write it.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "flac" => Codec::Flac,
            "alac" => Codec::Alac,
            "pcm" | "wav" | "aiff" => Codec::Pcm,
            "mp3" => Codec::Mp3,
            "aac" | "m4a" => Codec::Aac,
            "opus" => Codec::Opus,
            "vorbis" | "ogg" => Codec::Vorbis,
            _ => return None,
        })
    }

    /// Its name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Codec::Flac => "flac",
            Codec::Alac => "alac",
            Codec::Pcm => "pcm",
            Codec::Mp3 => "mp3",
            Codec::Aac => "aac",
            Codec::Opus => "opus",
            Codec::Vorbis => "vorbis",
        }
    }

    /// Whether the audio is kept bit for bit.
    pub fn is_lossless(self) -> bool {
        match self {
            Codec::Flac | Codec::Alac | Codec::Pcm => true,
            Codec::Mp3 | Codec::Aac | Codec::Opus | Codec::Vorbis => false,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
