//! All running yt-dlp of one source, each lent to one call at a time.
//!
//! A process that answered, also one that answered with an error, serves again. One that was
//! cancelled, overdue or not understood is ended, and the next call starts another.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};

use musicdl_plugin_api::{Connection, Host, LogLevel, SourceError};
use serde::de::DeserializeOwned;

use crate::cookies;
use crate::failure::{Asked, Failure, Strikes};
use crate::options::Options;
use crate::process::{Broken, Patience, Process};
use crate::program::{self, Places};
use crate::tools::{self, Tools};
use crate::wire::{Call, Found, Hits, Word};

/// Each takes some 60 MB. The host asks for one search and two downloads at a time.
const MOST_PROCESSES: u32 = 3;
/// What a process remembers of the sites grows with its calls.
const CALLS_PER_PROCESS: u32 = 200;
/// A start takes half a second; the host gives a check of the connection 15 s.
const START: Duration = Duration::from_secs(12);
/// Below the host's own 60 s, so that the answer says what happened.
const SEARCH: Duration = Duration::from_secs(45);

/// Names the files of the next process.
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Our plugin inside yt-dlp.
const DESK: &str = include_str!("desk/desk.py");

/// One site that yt-dlp knows.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name for people.
    pub name: &'static str,
    /// The extractors it needs, as `--use-extractors` takes them: others cost time and would
    /// let an address lead elsewhere.
    pub extractors: &'static str,
    /// Which of an address' formats to fetch, as `--format` takes it.
    pub format: &'static str,
    /// Further arguments of its own, before the user's.
    pub arguments: Vec<String>,
    /// Whether a missing JavaScript runtime is worth a warning.
    pub needs_javascript: bool,
}

/// yt-dlp for one site.
pub struct Desk {
    pub(crate) site: Site,
    pub(crate) options: Options,
    pub(crate) host: Host,
    pub(crate) strikes: Strikes,
    processes: Mutex<Processes>,
    returned: Condvar,
    started: AtomicU32,
}

#[derive(Default)]
struct Processes {
    idle: Vec<Process>,
    lent: u32,
}

impl Desk {
    /// A desk where nothing runs yet.
    pub fn new(site: Site, options: Options, host: Host) -> Self {
        Self {
            site,
            options,
            host,
            strikes: Strikes::default(),
            processes: Mutex::default(),
            returned: Condvar::new(),
            started: AtomicU32::new(0),
        }
    }

    /// The host it works for.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// So many yt-dlp were started so far.
    pub fn started(&self) -> u32 {
        self.started.load(Ordering::Relaxed)
    }

    /// What is installed, and what of it is too old or missing. Asks no site.
    ///
    /// # Errors
    /// `NotConfigured` when yt-dlp or what it needs is missing or too old.
    pub fn check(&self) -> Result<Connection, SourceError> {
        let (found, version): (Tools, String) = self.ask(Asked::Tools, &Call::Tools)?;
        tools::report(self, &version, &found)
    }

    /// The first `most` results of a search.
    ///
    /// # Errors
    /// By the table of [`meaning_of`](crate::meaning_of).
    pub fn search(&self, address: &str, most: u32) -> Result<Vec<Found>, SourceError> {
        let call = Call::Search { address, most };
        let (found, _): (Hits, String) = self.ask(Asked::Search, &call)?;
        Ok(found.hits)
    }

    /// A call that nobody cancels and that shows no progress.
    fn ask<T: DeserializeOwned>(
        &self,
        asked: Asked,
        call: &Call<'_>,
    ) -> Result<(T, String), SourceError> {
        let patience = Patience {
            whole: SEARCH,
            silence: SEARCH,
            cancelled: &|| false,
        };
        self.call(asked, call, &patience, &mut |_| {})
    }

    /// One call, by whichever process is free; and that process' version of yt-dlp.
    pub(crate) fn call<T: DeserializeOwned>(
        &self,
        asked: Asked,
        call: &Call<'_>,
        patience: &Patience<'_>,
        progress: &mut dyn FnMut(Word),
    ) -> Result<(T, String), SourceError> {
        let report = |failure: Failure| self.strikes.report(failure, asked, self);
        let place = self.place(patience).map_err(report)?;
        let mut process = match place.idle() {
            Some(process) => process,
            None => self.start(patience)?,
        };
        let fresh = process.served == 0;
        let mut begun = false;
        let mut heard = process.call(call, patience, &mut |word| {
            begun = true;
            progress(word);
        });
        if let (Err(Broken::Ended { .. }), false, false) = (&heard, fresh, begun) {
            // It died between two calls, e.g. for lack of memory. That is not this
            // call's fault.
            self.log(
                LogLevel::WARN,
                "an idle yt-dlp had ended; another is started",
            );
            process = self.start(patience)?;
            heard = process.call(call, patience, progress);
        }
        let reply = heard.map_err(|broken| report(broken.into()))?;
        let version = process.version.clone();
        let answer = match reply {
            Ok(value) => serde_json::from_value(value)
                .map_err(|error| report(Broken::Nonsense(error.to_string()).into())),
            Err(text) => {
                let failure = Failure::Said(text);
                if failure.wants_a_fresh_start() {
                    drop(process);
                    return Err(report(failure));
                }
                Err(report(failure))
            }
        };
        if answer.is_ok() {
            self.strikes.forget(asked);
        }
        if process.served < CALLS_PER_PROCESS {
            place.give_back(process);
        }
        answer.map(|answer| (answer, version))
    }

    /// Waits until a process may run.
    fn place(&self, patience: &Patience<'_>) -> Result<Place<'_>, Failure> {
        let since = Instant::now();
        let mut processes = self.lock();
        while processes.lent >= MOST_PROCESSES {
            if (patience.cancelled)() {
                return Err(Broken::Cancelled.into());
            }
            if since.elapsed() > patience.whole {
                return Err(Broken::Overdue(patience.whole).into());
            }
            (processes, _) = self
                .returned
                .wait_timeout(processes, Duration::from_millis(50))
                .unwrap_or_else(PoisonError::into_inner);
        }
        processes.lent += 1;
        drop(processes);
        Ok(Place { desk: self })
    }

    fn start(&self, patience: &Patience<'_>) -> Result<Process, SourceError> {
        let program = program::find(&self.options)?;
        self.started.fetch_add(1, Ordering::Relaxed);
        // Sources of other settings share the scratch space, and so does a plugin process that
        // was killed and started again.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        let disk = |path: &PathBuf, error: io::Error| {
            SourceError::internal(format!("{}: {error}", path.display()))
        };
        let scratch = self.host.temp_dir()?;
        let plugins = scratch.join("plugins");
        write_desk(&plugins).map_err(|error| disk(&plugins, error))?;
        let copy = self
            .options
            .cookies
            .as_ref()
            .map(|from| {
                let copy = scratch.join(format!("cookies-{name}.txt"));
                cookies::copy(from, &copy).map(|()| copy).map_err(|error| {
                    SourceError::not_configured(format!(
                        "`cookies_file` {} cannot be used: {error}",
                        from.display()
                    ))
                })
            })
            .transpose()?;
        let at = Places {
            scratch: &scratch,
            plugins: &plugins,
            cookies: copy.as_deref(),
        };
        let command = program::command(&program, &self.site, &self.options, &at);
        let patience = Patience {
            whole: START,
            silence: START,
            cancelled: patience.cancelled,
        };
        let log = scratch.join(format!("yt-dlp-{name}.log"));
        let process = Process::start(command, &log, copy.into_iter().collect(), &patience)
            .map_err(|broken| self.strikes.report(broken.into(), Asked::Start, self))?;
        self.log(LogLevel::DEBUG, "yt-dlp started");
        Ok(process)
    }

    pub(crate) fn log(&self, level: LogLevel, message: &str) {
        self.host.log(level, message, &[("site", self.site.name)]);
    }

    fn lock(&self) -> MutexGuard<'_, Processes> {
        // A panic elsewhere leaves a list of whole processes.
        self.processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to use one process, given back when dropped.
struct Place<'a> {
    desk: &'a Desk,
}

impl Place<'_> {
    fn idle(&self) -> Option<Process> {
        self.desk.lock().idle.pop()
    }

    fn give_back(self, process: Process) {
        self.desk.lock().idle.push(process);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.desk.lock().lent -= 1;
        self.desk.returned.notify_one();
    }
}

/// Writes our plugin where yt-dlp looks for it: below a directory, in a package of any name.
/// Another process may be reading the same file, so that it appears whole.
fn write_desk(plugins: &std::path::Path) -> io::Result<()> {
    let package = plugins.join("musicdl/yt_dlp_plugins/extractor");
    let file = package.join("musicdl.py");
    if file.exists() {
        return Ok(());
    }
    fs::create_dir_all(&package)?;
    let thread = std::thread::current().id();
    let aside = package.join(format!(".{thread:?}"));
    fs::write(&aside, DESK)?;
    fs::rename(aside, file)
}
