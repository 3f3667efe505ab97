//! Spellings that are equal to a listener become equal texts.

use unicode_normalization::UnicodeNormalization;

/// A text brought to the form in which titles and names are compared: lower case, letters
/// without the marks that people leave out, `&` as `and`, punctuation as single spaces.
/// Letters of every script stay.
///
/// Another type than `String`, so that a raw text is never compared with a normalised one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Normalized(String);

impl Normalized {
    /// Normalises a text. A text of punctuation only (`???`) stays what it is, because
    /// nothing would be left to compare.
    ///
    /// ```
    /// use musicdl::matching::Normalized;
    /// assert_eq!(Normalized::new("Beyoncé — Don’t Hurt Yourself!").as_str(), "beyonce dont hurt yourself");
    /// assert_eq!(Normalized::new("Simon & Garfunkel"), Normalized::new("Simon and Garfunkel"));
    /// assert_eq!(Normalized::new("ガンバレ").as_str(), "ガンバレ");
    /// ```
    pub fn new(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        push_normalized(&mut out, text);
        if out.is_empty() {
            Self(text.trim().to_lowercase())
        } else {
            Self(out)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|word| !word.is_empty())
    }
}

/// Appends the words of a text, with one space between them and before them if there is
/// something already.
pub(super) fn push_normalized(out: &mut String, text: &str) {
    if text.is_ascii() {
        // The same without looking anything up; most names are.
        push_words(out, text.chars().map(|c| c.to_ascii_lowercase()));
    } else {
        let turned = turned_letters(text);
        let plain = turned.as_deref().unwrap_or(text);
        let decomposed = plain.nfkd().filter(|c| !is_optional_mark(*c)).nfc();
        push_words(out, decomposed.flat_map(char::to_lowercase));
    }
}

/// Letters, digits and marks as words.
fn push_words(out: &mut String, chars: impl Iterator<Item = char>) {
    let mut gap = !out.is_empty();
    let mut chars = chars.peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        // Letters in disguise: `Ke$ha`, `P!nk`.
        let c = match c {
            '$' if chars.peek().is_some_and(|next| next.is_alphabetic()) => 's',
            '$' if before.is_alphabetic() => 's',
            '!' if before.is_alphabetic()
                && chars.peek().is_some_and(|next| next.is_alphabetic()) =>
            {
                'i'
            }
            other => other,
        };
        before = c;
        match c {
            // An apostrophe belongs to its word: `don't` is `dont`, not `don t`.
            '\'' | '’' | '‘' | '`' | '´' => {}
            '&' | '+' => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
                out.push_str("and");
                gap = true;
            }
            c if c.is_alphanumeric() || is_mark(c) => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                match spelled_out(c) {
                    Some(letters) => out.push_str(letters),
                    None => out.push(c),
                }
            }
            _ => gap = true,
        }
    }
}

/// Letters that no decomposition takes apart, as people without them on their keyboard type
/// them.
fn spelled_out(c: char) -> Option<&'static str> {
    if c.is_ascii() {
        return None;
    }
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ı' => "i",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ħ' => "h",
        // At the end of a word only, and not in capitals.
        'ς' => "σ",
        _ => return None,
    })
}

/// `KoЯn` in Latin letters; `None` when there is nothing to turn.
fn turned_letters(text: &str) -> Option<String> {
    if !text.contains(['Я', 'я']) {
        return None;
    }
    let letters: Vec<char> = text.chars().collect();
    let latin = |at: Option<usize>| {
        at.and_then(|at| letters.get(at))
            .is_some_and(char::is_ascii_alphabetic)
    };
    let turned = letters.iter().enumerate().map(|(at, &c)| {
        let within = latin(at.checked_sub(1)) || latin(Some(at + 1));
        if matches!(c, 'Я' | 'я') && within {
            'r'
        } else {
            c
        }
    });
    Some(turned.collect())
}

/// Marks that people leave out: those of European spellings, the vowel points of Hebrew and
/// Arabic, the hamza on its carrier. Others, such as the voicing mark of kana or the vowels
/// of Devanagari, make another word.
fn is_optional_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c7}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Combining marks that belong to a word although they are no letters.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for (left, right) in [
            ("Björk", "bjork"),
            ("Bjo\u{308}rk", "Björk"),
            ("AC/DC", "AC-DC"),
            ("Florence + The Machine", "Florence & The Machine"),
            ("R.E.M.", "r e m"),
            ("Don't Stop", "Dont stop"),
            ("Ænima", "ænima"),
            ("Ænima", "aenima"),
            ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
            ("Mø", "MO"),
            ("Ke$ha", "Kesha"),
            ("A$AP", "asap"),
            ("P!nk", "Pink"),
            ("KoЯn", "Korn"),
            ("إنت", "انت"),
            ("ΠΡΙΓΚΗΠΕΣΣΑΣ", "πριγκηπέσσας"),
            ("ｷﾞﾌﾞｽ", "ギブス"),
        ] {
            assert_eq!(
                Normalized::new(left),
                Normalized::new(right),
                "{left} / {right}"
            );
        }
    }

    #[test]
    fn different_words_stay_different() {
        for (left, right) in [
            ("ガ", "カ"),
            ("Jay-Z", "Jazz"),
            ("???", "!!!"),
            ("하나", "한나"),
            ("जा", "जो"),
            ("Яма", "rма"),
        ] {
            assert_ne!(
                Normalized::new(left),
                Normalized::new(right),
                "{left} / {right}"
            );
        }
    }
}
