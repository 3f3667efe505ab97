//! Text as it is compared: words without case, accents and punctuation, so that `Beyoncé`,
//! `BEYONCE` and `beyonce!` are one. Spelling rules only; which words matter is `index`'s.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of a text, in its order.
///
/// Chinese and Japanese are written without spaces, so there every character is a word;
/// otherwise a title would match only whole. A title that is punctuation only (`???`, `+`) is
/// one word, as it is.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in folded(text) {
        if stands_alone(c) {
            end(&mut word, &mut words);
            words.push(c.to_string());
        } else if c.is_alphanumeric() || is_combining_mark(c) {
            word.push(c);
        } else if c == '&' {
            end(&mut word, &mut words);
            words.push("and".to_owned());
        } else {
            end(&mut word, &mut words);
        }
    }
    end(&mut word, &mut words);
    if words.is_empty() && !text.trim().is_empty() {
        words.push(text.trim().to_lowercase());
    }
    words
}

fn end(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Compatibility forms unfolded (full width, ligatures), accents and apostrophes off, lower
/// case, and what is left put together again (Korean syllables, Japanese voiced kana).
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        // Before the unfolding, which makes a space and an accent of `´`.
        .filter(|&c| !is_apostrophe(c))
        .nfkd()
        .filter(|&c| !is_accent(c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| {
            let plain = plain(c);
            plain.chars().chain(plain.is_empty().then_some(c))
        })
        .nfc()
}

/// Accents of the Latin, Greek and Cyrillic scripts. Not every mark is one: a vowel sign of
/// Devanagari or the voicing of a kana makes another word.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36F}'
        | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{FE20}'..='\u{FE2F}')
}

/// Letters that many write plainly but Unicode does not take apart; empty for all others.
fn plain(c: char) -> &'static str {
    match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ı' => "i",
        'þ' => "th",
        'ς' => "σ",
        _ => "",
    }
}

/// `Don't` is written `Dont`, not `Don t`.
fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '´')
}

/// Han, hiragana and katakana.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_the_same_words() {
        for (a, b) in [
            ("Beyoncé", "BEYONCE"),
            ("Beyonce\u{301}", "Beyoncé"),
            ("Sigur Rós", "sigur ros"),
            ("Mø", "MO"),
            ("Straße", "STRASSE"),
            ("Łódź", "lodz"),
            ("İstanbul", "istanbul"),
            ("Don't Stop", "Dont Stop"),
            ("Don’t Stop", "Don´t Stop"),
            ("Simon & Garfunkel", "Simon and Garfunkel"),
            ("Song (Remastered 2011)", "Song - Remastered 2011"),
            ("ＡＢＣ", "abc"),
            ("ｶﾞ", "ガ"),
            ("Οδυσσέας", "ΟΔΥΣΣΕΑΣ"),
            ("Чай", "чаи"),
            ("한국어 노래", "한국어  노래"),
            ("千本桜feat.初音ミク", "千本桜 feat. 初音ミク"),
        ] {
            assert_eq!(words(a), words(b), "{a} / {b}");
        }
    }

    #[test]
    fn different_names_stay_different() {
        for (a, b) in [
            ("かき", "がぎ"),
            ("हिन्दी", "हन्द"),
            ("+", "÷"),
            ("???", "!!!"),
        ] {
            assert_ne!(words(a), words(b), "{a} / {b}");
        }
    }

    #[test]
    fn words_are_split_where_a_reader_would() {
        for (text, expected) in [
            ("AC/DC", &["ac", "dc"][..]),
            ("  R.E.M. ", &["r", "e", "m"]),
            ("上を向いて", &["上", "を", "向", "い", "て"]),
            ("हिन्दी गाना", &["हिन्दी", "गाना"]),
            ("???", &["???"]),
            ("", &[]),
            ("   ", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }
}
