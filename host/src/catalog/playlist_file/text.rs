//! Bytes to text: marks, UTF-16 with and without one, old 8-bit encodings, and the three
//! ways to end a line. Afterwards lines end with `\n`, and there are no NULs and no
//! byte-order marks anywhere.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::FileError;
use super::report::Report;

/// What the encoding is guessed from: lines with bytes beyond ASCII, up to this many bytes.
/// The guess compares 27 encodings byte by byte; more text makes it slower, not better.
const SAMPLE_BYTES: usize = 256 << 10;

/// How much of a text is looked at to tell a binary file.
const HEAD_BYTES: usize = 64 << 10;

pub(super) fn decode(bytes: Vec<u8>, report: &mut Report) -> Result<String, FileError> {
    if bytes.is_empty() {
        return Err(FileError::NoRows("is empty"));
    }
    if let Some(what) = magic(&bytes) {
        return Err(FileError::Unsupported { what });
    }
    let (encoding, mark) = match Encoding::for_bom(&bytes) {
        Some(found) => found,
        None => (guess(&bytes), 0),
    };
    let text = if encoding == UTF_8 {
        String::from_utf8(bytes)
            .or_else(|invalid| replaced(UTF_8, &invalid.into_bytes(), report))?
    } else {
        if mark == 0 {
            let name = encoding.name();
            report.general(format!("it is not UTF-8; it was read as {name}"));
        }
        replaced(encoding, &bytes[mark..], report)?
    };
    let text = plain_lines(text)?;
    if text.trim().is_empty() {
        return Err(FileError::NoRows("is empty"));
    }
    Ok(text)
}

/// Decodes, and counts what is no text of that encoding.
fn replaced(
    encoding: &'static Encoding,
    bytes: &[u8],
    report: &mut Report,
) -> Result<String, FileError> {
    let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
    if had_errors {
        let count = text.matches(char::REPLACEMENT_CHARACTER).count();
        let name = encoding.name();
        report.general(format!(
            "{count} characters are no {name} and were replaced by `\u{fffd}`"
        ));
    }
    Ok(text.into_owned())
}

/// The encoding of bytes without a mark.
fn guess(bytes: &[u8]) -> &'static Encoding {
    if let Some(utf16) = utf16_without_mark(bytes) {
        return utf16;
    }
    if mostly_utf8(bytes) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut left = SAMPLE_BYTES;
    for line in bytes.split_inclusive(|&byte| byte == b'\n' || byte == b'\r') {
        if !line.is_ascii() {
            let taken = &line[..line.len().min(left)];
            detector.feed(taken, false);
            left -= taken.len();
        }
        if left == 0 {
            break;
        }
    }
    detector.feed(b"", true);
    let found = detector.guess(None, Utf8Detection::Deny);
    // A sample of bytes that fit nothing: the encoding in which every byte is a character.
    if found == UTF_8 { WINDOWS_1252 } else { found }
}

/// Latin text in UTF-16 has a zero in every second byte, and only on that side.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(HEAD_BYTES) & !1];
    let pairs = head.len() / 2;
    let zeros = |from: usize| {
        head.iter()
            .skip(from)
            .step_by(2)
            .filter(|&&b| b == 0)
            .count()
    };
    let (even, odd) = (zeros(0), zeros(1));
    let (more, fewer) = (even.max(odd), even.min(odd));
    if pairs == 0 || more * 5 <= pairs || fewer * 4 > more {
        None
    } else if even > odd {
        Some(UTF_16BE)
    } else {
        Some(UTF_16LE)
    }
}

/// UTF-8 with a few damaged places stays UTF-8: text of another encoding has next to no
/// sequences that happen to be valid.
fn mostly_utf8(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        return true;
    }
    let (mut valid, mut invalid) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    valid > invalid
}

/// Ends every line with `\n` and takes out NULs and byte-order marks, in place. Refuses what
/// has so many control characters that it cannot be text.
fn plain_lines(text: String) -> Result<String, FileError> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let (mut chars, mut odd) = (0_usize, 0_usize);
    for c in text.chars().take(HEAD_BYTES) {
        let control = c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        chars += 1;
        odd += usize::from(control || c == char::REPLACEMENT_CHARACTER);
    }
    // Random bytes have more than twice as many; a stray one in a short list is no matter.
    if odd > chars / 20 + 1 {
        return Err(FileError::Unsupported {
            what: "a binary file",
        });
    }
    let mut bytes = text.into_bytes();
    let (mut from, mut to) = (0, 0);
    while from < bytes.len() {
        let byte = match bytes[from] {
            b'\0' => None,
            b'\r' if bytes.get(from + 1) == Some(&b'\n') => None,
            b'\r' => Some(b'\n'),
            0xef if bytes[from..].starts_with(MARK) => {
                from += MARK.len() - 1;
                None
            }
            other => Some(other),
        };
        from += 1;
        if let Some(byte) = byte {
            bytes[to] = byte;
            to += 1;
        }
    }
    bytes.truncate(to);
    Ok(String::from_utf8(bytes).expect("only whole characters were taken out of a text"))
}

/// Files that are no text, by how they begin.
fn magic(bytes: &[u8]) -> Option<&'static str> {
    const ZIP: &str = "a zip archive, or a spreadsheet that is not CSV; unpack or export it";
    const AUDIO: &str = "an audio or video file";
    const PICTURE: &str = "a picture";
    #[rustfmt::skip]
    const BEGINNINGS: [(&[u8], &str); 14] = [
        (b"PK\x03\x04", ZIP),
        (b"PK\x05\x06", ZIP),
        (b"\x1f\x8b", "a gzip archive; unpack it"),
        (b"%PDF-", "a PDF document"),
        (b"\x89PNG\r\n", PICTURE),
        (b"\xff\xd8\xff", PICTURE),
        (b"GIF89a", PICTURE),
        (b"fLaC\x00", AUDIO),
        (b"OggS\x00", AUDIO),
        (b"ID3\x03", AUDIO),
        (b"ID3\x04", AUDIO),
        (b"bplist00", "a binary property list of Apple"),
        (b"SQLite format 3\x00", "a database"),
        (b"\xd0\xcf\x11\xe0", "an old spreadsheet or document; export it as CSV"),
    ];
    let known = BEGINNINGS
        .iter()
        .find(|(beginning, _)| bytes.starts_with(beginning));
    match known {
        Some((_, what)) => Some(what),
        None if bytes.get(4..8) == Some(b"ftyp") => Some(AUDIO),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = "Bj\u{f6}rk - \u{c6}nima\nAnn - Bl\u{fc}te\n";

    fn decoded(bytes: &[u8]) -> (String, Vec<String>) {
        let mut report = Report::default();
        let text = decode(bytes.to_vec(), &mut report).unwrap();
        let reasons = report.finish().into_iter().map(|w| w.reason).collect();
        (text, reasons)
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let with_mark = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        let windows = WINDOWS_1252.encode(NAMES).0.into_owned();
        for (what, bytes, warned) in [
            ("UTF-8", NAMES.as_bytes().to_vec(), false),
            (
                "UTF-8 with mark",
                with_mark(b"\xef\xbb\xbf", NAMES.into()),
                false,
            ),
            (
                "UTF-16LE with mark",
                with_mark(b"\xff\xfe", utf16(NAMES, u16::to_le_bytes)),
                false,
            ),
            (
                "UTF-16BE with mark",
                with_mark(b"\xfe\xff", utf16(NAMES, u16::to_be_bytes)),
                false,
            ),
            ("UTF-16LE", utf16(NAMES, u16::to_le_bytes), true),
            ("UTF-16BE", utf16(NAMES, u16::to_be_bytes), true),
            ("windows-1252", windows, true),
        ] {
            let (text, warnings) = decoded(&bytes);
            assert_eq!(text, NAMES, "{what}");
            assert_eq!(!warnings.is_empty(), warned, "{what}: {warnings:?}");
        }
    }

    #[test]
    fn japanese_emoji_and_right_to_left_names_survive() {
        let names = "\u{30b6} - \u{9ce5}\n\u{1f426} - \u{1f3b5}\n\u{5e6} - \u{5e9}\u{5d9}\u{5e8}\n";
        assert_eq!(decoded(names.as_bytes()).0, names);
        let japanese = "\u{30b6}\u{30fb}\u{9ce5}\u{306e}\u{6b4c} - \u{9752}\u{3044}\u{9ce5}\u{306f}\u{3069}\u{3053}\n"
            .repeat(4);
        let shift_jis = encoding_rs::SHIFT_JIS.encode(&japanese).0.into_owned();
        assert_eq!(decoded(&shift_jis).0, japanese);
    }

    #[test]
    fn a_damaged_place_does_not_change_the_encoding_of_the_rest() {
        let (text, warnings) = decoded(b"Bj\xc3\xb6rk - \xc3\x86nima\nAnn - Bl\xfcte\n");
        assert_eq!(text, "Bj\u{f6}rk - \u{c6}nima\nAnn - Bl\u{fffd}te\n");
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("1 characters are no UTF-8"),
            "{warnings:?}"
        );
    }

    #[test]
    fn lines_end_the_same_way_and_marks_inside_are_gone() {
        for bytes in [
            &b"a\r\nb\rc\nd"[..],
            b"\xef\xbb\xbfa\nb\r\n\xef\xbb\xbfc\rd",
            b"a\nb\nc\nd",
        ] {
            assert_eq!(decoded(bytes).0, "a\nb\nc\nd", "{bytes:?}");
        }
        assert_eq!(
            decoded(b"Ann - Owl\0\nBen - Wren\n").0,
            "Ann - Owl\nBen - Wren\n"
        );
    }

    #[test]
    fn what_is_no_text_is_refused_by_name() {
        let noise: Vec<u8> = (0..2000_u32).map(|n| (n * 7919 % 251) as u8).collect();
        for (bytes, expected) in [
            (&b""[..], "is empty"),
            (b"\xef\xbb\xbf", "is empty"),
            (b" \r\n\t\n", "is empty"),
            (b"PK\x03\x04\x14\0\0\0", "zip"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\x89PNG\r\n\x1a\n", "picture"),
            (b"fLaC\0\0\0\x22", "audio"),
            (b"\0\0\0\x20ftypM4A ", "audio"),
            (&noise, "binary"),
            (&[0; 64], "binary"),
        ] {
            let error = decode(bytes.to_vec(), &mut Report::default()).unwrap_err();
            assert!(
                error.to_string().contains(expected),
                "{error} for {expected}"
            );
        }
    }
}
