//! Decoded audio, as ffmpeg writes it to its stdout.

use std::ffi::OsString;

/// What it is asked for, Hz; that for which the filter of EBU R 128 is given.
pub(crate) const RATE: u32 = 48_000;
/// What it is asked for.
pub(crate) const CHANNELS: u32 = 2;

const BYTES_A_FRAME: usize = 4 * CHANNELS as usize;

/// Bytes in pieces of any length -> samples.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// Between two pieces less than one sample of each channel.
    bytes: Vec<u8>,
    samples: Vec<f32>,
}

impl Samples {
    /// Arguments for an output that can be read here.
    pub(crate) fn wanted() -> Vec<OsString> {
        let (channels, rate) = (CHANNELS.to_string(), RATE.to_string());
        ["-f", "f32le", "-ac", &channels, "-ar", &rate, "pipe:1"]
            .map(OsString::from)
            .to_vec()
    }

    /// What the next piece completes, channels interleaved.
    pub(crate) fn of(&mut self, piece: &[u8]) -> &[f32] {
        self.bytes.extend(piece);
        let whole = self.bytes.len() - self.bytes.len() % BYTES_A_FRAME;
        self.samples.clear();
        self.samples.extend(
            self.bytes[..whole]
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        );
        self.bytes.drain(..whole);
        &self.samples
    }
}

/// How long so many bytes of output play.
pub(crate) fn milliseconds(bytes: u64) -> u64 {
    bytes / BYTES_A_FRAME as u64 * 1000 / u64::from(RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_are_the_same_samples() {
        let all: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let bytes: Vec<u8> = all.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        for length in 1..=bytes.len() {
            let mut samples = Samples::default();
            let mut heard = Vec::new();
            for piece in bytes.chunks(length) {
                let complete = samples.of(piece);
                assert_eq!(complete.len() % CHANNELS as usize, 0, "{length}");
                heard.extend_from_slice(complete);
            }
            assert_eq!(heard, all, "{length}");
        }
    }
}
