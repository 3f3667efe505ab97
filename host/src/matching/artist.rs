//! Is it by whom it should be? Any credited artist will do, under any of his names; another
//! name that only contains his will not.

use super::aliases::Aliases;
use super::normalize::push_normalized;
use super::reason::Doubt;
use super::words::{is_near, is_transliteration};

/// A name in the form in which names are compared.
#[derive(Clone, Debug)]
pub(super) struct Name {
    /// Words without article.
    text: String,
    /// The same without blanks.
    compact: String,
    alias: Option<usize>,
}

impl Name {
    /// Reads a name, without the user's aliases.
    pub(super) fn new(raw: &str) -> Self {
        Self::read(raw, &Aliases::default())
    }

    /// Reads a name.
    fn read(raw: &str, aliases: &Aliases) -> Self {
        let mut text = String::with_capacity(raw.len());
        push_normalized(&mut text, raw);
        if text.is_empty() {
            text = raw.trim().to_lowercase();
        }
        let mut bare = text.as_str();
        for article in ["the ", "die ", "les ", "los ", "las "] {
            bare = bare.strip_prefix(article).unwrap_or(bare);
        }
        bare = bare.strip_suffix(" the").unwrap_or(bare);
        let text = if bare.contains(" n ") {
            bare.replace(" n ", " and ")
        } else {
            bare.to_owned()
        };
        let compact = text.replace(' ', "");
        let alias = aliases.row(&compact);
        Self {
            text,
            compact,
            alias,
        }
    }

    /// Its words.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ')
    }

    /// Without blanks.
    pub(super) fn compact(&self) -> &str {
        &self.compact
    }

    fn is_one_word(&self) -> bool {
        !self.text.contains(' ')
    }
}

/// Everybody credited on one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Credits {
    /// As they are written, each with the names it may be made of.
    entries: Vec<Entry>,
    aliases: Aliases,
}

#[derive(Clone, Debug)]
struct Entry {
    whole: Name,
    /// Empty when it is one name.
    parts: Vec<Name>,
    /// Whether the parts are people and not words of one name: `Ann Example & Bob`, and not
    /// `Earth, Wind & Fire`.
    of_people: bool,
}

/// Names of nobody.
const NOBODY: [&str; 8] = [
    "variousartists",
    "various",
    "va",
    "unknownartist",
    "unknown",
    "diverse",
    "verschiedene",
    "varios",
];

/// Whether that is the name of nobody, normalised and without blanks.
pub(super) fn is_nobody(compact: &str) -> bool {
    NOBODY.contains(&compact)
}

impl Credits {
    /// Nobody yet, for names that may have those others.
    pub(super) fn knowing(aliases: &Aliases) -> Self {
        Self {
            entries: Vec::new(),
            aliases: aliases.clone(),
        }
    }

    /// Adds a name as it is written; names of nobody are left out.
    pub(super) fn add(&mut self, raw: &str) {
        let whole = Name::read(raw, &self.aliases);
        if whole.compact.is_empty() || is_nobody(&whole.compact) {
            return;
        }
        let raw_parts = parts(raw);
        let of_people = raw_parts.iter().any(|part| {
            let part = part.trim();
            part.contains(' ') || part.to_lowercase().starts_with("the ")
        });
        let parts = raw_parts
            .into_iter()
            .map(|part| Name::read(part, &self.aliases))
            .filter(|name| !name.compact.is_empty() && !is_nobody(&name.compact))
            .collect();
        self.entries.push(Entry {
            whole,
            parts,
            of_people,
        });
    }

    /// Nobody is named.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All names, whole and in parts.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.entries
            .iter()
            .flat_map(|entry| std::iter::once(&entry.whole).chain(&entry.parts))
    }

    /// Who stands for himself: parts where there are some.
    fn people(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().flat_map(|entry| {
            let whole = entry.parts.is_empty().then_some(&entry.whole);
            whole.into_iter().chain(&entry.parts)
        })
    }
}

/// What stands between names in one text.
const BETWEEN: [&str; 20] = [
    ", ",
    " & ",
    " and ",
    " + ",
    " / ",
    "/",
    ";",
    " feat. ",
    " feat ",
    " ft. ",
    " ft ",
    " featuring ",
    " x ",
    " vs. ",
    " vs ",
    " with ",
    " presents ",
    " y ",
    " und ",
    " - ",
];

/// The names a text may be made of; empty when it is one.
fn parts(raw: &str) -> Vec<&str> {
    if !raw.contains([' ', ',', '/', ';']) {
        return Vec::new();
    }
    let mut parts = vec![raw];
    for between in BETWEEN {
        if !contains(raw, between) {
            continue;
        }
        parts = parts
            .into_iter()
            .flat_map(|part| split(part, between))
            .collect();
    }
    // `Hank Williams, Jr.` is one man, and not his father.
    let is_of_a_name = |part: &&str| {
        matches!(
            part.trim().to_lowercase().as_str(),
            "jr." | "jr" | "sr." | "sr"
        )
    };
    if parts.len() < 2 || parts.iter().any(is_of_a_name) {
        Vec::new()
    } else {
        parts
    }
}

fn contains(text: &str, word: &str) -> bool {
    find(text, word).is_some()
}

/// `word` begins with a blank or a sign, so that most places are passed by after one byte.
fn find(text: &str, word: &str) -> Option<usize> {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    text.windows(word.len())
        .position(|window| window[0] == word[0] && window.eq_ignore_ascii_case(word))
}

fn split<'a>(part: &'a str, between: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = part;
    while let Some(at) = find(rest, between) {
        found.push(&rest[..at]);
        rest = &rest[at + between.len()..];
    }
    found.push(rest);
    found
}

/// How well two names agree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Agreement {
    pub(super) score: f64,
    pub(super) doubt: Option<Doubt>,
}

impl Agreement {
    const fn sure(score: f64) -> Option<Self> {
        Some(Self { score, doubt: None })
    }

    const fn doubtful(score: f64, doubt: Doubt) -> Option<Self> {
        Some(Self {
            score,
            doubt: Some(doubt),
        })
    }

    fn better(left: Option<Self>, right: Option<Self>) -> Option<Self> {
        match (left, right) {
            (Some(a), Some(b)) => Some(if b.rank() > a.rank() { b } else { a }),
            (one, other) => one.or(other),
        }
    }

    fn rank(self) -> (bool, f64) {
        (self.doubt.is_none(), self.score)
    }
}

/// The best agreement of anybody wanted with anybody credited; `None`: somebody else.
pub(super) fn agreement(wanted: &Credits, have: &Credits) -> Option<Agreement> {
    let mut best = None;
    for want in &wanted.entries {
        for entry in &have.entries {
            let whole = compare(&want.whole, &entry.whole);
            if whole.is_some_and(|whole| whole.score == 1.0) {
                return whole;
            }
            best = Agreement::better(best, whole);
            for part in &entry.parts {
                best =
                    Agreement::better(best, as_part(compare(&want.whole, part), entry.of_people));
            }
            if !want.of_people {
                continue;
            }
            for part in &want.parts {
                let one_of_them = part.is_one_word() && part.compact.len() < 4;
                let found = compare(part, &entry.whole).filter(|_| !one_of_them);
                best = Agreement::better(best, as_part(found, !part.is_one_word()));
                for other in &entry.parts {
                    best = Agreement::better(
                        best,
                        as_part(compare(part, other), entry.of_people && !part.is_one_word()),
                    );
                }
            }
        }
    }
    best
}

/// One name among several costs a little, and is sure only where they are people.
fn as_part(found: Option<Agreement>, sure: bool) -> Option<Agreement> {
    let found = found?;
    Some(Agreement {
        score: found.score * 0.97,
        doubt: found.doubt.or((!sure).then_some(Doubt::Member)),
    })
}

fn compare(want: &Name, have: &Name) -> Option<Agreement> {
    if want.compact == have.compact {
        return Agreement::sure(1.0);
    }
    if want.alias.is_some() && want.alias == have.alias {
        return Agreement::sure(0.98);
    }
    if same_words(want, have) {
        return Agreement::sure(0.98);
    }
    if is_ensemble_of(want, have) || is_ensemble_of(have, want) {
        return Agreement::sure(0.95);
    }
    if is_surname(&have.text, want) {
        return Agreement::doubtful(0.85, Doubt::ArtistSpelling);
    }
    if is_name_near(&want.compact, &have.compact) {
        return Agreement::doubtful(0.9, Doubt::ArtistSpelling);
    }
    if is_transliteration(&want.compact, &have.compact) {
        return Agreement::doubtful(0.9, Doubt::Script);
    }
    None
}

/// Names bear a slip that titles do not: nobody else has nearly that name and that song.
fn is_name_near(left: &str, right: &str) -> bool {
    let shared = left.len().max(right.len()) >= 7
        && left.len().abs_diff(right.len()) <= 1
        && left
            .bytes()
            .filter(u8::is_ascii_digit)
            .eq(right.bytes().filter(u8::is_ascii_digit))
        && left.is_ascii()
        && right.is_ascii()
        && rapidfuzz::distance::osa::distance(left.chars(), right.chars()) == 1;
    shared || is_near(left, right)
}

/// `Utada Hikaru` and `Bowie, David`.
fn same_words(left: &Name, right: &Name) -> bool {
    if left.compact.len() != right.compact.len() || left.is_one_word() {
        return false;
    }
    let (mut a, mut b): (Vec<&str>, Vec<&str>) = (left.words().collect(), right.words().collect());
    a.sort_unstable();
    b.sort_unstable();
    a == b
}

/// `Jimi Hendrix` and `The Jimi Hendrix Experience`: the rest only says how many play.
fn is_ensemble_of(one: &Name, many: &Name) -> bool {
    if many.text.len() <= one.text.len() || !many.text.contains(one.text.as_str()) {
        return false;
    }
    let ones: Vec<&str> = one.words().collect();
    let all: Vec<&str> = many.words().collect();
    let Some(at) = all.windows(ones.len()).position(|window| window == ones) else {
        return false;
    };
    let mut rest = all[..at].iter().chain(&all[at + ones.len()..]);
    rest.all(|word| {
        matches!(
            *word,
            "the"
                | "and"
                | "his"
                | "her"
                | "band"
                | "trio"
                | "quartet"
                | "quintet"
                | "sextet"
                | "septet"
                | "octet"
                | "group"
                | "experience"
                | "orchestra"
                | "ensemble"
                | "big"
                | "project"
                | "collective"
                | "friends"
                | "official"
                | "vevo"
                | "topic"
                | "music"
        )
    })
}

/// `Satie` for `Erik Satie`.
fn is_surname(have: &str, want: &Name) -> bool {
    have.len() >= 5
        && !want.is_one_word()
        && !want.words().any(|word| word == "and")
        && want.words().last() == Some(have)
}

/// Whoever plays on the hit and is not wanted, where also somebody is wanted who does not
/// play on it. Composers do not play: two recordings share theirs, and one service names him
/// where another does not.
pub(super) fn other_guests(
    wanted: &Credits,
    have: &Credits,
    heard_of: impl Fn(&Name) -> bool,
) -> Option<String> {
    let players = |credits: &Credits| credits.people().filter(|name| !is_composer(name)).count();
    let all = |credits: &Credits| credits.people().count();
    if all(wanted) < 2 || all(have) < 2 || players(wanted) == 0 || players(have) == 0 {
        return None;
    }
    if strangers(wanted, have, &heard_of).is_empty() {
        return None;
    }
    let strangers = strangers(have, wanted, &heard_of);
    (!strangers.is_empty()).then(|| strangers.join(", "))
}

/// Who plays on one side alone.
fn strangers<'a>(
    on: &'a Credits,
    other: &Credits,
    heard_of: impl Fn(&Name) -> bool,
) -> Vec<&'a str> {
    let known = |name: &Name| {
        let same = |with: &Name| {
            compare(name, with)
                .or_else(|| compare(with, name))
                .is_some()
        };
        other.names().any(same)
    };
    let unknown = on.entries.iter().filter(|entry| !known(&entry.whole));
    unknown
        .flat_map(|entry| {
            let whole = entry.parts.is_empty().then_some(&entry.whole);
            whole.into_iter().chain(&entry.parts)
        })
        .filter(|name| !is_composer(name) && !known(name) && !heard_of(name))
        .map(|name| name.text.as_str())
        .collect()
}

/// Surnames that stand for a composer whoever plays.
const COMPOSERS: [&str; 48] = [
    "albinoni",
    "bach",
    "bartok",
    "beethoven",
    "berlioz",
    "bizet",
    "brahms",
    "britten",
    "bruckner",
    "chopin",
    "corelli",
    "debussy",
    "dvorak",
    "elgar",
    "faure",
    "gershwin",
    "grieg",
    "handel",
    "haydn",
    "holst",
    "janacek",
    "liszt",
    "mahler",
    "mendelssohn",
    "monteverdi",
    "mozart",
    "mussorgsky",
    "pachelbel",
    "paganini",
    "prokofiev",
    "puccini",
    "purcell",
    "rachmaninoff",
    "rachmaninov",
    "ravel",
    "rossini",
    "satie",
    "scarlatti",
    "schubert",
    "schumann",
    "shostakovich",
    "sibelius",
    "smetana",
    "stravinsky",
    "tchaikovsky",
    "telemann",
    "verdi",
    "vivaldi",
];

fn is_composer(name: &Name) -> bool {
    name.words()
        .last()
        .is_some_and(|last| COMPOSERS.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credits(names: &[&str]) -> Credits {
        let mut credits = Credits::default();
        names.iter().for_each(|name| credits.add(name));
        credits
    }

    #[test]
    fn a_name_agrees_in_its_spellings_and_not_with_longer_names() {
        for (want, have, doubt) in [
            ("The Beatles", "Beatles, The", Some(None)),
            ("David Bowie", "Bowie, David", Some(None)),
            ("Jimi Hendrix", "The Jimi Hendrix Experience", Some(None)),
            ("Prince", "Prince & The Revolution", Some(None)),
            ("Kanye West", "Ye", Some(None)),
            ("Guns N' Roses", "Guns and Roses", Some(None)),
            ("Erik Satie", "Satie", Some(Some(Doubt::ArtistSpelling))),
            ("Кино", "Kino", Some(Some(Doubt::Script))),
            ("Drake", "Drake & Future", Some(Some(Doubt::Member))),
            ("Queen", "Queen Latifah", None),
            ("Queen", "Queens of the Stone Age", None),
            ("Hank Williams", "Hank Williams, Jr.", None),
            ("Nas", "Lil Nas", None),
            ("U2", "U3", None),
            ("Blink-182", "Blink-183", None),
            ("Earth, Wind & Fire", "Fire", None),
            ("Simon & Garfunkel", "Simon", None),
        ] {
            let found = agreement(&credits(&[want]), &credits(&[have]));
            assert_eq!(found.map(|found| found.doubt), doubt, "{want} / {have}");
        }
    }

    #[test]
    fn other_guests_are_another_recording_and_more_of_them_are_not() {
        let wanted = credits(&["Ann Example", "Bob Other"]);
        let bands = (
            credits(&["Paper & The Kites"]),
            credits(&["Dusk & The Kites"]),
        );
        assert!(other_guests(&bands.0, &bands.1, |_| false).is_some());
        for (have, other) in [
            (&["Ann Example", "Carl Third"][..], true),
            (&["Ann Example"], false),
            (&["Ann Example", "Bob Other", "Carl Third"], false),
            (&["Ann Example & Bob Other"], false),
        ] {
            let found = other_guests(&wanted, &credits(have), |_| false);
            assert_eq!(found.is_some(), other, "{have:?}");
        }
    }
}
