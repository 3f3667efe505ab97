//! The connection to the host as the threads of a plugin process use it: who waits for which
//! answer, and which downloads the host wants to end.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use musicdl_plugin_api::SourceError;

use super::unsendable;
use crate::plugin::frames::{FrameError, Link};
use crate::plugin::messages::{ProgressUpdate, ServiceReply, ServiceRequest, ToHost};
use crate::plugin::process_tree;
use crate::plugin::rate_limiter::RateLimiter;

/// What comes while a service is waited for.
pub(super) enum ServiceEvent {
    Progress(ProgressUpdate),
    Served(Result<ServiceReply, SourceError>, Vec<u8>),
}

pub(super) struct HostConnection {
    link: Link,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, Sender<ServiceEvent>>>,
    /// Of the downloads whose handle the plugin may still hold.
    cancels: Mutex<HashMap<u64, Arc<AtomicBool>>>,
    logged: Mutex<RateLimiter>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HostConnection {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            next: AtomicU64::new(0),
            waiting: Mutex::default(),
            cancels: Mutex::default(),
            logged: Mutex::new(RateLimiter::for_logs(Instant::now())),
        }
    }

    /// Sends what asks for no answer. An answer that is too large becomes an error that
    /// says so; without the connection there is nothing to live for.
    pub(super) fn send(&self, message: &ToHost) {
        match self.link.send(message, &[]) {
            Ok(()) => {}
            Err(error @ FrameError::TooLarge { .. }) => {
                if let ToHost::Reply { id, .. } = message {
                    let result = Err(unsendable(&error));
                    self.send(&ToHost::Reply { id: *id, result });
                }
            }
            Err(
                FrameError::Torn
                | FrameError::NotAMessage(_)
                | FrameError::Unwritable(_)
                | FrameError::Io(_),
            ) => {
                process_tree::kill_own();
            }
        }
    }

    /// Asks for a service; what is heard of it comes through the channel.
    pub(super) fn ask(
        &self,
        service: ServiceRequest,
        bytes: &[u8],
    ) -> Result<(u64, Receiver<ServiceEvent>), SourceError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, heard) = channel();
        lock(&self.waiting).insert(id, sender);
        match self.link.send(&ToHost::Asked { id, service }, bytes) {
            Ok(()) => Ok((id, heard)),
            Err(error @ FrameError::TooLarge { .. }) => {
                lock(&self.waiting).remove(&id);
                Err(unsendable(&error))
            }
            Err(
                FrameError::Torn
                | FrameError::NotAMessage(_)
                | FrameError::Unwritable(_)
                | FrameError::Io(_),
            ) => {
                process_tree::kill_own();
            }
        }
    }

    /// Whether one more line of log may be sent; if so, how many before it were not.
    pub(super) fn may_log(&self) -> Option<u64> {
        lock(&self.logged).admit(Instant::now())
    }

    pub(super) fn served(
        &self,
        id: u64,
        result: Result<ServiceReply, SourceError>,
        bytes: Vec<u8>,
    ) {
        if let Some(sender) = lock(&self.waiting).remove(&id) {
            // The thread that asked may have ended by a panic.
            drop(sender.send(ServiceEvent::Served(result, bytes)));
        }
    }

    pub(super) fn progress(&self, id: u64, update: ProgressUpdate) {
        if let Some(sender) = lock(&self.waiting).get(&id) {
            drop(sender.send(ServiceEvent::Progress(update)));
        }
    }

    /// A download of that number is about to start.
    pub(super) fn expect_cancel(&self, id: u64, cancelled: bool) {
        lock(&self.cancels).insert(id, Arc::new(AtomicBool::new(cancelled)));
    }

    /// The flag of that download.
    pub(super) fn cancel_of(&self, id: u64) -> Arc<AtomicBool> {
        Arc::clone(lock(&self.cancels).entry(id).or_default())
    }

    pub(super) fn cancelled(&self, id: u64) {
        if let Some(flag) = lock(&self.cancels).get(&id) {
            flag.store(true, Ordering::Release);
        }
    }

    /// The plugin has let go of the last handle of that download.
    pub(super) fn let_go(&self, id: u64) {
        lock(&self.cancels).remove(&id);
        self.send(&ToHost::LetGo { id });
    }
}
