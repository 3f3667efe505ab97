//! A title taken apart: the name of the song, and the notes around it, in brackets or behind
//! a dash. Says where a word stands, not what it means.

use super::normalize::push_normalized;
use super::vocabulary::{Meaning, Version, meaning};

/// Where a word of a title stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zone {
    /// In the name of the song.
    Name,
    /// In brackets.
    Brackets,
    /// Behind ` - `.
    Dash,
    /// Behind `feat.` and the like.
    Credit,
}

/// A word and where it stands.
#[derive(Clone, Copy, Debug)]
struct Token {
    start: usize,
    end: usize,
    group: usize,
}

/// A title as words in groups.
#[derive(Clone, Debug, Default)]
pub(super) struct Title {
    text: String,
    tokens: Vec<Token>,
    zones: Vec<Zone>,
    /// Whoever is credited in the title, as it is written there.
    pub(super) credits: Vec<String>,
}

impl Title {
    /// Takes a title apart; `version` is what a service keeps apart from it.
    pub(super) fn new(title: &str, version: Option<&str>) -> Self {
        let mut parsed = Self {
            text: String::with_capacity(title.len() + 8),
            tokens: Vec::with_capacity(8),
            ..Self::default()
        };
        parsed.read(title);
        if let Some(version) = version {
            parsed.push(version, Zone::Brackets);
        }
        if parsed.tokens.is_empty() {
            // Punctuation or pictures only: compared as they are.
            parsed.text = title.trim().to_lowercase();
            parsed.zones = vec![Zone::Name];
            parsed.tokens.push(Token {
                start: 0,
                end: parsed.text.len(),
                group: 0,
            });
        }
        parsed
    }

    fn read(&mut self, title: &str) {
        let mut rest = title;
        let mut zone = Zone::Name;
        while !rest.is_empty() {
            match next_mark(rest) {
                None => {
                    self.push_open(rest, zone);
                    break;
                }
                Some((at, length, Mark::Dash)) => {
                    self.push_open(&rest[..at], zone);
                    zone = Zone::Dash;
                    rest = &rest[at + length..];
                }
                Some((at, length, Mark::Open(close))) => {
                    self.push_open(&rest[..at], zone);
                    let inside = &rest[at + length..];
                    let end = inside.find(close).unwrap_or(inside.len());
                    self.push_bracketed(&inside[..end]);
                    rest = inside.get(end + close.len_utf8()..).unwrap_or("");
                }
            }
        }
    }

    /// A part without brackets, which may end in a credit.
    fn push_open(&mut self, part: &str, zone: Zone) {
        match credit_in_the_open(part) {
            Some((at, behind)) => {
                self.push(&part[..at], zone);
                self.credits.push(part[behind..].trim().to_owned());
                self.push(&part[at..], Zone::Credit);
            }
            None => self.push(part, zone),
        }
    }

    fn push_bracketed(&mut self, inside: &str) {
        match credit_in_brackets(inside) {
            Some(behind) => {
                self.credits.push(inside[behind..].trim().to_owned());
                self.push(inside, Zone::Credit);
            }
            None => self.push(inside, Zone::Brackets),
        }
    }

    fn push(&mut self, part: &str, zone: Zone) {
        let from = self.text.len();
        push_normalized(&mut self.text, part);
        if self.text.len() == from {
            return;
        }
        let group = self.zones.len();
        self.zones.push(zone);
        let mut start = from;
        for (at, _) in self.text[from..].match_indices(' ') {
            let end = from + at;
            if end > start {
                self.tokens.push(Token { start, end, group });
            }
            start = end + 1;
        }
        let end = self.text.len();
        if end > start {
            self.tokens.push(Token { start, end, group });
        }
    }

    /// How many words it has; at least one.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// A word.
    pub(super) fn word(&self, at: usize) -> &str {
        let token = self.tokens[at];
        &self.text[token.start..token.end]
    }

    /// The word before, in the same group; else nothing.
    pub(super) fn word_before(&self, at: usize) -> &str {
        match at.checked_sub(1) {
            Some(before) if self.tokens[before].group == self.tokens[at].group => self.word(before),
            _ => "",
        }
    }

    /// Where a word stands.
    pub(super) fn zone(&self, at: usize) -> Zone {
        self.zones[self.tokens[at].group]
    }

    /// The words that stand together with that one, itself included.
    pub(super) fn group(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let group = self.tokens[at].group;
        (0..self.tokens.len()).filter(move |&other| self.tokens[other].group == group)
    }

    /// Whether it has no notes.
    pub(super) fn is_one_group(&self) -> bool {
        self.zones.len() == 1
    }

    /// Whether both are the same words in the same order.
    pub(super) fn is_equal(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Versions it speaks of, wherever.
    pub(super) fn versions(&self) -> Vec<Version> {
        (0..self.len())
            .filter_map(|at| match meaning(self.word_before(at), self.word(at)) {
                Some(Meaning::Version(version)) => Some(version),
                _ => None,
            })
            .collect()
    }

    /// Its words but the credits, with blanks.
    pub(super) fn words_without_credits(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for at in (0..self.len()).filter(|&at| self.zone(at) != Zone::Credit) {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(self.word(at));
        }
        out
    }

    /// The name of the song alone; the whole where there is no name outside of brackets.
    pub(super) fn name(&self) -> String {
        let mut name = String::with_capacity(self.text.len());
        for at in (0..self.len()).filter(|&at| self.zone(at) == Zone::Name) {
            name.push_str(self.word(at));
        }
        if name.is_empty() {
            self.text.replace(' ', "")
        } else {
            name
        }
    }

    /// All its words but the credits, without blanks.
    pub(super) fn without_credits(&self) -> String {
        (0..self.len())
            .filter(|&at| self.zone(at) != Zone::Credit)
            .map(|at| self.word(at))
            .collect()
    }
}

enum Mark {
    Dash,
    /// With the character that closes it.
    Open(char),
}

/// The next bracket or dash: where, how many bytes, which.
fn next_mark(text: &str) -> Option<(usize, usize, Mark)> {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let close = match c {
            '(' => Some(')'),
            '[' => Some(']'),
            '{' => Some('}'),
            '（' => Some('）'),
            '【' => Some('】'),
            '〔' => Some('〕'),
            _ => None,
        };
        if let Some(close) = close {
            return Some((at, c.len_utf8(), Mark::Open(close)));
        }
        let behind = || text[at + c.len_utf8()..].starts_with(' ');
        if matches!(c, '-' | '–' | '—' | '|') && before == ' ' && at > 0 && behind() {
            return Some((at, c.len_utf8() + 1, Mark::Dash));
        }
        before = c;
    }
    None
}

/// What opens a credit behind a bracket.
const IN_BRACKETS: [&str; 8] = [
    "feat. ",
    "feat ",
    "ft. ",
    "ft ",
    "featuring ",
    "with ",
    "prod. ",
    "prod by ",
];
/// What opens one without: only the dotted and the long forms, because "feat" and "ft" are
/// words.
const IN_THE_OPEN: [&str; 3] = ["feat. ", "ft. ", "featuring "];

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Where the names begin, if it is a credit.
fn credit_in_brackets(inside: &str) -> Option<usize> {
    IN_BRACKETS
        .iter()
        .find(|word| starts_with(inside, word))
        .map(|word| word.len())
}

/// Where the credit begins, and where its names do.
fn credit_in_the_open(part: &str) -> Option<(usize, usize)> {
    part.match_indices(' ').find_map(|(at, _)| {
        let behind = &part[at + 1..];
        let word = IN_THE_OPEN.iter().find(|word| starts_with(behind, word))?;
        (at > 0).then_some((at, at + 1 + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(title: &str) -> String {
        let parsed = Title::new(title, None);
        let words = (0..parsed.len()).map(|at| {
            let sign = match parsed.zone(at) {
                Zone::Name => "",
                Zone::Brackets => "(",
                Zone::Dash => "-",
                Zone::Credit => "+",
            };
            format!("{sign}{}", parsed.word(at))
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_title_falls_into_its_name_and_its_notes() {
        for (title, expected) in [
            ("Song", "song"),
            (
                "Song (Live) [With Bob] (ft. Ann)",
                "song (live +with +bob +ft +ann",
            ),
            ("Song - 2011 Remaster", "song -2011 -remaster"),
            ("Song feat. Bob (Live)", "song +feat +bob (live"),
            ("Ann ft. Bob - Song", "ann +ft +bob -song"),
            ("(I Can't) Song", "(i (cant song"),
            ("Song (unclosed", "song (unclosed"),
            ("Light as a Feather", "light as a feather"),
            ("Six ft Under", "six ft under"),
            ("Well-Known", "well known"),
            ("曲【ライブ】", "曲 (ライブ"),
            ("???", "???"),
            // Letters that grow and shrink in lower case and move what is behind them.
            ("Ⱥ\u{212a}Ⱥ Séa featuring Bob", "ⱥkⱥ sea +featuring +bob"),
        ] {
            assert_eq!(shown(title), expected, "{title}");
        }
    }
}
