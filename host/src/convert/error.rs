//! Why ffmpeg made nothing of a file, in words for people.

use std::process::ExitStatus;

use crate::ffmpeg::FfmpegError;

/// Why there is no result. The file it was to be made of is untouched.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// It did not come to its end.
    #[error(transparent)]
    Ffmpeg(#[from] FfmpegError),
    /// It gave up.
    #[error("ffmpeg ended with {status}: {words}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The first line of what it said.
        words: String,
    },
    /// Its answer means nothing.
    #[error("what ffmpeg made is of no use: {0}")]
    Useless(String),
}
