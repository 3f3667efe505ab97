//! Walks the frames of an MP3 file: how many there are, how many its first frame promises,
//! and whether the last one is whole. Figures from ISO 11172-3 and 13818-3.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::VerifyError;
use super::section::Section;

/// The four bytes in front of each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// 3 is MPEG 1, 2 is MPEG 2, 0 is MPEG 2.5.
    version: u8,
    /// 3 is layer I, 2 is layer II, 1 is layer III.
    layer: u8,
    /// Hz.
    sample_rate: u32,
    /// Bytes of the whole frame.
    len: u32,
    mono: bool,
}

impl FrameHeader {
    /// Reads a header; `None` if these bytes are none. Frames of free format, whose size no
    /// header tells, count as none.
    pub(super) fn parse(bytes: [u8; 4]) -> Option<Self> {
        const LAYER_1: [u32; 14] = [
            32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ];
        const LAYER_2: [u32; 14] = [
            32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ];
        const LAYER_3: [u32; 14] = [
            32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ];
        const LAYER_1_LOW: [u32; 14] = [
            32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ];
        const LAYER_2_3_LOW: [u32; 14] =
            [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

        let [sync, kind, rates, mode] = bytes;
        let version = kind >> 3 & 3;
        let layer = kind >> 1 & 3;
        let index = usize::from(rates >> 4);
        let rate = usize::from(rates >> 2 & 3);
        if sync != 0xff || kind & 0xe0 != 0xe0 || version == 1 || layer == 0 || rate == 3 {
            return None;
        }
        let table = match (version, layer) {
            (3, 3) => &LAYER_1,
            (3, 2) => &LAYER_2,
            (3, _) => &LAYER_3,
            (_, 3) => &LAYER_1_LOW,
            (_, _) => &LAYER_2_3_LOW,
        };
        let bitrate = table.get(index.checked_sub(1)?)? * 1000;
        let sample_rate = [44_100, 48_000, 32_000][rate]
            >> (if version == 3 { 0 } else { 1 })
            >> (if version == 0 { 1 } else { 0 });
        let padding = u32::from(rates >> 1 & 1);
        let len = match (version, layer) {
            (_, 3) => (12 * bitrate / sample_rate + padding) * 4,
            (0 | 2, 1) => 72 * bitrate / sample_rate + padding,
            (_, _) => 144 * bitrate / sample_rate + padding,
        };
        Some(Self {
            version,
            layer,
            sample_rate,
            len,
            mono: mode >> 6 == 3,
        })
    }

    pub(super) fn is_layer_3(self) -> bool {
        self.layer == 1
    }

    pub(super) fn is_layer_1(self) -> bool {
        self.layer == 3
    }

    /// Whether both can belong to one stream: bitrate and padding may change, no more.
    fn goes_with(self, other: Self) -> bool {
        (self.version, self.layer, self.sample_rate)
            == (other.version, other.layer, other.sample_rate)
    }

    /// Where a Xing or Info block stands in a frame: behind header and side information.
    fn info_offset(self) -> usize {
        match (self.version, self.mono) {
            (3, false) => 36,
            (3, true) | (_, false) => 21,
            (_, true) => 13,
        }
    }
}

/// The first place where frames follow each other, three in a row or up to the end of `head`.
pub(super) fn first_frame(head: &[u8]) -> Option<(usize, FrameHeader)> {
    let header = |at: usize| FrameHeader::parse(head.get(at..at + 4)?.try_into().ok()?);
    (0..head.len().saturating_sub(3)).find_map(|start| {
        let first = header(start)?;
        let mut at = start;
        for _ in 0..3 {
            match header(at) {
                Some(next) if next.goes_with(first) => at += next.len as usize,
                Some(_) => return None,
                // The head ends here; one frame in full is enough only if it is all there is.
                None if at + 4 > head.len() && at > start => break,
                None => return None,
            }
        }
        Some((start, first))
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_sizes_are_those_of_the_standard() {
        for (bytes, rate, len) in [
            ([0xff, 0xfb, 0x90, 0x64], 44_100, 417),
            ([0xff, 0xfb, 0x92, 0x64], 44_100, 418),
            ([0xff, 0xfb, 0xe4, 0x64], 48_000, 960),
            ([0xff, 0xf3, 0x80, 0xc4], 22_050, 208),
            ([0xff, 0xe3, 0x18, 0xc4], 8_000, 72),
        ] {
            let header = FrameHeader::parse(bytes).unwrap();
            assert_eq!(
                (header.sample_rate, header.len),
                (rate, len),
                "{bytes:02x?}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_frame_is_none() {
        for bytes in [
            [0xff, 0xfb, 0x00, 0x64],
            [0xff, 0xfb, 0xf0, 0x64],
            [0xff, 0xfb, 0x9c, 0x64],
            [0xff, 0xeb, 0x90, 0x64],
            [0xff, 0xd8, 0xff, 0xe0],
        ] {
            assert_eq!(FrameHeader::parse(bytes), None, "{bytes:02x?}");
        }
    }
}
