use proptest::prelude::*;

use super::super::scripted::Scripted;
use super::*;
use crate::engine::source_memory::NoMemory;

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

/// A memory that knows when searches were started.
struct Noted(Mutex<Vec<Timestamp>>);

impl SourceMemory for Noted {
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
    fn answer(&self, _: &SourceName, _: &str, _: Duration) -> Option<Vec<musicdl_plugin_api::Hit>> {
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
    memory: &Arc<dyn SourceMemory>,
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
        SourceLiveness::default(),
        Arc::default(),
        memory,
        Timestamp::now(),
    )
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_an_earlier_run_used_up_is_used_up_for_this_one() {
    let ago = |seconds| Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    let noted = Noted(Mutex::new(vec![ago(500), ago(100), ago(99)]));
    let memory: Arc<dyn SourceMemory> = Arc::new(noted);
    let window = Window {
        requests: 2,
        per: 220 * S,
    };
    let script = Arc::new(Scripted::default());
    let paced = paced(window, &memory, Arc::clone(&script));
    assert_eq!(paced.searches_left(), Some(0));
    let (call_context, _inbox) = CallContext::for_test();
    let began = Instant::now();
    paced
        .search(&Query::default(), &call_context)
        .await
        .unwrap();
    let waited = began.elapsed().as_secs_f64();
    assert!((119.0..121.0).contains(&waited), "{waited}");
    assert_eq!(memory.searches(&name(), ago(50)).len(), 1, "and is noted");
}

#[test]
fn a_clock_that_was_set_back_costs_one_window_at_most() {
    let (wall, now) = (Timestamp::now(), Instant::now());
    let in_an_hour = wall + jiff::SignedDuration::from_hours(1);
    let memory = Noted(Mutex::new(vec![in_an_hour]));
    let starts = starts_of_earlier_runs(&memory, &name(), 220 * S, wall, now);
    assert_eq!(starts, [now]);
}

#[tokio::test(start_paused = true)]
async fn all_workers_share_one_budget_and_one_who_gives_up_uses_nothing_of_it() {
    let memory: Arc<dyn SourceMemory> = Arc::new(NoMemory);
    let window = Window {
        requests: 4,
        per: 10 * S,
    };
    let script = Arc::new(Scripted::default());
    let paced = Arc::new(paced(window, &memory, Arc::clone(&script)));
    let began = Instant::now();
    let workers: Vec<_> = (0..10)
        .map(|worker| {
            let (paced, (call_context, inbox)) = (Arc::clone(&paced), CallContext::for_test());
            tokio::spawn(async move {
                let _inbox = inbox;
                let query = Query::default();
                let search = paced.search(&query, &call_context);
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
    let memory: Arc<dyn SourceMemory> = Arc::new(NoMemory);
    let allowance = Allowance::new(&Limits::default(), &PaceWish::default(), 60 * S);
    let liveness = SourceLiveness::default();
    let script = Arc::new(Scripted::slow(60 * S));
    let paced = Paced::new(
        script,
        name(),
        &allowance,
        liveness.clone(),
        Arc::default(),
        &memory,
        Timestamp::now(),
    );
    let (call_context, _inbox) = CallContext::for_test();
    let query = Query::default();
    let _beat = liveness.searches.begin(Instant::now());
    let (first, second) = tokio::join!(paced.search(&query, &call_context), async {
        tokio::task::yield_now().await;
        let began = Instant::now();
        (paced.search(&query, &call_context).await, began.elapsed())
    });
    assert!(first.is_ok());
    let (second, after) = second;
    assert!(matches!(second, Err(CallError::Rests(_))), "{second:?}");
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
    let memory: Arc<dyn SourceMemory> = Arc::new(NoMemory);
    let liveness = SourceLiveness::default();
    let script = Arc::new(Scripted::slow(10_000 * S));
    let paced = Paced::new(
        script,
        name(),
        &allowance,
        liveness.clone(),
        Arc::default(),
        &memory,
        Timestamp::now(),
    );
    let (call_context, _inbox) = CallContext::for_test();
    let query = Query::default();
    let given_up = liveness.searches.begin(Instant::now());
    tokio::time::sleep(60 * S).await;
    drop(given_up);
    // It is tried again, and nobody waits to see what comes of it.
    let again = liveness.searches.begin(Instant::now());
    let mut holder = Box::pin(paced.search(&query, &call_context));
    assert!(tokio::time::timeout(S, &mut holder).await.is_err());
    for _ in 0..3 {
        let began = Instant::now();
        let passed = paced.search(&query, &call_context).await;
        assert!(matches!(passed, Err(CallError::Rests(_))), "{passed:?}");
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
    // It answers: from now on it is worth waiting for.
    again.sign(Instant::now());
    let waits = tokio::time::timeout(S, paced.search(&query, &call_context)).await;
    assert!(waits.is_err(), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn what_one_is_told_to_wait_all_wait() {
    let memory: Arc<dyn SourceMemory> = Arc::new(NoMemory);
    let busy = || Err(SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(7 * S));
    let script = Arc::new(Scripted::new([busy()]));
    let window = Window {
        requests: 100,
        per: S,
    };
    let paced = paced(window, &memory, Arc::clone(&script));
    let (call_context, _inbox) = CallContext::for_test();
    let query = Query::default();
    let began = Instant::now();
    paced.search(&query, &call_context).await.unwrap_err();
    let searches = tokio::join!(
        paced.search(&query, &call_context),
        paced.search(&query, &call_context),
    );
    assert!(searches.0.is_ok() && searches.1.is_ok());
    let after: Vec<u64> = lock(&script.calls)
        .iter()
        .map(|call| call.duration_since(began).as_secs())
        .collect();
    assert_eq!(after, [0, 7, 7]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_pause_that_is_longer_than_the_user_waits() {
    let memory: Arc<dyn SourceMemory> = Arc::new(NoMemory);
    let busy = Err(SourceError::new(ErrorKind::RateLimited, "busy").with_retry_after(600 * S));
    let script = Arc::new(Scripted::new([busy]));
    let window = Window {
        requests: 100,
        per: S,
    };
    let paced = paced(window, &memory, script);
    let (call_context, _inbox) = CallContext::for_test();
    let query = Query::default();
    paced.search(&query, &call_context).await.unwrap_err();
    let began = Instant::now();
    let passed = paced.search(&query, &call_context).await;
    let until = began + 600 * S;
    assert!(
        matches!(&passed, Err(CallError::Rests(rest)) if rest.until == until),
        "{passed:?}"
    );
    assert_eq!(began.elapsed(), Duration::ZERO);
}
