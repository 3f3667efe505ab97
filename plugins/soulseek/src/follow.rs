//! The one thread that follows downloads in slskd until they end.
//!
//! `download_raw` hands a download over and returns; a thread per call would only hold the
//! host's. So there is one for all, begun with the first download and ended with the last:
//! it outlives no download that was handed over. slskd tells of no failure and no progress
//! by itself, so that the thread asks: each second at first and while bytes flow, else ever
//! less often.
//!
//! A job has one owner at a time: it is in the list, or in the thread's hands while
//! it is looked at. What others need of it (is it to be cancelled, which download is it) is
//! in its [`Mark`], so that no lock is held while slskd is asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use musicdl_plugin_api::SourceError;

use crate::core::Core;
use crate::job::{Job, Next};

/// How often the thread checks for cancelled jobs.
const TICK: Duration = Duration::from_millis(250);
/// A run that goes on where a killed one was has taken up that one's downloads by now; what
/// is left is ended when there is nothing else to do. Not by a process that fetches nothing:
/// it may be a look at the sources beside the run that those downloads belong to.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(120);

/// The shared part of a job.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) target_id: String,
    pub(crate) username: String,
    pub(crate) transfer: String,
    cancelled: AtomicBool,
}

impl Mark {
    pub(crate) fn new(target_id: &str, username: &str, transfer: &str) -> Self {
        Self {
            target_id: target_id.to_owned(),
            username: username.to_owned(),
            transfer: transfer.to_owned(),
            cancelled: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }
}

/// Follows downloads; ends with the source.
pub(crate) struct Follower {
    shared: Arc<Shared>,
}

struct Shared {
    core: Arc<Core>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    /// Of all jobs, those in the thread's hands too.
    marks: Vec<Arc<Mark>>,
    thread: Option<JoinHandle<()>>,
    running: bool,
    ending: bool,
    /// When the first job was handed over.
    since: Option<Instant>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_time_to_sweep(&self) -> bool {
        let state = self.state();
        let late = |since: Instant| since.elapsed() >= TAKEN_UP_WITHIN;
        !state.ending && state.since.is_some_and(late)
    }
}

impl Follower {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self {
            shared: Arc::new(Shared {
                core,
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Takes a job over.
    ///
    /// # Errors
    /// `Internal` when there can be no thread.
    pub(crate) fn follow(&self, job: Job) -> Result<(), SourceError> {
        let mut state = self.shared.state();
        state.since.get_or_insert_with(Instant::now);
        if !state.running {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new()
                .name("soulseek-follower".to_owned())
                .spawn(move || run(&shared))
                .map_err(|error| SourceError::internal(format!("no thread to be had: {error}")))?;
            state.thread = Some(thread);
            state.running = true;
        }
        state.marks.push(Arc::clone(job.mark()));
        state.jobs.push(job);
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Marks the downloads of that target; `false` if there is none.
    pub(crate) fn cancel(&self, target_id: &str) -> bool {
        let state = self.shared.state();
        let mut any = false;
        for mark in &state.marks {
            if mark.target_id == target_id {
                mark.cancel();
                any = true;
            }
        }
        drop(state);
        self.shared.changed.notify_all();
        any
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let (thread, fetched) = {
            let mut state = self.shared.state();
            state.ending = true;
            for mark in &state.marks {
                mark.cancel();
            }
            (state.thread.take(), state.since.is_some())
        };
        self.shared.changed.notify_all();
        if let Some(thread) = thread {
            // A panic was reported to its job, and there is nothing else to lose here.
            drop(thread.join());
        }
        if fetched {
            self.shared.core.sweep();
        }
    }
}

fn run(shared: &Shared) {
    loop {
        while let Some(due) = next_due(shared) {
            for job in due {
                look_at(shared, job);
            }
        }
        if shared.is_time_to_sweep() {
            shared.core.sweep();
        }
        let mut state = shared.state();
        if state.jobs.is_empty() {
            state.running = false;
            return;
        }
    }
}

/// The jobs to look at now, taken out of the list; `None` when there are no jobs at all.
fn next_due(shared: &Shared) -> Option<Vec<Job>> {
    let mut state = shared.state();
    loop {
        let now = Instant::now();
        if state.jobs.is_empty() {
            return None;
        }
        let (due, later): (Vec<Job>, Vec<Job>) = std::mem::take(&mut state.jobs)
            .into_iter()
            .partition(|job| job.is_due(now));
        state.jobs = later;
        if !due.is_empty() {
            return Some(due);
        }
        let soonest = state.jobs.iter().map(Job::due).min();
        let pause = soonest.map_or(TICK, |at| at.saturating_duration_since(now).min(TICK));
        let (woken, _) = shared
            .changed
            .wait_timeout(state, pause)
            .unwrap_or_else(PoisonError::into_inner);
        state = woken;
    }
}

fn look_at(shared: &Shared, mut job: Job) {
    let mark = Arc::clone(job.mark());
    let shares = || {
        let state = shared.state();
        state.marks.iter().any(|other| {
            !Arc::ptr_eq(other, &mark)
                && other.transfer == mark.transfer
                && other.username == mark.username
        })
    };
    let next = catch_unwind(AssertUnwindSafe(|| job.step(&shared.core, &shares)));
    match next {
        Ok(Next::Again) => shared.state().jobs.push(job),
        Ok(Next::Done) => forget(shared, &mark),
        Err(_) => {
            job.fail(SourceError::internal("following the download failed"));
            forget(shared, &mark);
        }
    }
}

fn forget(shared: &Shared, mark: &Arc<Mark>) {
    let mut state = shared.state();
    state.marks.retain(|known| !Arc::ptr_eq(known, mark));
}
