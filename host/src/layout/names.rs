//! Makes any text a name that every file system a music library meets can hold: ext4, APFS,
//! NTFS, exFAT, SMB. Decides about one component; which components there are is `template`'s.
//!
//! | in the text | in the name |
//! |---|---|
//! | `< > : " / \ \| ? *` | `_` each, as Picard and beets write them |
//! | control characters, line ends, any kind of space | one space for a run of them |
//! | marks that turn the reading direction | left out |
//! | dots, spaces and zero-width characters at either end | left out |
//! | a device name of Windows (`NUL`, `com1.txt`) | `_` after it (`NUL_`, `com1_.txt`) |
//! | more bytes than there is room for | cut between letters, then `~` and a digest of the whole |
//! | nothing left | `_` |

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Bytes of a name without its extension. File systems hold 255; the rest is for ` [1a2b3c]`
/// of `collisions`, or for `.flac` and what other programs append to a name while they write.
pub const STEM_LIMIT: usize = 240;

/// Below this there is no room for a digest and something to recognise the name by.
const LEAST_LIMIT: usize = 24;

/// `~` and eight hexadecimal digits: 32 bits, and only names with the same beginning compete.
const DIGEST_DIGITS: usize = 8;

const FORBIDDEN: [char; 9] = ['<', '>', ':', '"', '/', '\\', '|', '?', '*'];

/// One component of a path, from any text: NFC, 1 to [`STEM_LIMIT`] bytes, legal everywhere.
///
/// Cleaning a clean name changes nothing.
///
/// ```
/// use musicdl::layout::component;
/// assert_eq!(component("AC/DC"), "AC_DC");
/// assert_eq!(component("../../etc/passwd"), "_.._etc_passwd");
/// assert_eq!(component("..."), "_");
/// ```
pub fn component(text: &str) -> String {
    component_with_limit(text, STEM_LIMIT)
}

/// Like [`component`], of at most `limit` bytes; a limit under 24 counts as 24.
pub fn component_with_limit(text: &str, limit: usize) -> String {
    let limit = limit.max(LEAST_LIMIT);
    // Below the first accent that composes, text is NFC as it is, and nothing turns.
    let legal = if text.chars().all(|c| c < '\u{300}') {
        one_space_for_each_run(text.chars())
    } else {
        // Left out before composing: a mark between a letter and its accent keeps them apart.
        one_space_for_each_run(text.chars().filter(|c| !turns_direction(*c)).nfc())
    };
    let trimmed = legal.trim_matches(vanishes_at_an_end);
    let name = if trimmed.is_empty() {
        "_".to_owned()
    } else {
        without_device_name(trimmed)
    };
    if name.len() <= limit {
        name
    } else {
        cut(&name, limit)
    }
}

/// Two texts with equal keys may be one name on a file system that folds case (APFS, NTFS,
/// SMB, ext4 with casefold): canonical caseless matching, and characters without width ignored.
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    if name.chars().all(is_latin_1) {
        return name.chars().flat_map(fold_char).collect();
    }
    fold_by_tables(name)
}

fn fold_by_tables(name: &str) -> String {
    name.nfd()
        .filter(|c| !has_no_width(*c))
        .flat_map(fold_char)
        .nfc()
        .collect()
}

/// What needs no table: folding neither takes these letters apart nor joins them with others.
fn is_latin_1(c: char) -> bool {
    c <= '\u{ff}' && !has_no_width(c)
}

/// Upper and then lower case takes `ß` to `ss` and the final sigma to the other one, as full
/// case folding does. The dotless i is the one letter it would take too far.
fn fold_char(c: char) -> impl Iterator<Item = char> {
    let (kept, folded) = if c == 'ı' {
        (Some(c), None)
    } else {
        (None, Some(c))
    };
    let folded = folded
        .into_iter()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    kept.into_iter().chain(folded)
}

fn one_space_for_each_run(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in chars {
        if c.is_control() || c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if FORBIDDEN.contains(&c) {
            out.push('_');
        } else {
            out.push(c);
        }
    }
    out
}

/// Overrides, embeddings, isolates and marks: with them a name can be shown as another.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Inside a name these join or part letters (Persian, emoji, Thai); at an end they only hide.
fn has_no_width(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{3164}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
    )
}

fn vanishes_at_an_end(c: char) -> bool {
    c == '.' || c == ' ' || has_no_width(c)
}

/// Windows takes `NUL`, `nul.flac` and `NUL .flac` for the device
/// (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file>).
fn without_device_name(name: &str) -> String {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    if is_device_name(stem) {
        format!("{stem}_{}", &name[stem.len()..])
    } else {
        name.to_owned()
    }
}

fn is_device_name(stem: &str) -> bool {
    let upper = stem.to_ascii_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&upper.as_str()) {
        return true;
    }
    let number = upper
        .strip_prefix("COM")
        .or_else(|| upper.strip_prefix("LPT"));
    let mut digits = number.unwrap_or_default().chars();
    matches!(
        (digits.next(), digits.next()),
        (Some('0'..='9' | '¹' | '²' | '³'), None)
    )
}

/// The beginning of `name`, then `~` and a digest of all of it, so that two names that differ
/// only behind the cut stay two.
fn cut(name: &str, limit: usize) -> String {
    let digest = blake3::hash(name.as_bytes()).to_hex();
    let room = limit - 1 - DIGEST_DIGITS;
    let mut end = 0;
    for (start, letter) in name.grapheme_indices(true) {
        if start + letter.len() > room {
            break;
        }
        end = start + letter.len();
    }
    if end == 0 {
        // One letter under a tower of accents fills the room: its lower floors remain.
        end = name.floor_char_boundary(room);
    }
    let kept = name[..end].trim_end_matches(vanishes_at_an_end);
    format!("{kept}~{}", &digest[..DIGEST_DIGITS])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_that_need_no_tables_fold_as_they_would_by_them() {
        let letters: Vec<char> = ('\0'..='\u{ff}').filter(|&c| is_latin_1(c)).collect();
        assert!(letters.contains(&'é') && letters.contains(&'ß'));
        for &one in &letters {
            for &other in &letters {
                let name = String::from_iter([one, other]);
                assert_eq!(fold(&name), fold_by_tables(&name), "{name:?}");
            }
        }
    }

    #[test]
    fn each_trap_of_a_file_system_is_taken_out() {
        for (text, expected) in [
            ("Björk", "Björk"),
            ("Bjo\u{308}rk", "Björk"),
            ("AC/DC", "AC_DC"),
            (r#"a<b>c:d"e/f\g|h?i*j"#, "a_b_c_d_e_f_g_h_i_j"),
            ("What?", "What_"),
            ("", "_"),
            (" \t\n", "_"),
            ("..", "_"),
            (". . .", "_"),
            ("R.E.M.", "R.E.M"),
            ("...And Justice for All", "And Justice for All"),
            ("..\u{200B}. hidden", "hidden"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("two\r\nlines", "two lines"),
            ("a\u{0}b\u{7F}c\u{85}d", "a b c d"),
            ("wide\u{3000}\u{A0}space", "wide space"),
            ("\u{202E}cod.3pm", "cod.3pm"),
            ("e\u{200F}\u{301}", "é"),
            ("\u{FEFF}bom", "bom"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("👩\u{200D}🎤", "👩\u{200D}🎤"),
            ("❤\u{FE0F}", "❤\u{FE0F}"),
            ("<\u{338}", "≮"),
            ("CON", "CON_"),
            ("con.txt", "con_.txt"),
            ("NUL .flac", "NUL_ .flac"),
            ("Com1", "Com1_"),
            ("LPT³", "LPT³_"),
            ("COM10", "COM10"),
            ("Conway", "Conway"),
            ("CONOUT$", "CONOUT$_"),
            ("ザ・ビートルズ", "ザ・ビートルズ"),
        ] {
            assert_eq!(component(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_letters_and_stays_different_from_its_twin() {
        let one = component(&format!("01 - {}one", "e\u{301}\u{323}".repeat(200)));
        let two = component(&format!("01 - {}two", "e\u{301}\u{323}".repeat(200)));
        assert!(
            one.len() <= STEM_LIMIT && one.len() > STEM_LIMIT - 8,
            "{}",
            one.len()
        );
        assert!(one.starts_with("01 - ẹ́"), "the number is kept: {one}");
        assert_ne!(one, two);
        let (kept, _) = one.split_once('~').unwrap();
        assert!(kept.ends_with("ẹ́"), "no letter lost its accent: {kept}");
    }

    #[test]
    fn a_single_letter_longer_than_the_room_is_cut_too() {
        let zalgo = format!("Z{}", "\u{316}".repeat(500));
        let name = component(&zalgo);
        assert!(name.len() <= STEM_LIMIT && name.starts_with("Z\u{316}"));
    }

    #[test]
    fn spellings_one_file_system_may_hold_only_once_fold_to_one_key() {
        for (one, other) in [
            ("The Band", "the band"),
            ("Björk", "BJO\u{308}RK"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("K", "\u{212A}"),
            ("a\u{200B}b", "ab"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
        assert_ne!(fold("Yıldız"), fold("Yildiz"), "two letters, two names");
        assert_ne!(fold("Bjork"), fold("Björk"), "an accent is no case");
    }

    /// Texts made of what makes names difficult, far more often than plain chance would.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            prop::sample::select(vec![
                ".", " ", "/", "\\", ":", "\u{301}", "\u{338}", "<", "\u{202E}", "\u{200D}",
                "\u{200B}", "\u{FEFF}", "CON", "nul", "COM1", "~", "_", "\n", "\u{85}", "e", "한",
                "\u{1100}", "\u{1161}", "\u{11A8}", "👩", "\u{FE0F}", "\u{345}", "\u{F73}",
            ])
            .prop_map(str::to_owned),
            "[a-z]{40}",
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// What must hold of every name, whatever it was made of.
    fn is_legal(name: &str, limit: usize) -> bool {
        !name.is_empty()
            && name.len() <= limit.max(LEAST_LIMIT)
            && unicode_normalization::is_nfc(name)
            && !name
                .chars()
                .any(|c| c.is_control() || FORBIDDEN.contains(&c) || turns_direction(c))
            && !name.starts_with(vanishes_at_an_end)
            && !name.ends_with(vanishes_at_an_end)
            && !is_device_name(name.split('.').next().unwrap_or_default().trim_end())
    }

    /// One text of a sequence that is the same in every run.
    fn random_text(seed: u64) -> String {
        const TRAPS: [&str; 24] = [
            ".", " ", "/", "\\", ":", "\u{301}", "\u{338}", "<", "\u{202E}", "\u{200D}",
            "\u{200B}", "\u{FEFF}", "CON", "nul", "COM1", "~", "\n", "\u{85}", "한", "\u{1100}",
            "\u{1161}", "\u{11A8}", "👩", "\u{345}",
        ];
        // SplitMix64: any seed gives bits that look like chance.
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^ bits >> 31
        };
        let pieces = next() % 12;
        // One in sixteen is longer than a name may be.
        let pieces = if next() % 16 == 0 {
            pieces * 30
        } else {
            pieces
        };
        let mut text = String::new();
        for _ in 0..pieces {
            let bits = next();
            match bits % 4 {
                0 => text.push_str(TRAPS[(bits >> 8) as usize % TRAPS.len()]),
                1 => text.push((b' ' + (bits >> 8) as u8 % 95) as char),
                2 => text.extend(char::from_u32((bits >> 8) as u32 % 0x3000)),
                _ => text.extend(char::from_u32((bits >> 8) as u32 % 0x11_0000)),
            }
        }
        text
    }

    #[test]
    fn a_million_random_texts_become_legal_names_that_stay_what_they_are() {
        const TEXTS: u64 = 1_000_000;
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        std::thread::scope(|scope| {
            for thread in 0..threads {
                scope.spawn(move || {
                    for seed in (thread..TEXTS).step_by(threads as usize) {
                        let text = random_text(seed);
                        let name = component(&text);
                        assert!(is_legal(&name, STEM_LIMIT), "{seed}: {text:?} -> {name:?}");
                        assert_eq!(component(&name), name, "{seed}: {text:?}");
                    }
                });
            }
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_text_becomes_a_legal_name(text in hostile(), limit in 0usize..300) {
            let name = component_with_limit(&text, limit);
            prop_assert!(is_legal(&name, limit), "{name:?}");
        }

        #[test]
        fn cleaning_a_clean_name_changes_nothing(text in hostile(), limit in 0usize..300) {
            let name = component_with_limit(&text, limit);
            prop_assert_eq!(component_with_limit(&name, limit), name);
        }

        #[test]
        fn composed_and_decomposed_spellings_are_one_name(text in hostile()) {
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(component(&decomposed), component(&text));
        }

        #[test]
        fn folding_twice_is_folding_once(text in hostile()) {
            let key = fold(&component(&text));
            prop_assert_eq!(fold(&key), key);
        }
    }
}
