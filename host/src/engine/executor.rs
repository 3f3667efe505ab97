//! Runs jobs on threads that may block.
//!
//! A job is a future, and most of what it does blocks: it calls a source, looks into a file, moves
//! it. On the workers of the runtime each such chore would be handed to another thread and its
//! answer handed back, five times a track; for a small file that costs more than the chores. Here
//! the thread that polled a job does the chore that the job asked for ([`chore`]), and then polls
//! the job again.
//!
//! While a chore is done, its job is nobody's: a deadline or a cancel that wakes it lets another
//! thread poll it. So a chore that never returns costs its thread and not the job.

mod turn;

#[cfg(test)]
mod tests;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use turn::Turn;

thread_local! {
    /// What the job that this thread polls has asked for; `None`: it polls none.
    static CHORES: RefCell<Option<Vec<Work>>> = const { RefCell::new(None) };
    /// The job whose chore this thread has just done. Woken by the answer, it is polled here.
    static RETURNING: Cell<*const ()> = const { Cell::new(ptr::null()) };
    /// Whether it was.
    static IS_BACK: Cell<bool> = const { Cell::new(false) };
}

/// A chore, and how its answer is handed over.
type Work = Box<dyn FnOnce() -> Delivery + Send>;
type Delivery = Box<dyn FnOnce()>;

/// Which job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct JobId(u64);

/// A job panicked, with these words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Panicked(String);

impl Panicked {
    pub(super) fn with(panic: &(dyn Any + Send)) -> Self {
        let words = panic
            .downcast_ref::<&str>()
            .map(|words| (*words).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Self(words.unwrap_or_else(|| "a panic without words".to_owned()))
    }
}

/// Jobs that run, and what became of those that did. Dropping it ends them.
#[derive(Debug)]
pub(super) struct Executor<T> {
    next: u64,
    at_work: Vec<Arc<Job<T>>>,
    ended: mpsc::UnboundedReceiver<(JobId, Result<T, Panicked>)>,
    ending: mpsc::UnboundedSender<(JobId, Result<T, Panicked>)>,
}

impl<T: Send + 'static> Executor<T> {
    /// Nobody at work.
    pub(super) fn new() -> Self {
        let (ending, ended) = mpsc::unbounded_channel();
        Self {
            next: 0,
            at_work: Vec::new(),
            ended,
            ending,
        }
    }

    /// Starts a job, on threads of the runtime that this is called in.
    pub(super) fn start(&mut self, job: impl Future<Output = T> + Send + 'static) -> JobId {
        let id = JobId(self.next);
        self.next += 1;
        let job = Arc::new(Job {
            id,
            turn: Turn::default(),
            future: Mutex::new(Some(Box::pin(job))),
            ending: self.ending.clone(),
            runtime: Handle::current(),
        });
        self.at_work.push(Arc::clone(&job));
        job.wake();
        id
    }

    /// The next job that ends.
    pub(super) async fn next(&mut self) -> (JobId, Result<T, Panicked>) {
        let ended = self.ended.recv().await;
        let ended = ended.expect("`ending` keeps the channel open");
        self.done(ended)
    }

    /// One that has ended already.
    pub(super) fn try_next(&mut self) -> Option<(JobId, Result<T, Panicked>)> {
        let ended = self.ended.try_recv().ok()?;
        Some(self.done(ended))
    }

    fn done(&mut self, ended: (JobId, Result<T, Panicked>)) -> (JobId, Result<T, Panicked>) {
        self.at_work.retain(|job| job.id != ended.0);
        ended
    }

    /// Ends all jobs where they are. Chores go on and find nobody who wants the answer.
    pub(super) fn leave_all(&mut self) {
        for job in self.at_work.drain(..) {
            // Whatever wakes it finds nothing to poll.
            let future = job.future().take();
            drop(future);
        }
        while self.ended.try_recv().is_ok() {}
    }
}

impl<T> Drop for Executor<T> {
    fn drop(&mut self) {
        for job in self.at_work.drain(..) {
            let future = job.future().take();
            drop(future);
        }
    }
}

/// A job and whose turn it is to poll it.
struct Job<T> {
    id: JobId,
    turn: Turn,
    /// `None` once it has ended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = T> + Send>>>>,
    ending: mpsc::UnboundedSender<(JobId, Result<T, Panicked>)>,
    runtime: Handle,
}

impl<T> std::fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").field("id", &self.id).finish()
    }
}

impl<T> Job<T> {
    fn future(&self) -> MutexGuard<'_, Option<Pin<Box<dyn Future<Output = T> + Send>>>> {
        // One that panicked is taken out at once.
        self.future.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self) -> *const () {
        ptr::from_ref(self).cast()
    }
}

impl<T: Send + 'static> Job<T> {
    /// Polls the job and does its chores until it waits for somebody else.
    fn run(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        loop {
            self.turn.begin();
            let Some(chores) = self.poll(&mut Context::from_waker(&waker)) else {
                return;
            };
            let mut chores = chores.into_iter();
            let first = chores.next();
            for other in chores {
                self.elsewhere(other);
            }
            if !self.turn.end() {
                // It was woken meanwhile and wants to be polled first.
                if let Some(first) = first {
                    self.elsewhere(first);
                }
                continue;
            }
            let Some(first) = first else { return };
            if !self.work(first) {
                return;
            }
        }
    }

    /// The chores that it asks for; `None`: it has ended.
    fn poll(&self, context: &mut Context<'_>) -> Option<Vec<Work>> {
        let mut future = self.future();
        let pinned = future.as_mut()?;
        CHORES.set(Some(Vec::new()));
        let polled = catch_unwind(AssertUnwindSafe(|| pinned.as_mut().poll(context)));
        let chores = CHORES.take().unwrap_or_default();
        let end = match polled {
            Ok(Poll::Pending) => return Some(chores),
            Ok(Poll::Ready(answer)) => Ok(answer),
            Err(panic) => Err(Panicked::with(panic.as_ref())),
        };
        // What it holds is free before its end is told of.
        let over = future.take();
        drop(future);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(over)));
        let end = end.and_then(|answer| match dropped {
            Ok(()) => Ok(answer),
            Err(panic) => Err(Panicked::with(panic.as_ref())),
        });
        for chore in chores {
            self.elsewhere(chore);
        }
        // The one who started it may have left.
        drop(self.ending.send((self.id, end)));
        None
    }

    /// Does a chore. The answer is whether this thread is to poll the job next.
    fn work(&self, chore: Work) -> bool {
        let deliver = chore();
        IS_BACK.set(false);
        RETURNING.set(self.address());
        deliver();
        RETURNING.set(ptr::null());
        IS_BACK.get()
    }

    fn elsewhere(&self, chore: Work) {
        self.runtime.spawn_blocking(move || chore()());
    }
}

impl<T: Send + 'static> Wake for Job<T> {
    fn wake(self: Arc<Self>) {
        if !self.turn.wake() {
            return;
        }
        if ptr::eq(RETURNING.get(), self.address()) {
            IS_BACK.set(true);
            return;
        }
        let runtime = self.runtime.clone();
        runtime.spawn_blocking(move || self.run());
    }
}

/// What a chore came to; the error is the panic that ended it.
pub(super) type Done<T> = Result<T, Box<dyn Any + Send>>;

/// A chore on its way. It is done to its end whether or not somebody waits for the answer.
#[derive(Debug)]
pub(super) struct Chore<T>(oneshot::Receiver<Done<T>>);

impl<T> Future for Chore<T> {
    type Output = Done<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match Pin::new(&mut self.0).poll(context) {
            Poll::Ready(Ok(done)) => Poll::Ready(done),
            // Only a runtime that shuts down drops a chore, and then nobody waits.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

/// Has work done that may block. Asked for by a job of an [`Executor`], it is done by the thread that
/// polls the job, once the job waits; asked for elsewhere, by a thread of its own.
pub(super) fn chore<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Chore<T> {
    let (answer, answered) = oneshot::channel();
    let work: Work = Box::new(move || -> Delivery {
        let done = catch_unwind(AssertUnwindSafe(work));
        // Nobody may want to know any more.
        Box::new(move || drop(answer.send(done)))
    });
    let refused = CHORES.with_borrow_mut(|chores| match chores {
        Some(chores) => {
            chores.push(work);
            None
        }
        None => Some(work),
    });
    if let Some(work) = refused {
        tokio::task::spawn_blocking(move || work()());
    }
    Chore(answered)
}

/// The same for work whose panic is the job's.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match chore(work).await {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
