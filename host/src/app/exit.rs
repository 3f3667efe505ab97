//! How the program ends: a code for scripts, words for people.

use std::process::ExitCode;

/// The exit codes, as the README publishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything wanted is there.
    Success,
    /// Something nobody foresaw.
    Unexpected,
    /// Wrong arguments or configuration.
    Usage,
    /// A service cannot be reached, or refused the login.
    Network,
    /// The file system does not let us: no space, no right, the library vanished.
    Disk,
    /// Some of what is wanted is not there.
    Partial,
    /// There is no source to take anything from.
    NoSource,
    /// Another run holds the state.
    Held,
    /// Ctrl-C; the state is saved.
    Interrupted,
    /// SIGTERM; the state is saved.
    Terminated,
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Unexpected => 1,
            Exit::Usage => 2,
            Exit::Network => 3,
            Exit::Disk => 4,
            Exit::Partial => 5,
            Exit::NoSource => 6,
            Exit::Held => 7,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// The outcome in a word, for the journal and the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Exit::Success => "complete",
            Exit::Unexpected => "failed",
            Exit::Usage => "misconfigured",
            Exit::Network => "unreachable",
            Exit::Disk => "disk",
            Exit::Partial => "partial",
            Exit::NoSource => "no_source",
            Exit::Held => "held",
            Exit::Interrupted => "interrupted",
            Exit::Terminated => "terminated",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What happened, to what.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure in a sentence.
    pub fn new(exit: Exit, message: impl ToString) -> Self {
        Self {
            exit,
            message: message.to_string(),
            hint: None,
        }
    }

    /// The same failure, with what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self {
            exit: Exit::Usage,
            message: error.to_string(),
            hint,
        }
    }
}

impl From<crate::state::StateError> for Failure {
    fn from(error: crate::state::StateError) -> Self {
        use crate::state::StateError;
        let failure = |exit| Failure::new(exit, &error);
        match &error {
            StateError::Held { .. } => failure(Exit::Held)
                .with_hint("wait until it has ended, or use another state with --state"),
            StateError::Absent { .. } => failure(Exit::Usage)
                .with_hint("run `musicdl run` first, or name the state with --state"),
            StateError::Io { .. }
            | StateError::NoLocks { .. }
            | StateError::Database { .. }
            | StateError::Update { .. } => failure(Exit::Disk),
            StateError::Older { .. } => {
                failure(Exit::Held).with_hint("wait until it has ended, or stop it")
            }
            StateError::Newer {
                program: Some(program),
                ..
            } => failure(Exit::Usage).with_hint(format!(
                "use musicdl {program} or later, or another state with --state"
            )),
            StateError::Newer { program: None, .. } | StateError::Migration { .. } => {
                failure(Exit::Usage)
                    .with_hint("use the musicdl that wrote it, or another state with --state")
            }
        }
    }
}

impl From<crate::publish::PublishError> for Failure {
    fn from(error: crate::publish::PublishError) -> Self {
        use crate::publish::PublishError;
        match error {
            PublishError::InUse { .. } => {
                Failure::new(Exit::Held, error).with_hint("wait until the other run has ended")
            }
            error => Failure::new(Exit::Disk, error),
        }
    }
}

impl From<crate::plan::file::PlanFileError> for Failure {
    fn from(error: crate::plan::file::PlanFileError) -> Self {
        Failure::new(Exit::Usage, error)
    }
}
