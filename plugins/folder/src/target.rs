//! A path as a target id and back, without loss. Whether the path may be read is for
//! [`Directories::locate`](crate::directory::Directories::locate) to decide.
//!
//! File names on Unix are bytes; ids are text. What is text stays readable, so that a journal
//! shows `/music/Björk/01 Jóga.flac`; bytes that are not text, control characters and `%` itself
//! are written as `%` with two hexadecimal digits (RFC 3986, section 2.1).

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The id of that file.
pub(crate) fn id_of(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let mut id = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c.is_control() {
                let mut buffer = [0; 4];
                escape(c.encode_utf8(&mut buffer).as_bytes(), &mut id);
            } else {
                id.push(c);
            }
        }
        escape(chunk.invalid(), &mut id);
    }
    id
}

/// The path that stands behind an id; `None` when no path has that id.
pub(crate) fn path_of(id: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(id.len());
    let mut rest = id.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let (&[high, low], after) = after.split_first_chunk::<2>()?;
            bytes.push(digit(high)? << 4 | digit(low)?);
            rest = after;
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    // No path has a zero byte in it, and the system would cut or refuse it late.
    (!bytes.contains(&0)).then(|| PathBuf::from(OsString::from_vec(bytes)))
}

fn escape(bytes: &[u8], id: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        id.push('%');
        id.push(char::from(DIGITS[usize::from(byte >> 4)]));
        id.push(char::from(DIGITS[usize::from(byte & 0xF)]));
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_names_stay_readable() {
        for (path, id) in [
            ("/music/Björk/01 Jóga.flac", "/music/Björk/01 Jóga.flac"),
            ("/音楽/千本桜.mp3", "/音楽/千本桜.mp3"),
            ("/music/100% pure.mp3", "/music/100%25 pure.mp3"),
            (
                "/music/two\nlines\u{85}.mp3",
                "/music/two%0Alines%C2%85.mp3",
            ),
        ] {
            assert_eq!(id_of(Path::new(path)), id);
            assert_eq!(path_of(id), Some(PathBuf::from(path)));
        }
    }

    #[test]
    fn every_byte_a_name_can_have_survives() {
        use std::os::unix::ffi::OsStrExt;
        let name: Vec<u8> = (1..=255).collect();
        let path = Path::new(std::ffi::OsStr::from_bytes(&name));
        let id = id_of(path);
        assert_eq!(path_of(&id).as_deref(), Some(path), "{id}");
    }

    #[test]
    fn a_text_that_is_no_id_has_no_path() {
        for text in ["/music/%", "/music/%2", "/music/%zz", "/music/%2f", "/m%00"] {
            assert_eq!(path_of(text), None, "{text}");
        }
    }
}
