//! What the audio of a file is, by its headers alone: quick enough for a whole library, and
//! only as true as they are. What a fetched file is, `verify` measures.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;

use lofty::config::ParseOptions;
use lofty::file::{AudioFile, FileType, TaggedFileExt};
use lofty::mp4::{Mp4Codec, Mp4File};
use lofty::probe::Probe;

use super::{TagError, audio, chain, guarded};
use crate::music::{Codec, Sound};
use crate::verify;

/// Codec, depth, rate and bitrate of the audio at `path`.
///
/// # Errors
/// When the file is no audio, or its headers cannot be understood.
pub fn sound(path: &Path) -> Result<Sound, TagError> {
    // Recognised by content, as everywhere; what lofty makes of the name does not count.
    verify::container_of(path).map_err(|source| audio(path, source))?;
    guarded(path, || {
        let io = |source| TagError::Io {
            doing: "read",
            path: path.to_owned(),
            source,
        };
        let unreadable = |error: &dyn std::error::Error| TagError::Read {
            path: path.to_owned(),
            reason: chain(error),
        };
        let options = ParseOptions::new().read_tags(false).read_cover_art(false);
        let mut file = File::open(path).map_err(io)?;
        let probe = Probe::new(BufReader::new(&file)).options(options);
        let found = probe
            .guess_file_type()
            .map_err(io)?
            .read()
            .map_err(|error| unreadable(&error))?;
        let codec = match found.file_type() {
            FileType::Flac => Some(Codec::Flac),
            FileType::Mpeg => Some(Codec::Mp3),
            FileType::Opus => Some(Codec::Opus),
            FileType::Vorbis => Some(Codec::Vorbis),
            FileType::Aac => Some(Codec::Aac),
            FileType::Wav | FileType::Aiff => Some(Codec::Pcm),
            FileType::Mp4 => {
                file.rewind().map_err(io)?;
                let mp4 = Mp4File::read_from(&mut file, options).map_err(|e| unreadable(&e))?;
                match mp4.properties().codec() {
                    Some(Mp4Codec::AAC) => Some(Codec::Aac),
                    Some(Mp4Codec::ALAC) => Some(Codec::Alac),
                    Some(Mp4Codec::FLAC) => Some(Codec::Flac),
                    Some(Mp4Codec::MP3) => Some(Codec::Mp3),
                    _ => None,
                }
            }
            _ => None,
        };
        let said = |measure: Option<u32>| measure.filter(|measure| *measure > 0);
        let properties = found.properties();
        let lossless = codec.is_some_and(Codec::is_lossless);
        Ok(Sound::found(
            codec,
            said(properties.bit_depth().map(u32::from)).filter(|_| lossless),
            said(properties.sample_rate()),
            said(properties.audio_bitrate()).and_then(|kilobits| kilobits.checked_mul(1000)),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::tests::sounds::Sounds;

    /// Found by the fuzz target `tags`: so much in so short a time overflowed.
    #[test]
    fn a_length_that_cannot_be_true_is_no_failure() {
        let sounds = Sounds::new();
        let mut bytes = std::fs::read(sounds.format("24.flac")).unwrap();
        // The count of samples is the low half of byte 21 and bytes 22 to 25: a millisecond.
        bytes[21] &= 0xf0;
        bytes[22..26].copy_from_slice(&96_u32.to_be_bytes());
        assert!(bytes.len() > 600_000, "{}", bytes.len());
        let found = sound(&sounds.write("short.flac", &bytes)).unwrap();
        assert_eq!(found.codec, Some(Codec::Flac));
    }
}
