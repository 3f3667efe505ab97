//! The user's ffmpeg: where it is, and how it is started, bounded and ended. What it is asked to
//! do is `verify`'s and `convert`'s, and so is what its answer means.
//!
//! The program reads files that strangers made, so it gets no more than one such file: one
//! format and no choice of another, no network, no environment, a bounded time, bounded memory
//! on Linux, and nobody listens to its complaints without end. It ends with whoever asked, and
//! on Linux also with a musicdl that was killed ([`launch`]).

mod arguments;
pub mod launch;
mod running;
mod samples;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) use arguments::{file, input};
pub(crate) use running::Ended;
pub use running::FfmpegError;
#[cfg(test)]
pub(crate) use running::tests::script;
pub(crate) use samples::{CHANNELS, RATE, Samples, milliseconds};

/// An ffmpeg that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ffmpeg {
    program: PathBuf,
    /// The musicdl that starts it.
    launcher: Option<PathBuf>,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// Nobody named one, and `PATH` has none.
    #[error("there is no ffmpeg")]
    Anywhere,
    /// Nothing is where the user said.
    #[error("{} is not there", .0.display())]
    Named(PathBuf),
}

impl Ffmpeg {
    /// The program that the user named, or else the first `ffmpeg` in `path`, a list of
    /// directories as in `PATH`. Relative ones do not count.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn find(named: Option<&Path>, path: Option<&OsStr>) -> Result<Self, Missing> {
        let program = match named {
            Some(named) if named.is_file() => named.to_owned(),
            Some(named) => return Err(Missing::Named(named.to_owned())),
            None => std::env::split_paths(path.unwrap_or_default())
                .filter(|dir| dir.is_absolute())
                .map(|dir| dir.join("ffmpeg"))
                .find(|program| program.is_file())
                .ok_or(Missing::Anywhere)?,
        };
        Ok(Self {
            program,
            launcher: None,
        })
    }

    /// The same, started by that musicdl, which on Linux makes it end also with a process that
    /// is killed. Without one it is started directly.
    #[must_use]
    pub fn launched_by(self, musicdl: PathBuf) -> Self {
        Self {
            launcher: Some(musicdl),
            ..self
        }
    }

    fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = match &self.launcher {
            Some(launcher) if cfg!(target_os = "linux") => launch::command(launcher, &self.program),
            Some(_) | None => Command::new(&self.program),
        };
        command
            .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
            .args(["-threads", "1"])
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C asks musicdl to finish what runs, and this is part of it.
            .process_group(0);
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_named_program_comes_before_that_of_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = Some(dir.path().as_os_str());
        let at = |name: &str| dir.path().join(name);
        let of = |program: PathBuf| Ffmpeg {
            program,
            launcher: None,
        };
        assert_eq!(Ffmpeg::find(None, None), Err(Missing::Anywhere));
        assert_eq!(Ffmpeg::find(None, path), Err(Missing::Anywhere));
        fs::write(at("ffmpeg"), "").unwrap();
        assert_eq!(Ffmpeg::find(None, path), Ok(of(at("ffmpeg"))));

        fs::write(at("mine"), "").unwrap();
        assert_eq!(Ffmpeg::find(Some(&at("mine")), path), Ok(of(at("mine"))));
        let absent = Ffmpeg::find(Some(&at("absent")), path).unwrap_err();
        let expected = format!("{} is not there", at("absent").display());
        assert_eq!(absent.to_string(), expected);
    }
}
