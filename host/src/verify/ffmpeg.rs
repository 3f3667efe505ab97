//! Decodes what symphonia cannot, Opus and HE-AAC, by the user's ffmpeg.
//!
//! The program reads a file that somebody else made, so it gets no more than that file: one
//! format and no choice of another, no network, no environment, a bounded time and a bounded
//! answer. It writes into a pipe that ends with musicdl, and a program whose pipe ended dies of
//! it; on Linux its processor time is limited besides.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::container::Container;
use super::ears::Ears;
use super::error::clock;

/// What the samples are asked to be.
const RATE: u32 = 48_000;
const CHANNELS: usize = 2;
const BYTES_A_FRAME: u64 = 4 * CHANNELS as u64;

/// An hour of Opus takes ten seconds of a slow machine.
const LONGEST: Duration = Duration::from_secs(60);
/// ..and as much again for each so many seconds of audio.
const SECONDS_OF_AUDIO: u64 = 20;
/// Bytes of its complaints that are read; the first line is told.
const MOST_WORDS: u64 = 4 * 1024;
/// Decoders give a few frames more or less than the packets claim, at both ends.
const SLACK_MS: u64 = 500;

/// An ffmpeg that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    program: PathBuf,
}

/// Why a file was not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is the file's fault.
    Damaged(String),
    /// It is not, or nobody knows.
    Unable(String),
}

impl Ffmpeg {
    /// The program that the user named, or else the first of that name in `path`, a list of
    /// directories as in `PATH`.
    pub fn find(named: Option<&Path>, path: Option<&OsStr>) -> Option<Self> {
        let program = match named {
            Some(named) => Some(named.to_owned()),
            None => std::env::split_paths(path?)
                .filter(|dir| dir.is_absolute())
                .map(|dir| dir.join("ffmpeg"))
                .find(|program| program.is_file()),
        };
        program.map(|program| Self { program })
    }

    /// Decodes the first audio stream of the file to its end. Its packets claim `claimed_ms`.
    pub(super) fn decode(
        &self,
        path: &Path,
        container: Container,
        claimed_ms: u64,
        ears: &mut Ears,
    ) -> Result<(), Failure> {
        let mut child = self.command(path, container).spawn().map_err(|error| {
            Failure::Unable(format!(
                "{} does not start: {error}",
                self.program.display()
            ))
        })?;
        limit(&child, time_for(claimed_ms));
        let (output, words) = (child.stdout.take(), child.stderr.take());
        let (Some(output), Some(words)) = (output, words) else {
            unreachable!("both are piped");
        };
        let child = Mutex::new(child);
        let (over, is_over) = mpsc::channel::<()>();
        let (heard, words, slow) = thread::scope(|scope| {
            let words = scope.spawn(|| read_words(words));
            let running = &child;
            let slow = scope.spawn(move || {
                let late = is_over.recv_timeout(time_for(claimed_ms));
                let late = late == Err(RecvTimeoutError::Timeout);
                if late {
                    end(running);
                }
                late
            });
            let most_ms = claimed_ms.saturating_mul(2).saturating_add(60_000);
            let heard = listen(output, most_ms, ears);
            if !matches!(heard, Ok(Some(_))) {
                end(&child);
            }
            let words = words.join().unwrap_or_default();
            drop(over);
            (heard, words, slow.join().unwrap_or(true))
        });
        let status = wait(&child).map_err(|error| Failure::Unable(error.to_string()))?;
        if slow {
            return Err(Failure::Unable(format!(
                "ffmpeg did not end within {} s",
                time_for(claimed_ms).as_secs()
            )));
        }
        judge(heard, claimed_ms, status, &words)
    }

    fn command(&self, path: &Path, container: Container) -> Command {
        let mut file = std::ffi::OsString::from("file:");
        file.push(path);
        let mut command = Command::new(&self.program);
        command
            .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-xerror"])
            .args(["-threads", "1", "-protocol_whitelist", "file,pipe"])
            .args(["-f", format_of(container), "-i"])
            .arg(file)
            .args(["-map", "0:a:0", "-vn", "-sn", "-dn", "-f", "f32le"])
            .args(["-ac", &CHANNELS.to_string(), "-ar", &RATE.to_string()])
            .arg("pipe:1")
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Ctrl-C asks musicdl to finish what runs, and this is part of it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// ffmpeg's name of a container; told, it does not guess, and no playlist can pose as audio.
fn format_of(container: Container) -> &'static str {
    match container {
        Container::Flac => "flac",
        Container::Mp3 => "mp3",
        Container::Mp4 => "mov",
        Container::Ogg => "ogg",
        Container::Wav => "wav",
        Container::Aiff => "aiff",
        Container::Adts => "aac",
    }
}

fn time_for(claimed_ms: u64) -> Duration {
    LONGEST + Duration::from_secs(claimed_ms / 1000 / SECONDS_OF_AUDIO)
}

/// Hears all samples; milliseconds of them, `None` when there are more than `most_ms`.
fn listen(mut output: impl Read, most_ms: u64, ears: &mut Ears) -> io::Result<Option<u64>> {
    let mut bytes = vec![0; 64 * 1024];
    let mut samples: Vec<f32> = Vec::new();
    let (mut kept, mut total) = (0, 0u64);
    loop {
        let read = output.read(&mut bytes[kept..])?;
        if read == 0 {
            return Ok(Some(to_ms(total)));
        }
        total += read as u64;
        if to_ms(total) > most_ms {
            return Ok(None);
        }
        let filled = kept + read;
        let frame = 4 * CHANNELS;
        let whole = filled - filled % frame;
        samples.clear();
        samples.extend(
            bytes[..whole]
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        );
        ears.hear(&samples, RATE, CHANNELS);
        bytes.copy_within(whole..filled, 0);
        kept = filled - whole;
    }
}

fn to_ms(bytes: u64) -> u64 {
    bytes / BYTES_A_FRAME * 1000 / u64::from(RATE)
}

fn judge(
    heard: io::Result<Option<u64>>,
    claimed_ms: u64,
    status: ExitStatus,
    words: &str,
) -> Result<(), Failure> {
    let heard_ms = match heard {
        Ok(Some(ms)) => ms,
        Ok(None) => {
            return Err(Failure::Damaged(
                "it decodes to far more than its packets hold".to_owned(),
            ));
        }
        Err(error) => return Err(Failure::Unable(format!("ffmpeg's answer: {error}"))),
    };
    let first = words.lines().next().unwrap_or("no reason").trim();
    if !status.success() {
        // 127 and 126 are the loader's and the shell's; a signal is somebody's who wants memory.
        return Err(match status.code() {
            Some(1..=125 | 128..=255) if is_of_the_file(words) => {
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

fn read_words(mut from: impl Read) -> String {
    let mut words = Vec::new();
    // What cannot be read is not told; that it ended is.
    drop(from.by_ref().take(MOST_WORDS).read_to_end(&mut words));
    drop(io::copy(&mut from, &mut io::sink()));
    let text = String::from_utf8_lossy(&words).into_owned();
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

fn end(child: &Mutex<Child>) {
    // Somebody who has ended needs no signal.
    drop(child.lock().unwrap_or_else(PoisonError::into_inner).kill());
}

fn wait(child: &Mutex<Child>) -> io::Result<ExitStatus> {
    child.lock().unwrap_or_else(PoisonError::into_inner).wait()
}

/// Holds also when nobody is left to wait for it.
#[cfg(target_os = "linux")]
fn limit(child: &Child, time: Duration) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    for (resource, most) in [(Resource::Cpu, time.as_secs()), (Resource::As, MOST_MEMORY)] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        if let Some(id) = id {
            // It may have ended already, which is fine as well.
            let _ = prlimit(Some(id), resource, limit);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn limit(_: &Child, _: Duration) {}

/// Its own libraries take a fifth of that.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 2 * 1024 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use super::super::ears::Questions;
    use super::super::sounds::Sounds;
    use super::*;

    fn installed() -> Ffmpeg {
        let path = std::env::var_os("PATH");
        Ffmpeg::find(None, path.as_deref()).expect("these tests need `ffmpeg` in PATH")
    }

    /// A program in the place of ffmpeg.
    fn script(sounds: &Sounds, lines: &str) -> Ffmpeg {
        let path = sounds.write("ffmpeg", format!("#!/bin/sh\n{lines}\n").as_bytes());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Ffmpeg::find(Some(&path), None).unwrap()
    }

    fn decode(ffmpeg: &Ffmpeg, path: &Path, ms: u64) -> (Result<(), Failure>, bool) {
        let mut ears = Ears::new(Questions::default(), false);
        let done = ffmpeg.decode(path, Container::Ogg, ms, &mut ears);
        (done, ears.finish().only_zeros)
    }

    #[test]
    fn opus_is_decoded_to_its_end() {
        let sounds = Sounds::new();
        let path = sounds.format("opus.opus");
        assert_eq!(decode(&installed(), &path, 4_000), (Ok(()), false));
        let silent = "anullsrc=r=48000:cl=stereo:d=4";
        let silent = sounds.make_from(silent, "silent.opus", &["-c:a", "libopus"]);
        assert_eq!(decode(&installed(), &silent, 4_000), (Ok(()), true));
        let (short, _) = decode(&installed(), &path, 9_000);
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
            let (failed, _) = decode(&script(&sounds, lines), &path, 0);
            let failed = failed.unwrap_err();
            assert_eq!(
                matches!(failed, Failure::Damaged(_)),
                damaged,
                "{lines}: {failed:?}"
            );
        }
        let absent = Ffmpeg::find(Some(Path::new("/nowhere/ffmpeg")), None).unwrap();
        let (failed, _) = decode(&absent, &path, 0);
        assert!(matches!(failed, Err(Failure::Unable(_))), "{failed:?}");
    }

    #[test]
    fn an_answer_without_end_is_ended() {
        let sounds = Sounds::new();
        let path = sounds.write("any.opus", b"OggS");
        let started = Instant::now();
        let (failed, _) = decode(&script(&sounds, "exec cat /dev/zero"), &path, 1_000);
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
        decode(&script(&sounds, &lines), &path, 0).0.unwrap();
        let said = fs::read_to_string(said).unwrap();
        assert!(!said.contains("HOME="), "{said}");
        assert!(
            said.contains("-protocol_whitelist file,pipe -f ogg -i file:"),
            "{said}"
        );
    }

    #[test]
    fn the_named_program_comes_before_that_of_the_path() {
        let sounds = Sounds::new();
        let named = sounds.write("mine", b"");
        let dir = named.parent().unwrap();
        assert_eq!(Ffmpeg::find(None, Some(dir.as_os_str())), None);
        let found = sounds.write("ffmpeg", b"");
        let of = |program: &Path| {
            Some(Ffmpeg {
                program: program.to_owned(),
            })
        };
        assert_eq!(Ffmpeg::find(None, Some(dir.as_os_str())), of(&found));
        assert_eq!(
            Ffmpeg::find(Some(&named), Some(dir.as_os_str())),
            of(&named)
        );
        assert_eq!(Ffmpeg::find(None, None), None);
    }
}
