//! The Chromaprint of the beginning, by which AcoustID knows recordings.

use rusty_chromaprint::{Configuration, FingerprintCompressor, Fingerprinter};

use crate::music::Fingerprint;

/// As much of a recording as AcoustID compares (its `fpcalc` takes so much).
const SECONDS: usize = 120;

/// Makes a fingerprint of samples as they come.
pub(super) struct Printer {
    printer: Fingerprinter,
    /// Samples of all channels that are still of interest.
    lacking: usize,
    samples: Vec<i16>,
}

impl Printer {
    /// `None` for rates and channels that Chromaprint does not take.
    pub(super) fn new(rate: u32, channels: usize) -> Option<Self> {
        let mut printer = Fingerprinter::new(&configuration());
        printer.start(rate, u32::try_from(channels).ok()?).ok()?;
        Some(Self {
            printer,
            lacking: usize::try_from(rate).ok()? * channels * SECONDS,
            samples: Vec::new(),
        })
    }

    pub(super) fn is_full(&self) -> bool {
        self.lacking == 0
    }

    pub(super) fn feed(&mut self, samples: &[f32]) {
        let taken = &samples[..samples.len().min(self.lacking)];
        self.lacking -= taken.len();
        self.samples.clear();
        // Saturates.
        let whole = taken.iter().map(|sample| (sample * 32_767.0) as i16);
        self.samples.extend(whole);
        self.printer.consume(&self.samples);
    }

    /// `None` when it is too short for one.
    pub(super) fn finish(mut self) -> Option<Fingerprint> {
        self.printer.finish();
        let print = self.printer.fingerprint();
        if print.is_empty() {
            return None;
        }
        let bytes = FingerprintCompressor::from(&configuration()).compress(print);
        Some(Fingerprint::of_compressed(&bytes))
    }
}

/// The second of Chromaprint's algorithms, which AcoustID's index is made of.
fn configuration() -> Configuration {
    Configuration::preset_test2()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sounds::Sounds;
    use super::super::{Expected, Verifier};

    #[test]
    fn the_same_sound_has_the_same_fingerprint_in_every_format() {
        let sounds = Sounds::new();
        let verifier = Verifier {
            fingerprints: true,
            ffmpeg: crate::ffmpeg::Ffmpeg::find(None, std::env::var_os("PATH").as_deref()),
        };
        let chords = "aevalsrc=0.4*sin(2*PI*t*220*(1+floor(mod(t\\,4)))):d=15:s=44100";
        let first = |name: &str, args: &[&str]| {
            let path = sounds.make_from(chords, name, args);
            let verified = verifier.check(&path, &Expected::default()).unwrap();
            let print = verified.fingerprint.unwrap();
            // The header says how many there are; the first are enough here.
            print.as_str()[..4].to_owned()
        };
        let flac = first("a.flac", &["-c:a", "flac"]);
        for (name, args) in [
            ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "192k"][..]),
            ("a.opus", &["-c:a", "libopus", "-b:a", "128k"]),
        ] {
            assert_eq!(first(name, args), flac, "{name}");
        }
    }
}
