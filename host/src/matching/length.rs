//! How far two lengths of one recording may lie apart, by where a hit comes from.

use std::time::Duration;

/// Where the facts of a hit come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A shop's or server's catalog, or the tags of a file.
    Listed,
    /// Read from a path or from the title of a video. Videos have an intro before the song
    /// and applause behind it.
    Derived,
}

/// Lengths in seconds; up to `exact` they are equal, beyond `most` it is another recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    exact: f64,
    most_shorter: f64,
    most_longer: f64,
}

/// From here on a recording is long, and catalogs count its pauses differently.
const LONG: f64 = 600.0;
/// The least tolerance for those.
const LONG_TOLERANCE: f64 = 5.0;
/// Masters of one recording differ by a fade or a pause: in the golden corpus by up to 7 s.
const SHORTER: f64 = 8.0;
const LONGER: f64 = 10.0;
const LONGER_DERIVED: f64 = 15.0;
/// Of long recordings: podcasts change their advertisements.
const SHARE: f64 = 0.02;
/// Of short ones: a jingle of 12 s is not one of 20.
const SHARE_OF_SHORT: f64 = 0.25;
/// With the same recording code only previews and other programmes are kept out.
const SAME_CODE: f64 = 30.0;

impl Window {
    /// For a wanted length in milliseconds.
    pub(super) fn new(want_ms: u64, tolerance: Duration, origin: Origin) -> Self {
        let want = seconds(want_ms);
        let mut exact = tolerance.as_secs_f64();
        if want > LONG {
            exact = exact.max(LONG_TOLERANCE);
        }
        let longer = match origin {
            Origin::Listed => LONGER,
            Origin::Derived => LONGER_DERIVED,
        };
        let within = |fixed: f64| {
            fixed
                .min(want * SHARE_OF_SHORT)
                .max(want * SHARE)
                .max(exact)
        };
        Self {
            exact,
            most_shorter: within(SHORTER),
            most_longer: within(longer),
        }
    }

    /// The same for a hit whose code says that it is the recording.
    pub(super) fn by_code(want_ms: u64) -> Self {
        let most = SAME_CODE.max(seconds(want_ms) / 10.0);
        Self {
            exact: most,
            most_shorter: most,
            most_longer: most,
        }
    }

    /// 1 within the tolerance, falling to 0.3 at the border; `None` beyond it.
    pub(super) fn score(&self, want_ms: u64, have_ms: u64) -> Option<f64> {
        let apart = seconds(have_ms) - seconds(want_ms);
        let most = if apart < 0.0 {
            self.most_shorter
        } else {
            self.most_longer
        };
        let apart = apart.abs();
        if apart <= self.exact {
            return Some(1.0);
        }
        (apart <= most).then(|| 1.0 - 0.7 * (apart - self.exact) / (most - self.exact))
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// `3:05`.
pub(super) fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_length_and_origin() {
        for (want, have, origin, fits) in [
            (200, 203, Origin::Listed, true),
            (200, 209, Origin::Listed, true),
            (200, 212, Origin::Listed, false),
            (200, 212, Origin::Derived, true),
            (200, 190, Origin::Derived, false),
            (200, 30, Origin::Listed, false),
            (12, 17, Origin::Listed, false),
            (3300, 3320, Origin::Listed, true),
            (3300, 3400, Origin::Listed, false),
        ] {
            let window = Window::new(want * 1000, Duration::from_secs(3), origin);
            let score = window.score(want * 1000, have * 1000);
            assert_eq!(score.is_some(), fits, "{want} / {have} {origin:?}");
        }
    }

    #[test]
    fn a_user_may_allow_more_than_the_window() {
        let window = Window::new(200_000, Duration::from_secs(60), Origin::Listed);
        assert_eq!(window.score(200_000, 250_000), Some(1.0));
    }
}
