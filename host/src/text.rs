//! Texts for people: counts in words, and names made harmless.

use std::fmt::Display;

/// `1 track`, `2 tracks`.
pub(crate) fn counted(count: impl Display, one: &str, more: &str) -> String {
    match count.to_string().as_str() {
        "1" => format!("1 {one}"),
        count => format!("{count} {more}"),
    }
}

/// A text from outside as one harmless line: control characters, line ends and the marks that
/// turn the direction of writing become spaces.
///
/// ```
/// use musicdl::text::plain;
/// assert_eq!(plain("Blue\x1b[31mbird\nfake line"), "Blue [31mbird fake line");
/// ```
pub fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() => ' ',
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' => ' ',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
            c => c,
        })
        .collect()
}
