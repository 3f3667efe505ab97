//! This program on its way to become ffmpeg, started as `ffmpeg-host PARENT PROGRAM ARGUMENTS`,
//! a command that no help mentions.
//!
//! A musicdl that is killed ends nobody any more. So the new process first asks Linux to be
//! killed together with the thread that started it, which therefore has to be the one that waits
//! for it, and then becomes ffmpeg, which keeps that wish. Only here can it be asked without
//! code of our own between fork and exec. Where ffmpeg is a script, its own children are not
//! meant.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::{Command, ExitCode};

/// The command.
const COMMAND: &str = "ffmpeg-host";

/// What shells answer for a program that they cannot start.
const NOT_STARTED: u8 = 127;
/// Wrong usage.
const BY_HAND: u8 = 2;

/// What is to be started.
#[derive(Debug, PartialEq, Eq)]
pub struct Launch {
    /// Who asks.
    parent: u32,
    program: OsString,
    arguments: Vec<OsString>,
}

/// The beginning of a command by which that musicdl starts the program; its arguments follow.
pub(super) fn command(musicdl: &Path, program: &Path) -> Command {
    let mut command = Command::new(musicdl);
    command
        .arg0("musicdl")
        .arg(COMMAND)
        .arg(std::process::id().to_string())
        .arg(program);
    command
}

/// What this process is to become, if it was started for that: by these arguments, the
/// program's name being the first.
pub fn asked(args: impl IntoIterator<Item = OsString>) -> Option<Launch> {
    let mut args = args.into_iter().skip(1);
    if args.next()? != COMMAND {
        return None;
    }
    Some(Launch {
        parent: args.next()?.to_str()?.parse().ok()?,
        program: args.next()?,
        arguments: args.collect(),
    })
}

impl Launch {
    /// Becomes the program. Answers only when that fails.
    pub fn run(self) -> ExitCode {
        let (why, code) = match self.end_with_parent() {
            Ok(()) => {
                let error = Command::new(&self.program).args(&self.arguments).exec();
                let program = Path::new(&self.program).display();
                (format!("{program} does not start: {error}"), NOT_STARTED)
            }
            Err(error) => (
                format!("`{COMMAND}` is a part of musicdl that it starts itself: {error}"),
                BY_HAND,
            ),
        };
        // Nobody reads it where the parent is gone.
        let _ = writeln!(io::stderr(), "{why}");
        ExitCode::from(code)
    }

    fn end_with_parent(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // Whoever ended before that was asked is not waited for any more.
        if parent_id() == self.parent {
            Ok(())
        } else {
            let gone = format!("process {} is not its parent", self.parent);
            Err(io::Error::other(gone))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_musicdl_says_to_itself_is_taken_for_it() {
        let of = |words: &[&str]| asked(words.iter().map(OsString::from));
        let said = command(Path::new("/proc/self/exe"), Path::new("/bin/ffmpeg"));
        let said = said.get_args().map(ToOwned::to_owned);
        let launch = Launch {
            parent: std::process::id(),
            program: "/bin/ffmpeg".into(),
            arguments: vec!["-i".into()],
        };
        let whole = [OsString::from("musicdl")].into_iter().chain(said);
        let whole = whole.chain(["-i".into()]);
        assert_eq!(asked(whole), Some(launch));
        for words in [
            &["musicdl"][..],
            &["musicdl", "run"],
            &["musicdl", "run", "1", "ffmpeg"],
            &["musicdl", COMMAND],
            &["musicdl", COMMAND, "1"],
            &["musicdl", COMMAND, "ffmpeg", "-i"],
        ] {
            assert_eq!(of(words), None, "{words:?}");
        }
    }
}
