//! A source that lives in a process of its own: the engine sees the five calls, and whatever
//! the plugin does to its process costs no more than the calls that were in it.
//!
//! - `start`: the process, its socket, its threads; [`child`](super::child) is its other end.
//! - `running`: calls in flight, answers that fit none of them.
//! - `active_download`: the engine's end of downloads; `service_requests`: services for the plugin.
//! - `supervise`: cancels, idleness, the end; `death` puts it into words, with what `output` kept.
//! - `restart`: whether and when there is a next process.
//!
//! A call that is not answered within its [deadline](ProcessOptions) has its process killed,
//! and with it every other call of that plugin. A plugin whose process ended three times in
//! a minute is put aside: each call answers an error marked [`DROP_SOURCE`](extra::DROP_SOURCE).

mod active_download;
mod death;
mod dest_dir;
mod output;
mod restart;
mod running;
mod service_requests;
mod start;
mod supervise;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use musicdl_plugin_api::{
    Connection, Declaration, Download, DownloadRequest, ErrorKind, Hit, LogLevel, Progress, Query,
    Settings, Source, SourceError, extra,
};
use semver::Version;

use self::active_download::ActiveDownload;
use self::death::{Cause, Death};
use self::dest_dir::DestDir;
use self::restart::{Next, Restarts};
use self::running::{CallFailure, Running};
use super::cut::{self, Cut};
use super::load::LoadFailure;
use super::messages::{Call, Described, Reply};
use super::sandbox::{Rules, Sandbox};
use super::services::SourceServices;
use super::snapshot::Snapshot;
use crate::music::SourceName;

/// Whatever a plugin declares of its searches: less is too short for a busy machine, and more
/// is not a deadline.
const SEARCH: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(3600);
/// Most processes that are tried for one call that finds them ending.
const TRIES: u32 = 3;

/// How plugin processes are kept.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The program that has the subcommand `plugin-host`: this one.
    pub program: PathBuf,
    /// For loading the library, and again for making the source. Default 10 s.
    pub load: Duration,
    /// For `is_configured`. Default 5 s.
    pub is_configured: Duration,
    /// For `check_connection`. Default 15 s.
    pub check_connection: Duration,
    /// For a search, where the plugin declares nothing else. Default 60 s.
    pub search: Duration,
    /// For `cancel_raw`. Default 5 s.
    pub cancel: Duration,
    /// How long a cancelled download has to return. How long an uncancelled one may take is
    /// the engine's to decide. Default 5 s.
    pub grace: Duration,
    /// A process without a call, and without a download it follows, for this long is
    /// stopped; the next call starts another. Default 60 s.
    pub idle_stop: Duration,
    /// What the processes may do. `None`, the default: whatever the user can.
    pub sandbox: Option<Arc<Sandbox>>,
}

impl ProcessOptions {
    /// The defaults (promises C2), with that program.
    pub fn of_program(program: PathBuf) -> Self {
        let s = Duration::from_secs;
        Self {
            program,
            load: s(10),
            is_configured: s(5),
            check_connection: s(15),
            search: s(60),
            cancel: s(5),
            grace: s(5),
            idle_stop: s(60),
            sandbox: None,
        }
    }
}

/// The processes of one library, of which there is one at a time.
pub(super) struct Processes {
    /// Kept for as long as there may be a next process, which loads from it.
    library: Arc<Snapshot>,
    /// For messages.
    name: String,
    options: Arc<ProcessOptions>,
    restarts: Arc<Mutex<Restarts>>,
}

impl std::fmt::Debug for Processes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Processes({})", self.library.file().display())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process that has loaded its library and has no source yet.
pub(super) struct Fresh {
    running: Arc<Running>,
    /// Whether it was started when downloads were allowed.
    has_downloads: bool,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.running.end(Cause::Unneeded);
    }
}

impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fresh({:?})", self.running.pid)
    }
}

impl Processes {
    /// For that library.
    pub(super) fn new(library: Arc<Snapshot>, options: Arc<ProcessOptions>) -> Self {
        let file = library.file();
        let name = file.file_name().unwrap_or(file.as_os_str());
        Self {
            name: name.to_string_lossy().into_owned(),
            library,
            options,
            restarts: Arc::default(),
        }
    }

    /// The same, under the name the library declares.
    pub(super) fn named(mut self, name: &SourceName) -> Self {
        name.as_str().clone_into(&mut self.name);
        self
    }

    /// Starts a process and has it load the library.
    pub(super) fn describe(
        &self,
        rules: Option<&Rules>,
    ) -> Result<(Fresh, Described), LoadFailure> {
        let has_downloads = self.has_downloads();
        let restarts = Arc::clone(&self.restarts);
        let name = self.name.clone();
        let died = move |death: &Death| {
            if death.counts() {
                lock(&restarts).died(Instant::now(), &death.to_string());
            }
            told_of_death(&name, death)
        };
        let running = start::start(&self.library, rules, &self.options, died)
            .map_err(|error| LoadFailure::Process(format!("no process can be started: {error}")))?;
        let fresh = Fresh {
            running,
            has_downloads,
        };
        let answer = fresh
            .running
            .call(Call::Describe, Some(self.options.load), None);
        let answer = answer.map_err(|none| LoadFailure::Process(self.why(none).message))?;
        if let Reply::Refused { reason, details } = answer {
            return Err(LoadFailure::Refused { reason, details });
        }
        let Reply::Described(mut described) = answer else {
            return Err(LoadFailure::Process(self.misplaced().message));
        };
        described.declaration.cut();
        Ok((fresh, *described))
    }

    fn has_downloads(&self) -> bool {
        let sandbox = self.options.sandbox.as_deref();
        sandbox.is_some_and(Sandbox::has_downloads)
    }

    /// Has a process make its source.
    fn create(
        &self,
        fresh: &Fresh,
        settings: &Settings,
        services: &Arc<dyn SourceServices>,
    ) -> Result<(), SourceError> {
        fresh.running.serve_with(Arc::clone(services));
        let settings = settings.clone();
        let call = Call::Create { settings };
        let answer = fresh.running.call(call, Some(self.options.load), None);
        let Reply::Created = answer.map_err(|none| self.why(none))? else {
            return Err(self.misplaced());
        };
        Ok(())
    }

    /// What a caller is told.
    fn why(&self, none: CallFailure) -> SourceError {
        match none {
            CallFailure::Reported(mut error) => {
                error.cut();
                error
            }
            CallFailure::Died(death) => told_of_death(&self.name, &death),
            CallFailure::Overdue(death) => SourceError {
                kind: ErrorKind::Transient,
                ..told_of_death(&self.name, &death)
            },
            CallFailure::NotTaken => {
                SourceError::internal(format!("the process of `{}` is ending", self.name))
            }
        }
    }

    fn misplaced(&self) -> SourceError {
        SourceError::internal(format!(
            "the process of `{}` gave the answer to another question",
            self.name
        ))
    }
}

fn told_of_death(name: &str, death: &Death) -> SourceError {
    SourceError::internal(format!("the process of `{name}` {death}"))
}

/// A source in a process of its own, which is started again when it is needed again.
pub struct ProcessSource {
    name: SourceName,
    processes: Processes,
    declaration: Declaration,
    api_version: Version,
    settings: Settings,
    services: Arc<dyn SourceServices>,
    search: Duration,
    now: Mutex<Option<Fresh>>,
}

impl ProcessSource {
    /// Makes the source in `fresh`, or, if there is none, in a process of its own.
    pub(super) fn create(
        name: SourceName,
        processes: Processes,
        fresh: Option<Fresh>,
        described: Described,
        settings: Settings,
        services: Arc<dyn SourceServices>,
    ) -> Result<Self, SourceError> {
        let Described {
            declaration,
            api_version,
        } = described;
        let declared = declaration.limits.search_deadline;
        let declared = declared.map(|limit| limit.clamp(*SEARCH.start(), *SEARCH.end()));
        let source = Self {
            search: declared.unwrap_or(processes.options.search),
            processes: processes.named(&name),
            name,
            declaration,
            api_version,
            settings,
            services,
            now: Mutex::new(None),
        };
        let fresh = match fresh {
            Some(fresh) if !fresh.running.is_ending() => {
                source
                    .processes
                    .create(&fresh, &source.settings, &source.services)?;
                fresh
            }
            Some(_) | None => source.start()?,
        };
        *lock(&source.now) = Some(fresh);
        Ok(source)
    }

    /// The process, started if there is none. Others wait meanwhile: they need the same.
    fn running(&self) -> Result<Arc<Running>, SourceError> {
        let mut now = lock(&self.now);
        let has_downloads = self.processes.has_downloads();
        let fits =
            |fresh: &&Fresh| fresh.has_downloads == has_downloads && !fresh.running.is_ending();
        if let Some(fresh) = now.as_ref().filter(fits) {
            return Ok(Arc::clone(&fresh.running));
        }
        if let Some(ending) = now.take() {
            ending.running.end(Cause::Unneeded);
            // Its death must be noted before the next start is decided on.
            ending.running.wait_for_end(2 * supervise::CLOSE_LIMIT);
        }
        let next = lock(&self.processes.restarts).next(Instant::now());
        match next {
            Next::At(time) => {
                std::thread::sleep(time.saturating_duration_since(Instant::now()));
            }
            Next::Never(reason) => return Err(self.put_aside(&reason)),
        }
        let fresh = now.insert(self.start()?);
        Ok(Arc::clone(&fresh.running))
    }

    fn start(&self) -> Result<Fresh, SourceError> {
        let rules = self.rules()?;
        let described = self.processes.describe(rules.as_ref());
        let (fresh, described) = described.map_err(|failure| {
            let name = &self.processes.name;
            SourceError::internal(format!("`{name}` cannot be started again: {failure}"))
        })?;
        // Of the same content, so only one that answers as it likes: what was decided by the
        // first answer, its limits and hosts, would not hold for the second.
        if described.declaration != self.declaration || described.api_version != self.api_version {
            return Err(SourceError::internal(format!(
                "`{}` declares something else than when it was first loaded",
                self.processes.name
            )));
        }
        self.processes
            .create(&fresh, &self.settings, &self.services)?;
        Ok(fresh)
    }

    fn rules(&self) -> Result<Option<Rules>, SourceError> {
        let Some(sandbox) = &self.processes.options.sandbox else {
            return Ok(None);
        };
        let scratch = self.services.temp_dir()?;
        sandbox
            .of_source(&self.name, &self.declaration, &self.settings, scratch)
            .map(Some)
            .map_err(|error| {
                let name = &self.processes.name;
                SourceError::internal(format!(
                    "`{name}` cannot be started, for want of a directory of its own: {error}"
                ))
            })
    }

    fn put_aside(&self, reason: &str) -> SourceError {
        let name = &self.processes.name;
        let mut error =
            SourceError::internal(format!("`{name}` is left out of this run: {reason}"));
        error.extra = vec![(extra::DROP_SOURCE.to_owned(), "yes".to_owned())];
        error
    }

    fn call(&self, limit: Duration, call: impl Fn() -> Call) -> Result<Reply, SourceError> {
        self.try_call(|running| running.call(call(), Some(limit), None))
    }

    /// Makes a call in a process that takes it; one that is just ending takes none.
    fn try_call(
        &self,
        call: impl Fn(&Running) -> Result<Reply, CallFailure>,
    ) -> Result<Reply, SourceError> {
        for _ in 1..TRIES {
            match call(&*self.running()?) {
                Err(CallFailure::NotTaken) => {}
                other => return other.map_err(|none| self.processes.why(none)),
            }
        }
        call(&*self.running()?).map_err(|none| self.processes.why(none))
    }
}

impl Source for ProcessSource {
    fn is_configured(&self) -> bool {
        let limit = self.processes.options.is_configured;
        let answer = self.call(limit, || Call::IsConfigured);
        let why = match answer {
            Ok(Reply::Configured(configured)) => return configured,
            Ok(_) => self.processes.misplaced(),
            Err(error) => error,
        };
        let line = format!("counts as not configured: {why}");
        self.services.log(LogLevel::WARN, &line, &[]);
        false
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        let limit = self.processes.options.check_connection;
        let answer = self.call(limit, || Call::CheckConnection)?;
        let Reply::Connected(mut connection) = answer else {
            return Err(self.processes.misplaced());
        };
        connection.cut();
        Ok(connection)
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        let query = || Box::new(query.clone());
        let answer = self.call(self.search, || Call::Search { query: query() })?;
        let Reply::Hits(mut hits) = answer else {
            return Err(self.processes.misplaced());
        };
        cut::hits(&mut hits);
        Ok(hits)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        let answer = self.try_call(|running| {
            let download = ActiveDownload::new(progress, DestDir::new(&request.dest_dir));
            let call = Call::Download {
                request: Box::new(request.clone()),
                cancelled: download.cancelled.is_some(),
            };
            running.call(call, None, Some(download))
        })?;
        let Reply::Downloaded(mut download) = answer else {
            return Err(self.processes.misplaced());
        };
        download.cut();
        Ok(download)
    }

    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        let living = {
            let now = lock(&self.now);
            let living = now.as_ref().filter(|fresh| !fresh.running.is_ending());
            living.map(|fresh| Arc::clone(&fresh.running))
        };
        let Some(living) = living else {
            // What ran there has ended with its process; nothing is started for it.
            return Ok(false);
        };
        // At once, and not when it is looked for the next time.
        living.pass_cancels_on();
        let target = target_id.to_owned();
        let limit = self.processes.options.cancel;
        match living.call(Call::Cancel { target }, Some(limit), None) {
            Ok(Reply::Cancelled(found)) => Ok(found),
            Ok(_) => Err(self.processes.misplaced()),
            Err(CallFailure::NotTaken) => Ok(false),
            Err(none) => Err(self.processes.why(none)),
        }
    }
}

impl Drop for ProcessSource {
    /// Gives the source a moment to end in order: it may want to log out, or to say why not.
    fn drop(&mut self) {
        let now = self.now.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(Fresh { running, .. }) = now.as_ref() {
            running.end(Cause::Unneeded);
            running.wait_for_end(2 * supervise::CLOSE_LIMIT);
        }
    }
}
