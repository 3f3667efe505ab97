//! ffmpeg as a program: found, started with nothing but a file, ended when it takes too long.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::ConvertError;
use crate::verify::Container;

/// What a slow machine needs for the shortest file.
const LEAST_TIME: Duration = Duration::from_secs(60);
/// No encoder is slower than the music it encodes.
const TIME_PER_LENGTH: u32 = 1;
/// Bytes of its complaints that are read; the first line is told.
const MOST_WORDS: u64 = 4 * 1024;

/// An ffmpeg that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    program: PathBuf,
}

impl Ffmpeg {
    /// The program that the user named, or else the first `ffmpeg` in `path`, a list of
    /// directories as in `PATH`. `what` it is needed for.
    ///
    /// # Errors
    /// [`ConvertError::Missing`] when there is none.
    pub fn find(
        named: Option<&Path>,
        path: Option<&OsStr>,
        what: &str,
    ) -> Result<Self, ConvertError> {
        let in_path = || {
            std::env::split_paths(path.unwrap_or_default())
                .filter(|dir| dir.is_absolute())
                .map(|dir| dir.join("ffmpeg"))
                .find(|program| program.is_file())
        };
        let found = match named {
            Some(named) => Some(named.to_owned()).filter(|program| program.is_file()),
            None => in_path(),
        };
        match found {
            Some(program) => Ok(Self { program }),
            None => Err(ConvertError::Missing {
                what: what.to_owned(),
                program: named.map_or_else(|| PathBuf::from("ffmpeg"), Path::to_owned),
            }),
        }
    }

    /// Runs it to its end and hands on what it writes to stdout. `length_ms` of music is what
    /// it works on.
    pub(super) fn run(
        &self,
        arguments: &[OsString],
        length_ms: u64,
        mut heard: impl FnMut(&[u8]) -> Result<(), ConvertError>,
    ) -> Result<(), ConvertError> {
        let failed = |source| ConvertError::Program {
            program: self.program.clone(),
            source,
        };
        let time = LEAST_TIME + Duration::from_millis(length_ms) * TIME_PER_LENGTH;
        let mut child = self.command(arguments).spawn().map_err(failed)?;
        limit(&child, time);
        let (output, words) = (child.stdout.take(), child.stderr.take());
        let (Some(output), Some(words)) = (output, words) else {
            unreachable!("both are piped");
        };
        let child = Mutex::new(child);
        let (over, is_over) = mpsc::channel::<()>();
        let (listened, words, late) = thread::scope(|scope| {
            let words = scope.spawn(|| first_line(words));
            let running = &child;
            let late = scope.spawn(move || {
                let late = is_over.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
                if late {
                    end(running);
                }
                late
            });
            let listened = listen(output, &mut heard, &failed);
            if listened.is_err() {
                end(&child);
            }
            let words = words.join().unwrap_or_default();
            drop(over);
            (listened, words, late.join().unwrap_or(true))
        });
        let status = child
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .wait()
            .map_err(failed)?;
        if late {
            let seconds = time.as_secs();
            return Err(ConvertError::TooSlow { seconds });
        }
        listened?;
        if !status.success() {
            return Err(ConvertError::Failed { status, words });
        }
        Ok(())
    }

    /// The files it reads come from strangers, so it gets nothing else of ours.
    fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args([
                "-nostdin",
                "-hide_banner",
                "-loglevel",
                "error",
                "-threads",
                "1",
            ])
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

/// Its arguments for reading the first audio stream of a file. Told what the file is, it does
/// not guess, and no playlist can pose as audio.
pub(super) fn input(path: &Path, container: Container) -> Vec<OsString> {
    let demuxer = match container {
        Container::Flac => "flac",
        Container::Mp3 => "mp3",
        Container::Mp4 => "mov",
        Container::Ogg => "ogg",
        Container::Wav => "wav",
        Container::Aiff => "aiff",
        Container::Adts => "aac",
    };
    let mut arguments = ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-i"]
        .map(OsString::from)
        .to_vec();
    arguments.push(file(path));
    arguments.extend(["-map", "0:a:0", "-vn", "-sn", "-dn"].map(OsString::from));
    arguments
}

/// A path that is never taken for an option or an address.
pub(super) fn file(path: &Path) -> OsString {
    let mut file = OsString::from("file:");
    file.push(path);
    file
}

/// Holds also when nobody is left to wait for it: its processor time is what it had in all, on
/// one core, and its memory what a hostile file may cost.
#[cfg(target_os = "linux")]
fn limit(child: &Child, time: Duration) {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    /// Its own libraries take a fifth of that.
    const MOST_MEMORY: u64 = 2 * 1024 * 1024 * 1024;
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    for (resource, most) in [(Resource::Cpu, time.as_secs()), (Resource::As, MOST_MEMORY)] {
        let most = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        if let Some(id) = id {
            // It may have ended already, which is fine as well.
            let _ = prlimit(Some(id), resource, most);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn limit(_: &Child, _: Duration) {}

fn listen(
    mut output: impl Read,
    heard: &mut impl FnMut(&[u8]) -> Result<(), ConvertError>,
    failed: &impl Fn(io::Error) -> ConvertError,
) -> Result<(), ConvertError> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match output.read(&mut bytes).map_err(failed)? {
            0 => return Ok(()),
            read => heard(&bytes[..read])?,
        }
    }
}

fn first_line(mut from: impl Read) -> String {
    let mut words = Vec::new();
    // What cannot be read is not told; that it ended is.
    drop(from.by_ref().take(MOST_WORDS).read_to_end(&mut words));
    drop(io::copy(&mut from, &mut io::sink()));
    let text = String::from_utf8_lossy(&words);
    let line = text.lines().next().unwrap_or("no reason").trim();
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn end(child: &Mutex<Child>) {
    // Somebody who has ended needs no signal.
    drop(child.lock().unwrap_or_else(PoisonError::into_inner).kill());
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program in the place of ffmpeg.
    fn script(dir: &Path, lines: &str) -> Ffmpeg {
        let path = dir.join("ffmpeg");
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Ffmpeg::find(Some(&path), None, "this test").unwrap()
    }

    #[test]
    fn what_it_says_last_is_told_and_its_environment_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let ffmpeg = script(dir.path(), "echo \"no such codec\" >&2; exit 3");
        let error = ffmpeg.run(&[], 0, |_| Ok(())).unwrap_err().to_string();
        assert_eq!(error, "ffmpeg ended with exit status: 3: no such codec");

        let ffmpeg = script(dir.path(), "env");
        let mut said = Vec::new();
        let heard = |bytes: &[u8]| {
            said.extend(bytes);
            Ok(())
        };
        ffmpeg.run(&[], 0, heard).unwrap();
        assert!(!String::from_utf8(said).unwrap().contains("HOME="));
    }

    #[test]
    fn one_whose_answer_nobody_wants_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let ffmpeg = script(dir.path(), "exec cat /dev/zero");
        let refuse = |_: &[u8]| Err(ConvertError::Useless("zeros".to_owned()));
        let error = ffmpeg.run(&[], 0, refuse).unwrap_err();
        assert!(matches!(error, ConvertError::Useless(_)), "{error}");
    }

    #[test]
    fn a_program_that_is_missing_is_named_with_what_it_is_needed_for() {
        let dir = tempfile::tempdir().unwrap();
        let nowhere = dir.path().join("nowhere");
        let find = |named: Option<&Path>, path: Option<&OsStr>| {
            Ffmpeg::find(named, path, "`download.format: mp3 320`")
        };
        let error = find(Some(&nowhere), None).unwrap_err().to_string();
        let expected = format!(
            "`download.format: mp3 320` needs ffmpeg, and {} is not there",
            nowhere.display()
        );
        assert_eq!(error, expected);
        assert!(find(None, Some(dir.path().as_os_str())).is_err());
        fs::write(dir.path().join("ffmpeg"), "").unwrap();
        assert!(find(None, Some(dir.path().as_os_str())).is_ok());
    }
}
