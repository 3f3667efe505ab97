//! Walks the boxes of an MPEG-4 file (ISO 14496-12): is every box there, is the audio
//! encrypted, is it a video, is it in fragments?

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::section::Section;
use crate::verify::VerifyError;

/// What a walk over the boxes found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// Whether there is a `moov` box; without it nothing can be played.
    pub(super) has_index: bool,
    /// Whether the audio comes in `moof` boxes.
    pub(super) fragmented: bool,
    /// The box that the file ends in, and how many bytes it lacks.
    pub(super) cut: Option<(String, u64)>,
    /// The sample entry that says that its track is encrypted.
    pub(super) encrypted: Option<String>,
    /// Whether a track holds moving pictures.
    pub(super) video: bool,
    /// Whether the times of samples are stored so wastefully that reading them never ends.
    pub(super) absurd_times: bool,
}

/// Whether the file at `path` is MPEG-4 in fragments.
pub(crate) fn is_fragmented(path: &Path) -> Result<bool, VerifyError> {
    let mut section = Section::open(path)?;
    Ok(walk(&mut section)?.fragmented)
}

/// Walks all boxes of the section.
pub(super) fn walk(section: &mut Section) -> Result<Walk, VerifyError> {
    let mut walk = Walk::default();
    let len = section.len();
    let mut track = Track::default();
    boxes(section, 0..len, 0, &mut walk, &mut track).map_err(|e| section.io(e))?;
    Ok(walk)
}

/// Counts of the track being read, to bound the work of finding each sample's time.
#[derive(Default)]
struct Track {
    times: u64,
    samples: u64,
}

/// The most steps that finding all times of a track may take: a real one has a few entries,
/// one variable-rate hour has 170,000 samples.
const MOST_STEPS: u64 = 2_000_000_000;

/// Boxes nest six deep on the way to the sample entries.
const DEEPEST: u32 = 8;

fn boxes(
    section: &mut Section,
    range: std::ops::Range<u64>,
    depth: u32,
    walk: &mut Walk,
    track: &mut Track,
) -> io::Result<()> {
    let mut at = range.start;
    while at + 8 <= range.end {
        let Some((kind, body, end)) = header(section, at, range.end)? else {
            return Ok(());
        };
        if end > range.end {
            if depth == 0 {
                let name = String::from_utf8_lossy(&kind).into_owned();
                walk.cut = Some((name, end - range.end));
            }
            return Ok(());
        }
        match &kind {
            b"moov" => {
                walk.has_index = true;
                boxes(section, body..end, depth + 1, walk, track)?;
            }
            b"trak" => {
                *track = Track::default();
                boxes(section, body..end, depth + 1, walk, track)?;
            }
            b"mdia" | b"minf" | b"stbl" if depth < DEEPEST => {
                boxes(section, body..end, depth + 1, walk, track)?;
            }
            b"moof" => walk.fragmented = true,
            b"mvex" => walk.fragmented = true,
            b"stsd" => sample_entries(section, body + 8..end, walk)?,
            b"stts" => track.times = count(section, body + 4)?,
            b"stsz" => track.samples = count(section, body + 8)?,
            _ => {}
        }
        walk.absurd_times |= track.times.saturating_mul(track.samples) > MOST_STEPS;
        at = end;
    }
    // Fewer bytes than a box header are left where a box should start.
    if depth == 0 && at < range.end && walk.cut.is_none() && !walk.has_index {
        walk.cut = Some(("unfinished".to_owned(), 8 - (range.end - at)));
    }
    Ok(())
}

/// Name, start of the content, and end of the box at `at`; `None` if there is no box.
fn header(section: &mut Section, at: u64, limit: u64) -> io::Result<Option<([u8; 4], u64, u64)>> {
    let mut bytes = [0; 8];
    section.seek(SeekFrom::Start(at))?;
    section.read_exact(&mut bytes)?;
    let [a, b, c, d, kind @ ..] = bytes;
    let (body, end) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (at + 8, limit),
        1 => {
            let mut large = [0; 8];
            if at + 16 > limit {
                return Ok(None);
            }
            section.read_exact(&mut large)?;
            (at + 16, at.saturating_add(u64::from_be_bytes(large)))
        }
        size => (at + 8, at + u64::from(size)),
    };
    // Junk behind the last box is no box; players ignore it too.
    let named = kind.iter().all(|b| (0x20..0x7f).contains(b) || *b == 0xa9);
    Ok((named && end >= body).then_some((kind, body, end)))
}

fn sample_entries(
    section: &mut Section,
    range: std::ops::Range<u64>,
    walk: &mut Walk,
) -> io::Result<()> {
    let mut at = range.start;
    while at + 8 <= range.end {
        let Some((kind, _, end)) = header(section, at, range.end)? else {
            break;
        };
        match &kind {
            b"enca" | b"encv" | b"drms" | b"drmi" | b"p608" => {
                walk.encrypted = Some(String::from_utf8_lossy(&kind).into_owned());
            }
            b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"av01" | b"vp08" | b"vp09" | b"mp4v" => {
                walk.video = true;
            }
            _ => {}
        }
        at = end;
    }
    Ok(())
}

fn count(section: &mut Section, at: u64) -> io::Result<u64> {
    let mut bytes = [0; 4];
    section.seek(SeekFrom::Start(at))?;
    match section.read_exact(&mut bytes) {
        Ok(()) => Ok(u64::from(u32::from_be_bytes(bytes))),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        Err(e) => Err(e),
    }
}
