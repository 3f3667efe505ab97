//! Which format a text is: by its content, and by the extension where that leaves it open.

use super::columns::Head;
use super::path_hint;
use super::{FileError, numbered};

/// How a text is to be read.
#[derive(Debug)]
pub(super) enum Format {
    /// Rows of cells below that header.
    Table(Head),
    /// Paths and addresses, perhaps with what they are called.
    M3u,
    /// One song a line.
    Plain,
}

/// Bytes from the start in which a format must show itself.
const HEAD_BYTES: usize = 4096;

/// `extension` is in lower case, without its dot.
pub(super) fn of(text: &str, extension: &str) -> Result<Format, FileError> {
    let head = &text[..text.floor_char_boundary(HEAD_BYTES)];
    if let Some(what) = foreign(head) {
        return Err(FileError::Unsupported { what });
    }
    let begins = |tag: &str| {
        numbered(head).any(|(_, line)| {
            line.get(..tag.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(tag))
        })
    };
    if begins("#EXTM3U") || begins("#EXTINF:") {
        return Ok(Format::M3u);
    }
    if let Some(head) = Head::find(text, matches!(extension, "csv" | "tsv")) {
        return Ok(Format::Table(head));
    }
    if matches!(extension, "m3u" | "m3u8") || lists_paths(head) {
        return Ok(Format::M3u);
    }
    Ok(Format::Plain)
}

/// Formats that are known and not read.
fn foreign(head: &str) -> Option<&'static str> {
    let lower = head.trim_start().to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    let begins = |part: &str| lower.starts_with(part);
    let html = begins("<!doctype html") || begins("<html") || begins("<head") || begins("<body");
    if html || begins("<?xml") && has("<html") {
        return Some("an HTML page, perhaps the login or error page of the site it came from");
    }
    if begins("<plist") || begins("<?xml") && has("<plist") {
        return Some("a library or playlist of Apple Music or iTunes (XML)");
    }
    if begins("<playlist") || begins("<?xml") && has("<playlist") {
        return Some("an XSPF playlist");
    }
    if begins("<?") || begins("<!") {
        return Some("an XML file");
    }
    if json(&lower) {
        return Some(if has("\"playlist\"") && has("\"track\"") {
            "a JSPF playlist"
        } else if has("\"playlists\"") || has("\"lastmodifieddate\"") || has("spotify:") {
            "account data of Spotify (JSON)"
        } else {
            "a JSON file"
        });
    }
    if lower.lines().next()?.trim() == "[playlist]" {
        return Some("a PLS playlist");
    }
    if begins("{\\rtf") {
        return Some("an RTF document; save it as plain text");
    }
    if has("track 01 audio") {
        return Some("a cue sheet");
    }
    None
}

/// A text list may begin with `[12]` or `{Artist}`; JSON goes on with a quote or bracket.
fn json(head: &str) -> bool {
    let Some(rest) = head.strip_prefix(['{', '[']) else {
        return false;
    };
    let next = rest.trim_start();
    next.is_empty()
        || next.starts_with(['"', '}', '{', '['])
        || (head.starts_with('[') && next.starts_with(']'))
}

/// A list whose lines are mostly paths to audio is an M3U, whatever it is called.
fn lists_paths(head: &str) -> bool {
    let (mut paths, mut lines) = (0_usize, 0_usize);
    for (_, line) in numbered(head).filter(|(_, line)| !line.starts_with('#')) {
        lines += 1;
        paths += usize::from(path_hint::names_audio(line));
    }
    paths * 2 > lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str, extension: &str) -> String {
        match of(text, extension) {
            Ok(Format::Table(_)) => "table".into(),
            Ok(Format::M3u) => "m3u".into(),
            Ok(Format::Plain) => "plain".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn content_decides_before_the_extension() {
        for (text, extension, expected) in [
            ("#EXTM3U\na.mp3\n", "csv", "m3u"),
            ("#extm3u\na.mp3\n", "txt", "m3u"),
            ("#EXTINF:1,Ann - Owl\na.mp3\n", "", "m3u"),
            ("Title,Artist\nOwl,Ann\n", "m3u8", "table"),
            ("Title,Artist\nOwl,Ann\n", "", "table"),
            ("Ann - Owl\n", "m3u", "m3u"),
            ("Ann/Birds/01 - Owl.flac\n/x/02.mp3\n", "txt", "m3u"),
            ("Ann - Owl\nBen - Wren\n", "txt", "plain"),
            ("Ann - Owl\n", "csv", "plain"),
            ("[1] Ann - Owl\n", "txt", "plain"),
            ("{Ann} - Owl\n", "txt", "plain"),
            ("<3 - Owl\n", "txt", "plain"),
            ("Song\nOwl\n", "csv", "table"),
            ("Song\nOwl\n", "txt", "plain"),
        ] {
            assert_eq!(name(text, extension), expected, "{text:?} .{extension}");
        }
    }

    #[test]
    fn formats_that_are_not_read_are_called_by_their_name() {
        for (text, expected) in [
            ("<!DOCTYPE html><title>Error</title>", "an HTML page"),
            ("\n  <HTML>", "an HTML page"),
            (
                "<?xml version=\"1.0\"?><!DOCTYPE plist><plist>",
                "Apple Music",
            ),
            ("<?xml version='1.0'?><playlist version='1'>", "XSPF"),
            ("<?xml version='1.0'?><rss>", "XML"),
            ("{\"playlist\":{\"title\":\"x\",\"track\":[]}}", "JSPF"),
            ("{\n \"playlists\" : [", "Spotify"),
            ("[{\"a\":1}]", "JSON"),
            ("[]", "JSON"),
            ("{}", "JSON"),
            ("[Playlist]\nFile1=a.mp3", "PLS"),
            ("{\\rtf1 Ann", "RTF"),
            ("FILE \"a.wav\" WAVE\n  TRACK 01 AUDIO\n", "cue sheet"),
        ] {
            let message = name(text, "csv");
            assert!(message.contains(expected), "{text:?}: {message}");
            assert!(message.contains("what can be read is CSV"), "{message}");
        }
    }
}
