//! Writes playlist files as text: extended M3U in UTF-8, which Navidrome, Jellyfin, mpd and
//! every player read. Decides about the words in it; the file is `publish`'s. Nothing a title
//! holds can begin a line of its own, and no entry leads out of the library.

use std::fmt::Write as _;

use super::RelPath;

/// The second line of every playlist file we write. A file without it is somebody else's and
/// is never rewritten.
pub const MARKER: &str = "#GENERATED-BY:musicdl";

/// The extension of playlist files: M3U whose text is UTF-8.
pub const EXTENSION: &str = "m3u8";

/// One entry of a playlist file.
#[derive(Clone, Copy, Debug)]
pub struct M3uEntry<'a> {
    /// The audio file, from the library's root, with its extension.
    pub path: &'a RelPath,
    /// Who plays; `None` when nobody is named.
    pub artist: Option<&'a str>,
    /// Title.
    pub title: &'a str,
    /// Length in whole seconds, `None` when unknown.
    pub duration_secs: Option<u64>,
}

/// The text of the playlist file at `file` (from the library's root), with paths relative to
/// its folder. UTF-8 without byte order mark, lines end in `\n`.
pub fn render(name: &str, entries: &[M3uEntry<'_>], file: &RelPath) -> String {
    let mut text = begin();
    line(&mut text, format_args!("#PLAYLIST:{}", one_line(name)));
    for entry in entries {
        let title = one_line(entry.title);
        let shown = match entry.artist.map(one_line) {
            Some(artist) if !artist.is_empty() => format!("{artist} - {title}"),
            Some(_) | None => title,
        };
        match entry.duration_secs {
            Some(seconds) => line(&mut text, format_args!("#EXTINF:{seconds},{shown}")),
            None => line(&mut text, format_args!("#EXTINF:-1,{shown}")),
        }
        line(&mut text, format_args!("{}", relative(entry.path, file)));
    }
    text
}

/// Whether a playlist file that begins so was written by [`render`]. Exact: a file that was
/// saved by an editor in another form belongs to whoever did that.
pub fn is_ours(text: &[u8]) -> bool {
    text.starts_with(begin().as_bytes())
}

/// The first two lines.
fn begin() -> String {
    format!("#EXTM3U\n{MARKER}\n")
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("writing to a String succeeds");
}

/// `target` as seen from the folder that holds `file`: never from the root, so that the
/// library can be mounted elsewhere.
fn relative(target: &RelPath, file: &RelPath) -> String {
    let target: Vec<&str> = target.components().collect();
    let folders = file.components().count() - 1;
    let shared = file
        .components()
        .take(folders)
        .zip(&target[..target.len() - 1])
        .take_while(|(one, other)| one == *other)
        .count();
    let path = "../".repeat(folders - shared) + &target[shared..].join("/");
    // A line that begins with `#` is a comment.
    if path.starts_with('#') {
        format!("./{path}")
    } else {
        path
    }
}

/// Line ends and other control characters are spaces: a reader takes a line for an entry.
fn one_line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let spaced: String = text
        .chars()
        .map(|c| if breaks(c) { ' ' } else { c })
        .collect();
    spaced
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::from_saved(text).unwrap()
    }

    fn entry<'a>(path: &'a RelPath, title: &'a str) -> M3uEntry<'a> {
        M3uEntry {
            path,
            artist: None,
            title,
            duration_secs: None,
        }
    }

    #[test]
    fn a_playlist_file_has_its_name_its_marker_and_two_lines_for_each_entry() {
        let (one, two) = (
            path("Mix/Queen/Queen - Jazz/01 - Mustapha.flac"),
            path("Queen/x.mp3"),
        );
        let entries = [
            M3uEntry {
                path: &one,
                artist: Some("Queen"),
                title: "Mustapha",
                duration_secs: Some(181),
            },
            M3uEntry {
                path: &two,
                artist: None,
                title: "Ænima, live",
                duration_secs: None,
            },
        ];
        assert_eq!(
            render("Mix", &entries, &path("Mix/Mix.m3u8")),
            "#EXTM3U\n#GENERATED-BY:musicdl\n#PLAYLIST:Mix\n\
             #EXTINF:181,Queen - Mustapha\nQueen/Queen - Jazz/01 - Mustapha.flac\n\
             #EXTINF:-1,Ænima, live\n../Queen/x.mp3\n"
        );
    }

    #[test]
    fn a_path_is_seen_from_the_folder_of_the_playlist_file() {
        for (target, file, expected) in [
            ("a.mp3", "p.m3u8", "a.mp3"),
            ("x/a.mp3", "p.m3u8", "x/a.mp3"),
            ("a.mp3", "l/p.m3u8", "../a.mp3"),
            ("l/a.mp3", "l/p.m3u8", "a.mp3"),
            ("l/m/a.mp3", "l/n/o/p.m3u8", "../../m/a.mp3"),
            ("l/l/a.mp3", "l/l/l/p.m3u8", "../a.mp3"),
            ("p/a.mp3", "p/q/p.m3u8", "../a.mp3"),
            ("p", "p/p", "../p"),
            ("#1 hits/a.mp3", "p.m3u8", "./#1 hits/a.mp3"),
            ("l/#1.mp3", "l/p.m3u8", "./#1.mp3"),
            ("#1.mp3", "l/p.m3u8", "../#1.mp3"),
        ] {
            assert_eq!(
                relative(&path(target), &path(file)),
                expected,
                "{target} from {file}"
            );
        }
    }

    #[test]
    fn only_a_file_that_begins_like_ours_is_ours() {
        let ours = render("x", &[], &path("x.m3u8"));
        assert!(is_ours(ours.as_bytes()));
        for other in [
            "",
            "#EXTM3U\n",
            "#EXTM3U\r\n#GENERATED-BY:musicdl\r\n",
            "\u{FEFF}#EXTM3U\n#GENERATED-BY:musicdl\n",
            "#EXTM3U\n#GENERATED-BY:musicdl2\n",
            "#EXTM3U\na\n#GENERATED-BY:musicdl\n",
        ] {
            assert!(!is_ours(other.as_bytes()), "{other:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_title_begins_a_line_of_its_own(name in any::<String>(), artist in any::<String>(), title in "[\\n\\r\\u{85}\\u{2028}\\u{b}#/a ]{0,12}|\\PC*") {
            let at = path("l/a.mp3");
            let one = M3uEntry { artist: Some(&artist), ..entry(&at, &title) };
            let text = render(&name, &[one], &path("l/p.m3u8"));
            let lines: Vec<_> = text.split(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}').collect();
            prop_assert_eq!(lines.len(), 6);
            prop_assert!(lines[3].starts_with("#EXTINF:-1,"));
            prop_assert_eq!(lines[4], "a.mp3");
        }
    }
}
