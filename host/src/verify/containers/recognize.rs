//! What a file is, by its content. Its name is never asked.

use super::frame_header::{FrameHeader, first_frame};
use super::section::Section;
use crate::music::Container;
use crate::verify::VerifyError;

/// How far into the file junk is tolerated in front of the first MPEG frame, and how much
/// is looked at to name what is no audio.
const HEAD: u64 = 64 * 1024;

/// Says what the section holds.
pub(in crate::verify) fn recognize(section: &mut Section) -> Result<Container, VerifyError> {
    if section.is_cut_in_leading_tag() {
        return Err(VerifyError::Truncated {
            what: "the file ends inside the tag at its start".to_owned(),
            found_ms: 0,
        });
    }
    let head = section.head(HEAD)?;
    if let Some(container) = by_magic(&head)? {
        return Ok(container);
    }
    if let Some(what) = other(&head) {
        return Err(VerifyError::NotAudio {
            what: what.to_owned(),
        });
    }
    if is_adts(&head) {
        return Ok(Container::Adts);
    }
    match first_frame(&head) {
        Some((_, header)) if header.is_layer_3() => Ok(Container::Mp3),
        Some((_, header)) => unsupported(layer_name(header)),
        None => Err(VerifyError::NotAudio {
            what: format!(
                "data of no known audio format (it starts with {})",
                hex(&head)
            ),
        }),
    }
}

fn layer_name(header: FrameHeader) -> &'static str {
    if header.is_layer_1() {
        "MPEG layer I audio"
    } else {
        "MPEG layer II audio"
    }
}

fn unsupported<T>(what: &str) -> Result<T, VerifyError> {
    Err(VerifyError::Unsupported {
        what: what.to_owned(),
    })
}

/// Formats that name themselves in their first bytes.
fn by_magic(head: &[u8]) -> Result<Option<Container>, VerifyError> {
    let four = |at: usize| head.get(at..at + 4).unwrap_or_default();
    Ok(Some(match (four(0), four(8)) {
        (b"fLaC", _) => Container::Flac,
        (b"OggS", _) => Container::Ogg,
        (b"RIFF", b"WAVE") => Container::Wav,
        (b"FORM", b"AIFF" | b"AIFC") => Container::Aiff,
        (b"RF64" | b"BW64", b"WAVE") => return unsupported("WAV above 4 GiB (RF64)"),
        (b"wvpk", _) => return unsupported("WavPack"),
        (b"MAC ", _) => return unsupported("Monkey's Audio"),
        (b"MPCK", _) => return unsupported("Musepack"),
        (b"TTA1", _) => return unsupported("True Audio"),
        (b"DSD " | b"FRM8", _) => return unsupported("DSD audio"),
        (b"ADIF", _) => return unsupported("AAC with an ADIF header"),
        (b"caff", _) => return unsupported("Apple's Core Audio format"),
        ([0x30, 0x26, 0xb2, 0x75], _) => return unsupported("Windows Media"),
        ([0x1a, 0x45, 0xdf, 0xa3], _) => return unsupported("Matroska or WebM"),
        _ if head.starts_with(b"MP+") => return unsupported("Musepack"),
        _ if head.starts_with(b"#!AMR") => return unsupported("AMR speech"),
        _ if four(4) == b"ftyp" => Container::Mp4,
        _ if matches!(four(4), b"moov" | b"mdat" | b"wide") => {
            return unsupported("QuickTime without a type box");
        }
        _ => return Ok(None),
    }))
}

/// ADTS: two frames in a row, or one that is all there is.
fn is_adts(head: &[u8]) -> bool {
    let frame_len = |at: usize| {
        let h = head.get(at..at + 7)?;
        let valid = h[0] == 0xff && h[1] & 0xf6 == 0xf0 && h[2] & 0x3c != 0x3c;
        let len = usize::from(h[3] & 3) << 11 | usize::from(h[4]) << 3 | usize::from(h[5]) >> 5;
        (valid && len > 7).then_some(len)
    };
    frame_len(0).is_some_and(|len| frame_len(len).is_some() || len >= head.len())
}

/// What it is when it is known not to be audio.
fn other(head: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 15] = [
        (b"\x89PNG", "a PNG picture"),
        (b"\xff\xd8\xff", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"BM", "a bitmap picture"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"PK\x05\x06", "an empty ZIP archive"),
        (b"Rar!", "a RAR archive"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
        (b"\x1f\x8b", "gzip data"),
        (b"\x7fELF", "a program"),
        (b"MZ", "a program"),
        (b"SQLite format 3", "a database"),
        (b"d8:announce", "a torrent file"),
        (b"FLV\x01", "a Flash video"),
    ];
    if head.is_empty() {
        return Some("an empty file");
    }
    if head.iter().all(|byte| *byte == 0) {
        return Some("zero bytes");
    }
    match (head.get(..4), head.get(8..12)) {
        (Some(b"RIFF"), Some(b"WEBP")) => return Some("a WebP picture"),
        (Some(b"RIFF"), Some(b"AVI ")) => return Some("an AVI video"),
        _ => {}
    }
    MAGIC
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, name)| *name)
        .or_else(|| text(head))
}

/// What kind of text it is, if it is text.
fn text(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
    let readable: Vec<u8> = if utf16 {
        head[2..].iter().copied().filter(|b| *b != 0).collect()
    } else {
        head.to_vec()
    };
    let control = |b: &u8| *b < 0x20 && !matches!(*b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if readable.iter().any(|b| control(b) || *b == 0x7f) {
        return None;
    }
    let start = readable.trim_ascii_start();
    let lower = start[..start.len().min(1024)].to_ascii_lowercase();
    let has = |needle: &[u8]| lower.windows(needle.len()).any(|w| w == needle);
    Some(match lower.first() {
        Some(b'<') if has(b"<html") || has(b"<!doctype html") || has(b"<head") || has(b"<body") => {
            "an HTML page"
        }
        Some(b'<') => "an XML document",
        Some(b'{' | b'[') => "JSON",
        Some(b'#') if lower.starts_with(b"#extm3u") => "a playlist",
        _ => "text",
    })
}

fn hex(head: &[u8]) -> String {
    head.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_audio_is_called_by_its_name() {
        for (head, name) in [
            (&b"\n <!DOCTYPE html><html lang=en>"[..], "an HTML page"),
            (b"\xef\xbb\xbf<html>", "an HTML page"),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0", "an HTML page"),
            (b"<?xml version=\"1.0\"?><html xmlns=", "an HTML page"),
            (
                b"<?xml version=\"1.0\"?><error code=\"40\"/>",
                "an XML document",
            ),
            (b"{\"error\":\"not found\"}", "JSON"),
            (b"[1,2]", "JSON"),
            (b"#EXTM3U\n#EXT-X-VERSION:3", "a playlist"),
            (b"Too Many Requests\n", "text"),
            ("Zugriff verweigert: ungültig".as_bytes(), "text"),
            (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "a WebP picture"),
            (b"PK\x03\x04\x14\0", "a ZIP archive"),
            (&[0; 4096], "zero bytes"),
            (b"", "an empty file"),
        ] {
            assert_eq!(
                other(head),
                Some(name),
                "{:?}",
                String::from_utf8_lossy(head)
            );
        }
    }
}
