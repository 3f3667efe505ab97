//! The other end: this program as the process of one plugin, started as `plugin-host FILE`,
//! a command that no help mentions.
//!
//! The socket to the host comes as stdin. It is moved to a number of its own, which children
//! of the plugin do not inherit, and stdin becomes empty. The first thread only reads: calls
//! go to a thread pool, answers of the host to the threads that wait for them, so that no call can hold up
//! a cancel. When the host hangs up, for whatever reason, everything of this session is
//! killed, this process last.
//!
//! The first message says what this process may do, and it holds itself to that
//! ([`sandbox`]) before anything else runs in it. All other containing is the host's part.

mod host_connection;
mod progress;
mod services;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use musicdl_plugin_api::{Source, SourceError};
use rustix::fs::FileType;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, setrlimit, setsid};

use self::host_connection::HostConnection;
use self::services::RemoteServices;
use super::cut::{self, Cut};
use super::frames::{FrameError, Link, receive};
use super::load::{LoadFailure, LoadedLibrary, load_content};
use super::messages::{Call, Described, Reply, ToChild, ToHost};
use super::process_tree;
use super::sandbox::{self, Rules};
use super::thread_pool::ThreadPool;

/// More calls at once than any engine makes; the host bounds them by what is declared.
const MOST_CALLS: usize = 512;

/// The command.
pub(super) const COMMAND: &str = "plugin-host";

/// The library of this process, if it was started as that of a plugin: by these arguments,
/// the program's name being the first.
pub fn file_to_serve(args: impl IntoIterator<Item = OsString>) -> Option<PathBuf> {
    let mut args = args.into_iter().skip(1);
    match (args.next(), args.next(), args.next()) {
        (Some(command), Some(file), None) if command == COMMAND => Some(file.into()),
        _ => None,
    }
}

/// Lives as the process of that library until the host ends. Answers only when it was not
/// started by the host.
pub fn serve(file: &Path) -> ExitCode {
    match settle_in() {
        Ok((link, from_host)) => {
            let mut from_host = BufReader::with_capacity(64 * 1024, from_host);
            let content = enter(file, &mut from_host);
            Arc::new(Child::new(file, link, content)).attend(from_host)
        }
        Err(why) => {
            // The command was typed; if stderr is gone as well, there is no reader.
            let _ = writeln!(
                io::stderr(),
                "`{COMMAND}` is a part of musicdl that it starts itself: {why}"
            );
            ExitCode::from(2)
        }
    }
}

/// Takes the socket and leaves the session of the terminal.
fn settle_in() -> Result<(Link, UnixStream), String> {
    let failed = |what: &str, error: io::Error| format!("{what}: {error}");
    let stdin = io::stdin();
    let kind = rustix::fs::fstat(&stdin).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if kind != Ok(FileType::Socket) {
        return Err("stdin is not a socket".to_owned());
    }
    // Fails for a process that leads a group, as a job of a shell does: what this process
    // kills at its end would then be more than its own.
    setsid().map_err(|error| failed("cannot lead a session", error.into()))?;
    let socket = fcntl_dupfd_cloexec(&stdin, 3).map_err(|error| failed("stdin", error.into()))?;
    File::open("/dev/null")
        .and_then(|nothing| Ok(rustix::stdio::dup2_stdin(nothing)?))
        .map_err(|error| failed("/dev/null", error))?;
    // The memory of a plugin holds the user's logins; it is not left on the disk.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let _ = setrlimit(Resource::Core, none);
    survive_large_files().map_err(|error| failed("the signals", error))?;
    let socket = UnixStream::from(socket);
    let from_host = socket.try_clone().map_err(|e| failed("the socket", e))?;
    let link = Link::new(socket).map_err(|e| failed("the socket", e))?;
    Ok((link, from_host))
}

/// Opens the library, then gives up everything that the host does not grant. In that order,
/// because what the host holds is out of reach afterwards.
fn enter(file: &Path, from_host: &mut BufReader<UnixStream>) -> Result<File, LoadFailure> {
    let content = File::open(file);
    match receive::<Option<Rules>>(from_host) {
        Ok(Some((Some(rules), _))) => sandbox::enter(&rules)
            .map_err(|error| LoadFailure::Process(format!("it cannot be confined: {error}")))?,
        Ok(Some((None, _))) => {}
        // Without a host there is nothing to live for.
        Ok(None) | Err(_) => process_tree::kill_own(),
    }
    Ok(content?)
}

/// A write beyond the limit of file sizes (`ulimit -f`) ends a process unless it handles
/// the signal. Nothing has to be done then: the write fails as well.
fn survive_large_files() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _within = runtime.enter();
    // Once it was handled, the system no longer acts, also without the handler.
    signal(too_large).map(drop)
}

/// The process.
struct Child {
    file: PathBuf,
    /// The library, until it is loaded.
    content: Mutex<Option<Result<File, LoadFailure>>>,
    host: Arc<HostConnection>,
    pool: ThreadPool,
    library: Mutex<Option<LoadedLibrary>>,
    source: Mutex<Option<Arc<LiveSource>>>,
}

/// The source, and with it the reason for this process to live. Fields end in their order.
struct LiveSource {
    source: Arc<dyn Source>,
    _exit: ExitOnDrop,
}

/// Ends the process when the source before it is gone.
struct ExitOnDrop;

impl Drop for ExitOnDrop {
    fn drop(&mut self) {
        process_tree::kill_own();
    }
}

impl Child {
    fn new(file: &Path, link: Link, content: Result<File, LoadFailure>) -> Self {
        Self {
            file: file.to_owned(),
            content: Mutex::new(Some(content)),
            host: Arc::new(HostConnection::new(link)),
            pool: ThreadPool::new("plugin call", MOST_CALLS),
            library: Mutex::new(None),
            source: Mutex::new(None),
        }
    }

    /// Reads what the host says until it hangs up. Never blocks on anything else.
    fn attend(self: Arc<Self>, mut from_host: BufReader<UnixStream>) -> ! {
        while let Ok(Some((message, bytes))) = receive::<ToChild>(&mut from_host) {
            match message {
                ToChild::Call { id, call } => self.take_call(id, call),
                ToChild::Cancelled { id } => self.host.cancelled(id),
                ToChild::Served { id, result } => self.host.served(id, result, bytes),
                ToChild::Progress { id, update } => self.host.progress(id, update),
                ToChild::Close => self.close(),
            }
        }
        process_tree::kill_own()
    }

    fn take_call(self: &Arc<Self>, id: u64, call: Call) {
        if let Call::Download { cancelled, .. } = call {
            // Here, so that a cancel that follows at once finds it.
            self.host.expect_cancel(id, cancelled);
        }
        let child = Arc::clone(self);
        let taken = self.pool.run(move || {
            let result = child.answer(id, call);
            child.host.send(&ToHost::Reply { id, result });
        });
        if !taken {
            let error = SourceError::transient(format!("{MOST_CALLS} calls run already"));
            let result = Err(error);
            self.host.send(&ToHost::Reply { id, result });
        }
    }

    fn answer(&self, id: u64, call: Call) -> Result<Reply, SourceError> {
        let answer = match call {
            Call::Describe => Ok(self.describe()),
            Call::Create { settings } => {
                let library = self.library.lock().unwrap_or_else(PoisonError::into_inner);
                let library = library.as_ref().ok_or_else(|| too_early("a source"))?;
                let services = Arc::new(RemoteServices::new(Arc::clone(&self.host)));
                library.create(settings, services).map(|source| {
                    let source = Arc::new(LiveSource {
                        source,
                        _exit: ExitOnDrop,
                    });
                    *self.source() = Some(source);
                    Reply::Created
                })
            }
            Call::IsConfigured => Ok(Reply::Configured(
                self.live_source()?.source.is_configured(),
            )),
            Call::CheckConnection => self
                .live_source()?
                .source
                .check_connection()
                .map(Reply::Connected),
            Call::Search { query } => {
                self.live_source()?
                    .source
                    .search_raw(&query)
                    .map(|mut hits| {
                        cut::hits(&mut hits);
                        Reply::Hits(hits)
                    })
            }
            Call::Download { request, .. } => {
                let progress = progress::of_download(&self.host, id);
                let answer = self.live_source()?.source.download_raw(&request, &progress);
                answer.map(|mut download| {
                    download.cut();
                    Reply::Downloaded(download)
                })
            }
            Call::Cancel { target } => self
                .live_source()?
                .source
                .cancel_raw(&target)
                .map(Reply::Cancelled),
        };
        answer.map_err(|mut error| {
            error.cut();
            error
        })
    }

    fn describe(&self) -> Reply {
        match self.load() {
            Ok(library) => {
                let mut declaration = library.declaration.clone();
                declaration.cut();
                let api_version = library.api_version.clone();
                *self.library.lock().unwrap_or_else(PoisonError::into_inner) = Some(library);
                Reply::Described(Box::new(Described {
                    api_version,
                    declaration,
                }))
            }
            Err(refused) => Reply::Refused {
                reason: refused.to_string(),
                details: refused.details().map(str::to_owned),
            },
        }
    }

    /// From the content that the host holds, so that no file comes between its look at it
    /// and ours.
    fn load(&self) -> Result<LoadedLibrary, LoadFailure> {
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        let content = content
            .take()
            .ok_or_else(|| LoadFailure::Process("it was loaded before".to_owned()))??;
        load_content(&self.file, content)
    }

    fn source(&self) -> std::sync::MutexGuard<'_, Option<Arc<LiveSource>>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live_source(&self) -> Result<Arc<LiveSource>, SourceError> {
        self.source().clone().ok_or_else(|| too_early("a call"))
    }

    /// Lets go of the source; when the last call that uses it is over, the process ends. On
    /// a thread of its own, because the end of a source may ask the host for something.
    fn close(self: &Arc<Self>) {
        let child = Arc::clone(self);
        let taken = self.pool.run(move || {
            let source = child.source().take();
            match source {
                Some(source) => drop(source),
                None => process_tree::kill_own(),
            }
        });
        if !taken {
            process_tree::kill_own();
        }
    }
}

fn too_early(what: &str) -> SourceError {
    SourceError::internal(format!("the host asked for {what} too early"))
}

/// What a plugin gets for a message that cannot be sent.
fn unsendable(error: &FrameError) -> SourceError {
    SourceError::permanent(format!("cannot be passed on to the host: {error}"))
}
