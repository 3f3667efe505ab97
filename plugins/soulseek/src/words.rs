//! What is typed into Soulseek's search, and how texts are compared with paths. Every word
//! must occur in a path there, so that words which no path has make a search find nothing.

use musicdl_plugin_api::{Query, SourceError};

/// A single word this short finds half of the network, which a search then connects to
/// (a user's router went down by it: <https://github.com/Nezreka/SoulSync/issues/1102>).
const SHORTEST_ALONE: usize = 4;

/// Letters and digits in lower case, in words with one blank between.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’') {
        let word: String = word
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&word);
        }
    }
    out
}

/// Whether the words of `needle` stand in `text`, in their order; both are [`folded`].
pub(crate) fn contains_words(text: &str, needle: &str) -> bool {
    !needle.is_empty() && format!(" {text} ").contains(&format!(" {needle} "))
}

/// What to ask for: main artist and title, or the free text of a query without a title.
///
/// # Errors
/// `Permanent` when too little is left to ask for.
pub(crate) fn search_text(query: &Query) -> Result<String, SourceError> {
    let asked = match &query.title {
        Some(title) => {
            let artist = query.artists.first().map_or("", String::as_str);
            format!("{artist} {}", without_credits(title))
        }
        None => query.text.clone(),
    };
    let words = searchable(&asked);
    let length: usize = words.iter().map(|word| weight(word)).sum();
    if length < SHORTEST_ALONE {
        return Err(SourceError::permanent(format!(
            "`{}` is too little to search Soulseek for",
            asked.trim().chars().take(80).collect::<String>()
        )));
    }
    Ok(words.join(" "))
}

/// Words without punctuation, each once. A `-` at the beginning of a word would exclude it,
/// slskd drops words of one letter, and long texts find nothing anyway.
fn searchable(text: &str) -> Vec<String> {
    const MOST_WORDS: usize = 16;
    const LONGEST_WORD: usize = 64;
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let word = word.to_lowercase();
        let fits = weight(&word) > 1 && word.chars().count() <= LONGEST_WORD;
        if fits && !words.contains(&word) {
            words.push(word);
        }
        if words.len() == MOST_WORDS {
            break;
        }
    }
    words
}

/// Letters of scripts without small words say more: two of them are a word.
fn weight(word: &str) -> usize {
    word.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// The title without `(feat. ..)`, `[with ..]` and ` - 2011 Remaster`, which names of files
/// spell in other ways or leave out. Words of versions (live, remix) stay: they are wanted.
fn without_credits(title: &str) -> String {
    let mut kept = title.to_owned();
    for (open, close) in [('(', ')'), ('[', ']')] {
        while let Some((start, end)) = credit(&kept, open, close) {
            kept.replace_range(start..end, " ");
        }
    }
    let cut = [" feat. ", " ft. ", " featuring ", " feat "]
        .iter()
        .filter_map(|word| position_ignoring_case(&kept, word))
        .min();
    if let Some(at) = cut {
        kept.truncate(at);
    }
    if let Some((before, after)) = kept.rsplit_once(" - ")
        && folded(after)
            .split(' ')
            .any(|word| word.starts_with("remaster"))
    {
        kept = before.to_owned();
    }
    if folded(&kept).is_empty() {
        title.to_owned()
    } else {
        kept
    }
}

/// A part in brackets that names guests or a remaster.
fn credit(text: &str, open: char, close: char) -> Option<(usize, usize)> {
    text.match_indices(open).find_map(|(start, _)| {
        let end = start + text[start..].find(close)? + close.len_utf8();
        let inside = folded(&text[start..end]);
        let guests = ["feat", "ft", "featuring", "with"]
            .iter()
            .any(|word| inside.starts_with(&format!("{word} ")));
        let remaster = inside.split(' ').any(|word| word.starts_with("remaster"));
        (guests || remaster).then_some((start, end))
    })
}

fn position_ignoring_case(text: &str, word: &str) -> Option<usize> {
    // ASCII only, so that positions are those of `text`.
    text.to_ascii_lowercase().find(word).filter(|&at| at > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(artist: &str, title: &str) -> Result<String, SourceError> {
        search_text(&Query {
            text: format!("{artist} {title}"),
            title: Some(title.to_owned()),
            artists: vec![artist.to_owned()],
            ..Query::default()
        })
    }

    #[test]
    fn a_search_asks_for_words_that_names_of_files_have() {
        for (artist, title, text) in [
            ("Ann Example", "Bluebird", "ann example bluebird"),
            (
                "Ann Example",
                "Bluebird (feat. Zoe Other)",
                "ann example bluebird",
            ),
            ("Ann Example", "Bluebird [with Zoe]", "ann example bluebird"),
            ("Ann Example", "Bluebird feat. Zoe", "ann example bluebird"),
            (
                "Ann Example",
                "Bluebird - 2011 Remaster",
                "ann example bluebird",
            ),
            (
                "Ann Example",
                "Bluebird (Remastered 2011)",
                "ann example bluebird",
            ),
            (
                "Ann Example",
                "Bluebird (Live 1994)",
                "ann example bluebird live 1994",
            ),
            (
                "Ann Example",
                "Light as a Feather",
                "ann example light as feather",
            ),
            ("AC/DC", "-Back- In Black!", "ac dc back in black"),
            ("Земфира", "Искала", "земфира искала"),
            ("椎名林檎", "罪と罰", "椎名林檎 罪と罰"),
            (
                "Ann Example",
                "(feat. Zoe Other)",
                "ann example feat zoe other",
            ),
        ] {
            assert_eq!(asked(artist, title).unwrap(), text, "{title}");
        }
    }

    #[test]
    fn too_little_is_not_searched_for() {
        for (artist, title) in [
            ("", "-"),
            ("", "Go"),
            ("M", "A"),
            ("Ann", "Ann"),
            ("", "!!!"),
            ("", ""),
        ] {
            let error = asked(artist, title).unwrap_err();
            assert_eq!(error.kind, musicdl_plugin_api::ErrorKind::Permanent);
        }
    }

    #[test]
    fn words_are_found_whole_and_in_order() {
        for (text, needle, found) in [
            ("01 - Blue Bird", "blue bird", true),
            ("01 - Bluebird", "blue", false),
            ("Bird Blue", "blue bird", false),
            ("Don't Stop", "dont stop", true),
            ("x", "", false),
        ] {
            assert_eq!(contains_words(&folded(text), needle), found, "{text}");
        }
    }
}
