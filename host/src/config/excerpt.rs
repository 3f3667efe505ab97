//! Which part of a line of the config file an error may show. Settings of sources may be
//! passwords, and a password must not end in a terminal or a bug report because of a typing
//! error beside it.

/// The sections that hold no secret, as `sources` and `network` do. An unknown one might be a
/// mistyped one of those.
const OPEN_SECTIONS: [&str; 10] = [
    "version",
    "songs",
    "albums",
    "artists",
    "playlists",
    "library",
    "download",
    "matching",
    "plugins",
    "limits",
];

/// The most characters of a line that are of use to anybody.
const MAX_CHARS: usize = 160;

/// Line `number` (from 1) of `text` as far as it may be shown: as it is in sections without
/// secrets, elsewhere only its key. `None`: nothing of it.
pub(super) fn excerpt(text: &str, number: u64) -> Option<String> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let line = text.lines().nth(index)?;
    let section = text
        .lines()
        .take(index + 1)
        .filter_map(section_of)
        .last()
        .unwrap_or_default();
    let shown = if OPEN_SECTIONS.contains(&section) {
        line.to_owned()
    } else {
        key_only(line)?
    };
    let cut = shown
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_CHARS);
    Some(cut.collect::<String>().trim_end().to_owned())
}

/// The key at the very start of a line, which is where sections are named. A line that starts
/// there with anything else but a comment or a list item counts as an unknown section.
fn section_of(line: &str) -> Option<&str> {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let first = line.chars().next()?;
    if matches!(first, ' ' | '\t' | '#' | '-') {
        return None;
    }
    let key = line.split(':').next().unwrap_or_default();
    Some(key.trim().trim_matches(['"', '\'']))
}

/// `  - subsonic: {password: x}` -> `  - subsonic: …`; `None` where no plain key leads.
fn key_only(line: &str) -> Option<String> {
    let start = line.find(|c: char| !matches!(c, ' ' | '-'))?;
    let (key, value) = line[start..]
        .split_once(':')
        .unwrap_or((&line[start..], ""));
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_key = line[start..].contains(':') && !key.is_empty() && key.chars().all(is_word);
    if !is_key || !(value.is_empty() || value.starts_with([' ', '\r'])) {
        return None;
    }
    let ellipsis = if value.trim().is_empty() { "" } else { " …" };
    Some(format!("{}{key}:{ellipsis}", &line[..start]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_may_hold_a_secret_shows_its_key_only() {
        for (text, number, shown) in [
            ("download:\n  jobs: x\n", 2, Some("  jobs: x")),
            ("\u{feff}songs:\n- a\n- b\n", 3, Some("- b")),
            ("library:\r\n  path: x\r\n", 2, Some("  path: x")),
            (
                "sources:\n  - subsonic:\n      password: s\n",
                3,
                Some("      password: …"),
            ),
            (
                "sources:\n- subsonic: {password: s, x: y}\n",
                2,
                Some("- subsonic: …"),
            ),
            (
                "sources: [subsonic: {password: s}]\n",
                1,
                Some("sources: …"),
            ),
            ("sources:\n  - folder:\n", 2, Some("  - folder:")),
            // a value over several lines
            (
                "sources:\n- subsonic:\n    password: |\n      s3cret\n",
                4,
                None,
            ),
            (
                "sources:\n- subsonic:\n    password:\n      a: b:c\n",
                4,
                Some("      a: …"),
            ),
            (
                "sources:\n- subsonic:\n    password: >\n      http://s\n",
                4,
                None,
            ),
            // mistyped, indented as a whole, or in braces: it could be `sources`
            (
                "source:\n  - subsonic:\n      token: s\n",
                3,
                Some("      token: …"),
            ),
            (
                " sources:\n  - subsonic:\n      token: s\n",
                3,
                Some("      token: …"),
            ),
            ("{sources: [subsonic: {token: s}]}\n", 1, None),
            (
                "songs: []\n{sources: [\n subsonic: {token: s}]}\n",
                3,
                Some(" subsonic: …"),
            ),
            // the section ends where the next begins
            ("sources:\n  - a\nsongs:\n  - b\n", 4, Some("  - b")),
            ("songs:\n", 7, None),
        ] {
            assert_eq!(excerpt(text, number).as_deref(), shown, "{text:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_control_characters_are_blanks() {
        let long = format!("songs: [{}]", "x".repeat(5000));
        assert_eq!(
            excerpt(&long, 1).map(|line| line.chars().count()),
            Some(160)
        );
        assert_eq!(
            excerpt("songs: \u{1b}[31m", 1).as_deref(),
            Some("songs:  [31m")
        );
    }
}
