//! This program once more, as a child process, for whatever runs a library that nobody
//! vouches for: what the library does to its process is then only news. The child says one
//! thing a line, as JSON, on its standard output.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::conduct;
use super::review::Item;
use crate::plugin::sandbox::{enter_trial, surroundings_of_trial};

/// The flag of the commands that run a library in their own process.
pub const IN_PROCESS: &str = "--in-process";

/// What a child says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// What is about to be run: `in create`.
    Doing(String),
    /// An item of a review.
    Item(Item),
    /// A line for the user.
    Say(String),
    /// All that was asked is done.
    Done,
}

/// Why a child could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// This program cannot be started again.
    #[error("cannot start this program a second time: {0}")]
    Start(#[source] io::Error),
    /// It is gone.
    #[error("the plugin ended its process: {0}")]
    Ended(String),
    /// It does not answer.
    #[error("the plugin's process did not answer within {} s and was ended", .0.as_secs())]
    Overdue(Duration),
}

/// A running child; ended when dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Child {
    /// Starts this program with those arguments.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn start<S: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Self, ChildError> {
        Self::run(own_program()?.args(arguments))
    }

    fn run(command: &mut Command) -> Result<Self, ChildError> {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(ChildError::Start)?;
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().expect("it was asked for as a pipe");
        let (send, lines) = mpsc::channel();
        // Ends with the pipe, or with the last one who listens.
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while matches!(stdout.read_until(b'\n', &mut line), Ok(1..)) {
                if send
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    break;
                }
                line.clear();
            }
        });
        Ok(Self {
            process,
            stdin,
            lines,
        })
    }

    /// Gives it a line.
    ///
    /// # Errors
    /// When it is gone.
    pub fn ask(&mut self, line: &str) -> Result<(), ChildError> {
        let written = self.stdin.as_mut().map(|stdin| writeln!(stdin, "{line}"));
        match written {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(self.ended()),
        }
    }

    /// The next thing it says, waited for until then. Whatever else the library printed is
    /// passed over.
    ///
    /// # Errors
    /// When it ended, or says nothing in time.
    pub fn next(&mut self, until: Option<Instant>) -> Result<Message, ChildError> {
        let started = Instant::now();
        loop {
            let line = match until {
                None => self
                    .lines
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(until) => self
                    .lines
                    .recv_timeout(until.saturating_duration_since(Instant::now())),
            };
            match line {
                Ok(line) => {
                    if let Ok(message) = serde_json::from_str(&line) {
                        return Ok(message);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(ChildError::Overdue(started.elapsed()));
                }
            }
        }
    }

    fn ended(&mut self) -> ChildError {
        // With its input closed a child that merely closed its output ends as well.
        self.stdin = None;
        ChildError::Ended(match self.process.wait() {
            Ok(status) => how(status),
            Err(error) => error.to_string(),
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already; then both answer with an error that says so.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// `signal 11` or `exit code 1`.
fn how(status: ExitStatus) -> String {
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("signal {signal}");
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// The child's side of [`conduct()`]: from here on this process reads the system and that
/// library, and writes in its scratch directory.
///
/// # Errors
/// When the kernel could hold it to that and does not.
pub fn confine(library: &Path) -> io::Result<()> {
    enter_trial(library, &std::env::temp_dir())
}

/// This program, to be started once more.
fn own_program() -> Result<Command, ChildError> {
    std::env::current_exe()
        .map(Command::new)
        .map_err(ChildError::Start)
}

/// Reviews the conduct of a library in a child, which [confines itself](confine).
///
/// # Errors
/// When no child can be started. What the library does to it is an item of the review.
pub fn conduct(path: &Path) -> Result<Vec<Item>, ChildError> {
    // Removed here: the child may not, once it is confined.
    let scratch = tempfile::tempdir().map_err(ChildError::Start)?;
    let arguments: [OsString; 4] = [
        "plugins".into(),
        "check".into(),
        IN_PROCESS.into(),
        path.into(),
    ];
    let mut command = own_program()?;
    command
        .args(arguments)
        .env_clear()
        .envs(surroundings_of_trial(path, scratch.path()));
    let mut child = Child::run(&mut command)?;
    let until = Instant::now() + conduct::LONGEST;
    let mut doing = String::new();
    let mut items = Vec::new();
    loop {
        match child.next(Some(until)) {
            Ok(Message::Doing(what)) => doing = what,
            Ok(Message::Item(item)) => items.push(item),
            Ok(Message::Say(_)) => {}
            Ok(Message::Done) => return Ok(items),
            Err(error) => {
                items.push(Item::fail("process", format!("{doing}: {error}")));
                return Ok(items);
            }
        }
    }
}
