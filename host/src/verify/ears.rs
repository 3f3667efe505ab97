//! Listens to the samples as they are decoded: is there any sound, up to which frequency, with
//! how many bits, and what is its fingerprint? Each is asked only where the answer is of use.

use super::fingerprint::Printer;
use super::spectrum::{Cutoff, Spectrum};
use crate::music::Fingerprint;

/// A sample of 16 bits is a whole number of these.
const STEPS_OF_16_BITS: f32 = 32_768.0;

/// What to listen for beside silence.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Questions {
    /// The fingerprint of the beginning.
    pub(super) fingerprint: bool,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Whether there was not one sample other than zero.
    pub(super) only_zeros: bool,
    pub(super) cutoff: Option<Cutoff>,
    /// Whether every sample would fit into 16 bits.
    pub(super) fits_16_bits: bool,
    pub(super) fingerprint: Option<Fingerprint>,
}

/// Listens to all streams of one file.
pub(super) struct Ears {
    questions: Questions,
    /// Rate and channels of the first stream; spectrum and fingerprint are of streams like it.
    like: Option<(u32, usize)>,
    lossless: bool,
    only_zeros: bool,
    fits_16_bits: bool,
    spectrum: Option<Spectrum>,
    printer: Option<Printer>,
}

impl Ears {
    /// For audio that is lossless, or not.
    pub(super) fn new(questions: Questions, lossless: bool) -> Self {
        Self {
            questions,
            like: None,
            lossless,
            only_zeros: true,
            fits_16_bits: lossless,
            spectrum: None,
            printer: None,
        }
    }

    /// Whether samples still tell something that is not known yet.
    pub(super) fn are_open(&self) -> bool {
        self.only_zeros
            || self.lossless
            || self
                .printer
                .as_ref()
                .is_some_and(|printer| !printer.is_full())
    }

    /// Hears samples, interleaved; each from -1 to 1.
    pub(super) fn hear(&mut self, samples: &[f32], rate: u32, channels: usize) {
        let of_this = (rate, channels);
        if self.like.is_none() {
            self.like = Some(of_this);
            self.spectrum = self.lossless.then(|| Spectrum::new(rate)).flatten();
            let wanted = self.questions.fingerprint;
            self.printer = wanted.then(|| Printer::new(rate, channels)).flatten();
        }
        self.only_zeros &= samples.iter().all(|sample| *sample == 0.0);
        if self.fits_16_bits {
            let whole = |sample: &f32| (sample * STEPS_OF_16_BITS).fract() == 0.0;
            self.fits_16_bits = samples.iter().all(whole);
        }
        if self.like == Some(of_this) {
            if let Some(spectrum) = &mut self.spectrum {
                spectrum.feed(samples, channels);
            }
            if let Some(printer) = &mut self.printer {
                printer.feed(samples);
            }
        }
    }

    /// What was heard to the end.
    pub(super) fn finish(self) -> Heard {
        Heard {
            only_zeros: self.only_zeros,
            cutoff: self.spectrum.and_then(|spectrum| spectrum.cutoff()),
            fits_16_bits: self.fits_16_bits,
            fingerprint: self.printer.and_then(Printer::finish),
        }
    }
}
