//! Which known word a mistyped one was probably meant to be.

use rapidfuzz::distance::damerau_levenshtein;

/// The word of `known` that `typed` is a slip of, if any; case does not matter.
///
/// One slip (a letter too many, too few, wrong, or two swapped) per three letters, at least one:
/// `playlist` is a slip of `playlists`, `foo` is none of `url`.
pub(super) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let slips =
        |word: &str| damerau_levenshtein::distance(typed.chars(), word.to_lowercase().chars());
    known
        .into_iter()
        .map(|word| (slips(word), word))
        .filter(|&(slips, word)| slips <= (word.len() / 3).max(1) && slips < word.len())
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = [
            "songs",
            "albums",
            "playlists",
            "plugins",
            "url",
            "true",
            "MUSICDL_JOBS",
        ];
        for (typed, expected) in [
            ("playlist", Some("playlists")),
            ("Playlists", Some("playlists")),
            ("pluigns", Some("plugins")),
            ("ablums", Some("albums")),
            ("ulr", Some("url")),
            ("MUSICDL_JOB", Some("MUSICDL_JOBS")),
            ("threads", None),
            ("foo", None),
            ("sure", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), expected, "{typed}");
        }
    }
}
