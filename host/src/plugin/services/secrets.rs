//! Finds known secrets in a text, as they are and as URLs, forms and JSON spell them.
//!
//! The second net of the log: a plugin should not log a secret in the first place.

use std::cmp::Reverse;

use secrecy::{ExposeSecret, SecretString};

/// What stands in a text where a secret stood.
const CUT: &str = "[secret]";

/// The secrets of one source.
pub(super) struct Secrets {
    /// Longest first, so that a secret that contains another is cut as a whole.
    values: Vec<SecretString>,
}

impl Secrets {
    pub(super) fn new(mut values: Vec<SecretString>) -> Self {
        values.retain(|value| !value.expose_secret().is_empty());
        values.sort_by_key(|value| Reverse(value.expose_secret().len()));
        Self { values }
    }

    /// The text without the secrets.
    pub(super) fn cut_from(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let found = self
                .values
                .iter()
                .find_map(|secret| length_at_start(rest, secret.expose_secret()));
            let used = match found {
                Some(length) => {
                    kept.push_str(CUT);
                    length
                }
                None => {
                    kept.push(first);
                    first.len_utf8()
                }
            };
            rest = &rest[used..];
        }
        kept
    }
}

/// Bytes of `text` that are the secret, encoded or plain, if it begins with it. They end
/// where a character ends, because the secret does.
fn length_at_start(text: &str, secret: &str) -> Option<usize> {
    // Encoded first: a plain `50%` would leave the `25` of `50%25` behind.
    encoded_length_at_start(text, secret)
        .or_else(|| text.starts_with(secret).then_some(secret.len()))
}

fn encoded_length_at_start(text: &str, secret: &str) -> Option<usize> {
    let text = text.as_bytes();
    let mut used = 0;
    for &wanted in secret.as_bytes() {
        // Encoders differ in what they leave alone, hence byte by byte.
        let (byte, length) = decode_first(text.get(used..)?, wanted)?;
        if byte != wanted {
            return None;
        }
        used += length;
    }
    Some(used)
}

/// The byte that the beginning of `text` stands for, and how many bytes spell it. `wanted`
/// settles the one case of doubt: `+` is a space in forms and a plus everywhere else.
fn decode_first(text: &[u8], wanted: u8) -> Option<(u8, usize)> {
    match *text {
        [b'%', high, low, ..] => Some((hex_digit(high)? << 4 | hex_digit(low)?, 3)),
        [b'\\', byte @ (b'"' | b'\\' | b'/'), ..] => Some((byte, 2)),
        [b'+', ..] if wanted == b' ' => Some((b' ', 1)),
        [byte, ..] => Some((byte, 1)),
        [] => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(secrets: &[&str], text: &str) -> String {
        let secrets = secrets.iter().map(|&secret| secret.into()).collect();
        Secrets::new(secrets).cut_from(text)
    }

    #[test]
    fn a_secret_is_cut_in_every_spelling() {
        for (secret, text, expected) in [
            ("hunter2", "p=hunter2&q", "p=[secret]&q"),
            ("hunter2", "hunter2hunter2", "[secret][secret]"),
            ("hunter2", "hunter3 hunter", "hunter3 hunter"),
            ("a b/c", "?p=a+b%2Fc", "?p=[secret]"),
            ("a b/c", "?p=a%20b/c.", "?p=[secret]."),
            ("a b/c", "?p=a%20b%2fc", "?p=[secret]"),
            ("a+b", "a+b a%2Bb", "[secret] [secret]"),
            ("50%", "50% 50%25", "[secret] [secret]"),
            ("%41", "%41 %2541 A", "[secret] [secret] A"),
            ("füß", "f%C3%BC%c3%9f, füß", "[secret], [secret]"),
            (r#"q"\"#, r#"{"p":"q\"\\"}"#, r#"{"p":"[secret]"}"#),
            ("%", "100%", "100[secret]"),
            ("abc", "ab%", "ab%"),
        ] {
            assert_eq!(cut(&[secret], text), expected, "{secret} in {text}");
        }
    }

    #[test]
    fn the_longer_of_two_secrets_is_cut_first() {
        assert_eq!(cut(&["pass", "password", ""], "password!"), "[secret]!");
    }
}
