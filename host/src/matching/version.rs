//! Which performance or cut of a song a title speaks of.

use std::ops::Range;

use super::Normalized;

/// Words that tell one recording of a song from another. `remaster` is none of them: it is
/// the same recording.
const VERSION_WORDS: [&str; 27] = [
    "live",
    "remix",
    "rmx",
    "mix",
    "acoustic",
    "unplugged",
    "instrumental",
    "karaoke",
    "cover",
    "demo",
    "edit",
    "extended",
    "slowed",
    "reverb",
    "sped",
    "nightcore",
    "mashup",
    "bootleg",
    "rework",
    "acapella",
    "orchestral",
    "tribute",
    "parody",
    "8d",
    "medley",
    "session",
    "rehearsal",
];

/// The version words of `text` that `beside` does not have, sorted. `beside` holds words that
/// are part of a name: in "Live Forever" the word is the song's, in an album "Unplugged" the
/// album's.
pub(super) fn version_words<'a>(text: &'a Normalized, beside: &[&Normalized]) -> Vec<&'a str> {
    let mut found: Vec<&str> = text
        .words()
        .filter(|word| VERSION_WORDS.contains(word))
        .filter(|word| !beside.iter().any(|other| other.words().any(|w| w == *word)))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What opens a credit behind a bracket.
const IN_BRACKETS: [&str; 6] = ["feat. ", "feat ", "ft. ", "ft ", "featuring ", "with "];

/// What opens one without: only the dotted and the long forms, because "feat" and "ft" are
/// words.
const IN_THE_OPEN: [&str; 3] = ["feat. ", "ft. ", "featuring "];

/// A title without its credits: `Song (feat. Bob)` and `Song ft. Bob` are `Song`.
pub(super) fn without_credits(title: &str) -> String {
    let mut rest = title.to_owned();
    // Positions in a text and in its ASCII lower case are the same.
    let mut lower = title.to_ascii_lowercase();
    while let Some(credit) = credit_in_brackets(&lower) {
        rest.replace_range(credit.clone(), "");
        lower.replace_range(credit, "");
    }
    let credit = |start: &usize| {
        IN_THE_OPEN
            .iter()
            .any(|word| lower[*start + 1..].starts_with(word))
    };
    let mut spaces = lower.match_indices(' ').map(|(start, _)| start);
    if let Some(start) = spaces.find(|start| *start > 0 && credit(start)) {
        rest.truncate(start);
    }
    rest
}

/// The first credit in brackets, with the space before it.
fn credit_in_brackets(lower: &str) -> Option<Range<usize>> {
    lower
        .match_indices(['(', '['])
        .find_map(|(start, bracket)| {
            let inside = &lower[start + 1..];
            let opens = IN_BRACKETS.iter().any(|word| inside.starts_with(word));
            let closing = if bracket == "(" { ')' } else { ']' };
            let end = || {
                inside
                    .find(closing)
                    .map_or(lower.len(), |at| start + 1 + at + 1)
            };
            opens.then(|| lower[..start].trim_end().len()..end())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_cut_and_words_that_look_like_them_stay() {
        for (title, expected) in [
            ("Song (feat. Bob)", "Song"),
            ("Song (Live) [With Bob] (ft. Ann)", "Song (Live)"),
            // Two letters that grow and shrink in lower case and move what is behind them.
            ("Ⱥ\u{212a}Ⱥ Séa featuring Bob", "Ⱥ\u{212a}Ⱥ Séa"),
            ("Song [ft. Bob] (Live)", "Song (Live)"),
            ("Song feat. Bob", "Song"),
            ("Light as a Feather", "Light as a Feather"),
            ("Six ft Under", "Six ft Under"),
            ("Aftermath", "Aftermath"),
            ("Feat. of Strength", "Feat. of Strength"),
        ] {
            assert_eq!(without_credits(title), expected);
        }
    }

    #[test]
    fn a_version_word_counts_only_outside_the_names_beside_it() {
        let hit = Normalized::new("Live Forever (Live at Leeds)");
        let forever = Normalized::new("Live Forever");
        assert_eq!(version_words(&hit, &[]), ["live"]);
        assert!(version_words(&hit, &[&forever]).is_empty());
    }
}
