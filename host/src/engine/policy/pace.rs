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
use super::call::{Liveness, SourceLiveness};
use super::counts::Counts;
use super::{CallError, CallFuture, Found, Rest, SourceService, lock};
use crate::engine::executor::blocking;
use crate::engine::mailbox::CallContext;
use crate::engine::source_memory::SourceMemory;
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
    async fn enter(
        &self,
        call_context: &CallContext,
        liveness: &Liveness,
    ) -> Result<SemaphorePermit<'_>, CallError> {
        let cancelled = || Err(SourceError::cancelled().into());
        let place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => self.wait_for_place(call_context, liveness).await?,
        };
        let _turn = tokio::select! {
            biased;
            () = call_context.cancel.stopping() => return cancelled(),
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
                return Err(CallError::Rests(Rest {
                    until,
                    why: "the service asked for a pause".to_owned(),
                }));
            }
            if next <= now {
                break;
            }
            let long = next.duration_since(now) >= LONG_WAIT;
            let _elsewhere = long.then(|| call_context.only_waits());
            tokio::select! {
                biased;
                () = call_context.cancel.stopping() => return cancelled(),
                () = tokio::time::sleep_until(next) => {}
            }
        }
        lock(&self.pace).start(Instant::now());
        Ok(place)
    }

    /// Waits for a place as long as those who hold them show signs of life.
    async fn wait_for_place(
        &self,
        call_context: &CallContext,
        liveness: &Liveness,
    ) -> Result<SemaphorePermit<'_>, CallError> {
        let place = self.places.acquire();
        tokio::pin!(place);
        let began = Instant::now();
        let mut elsewhere = None;
        loop {
            if liveness.is_stalled(Instant::now()) {
                return Err(CallError::Rests(Rest {
                    until: Instant::now() + LOOK_AGAIN,
                    why: "none of its running calls shows a sign of life".to_owned(),
                }));
            }
            if elsewhere.is_none() && began.elapsed() >= LONG_WAIT {
                elsewhere = Some(call_context.only_waits());
            }
            tokio::select! {
                biased;
                () = call_context.cancel.stopping() => return Err(SourceError::cancelled().into()),
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
    liveness: SourceLiveness,
    counts: Arc<Counts>,
    /// Where searches are noted whose window outlives the run.
    memory: Option<Arc<dyn SourceMemory>>,
}

impl<S> Paced<S> {
    /// `now` is the moment on the clock of `Instant::now()`.
    pub(in crate::engine) fn new(
        inner: S,
        name: SourceName,
        allowance: &Allowance,
        liveness: SourceLiveness,
        counts: Arc<Counts>,
        memory: &Arc<dyn SourceMemory>,
        now: Timestamp,
    ) -> Self {
        let mut search_pace = Pace::new(allowance.search_spacing, allowance.search_window);
        let kept = allowance
            .search_window
            .filter(|window| window.per >= WORTH_KEEPING);
        if let Some(Window { per, .. }) = kept {
            for start in starts_of_earlier_runs(memory.as_ref(), &name, per, now, Instant::now()) {
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
            liveness,
            counts,
            memory: kept.map(|_| Arc::clone(memory)),
        }
    }

    /// Searches that the window allows at this moment. `None`: it has none.
    pub(in crate::engine) fn searches_left(&self) -> Option<u32> {
        lock(&self.searches.pace).left(Instant::now())
    }

    async fn enter<'a>(
        &self,
        gate: &'a Gate,
        liveness: &Liveness,
        call_context: &CallContext,
    ) -> Result<SemaphorePermit<'a>, CallError> {
        let since = Instant::now();
        let place = gate.enter(call_context, liveness).await?;
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
    fn heed<T>(&self, end: Result<T, CallError>) -> Result<T, CallError> {
        if let Err(CallError::Failed(error)) = &end
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
    memory: &dyn SourceMemory,
    name: &SourceName,
    per: Duration,
    wall: Timestamp,
    now: Instant,
) -> Vec<Instant> {
    let since = wall
        .checked_sub(jiff::SignedDuration::try_from(per).unwrap_or(jiff::SignedDuration::ZERO))
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let starts = memory.searches(name, since);
    let on_this_clock = |start: Timestamp| {
        let age = Duration::try_from(wall.duration_since(start)).unwrap_or(Duration::ZERO);
        now.checked_sub(age)
    };
    starts.into_iter().filter_map(on_this_clock).collect()
}

impl<S: SourceService> SourceService for Paced<S> {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        Box::pin(async move {
            let liveness = &self.liveness.searches;
            let _place = self.enter(&self.searches, liveness, call_context).await?;
            if let Some(memory) = &self.memory {
                let (memory, name) = (Arc::clone(memory), self.name.clone());
                blocking(move || memory.search_starts(&name, Timestamp::now())).await;
            }
            self.counts.searches.add(1);
            self.heed(self.inner.search(query, call_context).await)
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        Box::pin(async move {
            let liveness = &self.liveness.downloads;
            let _place = self.enter(&self.downloads, liveness, call_context).await?;
            self.counts.downloads.add(1);
            self.heed(self.inner.download(request, call_context).await)
        })
    }
}

#[cfg(test)]
mod tests;
