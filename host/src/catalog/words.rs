//! A song in words: `Artist - Title`, as people write it in lists.
//!
//! Takes off what lists put around it (numbers, bullets, times, labels) and finds the place
//! between artist and title. It never splits an artist's name: `Simon & Garfunkel` and
//! `Tyler, The Creator` are one each.

use super::facts::{Facts, clock_ms, one_line};
use crate::music::Track;

/// One song, as far as its words tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Whoever stands before the dash. `None`: there is no dash.
    pub artist: Option<String>,
    /// The title, never empty.
    pub title: String,
    /// Length in milliseconds, if the line ends with it.
    pub duration_ms: Option<u64>,
    /// How artist and title were told apart.
    pub split: Split,
}

/// How sure it is which words are the artist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// By a dash, bar or tab.
    Mark,
    /// By the word `by`, which may just be part of a title.
    ByWord,
    /// Not at all.
    None,
}

impl Words {
    /// Reads one line. `None`: there is no word in it.
    ///
    /// ```
    /// use musicdl::catalog::words::Words;
    /// let song = Words::parse("03. Jay-Example – Blue-bird (3:45)").unwrap();
    /// assert_eq!(song.artist.as_deref(), Some("Jay-Example"));
    /// assert_eq!((song.title.as_str(), song.duration_ms), ("Blue-bird", Some(225_000)));
    /// ```
    pub fn parse(line: &str) -> Option<Self> {
        if let Some(words) = cells(line) {
            return Some(words);
        }
        // A list copied from a web page has no-break spaces around its dashes.
        let line = one_line(line).replace('\u{a0}', " ");
        let line = line.trim();
        if !line.contains(|c: char| c.is_alphanumeric()) && split_mark(line).is_none() {
            return None;
        }
        let (text, duration_ms) = without_suffixes(without_prefixes(line));
        let (artist, title, split) = match split_mark(text) {
            Some((artist, title)) => (Some(artist), title, Split::Mark),
            None => match split_by_word(text) {
                Some((title, artist)) => (Some(artist), title, Split::ByWord),
                None => (None, text, Split::None),
            },
        };
        Some(Self {
            artist: artist.map(str::to_owned),
            title: unquoted(title).to_owned(),
            duration_ms,
            split,
        })
    }

    /// The track these words name.
    pub fn into_track(self) -> Track {
        Facts {
            title: self.title,
            artists: self.artist.map(|artist| vec![artist]).unwrap_or_default(),
            duration_ms: self.duration_ms,
            ..Facts::default()
        }
        .into_track()
    }
}

/// The two sides of the first dash (or bar) that has spaces around it; hyphens without
/// spaces belong to names.
pub(super) fn split_mark(text: &str) -> Option<(&str, &str)> {
    const MARKS: [&str; 5] = [" - ", " \u{2013} ", " \u{2014} ", " \u{2015} ", " | "];
    let (at, mark) = MARKS
        .iter()
        .filter_map(|mark| Some((text.find(mark)?, mark)))
        .min()?;
    let (left, right) = (text[..at].trim(), text[at + mark.len()..].trim());
    (!left.is_empty() && !right.is_empty()).then_some((left, right))
}

/// `Artist<tab>Title`, perhaps with a number before and a length behind.
fn cells(line: &str) -> Option<Words> {
    let mut cells: Vec<&str> = line
        .split('\t')
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    let is_number = |cell: &str| {
        let digits = cell.trim_end_matches(['.', ')']);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if cells.len() > 2 && is_number(cells[0]) {
        cells.remove(0);
    }
    let [artist, title, rest @ ..] = cells.as_slice() else {
        return None;
    };
    Some(Words {
        artist: Some(one_line(artist)),
        title: one_line(title),
        duration_ms: rest.last().and_then(|cell| clock_ms(cell)),
        split: Split::Mark,
    })
    .filter(|words| !words.title.is_empty())
}

/// `Title by Artist`, at the last `by`.
fn split_by_word(text: &str) -> Option<(&str, &str)> {
    // Upper and lower case of ASCII have the same length, so the index fits both.
    let at = text.to_ascii_lowercase().rfind(" by ")?;
    let (title, artist) = (text[..at].trim(), text[at + 4..].trim());
    (!title.is_empty() && !artist.is_empty()).then_some((title, artist))
}

/// What lists put around a song at one end: bullet, number, time, label. The bound also keeps
/// a line of nothing but brackets from being walked once for each.
const MOST_MARKS: usize = 4;

/// Without bullet, number and time of a mix, in any order.
fn without_prefixes(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..MOST_MARKS {
        let Some(shorter) = bullet(rest)
            .or_else(|| number(rest))
            .or_else(|| timestamp(rest))
        else {
            break;
        };
        rest = shorter;
    }
    rest
}

fn bullet(line: &str) -> Option<&str> {
    let rest = line.strip_prefix([
        '-', '*', '+', '\u{2013}', '\u{2014}', '\u{2022}', '\u{2023}', '\u{25e6}', '\u{25b6}',
        '\u{25ba}', '\u{b7}',
    ])?;
    worded(rest.strip_prefix(' ')?)
}

/// `1. `, `01) `, `[12] `, `#3 `, and `04 - ` where another dash follows.
fn number(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix('[') {
        let (digits, rest) = leading_digits(rest)?;
        return worded(rest.strip_prefix(']')?).filter(|_| digits <= 4);
    }
    if let Some(rest) = line.strip_prefix('#') {
        let (_, rest) = leading_digits(rest)?;
        let rest = rest.strip_prefix(['.', ')', ':']).unwrap_or(rest);
        return worded(rest.strip_prefix(' ')?);
    }
    let (digits, rest) = leading_digits(line)?;
    if digits > 4 {
        return None;
    }
    if let Some(rest) = rest.strip_prefix(['.', ')']) {
        return worded(rest.strip_prefix(' ')?);
    }
    // `1979 - Band` may well be a title; `04 - Band - Title` is not.
    let rest = rest.strip_prefix(" - ").filter(|_| digits <= 3)?;
    split_mark(rest).is_some().then_some(rest)
}

fn leading_digits(text: &str) -> Option<(usize, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    (count > 0).then(|| (count, &text[count..]))
}

/// `03:45 `, `[1:02:03] `, `00:00 - `, only where artist and title still follow.
fn timestamp(line: &str) -> Option<&str> {
    let (token, rest) = line.split_once(' ')?;
    clock_or_start(token.trim_matches(['[', ']', '(', ')']))?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("- ").unwrap_or(rest);
    split_mark(rest).is_some().then_some(rest)
}

/// A clock, or the `0:00` at which a mix begins.
fn clock_or_start(token: &str) -> Option<u64> {
    let zero = !token.is_empty() && token.bytes().all(|byte| matches!(byte, b'0' | b':'));
    if zero && token.contains(':') {
        Some(0)
    } else {
        clock_ms(token)
    }
}

fn worded(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    rest.contains(|c: char| c.is_alphanumeric()).then_some(rest)
}

/// Without a trailing length and `[label]`; version words in brackets stay.
fn without_suffixes(line: &str) -> (&str, Option<u64>) {
    let mut text = line.trim_end();
    let mut duration = None;
    for _ in 0..MOST_MARKS {
        let Some((rest, inside)) = last_bracket(text) else {
            break;
        };
        match clock_ms(inside) {
            Some(ms) => duration = Some(ms),
            None if text.ends_with(']') && !is_version(inside) => {}
            None => break,
        }
        // A title that is all brackets is a title.
        if split_mark(rest).is_none() {
            break;
        }
        text = rest;
    }
    (text, duration)
}

/// The text before the last bracket, and what is inside.
fn last_bracket(text: &str) -> Option<(&str, &str)> {
    let (open, body) = match text.strip_suffix(']') {
        Some(body) => ('[', body),
        None => ('(', text.strip_suffix(')')?),
    };
    let at = body.rfind(open)?;
    let rest = body[..at].trim_end();
    (!rest.is_empty()).then(|| (rest, body[at + 1..].trim()))
}

/// Whether words in brackets tell one recording from another, as opposed to a record label.
fn is_version(words: &str) -> bool {
    const VERSION: [&str; 28] = [
        "acoustic",
        "bonus",
        "bootleg",
        "clean",
        "cover",
        "demo",
        "dub",
        "edit",
        "edition",
        "explicit",
        "extended",
        "feat",
        "featuring",
        "ft",
        "instrumental",
        "live",
        "mix",
        "mono",
        "original",
        "radio",
        "remaster",
        "remastered",
        "remix",
        "rework",
        "session",
        "stereo",
        "version",
        "vip",
    ];
    words
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| VERSION.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

fn unquoted(title: &str) -> &str {
    for (open, close) in [
        ('"', '"'),
        ('\u{201c}', '\u{201d}'),
        ('\u{201e}', '\u{201c}'),
    ] {
        let inside = title
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        match inside {
            Some(inside) if !inside.trim().is_empty() && !inside.contains(open) => {
                return inside.trim();
            }
            Some(_) | None => {}
        }
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_lists_are_read_as_artist_and_title() {
        for (line, artist, title) in [
            ("Ann Example - Bluebird", "Ann Example", "Bluebird"),
            ("Ann \u{2013} Bluebird", "Ann", "Bluebird"),
            ("Ann \u{2014} Bluebird", "Ann", "Bluebird"),
            ("Ann | Bluebird", "Ann", "Bluebird"),
            ("Ann\tBluebird", "Ann", "Bluebird"),
            ("12\tAnn\tBluebird\t3:45", "Ann", "Bluebird"),
            ("1. Ann - Bluebird", "Ann", "Bluebird"),
            ("01) Ann - Bluebird", "Ann", "Bluebird"),
            ("[12] Ann - Bluebird", "Ann", "Bluebird"),
            ("#3 Ann - Bluebird", "Ann", "Bluebird"),
            ("04 - Ann - Bluebird", "Ann", "Bluebird"),
            ("- Ann - Bluebird", "Ann", "Bluebird"),
            ("\u{2022} Ann - Bluebird", "Ann", "Bluebird"),
            ("03:45 Ann - Bluebird", "Ann", "Bluebird"),
            ("[00:00] Ann - Bluebird", "Ann", "Bluebird"),
            ("1:02:03 - Ann - Bluebird", "Ann", "Bluebird"),
            ("7. 03:45 Ann - Bluebird [Tiny Label]", "Ann", "Bluebird"),
            ("Ann - Bluebird (3:45)", "Ann", "Bluebird"),
            ("Ann - Bluebird [Live]", "Ann", "Bluebird [Live]"),
            ("Ann - Bluebird (Owl Remix)", "Ann", "Bluebird (Owl Remix)"),
            ("Ann - [untitled]", "Ann", "[untitled]"),
            (
                "Ann - Bluebird - Remastered",
                "Ann",
                "Bluebird - Remastered",
            ),
            ("Jay-X - A-B", "Jay-X", "A-B"),
            ("AC/DC - Owls", "AC/DC", "Owls"),
            ("Owl & Wren - Nest", "Owl & Wren", "Nest"),
            ("Tyler, The Owl - Nest", "Tyler, The Owl", "Nest"),
            ("X; Y - Nest", "X; Y", "Nest"),
            ("50 Owls - Nest", "50 Owls", "Nest"),
            ("1979 - Owls", "1979", "Owls"),
            ("4:44 - Owls", "4:44", "Owls"),
            ("\"Bluebird\" by Ann", "Ann", "Bluebird"),
            ("Bluebird by Ann", "Ann", "Bluebird"),
            (
                "\u{5e2}\u{5d5}\u{5e3} - \u{5e7}\u{5df}",
                "\u{5e2}\u{5d5}\u{5e3}",
                "\u{5e7}\u{5df}",
            ),
        ] {
            let words = Words::parse(line).unwrap();
            let found = (words.artist.as_deref(), words.title.as_str());
            assert_eq!(found, (Some(artist), title), "{line}");
        }
    }

    #[test]
    fn a_line_without_a_dash_is_a_title() {
        for line in ["Bluebird", "Blue-bird", "- Bluebird", "Blue -bird"] {
            let words = Words::parse(line).unwrap();
            assert_eq!(words.artist, None, "{line}");
            assert_eq!(words.split, Split::None, "{line}");
        }
    }

    #[test]
    fn the_length_behind_a_title_is_kept() {
        for (line, expected) in [
            ("Ann - Bluebird (3:45)", Some(225_000)),
            ("Ann - Bluebird [3:45]", Some(225_000)),
            ("Ann - Bluebird [Label] (1:02:03)", Some(3_723_000)),
            ("Ann - Bluebird (345)", None),
            ("1\tAnn\tBluebird\t3:45", Some(225_000)),
        ] {
            assert_eq!(Words::parse(line).unwrap().duration_ms, expected, "{line}");
        }
    }

    #[test]
    fn a_line_without_words_is_no_song() {
        for line in ["", "   ", "-----", "\u{1}", "\t\t", "..."] {
            assert_eq!(Words::parse(line), None, "{line:?}");
        }
    }
}
