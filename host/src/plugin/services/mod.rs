//! What the host does for plugins: HTTP, a log, a small store, the time, scratch space.
//!
//! Here every source gets its own [`HostServices`] with its own store, scratch directory
//! and known secrets, and an HTTP client of its own over what all share ([`HostNet`]). Which
//! source may run, when a call is retried and what a file is worth is decided elsewhere.
//!
//! All calls block. They come from threads that a plugin may hold for minutes, so nothing
//! here may run on, or wait for, a worker thread of the runtime.

pub(in crate::plugin) mod disk;
mod http;
mod log;
mod secrets;
mod store;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use musicdl_plugin_api::http::{Body, Request, Response, Saved};
use musicdl_plugin_api::{HostServices, LogLevel, Progress, SourceError};
use reqwest::Url;
use secrecy::SecretString;
use tempfile::TempDir;

use crate::music::SourceName;
use secrets::Secrets;
use store::Store;

pub use crate::plugin::byte_budget::Held;
use http::SourceNet;
pub use http::{HostNet, Lookup, NetError, NetOptions, Route, SlowLimit, Traffic};
pub(in crate::plugin) use log::visible;

/// What the services of all sources share.
#[derive(Clone, Debug)]
pub struct ServiceContext {
    /// What their HTTP clients are made from.
    pub net: Arc<HostNet>,
    /// Directory of the stores, one `NAME.json` each; made on the first write.
    pub store_dir: PathBuf,
    /// Directory below which every source gets its scratch directory; made when needed.
    pub temp_root: PathBuf,
}

impl ServiceContext {
    /// The services of the source of that name. Dropping the last handle removes its scratch
    /// directory.
    ///
    /// Touches neither disk nor network. At most one per source and state directory may be
    /// in use in a process, because of two that keep something at once one would win.
    pub fn services(&self, name: SourceName, facts: SourceFacts) -> Arc<dyn SourceServices> {
        let secrets = Arc::new(Secrets::new(facts.secrets.clone()));
        let net = SourceNet::new(Arc::clone(&self.net), &name, &facts, Arc::clone(&secrets));
        Arc::new(Services {
            store: Store::new(&self.store_dir, &name),
            name,
            net: Arc::new(net),
            secrets,
            temp_root: self.temp_root.clone(),
            temp: Mutex::new(None),
        })
    }
}

/// The services of one source, with what the host alone needs of them.
pub trait SourceServices: HostServices {
    /// The text without the source's secrets: its settings of that kind, and what it keeps in
    /// its store. A service that knows of none leaves the text as it is.
    fn without_secrets(&self, text: &str) -> String {
        text.to_owned()
    }

    /// As [`HostServices::http_send`], with the answer counted in `held` while it is read.
    ///
    /// # Errors
    /// Also `Transient` when `held` has no room for it.
    fn http_send_within(
        &self,
        request: &Request,
        held: &mut Held,
    ) -> Result<Response, SourceError> {
        let response = self.http_send(request)?;
        held.grow_to(response.body.len())?;
        Ok(response)
    }
}

/// What the host knows of a source beside its name.
#[derive(Clone, Debug, Default)]
pub struct SourceFacts {
    /// Values that must not appear in its messages, its log lines or in recorded traffic: its
    /// settings marked as secret. What it keeps in its store is added.
    pub secrets: Vec<SecretString>,
    /// The servers whose URLs the user wrote into its settings. The source may reach them at
    /// any address, and no other port of their machines; paths do not count.
    pub named_servers: Vec<Url>,
    /// [`Declaration::hosts`](musicdl_plugin_api::Declaration::hosts).
    pub declared_hosts: Vec<String>,
}

/// The services of one source.
struct Services {
    name: SourceName,
    net: Arc<SourceNet>,
    store: Store,
    secrets: Arc<Secrets>,
    temp_root: PathBuf,
    temp: Mutex<Option<TempDir>>,
}

impl Services {
    fn make_temp_dir(&self) -> Result<TempDir, SourceError> {
        std::fs::create_dir_all(&self.temp_root)
            .and_then(|()| {
                tempfile::Builder::new()
                    .prefix(&format!("{}-", self.name))
                    .tempdir_in(&self.temp_root)
            })
            .map_err(|error| disk::failure("make a directory in", &self.temp_root, &error))
    }
}

impl HostServices for Services {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        self.net.send(request, &mut Held::uncounted())
    }

    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        self.net.save(request, dest, progress)
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        self.net.open(request)
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        log::write(&self.name, &self.secrets, level, message, fields);
    }

    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        let value = self.store.get(key)?;
        if let Some(value) = &value {
            self.secrets.learn(value);
        }
        Ok(value)
    }

    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        if let Some(value) = value {
            self.secrets.learn(value);
        }
        self.store.set(key, value)
    }

    fn now_ms(&self) -> u64 {
        // A clock set before 1970 has no better answer than the beginning.
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            })
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        // A thread that panicked while holding the lock left a whole `Option` behind.
        let mut temp = self.temp.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = match temp.take() {
            Some(dir) => dir,
            None => self.make_temp_dir()?,
        };
        Ok(temp.insert(dir).path().to_owned())
    }
}

impl SourceServices for Services {
    fn without_secrets(&self, text: &str) -> String {
        self.secrets.cut_from(text)
    }

    fn http_send_within(
        &self,
        request: &Request,
        held: &mut Held,
    ) -> Result<Response, SourceError> {
        self.net.send(request, held)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let temp = self
            .temp
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(dir) = temp {
            let path = dir.path().to_owned();
            match dir.close() {
                // The process of the source ended a moment after the run: its directory went
                // with that of all sources.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(plugin = %self.name, "cannot remove {}: {error}", path.display());
                }
                Ok(()) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
