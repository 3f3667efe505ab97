//! Albums: whether two are the same one in two editions, and which version of its songs an
//! album has by its name.

use super::title::{Title, Zone};
use super::vocabulary::{Meaning, Version, meaning, versions_of_album};
use super::words::{is_near, is_plain_number};

/// An album's name in the form in which it is compared.
#[derive(Clone, Debug, Default)]
pub(super) struct Album {
    title: Title,
    /// Without blanks and without what only says which edition it is.
    key: String,
    /// Versions it is full of: live, remixes.
    pub(super) versions: Vec<Version>,
}

impl Album {
    /// Reads a name. `artist` are words of the artist's name, which may stand before `live`.
    pub(super) fn new(name: &str, artist: &[&str]) -> Self {
        let title = Title::new(name, None);
        let all: Vec<usize> = (0..title.len()).collect();
        let words: Vec<&str> = all.iter().map(|&at| title.word(at)).collect();
        let notes: Vec<&str> = all
            .iter()
            .filter(|&&at| title.zone(at) != Zone::Name)
            .map(|&at| title.word(at))
            .collect();
        let versions = versions_of_album(&words, artist, &notes);
        let kept = all.iter().filter(|&&at| !tells_the_edition(&title, at));
        let mut key: String = kept.map(|&at| title.word(at)).collect();
        if key.is_empty() {
            key = title.name();
        }
        Self {
            key,
            versions,
            title,
        }
    }

    /// Whether the album has that word in its name.
    pub(super) fn has(&self, word: &str) -> bool {
        (0..self.title.len()).any(|at| self.title.word(at) == word)
    }

    /// The words of its name.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        (0..self.title.len()).map(|at| self.title.word(at))
    }

    /// 1 for the same album in any edition, less the more the names differ.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        if self.is_same(other) {
            return 1.0;
        }
        OTHER_ALBUM.max(0.8 * rapidfuzz::fuzz::ratio(self.key.chars(), other.key.chars()))
    }

    /// Whether it is the same album in any edition.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.key == other.key || (self.key.len() >= 8 && is_near(&self.key, &other.key))
    }
}

/// Songs are on many albums: another one costs something and never all.
const OTHER_ALBUM: f64 = 0.3;

/// `(Deluxe Edition)`, `[2011 Remaster]`, ` - Single`, `1999 - `: no part of the name.
fn tells_the_edition(title: &Title, at: usize) -> bool {
    let mut is_edition = false;
    let mut is_number = true;
    for other in title.group(at) {
        let word = title.word(other);
        is_edition |= matches!(
            meaning(title.word_before(other), word),
            Some(Meaning::Print | Meaning::Explicit(_))
        ) || matches!(
            word,
            "single" | "ep" | "remasters" | "expanded" | "reissue" | "flac" | "mp3" | "vinyl"
        );
        is_number &= is_plain_number(word);
    }
    if title.is_one_group() {
        // `First Album Remastered`: only the word itself is dropped.
        let print = meaning(title.word_before(at), title.word(at)) == Some(Meaning::Print);
        return print || matches!(title.word(at), "the");
    }
    match title.zone(at) {
        Zone::Name => is_number || title.word(at) == "the",
        Zone::Brackets | Zone::Dash | Zone::Credit => is_edition || is_number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_one_album() {
        let album = |name| Album::new(name, &["ann"]);
        for (left, right, same) in [
            ("First Album", "First Album (Deluxe Edition)", true),
            ("First Album", "1999 - First Album [FLAC]", true),
            ("First Album", "First Album (2011 Remaster)", true),
            ("First Album", "The First Album", true),
            ("Bluebird", "Bluebird - Single", true),
            ("First Album", "Second Album", false),
            ("1999", "1999 (Deluxe)", true),
            ("1999", "1989", false),
        ] {
            assert_eq!(album(left).is_same(&album(right)), same, "{left} / {right}");
        }
    }

    #[test]
    fn an_album_is_live_where_its_name_says_so_and_not_where_it_has_the_word() {
        for (name, live) in [
            ("Live in Leeds", true),
            ("Leeds (Live)", true),
            ("MTV Unplugged in New York", true),
            ("The Köln Concert", true),
            ("Ann Live", true),
            ("Live Through This", false),
            ("Long Live the King", false),
            ("Alive", false),
        ] {
            let versions = Album::new(name, &["ann"]).versions;
            assert_eq!(versions.contains(&Version::Live), live, "{name}");
        }
    }
}
