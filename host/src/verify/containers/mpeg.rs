//! Walks the frames of an MP3 file: how many there are, how many its first frame promises,
//! and whether the last one is whole.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::frame_header::{FrameHeader, first_frame};
use super::section::Section;
use crate::verify::VerifyError;

/// What a walk over all frames found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walk {
    /// Whole frames of audio; the frame that only describes the others is not counted.
    pub(super) frames: u64,
    /// How many the describing frame promises.
    pub(super) promised: Option<u64>,
    /// Bytes between the first and the last frame that belong to none, and to no tag.
    pub(super) junk: u64,
    /// Whether the last frame is shorter than its header says.
    pub(super) ends_in_a_frame: bool,
}

/// Walks all frames of the section; `None` if there is none.
pub(super) fn walk(section: &mut Section) -> Result<Option<Walk>, VerifyError> {
    let head = section.head(64 * 1024)?;
    let Some((start, header)) = first_frame(&head) else {
        return Ok(None);
    };
    let described = head.get(start..).and_then(|frame| describes(frame, header));
    let len = section.len();
    let mut bytes = Bytes {
        at: 0,
        reader: BufReader::with_capacity(256 * 1024, &mut *section),
    };
    frames(&mut bytes, start as u64, len, header, described)
        .map(Some)
        .map_err(|e| section.io(e))
}

fn frames<R: Read + Seek>(
    bytes: &mut Bytes<R>,
    start: u64,
    len: u64,
    header: FrameHeader,
    described: Option<Option<u64>>,
) -> io::Result<Walk> {
    let mut walk = Walk {
        frames: 0,
        promised: described.flatten(),
        junk: 0,
        ends_in_a_frame: false,
    };
    let mut at = start;
    while at + 4 <= len {
        let frame = bytes.header(at)?.filter(|h| h.goes_with(header));
        match frame {
            Some(frame) if at + u64::from(frame.len) <= len => {
                walk.frames += 1;
                at += u64::from(frame.len);
            }
            Some(_) => {
                walk.ends_in_a_frame = true;
                break;
            }
            None => {
                // Files that were joined have a tag in the middle.
                let behind_tag = at + bytes.tag(at, len)?;
                match bytes.resync(behind_tag, len, header)? {
                    Some(next) => {
                        walk.junk += next - behind_tag;
                        at = next;
                    }
                    None => break,
                }
            }
        }
    }
    if described.is_some() {
        walk.frames = walk.frames.saturating_sub(1);
    }
    Ok(walk)
}

/// Whether this first frame only describes the others (Xing, Info or VBRI), and how many
/// frames it promises if it says so.
fn describes(frame: &[u8], header: FrameHeader) -> Option<Option<u64>> {
    let number = |at: usize| {
        let bytes: [u8; 4] = frame.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_be_bytes(bytes)))
    };
    let xing = header.info_offset();
    if let Some(b"Xing" | b"Info") = frame.get(xing..xing + 4) {
        let has_frames = number(xing + 4)? & 1 != 0;
        return Some(if has_frames { number(xing + 8) } else { None });
    }
    (frame.get(36..40)? == b"VBRI").then(|| number(36 + 14))
}

/// Random access that keeps what is buffered while it moves forward.
struct Bytes<R> {
    at: u64,
    reader: BufReader<R>,
}

impl<R: Read + Seek> Bytes<R> {
    fn header(&mut self, at: u64) -> io::Result<Option<FrameHeader>> {
        let mut bytes = [0; 4];
        self.go(at)?;
        self.reader.read_exact(&mut bytes)?;
        self.at += 4;
        Ok(FrameHeader::parse(bytes))
    }

    fn go(&mut self, to: u64) -> io::Result<()> {
        match i64::try_from(i128::from(to) - i128::from(self.at)) {
            Ok(by) => self.reader.seek_relative(by)?,
            Err(_) => {
                self.reader.seek(SeekFrom::Start(to))?;
            }
        }
        self.at = to;
        Ok(())
    }

    /// Bytes of the ID3v1 or ID3v2 tag at `at`, 0 if there is none.
    fn tag(&mut self, at: u64, len: u64) -> io::Result<u64> {
        let mut bytes = [0; 10];
        if at + 10 > len {
            return Ok(0);
        }
        self.go(at)?;
        self.reader.read_exact(&mut bytes)?;
        self.at += 10;
        let size = bytes[6..]
            .iter()
            .fold(0, |sum, byte| (sum << 7) | u64::from(byte & 0x7f));
        Ok(match &bytes[..3] {
            b"ID3" => 10 + size,
            b"TAG" => 128,
            _ => 0,
        })
    }

    /// The next place from `from` on where two frames of the stream follow each other, or
    /// one that ends with the file.
    fn resync(&mut self, from: u64, len: u64, like: FrameHeader) -> io::Result<Option<u64>> {
        let mut from = from;
        let mut window = vec![0; 64 * 1024];
        while from + 4 <= len {
            self.go(from)?;
            let got = usize::try_from(len - from)
                .unwrap_or(usize::MAX)
                .min(window.len());
            self.reader.read_exact(&mut window[..got])?;
            self.at += got as u64;
            for offset in 0..got - 3 {
                let bytes: [u8; 4] = [
                    window[offset],
                    window[offset + 1],
                    window[offset + 2],
                    window[offset + 3],
                ];
                let Some(header) = FrameHeader::parse(bytes).filter(|h| h.goes_with(like)) else {
                    continue;
                };
                let at = from + offset as u64;
                let next = at + u64::from(header.len);
                if next == len {
                    return Ok(Some(at));
                }
                if next + 4 <= len && self.header(next)?.is_some_and(|h| h.goes_with(like)) {
                    return Ok(Some(at));
                }
            }
            from += got as u64 - 3;
        }
        Ok(None)
    }
}
