//! One ffmpeg from its start to its end. It ends by itself, when its time is over, or when
//! nobody wants to hear more of it; what it started ends with it.
//!
//! The thread that starts it also waits for it: when that thread ends, so does ffmpeg
//! ([`launch`](super::launch)).

use std::ffi::OsString;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::Ffmpeg;

/// Bytes of its complaints that are read.
const MOST_WORDS: u64 = 4 * 1024;

/// Why nobody knows what it would have done.
#[derive(Debug, thiserror::Error)]
pub enum FfmpegError {
    /// It cannot be started, or spoken to.
    #[error("{} does not run: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It did not end.
    #[error("ffmpeg did not end within {seconds} s")]
    TooSlow {
        /// The time it had.
        seconds: u64,
    },
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// That of a killed process where nobody wanted to hear more.
    pub(crate) status: ExitStatus,
    /// What it complained of, in lines; not more than the beginning.
    pub(crate) words: String,
}

impl Ended {
    /// The first of its complaints.
    pub(crate) fn first_line(&self) -> &str {
        self.words.lines().next().unwrap_or("no reason").trim()
    }
}

impl Ffmpeg {
    /// Runs it to its end, for at most that time, and hands on what it writes to stdout for as
    /// long as somebody wants to hear it.
    pub(crate) fn run(
        &self,
        arguments: &[OsString],
        time: Duration,
        mut heard: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<Ended, FfmpegError> {
        let failed = |source| FfmpegError::Program {
            program: self.program.clone(),
            source,
        };
        let mut child = Reaped(self.command(arguments).spawn().map_err(failed)?);
        let (output, words) = (child.0.stdout.take(), child.0.stderr.take());
        let (Some(output), Some(words)) = (output, words) else {
            unreachable!("both are piped");
        };
        let group = Group(Pid::from_child(&child.0));
        limit(group.0, time);
        let (over, is_over) = mpsc::channel::<()>();
        let (listened, words, late) = thread::scope(|scope| {
            // Dropped before the threads are waited for, also when `heard` panics: the group
            // first, so that its pipes close, then what the watch waits for.
            let (over, group) = (over, group);
            let leader = group.0;
            let words = scope.spawn(|| complaints(words));
            let watch = scope.spawn(move || {
                let late = is_over.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
                if late {
                    end(leader);
                }
                late
            });
            let listened = listen(output, |bytes| {
                let go_on = heard(bytes);
                if go_on.is_break() {
                    end(leader);
                }
                go_on
            });
            if listened.is_err() {
                end(leader);
            }
            let words = words.join().unwrap_or_default();
            wait_for_end(leader);
            drop(group);
            drop(over);
            (listened, words, watch.join().unwrap_or(true))
        });
        let status = child.0.wait().map_err(failed)?;
        if late {
            let seconds = time.as_secs();
            return Err(FfmpegError::TooSlow { seconds });
        }
        listened.map_err(failed)?;
        Ok(Ended { status, words })
    }
}

/// A process that does not stay a zombie when somebody panics.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Who was waited for before is not waited for again.
        drop(self.0.wait());
    }
}

/// Its process group, which ends here. Its number is its own until the leader is waited for.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        end(self.0);
    }
}

fn end(leader: Pid) {
    // Errors say that somebody is gone already. The leader by itself too, should it have left.
    let _ = kill_process_group(leader, Signal::KILL);
    let _ = kill_process(leader, Signal::KILL);
}

/// Leaves its number to it: what is still in the group can be ended.
fn wait_for_end(leader: Pid) {
    let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    // An error would say that it is no child, and the wait for its status tells that better.
    let _ = retry_on_intr(|| waitid(WaitId::Pid(leader), how));
}

/// Holds also when nobody is left to wait for it: its processor time is what it had in all, on
/// one core, and its memory what a hostile file may cost.
#[cfg(target_os = "linux")]
fn limit(id: Pid, time: Duration) {
    use rustix::process::{Resource, Rlimit, prlimit};
    /// Its own libraries take a fifth of that.
    const MOST_MEMORY: u64 = 2 * 1024 * 1024 * 1024;
    let seconds = time.as_secs() + 1;
    for (resource, most) in [(Resource::Cpu, seconds), (Resource::As, MOST_MEMORY)] {
        let most = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        // It may have ended already, which is fine as well.
        let _ = prlimit(Some(id), resource, most);
    }
}

#[cfg(not(target_os = "linux"))]
fn limit(_: Pid, _: Duration) {}

fn listen(
    mut output: impl Read,
    mut heard: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = output.read(&mut bytes)?;
        if read == 0 || heard(&bytes[..read]).is_break() {
            return Ok(());
        }
    }
}

fn complaints(mut from: impl Read) -> String {
    let mut words = Vec::new();
    // What cannot be read is not told; that it ended is.
    drop(from.by_ref().take(MOST_WORDS).read_to_end(&mut words));
    drop(io::copy(&mut from, &mut io::sink()));
    String::from_utf8_lossy(&words)
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::path::Path;
    use std::time::Instant;

    use super::*;

    const ENOUGH: Duration = Duration::from_secs(60);

    /// A program in the place of ffmpeg.
    pub(crate) fn script(dir: &Path, lines: &str) -> Ffmpeg {
        let path = dir.join("ffmpeg");
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Ffmpeg::find(Some(&path), None).unwrap()
    }

    fn ignore(_: &[u8]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn what_it_complains_of_is_told_and_its_environment_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let ffmpeg = script(dir.path(), "echo \"no such codec\" >&2; exit 3");
        let ended = ffmpeg.run(&[], ENOUGH, ignore).unwrap();
        assert_eq!(ended.status.code(), Some(3));
        assert_eq!(ended.first_line(), "no such codec");

        let ffmpeg = script(dir.path(), "env");
        let mut said = Vec::new();
        let heard = |bytes: &[u8]| {
            said.extend(bytes);
            ControlFlow::Continue(())
        };
        let ended = ffmpeg.run(&[], ENOUGH, heard).unwrap();
        assert_eq!(ended.first_line(), "no reason");
        assert!(!String::from_utf8(said).unwrap().contains("HOME="));
    }

    #[test]
    fn one_that_cannot_be_started_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ffmpeg");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let ffmpeg = Ffmpeg::find(Some(&path), None).unwrap();
        let error = ffmpeg.run(&[], ENOUGH, ignore).unwrap_err().to_string();
        let expected = format!("{} does not run: ", path.display());
        assert!(error.starts_with(&expected), "{error}");
    }

    #[test]
    fn whatever_it_holds_on_to_it_ends_with_its_time() {
        let dir = tempfile::tempdir().unwrap();
        for lines in [
            "exec sleep 600",
            "exec sleep 600 >&- 2>&-",
            "sleep 600 & wait",
            "sleep 600 & exit 0",
            "while true; do :; done",
        ] {
            let started = Instant::now();
            let ffmpeg = script(dir.path(), lines);
            let error = ffmpeg.run(&[], Duration::from_millis(200), ignore);
            let error = error.unwrap_err().to_string();
            assert_eq!(error, "ffmpeg did not end within 0 s", "{lines}");
            assert!(started.elapsed() < ENOUGH, "{lines}");
        }
    }

    #[test]
    fn one_whose_answer_nobody_wants_is_ended() {
        let dir = tempfile::tempdir().unwrap();
        let ffmpeg = script(dir.path(), "echo; exec sleep 600");
        let ended = ffmpeg.run(&[], ENOUGH, |_| ControlFlow::Break(()));
        assert!(!ended.unwrap().status.success());
        let ended = catch_unwind(AssertUnwindSafe(|| {
            ffmpeg.run(&[], ENOUGH, |_| panic!("nobody wants it"))
        }));
        assert!(ended.is_err());
    }
}
