//! Which performance or cut of a song a title speaks of.

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

/// A title without its credits: `Song (feat. Bob)` and `Song ft. Bob` are `Song`.
pub(super) fn without_credits(title: &str) -> String {
    let lower = title.to_lowercase();
    // Lower-casing can change the length of a text; then positions do not carry over.
    if lower.len() != title.len() {
        return title.to_owned();
    }
    for opening in ['(', '['] {
        for word in ["feat. ", "feat ", "ft. ", "ft ", "featuring ", "with "] {
            let needle = format!("{opening}{word}");
            if let Some(start) = lower.find(&needle) {
                let closing = if opening == '(' { ')' } else { ']' };
                let end = lower[start..]
                    .find(closing)
                    .map_or(title.len(), |at| start + at + 1);
                let rest = format!("{}{}", title[..start].trim_end(), &title[end..]);
                return without_credits(&rest);
            }
        }
    }
    // Without brackets only the dotted and the long form are safe: "feat" and "ft" are words.
    for needle in [" feat. ", " ft. ", " featuring "] {
        if let Some(start) = lower.find(needle).filter(|start| *start > 0) {
            return title[..start].to_owned();
        }
    }
    title.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_cut_and_words_that_look_like_them_stay() {
        for (title, expected) in [
            ("Song (feat. Bob)", "Song"),
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
