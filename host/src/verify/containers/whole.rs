//! Does the structure of the file say that its end is there? Each container shows it in its
//! own way; this collects what they say before a single packet is decoded.

use super::section::Section;
use super::{mp4, mpeg, ogg};
use crate::music::Container;
use crate::verify::VerifyError;

/// What the end of a file looks like.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::verify) enum Tail {
    /// Nothing is missing, or the container has no way to tell.
    Fine,
    /// Something is missing for certain.
    Cut {
        /// What shows it.
        what: String,
    },
    /// Looks cut, but such files are also made on purpose: the wanted length must confirm it.
    Unmarked {
        /// What is strange about it.
        what: String,
    },
}

/// How many bytes between MP3 frames may belong to none, tags aside. Encoders and cutters
/// leave the padding of a frame or two; a hole in a download is larger.
const MOST_JUNK: u64 = 4 * 1024;

/// Reads the structure of the section.
pub(in crate::verify) fn inspect(
    container: Container,
    section: &mut Section,
) -> Result<Tail, VerifyError> {
    match container {
        Container::Mp3 => mp3(section),
        Container::Ogg => ogg_tail(section),
        Container::Mp4 => mp4_tail(section),
        // Their demuxers know the length and meet the end.
        Container::Flac | Container::Wav | Container::Aiff | Container::Adts => Ok(Tail::Fine),
    }
}

fn mp3(section: &mut Section) -> Result<Tail, VerifyError> {
    let walk = mpeg::walk(section)?.ok_or_else(|| VerifyError::NotAudio {
        what: "data of no known audio format".to_owned(),
    })?;
    if walk.junk > MOST_JUNK {
        return Err(VerifyError::Corrupt {
            what: format!("{} bytes between its frames are no audio", walk.junk),
        });
    }
    // Encoders disagree on whether the describing frame counts itself, so one frame less than
    // promised is no lack by itself.
    let missing = walk.promised.is_some_and(|promised| {
        promised > walk.frames + 2 || (promised > walk.frames && walk.ends_in_a_frame)
    });
    Ok(if missing {
        Tail::Cut {
            what: format!(
                "{} of the {} frames it promises are there",
                walk.frames,
                walk.promised.unwrap_or_default()
            ),
        }
    } else if walk.promised.is_none() && walk.ends_in_a_frame && !section.has_trailing_tag() {
        Tail::Unmarked {
            what: "it ends in the middle of a frame".to_owned(),
        }
    } else {
        Tail::Fine
    })
}

fn ogg_tail(section: &mut Section) -> Result<Tail, VerifyError> {
    let walk = ogg::walk(section)?;
    if let Some(what) = walk.damage {
        return Err(VerifyError::Corrupt { what });
    }
    Ok(if walk.ends_in_a_page {
        Tail::Cut {
            what: "it ends in the middle of a page".to_owned(),
        }
    } else if !walk.ended {
        Tail::Unmarked {
            what: "the stream has no end mark".to_owned(),
        }
    } else {
        Tail::Fine
    })
}

fn mp4_tail(section: &mut Section) -> Result<Tail, VerifyError> {
    let walk = mp4::walk(section)?;
    if let Some(scheme) = walk.encrypted {
        return Err(VerifyError::Encrypted { scheme });
    }
    if let Some((name, lacking)) = walk.cut {
        let what = format!("its `{name}` box lacks {lacking} bytes");
        // Without its index nothing can be decoded, so nothing more can be said.
        return if walk.has_index {
            Ok(Tail::Cut { what })
        } else {
            Err(VerifyError::Truncated { what, found_ms: 0 })
        };
    }
    if !walk.has_index {
        return Err(VerifyError::Truncated {
            what: "its index (the `moov` box) is missing".to_owned(),
            found_ms: 0,
        });
    }
    if walk.video {
        return Err(VerifyError::NotAudio {
            what: "a video".to_owned(),
        });
    }
    if walk.absurd_times {
        return Err(VerifyError::Corrupt {
            what: "its table of times is out of all proportion".to_owned(),
        });
    }
    Ok(Tail::Fine)
}
