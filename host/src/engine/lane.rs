//! One source as the engine uses it: every call on a blocking thread, under a deadline, at
//! the declared pace, no more at once than declared. What a failure means is `fallback`'s.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use musicdl_plugin_api::{
    Capabilities, Download, DownloadRequest, ErrorKind, Files, Hit, Limits, Progress, ProgressSink,
    Query, Source, SourceError,
};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::JoinError;

use super::cancel::Cancel;
use super::pace::Pace;
use crate::music::SourceName;

/// A search may return no more than this; what is beyond is cut (promises C3).
const MOST_HITS: usize = 1_000;
/// After a cancel a call has this long to return (promises C2).
const GRACE: Duration = Duration::from_secs(5);
/// So many calls given up in a row, with no success between, and the source is dropped.
const GIVEN_UP_IN_A_ROW: u32 = 6;

/// The host's own deadlines, where a source declares none.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// Longest time one search may take.
    pub search: Duration,
    /// Longest time a download may show no sign of life.
    pub stall: Duration,
}

/// One source with its limits.
pub struct Lane {
    name: SourceName,
    source: Arc<dyn Source>,
    capabilities: Capabilities,
    searches: Semaphore,
    downloads: Semaphore,
    search_pace: Mutex<Pace>,
    download_pace: Mutex<Pace>,
    search_deadline: Duration,
    stall_deadline: Duration,
    failures: AtomicU32,
    dropped: Mutex<Option<String>>,
}

/// What a running download tells.
#[derive(Debug)]
pub(super) enum Sign {
    Bytes { done: u64, total: Option<u64> },
    State(String),
}

impl Lane {
    /// A source with what it declares. `concurrency` is the user's word on downloads at once.
    pub fn new(
        name: SourceName,
        source: Arc<dyn Source>,
        capabilities: Capabilities,
        limits: &Limits,
        concurrency: Option<u32>,
        deadlines: Deadlines,
    ) -> Self {
        let permits = |declared: u32| declared.clamp(1, 64) as usize;
        Self {
            name,
            source,
            capabilities,
            searches: Semaphore::new(permits(limits.search_concurrency)),
            downloads: Semaphore::new(permits(concurrency.unwrap_or(limits.download_concurrency))),
            search_pace: Mutex::new(Pace::new(limits.search_spacing, limits.search_window)),
            download_pace: Mutex::new(Pace::new(limits.download_spacing, None)),
            search_deadline: limits.search_deadline.unwrap_or(deadlines.search),
            stall_deadline: limits.stall_deadline.unwrap_or(deadlines.stall),
            failures: AtomicU32::new(0),
            dropped: Mutex::new(None),
        }
    }

    /// Its name.
    pub fn name(&self) -> &SourceName {
        &self.name
    }

    /// Whether it takes tracks; an album-only source is never asked for one.
    pub(super) fn takes_tracks(&self) -> bool {
        !self.capabilities.has(Capabilities::ALBUM_ONLY)
    }

    /// Whether it shapes its own queries, so that asking again in other words is of no use.
    pub(super) fn shapes_queries(&self) -> bool {
        self.capabilities.has(Capabilities::OWN_QUERIES)
    }

    /// Why it is left out of the run; `None` while it is not.
    pub fn dropped(&self) -> Option<String> {
        lock(&self.dropped).clone()
    }

    /// Leaves it out for the rest of the run. `true` the first time.
    pub(super) fn drop_for_run(&self, reason: &str) -> bool {
        let mut dropped = lock(&self.dropped);
        let first = dropped.is_none();
        if first {
            *dropped = Some(reason.to_owned());
        }
        first
    }

    /// Counts a success.
    pub(super) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Counts a call that was given up, after all its tries. `true` when it is one too many:
    /// that many in a row speak against the source, not against one target.
    pub(super) fn gave_up(&self, kind: ErrorKind) -> bool {
        match kind {
            ErrorKind::Transient | ErrorKind::RateLimited | ErrorKind::Internal => {
                self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= GIVEN_UP_IN_A_ROW
            }
            _ => false,
        }
    }

    /// One search.
    pub(super) async fn search(
        &self,
        query: Query,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, SourceError> {
        let _permit = admit(&self.searches, &self.search_pace, cancel).await?;
        let source = Arc::clone(&self.source);
        let call = tokio::task::spawn_blocking(move || source.search_raw(&query));
        tokio::select! {
            answer = call => {
                let mut hits = answer.unwrap_or_else(died)?;
                hits.truncate(MOST_HITS);
                Ok(hits)
            }
            () = cancel.aborting() => Err(SourceError::cancelled()),
            () = tokio::time::sleep(self.search_deadline) => Err(SourceError::transient(format!(
                "no answer to a search within {} s",
                self.search_deadline.as_secs()
            ))),
        }
    }

    /// One download into the request's directory. `signs` hears how it goes.
    pub(super) async fn download(
        &self,
        request: DownloadRequest,
        signs: mpsc::UnboundedSender<Sign>,
        cancel: &Cancel,
    ) -> Result<Files, SourceError> {
        let _permit = admit(&self.downloads, &self.download_pace, cancel).await?;
        let (ended, mut end) = mpsc::unbounded_channel();
        let watch = Arc::new(Watch {
            signs,
            ended,
            cancelled: AtomicBool::new(false),
            last_sign: Mutex::new(Instant::now()),
        });
        let progress = Progress::new(Arc::clone(&watch) as Arc<dyn ProgressSink>);
        let (source, target) = (Arc::clone(&self.source), request.target_id.clone());
        let mut call =
            tokio::task::spawn_blocking(move || source.download_raw(&request, &progress));

        let mut following = false;
        let mut tick = tokio::time::interval(Duration::from_millis(250));
        let why = loop {
            tokio::select! {
                answer = &mut call, if !following => match answer.unwrap_or_else(died)? {
                    Download::Files(files) => return Ok(files),
                    Download::Following if self.capabilities.has(Capabilities::FOLLOWS) => following = true,
                    Download::Following => return Err(SourceError::internal(
                        "handed the download over without declaring `follows`",
                    )),
                    _ => return Err(SourceError::internal("an answer this host does not know")),
                },
                Some(result) = end.recv(), if following => return result,
                () = cancel.aborting() => break SourceError::cancelled(),
                _ = tick.tick() => {
                    let silent = lock(&watch.last_sign).elapsed();
                    if silent > self.stall_deadline {
                        break SourceError::transient(format!(
                            "no sign of life for {} s",
                            silent.as_secs()
                        ));
                    }
                }
            }
        };
        watch.cancelled.store(true, Ordering::Release);
        self.end_call(&target, (!following).then_some(call)).await;
        Err(why)
    }

    /// Tells the source to let go of a target and gives the call its grace. A call that does
    /// not return even then is left behind: its thread is lost, its directory is not read.
    async fn end_call(
        &self,
        target: &str,
        call: Option<tokio::task::JoinHandle<Result<Download, SourceError>>>,
    ) {
        let (source, target) = (Arc::clone(&self.source), target.to_owned());
        let cancel = tokio::task::spawn_blocking(move || source.cancel_raw(&target));
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

/// Waits for a free place, then for the booked start: in this order everywhere, so that
/// nobody holds a start while waiting for a place.
async fn admit<'a>(
    places: &'a Semaphore,
    pace: &Mutex<Pace>,
    cancel: &Cancel,
) -> Result<SemaphorePermit<'a>, SourceError> {
    let permit = tokio::select! {
        permit = places.acquire() => permit.expect("the semaphore of a lane is never closed"),
        () = cancel.stopping() => return Err(SourceError::cancelled()),
    };
    let start = lock(pace).book(Instant::now());
    tokio::select! {
        () = tokio::time::sleep_until(start.into()) => Ok(permit),
        () = cancel.stopping() => Err(SourceError::cancelled()),
    }
}

/// A call whose thread panicked: only possible for sources that live in this process and do
/// not come through the boundary, which catches panics itself.
fn died<T>(error: JoinError) -> Result<T, SourceError> {
    Err(SourceError::internal(format!("the call died: {error}")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The host's end of one download.
struct Watch {
    signs: mpsc::UnboundedSender<Sign>,
    ended: mpsc::UnboundedSender<Result<Files, SourceError>>,
    cancelled: AtomicBool,
    last_sign: Mutex<Instant>,
}

impl Watch {
    fn alive(&self) {
        *lock(&self.last_sign) = Instant::now();
    }
}

impl ProgressSink for Watch {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.alive();
        // Nobody listens after the end, which is what "ignored after the end" means.
        drop(self.signs.send(Sign::Bytes { done, total }));
    }

    fn state(&self, text: &str) {
        self.alive();
        drop(
            self.signs
                .send(Sign::State(text.chars().take(200).collect())),
        );
    }

    fn finished(&self, files: Files) {
        drop(self.ended.send(Ok(files)));
    }

    fn failed(&self, error: SourceError) {
        drop(self.ended.send(Err(error)));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}
