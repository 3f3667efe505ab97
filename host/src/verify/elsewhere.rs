//! Decodes what symphonia cannot, Opus and HE-AAC, by the user's ffmpeg. Decides what it gets
//! for that, and whether it is the file's fault when nothing comes of it.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::ears::Ears;
use super::error::clock;
use crate::ffmpeg::{self, CHANNELS, Ended, Ffmpeg, RATE, Samples, milliseconds};
use crate::music::Container;

/// An hour of Opus takes ten seconds of a slow machine.
const LONGEST: Duration = Duration::from_secs(60);
/// ..and as much again for each so many seconds of audio.
const SECONDS_OF_AUDIO: u64 = 20;
/// Decoders give a few frames more or less than the packets claim, at both ends.
const SLACK_MS: u64 = 500;

/// Why a file was not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is the file's fault.
    Damaged(String),
    /// It is not, or nobody knows.
    Unable(String),
}

/// Decodes the first audio stream of the file to its end. Its packets claim `claimed_ms`.
pub(super) fn decode(
    ffmpeg: &Ffmpeg,
    (path, container): (&Path, Container),
    claimed_ms: u64,
    ears: &mut Ears,
) -> Result<(), Failure> {
    let mut arguments = vec!["-xerror".into()];
    arguments.extend(ffmpeg::input(path, container));
    arguments.extend(Samples::wanted());
    let most_ms = claimed_ms.saturating_mul(2).saturating_add(60_000);
    let mut samples = Samples::default();
    let mut bytes = 0_u64;
    let ended = ffmpeg
        .run(&arguments, time_for(claimed_ms), |piece| {
            bytes += piece.len() as u64;
            if milliseconds(bytes) > most_ms {
                return ControlFlow::Break(());
            }
            ears.hear(samples.of(piece), RATE, CHANNELS as usize);
            ControlFlow::Continue(())
        })
        .map_err(|error| Failure::Unable(error.to_string()))?;
    let heard_ms = milliseconds(bytes);
    if heard_ms > most_ms {
        return Err(Failure::Damaged(
            "it decodes to far more than its packets hold".to_owned(),
        ));
    }
    judge(heard_ms, claimed_ms, &ended)
}

fn time_for(claimed_ms: u64) -> Duration {
    LONGEST + Duration::from_secs(claimed_ms / 1000 / SECONDS_OF_AUDIO)
}

fn judge(heard_ms: u64, claimed_ms: u64, ended: &Ended) -> Result<(), Failure> {
    let (status, first) = (ended.status, ended.first_line());
    if !status.success() {
        // 127 and 126 are the loader's and the shell's; a signal is somebody's who wants memory.
        return Err(match status.code() {
            Some(1..=125 | 128..=255) if is_of_the_file(&ended.words) => {
                Failure::Damaged(format!("ffmpeg cannot decode it: {first}"))
            }
            _ => Failure::Unable(format!("ffmpeg ended with {status}: {first}")),
        });
    }
    if heard_ms + SLACK_MS + claimed_ms / 100 < claimed_ms {
        return Err(Failure::Damaged(format!(
            "only {} of {} can be decoded",
            clock(heard_ms),
            clock(claimed_ms)
        )));
    }
    Ok(())
}

/// Whether ffmpeg complains of what it reads. A build without the decoder is not the file's
/// fault, nor is an option that an old one does not know.
fn is_of_the_file(words: &str) -> bool {
    const OWN: [&str; 7] = [
        "Unrecognized option",
        "Option not found",
        "Unknown input format",
        "Decoder not found",
        "no decoder",
        "Cannot allocate memory",
        "Permission denied",
    ];
    !words.is_empty() && !OWN.iter().any(|own| words.contains(own))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::super::ears::Questions;
    use super::super::tests::sounds::Sounds;
    use super::*;

    fn installed() -> Ffmpeg {
        let path = std::env::var_os("PATH");
        Ffmpeg::find(None, path.as_deref()).expect("these tests need `ffmpeg` in PATH")
    }

    /// A program in the place of ffmpeg.
    fn script(sounds: &Sounds, lines: &str) -> Ffmpeg {
        let beside = sounds.path("ffmpeg");
        ffmpeg::script(beside.parent().unwrap(), lines)
    }

    fn decoded(ffmpeg: &Ffmpeg, path: &Path, ms: u64) -> (Result<(), Failure>, bool) {
        let mut ears = Ears::new(Questions::default(), false);
        let done = decode(ffmpeg, (path, Container::Ogg), ms, &mut ears);
        (done, ears.finish().only_zeros)
    }

    #[test]
    fn opus_is_decoded_to_its_end() {
        let sounds = Sounds::new();
        let path = sounds.format("opus.opus");
        assert_eq!(decoded(&installed(), &path, 4_000), (Ok(()), false));
        let silent = "anullsrc=r=48000:cl=stereo:d=4";
        let silent = sounds.make_from(silent, "silent.opus", &["-c:a", "libopus"]);
        assert_eq!(decoded(&installed(), &silent, 4_000), (Ok(()), true));
        let (short, _) = decoded(&installed(), &path, 9_000);
        assert!(matches!(short, Err(Failure::Damaged(_))), "{short:?}");
    }

    #[test]
    fn what_goes_wrong_is_the_files_fault_only_if_ffmpeg_says_so() {
        let sounds = Sounds::new();
        let path = sounds.write("any.opus", b"OggS");
        for (lines, damaged) in [
            (
                "echo 'Error submitting packet to decoder' >&2; exit 1",
                true,
            ),
            ("echo \"Unrecognized option 'xerror'\" >&2; exit 1", false),
            ("exit 1", false),
            ("exit 127", false),
            ("kill -9 $$", false),
        ] {
            let (failed, _) = decoded(&script(&sounds, lines), &path, 0);
            let failed = failed.unwrap_err();
            assert_eq!(
                matches!(failed, Failure::Damaged(_)),
                damaged,
                "{lines}: {failed:?}"
            );
        }
    }

    #[test]
    fn an_answer_without_end_is_ended() {
        let sounds = Sounds::new();
        let path = sounds.write("any.opus", b"OggS");
        let started = Instant::now();
        let (failed, _) = decoded(&script(&sounds, "exec cat /dev/zero"), &path, 1_000);
        assert!(matches!(failed, Err(Failure::Damaged(_))), "{failed:?}");
        assert!(
            started.elapsed() < Duration::from_secs(50),
            "{:?}",
            started.elapsed()
        );
    }

    #[test]
    fn it_is_given_nothing_but_the_file() {
        let sounds = Sounds::new();
        let path = sounds.write("any.opus", b"OggS");
        let said = sounds.path("said");
        let lines = format!("env > {0}; echo \"$@\" >> {0}", said.display());
        decoded(&script(&sounds, &lines), &path, 0).0.unwrap();
        let said = fs::read_to_string(said).unwrap();
        assert!(!said.contains("HOME="), "{said}");
        assert!(
            said.contains("-protocol_whitelist file,pipe -f ogg -i file:"),
            "{said}"
        );
    }
}
