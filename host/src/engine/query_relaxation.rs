//! In which words a track is asked for: the most specific first, then with less and less, and
//! never so little that half a catalog would answer. Sources that shape their own queries get
//! the first rung only.
//!
//! One word such as `Alone` opens thousands of connections in a peer-to-peer network and finds
//! nothing there that a better question would not have found; a title is asked for alone only
//! when it is specific by itself, or when nobody is known who performs it.

use musicdl_plugin_api::{Query, TargetKind};

use crate::music::Track;

/// The least words, or letters in one word, with which a title is asked for alone.
const WORDS_ALONE: usize = 2;
const LETTERS_ALONE: usize = 9;

/// What opens a credit.
const CREDITS: [&str; 5] = ["feat. ", "feat ", "ft. ", "featuring ", "with "];
/// Words that in brackets or after a dash say which cut or print it is. A live recording or a
/// remix is another recording, and those words stay.
const PRINTS: [&str; 12] = [
    "remaster",
    "remastered",
    "deluxe",
    "edition",
    "anniversary",
    "expanded",
    "bonus",
    "album version",
    "single version",
    "original mix",
    "mono",
    "stereo",
];

/// The queries for a track, in the order in which they are made. Mostly the first is enough.
pub(super) fn queries(track: &Track, limit: u32) -> impl Iterator<Item = Query> + Send + use<> {
    let facts = Query {
        kind: TargetKind::TRACK,
        title: Some(track.title.clone()),
        artists: track.artists.clone(),
        album: track.album.clone(),
        album_artist: track.album_artist.clone(),
        duration_ms: track.duration_ms,
        isrc: track.isrc.as_ref().map(|isrc| isrc.as_str().to_owned()),
        recording_mbid: track.recording_mbid.clone(),
        track_number: track.track_number,
        disc_number: track.disc_number,
        year: track.year(),
        explicit: track.explicit,
        limit,
        ..Query::default()
    };
    texts(track).into_iter().map(move |text| Query {
        text,
        ..facts.clone()
    })
}

/// A title without what says which print or edition it is, and without credits.
pub(super) fn bare(title: &str) -> String {
    without(title, |part| is_credit(part) || is_print(part))
}

/// The words of each rung; never empty, none twice.
fn texts(track: &Track) -> Vec<String> {
    let title = track.title.trim();
    let without_credits = without(title, is_credit);
    let bare = bare(title);
    let artist = track
        .artist()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let mut rungs: Vec<String> = Vec::new();
    let mut add = |text: String| {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let known = |rung: &String| rung.to_lowercase() == text.to_lowercase();
        if !text.is_empty() && !rungs.iter().any(known) {
            rungs.push(text);
        }
    };
    // A title in another script is found under its own letters or not at all, and is rarely
    // shared: services spell the artist's name in theirs.
    if is_foreign(title) {
        add(title.to_owned());
    }
    match artist {
        Some(artist) => {
            add(format!("{artist} {title}"));
            add(format!("{artist} {without_credits}"));
            add(format!("{artist} {bare}"));
            if is_specific(&bare) {
                add(bare);
            }
        }
        // Less cannot be asked, and more is not known.
        None => {
            add(title.to_owned());
            add(bare);
        }
    }
    if rungs.is_empty() {
        rungs.push(track.title.clone());
    }
    rungs
}

/// Most letters are neither Latin nor marks on Latin letters.
fn is_foreign(text: &str) -> bool {
    let letters = text.chars().filter(|letter| letter.is_alphabetic());
    let (latin, others): (Vec<char>, Vec<char>) = letters.partition(|letter| *letter < '\u{250}');
    others.len() > latin.len()
}

/// Specific enough to be asked for without an artist.
fn is_specific(title: &str) -> bool {
    let words = title.split_whitespace();
    let long = |word: &str| word.chars().count() > 2;
    let letters = title
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .count();
    words.filter(|word| long(word)).count() >= WORDS_ALONE || letters >= LETTERS_ALONE
}

fn is_credit(part: &str) -> bool {
    CREDITS.iter().any(|credit| part.starts_with(credit))
}

fn is_print(part: &str) -> bool {
    let words: Vec<&str> = part.split(|c: char| !c.is_alphanumeric()).collect();
    PRINTS
        .iter()
        .any(|print| part == *print || words.contains(print))
}

/// A title without the parts in brackets, or after a dash, that are `of no use`. They are
/// shown in lower case. What is left is never empty.
fn without(title: &str, of_no_use: impl Fn(&str) -> bool) -> String {
    let mut kept = String::new();
    let mut rest = title;
    while let Some(open) = rest.find(['(', '[']) {
        let closing = if rest[open..].starts_with('(') {
            ')'
        } else {
            ']'
        };
        let Some(length) = rest[open..].find(closing) else {
            break;
        };
        let (before, part, after) = (
            &rest[..open],
            &rest[open + 1..open + length],
            &rest[open + length + 1..],
        );
        kept.push_str(before);
        if !of_no_use(part.trim().to_lowercase().as_str()) {
            kept.push_str(&rest[open..=open + length]);
        }
        rest = after;
    }
    kept.push_str(rest);
    while let Some((before, after)) = kept.rsplit_once(" - ") {
        if !of_no_use(after.trim().to_lowercase().as_str()) {
            break;
        }
        kept = before.to_owned();
    }
    // Without brackets a credit goes to the end.
    let lower = kept.to_lowercase();
    let same_length = lower.len() == kept.len();
    let credit = [" feat. ", " ft. ", " featuring "]
        .iter()
        .filter_map(|credit| lower.find(credit))
        .min()
        .filter(|at| *at > 0 && same_length && of_no_use(&lower[at + 1..]));
    if let Some(at) = credit {
        kept.truncate(at);
    }
    let kept = kept.trim();
    if kept.is_empty() {
        title.to_owned()
    } else {
        kept.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TrackId;

    fn asked(artist: &str, title: &str) -> Vec<String> {
        let track = Track {
            artists: [artist.to_owned()]
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect(),
            ..Track::new(TrackId::text("x"), title)
        };
        queries(&track, 10).map(|query| query.text).collect()
    }

    #[test]
    fn less_and_less_is_asked_for_and_never_too_little() {
        for (artist, title, expected) in [
            (
                "Ann",
                "Bluebird Song",
                &["Ann Bluebird Song", "Bluebird Song"][..],
            ),
            // One short word would find everything.
            ("Ann", "Alone", &["Ann Alone"]),
            ("Ann", "One", &["Ann One"]),
            ("Ann", "It Is", &["Ann It Is"]),
            (
                "Ann",
                "Supercalifragilistic",
                &["Ann Supercalifragilistic", "Supercalifragilistic"],
            ),
            (
                "Ann",
                "Alone (feat. Bob) - 2011 Remaster",
                &[
                    "Ann Alone (feat. Bob) - 2011 Remaster",
                    "Ann Alone - 2011 Remaster",
                    "Ann Alone",
                ],
            ),
            (
                "Ann",
                "Alone [Deluxe Edition]",
                &["Ann Alone [Deluxe Edition]", "Ann Alone"],
            ),
            ("Ann", "Alone ft. Bob", &["Ann Alone ft. Bob", "Ann Alone"]),
            // Another recording: the word stays on every rung.
            ("Ann", "Alone (Live)", &["Ann Alone (Live)", "Alone (Live)"]),
            (
                "Ann",
                "Alone - Remix",
                &["Ann Alone - Remix", "Alone - Remix"],
            ),
            // A name, not a credit and not a print.
            (
                "Ann",
                "Light as a Feather",
                &["Ann Light as a Feather", "Light as a Feather"],
            ),
            ("Ann", "(Remastered)", &["Ann (Remastered)", "(Remastered)"]),
            ("Ann", "Stereo", &["Ann Stereo"]),
            ("", "Alone", &["Alone"]),
            (
                "",
                "Alone (2011 Remaster)",
                &["Alone (2011 Remaster)", "Alone"],
            ),
        ] {
            assert_eq!(asked(artist, title), expected, "{artist} - {title}");
        }
    }

    #[test]
    fn a_title_in_another_script_is_asked_for_as_it_is_first() {
        assert_eq!(asked("Utada Hikaru", "光"), ["光", "Utada Hikaru 光"]);
        assert_eq!(
            asked("Кино", "Группа крови"),
            ["Группа крови", "Кино Группа крови"]
        );
        assert_eq!(asked("Björk", "Jóga")[0], "Björk Jóga");
    }

    #[test]
    fn whatever_the_title_there_is_something_to_ask_for() {
        for title in ["", " ", "(", "()", " - ", "[feat. Bob]", "İ feat. Bob"] {
            assert!(!asked("Ann", title).is_empty(), "{title:?}");
            assert!(!asked("", title).is_empty(), "{title:?}");
        }
    }
}
