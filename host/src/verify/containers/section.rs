//! The audio part of a file: without the tags that are put in front of or behind any format.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use symphonia::core::io::MediaSource;

use crate::verify::VerifyError;

/// A file from the end of its leading tags to the start of its trailing ones, read as if
/// that were all there is.
#[derive(Debug)]
pub(in crate::verify) struct Section {
    path: PathBuf,
    file: Windowed,
    file_len: u64,
    start: u64,
    end: u64,
    /// Relative to `start`.
    at: u64,
}

impl Section {
    pub(in crate::verify) fn open(path: &Path) -> Result<Self, VerifyError> {
        let failed = |source| VerifyError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        if !meta.is_file() {
            return Err(failed(io::Error::other("it is not a regular file")));
        }
        let file_len = meta.len();
        let mut file = Windowed::new(file);
        let start = leading_tags(&mut file, file_len).map_err(failed)?;
        let end = trailing_tags(&mut file, start, file_len).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            file_len,
            start,
            end,
            at: 0,
        })
    }

    /// Bytes of the whole file, tags included.
    pub(in crate::verify) fn file_len(&self) -> u64 {
        self.file_len
    }

    /// Where the audio part starts in the file.
    pub(in crate::verify) fn start(&self) -> u64 {
        self.start
    }

    /// Where it ends in the file.
    pub(in crate::verify) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes of the audio part.
    pub(in crate::verify) fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Bytes from where it is read next to its end.
    pub(super) fn left(&self) -> u64 {
        self.len().saturating_sub(self.at)
    }

    /// Whether a tag follows the audio: then somebody wrote a file to its end.
    pub(super) fn has_trailing_tag(&self) -> bool {
        self.end < self.file_len
    }

    /// Whether a tag in front of the audio promises more bytes than the file has.
    pub(super) fn is_cut_in_leading_tag(&self) -> bool {
        self.start > 0 && self.start >= self.file_len
    }

    pub(super) fn io(&self, source: io::Error) -> VerifyError {
        VerifyError::Io {
            path: self.path.clone(),
            source,
        }
    }

    /// Up to `limit` bytes from the start of the audio part.
    pub(super) fn head(&mut self, limit: u64) -> Result<Vec<u8>, VerifyError> {
        let mut head = Vec::new();
        self.rewind()
            .and_then(|()| self.by_ref().take(limit).read_to_end(&mut head))
            .and_then(|_| self.rewind())
            .map_err(|e| self.io(e))?;
        Ok(head)
    }
}

impl Read for Section {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left())
            .unwrap_or(usize::MAX)
            .min(buf.len());
        let read = self.file.read_at(self.start + self.at, &mut buf[..want])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
        };
        // Such an end of the file could not be read from.
        let target = target.filter(|at| self.start.checked_add(*at).is_some());
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Section {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len())
    }
}

/// A file of which a little more is read than was asked for: headers lie close together.
#[derive(Debug)]
struct Windowed {
    file: File,
    /// Bytes of the file from `begins` on.
    window: Vec<u8>,
    begins: u64,
}

impl Windowed {
    /// What a page holds.
    const WINDOW: usize = 4096;

    fn new(file: File) -> Self {
        Self {
            file,
            window: Vec::new(),
            begins: 0,
        }
    }

    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.len() >= Self::WINDOW {
            return self.file.read_at(buf, at);
        }
        if self.in_window(at).is_empty() {
            self.window.resize(Self::WINDOW, 0);
            let read = self.file.read_at(&mut self.window, at);
            self.window.truncate(*read.as_ref().unwrap_or(&0));
            self.begins = at;
            read?;
        }
        let there = self.in_window(at);
        let len = there.len().min(buf.len());
        buf[..len].copy_from_slice(&there[..len]);
        Ok(len)
    }

    /// What is known of the file from `at` on.
    fn in_window(&self, at: u64) -> &[u8] {
        let skipped = at.checked_sub(self.begins);
        let skipped = skipped.and_then(|skipped| usize::try_from(skipped).ok());
        let there = skipped.and_then(|skipped| self.window.get(skipped..));
        there.unwrap_or_default()
    }

    fn fill_at(&mut self, mut at: u64, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(at, buf) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    at += read as u64;
                    buf = &mut buf[read..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Where the last of the tags in front of the audio ends: ID3v2, several of them, or APEv2.
fn leading_tags(file: &mut Windowed, len: u64) -> io::Result<u64> {
    let mut at = 0;
    while let Some(header) = bytes_at::<32>(file, at, len)? {
        at += if header.starts_with(b"ID3") && header[6..10].iter().all(|b| b & 0x80 == 0) {
            let size = header[6..10]
                .iter()
                .fold(0, |sum, byte| (sum << 7) | u64::from(*byte));
            let footer = if header[5] & 0x10 != 0 { 10 } else { 0 };
            10 + size + footer
        } else if header.starts_with(b"APETAGEX") {
            32 + u64::from(u32::from_le_bytes([
                header[12], header[13], header[14], header[15],
            ]))
        } else {
            break;
        };
    }
    Ok(at.min(len))
}

/// Where the first of the tags behind the audio starts: ID3v1, Lyrics3, APEv2, ID3v2 with a
/// footer, in any order.
fn trailing_tags(file: &mut Windowed, start: u64, len: u64) -> io::Result<u64> {
    let mut end = len;
    loop {
        let behind = |distance: u64| end.checked_sub(distance).filter(|at| *at >= start);
        let mut found = None;
        if let Some(at) = behind(128)
            && bytes_at::<3>(file, at, len)?.as_ref() == Some(b"TAG")
        {
            found = Some(128);
        } else if let Some(at) = behind(32)
            && let Some(footer) = bytes_at::<32>(file, at, len)?
            && footer.starts_with(b"APETAGEX")
        {
            let field = |i: usize| {
                u32::from_le_bytes([footer[i], footer[i + 1], footer[i + 2], footer[i + 3]])
            };
            let header = if field(20) & 0x8000_0000 != 0 { 32 } else { 0 };
            found = Some(u64::from(field(12)) + header);
        } else if let Some(at) = behind(15)
            && let Some(footer) = bytes_at::<15>(file, at, len)?
            && footer.ends_with(b"LYRICS200")
        {
            found = std::str::from_utf8(&footer[..6])
                .ok()
                .and_then(|digits| digits.parse::<u64>().ok())
                .map(|size| size + 15);
        } else if let Some(at) = behind(10)
            && let Some(footer) = bytes_at::<10>(file, at, len)?
            && footer.starts_with(b"3DI")
            && footer[6..].iter().all(|b| b & 0x80 == 0)
        {
            let size = footer[6..]
                .iter()
                .fold(0, |sum, byte| (sum << 7) | u64::from(*byte));
            found = Some(size + 20);
        }
        match found.filter(|size| *size > 0).and_then(behind) {
            Some(at) => end = at,
            None => return Ok(end),
        }
    }
}

fn bytes_at<const N: usize>(file: &mut Windowed, at: u64, len: u64) -> io::Result<Option<[u8; N]>> {
    if at.checked_add(N as u64).is_none_or(|end| end > len) {
        return Ok(None);
    }
    let mut bytes = [0; N];
    file.fill_at(at, &mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section_of(bytes: &[u8]) -> (u64, u64) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let section = Section::open(file.path()).unwrap();
        (section.start(), section.end())
    }

    #[test]
    fn tags_around_the_audio_are_left_out_in_any_order() {
        let id3v2 = [&b"ID3\x04\0\0\0\0\0\x05"[..], &[0; 5]].concat();
        let id3v1 = [&b"TAG"[..], &[0; 125]].concat();
        let mut ape = [
            &b"APETAGEX"[..],
            &2000u32.to_le_bytes(),
            &32u32.to_le_bytes(),
        ]
        .concat();
        ape.extend([0; 16]);
        let lyrics = b"LYRICSBEGIN000011LYRICS200";
        let audio = [7; 300];
        for (parts, expected) in [
            (vec![&audio[..]], (0, 300)),
            (vec![&id3v2, &audio], (15, 315)),
            (vec![&id3v2, &id3v2, &audio], (30, 330)),
            (vec![&audio, &id3v1], (0, 300)),
            (vec![&audio, &ape, &id3v1], (0, 300)),
            (vec![&id3v2, &audio, &lyrics[..], &id3v1], (15, 315)),
        ] {
            assert_eq!(
                section_of(&parts.concat()),
                expected,
                "{} parts",
                parts.len()
            );
        }
    }

    #[test]
    fn a_tag_that_claims_more_than_there_is_ends_at_the_end() {
        let bytes = b"ID3\x04\0\0\x7f\x7f\x7f\x7f_and_no_more_than_this";
        let len = bytes.len() as u64;
        assert_eq!(section_of(bytes), (len, len));
    }
}
