//! One living plugin process: who waits for which answer, which downloads it holds, and why
//! it is to end. Starting one is `start`'s, looking after it and reporting its end `supervise`'s.

use std::collections::HashMap;
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use musicdl_plugin_api::{Download, LogLevel, Progress, SourceError};
use rustix::process::Pid;

use super::ProcessOptions;
use super::active_download::ActiveDownload;
use super::death::{Cause, Death};
use super::service_requests::{Asked, ServiceRequests};
use crate::plugin::byte_budget::{ByteBudget, PER_PROCESS};
use crate::plugin::cut::Cut;
use crate::plugin::frames::{Counted, FrameError, Link, receive_within};
use crate::plugin::messages::{Call, ProgressUpdate, Reply, ToChild, ToHost};
use crate::plugin::rate_limiter::RateLimiter;
use crate::plugin::services::SourceServices;

/// A caller that waits longer than this has the process looked at.
const LOOK: Duration = Duration::from_millis(250);
/// A killed process that is not gone by then waits for a broken disk; its caller does not.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// More unrequested replies than this, and the process counts as broken.
const MOST_STRAYS: u32 = 1_000;

pub(super) struct Running {
    pub(super) pid: Pid,
    pub(super) options: Arc<ProcessOptions>,
    pub(super) service_requests: ServiceRequests,
    link: Link,
    state: Mutex<State>,
    /// Something for its supervisor, or its end.
    changed: Condvar,
    services: OnceLock<Arc<dyn SourceServices>>,
    /// For all that is held for it at once.
    pub(super) budget: Arc<ByteBudget>,
    logged: Mutex<RateLimiter>,
}

/// What changes together.
pub(super) struct State {
    next: u64,
    waiting: HashMap<u64, SyncSender<CallEvent>>,
    pub(super) downloads: HashMap<u64, ActiveDownload>,
    pub(super) last_used: Instant,
    /// The connection is over.
    pub(super) hung_up: bool,
    /// .. and nothing of what came through it is left to be heard.
    heard_out: bool,
    /// Why it is to end, once that is decided. No call is taken any more.
    pub(super) cause: Option<Cause>,
    death: Option<Death>,
    strays: u32,
}

impl State {
    pub(super) fn is_unused(&self) -> bool {
        self.waiting.is_empty() && self.downloads.is_empty()
    }
}

enum CallEvent {
    Reply(Result<Reply, SourceError>),
    Died(Death),
}

/// Why a call has no answer of the plugin's.
#[derive(Debug)]
pub(super) enum CallFailure {
    /// The process takes no calls any more; this one never reached it.
    NotTaken,
    /// What the plugin, or the way to it, says.
    Reported(SourceError),
    /// The process ended in the middle of it.
    Died(Death),
    /// The process was killed because of this call.
    Overdue(Death),
}

impl Running {
    pub(super) fn new(pid: Pid, link: Link, options: Arc<ProcessOptions>) -> Self {
        let now = Instant::now();
        Self {
            pid,
            options,
            service_requests: ServiceRequests::new(),
            link,
            state: Mutex::new(State {
                next: 0,
                waiting: HashMap::new(),
                downloads: HashMap::new(),
                last_used: now,
                hung_up: false,
                heard_out: false,
                cause: None,
                death: None,
                strays: 0,
            }),
            changed: Condvar::new(),
            services: OnceLock::new(),
            budget: ByteBudget::of(PER_PROCESS),
            // Twice what an honest process sends, which thins out its lines itself.
            logged: Mutex::new(RateLimiter::new(400, 40, now)),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something changes, at most this long.
    pub(super) fn pause<'a>(
        &self,
        state: MutexGuard<'a, State>,
        at_most: Duration,
    ) -> MutexGuard<'a, State> {
        let waited = self.changed.wait_timeout(state, at_most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The services it may ask for; none before this is called.
    pub(super) fn serve_with(&self, services: Arc<dyn SourceServices>) {
        // One process is made into one source, once.
        let _ = self.services.set(services);
    }

    pub(super) fn services(&self) -> Option<&Arc<dyn SourceServices>> {
        self.services.get()
    }

    /// Whether it takes no more calls.
    pub(super) fn is_ending(&self) -> bool {
        let state = self.state();
        state.cause.is_some() || state.hung_up
    }

    /// One call, within `limit` if there is one.
    pub(super) fn call(
        &self,
        call: Call,
        limit: Option<Duration>,
        download: Option<ActiveDownload>,
    ) -> Result<Reply, CallFailure> {
        let name = call.name();
        let (id, heard) = self.enter(download)?;
        match self.link.send(&ToChild::Call { id, call }, &[]) {
            Ok(()) => {}
            Err(error @ FrameError::TooLarge { .. }) => {
                let mut state = self.state();
                state.waiting.remove(&id);
                state.downloads.remove(&id);
                let error = format!("`{name}` cannot be passed on: {error}");
                return Err(CallFailure::Reported(SourceError::permanent(error)));
            }
            Err(error) => self.lost(&error),
        }
        let Some(limit) = limit else {
            return self.wait(&heard, None).unwrap_or_else(|| Err(gone()));
        };
        if let Some(answer) = self.wait(&heard, Some(limit)) {
            return answer;
        }
        self.end(Cause::Overdue { call: name, limit });
        match self.wait(&heard, Some(KILL_LIMIT)) {
            // It may have been a hair too late, which is too late.
            Some(Ok(_) | Err(CallFailure::Reported(_) | CallFailure::NotTaken)) | None => {
                Err(CallFailure::Overdue(Death {
                    cause: Cause::Overdue { call: name, limit },
                    last_words: String::new(),
                }))
            }
            Some(Err(CallFailure::Died(death) | CallFailure::Overdue(death))) => {
                Err(CallFailure::Overdue(death))
            }
        }
    }

    fn enter(
        &self,
        download: Option<ActiveDownload>,
    ) -> Result<(u64, Receiver<CallEvent>), CallFailure> {
        let mut state = self.state();
        if state.cause.is_some() || state.hung_up {
            return Err(CallFailure::NotTaken);
        }
        let id = state.next;
        state.next += 1;
        state.last_used = Instant::now();
        // Two, for an answer and a death at once; so that sending never waits.
        let (sender, heard) = sync_channel(2);
        state.waiting.insert(id, sender);
        if let Some(download) = download {
            state.downloads.insert(id, download);
            // There is something to look at from time to time.
            self.changed.notify_all();
        }
        Ok((id, heard))
    }

    /// `None`: there was nothing to hear within the limit.
    fn wait(
        &self,
        heard: &Receiver<CallEvent>,
        limit: Option<Duration>,
    ) -> Option<Result<Reply, CallFailure>> {
        let started = Instant::now();
        loop {
            let left = limit.map(|limit| limit.saturating_sub(started.elapsed()));
            match heard.recv_timeout(left.unwrap_or(LOOK).min(LOOK)) {
                Ok(CallEvent::Reply(answer)) => return Some(answer.map_err(CallFailure::Reported)),
                Ok(CallEvent::Died(death)) => return Some(Err(CallFailure::Died(death))),
                Err(RecvTimeoutError::Timeout) if left.is_some_and(|left| left.is_zero()) => {
                    return None;
                }
                // A process that left a child with our connection never hangs up.
                Err(RecvTimeoutError::Timeout) => self.changed.notify_all(),
                Err(RecvTimeoutError::Disconnected) => return Some(Err(gone())),
            }
        }
    }

    /// Says something that asks for no answer.
    pub(super) fn tell(&self, message: &ToChild, bytes: &[u8]) {
        match self.link.send(message, bytes) {
            Ok(()) => {}
            Err(error @ FrameError::TooLarge { .. }) => {
                if let ToChild::Served { id, .. } = message {
                    let error = format!("the host's answer cannot be passed on: {error}");
                    let result = Err(SourceError::permanent(error));
                    self.tell(&ToChild::Served { id: *id, result }, &[]);
                }
            }
            Err(error) => self.lost(&error),
        }
    }

    /// Decides that it is to end, unless that is decided already, and has its supervisor see to
    /// that.
    pub(super) fn end(&self, cause: Cause) {
        self.state().cause.get_or_insert(cause);
        self.changed.notify_all();
    }

    fn lost(&self, error: &FrameError) {
        match error {
            FrameError::Io(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.end(Cause::Garbled("it does not read any more".to_owned()));
            }
            // Its end, of which the reading side hears more.
            FrameError::Io(_)
            | FrameError::Torn
            | FrameError::TooLarge { .. }
            | FrameError::NotAMessage(_)
            | FrameError::Unwritable(_) => {
                self.state().hung_up = true;
                self.changed.notify_all();
            }
        }
    }

    pub(super) fn hang_up(&self) {
        self.link.hang_up();
    }

    /// Hears the process out, until it hangs up or talks nonsense.
    pub(super) fn listen(self: &Arc<Self>, stream: UnixStream) {
        let mut stream = BufReader::with_capacity(64 * 1024, stream);
        loop {
            match receive_within::<ToHost>(&mut stream, &self.budget) {
                Ok(Some(counted)) => self.hear(counted),
                // One that is killed in the middle of a frame tears it.
                Ok(None) | Err(FrameError::Torn | FrameError::Io(_)) => break,
                Err(
                    error @ (FrameError::TooLarge { .. }
                    | FrameError::NotAMessage(_)
                    | FrameError::Unwritable(_)),
                ) => {
                    self.end(Cause::Garbled(error.to_string()));
                    break;
                }
            }
        }
        {
            let mut state = self.state();
            state.hung_up = true;
            state.heard_out = true;
        }
        self.changed.notify_all();
    }

    fn hear(self: &Arc<Self>, counted: Counted<ToHost>) {
        let Counted {
            message,
            bytes,
            held,
        } = counted;
        match message {
            ToHost::Reply { id, result } => self.answered(id, result),
            ToHost::Asked { id, service } => match held {
                Ok(held) => {
                    let asked = Asked {
                        id,
                        service,
                        bytes,
                        held,
                    };
                    self.service_requests.take(self, asked);
                }
                Err(error) => self.service_requests.refuse(self, id, error),
            },
            ToHost::Cancelled { id } => self.service_requests.cancel(id),
            ToHost::CloseBody { body } => self.service_requests.close_body(body),
            ToHost::Progress { id, update } => self.progress(id, update),
            ToHost::LetGo { id } => self.let_go(id),
            ToHost::Log {
                level,
                message,
                fields,
            } => {
                let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
                if logged.admit(Instant::now()).is_some() {
                    self.log(level, &message, &fields);
                }
            }
        }
    }

    /// A line for the log under the plugin's name.
    pub(super) fn log(&self, level: LogLevel, message: &str, fields: &[(String, String)]) {
        if let Some(services) = self.services() {
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect();
            super::active_download::guarded(|| services.log(level, message, &fields));
        }
    }

    fn answered(&self, id: u64, result: Result<Reply, SourceError>) {
        let mut state = self.state();
        let Some(waiting) = state.waiting.remove(&id) else {
            self.stray(state, id);
            return;
        };
        state.last_used = Instant::now();
        let follows = matches!(&result, Ok(Reply::Downloaded(Download::Following)));
        let dropped = match state.downloads.get_mut(&id) {
            Some(download) if follows && !download.let_go => {
                download.in_call = false;
                None
            }
            Some(_) => state.downloads.remove(&id),
            None => None,
        };
        // The caller may have given up on it.
        drop(waiting.try_send(CallEvent::Reply(result)));
        drop(state);
        if let Some(download) = dropped.filter(|_| follows) {
            download.abandoned();
        }
    }

    /// An answer to nothing: late, given twice, or invented.
    fn stray(&self, mut state: MutexGuard<'_, State>, id: u64) {
        state.strays += 1;
        let strays = state.strays;
        drop(state);
        tracing::debug!(id, strays, "a plugin process sent an unrequested reply");
        if strays > MOST_STRAYS {
            let what = format!("{strays} unrequested replies");
            self.end(Cause::Garbled(what));
        }
    }

    fn progress(&self, id: u64, mut update: ProgressUpdate) {
        let mut state = self.state();
        // After the end of a download nothing it says counts.
        let Some(download) = state.downloads.get_mut(&id) else {
            return;
        };
        let Some(progress) = download.admit(&update) else {
            return;
        };
        drop(state);
        match &mut update {
            ProgressUpdate::Bytes { .. } => {}
            ProgressUpdate::State(text) => text.cut(),
            ProgressUpdate::Finished(files) => files.cut(),
            ProgressUpdate::Failed(error) => error.cut(),
        }
        super::active_download::pass_on(&progress, update);
    }

    fn let_go(&self, id: u64) {
        let mut state = self.state();
        let dropped = match state.downloads.get_mut(&id) {
            Some(download) if download.in_call => {
                download.let_go = true;
                None
            }
            Some(_) => state.downloads.remove(&id),
            None => None,
        };
        drop(state);
        if let Some(download) = dropped {
            download.abandoned();
        }
    }

    /// Looks which downloads are to end, and tells the process of those it does not know.
    pub(super) fn pass_cancels_on(&self) {
        let asked: Vec<(u64, Progress)> = {
            let state = self.state();
            let untold = state
                .downloads
                .iter()
                .filter(|(_, d)| d.cancelled.is_none());
            untold.map(|(&id, d)| (id, d.progress.clone())).collect()
        };
        for (id, progress) in asked {
            if super::active_download::is_cancelled(&progress) {
                if let Some(download) = self.state().downloads.get_mut(&id) {
                    download.cancelled = Some(Instant::now());
                }
                self.tell(&ToChild::Cancelled { id }, &[]);
            }
        }
    }

    /// It has ended: everybody who waits for it is told.
    pub(super) fn report_death(&self, death: Death, word: &SourceError) {
        let mut state = self.state();
        state.hung_up = true;
        state.cause.get_or_insert(death.cause.clone());
        state.death = Some(death.clone());
        let waiting = std::mem::take(&mut state.waiting);
        let downloads = std::mem::take(&mut state.downloads);
        drop(state);
        for heard in waiting.into_values() {
            drop(heard.try_send(CallEvent::Died(death.clone())));
        }
        for download in downloads.into_values().filter(|d| !d.in_call && !d.ended) {
            super::active_download::pass_on(
                &download.progress,
                ProgressUpdate::Failed(word.clone()),
            );
        }
        self.service_requests.end();
        self.changed.notify_all();
    }

    /// Waits until everything it said is heard, at most this long: another process may have
    /// its end of the connection.
    pub(super) fn wait_to_hear_all(&self, at_most: Duration) {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), at_most, |state| !state.heard_out);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits for its end, at most this long.
    pub(super) fn wait_for_end(&self, at_most: Duration) {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), at_most, |state| state.death.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Only when its supervisor died without a word, which no code of ours does.
fn gone() -> CallFailure {
    CallFailure::Died(Death {
        cause: Cause::HungUp,
        last_words: String::new(),
    })
}
