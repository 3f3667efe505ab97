//! No more calls at once, and no faster, than a source declares or its user says: over all
//! workers, and for long windows over restarts too.
//!
//! Waiting is in one order everywhere: first for a place, then for one's turn, then for the
//! moment. Nobody who holds a moment waits for a place, so nothing waits in a circle; and a
//! moment is taken when it has come, not booked ahead, so somebody who is cancelled while
//! waiting has used up nothing.
//!
//! The rate is counted here and not by a token bucket: one that holds N and is refilled at
//! N a window lets up to 2N - 1 calls into one window, and a service that counts bans for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use musicdl_plugin_api::{DownloadRequest, ErrorKind, Files, Limits, Query, SourceError, Window};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::breaker::LONGEST_REST;
use super::call::{Pulse, Pulses};
use super::counts::Counts;
use super::{Answer, Calls, Fault, Found, Rest, lock};
use crate::engine::book::SourceBook;
use crate::engine::post::Errand;
use crate::music::SourceName;

/// Windows shorter than this have passed when a program has started again.
const WORTH_KEEPING: Duration = Duration::from_secs(5);
/// From here on another item may run while this one waits.
const LONG_WAIT: Duration = Duration::from_secs(2);
/// An item that finds every place held by calls that show no sign of life goes elsewhere, and
/// is back after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How fast and how many at once: the plugin's word, or the user's where there is one.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Allowance {
    pub(in crate::engine) searches: u32,
    pub(in crate::engine) downloads: u32,
    pub(in crate::engine) search_spacing: Duration,
    pub(in crate::engine) download_spacing: Duration,
    pub(in crate::engine) search_window: Option<Window>,
    /// The longest time that a service may ask everybody to wait; for more they go elsewhere.
    pub(in crate::engine) max_wait: Duration,
}

/// What a user may say instead of what a plugin declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaceWish {
    /// Searches at once, at least 1.
    pub search_concurrency: Option<u32>,
    /// Downloads at once, at least 1.
    pub download_concurrency: Option<u32>,
    /// Least time between the starts of two searches.
    pub search_spacing: Option<Duration>,
    /// Least time between the starts of two downloads.
    pub download_spacing: Option<Duration>,
    /// Searches per window.
    pub search_window: Option<Window>,
}

impl Allowance {
    pub(in crate::engine) fn new(declared: &Limits, wish: &PaceWish, max_wait: Duration) -> Self {
        let at_once = |wish: Option<u32>, declared: u32| wish.unwrap_or(declared).clamp(1, 64);
        Self {
            searches: at_once(wish.search_concurrency, declared.search_concurrency),
            downloads: at_once(wish.download_concurrency, declared.download_concurrency),
            search_spacing: wish.search_spacing.unwrap_or(declared.search_spacing),
            download_spacing: wish.download_spacing.unwrap_or(declared.download_spacing),
            search_window: wish.search_window.or(declared.search_window),
            max_wait,
        }
    }
}

/// The starts of one kind of call at one source. Takes the time as an argument and waits for
/// nobody.
#[derive(Debug)]
pub(super) struct Pace {
    spacing: Duration,
    window: Option<Window>,
    /// Starts that still count, oldest first.
    starts: VecDeque<Instant>,
    /// The service asked not to be called before then.
    held: Option<Instant>,
}

impl Pace {
    pub(super) fn new(spacing: Duration, window: Option<Window>) -> Self {
        Self {
            spacing,
            window: window.filter(|window| window.requests > 0),
            starts: VecDeque::new(),
            held: None,
        }
    }

    /// Nothing starts before `until`.
    pub(super) fn hold(&mut self, until: Instant) {
        self.held = self.held.max(Some(until));
    }

    /// Until when nothing starts, if that is longer than somebody is ready to wait.
    fn held_beyond(&self, patience: Duration, now: Instant) -> Option<Instant> {
        self.held.filter(|held| *held > now + patience)
    }

    /// When the next call may start: at or after `now`.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let mut next = self.held.map_or(now, |held| held.max(now));
        if let Some(last) = self.starts.back() {
            next = next.max(*last + self.spacing);
        }
        if let Some(Window { requests, per }) = self.window {
            let requests = requests as usize;
            if self.starts.len() >= requests {
                next = next.max(self.starts[self.starts.len() - requests] + per);
            }
        }
        next
    }

    /// A call starts.
    pub(super) fn start(&mut self, at: Instant) {
        self.starts.push_back(at);
        let remembered = self.window.map_or(1, |window| window.requests as usize);
        while self.starts.len() > remembered {
            self.starts.pop_front();
        }
    }

    /// Calls that could start at `now` one after the other. `None`: any number.
    fn left(&self, now: Instant) -> Option<u32> {
        let Window { requests, per } = self.window?;
        let counts = |start: &&Instant| now.saturating_duration_since(**start) < per;
        let used = self.starts.iter().filter(counts).count();
        Some(requests.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX)))
    }
}

/// Where calls of one kind queue.
struct Gate {
    places: Semaphore,
    /// Held by the one whose moment is next, so that moments are taken in order.
    turn: Semaphore,
    pace: Mutex<Pace>,
    max_wait: Duration,
}

impl Gate {
    fn new(places: u32, pace: Pace, max_wait: Duration) -> Self {
        Self {
            max_wait,
            places: Semaphore::new(places as usize),
            turn: Semaphore::new(1),
            pace: Mutex::new(pace),
        }
    }

    /// Waits for a place, a turn and the moment; the place is held as long as the answer is.
    async fn enter(&self, errand: &Errand, pulse: &Pulse) -> Result<SemaphorePermit<'_>, Fault> {
        let cancelled = || Err(SourceError::cancelled().into());
        let place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => self.wait_for_place(errand, pulse).await?,
        };
        let _turn = tokio::select! {
            biased;
            () = errand.cancel.stopping() => return cancelled(),
            turn = self.turn.acquire() => turn.expect("the turn of a gate is never closed"),
        };
        // More than once: while one waits, the service may ask for more patience.
        loop {
            let now = Instant::now();
            let (next, held) = {
                let pace = lock(&self.pace);
                (pace.next(now), pace.held_beyond(self.max_wait, now))
            };
            if let Some(until) = held {
                return Err(Fault::Rests(Rest {
                    until,
                    why: "the service asked for a pause".to_owned(),
                }));
            }
            if next <= now {
                break;
            }
            let long = next.duration_since(now) >= LONG_WAIT;
            let _elsewhere = long.then(|| errand.only_waits());
            tokio::select! {
                biased;
                () = errand.cancel.stopping() => return cancelled(),
                () = tokio::time::sleep_until(next) => {}
            }
        }
        lock(&self.pace).start(Instant::now());
        Ok(place)
    }

    /// Waits for a place as long as those who hold them show signs of life.
    async fn wait_for_place(
        &self,
        errand: &Errand,
        pulse: &Pulse,
    ) -> Result<SemaphorePermit<'_>, Fault> {
        let place = self.places.acquire();
        tokio::pin!(place);
        let began = Instant::now();
        let mut elsewhere = None;
        loop {
            if pulse.is_still(Instant::now()) {
                return Err(Fault::Rests(Rest {
                    until: Instant::now() + LOOK_AGAIN,
                    why: "none of its running calls shows a sign of life".to_owned(),
                }));
            }
            if elsewhere.is_none() && began.elapsed() >= LONG_WAIT {
                elsewhere = Some(errand.only_waits());
            }
            tokio::select! {
                biased;
                () = errand.cancel.stopping() => return Err(SourceError::cancelled().into()),
                place = &mut place => {
                    return Ok(place.expect("the places of a gate are never closed"));
                }
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
        }
    }
}

/// A source that is not asked faster than it likes.
pub(in crate::engine) struct Paced<S> {
    inner: S,
    name: SourceName,
    searches: Gate,
    downloads: Gate,
    pulses: Pulses,
    counts: Arc<Counts>,
    /// Where searches are noted whose window outlives the run.
    book: Option<Arc<dyn SourceBook>>,
}

impl<S> Paced<S> {
    /// `now` is the moment on the clock of `Instant::now()`.
    pub(in crate::engine) fn new(
        inner: S,
        name: SourceName,
        allowance: &Allowance,
        pulses: Pulses,
        counts: Arc<Counts>,
        book: &Arc<dyn SourceBook>,
        now: Timestamp,
    ) -> Self {
        let mut search_pace = Pace::new(allowance.search_spacing, allowance.search_window);
        let kept = allowance
            .search_window
            .filter(|window| window.per >= WORTH_KEEPING);
        if let Some(Window { per, .. }) = kept {
            for start in starts_of_earlier_runs(book.as_ref(), &name, per, now, Instant::now()) {
                search_pace.start(start);
            }
        }
        Self {
            inner,
            name,
            searches: Gate::new(allowance.searches, search_pace, allowance.max_wait),
            downloads: Gate::new(
                allowance.downloads,
                Pace::new(allowance.download_spacing, None),
                allowance.max_wait,
            ),
            pulses,
            counts,
            book: kept.map(|_| Arc::clone(book)),
        }
    }

    /// Searches that the window allows at this moment. `None`: it has none.
    pub(in crate::engine) fn searches_left(&self) -> Option<u32> {
        lock(&self.searches.pace).left(Instant::now())
    }

    async fn enter<'a>(
        &self,
        gate: &'a Gate,
        pulse: &Pulse,
        errand: &Errand,
    ) -> Result<SemaphorePermit<'a>, Fault> {
        let since = Instant::now();
        let place = gate.enter(errand, pulse).await?;
        let waited = since.elapsed();
        if waited >= Duration::from_millis(1) {
            self.counts.waited(waited);
        }
        Ok(place)
    }
}

impl<S> Paced<S> {
    /// One who is told to wait waits for all: whoever asks before the service said draws the
    /// same answer, and many services count that.
    fn heed<T>(&self, end: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(Fault::Failed(error)) = &end
            && error.kind == ErrorKind::RateLimited
            && let Some(wait) = error.retry_after
        {
            let until = Instant::now() + wait.min(LONGEST_REST);
            for gate in [&self.searches, &self.downloads] {
                lock(&gate.pace).hold(until);
            }
        }
        end
    }
}

/// Starts that an earlier run noted, on the clock of this one. A clock that was set back in
/// between gives starts in the future, which count as now: the wait is never longer than one
/// window.
fn starts_of_earlier_runs(
    book: &dyn SourceBook,
    name: &SourceName,
    per: Duration,
    wall: Timestamp,
    now: Instant,
) -> Vec<Instant> {
    let since = wall
        .checked_sub(jiff::SignedDuration::try_from(per).unwrap_or(jiff::SignedDuration::ZERO))
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let starts = book.searches(name, since);
    let on_this_clock = |start: Timestamp| {
        let age = Duration::try_from(wall.duration_since(start)).unwrap_or(Duration::ZERO);
        now.checked_sub(age)
    };
    starts.into_iter().filter_map(on_this_clock).collect()
}

impl<S: Calls> Calls for Paced<S> {
    fn search<'a>(&'a self, query: &'a Query, errand: &'a Errand) -> Answer<'a, Found> {
        Box::pin(async move {
            let pulse = &self.pulses.searches;
            let _place = self.enter(&self.searches, pulse, errand).await?;
            if let Some(book) = &self.book {
                let (book, name) = (Arc::clone(book), self.name.clone());
                let noted = tokio::task::spawn_blocking(move || {
                    book.search_starts(&name, Timestamp::now());
                });
                // Only a runtime that shuts down drops the note, and with it the search.
                drop(noted.await);
            }
            self.counts.searches.add(1);
            self.heed(self.inner.search(query, errand).await)
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        errand: &'a Errand,
    ) -> Answer<'a, Files> {
        Box::pin(async move {
            let pulse = &self.pulses.downloads;
            let _place = self.enter(&self.downloads, pulse, errand).await?;
            self.counts.downloads.add(1);
            self.heed(self.inner.download(request, errand).await)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::scripted::Scripted;
    use super::*;
    use crate::engine::book::NoBook;

    const S: Duration = Duration::from_secs(1);

    fn name() -> SourceName {
        SourceName::parse("a").unwrap()
    }

    /// Takes the next `count` starts, all asked for at `now`.
    fn take(pace: &mut Pace, now: Instant, count: usize) -> Vec<Instant> {
        let one = |pace: &mut Pace| {
            let next = pace.next(now);
            pace.start(next);
            next
        };
        (0..count).map(|_| one(pace)).collect()
    }

    #[test]
    fn without_limits_everything_starts_at_once() {
        let now = Instant::now();
        let mut pace = Pace::new(Duration::ZERO, None);
        assert!(take(&mut pace, now, 100).iter().all(|start| *start == now));
    }

    #[test]
    fn starts_keep_their_distance() {
        let now = Instant::now();
        let mut pace = Pace::new(3 * S, None);
        assert_eq!(take(&mut pace, now, 2), [now, now + 3 * S]);
        assert_eq!(pace.next(now + 20 * S), now + 20 * S);
    }

    proptest! {
        #[test]
        fn no_window_of_any_position_holds_more_than_allowed(
            requests in 1_usize..40,
            per_ms in 1_u64..300_000,
            spacing_ms in 0_u64..2_000,
            gaps_ms in prop::collection::vec(0_u64..20_000, 1..200),
        ) {
            let per = Duration::from_millis(per_ms);
            let window = Window { requests: u32::try_from(requests).unwrap(), per };
            let mut pace = Pace::new(Duration::from_millis(spacing_ms), Some(window));
            let mut now = Instant::now();
            let mut starts = Vec::new();
            for gap in gaps_ms {
                now += Duration::from_millis(gap);
                starts.extend(take(&mut pace, now, 1));
                now = now.max(*starts.last().unwrap());
            }
            for first in 0..starts.len().saturating_sub(requests) {
                prop_assert!(starts[first + requests] - starts[first] >= per);
            }
            for pair in starts.windows(2) {
                prop_assert!(pair[1] - pair[0] >= Duration::from_millis(spacing_ms));
            }
        }
    }

    #[test]
    fn the_budget_is_used_while_it_lasts() {
        let now = Instant::now();
        let window = Window {
            requests: 34,
            per: 220 * S,
        };
        let mut pace = Pace::new(Duration::ZERO, Some(window));
        let starts = take(&mut pace, now, 35);
        assert_eq!(starts[33], now);
        assert_eq!(starts[34], now + 220 * S);
        assert_eq!(pace.left(now), Some(0));
        assert_eq!(pace.left(now + 221 * S), Some(33));
    }

    #[test]
    fn what_the_user_says_counts_more_than_what_the_plugin_declares() {
        let declared = Limits {
            search_concurrency: 2,
            download_concurrency: 3,
            search_spacing: S,
            ..Limits::default()
        };
        let wish = PaceWish {
            download_concurrency: Some(8),
            search_spacing: Some(Duration::ZERO),
            ..PaceWish::default()
        };
        let allowance = Allowance::new(&declared, &wish, 60 * S);
        assert_eq!((allowance.searches, allowance.downloads), (2, 8));
        assert_eq!(allowance.search_spacing, Duration::ZERO);
    }

    /// A book that knows when searches were started.
    struct Noted(Mutex<Vec<Timestamp>>);

    impl SourceBook for Noted {
        fn searches(&self, _: &SourceName, since: Timestamp) -> Vec<Timestamp> {
            let all = lock(&self.0);
            all.iter().copied().filter(|at| *at >= since).collect()
        }
        fn search_starts(&self, _: &SourceName, at: Timestamp) {
            lock(&self.0).push(at);
        }
        fn rest(&self, _: &SourceName, _: Timestamp) -> Option<(Timestamp, String)> {
            None
        }
        fn rests(&self, _: &SourceName, _: Timestamp, _: &str) {}
        fn answer(
            &self,
            _: &SourceName,
            _: &str,
            _: Duration,
        ) -> Option<Vec<musicdl_plugin_api::Hit>> {
            None
        }
        fn answered(&self, _: &SourceName, _: &str, _: &[musicdl_plugin_api::Hit]) {}
        fn has_bad_files(&self, _: &crate::music::TrackId) -> bool {
            false
        }
        fn bad_file(&self, _: &SourceName, _: &str, _: &crate::music::TrackId) -> Option<String> {
            None
        }
        fn found_bad(&self, _: &SourceName, _: &str, _: &crate::music::TrackId, _: &str) {}
    }

    fn paced(
        window: Window,
        book: &Arc<dyn SourceBook>,
        script: Arc<Scripted>,
    ) -> Paced<Arc<Scripted>> {
        let allowance = Allowance {
            searches: 8,
            downloads: 1,
            search_spacing: Duration::ZERO,
            download_spacing: Duration::ZERO,
            search_window: Some(window),
            max_wait: 60 * S,
        };
        Paced::new(
            script,
            name(),
            &allowance,
            Pulses::default(),
            Arc::default(),
            book,
            Timestamp::now(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_that_an_earlier_run_used_up_is_used_up_for_this_one() {
        let ago = |seconds| Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
        let noted = Noted(Mutex::new(vec![ago(500), ago(100), ago(99)]));
        let book: Arc<dyn SourceBook> = Arc::new(noted);
        let window = Window {
            requests: 2,
            per: 220 * S,
        };
        let script = Arc::new(Scripted::default());
        let paced = paced(window, &book, Arc::clone(&script));
        assert_eq!(paced.searches_left(), Some(0));
        let (errand, _inbox) = Errand::for_test();
        let began = Instant::now();
        paced.search(&Query::default(), &errand).await.unwrap();
        let waited = began.elapsed().as_secs_f64();
        assert!((119.0..121.0).contains(&waited), "{waited}");
        assert_eq!(book.searches(&name(), ago(50)).len(), 1, "and is noted");
    }

    #[test]
    fn a_clock_that_was_set_back_costs_one_window_at_most() {
        let (wall, now) = (Timestamp::now(), Instant::now());
        let in_an_hour = wall + jiff::SignedDuration::from_hours(1);
        let book = Noted(Mutex::new(vec![in_an_hour]));
        let starts = starts_of_earlier_runs(&book, &name(), 220 * S, wall, now);
        assert_eq!(starts, [now]);
    }

    #[tokio::test(start_paused = true)]
    async fn all_workers_share_one_budget_and_one_who_gives_up_uses_nothing_of_it() {
        let book: Arc<dyn SourceBook> = Arc::new(NoBook);
        let window = Window {
            requests: 4,
            per: 10 * S,
        };
        let script = Arc::new(Scripted::default());
        let paced = Arc::new(paced(window, &book, Arc::clone(&script)));
        let began = Instant::now();
        let workers: Vec<_> = (0..10)
            .map(|worker| {
                let (paced, (errand, inbox)) = (Arc::clone(&paced), Errand::for_test());
                tokio::spawn(async move {
                    let _inbox = inbox;
                    let query = Query::default();
                    let search = paced.search(&query, &errand);
                    if worker == 5 {
                        drop(tokio::time::timeout(S, search).await);
                    } else {
                        drop(search.await);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        let starts: Vec<u64> = lock(&script.calls)
            .iter()
            .map(|call| call.duration_since(began).as_secs())
            .collect();
        assert_eq!(starts, [0, 0, 0, 0, 10, 10, 10, 10, 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_whose_calls_stand_still_is_passed_by() {
        let book: Arc<dyn SourceBook> = Arc::new(NoBook);
        let allowance = Allowance::new(&Limits::default(), &PaceWish::default(), 60 * S);
        let pulses = Pulses::default();
        let script = Arc::new(Scripted::slow(60 * S));
        let paced = Paced::new(
            script,
            name(),
            &allowance,
            pulses.clone(),
            Arc::default(),
            &book,
            Timestamp::now(),
        );
        let (errand, _inbox) = Errand::for_test();
        let query = Query::default();
        let _beat = pulses.searches.begin(Instant::now());
        let (first, second) = tokio::join!(paced.search(&query, &errand), async {
            tokio::task::yield_now().await;
            let began = Instant::now();
            (paced.search(&query, &errand).await, began.elapsed())
        });
        assert!(first.is_ok());
        let (second, after) = second;
        assert!(matches!(second, Err(Fault::Rests(_))), "{second:?}");
        assert!(after < 15 * S, "{after:?}");
    }

    /// Searches one after the other, of which the first holds its place for ever.
    #[tokio::test(start_paused = true)]
    async fn a_source_that_was_given_up_as_silent_holds_nobody_up_until_it_answers() {
        let limits = Limits {
            search_concurrency: 1,
            ..Limits::default()
        };
        let allowance = Allowance::new(&limits, &PaceWish::default(), 60 * S);
        let book: Arc<dyn SourceBook> = Arc::new(NoBook);
        let pulses = Pulses::default();
        let script = Arc::new(Scripted::slow(10_000 * S));
        let paced = Paced::new(
            script,
            name(),
            &allowance,
            pulses.clone(),
            Arc::default(),
            &book,
            Timestamp::now(),
        );
        let (errand, _inbox) = Errand::for_test();
        let query = Query::default();
        let given_up = pulses.searches.begin(Instant::now());
        tokio::time::sleep(60 * S).await;
        drop(given_up);
        // It is tried again, and nobody waits to see what comes of it.
        let again = pulses.searches.begin(Instant::now());
        let mut holder = Box::pin(paced.search(&query, &errand));
        assert!(tokio::time::timeout(S, &mut holder).await.is_err());
        for _ in 0..3 {
            let began = Instant::now();
            let passed = paced.search(&query, &errand).await;
            assert!(matches!(passed, Err(Fault::Rests(_))), "{passed:?}");
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
        // It answers: from now on it is worth waiting for.
        again.sign(Instant::now());
        let waits = tokio::time::timeout(S, paced.search(&query, &errand)).await;
        assert!(waits.is_err(), "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_is_told_to_wait_all_wait() {
        let book: Arc<dyn SourceBook> = Arc::new(NoBook);
        let busy = || Err(SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(7 * S));
        let script = Arc::new(Scripted::new([busy()]));
        let window = Window {
            requests: 100,
            per: S,
        };
        let paced = paced(window, &book, Arc::clone(&script));
        let (errand, _inbox) = Errand::for_test();
        let query = Query::default();
        let began = Instant::now();
        paced.search(&query, &errand).await.unwrap_err();
        let searches = tokio::join!(paced.search(&query, &errand), paced.search(&query, &errand),);
        assert!(searches.0.is_ok() && searches.1.is_ok());
        let after: Vec<u64> = lock(&script.calls)
            .iter()
            .map(|call| call.duration_since(began).as_secs())
            .collect();
        assert_eq!(after, [0, 7, 7]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_pause_that_is_longer_than_the_user_waits() {
        let book: Arc<dyn SourceBook> = Arc::new(NoBook);
        let busy = Err(SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(600 * S));
        let script = Arc::new(Scripted::new([busy]));
        let window = Window {
            requests: 100,
            per: S,
        };
        let paced = paced(window, &book, script);
        let (errand, _inbox) = Errand::for_test();
        let query = Query::default();
        paced.search(&query, &errand).await.unwrap_err();
        let began = Instant::now();
        let passed = paced.search(&query, &errand).await;
        let until = began + 600 * S;
        assert!(
            matches!(&passed, Err(Fault::Rests(rest)) if rest.until == until),
            "{passed:?}"
        );
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
