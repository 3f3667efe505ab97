//! Why a file is refused, in words for people.

use std::path::PathBuf;

/// Why a file must not enter a library. Each is final for this file: another candidate or
/// source is tried, except after [`VerifyError::Io`].
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something else was delivered: a web page, a picture, nothing.
    #[error("this is {what}, not audio")]
    NotAudio {
        /// What it is, with its article: `an HTML page`.
        what: String,
    },
    /// Audio that musicdl can neither check nor tag.
    #[error("{what} is not supported")]
    Unsupported {
        /// The format or feature.
        what: String,
    },
    /// The audio can be read only with a key.
    #[error("the audio is encrypted (`{scheme}`)")]
    Encrypted {
        /// The four letters in the file that say so.
        scheme: String,
    },
    /// The end is missing, and the file itself shows it.
    #[error("cut off: {what}; {} of audio are there", clock(*.found_ms))]
    Truncated {
        /// What shows it.
        what: String,
        /// Milliseconds of audio that are there.
        found_ms: u64,
    },
    /// Shorter than wanted.
    #[error(
        "{}, wanted are {} ({} %){}",
        clock(*.found_ms),
        clock(*.wanted_ms),
        .found_ms.saturating_mul(100) / (*.wanted_ms).max(1),
        if *.preview { ": a preview or cut off" } else { "" }
    )]
    TooShort {
        /// Milliseconds that were found.
        found_ms: u64,
        /// Milliseconds that were wanted.
        wanted_ms: u64,
        /// Whether so much is missing that it is a preview or cut off.
        preview: bool,
    },
    /// Longer than wanted.
    #[error("{}, wanted are {}: another recording", clock(*.found_ms), clock(*.wanted_ms))]
    TooLong {
        /// Milliseconds that were found.
        found_ms: u64,
        /// Milliseconds that were wanted.
        wanted_ms: u64,
    },
    /// Damaged inside.
    #[error("damaged: {what}")]
    Corrupt {
        /// What is wrong, and where if that is known.
        what: String,
    },
    /// Every sample of the whole file is zero.
    #[error("it contains no sound: all {} are digital silence", clock(*.found_ms))]
    Silent {
        /// Milliseconds of it.
        found_ms: u64,
    },
    /// A source promised better.
    #[error("not as promised: {what}")]
    NotAsPromised {
        /// What was promised and what came.
        what: String,
    },
    /// Worse than the least that the user takes.
    #[error("it is {found}; the least quality is {floor}")]
    BelowFloor {
        /// What it is.
        found: String,
        /// The least.
        floor: String,
    },
    /// A lossless file that was made from a lossy one, as far as its spectrum tells.
    #[error("fake lossless: {what}")]
    FakeLossless {
        /// What shows it.
        what: String,
    },
    /// AcoustID knows its sound as another recording.
    #[error("another recording by its sound: {what}")]
    OtherRecording {
        /// Which.
        what: String,
    },
    /// The file could not be read; says nothing about its content.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// `3:07.250`, the way players show it, with milliseconds so that small differences show.
pub(super) fn clock(ms: u64) -> String {
    format!("{}:{:02}.{:03}", ms / 60_000, ms / 1000 % 60, ms % 1000)
}

#[test]
fn a_refusal_names_both_lengths() {
    let refusal = VerifyError::TooShort {
        found_ms: 30_000,
        wanted_ms: 187_250,
        preview: true,
    };
    assert_eq!(
        refusal.to_string(),
        "0:30.000, wanted are 3:07.250 (16 %): a preview or cut off"
    );
}
