//! Shows what a plugin asks of the network: method, host, path, status and time. Queries,
//! headers and bodies are not shown, because any of them may carry a secret.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use musicdl_plugin_api::http::{Body, Request, Response, Saved};
use musicdl_plugin_api::{HostServices, LogLevel, Progress, SourceError};

use crate::plugin::services::{Held, SourceServices};

use super::{Say, ms};

/// Services that tell of every request.
pub struct Watched {
    inner: Arc<dyn SourceServices>,
    say: Say,
}

impl Watched {
    /// Those services, watched.
    pub fn new(inner: Arc<dyn SourceServices>, say: Say) -> Self {
        Self { inner, say }
    }

    fn told<T>(
        &self,
        request: &Request,
        exchange: impl FnOnce() -> Result<T, SourceError>,
        status: impl FnOnce(&T) -> u16,
    ) -> Result<T, SourceError> {
        let started = Instant::now();
        let answer = exchange();
        let came = match &answer {
            Ok(answer) => status(answer).to_string(),
            Err(error) => error.kind.to_string(),
        };
        // A request shows itself without what may be secret.
        let took = ms(started.elapsed());
        (self.say)(format!("  {request:?} -> {came} in {took}"));
        answer
    }
}

impl HostServices for Watched {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        let exchange = || self.inner.http_send(request);
        self.told(request, exchange, Response::status)
    }

    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        let exchange = || self.inner.http_save(request, dest, progress);
        self.told(request, exchange, |saved| saved.head.status)
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        let exchange = || self.inner.http_open(request);
        self.told(request, exchange, |body| body.head.status)
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        self.inner.log(level, message, fields);
    }

    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        self.inner.store_get(key)
    }

    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        self.inner.store_set(key, value)
    }

    fn now_ms(&self) -> u64 {
        self.inner.now_ms()
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        self.inner.temp_dir()
    }
}

impl SourceServices for Watched {
    fn without_secrets(&self, text: &str) -> String {
        self.inner.without_secrets(text)
    }

    fn http_send_within(
        &self,
        request: &Request,
        held: &mut Held,
    ) -> Result<Response, SourceError> {
        let exchange = || self.inner.http_send_within(request, held);
        self.told(request, exchange, Response::status)
    }
}
