//! Why a file could not be tagged, in words for people.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::verify::VerifyError;

/// Why there is no tagged copy. The file copied from is untouched in every case.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// Tags cannot be written safely into this file; it may be used as it is.
    #[error("{} keeps its own tags: {reason}", path.display())]
    LeftUntagged {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The audio of the copy was not the same any more; the copy was removed.
    #[error("writing tags would have changed the audio of {}", path.display())]
    AudioChanged {
        /// The file that was copied from.
        path: PathBuf,
    },
    /// The tags of the file cannot be understood.
    #[error("cannot read the tags of {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        reason: String,
    },
    /// The tags could not be written; the copy was removed.
    #[error("cannot write tags to {}: {reason}", path.display())]
    Write {
        /// The copy.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The audio cannot be compared.
    #[error("cannot compare the audio of {}", path.display())]
    Audio {
        /// The file.
        path: PathBuf,
        /// Why.
        source: VerifyError,
    },
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl TagError {
    /// Whether the untagged file is good and may be used in place of a tagged copy.
    pub fn leaves_a_good_file(&self) -> bool {
        match self {
            TagError::LeftUntagged { .. }
            | TagError::AudioChanged { .. }
            | TagError::Read { .. }
            | TagError::Write { .. } => true,
            TagError::Audio { .. } | TagError::Io { .. } => false,
        }
    }
}

/// An error of the tag library with its causes: the outermost alone only says "failed".
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}
