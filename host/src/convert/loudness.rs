//! How loud a recording is, by EBU R 128 (ITU-R BS.1770), over all of its samples.

use std::path::Path;

use ebur128::{EbuR128, Mode};

use super::{ConvertError, run};
use crate::ffmpeg::{self, CHANNELS, Ffmpeg, RATE, Samples};
use crate::tagging::Gain;
use crate::verify::Container;

/// Quieter is silence, for which no gain makes sense; the standard's own gate.
const SILENCE_LUFS: f64 = -70.0;

/// The gain that makes a recording as loud as others; `None` for silence.
///
/// # Errors
/// When ffmpeg cannot decode it.
pub fn loudness(
    ffmpeg: &Ffmpeg,
    (path, container): (&Path, Container),
    length_ms: u64,
) -> Result<Option<Gain>, ConvertError> {
    let useless = |error: ebur128::Error| ConvertError::Useless(error.to_string());
    let mode = Mode::I | Mode::SAMPLE_PEAK;
    let mut meter = EbuR128::new(CHANNELS, RATE, mode).map_err(useless)?;
    let mut arguments = ffmpeg::input(path, container);
    arguments.extend(Samples::wanted());
    let mut samples = Samples::default();
    run(ffmpeg, &arguments, length_ms, |bytes| {
        meter.add_frames_f32(samples.of(bytes)).map_err(useless)
    })?;
    let lufs = meter.loudness_global().map_err(useless)?;
    if !(lufs.is_finite() && lufs > SILENCE_LUFS) {
        return Ok(None);
    }
    let mut peak = 0.0_f64;
    for channel in 0..CHANNELS {
        peak = peak.max(meter.sample_peak(channel).map_err(useless)?);
    }
    Ok(Some(Gain::of_loudness(lufs, peak)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::sounds::Sounds;

    fn measured(sounds: &Sounds, name: &str, source: &str, encoder: &[&str]) -> Option<Gain> {
        let path = std::env::var_os("PATH");
        let ffmpeg = Ffmpeg::find(None, path.as_deref()).unwrap();
        let file = sounds.make_from(source, name, encoder);
        let container = crate::verify::container_of(&file).unwrap();
        loudness(&ffmpeg, (&file, container), 20_000).unwrap()
    }

    /// EBU Tech 3341, test case 1: a stereo sine of 1000 Hz at -23 dBFS is -23 LUFS.
    #[test]
    fn the_tone_of_the_standard_is_as_loud_as_the_standard_says() {
        let sounds = Sounds::new();
        let amplitude = 10.0_f64.powf(-23.0 / 20.0);
        let tone = format!(
            "aevalsrc={amplitude}*sin(2*PI*1000*t)|{amplitude}*sin(2*PI*1000*t):d=20:s=48000"
        );
        for (name, encoder) in [
            ("tone.flac", ["-c:a", "flac"].as_slice()),
            ("tone.wav", &["-c:a", "pcm_s24le"]),
            ("tone.opus", &["-c:a", "libopus", "-b:a", "256k"]),
            ("tone.m4a", &["-c:a", "aac", "-b:a", "256k"]),
        ] {
            let gain = measured(&sounds, name, &tone, encoder).unwrap();
            assert!((gain.centibels - 500).abs() <= 20, "{name}: {gain}");
        }
        let gain = measured(&sounds, "again.flac", &tone, &["-c:a", "flac"]).unwrap();
        let peak = f64::from(gain.peak.unwrap()) / 1_000_000.0;
        assert!((peak - amplitude).abs() < 0.001, "{peak}");
    }

    #[test]
    fn silence_has_no_gain() {
        let sounds = Sounds::new();
        let silence = "anullsrc=r=48000:cl=stereo:d=3";
        assert_eq!(
            measured(&sounds, "silent.flac", silence, &["-c:a", "flac"]),
            None
        );
    }
}
