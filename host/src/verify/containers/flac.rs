//! Finds the frames of a FLAC file behind its metadata blocks (RFC 9639, section 8).
//!
//! The decoder gets the stream information and the frames and nothing between, so that a
//! damaged picture or comment cannot make good audio look bad.

use std::io::{Read, Seek, SeekFrom};

use super::section::Section;
use crate::verify::VerifyError;

/// Bytes of the stream information block.
const STREAM_INFO: usize = 34;

/// Moves the section to its first frame and returns what stands in for all blocks before it.
pub(super) fn skip_metadata(section: &mut Section) -> Result<Vec<u8>, VerifyError> {
    let mut info = None;
    let mut at = 4u64;
    loop {
        let mut header = [0; 4];
        section
            .seek(SeekFrom::Start(at))
            .map_err(|e| section.io(e))?;
        if section.read_exact(&mut header).is_err() {
            return Err(cut());
        }
        let [kind, high, mid, low] = header;
        let size = u64::from(u32::from_be_bytes([0, high, mid, low]));
        if kind & 0x7f == 0 && size == STREAM_INFO as u64 && info.is_none() {
            let mut block = [0; STREAM_INFO];
            section.read_exact(&mut block).map_err(|_| cut())?;
            info = Some(block);
        }
        at += 4 + size;
        if at > section.len() {
            return Err(cut());
        }
        if kind & 0x80 != 0 {
            break;
        }
    }
    let info = info.ok_or_else(|| VerifyError::Corrupt {
        what: "FLAC without its stream information".to_owned(),
    })?;
    section
        .seek(SeekFrom::Start(at))
        .map_err(|e| section.io(e))?;
    let mut head = b"fLaC\x80\0\0\x22".to_vec();
    head.extend(info);
    Ok(head)
}

fn cut() -> VerifyError {
    VerifyError::Truncated {
        what: "the file ends inside its metadata".to_owned(),
        found_ms: 0,
    }
}
