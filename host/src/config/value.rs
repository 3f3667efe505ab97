//! Single values: from the word that was typed to what it means. Every reader says what it
//! would have taken.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::music::{Encoding, Target};

/// Why a word is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Completes "it must be ...".
    pub(super) must_be: String,
    /// The words that are taken, where they are few.
    pub(super) accepted: Vec<&'static str>,
    /// What to write instead.
    pub(super) hint: Option<String>,
}

impl Refusal {
    pub(super) fn must_be(what: impl Into<String>) -> Self {
        Self {
            must_be: what.into(),
            accepted: Vec::new(),
            hint: None,
        }
    }

    pub(super) fn one_of(accepted: &[&'static str]) -> Self {
        Self {
            must_be: "one of the accepted words".to_owned(),
            accepted: accepted.to_vec(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Any text that is not empty.
pub(super) fn text(word: &str) -> Result<String, Refusal> {
    if word.trim().is_empty() {
        return Err(Refusal::must_be("a text"));
    }
    Ok(word.to_owned())
}

/// `true` or `false`, as YAML spells them.
pub(super) fn flag(word: &str) -> Result<bool, Refusal> {
    match word {
        "true" | "True" | "TRUE" => Ok(true),
        "false" | "False" | "FALSE" => Ok(false),
        _ => Err(Refusal::one_of(&["true", "false"])),
    }
}

/// A whole number within `range`.
pub(super) fn whole(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, Refusal> {
    move |word| {
        digits(word)
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                Refusal::must_be(format!(
                    "a whole number from {} to {}",
                    range.start(),
                    range.end()
                ))
            })
    }
}

/// A share: 0 is nothing, 1 is all.
pub(super) fn share(word: &str) -> Result<f64, Refusal> {
    word.parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| Refusal::must_be("a number from 0 to 1").hint("e.g. 0.8"))
}

/// A time such as `500ms`, `60s`, `5m` or `1h`, within `range`.
pub(super) fn duration(
    range: RangeInclusive<Duration>,
) -> impl Fn(&str) -> Result<Duration, Refusal> {
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
    move |word| {
        let refusal = || {
            Refusal::must_be(format!(
                "a time from {} to {} with its unit: ms, s, m or h",
                shown(*range.start()),
                shown(*range.end())
            ))
        };
        match number_with_unit(word, &UNITS) {
            Some(millis) => Some(Duration::from_millis(millis))
                .filter(|time| range.contains(time))
                .ok_or_else(refusal),
            None if digits(word).is_some() => {
                Err(refusal().hint(format!("for seconds write {word}s")))
            }
            None => Err(refusal()),
        }
    }
}

/// A size such as `64KiB`, `256MiB` or `1000000`, in bytes, within `range`.
pub(super) fn size(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, Refusal> {
    const UNITS: [(&str, u64); 8] = [
        ("", 1),
        ("B", 1),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    move |word| {
        number_with_unit(word, &UNITS)
            .filter(|bytes| range.contains(bytes))
            .ok_or_else(|| {
                Refusal::must_be(format!(
                    "a size from {} to {} bytes: a number, with KiB, MiB or GiB behind it if not bytes",
                    range.start(),
                    range.end()
                ))
            })
    }
}

/// A quality such as `flac 24/96` or `mp3 320`.
pub(super) fn quality(word: &str) -> Result<Target, Refusal> {
    Target::parse(word).map_err(|_| {
        Refusal::must_be("a codec (or lossless, lossy), then bits/kHz or kbit/s")
            .hint("e.g. `flac 24/96`, `flac`, `lossless`, `mp3 320` or `lossy 192`")
    })
}

/// `keep`, or what files are converted to.
pub(super) fn format(word: &str) -> Result<Option<Encoding>, Refusal> {
    match word {
        "keep" => Ok(None),
        _ => Encoding::parse(word).map(Some).map_err(|_| {
            Refusal::must_be("`keep`, or a codec and kbit/s")
                .hint("e.g. `mp3 320`, `opus 160`, `aac 256`, `vorbis 192`, `flac` or `alac`")
        }),
    }
}

/// Digits only: no sign, no blank, no other base.
pub(super) fn digits(word: &str) -> Option<u64> {
    let digits_only = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    digits_only.then(|| word.parse().ok()).flatten()
}

fn number_with_unit(word: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let unit = unit.trim_start();
    let factor = units.iter().find(|(name, _)| *name == unit)?.1;
    digits(number)?.checked_mul(factor)
}

fn shown(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let fits = |&(_, factor): &(&str, u128)| millis.is_multiple_of(factor) && millis >= factor;
    match units.into_iter().find(fits) {
        Some((unit, factor)) => format!("{}{unit}", millis / factor),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_stays_within_its_range() {
        let read = duration(Duration::from_millis(500)..=Duration::from_secs(3600));
        for (word, millis) in [
            ("500ms", Some(500)),
            ("60s", Some(60_000)),
            ("60 s", Some(60_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("499ms", None),
            ("2h", None),
            ("60", None),
            ("1d", None),
            ("-1s", None),
            ("1.5s", None),
            ("", None),
            ("s", None),
            ("99999999999999999999h", None),
            ("9999999999999999h", None),
        ] {
            let expected = millis.map(Duration::from_millis);
            assert_eq!(read(word).ok(), expected, "{word}");
        }
        let refusal = read("60").unwrap_err();
        assert_eq!(
            refusal.must_be,
            "a time from 500ms to 1h with its unit: ms, s, m or h"
        );
        assert_eq!(refusal.hint.as_deref(), Some("for seconds write 60s"));
    }

    #[test]
    fn a_size_is_bytes_or_has_a_unit() {
        let read = size(1..=1 << 40);
        for (word, bytes) in [
            ("1", Some(1)),
            ("10B", Some(10)),
            ("2kB", Some(2_000)),
            ("3 MB", Some(3_000_000)),
            ("64KiB", Some(65_536)),
            ("256MiB", Some(268_435_456)),
            ("1GiB", Some(1_073_741_824)),
            ("0", None),
            ("2TiB", None),
            ("256mib", None),
            ("18446744073709551615GiB", None),
        ] {
            assert_eq!(read(word).ok(), bytes, "{word}");
        }
    }

    #[test]
    fn a_number_is_digits_and_a_share_lies_between_0_and_1() {
        for (word, number) in [
            ("1", Some(1)),
            ("64", Some(64)),
            ("0", None),
            ("65", None),
            ("+4", None),
            ("0x4", None),
            ("4.0", None),
            ("many", None),
        ] {
            assert_eq!(whole(1..=64)(word).ok(), number, "{word}");
        }
        for (word, number) in [
            ("0", Some(0.0)),
            ("0.8", Some(0.8)),
            ("1", Some(1.0)),
            ("1.01", None),
            ("-0.1", None),
            ("80%", None),
            ("nan", None),
        ] {
            assert_eq!(share(word).ok(), number, "{word}");
        }
    }
}
