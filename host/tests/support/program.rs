//! The program while it runs, and after.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longest time a run may take before it counts as hanging.
const HANGS: Duration = Duration::from_secs(60);

/// Waits for what nobody tells, such as a file that appears.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < HANGS, "in {HANGS:?} not once: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A run that is going on; killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Pipe,
    stderr: Pipe,
    command: String,
    started: Instant,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdout: Pipe::of(child.stdout.take().unwrap()),
            stderr: Pipe::of(child.stderr.take().unwrap()),
            child,
            command: format!("{command:?}"),
            started: Instant::now(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has said that.
    pub(crate) fn has_said(&self, words: &str) {
        let said = self.stderr.wait(|heard| heard.text().contains(words));
        assert!(said, "no `{words}` in {HANGS:?}: {}", self.told());
    }

    /// Whether it ends by itself in that time.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        let began = Instant::now();
        loop {
            if self.child.try_wait().unwrap().is_some() {
                return true;
            }
            let Some(left) = time.checked_sub(began.elapsed()) else {
                return false;
            };
            thread::sleep(left.min(Duration::from_millis(1)));
        }
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Finished {
        // Its pipes close when it ends, whatever its threads are doing.
        let ended = self.stdout.wait(|heard| heard.ended) && self.stderr.wait(|heard| heard.ended);
        assert!(ended, "hangs: {}", self.told());
        let status = self.child.wait().unwrap();
        Finished {
            code: status
                .code()
                .unwrap_or_else(|| -status.signal().unwrap_or(i32::MAX)),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            took: self.started.elapsed(),
            command: self.command.clone(),
        }
    }

    fn told(&self) -> String {
        let (stdout, stderr) = (self.stdout.text(), self.stderr.text());
        format!("{}\nstdout: {stdout}\nstderr: {stderr}", self.command)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code; of a run that a signal ended, the negative number of the signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    command: String,
}

impl Finished {
    /// It must have ended with that code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.told());
        self
    }

    /// It must have said all of that, to whichever of the two.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            let said = self.stdout.contains(word) || self.stderr.contains(word);
            assert!(said, "no `{word}`: {}", self.told());
        }
        self
    }

    /// Stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let parsed = serde_json::from_str(&self.stdout);
        parsed.unwrap_or_else(|error| panic!("{error}: {}", self.told()))
    }

    /// Stdout as a JSON object a line.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let parse = |line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", self.told()))
        };
        self.stdout.lines().map(parse).collect()
    }

    pub(crate) fn told(&self) -> String {
        format!(
            "{} ended with {} after {:?}\nstdout: {}\nstderr: {}",
            self.command, self.code, self.took, self.stdout, self.stderr
        )
    }
}

/// One of its pipes, read as it fills.
#[derive(Clone, Default)]
struct Pipe {
    heard: Arc<Mutex<Heard>>,
    more: Arc<Condvar>,
}

/// What came out of a pipe so far.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    /// Nobody has the other end any more.
    ended: bool,
}

impl Heard {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Pipe {
    fn of(mut source: impl Read + Send + 'static) -> Self {
        let pipe = Self::default();
        let inside = pipe.clone();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let read = source.read(&mut buffer).unwrap_or(0);
                let mut heard = inside.heard.lock().unwrap();
                heard.bytes.extend(&buffer[..read]);
                heard.ended = read == 0;
                inside.more.notify_all();
                if heard.ended {
                    return;
                }
            }
        });
        pipe
    }

    fn text(&self) -> String {
        self.heard.lock().unwrap().text()
    }

    /// `false` if it does not come to that before its end, or in time.
    fn wait(&self, until: impl Fn(&Heard) -> bool) -> bool {
        let heard = self.heard.lock().unwrap();
        let not_yet = |heard: &mut Heard| !until(heard) && !heard.ended;
        let waited = self.more.wait_timeout_while(heard, HANGS, not_yet);
        until(&waited.unwrap().0)
    }
}
