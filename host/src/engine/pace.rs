//! When the next call of a source may start. Takes the time as an argument and waits for
//! nobody, so that its tests never sleep.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use musicdl_plugin_api::Window;

/// The starts of one kind of call at one source.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    window: Option<Window>,
    /// Starts that still count, granted ones in the future included.
    starts: VecDeque<Instant>,
}

impl Pace {
    pub(super) fn new(spacing: Duration, window: Option<Window>) -> Self {
        let window = window.filter(|window| window.requests > 0);
        Self {
            spacing,
            window,
            starts: VecDeque::new(),
        }
    }

    /// Books the next start and says when it is, at or after `now`. Bookings are handed out
    /// in the order of the calls and never exceed spacing or window.
    pub(super) fn book(&mut self, now: Instant) -> Instant {
        let mut start = now;
        if let Some(last) = self.starts.back() {
            start = start.max(*last + self.spacing);
        }
        let remembered = match self.window {
            Some(Window { requests, per }) => {
                let requests = requests as usize;
                if self.starts.len() >= requests {
                    let leaves = self.starts[self.starts.len() - requests] + per;
                    start = start.max(leaves);
                }
                requests
            }
            None => 1,
        };
        self.starts.push_back(start);
        while self.starts.len() > remembered {
            self.starts.pop_front();
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn without_limits_everything_starts_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(Duration::ZERO, None);
        assert!((0..100).all(|_| pace.book(now) == now));
    }

    #[test]
    fn starts_keep_their_distance() {
        let now = Instant::now();
        let mut pace = Pace::new(3 * S, None);
        assert_eq!(
            [pace.book(now), pace.book(now), pace.book(now + 20 * S)],
            [now, now + 3 * S, now + 20 * S]
        );
    }

    #[test]
    fn no_window_of_any_position_holds_more_than_allowed() {
        let now = Instant::now();
        let window = Window {
            requests: 34,
            per: 220 * S,
        };
        let mut pace = Pace::new(Duration::ZERO, Some(window));
        let starts: Vec<Instant> = (0..200).map(|n| pace.book(now + n * S / 3)).collect();
        for first in 0..starts.len() - 34 {
            assert!(
                starts[first + 34] - starts[first] >= window.per,
                "from {first}"
            );
        }
        assert_eq!(
            starts[33],
            now + 11 * S,
            "the budget is used while it lasts"
        );
    }
}
