//! Is the file what its source said it was? Only what a source declares or measured is a claim;
//! what it concludes, or leaves open, promises nothing.

use std::fmt;

use musicdl_plugin_api::{Hit, Provenance};

use super::Verified;
use crate::music::Codec;

/// A claim that the file does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenClaim {
    /// Another codec.
    Codec {
        /// As promised.
        claimed: Codec,
        /// As it is.
        found: Codec,
    },
    /// Fewer bits per second, of MP3 or AAC.
    Bitrate {
        /// Of both.
        codec: Codec,
        /// As promised.
        claimed: u32,
        /// As it is.
        found: u32,
    },
    /// Fewer bits per sample.
    BitDepth {
        /// As promised.
        claimed: u32,
        /// Those in use.
        found: u32,
    },
    /// A lower sample rate, in Hz.
    SampleRate {
        /// As promised.
        claimed: u32,
        /// As it is.
        found: u32,
    },
}

/// A bitrate that is an average or a label is met by this share of it: lame's V0 calls itself
/// 245 kbit/s and gives quiet music 190.
const KEPT_PERCENT: u64 = 75;

impl BrokenClaim {
    /// Whether ears may notice: lossy instead of lossless, or far fewer bits. Everything else
    /// is worth telling and no more.
    pub fn is_grave(&self) -> bool {
        match self {
            BrokenClaim::Codec { claimed, found } => claimed.is_lossless() && !found.is_lossless(),
            // An AAC file may name the most it needs anywhere.
            BrokenClaim::Bitrate { codec, .. } => *codec == Codec::Mp3,
            BrokenClaim::BitDepth { .. } | BrokenClaim::SampleRate { .. } => false,
        }
    }
}

impl fmt::Display for BrokenClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BrokenClaim::Codec { claimed, found } => {
                write!(f, "{claimed} was promised, {found} came")
            }
            BrokenClaim::Bitrate { claimed, found, .. } => write!(
                f,
                "{} kbit/s were promised, {} came",
                claimed / 1000,
                found / 1000
            ),
            BrokenClaim::BitDepth { claimed, found } => {
                write!(f, "{claimed} bits were promised, {found} are in use")
            }
            BrokenClaim::SampleRate { claimed, found } => write!(
                f,
                "{} kHz were promised, {} came",
                f64::from(*claimed) / 1000.0,
                f64::from(*found) / 1000.0
            ),
        }
    }
}

/// What the file does not keep of what its source said, the gravest first.
pub fn broken_claims(hit: &Hit, found: &Verified) -> Vec<BrokenClaim> {
    if hit.provenance != Provenance::DECLARED && hit.provenance != Provenance::MEASURED {
        return Vec::new();
    }
    let mut broken = Vec::new();
    if let Some(claimed) = hit.codec.as_deref().and_then(Codec::parse)
        && claimed != found.codec
    {
        let found = found.codec;
        broken.push(BrokenClaim::Codec { claimed, found });
    }
    // Bitrates of different codecs say nothing of each other, and Vorbis and Opus name one that
    // they need for difficult music only.
    if let Some(claimed) = hit.bitrate
        && broken.is_empty()
        && matches!(found.codec, Codec::Mp3 | Codec::Aac)
        && u64::from(found.bitrate) * 100 < u64::from(claimed) * KEPT_PERCENT
    {
        broken.push(BrokenClaim::Bitrate {
            codec: found.codec,
            claimed,
            found: found.bitrate,
        });
    }
    if let (Some(claimed), Some(found)) = (hit.bit_depth, found.used_bits)
        && found < claimed
    {
        broken.push(BrokenClaim::BitDepth { claimed, found });
    }
    if let Some(claimed) = hit.sample_rate
        && found.codec.is_lossless()
        && found.sample_rate < claimed
    {
        let found = found.sample_rate;
        broken.push(BrokenClaim::SampleRate { claimed, found });
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::super::Check;
    use super::*;
    use crate::music::Container;

    fn found(codec: Codec, kilobits: u32, bits: Option<u32>, rate: u32) -> Verified {
        Verified {
            container: Container::Flac,
            codec,
            extension: "flac",
            duration_ms: 200_000,
            sample_rate: rate,
            channels: 2,
            bit_depth: bits,
            bitrate: kilobits * 1000,
            size: 0,
            check: Check::Decoded,
            cutoff: None,
            used_bits: bits,
            fingerprint: None,
            audio_hash: String::new(),
        }
    }

    #[test]
    fn a_claim_is_kept_told_or_grave() {
        let mp3 = |kilobits| found(Codec::Mp3, kilobits, None, 44_100);
        let flac = |bits, rate| found(Codec::Flac, 900, Some(bits), rate);
        let claim = |codec: &str, kilobits: u32, bits: u32, rate: u32| Hit {
            codec: Some(codec.to_owned()),
            bitrate: Some(kilobits * 1000).filter(|bits| *bits > 0),
            bit_depth: Some(bits).filter(|bits| *bits > 0),
            sample_rate: Some(rate).filter(|rate| *rate > 0),
            provenance: Provenance::DECLARED,
            ..Hit::default()
        };
        for (claim, found, said, grave) in [
            (claim("flac", 0, 0, 0), flac(16, 44_100), "", false),
            (
                claim("flac", 0, 0, 0),
                mp3(320),
                "flac was promised, mp3 came",
                true,
            ),
            (claim("mp3", 320, 0, 0), mp3(320), "", false),
            (claim("mp3", 245, 0, 0), mp3(190), "", false),
            (
                claim("aac", 256, 0, 0),
                found(Codec::Aac, 128, None, 44_100),
                "256 kbit/s were promised, 128 came",
                false,
            ),
            (
                claim("vorbis", 192, 0, 0),
                found(Codec::Vorbis, 60, None, 44_100),
                "",
                false,
            ),
            (
                claim("mp3", 320, 0, 0),
                mp3(128),
                "320 kbit/s were promised, 128 came",
                true,
            ),
            (
                claim("mp3", 320, 0, 0),
                flac(16, 44_100),
                "mp3 was promised, flac came",
                false,
            ),
            (
                claim("aac", 256, 0, 0),
                mp3(128),
                "aac was promised, mp3 came",
                false,
            ),
            (
                claim("flac", 0, 24, 96_000),
                flac(16, 44_100),
                "24 bits were promised, 16 are in use; 96 kHz were promised, 44.1 came",
                false,
            ),
            (claim("flac", 0, 16, 44_100), flac(24, 96_000), "", false),
        ] {
            let broken = broken_claims(&claim, &found);
            let words: Vec<String> = broken.iter().map(ToString::to_string).collect();
            assert_eq!(words.join("; "), said);
            assert_eq!(broken.iter().any(BrokenClaim::is_grave), grave, "{said}");
            let open = Hit {
                provenance: Provenance::UNKNOWN,
                ..claim.clone()
            };
            let concluded = Hit {
                provenance: Provenance::ASSUMED,
                ..claim
            };
            assert_eq!(broken_claims(&open, &found), [], "{said}");
            assert_eq!(broken_claims(&concluded, &found), [], "{said}");
        }
    }
}
