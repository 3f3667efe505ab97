//! A source that fails again and again, or asks for a long rest, is left alone: what it could
//! not deliver goes elsewhere and may come back later. One that refuses its login is out at
//! once.
//!
//! One that worked before rests for a minute, then one call tries whether it is back; each
//! time it is not, the rest doubles. One that never worked in this run is dropped: whoever
//! mistyped an address should not wait for it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use musicdl_plugin_api::{DownloadRequest, ErrorKind, Files, Query, SourceError};
use tokio::time::Instant;

use super::{CallError, CallFuture, Found, Rest, SourceService, lock};
use crate::engine::event::Event;
use crate::engine::executor::blocking;
use crate::engine::fallback::{Next, Patience, Step, after_failure};
use crate::engine::mailbox::CallContext;
use crate::engine::source_memory::SourceMemory;
use crate::music::SourceName;

/// So many calls given up in a row, with no success between, speak against the source and not
/// against one target.
const GIVEN_UP_IN_A_ROW: u32 = 6;
const FIRST_COOL_DOWN: Duration = Duration::from_secs(60);
const LONGEST_COOL_DOWN: Duration = Duration::from_secs(15 * 60);
/// No source rests longer, whatever it asks for (promises D2).
pub(super) const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);
/// While one call tries whether a source is back, others look again after this time.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How a source stands. Takes the time as an argument and waits for nobody.
#[derive(Debug, Default)]
pub(in crate::engine) struct Breaker(Mutex<Standing>);

#[derive(Debug, Default)]
struct Standing {
    state: State,
    /// The source asked for the rest that goes on. Only time ends such a rest.
    asked: bool,
    /// Calls given up in a row.
    failures: u32,
    worked: bool,
    /// How long the last cool-down was.
    cool_down: Option<Duration>,
    /// Calls that tried whether it is back.
    probes: u64,
}

#[derive(Debug, Default)]
enum State {
    /// Calls pass.
    #[default]
    Closed,
    /// Calls are blocked until the source may be asked again.
    Open(Rest),
    /// One call tries whether it is back; the number tells it from those that tried before.
    HalfOpen(u64),
    Dropped(String),
}

/// What a failure changed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// It is left alone until then; it asked for that itself if `asked`.
    Rests { rest: Rest, asked: bool },
    /// It is out.
    Dropped(String),
}

impl Breaker {
    /// A source that an earlier run was asked to leave alone.
    pub(in crate::engine) fn resting(rest: Option<Rest>) -> Self {
        Self(Mutex::new(Standing {
            asked: rest.is_some(),
            state: rest.map_or(State::Closed, State::Open),
            ..Standing::default()
        }))
    }

    /// Why it is out of the run; `None` while it is not.
    pub(in crate::engine) fn dropped(&self) -> Option<String> {
        match &lock(&self.0).state {
            State::Dropped(why) => Some(why.clone()),
            State::Closed | State::Open(_) | State::HalfOpen(_) => None,
        }
    }

    /// It is out, because the user says so.
    pub(in crate::engine) fn end(&self, why: &str) {
        lock(&self.0).leave_out(why.to_owned());
    }

    /// Whether a call may be made.
    pub(super) fn admit(&self, now: Instant) -> Result<Pass<'_>, CallError> {
        let mut standing = lock(&self.0);
        match &standing.state {
            State::Closed => Ok(Pass { probe: None }),
            State::Open(rest) if rest.until > now => Err(CallError::Rests(rest.clone())),
            State::Open(_) => {
                standing.probes += 1;
                let probe = standing.probes;
                standing.state = State::HalfOpen(probe);
                Ok(Pass {
                    probe: Some((self, probe)),
                })
            }
            State::HalfOpen(_) => Err(CallError::Rests(Rest {
                until: now + LOOK_AGAIN,
                why: "another call tries whether it is back".to_owned(),
            })),
            State::Dropped(why) => Err(CallError::Dropped(why.clone())),
        }
    }

    /// A call was answered. One that was on its way when the source asked for a rest does not
    /// end that rest.
    pub(super) fn succeeded(&self, now: Instant) {
        let mut standing = lock(&self.0);
        if matches!(standing.state, State::Dropped(_)) {
            return;
        }
        if standing.asked_rest(now).is_some() {
            standing.worked = true;
            standing.failures = 0;
            return;
        }
        *standing = Standing {
            worked: true,
            probes: standing.probes,
            ..Standing::default()
        };
    }

    /// `next` is what the failure leads to.
    pub(super) fn failed(&self, error: &SourceError, next: Next, now: Instant) -> Option<Change> {
        let mut standing = lock(&self.0);
        if matches!(standing.state, State::Dropped(_)) {
            return None;
        }
        match next {
            Next::DropSource => Some(standing.leave_out(error.to_string())),
            Next::RestSource(wait) => {
                let until = now + wait.min(LONGEST_REST);
                Some(standing.rest(until, error.to_string(), true))
            }
            Next::OtherCandidate | Next::OtherSource if counts(error.kind) => {
                standing.failures += 1;
                let probing = matches!(standing.state, State::HalfOpen(_));
                if !probing && standing.failures < GIVEN_UP_IN_A_ROW {
                    return None;
                }
                let why = format!("failed again and again, last with {error}");
                if !standing.worked && !probing {
                    return Some(standing.leave_out(why));
                }
                let cool_down = standing
                    .cool_down
                    .map_or(FIRST_COOL_DOWN, |last| (last * 2).min(LONGEST_COOL_DOWN));
                standing.cool_down = Some(cool_down);
                Some(standing.rest(now + cool_down, why, false))
            }
            // It answered, if with a no.
            Next::OtherCandidate | Next::OtherSource => {
                if matches!(standing.state, State::HalfOpen(_)) {
                    standing.state = State::Closed;
                }
                None
            }
            Next::SameAgainAfter(_) | Next::SameAgainWithin(_) | Next::GiveBack | Next::Stop => {
                None
            }
        }
    }
}

impl Standing {
    fn leave_out(&mut self, why: String) -> Change {
        self.state = State::Dropped(why.clone());
        Change::Dropped(why)
    }

    fn rest(&mut self, until: Instant, why: String, asked: bool) -> Change {
        self.failures = 0;
        // Neither a cool-down of ours nor a shorter request ends a rest early.
        if let Some(longer) = self.asked_rest(until) {
            let rest = longer.clone();
            return Change::Rests { rest, asked: true };
        }
        let rest = Rest { until, why };
        self.state = State::Open(rest.clone());
        self.asked = asked;
        Change::Rests { rest, asked }
    }

    /// The rest that the source asked for, if it goes on after `then`.
    fn asked_rest(&self, then: Instant) -> Option<&Rest> {
        match &self.state {
            State::Open(rest) if self.asked && rest.until > then => Some(rest),
            State::Open(_) | State::Closed | State::HalfOpen(_) | State::Dropped(_) => None,
        }
    }
}

/// Leave to make a call. Dropped without an outcome, as when the run ends, the next one may
/// try instead.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    /// Which try it is, if it is one.
    probe: Option<(&'a Breaker, u64)>,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if let Some((breaker, probe)) = self.probe {
            let mut standing = lock(&breaker.0);
            // Once this one has told how it ended, another may be trying already.
            if matches!(standing.state, State::HalfOpen(running) if running == probe) {
                standing.state = State::Open(Rest {
                    until: Instant::now(),
                    why: "nobody knows yet whether it is back".to_owned(),
                });
            }
        }
    }
}

fn counts(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Transient | ErrorKind::RateLimited | ErrorKind::Internal
    )
}

/// A source that is left alone when it should be.
pub(in crate::engine) struct Guarded<S> {
    pub(in crate::engine) inner: S,
    pub(in crate::engine) name: SourceName,
    pub(in crate::engine) breaker: Arc<Breaker>,
    pub(in crate::engine) patience: Patience,
    pub(in crate::engine) memory: Arc<dyn SourceMemory>,
}

impl<S> Guarded<S> {
    /// What an earlier run was asked to keep to.
    pub(in crate::engine) fn kept_rest(
        memory: &dyn SourceMemory,
        name: &SourceName,
        now: Timestamp,
    ) -> Option<Rest> {
        let (until, why) = memory.rest(name, now)?;
        let left = Duration::try_from(until.duration_since(now)).ok()?;
        Some(Rest {
            until: Instant::now() + left.min(LONGEST_REST),
            why,
        })
    }

    async fn settle<T>(
        &self,
        step: Step,
        end: Result<T, CallError>,
        call_context: &CallContext,
    ) -> Result<T, CallError> {
        let error = match end {
            Ok(got) => {
                self.breaker.succeeded(Instant::now());
                return Ok(got);
            }
            Err(CallError::Failed(error)) => error,
            Err(fault) => return Err(fault),
        };
        let patience = Patience {
            stopping: call_context.cancel.is_stopping(),
            ..self.patience
        };
        // All tries were made.
        let next = after_failure(step, &error, u32::MAX, patience);
        match self.breaker.failed(&error, next, Instant::now()) {
            Some(Change::Dropped(why)) => {
                call_context.mailbox.emit(Event::SourceDropped {
                    source: self.name.clone(),
                    reason: why.clone(),
                });
                Err(CallError::Dropped(why))
            }
            Some(Change::Rests { rest, asked }) => {
                self.report_and_note(&rest, asked, call_context).await;
                Err(match next {
                    // This call was the source's last word on this target all the same.
                    Next::OtherCandidate => CallError::Failed(error),
                    Next::OtherSource
                    | Next::RestSource(_)
                    | Next::SameAgainAfter(_)
                    | Next::SameAgainWithin(_)
                    | Next::DropSource
                    | Next::GiveBack
                    | Next::Stop => CallError::Rests(rest),
                })
            }
            None => Err(CallError::Failed(error)),
        }
    }

    async fn report_and_note(&self, rest: &Rest, asked: bool, call_context: &CallContext) {
        let left = rest.until.saturating_duration_since(Instant::now());
        let until = Timestamp::now().checked_add(left).unwrap_or(Timestamp::MAX);
        call_context.mailbox.emit(Event::SourceRests {
            source: self.name.clone(),
            until,
            reason: rest.why.clone(),
        });
        if asked {
            let (memory, name, why) = (
                Arc::clone(&self.memory),
                self.name.clone(),
                rest.why.clone(),
            );
            // Waited for: the program may end right after this call, and the next one must not
            // ask sooner.
            blocking(move || memory.rests(&name, until, &why)).await;
        }
    }
}

impl<S: SourceService> SourceService for Guarded<S> {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        Box::pin(async move {
            let _pass = self.breaker.admit(Instant::now())?;
            let end = self.inner.search(query, call_context).await;
            self.settle(Step::Search, end, call_context).await
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        Box::pin(async move {
            let _pass = self.breaker.admit(Instant::now())?;
            let end = self.inner.download(request, call_context).await;
            self.settle(Step::Download, end, call_context).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::Scripted;
    use super::*;
    use crate::engine::source_memory::NoMemory;

    const S: Duration = Duration::from_secs(1);

    fn fail(breaker: &Breaker, now: Instant) -> Option<Change> {
        breaker.failed(&SourceError::transient("down"), Next::OtherSource, now)
    }

    fn rests(breaker: &Breaker, now: Instant) -> Option<Duration> {
        match breaker.admit(now) {
            Err(CallError::Rests(rest)) => Some(rest.until.duration_since(now)),
            _ => None,
        }
    }

    #[test]
    fn one_that_never_worked_is_dropped_after_failures_in_a_row() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 1..GIVEN_UP_IN_A_ROW {
            assert_eq!(fail(&breaker, now), None);
        }
        assert!(matches!(fail(&breaker, now), Some(Change::Dropped(_))));
        assert!(matches!(breaker.admit(now), Err(CallError::Dropped(_))));
        assert_eq!(fail(&breaker, now), None, "it is told once");
        breaker.succeeded(now);
        assert!(
            breaker.dropped().is_some(),
            "a late answer brings nobody back"
        );
    }

    #[test]
    fn a_rest_that_the_source_asked_for_is_not_ended_by_calls_on_their_way() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let busy = SourceError::new(ErrorKind::RateLimited, "busy");
        breaker.failed(&busy, Next::RestSource(600 * S), now);
        breaker.succeeded(now + S);
        assert_eq!(rests(&breaker, now + S), Some(599 * S));
        // Nor by a shorter wait, or a cool-down of the host's own.
        breaker.failed(&busy, Next::RestSource(10 * S), now + S);
        for _ in 0..GIVEN_UP_IN_A_ROW {
            fail(&breaker, now + S);
        }
        assert_eq!(rests(&breaker, now + S), Some(599 * S));
        let over = now + 600 * S;
        let probe = breaker.admit(over).unwrap();
        breaker.succeeded(over);
        drop(probe);
        assert!(breaker.admit(over).is_ok());
    }

    #[test]
    fn one_that_worked_rests_and_one_call_tries_whether_it_is_back() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        breaker.succeeded(now);
        for _ in 0..GIVEN_UP_IN_A_ROW {
            fail(&breaker, now);
        }
        assert_eq!(rests(&breaker, now), Some(60 * S));
        let later = now + 60 * S;
        let probe = breaker.admit(later).unwrap();
        assert_eq!(rests(&breaker, later), Some(LOOK_AGAIN), "one call only");
        assert!(fail(&breaker, later).is_some());
        drop(probe);
        assert_eq!(rests(&breaker, later), Some(120 * S), "twice as long");

        let last = later + 120 * S;
        drop(breaker.admit(last).unwrap());
        let again = breaker.admit(last).unwrap();
        breaker.succeeded(now);
        drop(again);
        assert!(breaker.admit(last).is_ok() && breaker.admit(last).is_ok());
        assert_eq!(fail(&breaker, last), None, "and starts to count anew");
    }

    #[test]
    fn a_no_is_an_answer_and_counts_neither_way() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..100 {
            let no = SourceError::not_found("no");
            assert_eq!(breaker.failed(&no, Next::OtherSource, now), None);
        }
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn nobody_rests_longer_than_a_day() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let error = SourceError::new(ErrorKind::RateLimited, "come back next year");
        breaker.failed(&error, Next::RestSource(Duration::MAX), now);
        assert_eq!(rests(&breaker, now), Some(LONGEST_REST));
    }

    fn guarded(
        script: Vec<Result<Vec<musicdl_plugin_api::Hit>, SourceError>>,
    ) -> Guarded<Scripted> {
        Guarded {
            inner: Scripted::new(script),
            name: SourceName::parse("a").unwrap(),
            breaker: Arc::default(),
            patience: Patience {
                retries: 0,
                max_wait: 60 * S,
                stopping: false,
            },
            memory: Arc::new(NoMemory),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_login_ends_the_source_at_once_and_is_told_once() {
        let guarded = guarded(vec![Err(SourceError::auth("no"))]);
        let (call_context, mut inbox) = CallContext::for_test();
        for _ in 0..3 {
            let end = guarded.search(&Query::default(), &call_context).await;
            assert!(matches!(end, Err(CallError::Dropped(_))), "{end:?}");
        }
        assert_eq!(guarded.inner.called(), 1);
        assert!(inbox.events.try_recv().is_ok());
        assert!(inbox.events.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_above_the_ceiling_parks_the_source_until_then() {
        let busy = SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(600 * S);
        let guarded = guarded(vec![Err(busy)]);
        let (call_context, _inbox) = CallContext::for_test();
        let query = Query::default();
        for _ in 0..3 {
            let end = guarded.search(&query, &call_context).await;
            assert!(matches!(end, Err(CallError::Rests(_))), "{end:?}");
        }
        assert_eq!(guarded.inner.called(), 1);
        tokio::time::advance(600 * S).await;
        assert!(guarded.search(&query, &call_context).await.is_ok());
    }
}
