//! How much of a stream of small messages is passed on: all of it while it is quiet, some of
//! it while it is loud. Takes the time as an argument and never waits.

use std::time::Instant;

/// An allowance that refills steadily.
#[derive(Debug)]
pub(super) struct RateLimiter {
    most: f64,
    per_second: f64,
    left: f64,
    last: Instant,
    /// Messages left out since the last one that passed.
    skipped: u64,
}

impl RateLimiter {
    /// Lets `at_once` messages through, and `per_second` for good.
    pub(super) fn new(at_once: u32, per_second: u32, now: Instant) -> Self {
        Self {
            most: at_once.into(),
            per_second: per_second.into(),
            left: at_once.into(),
            last: now,
            skipped: 0,
        }
    }

    /// What a download may say: enough to draw a smooth bar.
    pub(super) fn for_progress(now: Instant) -> Self {
        Self::new(200, 20, now)
    }

    /// What a plugin may log or print.
    pub(super) fn for_logs(now: Instant) -> Self {
        Self::new(200, 20, now)
    }

    /// Whether this message passes; if so, how many before it did not.
    pub(super) fn admit(&mut self, now: Instant) -> Option<u64> {
        let since = now.saturating_duration_since(self.last).as_secs_f64();
        self.last = now;
        self.left = (self.left + since * self.per_second).min(self.most);
        if self.left < 1.0 {
            self.skipped += 1;
            return None;
        }
        self.left -= 1.0;
        Some(std::mem::take(&mut self.skipped))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_a_flood_is_limited_and_skipped_messages_are_counted() {
        let start = Instant::now();
        let mut limiter = RateLimiter::new(3, 10, start);
        let passed = (0..100).filter_map(|_| limiter.admit(start)).count();
        assert_eq!(passed, 3);
        let later = start + Duration::from_millis(100);
        assert_eq!(limiter.admit(later), Some(97));
        assert_eq!(limiter.admit(later), None);
        let much_later = start + Duration::from_secs(3600);
        assert_eq!(limiter.admit(much_later), Some(1));
        assert_eq!((0..9).filter_map(|_| limiter.admit(much_later)).count(), 2);
    }
}
