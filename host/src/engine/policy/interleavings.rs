//! Many callers of one source at once, in every order their steps can have. What they share
//! takes its lock once a step, so no finer order can show anything else.

use std::sync::atomic::{AtomicUsize, Ordering};

use musicdl_plugin_api::SourceError;
use shuttle::thread;
use tokio::time::Duration;

use super::breaker::Breaker;
use super::call::Liveness;
use super::*;
use crate::engine::fallback::Next;

/// Orders that are tried where there are too many for all.
const ORDERS: usize = 2_000;

#[test]
fn a_source_that_was_cancelled_stays_out_whatever_its_last_calls_bring() {
    let all_orders = || {
        let breaker = Arc::new(Breaker::default());
        let now = Instant::now();
        let caller = |works: bool| {
            let breaker = Arc::clone(&breaker);
            thread::spawn(move || {
                let pass = breaker.admit(now);
                thread::yield_now();
                if pass.is_err() {
                    return;
                }
                if works {
                    breaker.succeeded(now);
                } else {
                    let error = SourceError::transient("busy");
                    breaker.failed(&error, Next::OtherSource, now);
                }
            })
        };
        let calls = [caller(true), caller(false)];
        breaker.end("cancelled");
        let admitted = breaker.admit(now);
        assert!(
            matches!(admitted, Err(CallError::Dropped(_))),
            "{admitted:?}"
        );
        for call in calls {
            call.join().unwrap();
        }
        assert_eq!(breaker.dropped().as_deref(), Some("cancelled"));
    };
    shuttle::check_dfs(all_orders, None);
}

#[test]
fn one_call_at_a_time_tries_whether_a_source_is_back_and_none_that_gives_up_keeps_others_out() {
    let orders = || {
        let now = Instant::now();
        let rest = Rest {
            until: now,
            why: "it asked for it".to_owned(),
        };
        let breaker = Arc::new(Breaker::resting(Some(rest)));
        let probing = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..3)
            .map(|caller| {
                let (breaker, probing) = (Arc::clone(&breaker), Arc::clone(&probing));
                thread::spawn(move || {
                    let Ok(pass) = breaker.admit(Instant::now()) else {
                        return;
                    };
                    assert_eq!(probing.fetch_add(1, Ordering::SeqCst), 0, "two try at once");
                    thread::yield_now();
                    probing.fetch_sub(1, Ordering::SeqCst);
                    // The first is cancelled on its way, the others are answered with a no.
                    if caller > 0 {
                        let error = SourceError::transient("busy");
                        let later = Next::RestSource(Duration::ZERO);
                        breaker.failed(&error, later, Instant::now());
                        thread::yield_now();
                    }
                    drop(pass);
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        let later = Instant::now() + Duration::from_secs(1);
        assert!(breaker.admit(later).is_ok(), "nobody tries any more");
    };
    shuttle::check_random(orders, ORDERS);
}

#[test]
fn a_pulse_forgets_every_call_that_is_over() {
    let orders = || {
        let liveness = Arc::<Liveness>::default();
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let liveness = Arc::clone(&liveness);
                thread::spawn(move || {
                    let heartbeat = liveness.begin(Instant::now());
                    thread::yield_now();
                    heartbeat.sign(Instant::now());
                    thread::yield_now();
                })
            })
            .collect();
        for call in calls {
            call.join().unwrap();
        }
        let much_later = Instant::now() + Duration::from_secs(3600);
        assert!(
            !liveness.is_stalled(much_later),
            "a call that is over holds up"
        );
    };
    shuttle::check_random(orders, ORDERS);
}
