//! One running yt-dlp: start it, send requests, read answers, end it with everything it
//! started. Which process serves which call is `desk`'s.
//!
//! It leads a process group of its own, so that ffmpeg and the JavaScript runtime end with
//! it. Its stdin is held open by us alone: when we are gone, it reads the end and kills its
//! own group. Its stderr is a file, so that no amount of warnings can block it and nobody has
//! to stay to drain a pipe.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::wire::{Call, Word};

/// How often a waiting call looks whether it is still wanted.
const TICK: Duration = Duration::from_millis(50);
/// A line longer than this is no answer of ours: the longest, a hundred hits, is 200 KiB.
const LONGEST_LINE: u64 = 8 << 20;
/// So much of what it wrote to stderr is kept for an error.
const TAIL: u64 = 16 << 10;
/// Between the end of its output and its own end; how it ended is worth knowing.
const FAREWELL: Duration = Duration::from_secs(1);
/// A killed group is gone at once, but for orphans where no init waits for them.
const BURIAL: Duration = Duration::from_millis(300);

/// Why a process has no answer. In each case it is ended and of no more use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The executable cannot be run.
    #[error("{} cannot be started: {source}", program.display())]
    Start { program: PathBuf, source: io::Error },
    /// It ended by itself.
    #[error("yt-dlp ended ({})", .status.map_or_else(|| "no status".to_owned(), |status| status.to_string()))]
    Ended {
        status: Option<ExitStatus>,
        /// The end of its stderr.
        said: String,
    },
    /// It answers in no words of ours.
    #[error("yt-dlp answered what cannot be understood: {0}")]
    Nonsense(String),
    /// It was ended because its call was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// It was ended because it took longer than that in all.
    #[error("yt-dlp was not done within {} s", .0.as_secs())]
    Overdue(Duration),
    /// It was ended because it said nothing for that long.
    #[error("nothing came for {} s", .0.as_secs())]
    Stalled(Duration),
}

/// How long one call may take, and who may end it.
pub(crate) struct Patience<'a> {
    /// In all.
    pub(crate) whole: Duration,
    /// Between two words.
    pub(crate) silence: Duration,
    /// Whether the call was cancelled.
    pub(crate) cancelled: &'a dyn Fn() -> bool,
}

/// An answer, or yt-dlp's own words on why there is none.
pub(crate) type Reply = Result<serde_json::Value, String>;

/// A yt-dlp that takes calls.
pub(crate) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: File,
    /// What it calls itself.
    pub(crate) version: String,
    /// Calls it has served.
    pub(crate) served: u32,
    /// Files that go with it.
    own_files: Vec<PathBuf>,
    over: bool,
}

impl Process {
    /// Starts yt-dlp and waits until it takes calls. `log` is its stderr; it and `more`
    /// are removed with it.
    ///
    /// # Errors
    /// When it does not get that far within `patience`.
    pub(crate) fn start(
        mut command: Command,
        log: &Path,
        more: Vec<PathBuf>,
        patience: &Patience<'_>,
    ) -> Result<Self, Broken> {
        let program = PathBuf::from(command.get_program());
        let failed = |source| Broken::Start {
            program: program.clone(),
            source,
        };
        let stderr = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(log)
            .map_err(failed)?;
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().map_err(failed)?)
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take().expect("stdin was asked for as a pipe");
        let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
        let mut process = Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
            stderr,
            version: String::new(),
            served: 0,
            own_files: more.into_iter().chain([log.to_owned()]).collect(),
            over: false,
        };
        let mut version = None;
        process
            .hear(patience, &mut |word| match word {
                Word::Ready(ready) => {
                    version = Some(ready.version);
                    Some(Ok(serde_json::Value::Null))
                }
                Word::Progress { .. } | Word::State(_) | Word::Done(_) | Word::Failed(_) => None,
            })?
            .ok();
        process.version = version.unwrap_or_default();
        Ok(process)
    }

    /// Makes one call. `progress` hears how it goes.
    ///
    /// # Errors
    /// When the process is of no more use.
    pub(crate) fn call(
        &mut self,
        call: &Call<'_>,
        patience: &Patience<'_>,
        progress: &mut dyn FnMut(Word),
    ) -> Result<Reply, Broken> {
        self.served += 1;
        // What it said of earlier calls explains nothing of this one. That the file cannot be
        // emptied would only leave more of it.
        drop(self.stderr.set_len(0));
        let mut line = serde_json::to_string(call)
            .map_err(|error| Broken::Nonsense(format!("the call itself: {error}")))?;
        line.push('\n');
        if self.stdin.write_all(line.as_bytes()).is_err() {
            return Err(self.ended());
        }
        self.hear(patience, &mut |word| match word {
            Word::Done(value) => Some(Ok(value)),
            Word::Failed(text) => Some(Err(text)),
            word @ (Word::Progress { .. } | Word::State(_)) => {
                progress(word);
                None
            }
            Word::Ready(_) => None,
        })
    }

    /// Listens until `answer` has one.
    fn hear(
        &mut self,
        patience: &Patience<'_>,
        answer: &mut dyn FnMut(Word) -> Option<Reply>,
    ) -> Result<Reply, Broken> {
        let (sender, lines) = mpsc::channel();
        let (begun, mut last) = (Instant::now(), Instant::now());
        let (child, stdout) = (&mut self.child, &mut self.stdout);
        // A read cannot be interrupted, so that a second thread does it, for this call only:
        // it ends with the answer, and with the process at the latest.
        let heard = thread::scope(|scope| {
            scope.spawn(move || read_answer(stdout, &sender));
            let broken = loop {
                match lines.recv_timeout(TICK) {
                    Ok(Ok(line)) => match serde_json::from_slice(&line) {
                        Ok(word) => {
                            last = Instant::now();
                            if let Some(reply) = answer(word) {
                                return Ok(reply);
                            }
                        }
                        Err(error) => break Broken::Nonsense(error.to_string()),
                    },
                    Ok(Err(error)) => break Broken::Nonsense(error.to_string()),
                    Err(RecvTimeoutError::Disconnected) => {
                        break Broken::Ended {
                            status: None,
                            said: String::new(),
                        };
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
                if (patience.cancelled)() {
                    break Broken::Cancelled;
                }
                if begun.elapsed() > patience.whole {
                    break Broken::Overdue(patience.whole);
                }
                if last.elapsed() > patience.silence {
                    break Broken::Stalled(patience.silence);
                }
            };
            if !matches!(broken, Broken::Ended { .. }) {
                // Before the thread is waited for: it reads until the process is gone.
                kill_group(child);
            }
            Err(broken)
        });
        match heard {
            Err(Broken::Ended { .. }) => Err(self.ended()),
            Err(broken) => {
                self.bury();
                Err(broken)
            }
            Ok(reply) => Ok(reply),
        }
    }

    /// It is gone, or about to be: why?
    fn ended(&mut self) -> Broken {
        let since = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && since.elapsed() < FAREWELL {
            thread::sleep(Duration::from_millis(2));
        }
        let status = self.bury();
        let said = self.said();
        Broken::Ended { status, said }
    }

    /// The end of its stderr.
    fn said(&mut self) -> String {
        let mut text = Vec::new();
        let length = self.stderr.seek(SeekFrom::End(0)).unwrap_or(0);
        let read = self
            .stderr
            .seek(SeekFrom::Start(length.saturating_sub(TAIL)))
            .and_then(|_| (&self.stderr).take(TAIL).read_to_end(&mut text));
        match read {
            Ok(_) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("its messages cannot be read: {error}"),
        }
    }

    /// Ends the whole group and waits until no process is left to write a file.
    ///
    /// At once and by SIGKILL: yt-dlp cleans nothing up when asked politely, and ffmpeg would
    /// only finish a file that nobody wants.
    fn bury(&mut self) -> Option<ExitStatus> {
        if self.over {
            return None;
        }
        self.over = true;
        kill_group(&self.child);
        let status = self.child.wait().ok();
        let since = Instant::now();
        while group_lives(&self.child) && since.elapsed() < BURIAL {
            thread::sleep(Duration::from_millis(2));
        }
        for path in &self.own_files {
            // Scratch space: the host empties it after the run.
            drop(std::fs::remove_file(path));
        }
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.bury();
    }
}

/// Passes lines on until the one that ends a call, or the end.
fn read_answer(stdout: &mut BufReader<ChildStdout>, to: &Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut line = Vec::new();
        let read = stdout.take(LONGEST_LINE).read_until(b'\n', &mut line);
        let passed = match read {
            Ok(0) => return,
            Ok(_) if !line.ends_with(b"\n") => Err(io::Error::other(format!(
                "a line that is cut, or longer than {} MiB",
                LONGEST_LINE >> 20
            ))),
            Ok(_) => Ok(line),
            Err(error) => Err(error),
        };
        let last = match &passed {
            Ok(line) => !(line.starts_with(b"{\"progress\"") || line.starts_with(b"{\"state\"")),
            Err(_) => true,
        };
        if to.send(passed).is_err() || last {
            return;
        }
    }
}

fn kill_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    // That there is no such group any more is what is wanted.
    kill_process_group(Pid::from_child(child), Signal::KILL).ok();
}

fn group_lives(child: &Child) -> bool {
    use rustix::process::{Pid, test_kill_process_group};
    test_kill_process_group(Pid::from_child(child)).is_ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
