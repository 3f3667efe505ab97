//! Is the file audio, whole, and as long as it should be?
//!
//! Decides from the bytes alone: what container it is (never by its name), whether every
//! packet is there and decodes, how long it plays, and whether that agrees with what the
//! file itself says and with what was wanted. What a refusal leads to, which quality was
//! asked for and where the file goes are the engine's; nothing here writes.
//!
//! What a damaged byte does depends on the format. FLAC frames and Ogg pages carry
//! checksums and FLAC a digest of all samples, so there every flipped byte is found. MP3, AAC,
//! ALAC, WAV and AIFF have none: there a flip is found only when it breaks the bitstream.

mod container;
mod decode;
mod error;
mod flac;
mod frame_header;
mod length;
mod mp4;
mod mpeg;
mod ogg;
mod packets;
mod section;
#[cfg(test)]
pub(crate) mod sounds;
mod stream;
#[cfg(test)]
mod tests;
mod whole;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::music::Codec;

pub use container::Container;
pub use error::VerifyError;
pub(crate) use mp4::is_fragmented;

use decode::End;
use section::Section;
use whole::Tail;

/// What is known of the track that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its length in milliseconds, as a catalog gives it. `None` or 0 when nobody said.
    pub duration_ms: Option<u64>,
}

/// A file that is whole, with what was measured in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What the packets are wrapped in.
    pub container: Container,
    /// How the audio is coded.
    pub codec: Codec,
    /// The file extension that belongs to it, lower case, without the dot.
    pub extension: &'static str,
    /// How long it plays, in milliseconds, counted from its samples.
    pub duration_ms: u64,
    /// Hz. For HE-AAC the rate the container names, which may be that of its lower half.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u16,
    /// Bits a sample; `None` for lossy codecs, which have none.
    pub bit_depth: Option<u32>,
    /// Bits per second of the audio itself, without tags and pictures.
    pub bitrate: u32,
    /// Bytes of the whole file.
    pub size: u64,
    /// Whether the samples were decoded. `false` for Opus and HE-AAC, of which every packet
    /// was read and timed but not decoded.
    pub decoded: bool,
    /// Digest of the audio as stored, the same before and after tagging; see [`payload_hash`].
    pub audio_hash: String,
}

/// Reads the whole file and says what it is.
///
/// A 4 minute track takes a fraction of a second. Blocking: call it on a blocking thread.
///
/// # Errors
/// The reason why the file must not enter a library, in words for people.
pub fn check(path: &Path, wanted: &Expected) -> Result<Verified, VerifyError> {
    contained(|| examine(path, wanted))
}

/// BLAKE3 of the audio as stored, as 64 hexadecimal digits: the decoder's configuration and
/// every packet with its length, in order. Tags, pictures and padding do not count.
///
/// # Errors
/// When the file cannot be read to its end as audio.
pub fn payload_hash(path: &Path) -> Result<String, VerifyError> {
    contained(|| {
        let mut section = Section::open(path)?;
        let container = container::recognize(&mut section)?;
        decode::hash(container, section)
    })
}

/// What the file is, by its content.
pub(crate) fn container_of(path: &Path) -> Result<Container, VerifyError> {
    container::recognize(&mut Section::open(path)?)
}

/// Whether every page of an Ogg file is intact; a file that is not, must not be rewritten.
pub(crate) fn ogg_is_intact(path: &Path) -> Result<bool, VerifyError> {
    let mut section = Section::open(path)?;
    Ok(ogg::walk(&mut section)?.is_intact())
}

/// The bytes between the tags in front of and behind the audio: start and end.
pub(crate) fn payload_range(path: &Path) -> Result<(u64, u64), VerifyError> {
    let section = Section::open(path)?;
    Ok((section.start(), section.end()))
}

fn examine(path: &Path, wanted: &Expected) -> Result<Verified, VerifyError> {
    let mut section = Section::open(path)?;
    let size = section.file_len();
    let container = container::recognize(&mut section)?;
    let tail = whole::inspect(container, &mut section)?;
    let heard = decode::listen(container, section);

    // What is missing may also be why the rest does not decode: say the cause.
    if let Tail::Cut { what } = tail {
        let found_ms = heard.map_or(0, |heard| heard.duration_ms);
        return Err(VerifyError::Truncated { what, found_ms });
    }
    let heard = heard?;
    length::against_declared(&heard)?;
    let unmarked = match tail {
        Tail::Unmarked { what } => Some(what),
        Tail::Fine | Tail::Cut { .. } => {
            (heard.end == End::Doubtful).then(|| "it ends in the middle of a frame".to_owned())
        }
    };
    if let Some(what) = unmarked {
        length::unmarked_end(what, heard.duration_ms, wanted.duration_ms)?;
    }
    length::against_wanted(heard.duration_ms, wanted.duration_ms)?;
    if heard.only_zeros && heard.duration_ms > length::SILENCE_MS {
        return Err(VerifyError::Silent {
            found_ms: heard.duration_ms,
        });
    }

    Ok(Verified {
        container,
        codec: heard.codec,
        extension: container.extension(heard.codec),
        duration_ms: heard.duration_ms,
        sample_rate: heard.sample_rate,
        channels: heard.channels,
        bit_depth: heard.bit_depth,
        bitrate: length::bitrate(heard.payload_bytes, heard.duration_ms),
        size,
        decoded: heard.decoded,
        audio_hash: heard.hash,
    })
}

/// Runs code that parses hostile bytes; its panic becomes a refusal of the file.
fn contained<T>(work: impl FnOnce() -> Result<T, VerifyError>) -> Result<T, VerifyError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        Err(VerifyError::Corrupt {
            what: format!("the decoder failed on it ({said})"),
        })
    })
}
