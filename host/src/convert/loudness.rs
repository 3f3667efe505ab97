//! How loud a recording is, by EBU R 128 (ITU-R BS.1770), over all of its samples.

use std::fmt;
use std::path::Path;

use ebur128::{EbuR128, Mode};

use super::{ConvertError, run};
use crate::ffmpeg::{self, CHANNELS, Ffmpeg, RATE, Samples};
use crate::music::Container;
use crate::tagging::Gain;

/// Quieter is silence, for which no gain makes sense; the standard's own gate.
const SILENCE_LUFS: f64 = -70.0;

/// What was heard of one recording; those of several make the loudness of all together.
pub struct Heard(EbuR128);

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

fn useless(error: ebur128::Error) -> ConvertError {
    ConvertError::Useless(error.to_string())
}

/// The gain that makes a recording as loud as others; `None` for silence.
///
/// # Errors
/// When ffmpeg cannot decode it.
pub fn loudness(
    ffmpeg: &Ffmpeg,
    file: (&Path, Container),
    length_ms: u64,
) -> Result<Option<Gain>, ConvertError> {
    loudness_together(&[hear(ffmpeg, file, length_ms)?])
}

/// Listens to a whole recording.
///
/// # Errors
/// When ffmpeg cannot decode it.
pub fn hear(
    ffmpeg: &Ffmpeg,
    (path, container): (&Path, Container),
    length_ms: u64,
) -> Result<Heard, ConvertError> {
    let mode = Mode::I | Mode::SAMPLE_PEAK;
    let mut meter = EbuR128::new(CHANNELS, RATE, mode).map_err(useless)?;
    let mut arguments = ffmpeg::input(path, container);
    arguments.extend(Samples::wanted());
    let mut samples = Samples::default();
    run(ffmpeg, &arguments, length_ms, |bytes| {
        meter.add_frames_f32(samples.of(bytes)).map_err(useless)
    })?;
    Ok(Heard(meter))
}

/// The gain that makes recordings, played as one, as loud as others; `None` for silence.
///
/// The gate of the standard goes over the blocks of all of them: a quiet interlude lowers it by
/// what it adds to the album, and not by a share in a mean of tracks.
///
/// # Errors
/// When what was heard cannot be summed up.
pub fn loudness_together(all: &[Heard]) -> Result<Option<Gain>, ConvertError> {
    let meters = all.iter().map(|Heard(meter)| meter);
    let lufs = EbuR128::loudness_global_multiple(meters).map_err(useless)?;
    if !(lufs.is_finite() && lufs > SILENCE_LUFS) {
        return Ok(None);
    }
    let mut peak = 0.0_f64;
    for Heard(meter) in all {
        for channel in 0..CHANNELS {
            peak = peak.max(meter.sample_peak(channel).map_err(useless)?);
        }
    }
    Ok(Some(Gain::of_loudness(lufs, peak)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;
    use crate::verify::tests::sounds::Sounds;

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

    fn heard(file: &Path) -> Heard {
        let path = std::env::var_os("PATH");
        let ffmpeg = Ffmpeg::find(None, path.as_deref()).unwrap();
        let container = crate::verify::container_of(file).unwrap();
        hear(&ffmpeg, (file, container), 20_000).unwrap()
    }

    /// The loudness that ffmpeg's own meter finds in the files, one after the other.
    fn of_ffmpeg(files: &[PathBuf]) -> f64 {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-hide_banner"]);
        for file in files {
            ffmpeg.arg("-i").arg(file);
        }
        let inputs: String = (0..files.len()).map(|at| format!("[{at}:a]")).collect();
        let graph = format!("{inputs}concat=n={}:v=0:a=1,ebur128", files.len());
        ffmpeg.args(["-filter_complex", &graph, "-f", "null", "-"]);
        let said = ffmpeg.output().expect("ffmpeg is installed").stderr;
        let said = String::from_utf8(said).unwrap();
        let (_, summary) = said.rsplit_once("I:").unwrap();
        summary.split_whitespace().next().unwrap().parse().unwrap()
    }

    #[test]
    fn an_album_is_as_loud_as_its_tracks_one_after_the_other_and_not_as_their_mean() {
        let sounds = Sounds::new();
        let files: Vec<PathBuf> = [(-9.0, 20), (-23.0, 12), (-45.0, 20)]
            .iter()
            .enumerate()
            .map(|(at, (level, seconds))| {
                let amplitude = 10.0_f64.powf(level / 20.0);
                let tone = format!(
                    "aevalsrc={amplitude}*sin(2*PI*1000*t)|{amplitude}*sin(2*PI*1000*t):d={seconds}:s=48000"
                );
                sounds.make_from(&tone, &format!("{at}.flac"), &["-c:a", "flac"])
            })
            .collect();
        let all: Vec<Heard> = files.iter().map(PathBuf::as_path).map(heard).collect();
        let gain = loudness_together(&all).unwrap().unwrap();
        let lufs = -18.0 - f64::from(gain.centibels) / 100.0;
        // ffmpeg tells tenths.
        let reference = of_ffmpeg(&files);
        assert!(
            (lufs - reference).abs() <= 0.1,
            "{lufs}, ffmpeg: {reference}"
        );
        let mean = (-9.0 - 23.0 - 45.0) / 3.0;
        assert!((lufs - mean).abs() > 5.0, "{lufs}");
        // The highest of the loudest.
        let peak = f64::from(gain.peak.unwrap()) / 1_000_000.0;
        assert!((peak - 10.0_f64.powf(-9.0 / 20.0)).abs() < 0.001, "{peak}");
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
