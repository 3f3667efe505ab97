//! Threads for work that blocks: each takes one job at a time, a new one is made when all
//! are busy, and one without work for a while ends. Plugin calls in the child and services
//! in the host both run on such a pool, so that a slow one never holds up a quick one.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A thread without work for this long ends.
const UNUSED: Duration = Duration::from_secs(30);

type Job = Box<dyn FnOnce() + Send>;

/// The threads; those that work go on when the last handle is dropped.
pub(super) struct ThreadPool {
    name: &'static str,
    most: usize,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    closed: bool,
}

impl ThreadPool {
    /// A pool of at most `most` threads, none of them made yet.
    pub(super) fn new(name: &'static str, most: usize) -> Self {
        Self {
            name,
            most,
            shared: Arc::default(),
        }
    }

    /// Does the job soon, on a thread that may block. `false`: every thread is busy and no
    /// other can be made; the job is dropped.
    #[must_use]
    pub(super) fn run(&self, job: impl FnOnce() + Send + 'static) -> bool {
        let mut jobs = self.shared.lock();
        if jobs.idle <= jobs.waiting.len() {
            if jobs.threads >= self.most {
                return false;
            }
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new()
                .name(self.name.to_owned())
                .spawn(move || shared.work());
            if thread.is_err() {
                return false;
            }
            jobs.threads += 1;
        }
        jobs.waiting.push_back(Box::new(job));
        drop(jobs);
        self.shared.more.notify_one();
        true
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.more.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut jobs = self.lock();
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                drop(jobs);
                // The caller that waits for the job sees that its answer never came.
                drop(catch_unwind(AssertUnwindSafe(job)));
                jobs = self.lock();
                continue;
            }
            if jobs.closed {
                break;
            }
            jobs.idle += 1;
            let waited = self.more.wait_timeout(jobs, UNUSED);
            let (woken, time) = waited.unwrap_or_else(PoisonError::into_inner);
            jobs = woken;
            jobs.idle -= 1;
            if time.timed_out() && jobs.waiting.is_empty() {
                break;
            }
        }
        jobs.threads -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn jobs_run_at_once_and_one_beyond_the_limit_is_refused() {
        let pool = ThreadPool::new("test", 3);
        let together = Arc::new(Barrier::new(4));
        for _ in 0..3 {
            let together = Arc::clone(&together);
            assert!(pool.run(move || {
                together.wait();
            }));
        }
        assert!(!pool.run(|| panic!("refused jobs are not done")));
        together.wait();
    }

    #[test]
    fn a_thread_is_used_again_also_after_a_job_that_panicked() {
        let pool = ThreadPool::new("test", 1);
        let (say, hear) = mpsc::channel();
        for n in 0..20 {
            let say = say.clone();
            // The thread may still be on its way back from the job before.
            let mut job = Some(move || {
                say.send(n).unwrap();
                assert!(n % 2 == 0, "expected by the test");
            });
            while pool.shared.lock().threads == 1 && pool.shared.lock().idle == 0 {
                thread::yield_now();
            }
            assert!(pool.run(job.take().unwrap()));
            assert_eq!(hear.recv().unwrap(), n);
        }
    }
}
