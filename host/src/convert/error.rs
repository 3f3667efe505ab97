//! Why ffmpeg made nothing of a file, in words for people.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why there is no result. The file it was to be made of is untouched.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// No program of that name is there.
    #[error("{what} needs ffmpeg, and {} is not there", program.display())]
    Missing {
        /// For what it is needed.
        what: String,
        /// Where it was looked for.
        program: PathBuf,
    },
    /// It cannot be started, or spoken to.
    #[error("{} does not run: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It gave up.
    #[error("ffmpeg ended with {status}: {words}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The first line of what it said.
        words: String,
    },
    /// It did not end.
    #[error("ffmpeg did not end within {seconds} s")]
    TooSlow {
        /// The time it had.
        seconds: u64,
    },
    /// Its answer means nothing.
    #[error("what ffmpeg made is of no use: {0}")]
    Useless(String),
}
