//! Walks the pages of an Ogg file (RFC 3533): checksums, order, positions, and whether the
//! stream says that it is over.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use super::section::Section;
use crate::verify::VerifyError;

/// What a walk over all pages found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// Pages whose checksum holds.
    pub(super) pages: u64,
    /// What is wrong with the first bad place, with its position.
    pub(super) damage: Option<String>,
    /// Whether the file ends inside a page.
    pub(super) ends_in_a_page: bool,
    /// Whether every stream that began also says that it ended.
    pub(super) ended: bool,
}

impl Walk {
    /// Whether nothing is damaged or missing inside; the end mark does not count.
    pub(super) fn is_intact(&self) -> bool {
        self.damage.is_none() && !self.ends_in_a_page
    }
}

#[derive(Default)]
struct Stream {
    next_sequence: u32,
    granule: i64,
    ended: bool,
}

/// Walks all pages of the section.
pub(super) fn walk(section: &mut Section) -> Result<Walk, VerifyError> {
    io::Seek::rewind(section).map_err(|e| section.io(e))?;
    let mut reader = BufReader::with_capacity(256 * 1024, &mut *section);
    pages(&mut reader).map_err(|e| section.io(e))
}

fn pages(reader: &mut impl Read) -> io::Result<Walk> {
    let mut walk = Walk::default();
    let mut streams: BTreeMap<u32, Stream> = BTreeMap::new();
    let mut at = 0u64;
    let mut page = Vec::new();
    loop {
        page.clear();
        let header = take(reader, &mut page, 27)?;
        if header == 0 {
            break;
        }
        if !page.starts_with(&b"OggS"[..header.min(4)]) {
            walk.damage(format!("no page starts at byte {at}"));
            break;
        }
        if header < 27 {
            walk.ends_in_a_page = true;
            break;
        }
        let segments = usize::from(page[26]);
        let complete = take(reader, &mut page, segments)? == segments && {
            let body = page[27..].iter().map(|len| usize::from(*len)).sum();
            take(reader, &mut page, body)? == body
        };
        if !complete {
            walk.ends_in_a_page = true;
            break;
        }
        if checksum(&page) != field(&page, 22) {
            walk.damage(format!("the page at byte {at} does not match its checksum"));
        } else {
            walk.pages += 1;
            if let Some(what) = follow(&mut streams, &page) {
                walk.damage(format!("{what} at byte {at}"));
            }
        }
        at += page.len() as u64;
    }
    walk.ended = streams.values().all(|stream| stream.ended);
    Ok(walk)
}

impl Walk {
    fn damage(&mut self, what: String) {
        self.damage.get_or_insert(what);
    }
}

/// Checks a page against those before it in its stream.
fn follow(streams: &mut BTreeMap<u32, Stream>, page: &[u8]) -> Option<&'static str> {
    let (flags, sequence) = (page[5], field(page, 18));
    let granule = i64::from_le_bytes([
        page[6], page[7], page[8], page[9], page[10], page[11], page[12], page[13],
    ]);
    let stream = streams.entry(field(page, 14)).or_default();
    let starts = flags & 2 != 0;
    let missing = !starts && sequence != stream.next_sequence;
    stream.next_sequence = sequence.wrapping_add(1);
    stream.ended = flags & 4 != 0;
    // -1 says that no packet ends on this page.
    let backwards = !starts && granule != -1 && granule < stream.granule;
    if granule != -1 {
        stream.granule = granule;
    }
    if missing {
        Some("pages are missing")
    } else if backwards {
        Some("time runs backwards")
    } else {
        None
    }
}

/// Appends up to `count` bytes to `page` and says how many there were.
fn take(reader: &mut impl Read, page: &mut Vec<u8>, count: usize) -> io::Result<usize> {
    reader.take(count as u64).read_to_end(page)
}

fn field(page: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]])
}

/// CRC-32 of polynomial 0x04c11db7, not reflected, over the page with its checksum as zeros.
fn checksum(page: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let mut value = (i as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value = (value << 1) ^ if value >> 31 != 0 { 0x04c1_1db7 } else { 0 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };
    let step = |crc: u32, byte: u8| (crc << 8) ^ TABLE[usize::from((crc >> 24) as u8 ^ byte)];
    let crc = page[..22].iter().fold(0, |crc, byte| step(crc, *byte));
    let crc = [0; 4].into_iter().fold(crc, step);
    page[26..].iter().fold(crc, |crc, byte| step(crc, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(flags: u8, sequence: u32, granule: i64) -> Vec<u8> {
        let mut page = b"OggS\0".to_vec();
        page.push(flags);
        page.extend(granule.to_le_bytes());
        page.extend(7u32.to_le_bytes());
        page.extend(sequence.to_le_bytes());
        page.extend([0; 4]);
        page.extend([2, 3, 1, b'a', b'b', b'c', b'd']);
        let sum = checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    fn walked(stream: &[Vec<u8>]) -> Walk {
        pages(&mut stream.concat().as_slice()).unwrap()
    }

    #[test]
    fn pages_are_followed_by_number_and_time() {
        let (first, last) = (page(2, 0, 0), page(4, 3, 900));
        let whole = walked(&[first.clone(), page(0, 1, 300), page(0, 2, -1), last.clone()]);
        assert_eq!(
            (whole.pages, whole.is_intact(), whole.ended),
            (4, true, true)
        );

        let missing = walked(&[first.clone(), page(0, 2, 300), last.clone()]);
        assert_eq!(
            missing.damage.as_deref(),
            Some("pages are missing at byte 33")
        );

        let backwards = walked(&[first.clone(), page(0, 1, 300), page(0, 2, 200), last]);
        assert_eq!(
            backwards.damage.as_deref(),
            Some("time runs backwards at byte 66")
        );

        let open = walked(&[first, page(0, 1, 300)]);
        assert_eq!((open.is_intact(), open.ended), (true, false));
    }

    #[test]
    fn what_follows_the_last_page_is_damage_or_a_cut() {
        let stream = [page(2, 0, 0), page(4, 1, 9)].concat();
        for (tail, damaged, cut) in [
            (&b""[..], false, false),
            (b"OggS\0\0\0", false, true),
            (b"Og", false, true),
            (b"garbage that is no page at all", true, false),
        ] {
            let walk = pages(&mut [&stream, tail].concat().as_slice()).unwrap();
            assert_eq!(
                (walk.damage.is_some(), walk.ends_in_a_page),
                (damaged, cut),
                "{tail:?}"
            );
        }
    }
}
