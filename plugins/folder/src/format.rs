//! What a file is by its content: the container, and the extension that belongs to it. What
//! is inside the container is read by `tags`.

use std::io::{self, BufReader, Read, Seek};

use lofty::file::FileType;
use lofty::probe::Probe;

/// Extensions that make a file worth opening, lower case. Videos (`mp4`, `mkv`) and audio
/// books (`m4b`) are none: a source of music would have to refuse them afterwards.
const EXTENSIONS: [&str; 14] = [
    "aac", "aif", "aifc", "aiff", "ape", "flac", "m4a", "mp3", "mpc", "oga", "ogg", "opus", "wav",
    "wv",
];

/// Whether a file of that name may be audio, in any case: `TRACK.MP3`.
pub(crate) fn is_candidate(name: &std::path::Path) -> bool {
    name.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| {
            EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension))
        })
}

/// The container, by the first bytes; `None` if it is not audio we know. The reader stands
/// anywhere afterwards.
pub(crate) fn recognise<R: Read + Seek>(reader: R) -> io::Result<Option<FileType>> {
    // `Probe::open` would fall back to the extension, and a web page named `.mp3` would be one.
    let probe = Probe::new(BufReader::new(reader)).guess_file_type()?;
    Ok(probe.file_type())
}

/// The extension under which a file of that container is kept; `None` for one that only
/// another program registered.
pub(crate) fn extension(container: FileType) -> Option<&'static str> {
    Some(match container {
        FileType::Aac => "aac",
        FileType::Aiff => "aiff",
        FileType::Ape => "ape",
        FileType::Flac => "flac",
        FileType::Mpeg => "mp3",
        FileType::Mp4 => "m4a",
        FileType::Mpc => "mpc",
        FileType::Opus => "opus",
        FileType::Vorbis => "ogg",
        FileType::Speex => "spx",
        FileType::Wav => "wav",
        FileType::WavPack => "wv",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;
    use std::path::Path;

    #[test]
    fn names_worth_opening() {
        for (name, expected) in [
            ("a.flac", true),
            ("A.FLAC", true),
            ("a.b.Mp3", true),
            ("cover.jpg", false),
            ("film.mp4", false),
            ("mp3", false),
            (".mp3", false),
        ] {
            assert_eq!(is_candidate(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn content_decides_and_not_the_name() {
        for (content, expected) in [
            (&b"fLaC\0\0\0\x22"[..], Some(FileType::Flac)),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some(FileType::Wav)),
            (b"<!DOCTYPE html><html><body>Not here</body></html>", None),
            (b"{\"error\": \"not found\"}", None),
            (b"\x89PNG\r\n\x1a\n", None),
            (b"", None),
            (&[0; 64], None),
        ] {
            let found = recognise(Cursor::new(content)).unwrap();
            assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(content));
        }
    }
}
