//! What a path in an M3U says of the track: `Artist/Album/NN - Title.ext`.
//!
//! The file itself is never opened; it may lie on another machine.

use unicode_normalization::UnicodeNormalization;

use super::super::words::split_mark;

/// Endings of audio files, in lower case; more than musicdl itself keeps.
const AUDIO: [&str; 24] = [
    "aac", "aif", "aiff", "alac", "ape", "dff", "dsf", "flac", "m4a", "m4b", "mka", "mp2", "mp3",
    "mp4", "mpc", "oga", "ogg", "opus", "tta", "wav", "webm", "weba", "wma", "wv",
];

/// Folders in which people keep music; what lies above them names no artist.
const SHELVES: [&str; 14] = [
    "audio",
    "downloads",
    "itunes media",
    "library",
    "media",
    "musica",
    "musik",
    "musique",
    "music",
    "m\u{fa}sica",
    "songs",
    "sounds",
    "tracks",
    "transfer",
];

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PathHint {
    /// A track, as far as its path tells.
    Track {
        artist: Option<String>,
        album: Option<String>,
        title: String,
        track_number: Option<u32>,
    },
    /// No track, and why.
    Other(&'static str),
    /// A name without an ending: nobody can say what it is.
    Bare(String),
}

/// Whether a line ends like the path of an audio file.
pub(super) fn names_audio(line: &str) -> bool {
    ending(line.trim()).is_some_and(|(_, ending)| AUDIO.contains(&ending.as_str()))
}

/// The stem and the ending in lower case. Words with a full stop in them have no ending.
fn ending(name: &str) -> Option<(&str, String)> {
    let (stem, ending) = name.rsplit_once('.')?;
    let plausible =
        (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    (plausible && !stem.is_empty()).then(|| (stem, ending.to_ascii_lowercase()))
}

/// Reads a path of any system, or an address.
pub(super) fn read(line: &str) -> PathHint {
    let (path, absolute) = local_part(line.trim());
    if path.ends_with(['/', '\\']) {
        return PathHint::Other("a folder, not a track");
    }
    let mut parts: Vec<String> = path
        .split(['/', '\\'])
        .filter(|part| !matches!(*part, "" | "." | ".."))
        // macOS spells accents as marks of their own.
        .map(|part| part.nfc().collect())
        .collect();
    let Some(file) = parts.pop() else {
        return PathHint::Other("a path without a name");
    };
    let stem = match ending(&file) {
        Some((stem, kind)) if AUDIO.contains(&kind.as_str()) => stem,
        Some((_, kind)) => match not_audio(&kind) {
            Some(reason) => return PathHint::Other(reason),
            None => return PathHint::Bare(file),
        },
        None => return PathHint::Bare(file),
    };
    let (artist, album) = folders(&parts, absolute);
    track(stem, artist, album)
}

fn not_audio(ending: &str) -> Option<&'static str> {
    match ending {
        "m3u" | "m3u8" | "pls" | "xspf" | "cue" | "wpl" | "asx" => {
            Some("another playlist; give it as an entry of its own")
        }
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "txt" | "nfo" | "log" | "pdf" | "zip" | "lrc" => {
            Some("a file that is no audio")
        }
        _ => None,
    }
}

/// The path without scheme, server and drive, its escapes resolved where it has such; and
/// whether it began at a root.
fn local_part(line: &str) -> (String, bool) {
    if let Some((scheme, rest)) = line.split_once("://") {
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let path = rest.split_once('/').map_or("", |(_host, path)| path);
        // A file name may hold `?` and `#` only escaped, in any of these schemes.
        let known = ["file", "http", "https", "ftp", "smb"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(scheme));
        return if known {
            (without_drive(&percent_decoded(path)).to_owned(), true)
        } else {
            (path.to_owned(), true)
        };
    }
    if let Some(share) = line.strip_prefix("\\\\") {
        let path = share.split_once('\\').map_or("", |(_server, path)| path);
        return (path.to_owned(), true);
    }
    let path = without_drive(line);
    let absolute = path.len() < line.len() || path.starts_with(['/', '\\']);
    (path.to_owned(), absolute)
}

fn without_drive(path: &str) -> &str {
    match path.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => &path[2..],
        _ => path,
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex(*high)
                .zip(hex(*low))
                .map(|(high, low)| (high * 16 + low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, tail));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// Artist and album: the last two folders, if they lie deep enough to be such.
fn folders(parts: &[String], absolute: bool) -> (Option<String>, Option<String>) {
    let shelf = parts
        .iter()
        .rposition(|part| SHELVES.contains(&part.to_lowercase().as_str()));
    let below = shelf.map_or(parts, |at| &parts[at + 1..]);
    // From the root of an unknown machine, `/mnt/disk/x.mp3` names a disk and no artist.
    let least = if absolute && shelf.is_none() { 3 } else { 2 };
    match below {
        [.., artist, album] if below.len() >= least => {
            let artist = Some(artist.clone()).filter(|name| !super::super::facts::is_nobody(name));
            (artist, Some(album.clone()))
        }
        _ => (None, None),
    }
}

/// `03 - Title`, `1-03 Title`, `03. Artist - Title`.
fn track(stem: &str, artist: Option<String>, album: Option<String>) -> PathHint {
    let (track_number, name) = numbered(stem.trim());
    let (artist, title) = match (artist, split_mark(name)) {
        (None, Some((left, right))) => (Some(left.to_owned()), right),
        (Some(artist), Some((left, right))) if left.eq_ignore_ascii_case(&artist) => {
            (Some(artist), right)
        }
        (artist, _) => (artist, name),
    };
    PathHint::Track {
        artist,
        album,
        title: title.to_owned(),
        track_number,
    }
}

/// A number in front of a file's name. `99 Owls` is a title: two digits and a space alone
/// do not make a number unless the first is `0`.
fn numbered(stem: &str) -> (Option<u32>, &str) {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut count = digits(stem);
    let mut start = 0;
    // `1-03 Title`: disc and track.
    if (1..=2).contains(&count) && stem[count..].starts_with('-') {
        let second = digits(&stem[count + 1..]);
        if second == 2 {
            start = count + 1;
            count = second;
        }
    }
    let after = &stem[start + count..];
    let separated = [" - ", ". ", "_", " \u{2013} ", "-"]
        .iter()
        .find_map(|mark| after.strip_prefix(mark));
    let rest = match separated {
        Some(rest) => rest,
        None if start > 0 || stem.starts_with('0') => after,
        None => return (None, stem),
    };
    let number = stem[start..start + count].parse().ok().filter(|&n| n > 0);
    if !(1..=3).contains(&count) || rest.trim().is_empty() {
        return (None, stem);
    }
    (number, rest.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> (Option<String>, Option<String>, String, Option<u32>) {
        match read(line) {
            PathHint::Track {
                artist,
                album,
                title,
                track_number,
            } => (artist, album, title, track_number),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn paths_of_every_system_give_artist_album_and_title() {
        for line in [
            "Ann Owl/Birds/03 - Bluebird.flac",
            "./Ann Owl/Birds/03. Bluebird.MP3",
            "../../Ann Owl/Birds/03 Bluebird.mp3",
            "/home/ann/Music/Ann Owl/Birds/03_Bluebird.mp3",
            "/mnt/Ann Owl/Birds/1-03 Bluebird.mp3",
            "C:\\Users\\ann\\Music\\Ann Owl\\Birds\\03 - Ann Owl - Bluebird.wma",
            "\\\\nas\\music\\Ann Owl\\Birds\\03 - Bluebird.mp3",
            "file:///srv/Ann%20Owl/Birds/03%20-%20Bluebird.opus",
            "file:///C:/Music/Ann%20Owl/Birds/03%20-%20Bluebird.opus",
            "https://files.example/music/Ann%20Owl/Birds/03%20-%20Bluebird.mp3?x=1",
            "  Ann Owl/Birds/03 - Bluebird.flac  ",
        ] {
            let expected = (
                Some("Ann Owl".to_owned()),
                Some("Birds".to_owned()),
                "Bluebird".to_owned(),
                Some(3),
            );
            assert_eq!(parts(line), expected, "{line}");
        }
    }

    #[test]
    fn folders_that_name_nobody_are_not_taken_for_artists() {
        for (line, artist, title) in [
            ("/mnt/disk/Bluebird.mp3", None, "Bluebird"),
            ("C:\\Music\\Bluebird.mp3", None, "Bluebird"),
            ("Downloads/Ann - Bluebird.mp3", Some("Ann"), "Bluebird"),
            (
                "Various Artists/Birds/01 - Ann - Owl.mp3",
                Some("Ann"),
                "Owl",
            ),
            ("99 Owls.mp3", None, "99 Owls"),
            ("100%.mp3", None, "100%"),
            ("Bjo\u{308}rn - Owl.mp3", Some("Bj\u{f6}rn"), "Owl"),
        ] {
            let (found, _, name, _) = parts(line);
            assert_eq!((found.as_deref(), name.as_str()), (artist, title), "{line}");
        }
    }

    #[test]
    fn what_is_no_audio_is_told_apart() {
        for line in [
            "Ann/Birds/",
            "Ann\\Birds\\",
            "self.m3u8",
            "cover.jpg",
            "..",
            "http://x",
        ] {
            assert!(matches!(read(line), PathHint::Other(_)), "{line}");
        }
        for line in ["Ann/Birds", "Mr. Owl", "http://radio.example/stream"] {
            assert!(matches!(read(line), PathHint::Bare(_)), "{line}");
        }
    }
}
