//! What the host does for a plugin.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::http::{Body, Request, Response, Saved};
use crate::{Progress, SourceError};

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogLevel(pub u32);

impl LogLevel {
    /// The user should act.
    pub const ERROR: LogLevel = LogLevel(1);
    /// The user should know.
    pub const WARN: LogLevel = LogLevel(2);
    /// Said once a run or less.
    pub const INFO: LogLevel = LogLevel(3);
    /// For finding a fault.
    pub const DEBUG: LogLevel = LogLevel(4);
}

/// What stands behind a [`Host`]; implemented by the host and by test kits.
pub trait HostServices: Send + Sync {
    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// `Transient` when there was no answer, `Permanent` when there can be none.
    fn http_send(&self, request: &Request) -> Result<Response, SourceError>;

    /// Sends a request and streams the body of a 2xx answer to `dest`.
    ///
    /// # Errors
    /// As [`HostServices::http_send`]; `Cancelled` once `progress` says so.
    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError>;

    /// Sends a request and hands the body out in chunks.
    ///
    /// # Errors
    /// As [`HostServices::http_send`].
    fn http_open(&self, request: &Request) -> Result<Body, SourceError>;

    /// Writes a line to the host's log, with facts as pairs.
    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]);

    /// A value kept by [`HostServices::store_set`]; `None` if there is none.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us.
    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError>;

    /// Keeps a small value over runs; `None` removes it.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us.
    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError>;

    /// Milliseconds since 1970-01-01 UTC, by the host's clock.
    fn now_ms(&self) -> u64;

    /// A directory of this plugin's own that is gone after the run.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us.
    fn temp_dir(&self) -> Result<PathBuf, SourceError>;
}

/// The host, as a plugin sees it: HTTP, log, a small store, the time, scratch space.
///
/// Clones are cheap and may be used from any thread.
#[derive(Clone)]
pub struct Host(Arc<dyn HostServices>);

impl Host {
    /// A handle of those services.
    pub fn new(services: Arc<dyn HostServices>) -> Self {
        Self(services)
    }

    /// Sends a request and reads the whole answer, up to 64 MiB. An HTTP status is not an
    /// error here: look at [`Response::status`].
    ///
    /// # Errors
    /// `Transient` when there was no whole answer (connection, time-out, cut body),
    /// `Permanent` when there can be none (bad URL, certificate).
    pub fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        self.0.http_send(request)
    }

    /// Sends a request and streams the body of a 2xx answer to the file `dest`, reporting
    /// to `progress`. The file appears whole or not at all: it is written as `dest` with
    /// `.part` added, checked against the announced length and renamed.
    ///
    /// Of any other answer the first 64 KiB are in [`Saved::body`], and there is no file.
    ///
    /// # Errors
    /// As [`Host::http_send`]; `Cancelled` once `progress` says so; `Internal` when the disk
    /// does not take it.
    pub fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        self.0.http_save(request, dest, progress)
    }

    /// Sends a request and hands the body out in chunks, for audio that has to be decoded
    /// on the way.
    ///
    /// # Errors
    /// As [`Host::http_send`], here and from [`Body::chunk`].
    pub fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        self.0.http_open(request)
    }

    /// Writes a line to the host's log under this plugin's name. Fields are facts that the
    /// host may cut when they hold a secret: `[("track", id)]`.
    pub fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        self.0.log(level, message, fields);
    }

    /// A value this plugin kept earlier; `None` if there is none.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us.
    pub fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        self.0.store_get(key)
    }

    /// Keeps a small value, up to 64 KiB, over runs, e.g. a refreshed token. Written with
    /// mode 0600 and whole or not at all. `None` removes it.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us.
    pub fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        self.0.store_set(key, value)
    }

    /// The host's time.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.now_ms())
    }

    /// A directory of this plugin's own, empty at first, gone after the run.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us.
    pub fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        self.0.temp_dir()
    }

    /// The services behind the handle.
    pub fn services(&self) -> &Arc<dyn HostServices> {
        &self.0
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}
