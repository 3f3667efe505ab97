//! Two titles, word by word. Words that both have cancel out, wherever they stand; what is
//! left over on either side decides: nothing, a doubt, another version, another song. So a
//! word such as `live` is judged only outside the names it is part of, and the same way on
//! both sides.

use super::album::Album;
use super::artist::Name;
use super::reason::{Doubt, Refusal};
use super::title::{Title, Zone};
use super::vocabulary::{Meaning, Version, meaning, names_the_usual_version, repeats_version};
use super::words::{is_near, is_plain_number, is_same_word, is_transliteration, is_year};

/// What surrounds a comparison.
pub(super) struct Around<'a> {
    /// Everybody wanted, whole and in parts.
    pub(super) names: &'a [Name],
    pub(super) wanted_album: Option<&'a Album>,
    pub(super) hit_album: Option<&'a Album>,
    /// Both are known and the same.
    pub(super) same_album: bool,
    /// Names were read from a path or from the title of a video: who plays and what it is
    /// from stands in the title, too.
    pub(super) derived: bool,
    /// Nobody is credited, so that the title may name him.
    pub(super) nameless: bool,
}

/// What comparing two titles came to.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// 0 to 1.
    pub(super) score: f64,
    pub(super) doubts: Vec<Doubt>,
    /// A wanted artist stands in the hit's title.
    pub(super) names_artist: bool,
    /// Whether the hit's title says explicit or clean.
    pub(super) explicit: Option<bool>,
    /// One side says remaster, mono, deluxe and the like, the other does not.
    pub(super) other_print: bool,
    pub(super) refusal: Option<Refusal>,
}

const PER_DOUBT: f64 = 0.08;
const OTHER_PRINT: f64 = 0.04;

/// Words of one title that the other lacks.
struct LeftOver<'a> {
    title: &'a Title,
    at: Vec<usize>,
}

/// What they are.
#[derive(Default)]
struct Sorted<'a> {
    versions: Vec<(Version, &'a str)>,
    /// Of a version that the other side has too: where, by whom.
    details: Vec<&'a str>,
    numbers: Vec<&'a str>,
    name: Vec<&'a str>,
    notes: Vec<&'a str>,
    lone_year: Option<&'a str>,
    print: bool,
    explicit: Option<bool>,
}

/// Compares a wanted title with a hit's.
pub(super) fn compare(wanted: &Title, hit: &Title, around: &Around<'_>) -> Comparison {
    if wanted.is_equal(hit) {
        return Comparison {
            score: 1.0,
            ..Comparison::default()
        };
    }
    let mut comparison = Comparison::default();
    let (ours, mut theirs) = cancel(wanted, hit, &mut comparison);
    if around.derived || around.nameless {
        comparison.names_artist = take_names(&mut theirs, around);
    }
    let mine = sort(&ours, around, false);
    let other = sort(&theirs, around, true);
    comparison.explicit = other.explicit;
    comparison.other_print = mine.print != other.print || (mine.print && !ours.at.is_empty());
    comparison.refusal = judge(&mine, &other, hit, &mut comparison.doubts);
    let is_in_question = comparison.refusal.is_some() || !comparison.doubts.is_empty();
    if is_in_question && wanted.without_credits() == hit.without_credits() {
        // `Blue Bird` and `Bluebird`.
        comparison.refusal = None;
        comparison.doubts.clear();
    }
    let doubts = comparison.doubts.len() as f64;
    let print = if comparison.other_print {
        OTHER_PRINT
    } else {
        0.0
    };
    comparison.score = match comparison.refusal {
        None => 1.0 - PER_DOUBT * doubts - print,
        Some(_) => rapidfuzz::fuzz::ratio(wanted.name().chars(), hit.name().chars()).min(0.9),
    };
    comparison
}

/// Takes away what both have.
fn cancel<'a>(
    wanted: &'a Title,
    hit: &'a Title,
    comparison: &mut Comparison,
) -> (LeftOver<'a>, LeftOver<'a>) {
    let mut taken = vec![false; hit.len()];
    let mut ours = Vec::new();
    let mut next = 0;
    let mut out_of_order = false;
    for at in 0..wanted.len() {
        let word = wanted.word(at);
        let ahead = (next..hit.len()).chain(0..next);
        let mut found = ahead.filter(|&there| !taken[there] && is_same_word(word, hit.word(there)));
        match found.next() {
            Some(there) => {
                taken[there] = true;
                let names = wanted.zone(at) == Zone::Name && hit.zone(there) == Zone::Name;
                out_of_order |= names && there < next;
                next = there + 1;
            }
            None => ours.push(at),
        }
    }
    let mut theirs: Vec<usize> = (0..hit.len()).filter(|&at| !taken[at]).collect();
    if out_of_order {
        comparison.doubts.push(Doubt::Order);
    }
    ours.retain(|&at| {
        let near = theirs
            .iter()
            .position(|&there| is_near(wanted.word(at), hit.word(there)));
        if let Some(near) = near {
            theirs.remove(near);
            doubt(&mut comparison.doubts, Doubt::Spelling);
        }
        near.is_none()
    });
    (
        LeftOver {
            title: wanted,
            at: ours,
        },
        LeftOver {
            title: hit,
            at: theirs,
        },
    )
}

fn doubt(doubts: &mut Vec<Doubt>, one: Doubt) {
    if !doubts.contains(&one) {
        doubts.push(one);
    }
}

/// Takes names of wanted artists and words of the album out of what is left of a derived
/// title; says whether somebody wanted was there.
fn take_names(theirs: &mut LeftOver<'_>, around: &Around<'_>) -> bool {
    let mut found = false;
    for name in around.names {
        found |= take_run(theirs, &name.words().collect::<Vec<_>>());
    }
    for album in [around.wanted_album, around.hit_album]
        .into_iter()
        .flatten()
    {
        take_run(theirs, &album.words().collect::<Vec<_>>());
    }
    found
}

/// Takes neighbouring words out; says whether they were there.
fn take_run(from: &mut LeftOver<'_>, words: &[&str]) -> bool {
    let title = from.title;
    let at = from.at.windows(words.len().max(1)).position(|window| {
        window.len() == words.len()
            && window
                .iter()
                .zip(words)
                .all(|(&at, word)| title.word(at) == *word)
            && window[window.len() - 1] - window[0] + 1 == words.len()
    });
    if let Some(at) = at {
        from.at.drain(at..at + words.len());
    }
    at.is_some()
}

/// Says of each word that is left over what it is.
fn sort<'a>(left: &LeftOver<'a>, around: &Around<'_>, is_hit: bool) -> Sorted<'a> {
    let mut sorted = Sorted::default();
    let title = left.title;
    for &at in &left.at {
        let (word, before, zone) = (title.word(at), title.word_before(at), title.zone(at));
        if zone == Zone::Credit {
            continue;
        }
        match meaning(before, word) {
            Some(Meaning::Filler) => {}
            Some(Meaning::Print) => sorted.print = true,
            Some(Meaning::Explicit(said)) => sorted.explicit = Some(said),
            Some(Meaning::Upload) if zone != Zone::Name || around.derived => {}
            Some(Meaning::Version(version)) => {
                let usual =
                    matches!(word, "version" | "ver" | "mix") && names_the_usual_version(before);
                let repeated = repeats_version(word) && has_another_version_word(title, at);
                if usual {
                    sorted.print = true;
                } else if !repeated && !is_the_album_s(version, word, around, is_hit) {
                    sorted.versions.push((version, word));
                }
            }
            Some(Meaning::Upload) | None => sort_plain(&mut sorted, left, at, around, is_hit),
        }
    }
    sorted
}

/// A word of every day.
fn sort_plain<'a>(
    sorted: &mut Sorted<'a>,
    left: &LeftOver<'a>,
    at: usize,
    around: &Around<'_>,
    is_hit: bool,
) {
    let title = left.title;
    let (word, zone) = (title.word(at), title.zone(at));
    let group = Group::of(title, at);
    let in_note = zone != Zone::Name;
    if word == "major" || (around.derived && is_position(title, at)) {
        return;
    }
    // `04-ann-bluebird-grp` in `ann-first_album-1999-grp`.
    if in_note && around.derived && is_hit && around.hit_album.is_some_and(|album| album.has(word))
    {
        return;
    }
    if in_note && (group.print || (group.upload && around.derived) || group.origin) {
        sorted.print |= group.print || group.origin;
    } else if in_note && is_usual_version_name(title, at) {
        sorted.print = true;
    } else if is_year(word) && in_note && group.alone {
        sorted.lone_year = Some(word);
    } else if in_note && group.version && (is_year(word) || !is_plain_number(word)) {
        // Where the other side's album says it, nothing is left over.
        if !other_album(around, is_hit).is_some_and(|album| album.has(word)) {
            sorted.details.push(word);
        }
    } else if is_plain_number(word) || is_part_word(word) {
        sorted.numbers.push(word);
    } else if zone == Zone::Brackets || (zone == Zone::Dash && around.derived) {
        sorted.notes.push(word);
    } else {
        sorted.name.push(word);
    }
}

fn is_part_word(word: &str) -> bool {
    matches!(
        word,
        "part" | "parts" | "pt" | "pts" | "vol" | "volume" | "chapter" | "episode"
    )
}

/// `album` of `Album Version`.
fn is_usual_version_name(title: &Title, at: usize) -> bool {
    names_the_usual_version(title.word(at))
        && title
            .group(at)
            .any(|next| next == at + 1 && matches!(title.word(next), "version" | "ver" | "mix"))
}

/// What the words around one say together.
struct Group {
    version: bool,
    print: bool,
    upload: bool,
    /// `from "Titanic"`
    origin: bool,
    alone: bool,
}

impl Group {
    fn of(title: &Title, at: usize) -> Self {
        let mut group = Self {
            version: false,
            print: false,
            upload: false,
            origin: false,
            alone: true,
        };
        let mut first = true;
        for other in title.group(at) {
            let word = title.word(other);
            match meaning(title.word_before(other), word) {
                Some(Meaning::Version(_)) => {
                    let usual = matches!(word, "version" | "ver" | "mix")
                        && names_the_usual_version(title.word_before(other));
                    group.version |= !usual;
                }
                Some(Meaning::Print) => group.print = true,
                Some(Meaning::Upload) => group.upload = true,
                Some(Meaning::Explicit(_) | Meaning::Filler) | None => {}
            }
            group.origin |= first && matches!(word, "from" | "aus");
            group.alone &= other == at;
            first = false;
        }
        // `2005 Remaster; Live`
        group.print &= !group.version;
        group
    }
}

/// `04` before a title, `A2` of a record, a number between two dashes.
fn is_position(title: &Title, at: usize) -> bool {
    let word = title.word(at);
    let digits =
        |word: &str| (1..=3).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit());
    let side = |word: &str| {
        word.len() <= 3 && word.starts_with(['a', 'b', 'c', 'd']) && digits(&word[1..])
    };
    let leads = at == 0 || (at == 1 && digits(title.word(0)));
    let alone = title.group(at).all(|other| digits(title.word(other)));
    (leads && (digits(word) || side(word)) && title.len() > 1)
        || (alone && title.zone(at) != Zone::Brackets && digits(word))
}

/// `Acoustic` and `Acoustic Version`: the word beside it decides.
fn has_another_version_word(title: &Title, at: usize) -> bool {
    title.group(at).any(|other| {
        other != at
            && matches!(
                meaning(title.word_before(other), title.word(other)),
                Some(Meaning::Version(_))
            )
    })
}

/// The version is that of the album both are from, or of the album on the other side.
fn is_the_album_s(version: Version, word: &str, around: &Around<'_>, is_hit: bool) -> bool {
    other_album(around, is_hit).is_some_and(|album| {
        album.versions.contains(&version) || (around.same_album && album.has(word))
    })
}

/// The album of the other side.
fn other_album<'a>(around: &Around<'a>, is_hit: bool) -> Option<&'a Album> {
    if is_hit {
        around.wanted_album
    } else {
        around.hit_album
    }
}

/// What follows from what is left over.
fn judge(
    mine: &Sorted<'_>,
    other: &Sorted<'_>,
    hit: &Title,
    doubts: &mut Vec<Doubt>,
) -> Option<Refusal> {
    let shown = |title: &Title| -> String {
        (0..title.len())
            .map(|at| title.word(at))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let another_title = || Some(Refusal::AnotherTitle { title: shown(hit) });
    let (want, have) = (
        text(&mine.name, &mine.notes),
        text(&other.name, &other.notes),
    );
    let (one, both) = (
        want.is_empty() != have.is_empty(),
        !want.is_empty() && !have.is_empty(),
    );
    let same = both && (want == have || is_near(&want, &have) || is_transliteration(&want, &have));
    let other_song = (both && !same) || (one && !(mine.name.is_empty() && other.name.is_empty()));
    // A song of another name is not called a version of this one.
    if other_song && (!mine.name.is_empty() || !other.name.is_empty()) {
        return another_title();
    }
    if !other.versions.is_empty() {
        return Some(Refusal::AnotherVersion {
            words: sorted_words(&other.versions),
        });
    }
    if !mine.versions.is_empty() {
        return Some(Refusal::NotTheVersion {
            words: sorted_words(&mine.versions),
        });
    }
    if !mine.details.is_empty() && !other.details.is_empty() {
        return Some(Refusal::AnotherVersion {
            words: other.details.iter().map(|&word| word.to_owned()).collect(),
        });
    }
    if !mine.numbers.is_empty() || !other.numbers.is_empty() {
        return Some(another_part(&mine.numbers, &other.numbers));
    }
    if let (Some(want), Some(have)) = (mine.lone_year, other.lone_year) {
        return Some(another_part(&[want], &[have]));
    }
    if other_song {
        return another_title();
    }
    if both && want != have {
        let script = is_transliteration(&want, &have);
        doubt(
            doubts,
            if script {
                Doubt::Script
            } else {
                Doubt::Spelling
            },
        );
    }
    if one && want.is_empty() {
        doubt(doubts, Doubt::Addition);
    } else if one || !mine.details.is_empty() || !other.details.is_empty() {
        doubt(doubts, Doubt::Note);
    }
    None
}

fn text(name: &[&str], notes: &[&str]) -> String {
    name.iter().chain(notes).copied().collect()
}

fn sorted_words(versions: &[(Version, &str)]) -> Vec<String> {
    let mut words: Vec<String> = versions
        .iter()
        .map(|(_, word)| (*word).to_owned())
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

fn another_part(want: &[&str], have: &[&str]) -> Refusal {
    let shown = |numbers: &[&str]| {
        if numbers.is_empty() {
            "none".to_owned()
        } else {
            numbers.join(" ")
        }
    };
    Refusal::AnotherPart {
        have: shown(have),
        want: shown(want),
    }
}
