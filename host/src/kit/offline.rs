//! A host without a network, for a review: it counts who asks for one, and keeps nothing.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::plugin::services::SourceServices;
use musicdl_plugin_api::http::{Body, Request, Response, Saved};
use musicdl_plugin_api::{HostServices, LogLevel, Progress, SourceError};
use tempfile::TempDir;

/// The services of one review.
#[derive(Default)]
pub(super) struct Offline {
    requests: AtomicUsize,
    scratch: Mutex<Option<TempDir>>,
}

impl Offline {
    /// Requests that were made so far, and refused.
    pub(super) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn refused(&self, request: &Request) -> SourceError {
        self.requests.fetch_add(1, Ordering::SeqCst);
        SourceError::transient(format!("{request:?}: a review has no network"))
    }
}

impl SourceServices for Offline {}

impl HostServices for Offline {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        Err(self.refused(request))
    }

    fn http_save(&self, request: &Request, _: &Path, _: &Progress) -> Result<Saved, SourceError> {
        Err(self.refused(request))
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        Err(self.refused(request))
    }

    fn log(&self, _: LogLevel, _: &str, _: &[(&str, &str)]) {}

    fn store_get(&self, _: &str) -> Result<Option<String>, SourceError> {
        Ok(None)
    }

    fn store_set(&self, _: &str, _: Option<&str>) -> Result<(), SourceError> {
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            })
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = match scratch.take() {
            Some(dir) => dir,
            None => tempfile::tempdir()
                .map_err(|error| SourceError::internal(format!("no directory: {error}")))?,
        };
        Ok(scratch.insert(dir).path().to_owned())
    }
}
