//! Is it as long as it says itself, and as long as was wanted?

use super::VerifyError;
use super::decode::{End, Heard};
use super::error::clock;

/// Shorter than wanted by no more than this, or by [`SHORT_PERCENT`], is the same recording:
/// masters differ in their fades, and catalogs round. From promise C4.
const SHORT_MS: u64 = 3_000;

/// See [`SHORT_MS`]; the larger of the two counts.
const SHORT_PERCENT: u64 = 2;

/// Below this share of the wanted length nobody means another fade.
const PREVIEW_PERCENT: u64 = 85;

/// Longer than wanted by no more than this is a longer master, not another recording.
const LONG_MS: u64 = 15_000;

/// What a file says of its own length may be off by its encoder's delay and a last packet.
const DECLARED_MS: u64 = 100;

/// A file without an end mark is believed when it is at most this much shorter than wanted.
const UNMARKED_MS: u64 = 1_000;

/// Silence longer than this is no pause but a failed encoding.
pub(super) const SILENCE_MS: u64 = 2_000;

/// Compares with the length that was wanted.
pub(super) fn against_wanted(found_ms: u64, wanted_ms: Option<u64>) -> Result<(), VerifyError> {
    let Some(wanted_ms) = wanted_ms.filter(|ms| *ms > 0) else {
        return Ok(());
    };
    let tolerance = SHORT_MS.max(wanted_ms.saturating_mul(SHORT_PERCENT) / 100);
    if found_ms.saturating_add(tolerance) < wanted_ms {
        let share = found_ms.saturating_mul(100) / wanted_ms;
        return Err(VerifyError::TooShort {
            found_ms,
            wanted_ms,
            preview: share < PREVIEW_PERCENT,
        });
    }
    if found_ms > wanted_ms.saturating_add(LONG_MS) {
        return Err(VerifyError::TooLong {
            found_ms,
            wanted_ms,
        });
    }
    Ok(())
}

/// Compares with what the file says itself.
///
/// Only a lack counts: more than promised is an estimate that was wrong.
pub(super) fn against_declared(heard: &Heard) -> Result<(), VerifyError> {
    let declared_ms = heard.declared_ms;
    let lacking = declared_ms.filter(|ms| heard.duration_ms + DECLARED_MS.max(ms / 200) < *ms);
    if heard.end == End::Lost || lacking.is_some() {
        let what = match declared_ms {
            Some(ms) => format!("it says that it is {} long", clock(ms)),
            None => "it ends in the middle of a packet".to_owned(),
        };
        return Err(VerifyError::Truncated {
            what,
            found_ms: heard.duration_ms,
        });
    }
    Ok(())
}

/// Decides on a file whose end is not marked as one.
pub(super) fn unmarked_end(
    what: String,
    found_ms: u64,
    wanted_ms: Option<u64>,
) -> Result<(), VerifyError> {
    match wanted_ms {
        Some(wanted_ms) if wanted_ms > 0 && found_ms + UNMARKED_MS >= wanted_ms => Ok(()),
        Some(_) | None => Err(VerifyError::Truncated { what, found_ms }),
    }
}

/// Bits per second, rounded.
pub(super) fn bitrate(bytes: u64, ms: u64) -> u32 {
    let bits = u128::from(bytes) * 8000;
    let ms = u128::from(ms.max(1));
    u32::try_from((bits + ms / 2) / ms).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_accepted_or_refused_by_these_bounds() {
        const OK: &str = "ok";
        for (found, wanted, verdict) in [
            (240_000, None, OK),
            (240_000, Some(0), OK),
            (240_000, Some(240_000), OK),
            // 2 % of four minutes is 4.8 s
            (235_200, Some(240_000), OK),
            (235_199, Some(240_000), "short"),
            (204_000, Some(240_000), "short"),
            (203_000, Some(240_000), "preview"),
            (30_000, Some(240_000), "preview"),
            (255_000, Some(240_000), OK),
            (255_001, Some(240_000), "long"),
            // 3 s is more than 2 % of a minute
            (57_000, Some(60_000), OK),
            (56_999, Some(60_000), "short"),
            // a skit
            (4_000, Some(6_500), OK),
            (1_000, Some(6_500), "preview"),
        ] {
            let found_verdict = match against_wanted(found, wanted) {
                Ok(()) => OK,
                Err(VerifyError::TooShort { preview: true, .. }) => "preview",
                Err(VerifyError::TooShort { preview: false, .. }) => "short",
                Err(VerifyError::TooLong { .. }) => "long",
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found_verdict, verdict, "{found} of {wanted:?}");
        }
    }

    #[test]
    fn an_unmarked_end_needs_the_wanted_length() {
        let ends_at = |found, wanted| unmarked_end(String::new(), found, wanted).is_ok();
        assert!(ends_at(199_100, Some(200_000)));
        assert!(ends_at(203_000, Some(200_000)));
        assert!(!ends_at(198_900, Some(200_000)));
        assert!(!ends_at(200_000, None));
    }

    #[test]
    fn a_bitrate_is_bits_by_seconds() {
        assert_eq!(bitrate(40_000, 1000), 320_000);
        assert_eq!(bitrate(10, 0), 80_000);
    }
}
