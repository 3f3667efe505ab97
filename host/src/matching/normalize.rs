//! Spellings that are equal to a listener become equal texts.

use unicode_normalization::UnicodeNormalization;

/// A text brought to the form in which titles and names are compared: lower case, Latin,
/// Greek and Cyrillic letters without their marks, `&` as `and`, punctuation as single
/// spaces. Letters of every script stay.
///
/// Another type than `String`, so that a raw text is never compared with a normalised one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
        let out = if text.is_ascii() {
            // The same without looking anything up; most names are.
            compared(text.chars().map(|c| c.to_ascii_lowercase()), text.len())
        } else {
            let decomposed = text.nfkd().filter(|c| !is_latin_mark(*c)).nfc();
            compared(decomposed.flat_map(char::to_lowercase), text.len())
        };
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

/// Letters, digits and marks as words with one space between them.
fn compared(chars: impl Iterator<Item = char>, length: usize) -> String {
    let mut out = String::with_capacity(length);
    let mut gap = false;
    for c in chars {
        match c {
            // An apostrophe belongs to its word: `don't` is `dont`, not `don t`.
            '\'' | '’' | '‘' | '`' | '´' => {}
            '&' | '+' => {
                push_word(&mut out, "and");
                gap = true;
            }
            c if c.is_alphanumeric() || is_mark(c) => {
                if gap && !out.is_empty() {
                    out.push(' ');
                }
                gap = false;
                out.push(c);
            }
            _ => gap = true,
        }
    }
    out
}

fn push_word(out: &mut String, word: &str) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
    out.push_str(word);
}

/// Marks that are optional in European spellings. Others, such as the voicing mark of kana
/// or the vowels of Devanagari, make another word.
fn is_latin_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
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
            ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
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
        ] {
            assert_ne!(
                Normalized::new(left),
                Normalized::new(right),
                "{left} / {right}"
            );
        }
    }
}
