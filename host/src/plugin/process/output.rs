//! What a plugin process prints. It has no business printing, but libraries and crashes do:
//! every line goes to the log, as much as a log can bear, and the last ones into the report
//! of its death.

use std::collections::VecDeque;
use std::io::{PipeReader, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::plugin::rate_limiter::RateLimiter;
use crate::plugin::services::visible;

/// Lines are cut there, so that one without end does not fill the memory.
const LONGEST_LINE: usize = 1024;
/// The lines that are quoted, and how much of each.
const LAST_LINES: usize = 3;
const QUOTED: usize = 200;

/// The end of what was printed, and whether more may come.
pub(super) struct Output {
    said: Mutex<Said>,
    ended: Condvar,
}

struct Said {
    last: VecDeque<String>,
    over: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            said: Mutex::new(Said {
                last: VecDeque::new(),
                over: false,
            }),
            ended: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads to the end, always, so that a process that prints is never held up by us.
    /// `log` is given the lines the log can bear.
    pub(super) fn read(&self, mut pipe: PipeReader, log: impl Fn(&str)) {
        let mut buffer = vec![0; 16 * 1024];
        let mut line = Vec::new();
        let mut limiter = RateLimiter::for_logs(Instant::now());
        let mut take = |line: &mut Vec<u8>| {
            let text = visible(String::from_utf8_lossy(line).trim_end());
            line.clear();
            if text.is_empty() {
                return;
            }
            match limiter.admit(Instant::now()) {
                Some(0) => log(&text),
                Some(left_out) => log(&format!("({left_out} lines left out) {text}")),
                None => {}
            }
            let mut said = self.lock();
            if said.last.len() == LAST_LINES {
                said.last.pop_front();
            }
            said.last.push_back(text);
        };
        // An error is an end as well.
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            for &byte in &buffer[..count] {
                if byte == b'\n' {
                    take(&mut line);
                } else if line.len() < LONGEST_LINE {
                    line.push(byte);
                }
            }
        }
        take(&mut line);
        self.lock().over = true;
        self.ended.notify_all();
    }

    /// The last lines as one, once there will be no more of them or `patience` is over: some
    /// other process may have inherited the pipe.
    pub(super) fn last_words(&self, patience: Duration) -> String {
        let waited = self
            .ended
            .wait_timeout_while(self.lock(), patience, |said| !said.over);
        let (said, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = said
            .last
            .iter()
            .map(|line| &line[..line.floor_char_boundary(QUOTED)])
            .collect();
        lines.join(" / ")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(printed: &[u8]) -> (Vec<String>, String) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let output = Output::new();
        let lines = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                output.read(reader, |line| lines.lock().unwrap().push(line.to_owned()));
            });
            writer.write_all(printed).unwrap();
            drop(writer);
            reading.join().unwrap();
        });
        let words = output.last_words(Duration::ZERO);
        (lines.into_inner().unwrap(), words)
    }

    #[test]
    fn lines_lose_what_commands_a_terminal_and_the_last_three_are_quoted() {
        let (lines, words) = read(b"one\n\n\x1b[31mtwo\r\nthree \xff\nfour");
        assert_eq!(lines, ["one", "\\u{1b}[31mtwo", "three \u{fffd}", "four"]);
        assert_eq!(words, "\\u{1b}[31mtwo / three \u{fffd} / four");
    }

    #[test]
    fn a_flood_is_read_to_its_end_and_logged_in_part() {
        let flood = "x\n".repeat(100_000) + &"y".repeat(1_000_000) + "\nlast\n";
        let (lines, words) = read(flood.as_bytes());
        assert!((200..5_000).contains(&lines.len()), "{}", lines.len());
        assert!(lines.iter().all(|line| line.len() < LONGEST_LINE + 40));
        assert!(words.ends_with(" / last") && words.len() < 700, "{words}");
    }
}
