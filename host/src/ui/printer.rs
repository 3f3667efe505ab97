//! Prints a run on a thread of its own. A reader that does not read, such as a full pipe or a
//! terminal stopped by Ctrl-S, blocks that thread and nothing else: neither a commit, nor a
//! stop, nor the end of the program.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::{Listener, RunEvent};
use crate::engine::Event;

/// With so many events waiting, further progress is dropped. Everything else is kept: at most
/// a few events for each item of the plan and each of its candidates.
const PROGRESS_WAITS: usize = 1_000;
/// Log lines that wait for a reader; further ones are dropped.
const LOG_WAITS: usize = 1_000;
/// How long a reader may take for what is left, once the user has asked the program to end.
const GRACE: Duration = Duration::from_millis(500);
/// How often the end of the program looks whether the user has asked for it.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Shows events, one after the other, on the thread of the printer.
pub(super) trait View: Send {
    fn show(&mut self, event: &RunEvent);

    /// A line of the log.
    fn log(&mut self, line: &[u8]) {
        super::out::log(line);
    }
}

/// What is printed last, when every event is.
type Last = Box<dyn FnOnce(Option<&RunEvent>) + Send>;

enum Task {
    Event(Box<RunEvent>),
    Log(Vec<u8>),
    Last(Last),
}

/// The waiting room of the printer.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    tasks: VecDeque<Task>,
    log_lines: usize,
    /// The last task is printed, or the thread is gone.
    ended: bool,
}

/// Accepts events at once and prints them in order.
pub struct Printer {
    queue: Arc<Queue>,
}

impl Printer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(mut view: Box<dyn View>) -> io::Result<Self> {
        let queue = Arc::<Queue>::default();
        let of_thread = Arc::clone(&queue);
        thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || of_thread.print(view.as_mut()))?;
        Ok(Self { queue })
    }

    pub(super) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Prints `last` after everything else and waits until that is done. Once `is_stopping`,
    /// a reader that does not read is not waited for. Returns whether all was printed.
    pub(super) fn end(self, last: Last, is_stopping: impl Fn() -> bool) -> bool {
        let mut state = self.queue.lock();
        state.tasks.push_back(Task::Last(last));
        self.queue.changed.notify_all();
        let mut give_up_at = None;
        while !state.ended {
            let now = Instant::now();
            if is_stopping() && now >= *give_up_at.get_or_insert(now + GRACE) {
                return false;
            }
            let waited = self.queue.changed.wait_timeout(state, LOOK_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Listener for Printer {
    fn event(&mut self, event: RunEvent) {
        let mut state = self.queue.lock();
        if is_progress(&event.event) && state.tasks.len() >= PROGRESS_WAITS {
            return;
        }
        state.tasks.push_back(Task::Event(Box::new(event)));
        self.queue.changed.notify_all();
    }
}

/// Whether the next event of its kind makes this one worthless.
fn is_progress(event: &Event) -> bool {
    matches!(event, Event::Fetching { .. } | Event::SourceState { .. })
}

impl Queue {
    /// Prints a line of the log in its turn. `false`: no printer runs, it is the caller's.
    pub(super) fn log(&self, line: &[u8]) -> bool {
        let mut state = self.lock();
        if state.ended {
            return false;
        }
        if state.log_lines < LOG_WAITS {
            state.log_lines += 1;
            state.tasks.push_back(Task::Log(line.to_owned()));
            self.changed.notify_all();
        }
        true
    }

    fn print(&self, view: &mut dyn View) {
        let _ended = Ended(self);
        let mut last_event = None;
        loop {
            match self.next() {
                Task::Event(event) => {
                    view.show(&event);
                    last_event = Some(event);
                }
                Task::Log(line) => view.log(&line),
                Task::Last(print) => return print(last_event.as_deref()),
            }
        }
    }

    fn next(&self) -> Task {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.tasks.pop_front() {
                if matches!(task, Task::Log(_)) {
                    state.log_lines -= 1;
                }
                return task;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Every step leaves the queue whole, whoever panicked in between.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody waits for a thread that panicked.
struct Ended<'a>(&'a Queue);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
    }
}
