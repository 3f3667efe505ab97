//! When two words are one word: numbers in two spellings, slips of the finger, letters of
//! another script.

use deunicode::deunicode;

/// The number a word stands for: digits, Roman, or one of the first twelve in English.
pub(super) fn number(word: &str) -> Option<u64> {
    const NAMED: [&str; 12] = [
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok();
    }
    roman(word).or_else(|| {
        let at = NAMED.iter().position(|named| *named == word)?;
        u64::try_from(at + 1).ok()
    })
}

/// Whether a word is a number wherever it stands: digits, or Roman of several letters.
/// `i`, `v` and `x` are words too.
pub(super) fn is_plain_number(word: &str) -> bool {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    digits || (word.len() > 1 && roman(word).is_some())
}

/// `1987`
pub(super) fn is_year(word: &str) -> bool {
    word.len() == 4
        && (word.starts_with("19") || word.starts_with("20"))
        && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Roman numbers up to 39 as titles have them.
fn roman(word: &str) -> Option<u64> {
    if word.is_empty() || word.len() > 7 {
        return None;
    }
    let tens = word.bytes().take_while(|&byte| byte == b'x').count();
    let units = match &word[tens..] {
        "" if tens > 0 => 0,
        "i" => 1,
        "ii" => 2,
        "iii" => 3,
        "iv" => 4,
        "v" => 5,
        "vi" => 6,
        "vii" => 7,
        "viii" => 8,
        "ix" => 9,
        _ => return None,
    };
    (tens <= 3).then_some(tens as u64 * 10 + units)
}

/// Words of one meaning in two spellings.
pub(super) fn is_same_word(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    let part = |word| matches!(word, "pt" | "pts" | "part" | "parts");
    let volume = |word| matches!(word, "vol" | "volume");
    let number_sign = |word| matches!(word, "no" | "nr" | "nos" | "number");
    let remaster = |word| matches!(word, "remaster" | "remastered" | "remasters");
    let and = |word| matches!(word, "n" | "and" | "y" | "und" | "et");
    (part(left) && part(right))
        || (volume(left) && volume(right))
        || (number_sign(left) && number_sign(right))
        || (remaster(left) && remaster(right))
        || (and(left) && and(right))
        || is_same_number(left, right)
}

fn is_same_number(left: &str, right: &str) -> bool {
    // One of the two in digits: `I` and `one` are words as long as they stand alone.
    (is_plain_number(left) || is_plain_number(right))
        && matches!((number(left), number(right)), (Some(left), Some(right)) if left == right)
}

/// Whether one may be the other after a slip of the finger or in another country's spelling.
/// Short words and plurals never are: `stay` and `stray`, `dream` and `dreams` are songs of
/// their own.
pub(super) fn is_near(left: &str, right: &str) -> bool {
    if left.len().abs_diff(right.len()) > 4 || !begin_alike(left, right) {
        return false;
    }
    let (a, b): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if a.len().abs_diff(b.len()) > 2 || digits(&a) != digits(&b) {
        return false;
    }
    if a.len() == b.len() && a.len() >= 3 && is_one_swap(&a, &b) {
        return true;
    }
    if !a.iter().chain(&b).all(|&c| has_letters_one_types(c)) {
        return false;
    }
    if is_one_collapsed(left, right)
        || is_umlaut_spelled_out(left, right)
        || is_british(left, right)
        || is_british(right, left)
    {
        return true;
    }
    a.len().max(b.len()) >= 8
        && !is_plural(left, right)
        && !is_plural(right, left)
        && is_one_edit(&a, &b)
}

/// No slip changes the first letter and moves neither of the first two: most pairs of words
/// end here.
fn begin_alike(left: &str, right: &str) -> bool {
    let (mut left, mut right) = (left.chars(), right.chars());
    let (a, b) = ((left.next(), left.next()), (right.next(), right.next()));
    a.0 == b.0 || a.1 == b.1 || a.0 == b.1 || a.1 == b.0
}

fn digits(word: &[char]) -> Vec<char> {
    word.iter().copied().filter(char::is_ascii_digit).collect()
}

/// Scripts in which a letter more or less is a slip; in others it is another word.
fn has_letters_one_types(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '\u{c0}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}')
}

/// Two neighbours changed places.
fn is_one_swap(a: &[char], b: &[char]) -> bool {
    let Some(at) = (0..a.len()).find(|&at| a[at] != b[at]) else {
        return false;
    };
    at + 1 < a.len() && a[at] == b[at + 1] && a[at + 1] == b[at] && a[at + 2..] == b[at + 2..]
}

/// A letter more, less or other.
fn is_one_edit(a: &[char], b: &[char]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    match long.len() - short.len() {
        0 => short[(same + 1).min(short.len())..] == long[(same + 1).min(long.len())..],
        1 => short[same..] == long[same + 1..],
        _ => false,
    }
}

/// Equal but for doubled letters: `jaa`, `ja`.
fn is_one_collapsed(left: &str, right: &str) -> bool {
    let collapsed = |word: &str| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.dedup_by(|next, last| next == last && !next.is_ascii_digit());
        letters
    };
    let longer = left.len().max(right.len());
    longer >= 3 && left.len() != right.len() && collapsed(left) == collapsed(right)
}

/// `Aerzte`, where `Ärzte` has lost its dots.
fn is_umlaut_spelled_out(left: &str, right: &str) -> bool {
    let without = |word: &str| {
        word.replace("ae", "a")
            .replace("oe", "o")
            .replace("ue", "u")
    };
    left.len() != right.len() && without(left) == without(right)
}

/// `colour`, `color`
fn is_british(british: &str, american: &str) -> bool {
    let stem = |word: &str, ending: &str| {
        let word = word.strip_suffix('s').unwrap_or(word);
        word.strip_suffix(ending)
            .filter(|stem| stem.len() >= 3)
            .map(str::to_owned)
    };
    stem(british, "our").is_some_and(|british| stem(american, "or") == Some(british))
}

fn is_plural(one: &str, many: &str) -> bool {
    many.strip_suffix('s') == Some(one)
}

/// Whether both may be one text in two scripts: only when just one of them is in plain
/// letters, because within a script other letters are other words.
pub(super) fn is_transliteration(left: &str, right: &str) -> bool {
    let (plain, other) = match (is_plain(left), is_plain(right)) {
        (true, false) => (left, right),
        (false, true) => (right, left),
        _ => return false,
    };
    let spelled: String = deunicode(other)
        .to_lowercase()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    !spelled.is_empty() && rapidfuzz::fuzz::ratio(plain.chars(), spelled.chars()) >= LIKE_SPELLED
}

/// From here on a transliteration is taken for the name it spells: `Gruppa krovi` in either of
/// two systems, and no two words of one song.
const LIKE_SPELLED: f64 = 0.84;

fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii() || matches!(c, '\u{c0}'..='\u{24f}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        for (left, right, near) in [
            ("nightingale", "nightignale", true),
            ("nightingale", "nightingle", true),
            ("colour", "color", true),
            ("jaa", "ja", true),
            ("xx", "x", false),
            ("aerzte", "arzte", true),
            ("夜明けの街", "夜明の街け", false),
            ("夜明けの街", "夜明けの街", false),
            ("夜明けの街", "夜けの明街", false),
            ("夜明けの街", "明夜けの街", true),
            ("nightingale", "nightingales", false),
            ("stay", "stray", false),
            ("changes", "chances", false),
            ("dream", "dreams", false),
            ("mourning", "morning", true),
            ("track12", "track13", false),
            ("他说", "她说", false),
        ] {
            assert_eq!(is_near(left, right), near, "{left} / {right}");
        }
    }

    #[test]
    fn numbers_are_one_in_digits_roman_and_words() {
        for (left, right, same) in [
            ("2", "ii", true),
            ("2", "two", true),
            ("iv", "4", true),
            ("5", "v", true),
            ("02", "2", true),
            ("i", "one", false),
            ("2", "3", false),
            ("mix", "9", false),
            ("pt", "parts", true),
        ] {
            assert_eq!(is_same_word(left, right), same, "{left} / {right}");
        }
    }

    #[test]
    fn only_another_script_is_spelled_out() {
        assert!(is_transliteration("группакрови", "gruppakrovi"));
        assert!(!is_transliteration("他说", "她说"));
        assert!(!is_transliteration("gruppa", "gruppy"));
        assert!(!is_transliteration("夜に駆ける", "intothenight"));
    }
}
