//! Is the file audio, whole, and as long as it should be?
//!
//! Decides from the bytes alone: what container it is (never by its name), whether every
//! packet is there and decodes, how long it plays, and whether that agrees with what the
//! file itself says and with what was wanted. It also tells what is odd without being wrong:
//! a lossless file whose sound ends where lossy encoders cut ([`Cutoff`]), a promise that was
//! not kept ([`broken_claims`]). What a refusal leads to, what of the odd is refused, which
//! quality was asked for and where the file goes are the engine's; nothing here writes.
//!
//! What a damaged byte does depends on the format. FLAC frames and Ogg pages carry
//! checksums and FLAC a digest of all samples, so there every flipped byte is found. MP3, AAC,
//! ALAC, WAV and AIFF have none: there a flip is found only when it breaks the bitstream.

mod claims;
mod containers;
mod decode;
mod ears;
mod elsewhere;
mod error;
mod fingerprint;
mod length;
mod spectrum;
mod stream;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::ffmpeg::{Ffmpeg, Missing};
use crate::music::{Codec, Container, Fingerprint};

pub use claims::{BrokenClaim, broken_claims};
pub(crate) use containers::is_fragmented;
pub use error::VerifyError;
pub use spectrum::{Cutoff, Reading};

use containers::{Section, Tail, inspect, recognize};
use decode::End;
use ears::{Ears, Questions};
use elsewhere::Failure;

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
    /// How far the samples were listened to.
    pub check: Check,
    /// Where the sound of a lossless file ends, if that is lower than it should.
    pub cutoff: Option<Cutoff>,
    /// Bits a sample that are in use; 16 where a file of 24 was only filled up with zeros.
    pub used_bits: Option<u32>,
    /// What it sounds like, if that was asked for.
    pub fingerprint: Option<Fingerprint>,
    /// Digest of the audio as stored, the same before and after tagging; see [`payload_hash`].
    pub audio_hash: String,
}

/// How far a file was listened to. Each is a proof that nothing is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Every sample was decoded.
    Decoded,
    /// Every sample was decoded, by ffmpeg.
    DecodedByFfmpeg,
    /// Every packet was read and timed, but what is in them was not decoded: Opus and HE-AAC
    /// where there is no ffmpeg.
    PacketsOnly {
        /// Why not, as a clause.
        why: String,
    },
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Check::Decoded => f.write_str("decoded to the end"),
            Check::DecodedByFfmpeg => f.write_str("decoded to the end by ffmpeg"),
            Check::PacketsOnly { why } => {
                write!(f, "its packets are complete, but not decoded: {why}")
            }
        }
    }
}

/// With what files are checked.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// Decodes Opus and HE-AAC. Where it is missing, their packets are walked instead.
    pub ffmpeg: Result<Ffmpeg, Missing>,
    /// Whether fingerprints are taken.
    pub fingerprints: bool,
}

/// Without help of other programs.
impl Default for Verifier {
    fn default() -> Self {
        Self {
            ffmpeg: Err(Missing::Anywhere),
            fingerprints: false,
        }
    }
}

impl Verifier {
    /// Reads the whole file and says what it is.
    ///
    /// A 4 minute track takes a fraction of a second. Blocking: call it on a blocking thread.
    ///
    /// # Errors
    /// The reason why the file must not enter a library, in words for people.
    pub fn check(&self, path: &Path, wanted: &Expected) -> Result<Verified, VerifyError> {
        contained(|| examine(self, path, wanted))
    }
}

/// Checks a file without help of other programs; see [`Verifier::check`].
///
/// # Errors
/// The reason why the file must not enter a library, in words for people.
pub fn check(path: &Path, wanted: &Expected) -> Result<Verified, VerifyError> {
    Verifier::default().check(path, wanted)
}

/// BLAKE3 of the audio as stored, as 64 hexadecimal digits: the decoder's configuration and
/// every packet with its length, in order. Tags, pictures and padding do not count.
///
/// # Errors
/// When the file cannot be read to its end as audio.
pub fn payload_hash(path: &Path) -> Result<String, VerifyError> {
    contained(|| {
        let mut section = Section::open(path)?;
        let container = recognize(&mut section)?;
        decode::hash(container, section)
    })
}

/// What the file is, by its content.
pub(crate) fn container_of(path: &Path) -> Result<Container, VerifyError> {
    recognize(&mut Section::open(path)?)
}

/// Whether every page of an Ogg file is intact; a file that is not, must not be rewritten.
pub(crate) fn ogg_is_intact(path: &Path) -> Result<bool, VerifyError> {
    let mut section = Section::open(path)?;
    containers::ogg_is_intact(&mut section)
}

/// The bytes between the tags in front of and behind the audio: start and end.
pub(crate) fn payload_range(path: &Path) -> Result<(u64, u64), VerifyError> {
    let section = Section::open(path)?;
    Ok((section.start(), section.end()))
}

fn examine(verifier: &Verifier, path: &Path, wanted: &Expected) -> Result<Verified, VerifyError> {
    let questions = Questions {
        fingerprint: verifier.fingerprints,
    };
    let mut section = Section::open(path)?;
    let size = section.file_len();
    let container = recognize(&mut section)?;
    let tail = inspect(container, &mut section)?;
    let heard = decode::listen(container, section, questions);

    // What is missing may also be why the rest does not decode: say the cause.
    if let Tail::Cut { what } = tail {
        let found_ms = heard.map_or(0, |(heard, _)| heard.duration_ms);
        return Err(VerifyError::Truncated { what, found_ms });
    }
    let (heard, mut ears) = heard?;
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
    let check = if heard.decoded {
        Check::Decoded
    } else {
        // What was heard before the decoder gave up is half of it at best.
        ears = Ears::new(questions, heard.codec.is_lossless());
        elsewhere(verifier, path, container, heard.duration_ms, &mut ears)?
    };
    let sound = ears.finish();
    let listened = !matches!(check, Check::PacketsOnly { .. });
    if listened && sound.only_zeros && heard.duration_ms > length::SILENCE_MS {
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
        check,
        cutoff: sound.cutoff,
        used_bits: heard.bit_depth.map(|bits| {
            if sound.fits_16_bits {
                bits.min(16)
            } else {
                bits
            }
        }),
        fingerprint: sound.fingerprint,
        audio_hash: heard.hash,
    })
}

/// Has what symphonia cannot decode decoded by ffmpeg, if there is one.
fn elsewhere(
    verifier: &Verifier,
    path: &Path,
    container: Container,
    claimed_ms: u64,
    ears: &mut Ears,
) -> Result<Check, VerifyError> {
    let ffmpeg = match &verifier.ffmpeg {
        Ok(ffmpeg) => ffmpeg,
        Err(missing) => {
            let why = missing.to_string();
            return Ok(Check::PacketsOnly { why });
        }
    };
    match elsewhere::decode(ffmpeg, (path, container), claimed_ms, ears) {
        Ok(()) => Ok(Check::DecodedByFfmpeg),
        Err(Failure::Damaged(what)) => Err(VerifyError::Corrupt { what }),
        Err(Failure::Unable(why)) => Ok(Check::PacketsOnly { why }),
    }
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
