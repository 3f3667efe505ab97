use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

use super::turn::Word;
use super::*;

/// Longer than anything here takes; only a failure waits so long.
const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_job_and_all_its_chores_are_done_by_one_thread() {
    let mut executor = Executor::new();
    let id = executor.start(async {
        let mut threads = Vec::new();
        for _ in 0..3 {
            threads.push(blocking(|| thread::current().id()).await);
            threads.push(thread::current().id());
        }
        threads
    });
    let (ended, threads) = executor.next().await;
    assert_eq!(ended, id);
    let threads = threads.unwrap();
    assert_eq!(threads, [threads[0]; 6]);
}

#[tokio::test]
async fn a_chore_that_does_not_return_costs_its_thread_and_not_the_job() {
    let mut executor = Executor::new();
    let (release, held) = mpsc::channel::<()>();
    executor.start(async move {
        let stuck = chore(move || held.recv().is_ok());
        tokio::select! {
            _ = stuck => "returned",
            () = tokio::time::sleep(Duration::from_millis(1)) => {
                // The job goes on with others.
                blocking(|| "given up").await
            }
        }
    });
    let (_, end) = executor.next().await;
    assert_eq!(end.unwrap(), "given up");
    release.send(()).unwrap();
}

#[tokio::test]
async fn a_job_hears_of_what_happens_in_its_chore_before_that_returns() {
    let mut executor = Executor::new();
    let (release, held) = mpsc::channel::<()>();
    let said = Arc::new(Notify::new());
    let saying = Arc::clone(&said);
    executor.start(async move {
        let call = chore(move || {
            saying.notify_one();
            held.recv_timeout(LONG)
        });
        said.notified().await;
        release.send(()).unwrap();
        call.await.unwrap()
    });
    let (_, end) = executor.next().await;
    assert_eq!(end.unwrap(), Ok(()));
}

#[tokio::test]
async fn chores_that_are_asked_for_together_are_done_together() {
    let mut executor = Executor::new();
    executor.start(async {
        let both_here = Arc::new(Barrier::new(3));
        let wait = || {
            let both_here = Arc::clone(&both_here);
            chore(move || both_here.wait().is_leader())
        };
        let (one, two, three) = tokio::join!(wait(), wait(), wait());
        [one, two, three].map(Result::unwrap)
    });
    let ended = tokio::time::timeout(LONG, executor.next());
    let (_, leaders) = ended.await.expect("they meet");
    let leaders = leaders.unwrap();
    assert_eq!(leaders.iter().filter(|leads| **leads).count(), 1);
}

#[tokio::test]
async fn a_panic_ends_the_job_and_nobody_else() {
    let mut executor = Executor::new();
    let of_its_own = executor.start(async { panic!("own fault") });
    let of_a_chore = executor.start(async { blocking(|| panic!("{}'s fault", "a chore")).await });
    let none = executor.start(async {
        match chore(|| -> u8 { panic!("nobody's fault") }).await {
            Ok(_) => "nothing happened",
            Err(_) => "heard of it",
        }
    });
    let mut ends = Vec::new();
    for _ in 0..3 {
        let (job, end) = executor.next().await;
        ends.push((job.0, end.map_err(|panicked| panicked.to_string())));
    }
    ends.sort_unstable_by_key(|(job, _)| *job);
    assert_eq!(
        ends,
        [
            (of_its_own.0, Err("own fault".to_owned())),
            (of_a_chore.0, Err("a chore's fault".to_owned())),
            (none.0, Ok("heard of it")),
        ]
    );
    assert!(executor.try_next().is_none());
}

/// Says when it is dropped.
struct Held(mpsc::Sender<()>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

#[tokio::test]
async fn jobs_that_are_left_end_where_they_are() {
    let mut executor = Executor::new();
    let (dropping, dropped) = mpsc::channel();
    let began = Arc::new(Notify::new());
    let (release, released) = mpsc::channel::<()>();
    let (held, begun) = (Held(dropping), Arc::clone(&began));
    executor.start(async move {
        blocking(move || {
            begun.notify_one();
            released.recv().ok();
        })
        .await;
        drop(held);
    });
    began.notified().await;
    executor.leave_all();
    dropped.try_recv().expect("it is gone at once");
    // Its chore ends, and finds nobody.
    drop(release);
    assert!(executor.try_next().is_none());
    let (dropping, dropped) = mpsc::channel();
    let (held, waits) = (Held(dropping), Arc::new(Notify::new()));
    executor.start(async move {
        waits.notified().await;
        drop(held);
    });
    drop(executor);
    dropped.recv_timeout(LONG).expect("dropped with it");
}

impl Word for shuttle::sync::atomic::AtomicU8 {
    fn new(value: u8) -> Self {
        Self::new(value)
    }

    fn update(&self, next: impl Fn(u8) -> Option<u8>) -> u8 {
        self.fetch_update(Ordering::AcqRel, Ordering::Acquire, next)
            .unwrap_or_else(|unchanged| unchanged)
    }
}

/// What a job waits for, two things; and how often it was polled, and by how many at once.
#[derive(Default)]
struct Scene {
    turn: Turn<shuttle::sync::atomic::AtomicU8>,
    happened: AtomicUsize,
    seen: AtomicUsize,
    is_polled: AtomicBool,
    polls: AtomicU8,
}

impl Scene {
    fn happen(self: &Arc<Self>) {
        self.happened.fetch_add(1, Ordering::SeqCst);
        shuttle::thread::yield_now();
        if self.turn.wake() {
            let scene = Arc::clone(self);
            // A thread of its own, as the runtime may give.
            shuttle::thread::spawn(move || scene.run());
        }
    }

    fn run(&self) {
        loop {
            self.turn.begin();
            assert!(!self.is_polled.swap(true, Ordering::SeqCst), "two at once");
            let happened = self.happened.load(Ordering::SeqCst);
            shuttle::thread::yield_now();
            self.seen.store(happened, Ordering::SeqCst);
            self.polls.fetch_add(1, Ordering::SeqCst);
            self.is_polled.store(false, Ordering::SeqCst);
            if self.turn.end() {
                return;
            }
        }
    }
}

#[test]
fn whatever_happens_is_seen_and_one_thread_looks_at_a_time() {
    let orders = || {
        let scene = Arc::new(Scene::default());
        let others = [(), ()].map(|()| {
            let scene = Arc::clone(&scene);
            shuttle::thread::spawn(move || scene.happen())
        });
        scene.happen();
        for other in others {
            other.join().unwrap();
        }
        // Those who were let run end by themselves.
        while scene.seen.load(Ordering::SeqCst) < 3 {
            assert!(scene.polls.load(Ordering::SeqCst) <= 3);
            shuttle::thread::yield_now();
        }
    };
    shuttle::check_random(orders, 5_000);
}
