//! The call itself: under its deadline, cancelled when its item is.
//! A download that the source handed to a service of its own is followed to its end.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use musicdl_plugin_api::{
    Capabilities, Download, DownloadRequest, Files, Progress, ProgressSink, Query, Source,
    SourceError,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{CallFuture, Found, SourceService, lock};
use crate::engine::event::Event;
use crate::engine::executor::{Chore, Done, Panicked, chore};
use crate::engine::mailbox::{CallContext, MailboxSender};
use crate::music::{SourceName, TrackId};

/// A search may return no more than this; what is beyond is cut (promises C3).
const MOST_HITS: usize = 1_000;
/// After a cancel a call has this long to return (promises C2).
const GRACE: Duration = Duration::from_secs(5);
/// A call that shows no sign of life for so long holds nobody up any more: another item runs
/// in place of its own, and those that wait for its place go elsewhere (promises D7).
const STALLED_AFTER: Duration = Duration::from_secs(10);
/// More news of a download than this is of no use to anybody.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// The host's own deadlines, where a source declares none.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Longest time one search may take.
    pub search: Duration,
    /// Longest time a download may show no sign of life.
    pub stall: Duration,
    /// Longest time a download that was handed to a service may stand in its queue.
    pub queue: Duration,
    /// Longest time such a download may bring no byte after its first.
    pub follow: Duration,
}

/// Whether the running calls of one kind at a source show signs of life.
#[derive(Debug, Default)]
pub(in crate::engine) struct Liveness(Mutex<Signs>);

#[derive(Debug, Default)]
struct Signs {
    next: u64,
    /// The last sign of every running call.
    calls: HashMap<u64, Instant>,
    /// A call was given up that had shown none for long. Until another shows one, that a call
    /// begins is none: whoever tries again must not hold up all others again.
    silent: bool,
}

/// The calls of a source by their kind: one that answers searches may stall in downloads.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct SourceLiveness {
    pub(in crate::engine) searches: Arc<Liveness>,
    pub(in crate::engine) downloads: Arc<Liveness>,
}

impl Liveness {
    /// A call begins; it is over when the answer is dropped.
    pub(super) fn begin(self: &Arc<Self>, now: Instant) -> Heartbeat {
        let mut signs = lock(&self.0);
        let call = signs.next;
        signs.next += 1;
        let last = if signs.silent {
            now.checked_sub(STALLED_AFTER).unwrap_or(now)
        } else {
            now
        };
        signs.calls.insert(call, last);
        Heartbeat {
            liveness: Arc::clone(self),
            call,
        }
    }

    /// Whether calls are running and none of them has shown a sign of life lately.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        let signs = lock(&self.0);
        let stalled = |last: &Instant| now.saturating_duration_since(*last) >= STALLED_AFTER;
        !signs.calls.is_empty() && signs.calls.values().all(stalled)
    }
}

/// The signs of life of one call.
#[derive(Debug)]
pub(super) struct Heartbeat {
    liveness: Arc<Liveness>,
    call: u64,
}

impl Heartbeat {
    /// It lives, or has answered.
    pub(super) fn sign(&self, now: Instant) {
        let mut signs = lock(&self.liveness.0);
        signs.silent = false;
        signs.calls.insert(self.call, now);
    }

    /// How long it may be silent from `now` on before it counts as stalled.
    fn left(&self, now: Instant) -> Duration {
        let signs = lock(&self.liveness.0);
        let silent = |last: &Instant| now.saturating_duration_since(*last);
        let silent = signs.calls.get(&self.call).map(silent);
        STALLED_AFTER.saturating_sub(silent.unwrap_or_default())
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        let mut signs = lock(&self.liveness.0);
        let last = signs.calls.remove(&self.call);
        if last.is_some_and(|last| last.elapsed() >= STALLED_AFTER) {
            signs.silent = true;
        }
    }
}

/// A source, called without any policy but its deadline.
pub(in crate::engine) struct DirectService {
    pub(in crate::engine) name: SourceName,
    pub(in crate::engine) source: Arc<dyn Source>,
    pub(in crate::engine) capabilities: Capabilities,
    pub(in crate::engine) deadlines: Deadlines,
    pub(in crate::engine) liveness: SourceLiveness,
    /// The user has done with the source.
    pub(in crate::engine) ended: CancellationToken,
}

impl SourceService for DirectService {
    fn search<'a>(
        &'a self,
        query: &'a Query,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Found> {
        Box::pin(async move {
            let (source, query) = (Arc::clone(&self.source), query.clone());
            let heartbeat = self.liveness.searches.begin(Instant::now());
            let stalled = tokio::time::sleep(heartbeat.left(Instant::now()));
            tokio::pin!(stalled);
            let mut call = chore(move || source.search_raw(&query));
            let deadline = tokio::time::sleep(self.deadlines.search);
            tokio::pin!(deadline);
            let mut elsewhere = None;
            loop {
                tokio::select! {
                    answer = &mut call => {
                        heartbeat.sign(Instant::now());
                        let mut hits = answer.unwrap_or_else(died)?;
                        hits.truncate(MOST_HITS);
                        return Ok(Found { hits, kept: false });
                    }
                    () = call_context.cancel.aborting() => return Err(SourceError::cancelled().into()),
                    () = self.ended.cancelled() => return Err(done_with().into()),
                    () = &mut deadline => {
                        let seconds = self.deadlines.search.as_secs();
                        let message = format!("no answer to a search within {seconds} s");
                        return Err(SourceError::transient(message).into());
                    }
                    () = &mut stalled, if elsewhere.is_none() => {
                        elsewhere = Some(call_context.only_waits());
                    }
                }
            }
        })
    }

    fn download<'a>(
        &'a self,
        request: &'a DownloadRequest,
        call_context: &'a CallContext,
    ) -> CallFuture<'a, Files> {
        Box::pin(async move { Ok(self.fetch(request.clone(), call_context).await?) })
    }
}

/// Where a running download stands.
enum Stage {
    /// Its call has not returned.
    InCall,
    /// A service of the source's has it, since then.
    Followed { since: Instant },
}

impl DirectService {
    async fn fetch(
        &self,
        request: DownloadRequest,
        call_context: &CallContext,
    ) -> Result<Files, SourceError> {
        let (ended, mut end) = mpsc::unbounded_channel();
        let watch = Arc::new(Watch {
            id: call_context.id.clone(),
            source: self.name.clone(),
            mailbox: call_context.mailbox.clone(),
            ended,
            cancelled: AtomicBool::new(false),
            activity: Mutex::new(Activity::new(self.liveness.downloads.begin(Instant::now()))),
        });
        let progress = Progress::new(Arc::clone(&watch) as Arc<dyn ProgressSink>);
        let (source, target) = (Arc::clone(&self.source), request.target_id.clone());
        let mut call = chore(move || source.download_raw(&request, &progress));

        let mut stage = Stage::InCall;
        let mut elsewhere = None;
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        let why = loop {
            let called = matches!(stage, Stage::InCall);
            tokio::select! {
                answer = &mut call, if called => match watch.answered(answer)? {
                    Download::Files(files) => return Ok(files),
                    Download::Following if self.capabilities.has(Capabilities::FOLLOWS) => {
                        stage = Stage::Followed { since: Instant::now() };
                        lock(&watch.activity).heartbeat = None;
                        elsewhere.get_or_insert_with(|| call_context.only_waits());
                    }
                    Download::Following => return Err(SourceError::internal(
                        "handed the download over without declaring `follows`",
                    )),
                    _ => return Err(SourceError::internal("an answer this host does not know")),
                },
                Some(result) = end.recv(), if !called => return result,
                () = call_context.cancel.aborting() => break SourceError::cancelled(),
                () = self.ended.cancelled() => break done_with(),
                _ = tick.tick() => {
                    let now = Instant::now();
                    let activity = lock(&watch.activity);
                    if let Some(why) = self.overdue(&stage, &activity, now) {
                        break why;
                    }
                    if called {
                        let stalled = activity.is_stalled(now);
                        drop(activity);
                        match (stalled, elsewhere.is_some()) {
                            (true, false) => elsewhere = Some(call_context.only_waits()),
                            (false, true) => elsewhere = None,
                            (true, true) | (false, false) => {}
                        }
                    }
                }
            }
        };
        watch.cancelled.store(true, Ordering::Release);
        let call = matches!(stage, Stage::InCall).then_some(call);
        self.end_call(&target, call).await;
        Err(why)
    }

    /// Why a download is waited for no longer.
    fn overdue(&self, stage: &Stage, activity: &Activity, now: Instant) -> Option<SourceError> {
        let since = |then: Instant| now.saturating_duration_since(then);
        match stage {
            Stage::InCall => {
                let silent = since(activity.last_sign);
                (silent > self.deadlines.stall).then(|| {
                    let seconds = silent.as_secs();
                    SourceError::transient(format!("no sign of life for {seconds} s"))
                })
            }
            // The service would queue it again at the same place: another candidate has
            // better chances than another try.
            Stage::Followed { since: begun } => match activity.last_byte {
                None => (since(*begun) > self.deadlines.queue).then(|| {
                    let seconds = since(*begun).as_secs();
                    SourceError::permanent(format!("still queued after {seconds} s"))
                }),
                Some(last) => (since(last) > self.deadlines.follow).then(|| {
                    let seconds = since(last).as_secs();
                    SourceError::permanent(format!("no byte for {seconds} s"))
                }),
            },
        }
    }

    /// Tells the source to let go of a target and gives the call its grace. A call that does
    /// not return even then is left behind: its thread is lost, its directory is not read.
    async fn end_call(&self, target: &str, call: Option<Chore<Result<Download, SourceError>>>) {
        let (source, target) = (Arc::clone(&self.source), target.to_owned());
        let cancel = chore(move || source.cancel_raw(&target));
        let both = async {
            if let Ok(Err(error)) = cancel.await {
                tracing::debug!(source = %self.name, %error, "cancel refused");
            }
            if let Some(call) = call {
                // Its answer no longer counts; only that it is over does.
                drop(call.await);
            }
        };
        if tokio::time::timeout(GRACE, both).await.is_err() {
            tracing::warn!(source = %self.name, "a cancelled download did not return within 5 s");
        }
    }
}

/// The user cancelled the source.
fn done_with() -> SourceError {
    SourceError::permanent("the source was cancelled")
}

/// A call whose thread panicked: only possible for sources that live in this process and do
/// not come through the boundary, which catches panics itself.
fn died<T>(panic: Box<dyn Any + Send>) -> Result<T, SourceError> {
    let words = Panicked::with(panic.as_ref());
    Err(SourceError::internal(format!("the call panicked: {words}")))
}

/// The host's end of one download.
struct Watch {
    id: TrackId,
    source: SourceName,
    mailbox: MailboxSender,
    ended: mpsc::UnboundedSender<Result<Files, SourceError>>,
    cancelled: AtomicBool,
    activity: Mutex<Activity>,
}

/// When a download last showed a sign of life.
struct Activity {
    last_sign: Instant,
    /// When its last byte came; `None` before the first.
    last_byte: Option<Instant>,
    bytes: u64,
    told: Option<Instant>,
    /// `None` once a service of the source's has it, which is slow for reasons of its own.
    heartbeat: Option<Heartbeat>,
}

impl Activity {
    fn new(heartbeat: Heartbeat) -> Self {
        Self {
            last_sign: Instant::now(),
            last_byte: None,
            bytes: 0,
            told: None,
            heartbeat: Some(heartbeat),
        }
    }

    /// Whether another item may run in place of the one that waits for it.
    fn is_stalled(&self, now: Instant) -> bool {
        let heartbeat = self.heartbeat.as_ref();
        heartbeat.is_some_and(|heartbeat| heartbeat.left(now).is_zero())
    }

    fn sign(&mut self, now: Instant) {
        self.last_sign = now;
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.sign(now);
        }
    }

    /// Whether so many bytes are news, and worth telling.
    fn bytes(&mut self, done: u64, total: Option<u64>, now: Instant) -> bool {
        self.sign(now);
        if done > self.bytes {
            self.bytes = done;
            self.last_byte = Some(now);
        }
        let lately = self
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < PROGRESS_EVERY);
        let worth = !lately || total == Some(done);
        if worth {
            self.told = Some(now);
        }
        worth
    }
}

impl Watch {
    /// The call has returned, which is a sign of life whatever it says.
    fn answered(
        &self,
        answer: Done<Result<Download, SourceError>>,
    ) -> Result<Download, SourceError> {
        lock(&self.activity).sign(Instant::now());
        answer.unwrap_or_else(died)
    }
}

impl ProgressSink for Watch {
    fn bytes(&self, done: u64, total: Option<u64>) {
        if lock(&self.activity).bytes(done, total, Instant::now()) && !self.is_cancelled() {
            self.mailbox.emit(Event::Fetching {
                id: self.id.clone(),
                source: self.source.clone(),
                done,
                total,
            });
        }
    }

    fn state(&self, text: &str) {
        lock(&self.activity).sign(Instant::now());
        if !self.is_cancelled() {
            self.mailbox.emit(Event::SourceState {
                id: self.id.clone(),
                source: self.source.clone(),
                text: text.chars().take(200).collect(),
            });
        }
    }

    fn finished(&self, files: Files) {
        // Nobody listens after the end, which is what "ignored after the end" means.
        drop(self.ended.send(Ok(files)));
    }

    fn failed(&self, error: SourceError) {
        drop(self.ended.send(Err(error)));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}
