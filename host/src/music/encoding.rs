//! Formats that files can be converted to, as the user writes them.

use std::fmt;

use super::{Codec, InvalidId, Sound};

/// A codec, and how many bits it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    codec: Codec,
    /// kbit/s; `None` for lossless codecs.
    kilobits: Option<u32>,
}

impl Encoding {
    /// Reads `mp3 320`, `opus 160`, `aac 256`, `vorbis 192`, `flac` or `alac`. Without a number
    /// a lossy codec gets the one named here.
    ///
    /// # Errors
    /// When it is none of these, or the encoder cannot do so many kbit/s.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::read(text).ok_or_else(|| InvalidId {
            text: text.to_owned(),
            what: "format such as `mp3 320`, `opus 160`, `aac 256`, `vorbis 192`, `flac` or `alac`",
        })
    }

    fn read(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let mut words = lower.split_whitespace();
        let codec = Codec::parse(words.next()?)?;
        let number = match words.next() {
            Some(word) => Some(word.parse::<u32>().ok()?),
            None => None,
        };
        let (usual, range) = match codec {
            Codec::Mp3 => (320, 32..=320),
            Codec::Opus => (160, 32..=510),
            Codec::Aac => (256, 32..=512),
            Codec::Vorbis => (192, 64..=480),
            Codec::Flac | Codec::Alac => {
                let whole = number.is_none() && words.next().is_none();
                let kilobits = None;
                return whole.then_some(Self { codec, kilobits });
            }
            Codec::Pcm => return None,
        };
        let kilobits = number.unwrap_or(usual);
        (range.contains(&kilobits) && words.next().is_none()).then_some(Self {
            codec,
            kilobits: Some(kilobits),
        })
    }

    /// Its codec.
    pub fn codec(self) -> Codec {
        self.codec
    }

    /// What a file of it sounds like.
    pub fn as_sound(self) -> Sound {
        Sound {
            codec: Some(self.codec),
            bitrate: self.kilobits.map(|kilobits| kilobits * 1000),
            ..Sound::default()
        }
    }

    /// How ffmpeg is told.
    pub fn arguments(self) -> Vec<String> {
        let (encoder, muxer) = match self.codec {
            Codec::Mp3 => ("libmp3lame", "mp3"),
            Codec::Opus => ("libopus", "opus"),
            Codec::Aac => ("aac", "ipod"),
            Codec::Vorbis => ("libvorbis", "ogg"),
            Codec::Flac | Codec::Pcm => ("flac", "flac"),
            Codec::Alac => ("alac", "ipod"),
        };
        let mut arguments = vec!["-c:a".to_owned(), encoder.to_owned()];
        if let Some(kilobits) = self.kilobits {
            arguments.extend(["-b:a".to_owned(), format!("{kilobits}k")]);
        }
        arguments.extend(["-f".to_owned(), muxer.to_owned()]);
        arguments
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kilobits {
            Some(kilobits) => write!(f, "{} {kilobits}", self.codec),
            None => write!(f, "{}", self.codec),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_and_shown() {
        for (text, shown) in [
            ("mp3 320", Some("mp3 320")),
            ("MP3", Some("mp3 320")),
            ("opus", Some("opus 160")),
            ("m4a 192", Some("aac 192")),
            ("ogg", Some("vorbis 192")),
            ("flac", Some("flac")),
            ("alac", Some("alac")),
            ("flac 24/96", None),
            ("flac 900", None),
            ("mp3 9000", None),
            ("mp3 320 k", None),
            ("wav", None),
            ("keep", None),
            ("", None),
        ] {
            let read = Encoding::parse(text).ok().map(|format| format.to_string());
            assert_eq!(read.as_deref(), shown, "{text}");
        }
    }
}
