//! Why a plugin process is no more, in words for the user.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

/// Why the host ended a process, or was about to when it ended itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It is not needed: its source is dropped, or it had no call for a while.
    Unneeded,
    /// A call was not answered in time.
    Overdue { call: &'static str, limit: Duration },
    /// A cancelled download did not return in time.
    Deaf { grace: Duration },
    /// What it sent is not a message.
    Garbled(String),
    /// It hung up, and went on living.
    HungUp,
    /// It ended by itself.
    Itself(ExitStatus),
}

/// A process that is no more. Reads on from its subject: `the process was ended by ..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Death {
    pub(super) cause: Cause,
    /// The end of what it printed, cleaned; empty if it printed nothing.
    pub(super) last_words: String,
}

impl Death {
    /// Whether it speaks against the plugin.
    pub(super) fn counts(&self) -> bool {
        self.cause != Cause::Unneeded
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Unneeded => f.write_str("was stopped"),
            Cause::Overdue { call, limit } => {
                write!(
                    f,
                    "was killed, because `{call}` had no answer within {limit:?}"
                )
            }
            Cause::Deaf { grace } => write!(
                f,
                "was killed, because a cancelled download did not return within {grace:?}"
            ),
            Cause::Garbled(what) => write!(f, "was killed, because it sent invalid data: {what}"),
            Cause::HungUp => f.write_str("was killed, because it closed its connection"),
            Cause::Itself(status) => match (status.signal(), status.code()) {
                (Some(signal), _) => write!(f, "was ended by {}", Named(signal)),
                (None, Some(code)) => write!(f, "ended by itself with exit code {code}"),
                (None, None) => write!(f, "ended by itself ({status})"),
            },
        }?;
        if !self.last_words.is_empty() {
            write!(f, "; the last it printed: {}", self.last_words)?;
        }
        Ok(())
    }
}

/// `signal 11 (SIGSEGV)`.
struct Named(i32);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use rustix::process::Signal;
        let name = [
            (Signal::ABORT, "SIGABRT"),
            (Signal::BUS, "SIGBUS"),
            (Signal::FPE, "SIGFPE"),
            (Signal::HUP, "SIGHUP"),
            (Signal::ILL, "SIGILL"),
            (Signal::INT, "SIGINT"),
            (Signal::KILL, "SIGKILL"),
            (Signal::PIPE, "SIGPIPE"),
            (Signal::QUIT, "SIGQUIT"),
            (Signal::SEGV, "SIGSEGV"),
            (Signal::SYS, "SIGSYS"),
            (Signal::TERM, "SIGTERM"),
            (Signal::TRAP, "SIGTRAP"),
        ]
        .into_iter()
        .find(|(signal, _)| signal.as_raw() == self.0);
        match name {
            Some((_, name)) => write!(f, "signal {} ({name})", self.0),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_death_is_described_in_a_sentence() {
        let itself = |raw| Cause::Itself(ExitStatus::from_raw(raw));
        let s = Duration::from_secs;
        for (cause, words, expected) in [
            (itself(11), "", "was ended by signal 11 (SIGSEGV)"),
            (itself(40), "", "was ended by signal 40"),
            (itself(0), "", "ended by itself with exit code 0"),
            (
                itself(6),
                "memory allocation failed",
                "was ended by signal 6 (SIGABRT); the last it printed: memory allocation failed",
            ),
            (
                Cause::Overdue {
                    call: "search_raw",
                    limit: s(60),
                },
                "",
                "was killed, because `search_raw` had no answer within 60s",
            ),
            (
                Cause::HungUp,
                "",
                "was killed, because it closed its connection",
            ),
        ] {
            let last_words = words.to_owned();
            assert_eq!(Death { cause, last_words }.to_string(), expected);
        }
    }
}
