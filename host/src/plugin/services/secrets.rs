//! Finds known secrets in a text, as they are and as URLs, forms, JSON and Base64 spell them.
//!
//! The second net of messages, of the log and of recorded traffic: a plugin should not show a
//! secret in the first place.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// What stands in a text where a secret stood.
pub(super) const CUT: &str = "[secret]";

/// Shortest value kept by a plugin that counts as a secret: most of them are tokens, and
/// shorter ones are flags and dates, which would riddle every text.
const SHORTEST_LEARNED: usize = 8;

/// Most values learned from a plugin; past it the oldest are forgotten.
const MOST_LEARNED: usize = 256;

/// Shortest secret looked for in Base64, in bytes, and shortest piece of Base64 that tells it
/// from chance, in letters.
const SHORTEST_IN_BASE64: usize = 6;

/// The secrets of one source.
pub(super) struct Secrets {
    settings: Vec<SecretString>,
    known: RwLock<Known>,
}

struct Known {
    learned: VecDeque<SecretString>,
    /// Longest first, so that a secret that contains another is cut as a whole.
    needles: Vec<Needle>,
    /// By byte: whether a needle may begin with it. Most of a text is passed over by this.
    begins: [bool; 256],
}

/// A spelling to look for.
struct Needle {
    text: SecretString,
    /// Whether the letter before, or behind, holds some bits of the secret too.
    shares: Shares,
}

#[derive(Clone, Copy, Default)]
struct Shares {
    before: bool,
    behind: bool,
}

impl Secrets {
    pub(super) fn new(settings: Vec<SecretString>) -> Self {
        let known = Known::of(&settings, VecDeque::new());
        Self {
            settings,
            known: RwLock::new(known),
        }
    }

    /// Counts a value that the plugin keeps as a secret, and if it is JSON every text in it.
    pub(super) fn learn(&self, value: &str) {
        let mut found = vec![value.to_owned()];
        if let Ok(json) = serde_json::from_str(value) {
            collect_texts(&json, &mut found);
        }
        found.retain(|text| text.len() >= SHORTEST_LEARNED);
        let is_new = |known: &Known, text: &str| {
            let mut all = self.settings.iter().chain(&known.learned);
            !all.any(|secret| secret.expose_secret() == text)
        };
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            found.retain(|text| is_new(&known, text));
        }
        if found.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut learned = std::mem::take(&mut known.learned);
        learned.extend(found.into_iter().map(SecretString::from));
        let surplus = learned.len().saturating_sub(MOST_LEARNED);
        learned.drain(..surplus);
        *known = Known::of(&self.settings, learned);
    }

    /// The text without the secrets.
    pub(super) fn cut_from(&self, text: &str) -> String {
        self.cut_from_start(text, usize::MAX)
    }

    /// The beginning of the text without the secrets: `most` bytes or a few more. The rest is
    /// not looked at.
    pub(super) fn cut_from_start(&self, text: &str, most: usize) -> String {
        String::from_utf8(self.cut(text.as_bytes(), most))
            .expect("a secret begins and ends where characters do")
    }

    /// The bytes without the secrets.
    pub(super) fn cut_from_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.cut(bytes, usize::MAX)
    }

    fn cut(&self, text: &[u8], most: usize) -> Vec<u8> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut kept = Vec::with_capacity(text.len().min(most));
        let mut at = 0;
        while let Some(&first) = text.get(at) {
            if kept.len() >= most && !is_inside_character(first) {
                break;
            }
            let found = match known.begins[usize::from(first)] {
                true => known.find(&text[at..]),
                false => None,
            };
            let Some((shares, length)) = found else {
                kept.push(first);
                at += 1;
                continue;
            };
            if shares.before && kept.last().copied().is_some_and(is_of_base64) {
                kept.pop();
            }
            kept.extend(CUT.as_bytes());
            at += length;
            if shares.behind && text.get(at).copied().is_some_and(is_of_base64) {
                at += 1;
            }
        }
        kept
    }
}

impl Known {
    fn of(settings: &[SecretString], learned: VecDeque<SecretString>) -> Self {
        let mut needles: Vec<Needle> = settings
            .iter()
            .chain(&learned)
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty())
            .flat_map(spellings)
            .collect();
        needles.sort_by_key(|needle| Reverse(needle.text.expose_secret().len()));
        let mut begins = [false; 256];
        for needle in &needles {
            let first = needle.text.expose_secret().as_bytes()[0];
            // Encoded, it begins with a sign of the encoding.
            for byte in [first, b'%', b'\\', b'+'] {
                begins[usize::from(byte)] = true;
            }
        }
        Self {
            learned,
            needles,
            begins,
        }
    }

    /// The needle with which `text` begins, and its length there.
    fn find(&self, text: &[u8]) -> Option<(Shares, usize)> {
        self.needles.iter().find_map(|needle| {
            let length = length_at_start(text, needle.text.expose_secret().as_bytes())?;
            Some((needle.shares, length))
        })
    }
}

/// The secret itself, and what is sure to stand in the Base64 of any text that contains it.
fn spellings(secret: &str) -> Vec<Needle> {
    let mut needles = vec![Needle {
        text: SecretString::from(secret),
        shares: Shares::default(),
    }];
    if secret.len() < SHORTEST_IN_BASE64 {
        return needles;
    }
    // Six bits a letter: where the secret begins within a group of three bytes decides which
    // letters it makes alone. The letters at its ends may hold bits of its neighbours.
    for (before, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend(secret.as_bytes());
        let whole = bytes.len() * 8 / 6;
        let shares = Shares {
            before: before > 0,
            behind: bytes.len() * 8 % 6 > 0,
        };
        let standard = STANDARD_NO_PAD.encode(&bytes);
        let for_urls = URL_SAFE_NO_PAD.encode(&bytes);
        let mut spellings = vec![standard];
        if for_urls != spellings[0] {
            spellings.push(for_urls);
        }
        for letters in spellings {
            let alone = &letters[skipped..whole];
            if alone.len() >= SHORTEST_IN_BASE64 {
                needles.push(Needle {
                    text: SecretString::from(alone),
                    shares,
                });
            }
        }
    }
    needles
}

fn collect_texts(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, found)),
        Value::Object(members) => members
            .values()
            .for_each(|member| collect_texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_of_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn is_inside_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Bytes of `text` that are the secret, encoded or plain, if it begins with it. They end
/// where a character ends, because the secret does.
fn length_at_start(text: &[u8], secret: &[u8]) -> Option<usize> {
    // Encoded first: a plain `50%` would leave the `25` of `50%25` behind.
    encoded_length_at_start(text, secret)
        .or_else(|| text.starts_with(secret).then_some(secret.len()))
}

fn encoded_length_at_start(text: &[u8], mut secret: &[u8]) -> Option<usize> {
    let mut used = 0;
    while let Some(&wanted) = secret.first() {
        let text = text.get(used..)?;
        if let Some((character, length)) = json_character(text) {
            let mut bytes = [0; 4];
            secret = secret.strip_prefix(character.encode_utf8(&mut bytes).as_bytes())?;
            used += length;
            continue;
        }
        // Encoders differ in what they leave alone, hence byte by byte.
        let (byte, length) = decode_first(text, wanted)?;
        if byte != wanted {
            return None;
        }
        secret = &secret[1..];
        used += length;
    }
    Some(used)
}

/// The byte that the beginning of `text` stands for, and how many bytes spell it. `wanted`
/// settles the one case of doubt: `+` is a space in forms and a plus everywhere else.
fn decode_first(text: &[u8], wanted: u8) -> Option<(u8, usize)> {
    match *text {
        [b'%', high, low, ..] => Some((hex_digit(high)? << 4 | hex_digit(low)?, 3)),
        [b'+', ..] if wanted == b' ' => Some((b' ', 1)),
        [byte, ..] => Some((byte, 1)),
        [] => None,
    }
}

/// The character that an escape of JSON at the beginning of `text` stands for, and the length
/// of that escape.
fn json_character(text: &[u8]) -> Option<(char, usize)> {
    let [b'\\', escape, ..] = *text else {
        return None;
    };
    let character = match escape {
        b'"' | b'\\' | b'/' => char::from(escape),
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let first = four_hex_digits(&text[2..])?;
            if let Some(character) = char::from_u32(u32::from(first)) {
                return Some((character, 6));
            }
            // Beyond 16 bits a character is a pair of escapes.
            let rest = text[6..].strip_prefix(b"\\u")?;
            let pair = [first, four_hex_digits(rest)?];
            let character = char::decode_utf16(pair).next()?.ok()?;
            return Some((character, 12));
        }
        _ => return None,
    };
    Some((character, 2))
}

fn four_hex_digits(text: &[u8]) -> Option<u16> {
    text.get(..4)?.iter().try_fold(0_u16, |value, &digit| {
        Some(value << 4 | u16::from(hex_digit(digit)?))
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(secrets: &[&str]) -> Secrets {
        Secrets::new(secrets.iter().map(|&secret| secret.into()).collect())
    }

    fn cut(known: &[&str], text: &str) -> String {
        secrets(known).cut_from(text)
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
            ("a\nb\tc", r"a\nb\tc", "[secret]"),
            ("füß", r"f\u00fc\u00DF", "[secret]"),
            ("a<b", r"a\u003cb", "[secret]"),
            ("🎵ab", r"\ud83c\udfb5ab \ud83c", r"[secret] \ud83c"),
            ("a/b", r"a\/b", "[secret]"),
            ("%", "100%", "100[secret]"),
            ("abc", "ab%", "ab%"),
            ("abc", r"ab\", r"ab\"),
            ("abc", r"ab\u00", r"ab\u00"),
        ] {
            assert_eq!(cut(&[secret], text), expected, "{secret} in {text}");
        }
    }

    #[test]
    fn a_secret_is_cut_from_base64_wherever_it_stands_in_it() {
        for secret in ["hunter2", "hunter22", "hunter222", "sesame", "??>>??>>~~"] {
            for before in ["", "a", "ab", "ann:", "annie:", "anna:"] {
                for behind in ["", "x", "yz", ":end"] {
                    let text = format!("{before}{secret}{behind}");
                    for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                        let clean = cut(&[secret], &format!("Basic {encoded}=="));
                        assert!(clean.contains(CUT), "{text}: {clean}");
                        // Nothing but what stands for the neighbours alone.
                        let letters = clean.len() - "Basic ".len() - CUT.len() - "==".len();
                        let most = before.len() * 8 / 6 + (behind.len() * 8).div_ceil(6);
                        assert!(letters <= most, "{text}: {clean}");
                    }
                }
            }
        }
        let escaped = STANDARD_NO_PAD.encode("??>>??>>~~").replace('/', "%2F");
        assert_eq!(cut(&["??>>??>>~~"], &escaped), CUT);
    }

    #[test]
    fn a_short_secret_is_not_looked_for_in_base64() {
        let encoded = STANDARD_NO_PAD.encode("12345");
        assert_eq!(cut(&["12345"], &encoded), encoded);
    }

    #[test]
    fn the_longer_of_two_secrets_is_cut_first() {
        assert_eq!(cut(&["pass", "password", ""], "password!"), "[secret]!");
    }

    #[test]
    fn what_a_plugin_keeps_is_learned_once_it_is_long_enough() {
        let known = secrets(&[]);
        for value in ["1234567", "token-one", r#"{"a":[{"b":"token-two"}],"n":5}"#] {
            known.learn(value);
        }
        let clean = known.cut_from("1234567 token-one token-two");
        assert_eq!(clean, "1234567 [secret] [secret]");
    }

    #[test]
    fn of_many_learned_values_the_oldest_are_forgotten_and_settings_never() {
        let known = secrets(&["hunter2"]);
        for n in 0..=MOST_LEARNED {
            known.learn(&format!("token-{n:04}"));
            known.learn(&format!("token-{n:04}"));
        }
        let clean = known.cut_from("hunter2 token-0000 token-0001");
        assert_eq!(clean, "[secret] token-0000 [secret]");
    }

    #[test]
    fn only_as_much_is_looked_at_as_is_wanted() {
        let known = secrets(&["hunter2"]);
        assert_eq!(
            known.cut_from_start("hunter2 üüü hunter2", 11),
            "[secret] ü"
        );
        assert_eq!(known.cut_from_start("üü", 1), "ü");
    }

    #[test]
    fn bytes_that_are_not_text_keep_their_other_bytes() {
        let known = secrets(&["hunter2"]);
        let clean = known.cut_from_bytes(b"\xffhunter2\x80");
        assert_eq!(clean, b"\xff[secret]\x80");
    }
}
