//! What the host does for one plugin process: its requests for services, each on a thread of
//! a pool, so that a download of an hour holds up nothing.
//!
//! The services themselves are the same as for a plugin in this process. Decided here: how
//! many may run at once, how much is held for them, and where a file may be saved, because it is
//! the host that writes it, with the host's rights.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use musicdl_plugin_api::http::{Body, Saved};
use musicdl_plugin_api::{Files, HostServices, Progress, ProgressSink, SourceError};

use super::dest_dir::{DestDir, DestFile};
use super::running::Running;
use crate::plugin::byte_budget::Held;
use crate::plugin::messages::{ProgressUpdate, ServiceReply, ServiceRequest, ToChild};
use crate::plugin::rate_limiter::RateLimiter;
use crate::plugin::thread_pool::ThreadPool;

/// Services running at once; more than any concurrency that a source may declare.
const MOST_AT_ONCE: usize = 256;
/// Bodies open at once.
const MOST_BODIES: usize = 256;

type Shared<T> = Mutex<HashMap<u64, Arc<T>>>;

/// What a process asks for.
pub(super) struct Asked {
    pub(super) id: u64,
    pub(super) service: ServiceRequest,
    /// The body of a request.
    pub(super) bytes: Vec<u8>,
    /// What both take of the budget.
    pub(super) held: Held,
}

pub(super) struct ServiceRequests {
    pool: ThreadPool,
    next_body: AtomicU64,
    bodies: Shared<Mutex<Body>>,
    /// The cancel flags of the files that are being saved.
    saves: Shared<AtomicBool>,
    /// The plugin's scratch directory, once it asked for it.
    scratch: Mutex<Option<PathBuf>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ServiceRequests {
    pub(super) fn new() -> Self {
        Self {
            pool: ThreadPool::new("plugin service", MOST_AT_ONCE),
            next_body: AtomicU64::new(0),
            bodies: Mutex::default(),
            saves: Mutex::default(),
            scratch: Mutex::default(),
        }
    }

    /// Answers a request that is not carried out.
    pub(super) fn refuse(&self, running: &Running, id: u64, error: SourceError) {
        let result = Err(error);
        running.tell(&ToChild::Served { id, result }, &[]);
    }

    /// Does what the process asks and tells it the outcome.
    pub(super) fn take(&self, running: &Arc<Running>, asked: Asked) {
        let Asked {
            id,
            service,
            bytes,
            held,
        } = asked;
        if let ServiceRequest::Save { cancelled, .. } = service {
            // Here, so that a cancel that follows at once finds it.
            let flag = Arc::new(AtomicBool::new(cancelled));
            lock(&self.saves).insert(id, flag);
        }
        let work = {
            let running = Arc::clone(running);
            move || {
                let name = name(&service);
                // Given back when the answer is on its way, and no copy of it is left here.
                let mut answer = running.budget.share();
                let done = catch_unwind(AssertUnwindSafe(|| {
                    let requests = &running.service_requests;
                    let served = requests.serve(&running, id, service, bytes, &mut answer);
                    drop(held);
                    served
                }));
                let outcome = done.unwrap_or_else(|panic| {
                    let words = words(&*panic);
                    Err(SourceError::internal(format!("`{name}` panicked: {words}")))
                });
                lock(&running.service_requests.saves).remove(&id);
                let (result, bytes) = match outcome {
                    Ok((served, bytes)) => (Ok(served), bytes),
                    Err(error) => (Err(error), Vec::new()),
                };
                running.tell(&ToChild::Served { id, result }, &bytes);
            }
        };
        if !self.pool.run(work) {
            lock(&self.saves).remove(&id);
            let busy = format!("{MOST_AT_ONCE} requests to the host run already");
            self.refuse(running, id, SourceError::transient(busy));
        }
    }

    pub(super) fn cancel(&self, id: u64) {
        if let Some(flag) = lock(&self.saves).get(&id) {
            flag.store(true, Ordering::Release);
        }
    }

    pub(super) fn close_body(&self, body: u64) {
        lock(&self.bodies).remove(&body);
    }

    /// The process has ended.
    pub(super) fn end(&self) {
        for flag in lock(&self.saves).values() {
            flag.store(true, Ordering::Release);
        }
        lock(&self.bodies).clear();
    }

    fn serve(
        &self,
        running: &Arc<Running>,
        id: u64,
        service: ServiceRequest,
        bytes: Vec<u8>,
        answer: &mut Held,
    ) -> Result<(ServiceReply, Vec<u8>), SourceError> {
        let services = running
            .services()
            .ok_or_else(|| SourceError::internal("the host does nothing before there is a source"))?
            .as_ref();
        let without = |served| (served, Vec::new());
        match service {
            ServiceRequest::Send { mut request } => {
                request.body = bytes;
                let response = services.http_send_within(&request, answer)?;
                let head = response.head;
                Ok((ServiceReply::Sent { head }, response.body))
            }
            ServiceRequest::Save {
                mut request, dest, ..
            } => {
                request.body = bytes;
                let file = self.dest_file(running, &dest)?;
                let progress = self.progress_of_save(running, id);
                let saved = services
                    .http_save(&request, file.path(), &progress)
                    .map_err(|error| file.by_its_name(error))?;
                let Saved { head, bytes, body } = saved;
                let saved = Saved {
                    head,
                    bytes,
                    body: Vec::new(),
                };
                Ok((ServiceReply::Saved(saved), body))
            }
            ServiceRequest::Open { mut request } => {
                request.body = bytes;
                self.open(services, &request)
            }
            ServiceRequest::Chunk { body } => {
                let body = lock(&self.bodies).get(&body).cloned();
                let body = body.ok_or_else(|| SourceError::internal("no such body is open"))?;
                let chunk = lock(&body).chunk()?;
                let more = chunk.is_some();
                Ok((ServiceReply::Chunk { more }, chunk.unwrap_or_default()))
            }
            ServiceRequest::StoreGet { key } => services
                .store_get(&key)
                .map(ServiceReply::Kept)
                .map(without),
            ServiceRequest::StoreSet { key, value } => {
                services.store_set(&key, value.as_deref())?;
                Ok(without(ServiceReply::Set))
            }
            ServiceRequest::Now => Ok(without(ServiceReply::Now(services.now_ms()))),
            ServiceRequest::TempDir => {
                let dir = services.temp_dir()?;
                *lock(&self.scratch) = Some(dir.clone());
                Ok(without(ServiceReply::Dir(dir)))
            }
        }
    }

    fn open(
        &self,
        services: &dyn HostServices,
        request: &musicdl_plugin_api::http::Request,
    ) -> Result<(ServiceReply, Vec<u8>), SourceError> {
        if lock(&self.bodies).len() >= MOST_BODIES {
            let many = format!("{MOST_BODIES} bodies are open already; drop those you have read");
            return Err(SourceError::permanent(many));
        }
        let opened = services.http_open(request)?;
        let head = opened.head.clone();
        let body = self.next_body.fetch_add(1, Ordering::Relaxed);
        lock(&self.bodies).insert(body, Arc::new(Mutex::new(opened)));
        Ok((ServiceReply::Opened { head, body }, Vec::new()))
    }

    /// A file is saved below the directory of a running download, or the scratch directory.
    fn dest_file(&self, running: &Running, dest: &Path) -> Result<DestFile, SourceError> {
        let downloads: Vec<DestDir> = {
            let state = running.state();
            let downloads = state.downloads.values();
            downloads
                .map(|download| download.dest_dir.clone())
                .collect()
        };
        let scratch = lock(&self.scratch).as_deref().map(DestDir::new);
        let file = downloads
            .iter()
            .chain(&scratch)
            .find_map(|dir| dir.file(dest));
        file.ok_or_else(|| {
            SourceError::permanent(format!(
                "`{}` is neither in the directory of a running download nor in the plugin's \
                 scratch directory; nothing is saved there",
                dest.display()
            ))
        })
    }

    fn progress_of_save(&self, running: &Arc<Running>, id: u64) -> Progress {
        Progress::new(Arc::new(Save {
            running: Arc::clone(running),
            id,
            cancelled: lock(&self.saves).get(&id).cloned().unwrap_or_default(),
            limiter: Mutex::new(RateLimiter::for_progress(Instant::now())),
        }))
    }
}

/// As the contract calls it.
fn name(service: &ServiceRequest) -> &'static str {
    match service {
        ServiceRequest::Send { .. } => "http_send",
        ServiceRequest::Save { .. } => "http_save",
        ServiceRequest::Open { .. } => "http_open",
        ServiceRequest::Chunk { .. } => "chunk",
        ServiceRequest::StoreGet { .. } => "store_get",
        ServiceRequest::StoreSet { .. } => "store_set",
        ServiceRequest::Now => "now",
        ServiceRequest::TempDir => "temp_dir",
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}

/// A body on its way to the disk, reported to the plugin that asked for it.
struct Save {
    running: Arc<Running>,
    id: u64,
    cancelled: Arc<AtomicBool>,
    limiter: Mutex<RateLimiter>,
}

impl Save {
    fn say(&self, update: ProgressUpdate) {
        if lock(&self.limiter).admit(Instant::now()).is_some() {
            let id = self.id;
            self.running.tell(&ToChild::Progress { id, update }, &[]);
        }
    }
}

impl ProgressSink for Save {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.say(ProgressUpdate::Bytes { done, total });
    }

    fn state(&self, text: &str) {
        self.say(ProgressUpdate::State(text.to_owned()));
    }

    // The end of a save is its answer.
    fn finished(&self, _: Files) {}
    fn failed(&self, _: SourceError) {}

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}
