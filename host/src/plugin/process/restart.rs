//! Whether a plugin whose process ended may have another one, and when. Takes the time as an
//! argument and never waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// This number of deaths ..
const DEATHS: usize = 3;
/// .. within this time, and the plugin is put aside for the run (promises C1).
const WITHIN: Duration = Duration::from_secs(60);
/// After a first death; it doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// The deaths of one plugin.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    recent: VecDeque<Instant>,
    aside: Option<String>,
}

/// When the next process may start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    At(Instant),
    /// Never in this run, for that reason.
    Never(String),
}

impl Restarts {
    /// Notes a death, described in words. After too many of them the plugin is put aside for good.
    pub(super) fn died(&mut self, now: Instant, how: &str) {
        self.recent
            .retain(|&death| now.saturating_duration_since(death) < WITHIN);
        self.recent.push_back(now);
        if self.recent.len() >= DEATHS && self.aside.is_none() {
            self.aside = Some(format!(
                "its process ended {DEATHS} times within {} s; the last one {how}",
                WITHIN.as_secs()
            ));
        }
    }

    /// When the next process may start.
    pub(super) fn next(&self, now: Instant) -> Next {
        match (&self.aside, self.recent.back()) {
            (Some(reason), _) => Next::Never(reason.clone()),
            (None, None) => Next::At(now),
            (None, Some(&last)) => {
                let recent = self
                    .recent
                    .iter()
                    .filter(|&&death| now.saturating_duration_since(death) < WITHIN);
                match u32::try_from(recent.count()) {
                    Ok(deaths @ 1..) => {
                        Next::At(last + FIRST_BACKOFF * 2u32.pow((deaths - 1).min(8)))
                    }
                    Ok(0) | Err(_) => Next::At(now),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn every_death_doubles_the_wait_and_the_third_in_a_minute_is_the_last() {
        let start = Instant::now();
        let mut restarts = Restarts::default();
        assert_eq!(restarts.next(start), Next::At(start));
        restarts.died(start, "was ended by signal 6");
        assert_eq!(restarts.next(start), Next::At(start + 100 * MS));
        let second = start + 30_000 * MS;
        restarts.died(second, "was ended by signal 6");
        assert_eq!(restarts.next(second), Next::At(second + 200 * MS));
        restarts.died(start + 59_999 * MS, "ended by itself with exit code 0");
        let never = Next::Never(
            "its process ended 3 times within 60 s; the last one ended by itself with exit code 0"
                .to_owned(),
        );
        assert_eq!(restarts.next(start + 60_000 * MS), never);
        assert_eq!(restarts.next(start + 9_999_999 * MS), never);
    }

    #[test]
    fn deaths_far_apart_do_not_add_up() {
        let start = Instant::now();
        let mut restarts = Restarts::default();
        for n in 0..20 {
            let now = start + n * 31_000 * MS;
            restarts.died(now, "was ended by signal 6");
            assert!(matches!(restarts.next(now), Next::At(_)), "death {n}");
        }
        let quiet = start + 10_000_000 * MS;
        assert_eq!(restarts.next(quiet), Next::At(quiet));
    }
}
