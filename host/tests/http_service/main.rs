//! What a plugin may rely on when it speaks HTTP through the host: against real servers on
//! loopback ports that misbehave, with limits short enough to be reached.

#![expect(clippy::unwrap_used, reason = "a test's scenery may fail by panicking")]

mod addresses;
mod limits;
mod open;
mod proxy;
mod redirects;
mod save;
mod send;
#[path = "../support/server.rs"]
mod server;
mod shutdown;
mod tls;
mod traffic;
mod zeros;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use musicdl::music::SourceName;
use musicdl::plugin::services::{HostNet, NetOptions, Route, ServiceContext, SourceFacts};
use musicdl_plugin_api::{Files, Host, Progress, ProgressSink, SourceError};
use tokio::runtime::Runtime;

/// A plugin's host, with a runtime and a directory of its own.
pub(crate) struct Scene {
    pub(crate) host: Host,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) runtime: Option<Runtime>,
    context: ServiceContext,
}

impl Scene {
    /// With the limits users have.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut NetOptions)) -> Self {
        Self::of(SourceFacts::default(), change)
    }

    pub(crate) fn of(facts: SourceFacts, change: impl FnOnce(&mut NetOptions)) -> Self {
        let mut options = NetOptions {
            // The proxy of whoever runs the tests knows nothing of our loopback.
            route: Route::Direct,
            // Where all servers of the tests are; what is refused without it is in `addresses`.
            allow_hosts: vec!["127.0.0.1".to_owned()],
            ..NetOptions::default()
        };
        change(&mut options);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let context = ServiceContext {
            net: HostNet::new(options, runtime.handle().clone()).unwrap(),
            store_dir: dir.path().join("store"),
            temp_root: dir.path().join("temp"),
        };
        let name = SourceName::parse("subsonic").unwrap();
        Self {
            host: Host::new(context.services(name, facts)),
            dir,
            runtime: Some(runtime),
            context,
        }
    }

    /// The host of another plugin in the same program.
    pub(crate) fn another(&self, facts: SourceFacts) -> Host {
        let name = SourceName::parse("navidrome").unwrap();
        Host::new(self.context.services(name, facts))
    }

    /// Where the tests save to.
    pub(crate) fn dest(&self) -> PathBuf {
        self.dir.path().join("song.flac")
    }

    /// What lies in the directory, by name.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Short enough to be reached in a test, long enough for a busy machine to answer in.
pub(crate) const SOON: Duration = Duration::from_millis(300);

/// Longest time any test may take before it counts as hanging.
pub(crate) const HANGS: Duration = Duration::from_secs(20);

/// A progress that keeps what it was told, and cancels when `cancel` says so.
pub(crate) struct Listener {
    pub(crate) reports: Mutex<Vec<(u64, Option<u64>)>>,
    cancel: Box<dyn Fn(&Listener) -> bool + Send + Sync>,
}

impl Listener {
    pub(crate) fn new() -> Arc<Self> {
        Self::cancelling(|_| false)
    }

    pub(crate) fn cancelling(
        cancel: impl Fn(&Listener) -> bool + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            reports: Mutex::default(),
            cancel: Box::new(cancel),
        })
    }

    pub(crate) fn progress(self: &Arc<Self>) -> Progress {
        Progress::new(Arc::clone(self) as Arc<dyn ProgressSink>)
    }

    pub(crate) fn reports(&self) -> Vec<(u64, Option<u64>)> {
        self.reports.lock().unwrap().clone()
    }
}

impl ProgressSink for Listener {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.reports.lock().unwrap().push((done, total));
    }
    fn state(&self, _: &str) {}
    fn finished(&self, _: Files) {}
    fn failed(&self, _: SourceError) {}
    fn is_cancelled(&self) -> bool {
        (self.cancel)(self)
    }
}
