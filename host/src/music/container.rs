//! What audio packets are wrapped in.

use super::Codec;

/// What audio packets are wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// Native FLAC.
    Flac,
    /// Bare MPEG layer III frames.
    Mp3,
    /// MPEG-4, of AAC, ALAC and others.
    Mp4,
    /// Ogg, of Vorbis, Opus and FLAC.
    Ogg,
    /// RIFF WAVE.
    Wav,
    /// AIFF and AIFF-C.
    Aiff,
    /// Bare AAC frames with ADTS headers.
    Adts,
}

impl Container {
    /// The extension a file of it has when it carries that codec; lower case, no dot.
    pub fn extension(self, codec: Codec) -> &'static str {
        match self {
            Container::Flac => "flac",
            Container::Mp3 => "mp3",
            Container::Mp4 => "m4a",
            Container::Ogg if codec == Codec::Opus => "opus",
            Container::Ogg => "ogg",
            Container::Wav => "wav",
            Container::Aiff => "aiff",
            Container::Adts => "aac",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_follows_container_and_codec() {
        for (container, codec, extension) in [
            (Container::Ogg, Codec::Opus, "opus"),
            (Container::Ogg, Codec::Vorbis, "ogg"),
            (Container::Mp4, Codec::Alac, "m4a"),
            (Container::Adts, Codec::Aac, "aac"),
        ] {
            assert_eq!(container.extension(codec), extension);
        }
    }
}
