//! Up to which frequency is there sound? Lossy encoders cut everything above some kilohertz
//! off, as with a knife, and a lossless file that was made from theirs keeps the cut.
//!
//! A window is taken every quarter of a second and its power added up in bands of 100 Hz. Of
//! each band counts the level that three of four windows stay below, so that neither a click
//! nor a pause decides. A cut-off is a wall: much sound in the kilohertz below it, next to
//! nothing from half a kilohertz above it on. Instruments, rooms and tape fall off over an
//! octave and have none. `docs/verification.md` says how often that is right.

use std::fmt;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Where the sound of a lossless file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    /// Hz, to the next 100.
    pub hz: u32,
    /// How far the level falls there, in decibels.
    pub drop_db: u32,
    /// What that means.
    pub reading: Reading,
}

/// What a cut-off means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Lossy encoders cut there. So do radio and some old converters: likely, not certain.
    Transcoded,
    /// The audio fits in a lower sample rate than the file has.
    Upsampled,
    /// As low as that a poor transcode cuts, and so does the restoration of an old recording.
    Narrow,
}

impl fmt::Display for Cutoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let khz = f64::from(self.hz) / 1000.0;
        match self.reading {
            Reading::Transcoded => write!(f, "looks transcoded: cut-off {khz:.1} kHz"),
            Reading::Upsampled => write!(
                f,
                "looks upsampled from a lower sample rate: cut-off {khz:.1} kHz"
            ),
            Reading::Narrow => write!(
                f,
                "nothing above {khz:.1} kHz: an old recording, or a poor transcode"
            ),
        }
    }
}

const BAND_HZ: u32 = 100;
/// No codec and no resampler of music cuts above.
const HIGHEST_HZ: u32 = 48_000;
const LOWEST_CUTOFF_HZ: u32 = 4_000;
/// Encoders for music cut from here on: MP3 of 96 kbit/s and AAC of 64 at 15 kHz, MP3 of 128 at
/// 16 to 17 kHz (measured with lame 3.100 and ffmpeg 5 to 7).
const TRANSCODE_FROM_HZ: u32 = 14_500;
/// Converters for CDs may cut from 20 kHz on, and MP3 of 320 kbit/s does: nobody can tell.
const TRANSCODE_TO_HZ: u32 = 19_800;
/// Half the rate of DAT, and the slope of a resampler behind it.
const UPSAMPLED_TO_HZ: u32 = 26_000;
/// Files above have room for more than CD and DAT.
const HIGH_RATE_HZ: u32 = 50_000;

/// Bands below a cut-off that have to sound: a kilohertz.
const BELOW: usize = 10;
/// Bands from a cut-off to where next to nothing is left: the slope of lame's filter.
const SLOPE: usize = 5;
/// The same of resamplers, which leave a tenth of the old rate for it.
const RESAMPLER_SLOPE: usize = 30;
/// Bands behind the slope that have to be empty.
const ABOVE: usize = 8;
/// An analogue filter of eighth order falls 4 dB over that distance at 16 kHz.
const LEAST_DROP_DB: i32 = 20;
/// What is softer below a cut-off is the leakage of a tone and not treble; quantisation to 16
/// bits is another 19 dB down. Decibels of full scale, in a bin.
const TREBLE_DB: i32 = -112;
/// What may stick out of the emptiness above.
const REST_DB: i32 = 6;

const WINDOWS_A_SECOND: u32 = 4;
/// Twenty minutes; more would tell nothing new.
const MOST_WINDOWS: usize = 4_800;
/// Two seconds of sound.
const LEAST_WINDOWS: usize = 8;
/// Mean square of -60 dB of full scale; what is softer has no treble to judge by.
const AUDIBLE: f32 = 1e-6;
/// Level 0 of a band, below full scale. 24 bits end at -144 dB, spread over 2,000 bins.
const FLOOR_DB: f32 = 220.0;

/// Collects windows of one stream.
pub(super) struct Spectrum {
    rate: u32,
    fft: Arc<dyn RealToComplex<f32>>,
    taper: Vec<f32>,
    gathered: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Frames until the next window.
    skip: usize,
    /// Windows begun; they listen to the first channels in turn.
    begun: usize,
    bands: usize,
    /// One level a band for each window.
    levels: Vec<u8>,
}

impl Spectrum {
    /// For samples of that rate; `None` for rates that no music has.
    pub(super) fn new(rate: u32) -> Option<Self> {
        if !(16_000..=768_000).contains(&rate) {
            return None;
        }
        // 10 Hz a bin, at every rate.
        let size = usize::try_from((rate / 12).next_power_of_two()).ok()?;
        let fft = RealFftPlanner::new().plan_fft_forward(size);
        let step = std::f32::consts::TAU / size as f32;
        let taper = (0..size).map(|at| 0.5 - 0.5 * (at as f32 * step).cos());
        Some(Self {
            rate,
            taper: taper.collect(),
            gathered: Vec::with_capacity(size),
            bins: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            skip: 0,
            begun: 0,
            bands: (rate / 2).min(HIGHEST_HZ) as usize / BAND_HZ as usize,
            levels: Vec::new(),
        })
    }

    /// Listens to more samples, interleaved.
    pub(super) fn feed(&mut self, samples: &[f32], channels: usize) {
        let mut frames = samples.chunks_exact(channels.max(1));
        while frames.len() > 0 && self.windows() < MOST_WINDOWS {
            if self.skip > 0 {
                let step = self.skip.min(frames.len());
                frames.nth(step - 1);
                self.skip -= step;
                continue;
            }
            let channel = self.begun % channels.clamp(1, 2);
            let lacking = self.taper.len() - self.gathered.len();
            let taken = frames.by_ref().take(lacking).map(|frame| frame[channel]);
            self.gathered.extend(taken);
            if self.gathered.len() == self.taper.len() {
                self.measure();
                self.gathered.clear();
                self.begun += 1;
                let hop = (self.rate / WINDOWS_A_SECOND) as usize;
                self.skip = hop.saturating_sub(self.taper.len());
            }
        }
    }

    fn windows(&self) -> usize {
        self.levels.len() / self.bands.max(1)
    }

    fn measure(&mut self) {
        let size = self.taper.len() as f32;
        let power = self.gathered.iter().map(|sample| sample * sample);
        if power.sum::<f32>() / size < AUDIBLE {
            return;
        }
        for (sample, taper) in self.gathered.iter_mut().zip(&self.taper) {
            *sample *= taper;
        }
        let done =
            self.fft
                .process_with_scratch(&mut self.gathered, &mut self.bins, &mut self.scratch);
        if done.is_err() {
            // Only of buffers that do not fit, and these were made for it.
            return;
        }
        let bin_hz = self.rate as f32 / size;
        // A full-scale sine reads about 0 dB.
        let full = (size / 4.0) * (size / 4.0);
        for band in 0..self.bands {
            let edge = |band: usize| (band as f32 * BAND_HZ as f32 / bin_hz) as usize;
            let bins = &self.bins[edge(band)..edge(band + 1).min(self.bins.len())];
            let power: f32 = bins.iter().map(Complex::norm_sqr).sum();
            let mean = power / bins.len().max(1) as f32 / full;
            let level = 10.0 * mean.max(f32::MIN_POSITIVE).log10() + FLOOR_DB;
            // Saturates: what is below the floor is nothing.
            self.levels.push(level as u8);
        }
    }

    /// Where the sound ends, if it ends at a wall.
    pub(super) fn cutoff(&self) -> Option<Cutoff> {
        if self.windows() < LEAST_WINDOWS {
            return None;
        }
        let levels: Vec<i32> = (0..self.bands).map(|band| self.usual(band)).collect();
        let found = |slope| {
            let (hz, drop) = wall(&levels, self.rate, slope)?;
            Some(Cutoff {
                hz,
                drop_db: drop.unsigned_abs(),
                reading: reading(hz, self.rate)?,
            })
        };
        found(SLOPE).or_else(|| {
            found(RESAMPLER_SLOPE).filter(|cutoff| cutoff.reading == Reading::Upsampled)
        })
    }

    /// The level of a band that three windows of four stay below.
    fn usual(&self, band: usize) -> i32 {
        let mut levels: Vec<u8> = self.levels[band..]
            .iter()
            .step_by(self.bands)
            .copied()
            .collect();
        let at = levels.len() * 3 / 4;
        i32::from(*levels.select_nth_unstable(at).1)
    }
}

/// Frequency and height of the highest wall whose slope is no longer than that.
fn wall(levels: &[i32], rate: u32, slope: usize) -> Option<(u32, i32)> {
    // The last bands before half the rate are those of the converter's own filter.
    let spared = if rate / 2 > HIGHEST_HZ { 0 } else { 3 };
    let heard = &levels[..levels.len().saturating_sub(spared)];
    let first = (LOWEST_CUTOFF_HZ / BAND_HZ) as usize;
    let last = heard.len().checked_sub(slope + ABOVE)?;
    let candidates = (first..=last).filter_map(|edge| {
        let below = median(&heard[edge - BELOW..edge]);
        let above = median(&heard[edge + slope..edge + slope + ABOVE]);
        let rest = median(&heard[edge + slope..]);
        let drop = below - above;
        let sounds = below >= FLOOR_DB as i32 + TREBLE_DB;
        (sounds && drop >= LEAST_DROP_DB && rest <= above + REST_DB).then_some((edge, below, drop))
    });
    // The first of those that are equally high: it lies nearest to where the fall begins.
    let (edge, below, drop) =
        candidates.reduce(|best, next| if next.2 > best.2 { next } else { best })?;
    let until = (edge + slope).min(heard.len());
    let gone = below - LEAST_DROP_DB;
    let end = (edge - BELOW..until)
        .rev()
        .find(|band| heard[*band] > gone)?
        + 1;
    Some((u32::try_from(end).ok()? * BAND_HZ, drop))
}

fn median(levels: &[i32]) -> i32 {
    let mut levels = levels.to_vec();
    let middle = levels.len() / 2;
    *levels.select_nth_unstable(middle).1
}

fn reading(hz: u32, rate: u32) -> Option<Reading> {
    let near_the_end = u64::from(hz) * 20 > u64::from(rate) * 9;
    if near_the_end {
        None
    } else if hz < TRANSCODE_FROM_HZ {
        Some(Reading::Narrow)
    } else if hz <= TRANSCODE_TO_HZ {
        Some(Reading::Transcoded)
    } else if rate > HIGH_RATE_HZ && hz <= UPSAMPLED_TO_HZ {
        Some(Reading::Upsampled)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cut_off_means_depends_on_where_it_is() {
        use Reading::{Narrow, Transcoded, Upsampled};
        for (hz, rate, expected) in [
            (11_000, 44_100, Some(Narrow)),
            (16_000, 44_100, Some(Transcoded)),
            (19_100, 44_100, Some(Transcoded)),
            // MP3 of 320 kbit/s, or a converter: nobody can tell.
            (20_100, 44_100, None),
            (20_100, 48_000, None),
            (16_000, 96_000, Some(Transcoded)),
            (22_000, 96_000, Some(Upsampled)),
            (24_000, 192_000, Some(Upsampled)),
            (30_000, 96_000, None),
            // The end of the rate itself.
            (15_700, 32_000, None),
            (10_900, 22_050, None),
        ] {
            assert_eq!(reading(hz, rate), expected, "{hz} Hz at {rate}");
        }
    }

    #[test]
    fn only_a_wall_is_a_cut_off() {
        let bands = 220;
        let slope = |from: usize, db_a_band: f32| {
            let level = |band: usize| {
                let over = band.saturating_sub(from) as f32;
                (150.0 - db_a_band * over).max(90.0) as i32
            };
            (0..bands).map(level).collect::<Vec<i32>>()
        };
        for (levels, expected) in [
            (slope(160, 60.0), Some(16_000)),
            // 24 dB an octave from 8 kHz on: tape.
            (slope(80, 0.25), None),
            (slope(100, 1.0), None),
            (slope(bands, 0.0), None),
        ] {
            let found = wall(&levels, 44_100, SLOPE).map(|(hz, _)| hz);
            let near = match (found, expected) {
                (Some(found), Some(expected)) => u32::abs_diff(found, expected) <= 200,
                (found, expected) => found == expected,
            };
            assert!(near, "{found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn a_single_tone_below_emptiness_is_no_wall() {
        let mut levels = vec![90; 220];
        levels[158] = 190;
        levels[159] = 200;
        assert_eq!(wall(&levels, 44_100, SLOPE), None);
    }
}
