//! The Chromaprint of the beginning, by which AcoustID knows recordings.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rusty_chromaprint::{Configuration, FingerprintCompressor, Fingerprinter};

/// As much of a recording as AcoustID compares (its `fpcalc` takes so much).
const SECONDS: usize = 120;

/// What a recording sounds like, in the form AcoustID takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Compressed, in the URL-safe alphabet of Base64.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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
        Some(Fingerprint(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
    }
}

/// The second of Chromaprint's algorithms, which AcoustID's index is made of.
fn configuration() -> Configuration {
    Configuration::preset_test2()
}
