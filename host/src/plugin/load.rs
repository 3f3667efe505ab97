//! One file -> one library that speaks our API, or the reason why not.
//!
//! Whether it is a whole library was settled when its [snapshot](super::snapshot) was taken.
//! Here the cheap question comes first: was it built for this API? Only then are its records
//! compared with ours, because that comparison answers with thousands of lines. Nothing is
//! ever unloaded.
//!
//! Loading a library runs code of it, so [`load_snapshot_in_process`] leaves all of that to a
//! process of its own, which does it by `load_content`.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use musicdl_plugin_api::abi::{Library, OpenError, TAG_SYMBOL, VersionTag};
use musicdl_plugin_api::{API_VERSION, Declaration, Settings, Source, SourceError};
use semver::Version;

use super::discover::NotAFile;
use super::elf::NotALibrary;
use super::messages::Described;
use super::process::{Fresh, ProcessOptions, ProcessSource, Processes};
use super::services::SourceServices;
use super::snapshot::{Snapshot, loadable_path};
use super::trust::Untrusted;
use crate::music::{InvalidId, SourceName};

/// A library that was let in. One in this process stays in memory until the program ends.
#[derive(Debug)]
pub struct LoadedLibrary {
    /// Its name in the config.
    pub name: SourceName,
    /// Version of the plugin.
    pub version: Version,
    /// Version of plugin-api it was built against.
    pub api_version: Version,
    /// What it says of itself.
    pub declaration: Declaration,
    home: Home,
}

/// Where the code of a library runs.
#[derive(Debug)]
enum Home {
    Here(Library),
    /// In a process for each source; the one that described the library becomes the first's,
    /// unless it is confined too much for that.
    Process {
        snapshot: Arc<Snapshot>,
        options: Arc<ProcessOptions>,
        first: Mutex<Option<(Fresh, Processes)>>,
    },
}

impl LoadedLibrary {
    /// A source with those settings; each has its own.
    ///
    /// # Errors
    /// What the plugin answers; `Internal` when its constructor panics, or ends its process.
    pub fn create(
        &self,
        settings: Settings,
        services: Arc<dyn SourceServices>,
    ) -> Result<Arc<dyn Source>, SourceError> {
        match &self.home {
            Home::Here(library) => library.create(settings, services).map(Arc::from),
            Home::Process {
                snapshot,
                options,
                first,
            } => {
                let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
                let (fresh, processes) = match first {
                    Some((fresh, processes)) => (Some(fresh), processes),
                    None => (
                        None,
                        Processes::new(Arc::clone(snapshot), Arc::clone(options)),
                    ),
                };
                let described = Described {
                    api_version: self.api_version.clone(),
                    declaration: self.declaration.clone(),
                };
                let name = self.name.clone();
                ProcessSource::create(name, processes, fresh, described, settings, services)
                    .map(|source| Arc::new(source) as Arc<dyn Source>)
            }
        }
    }
}

/// A file that was not let in.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct LoadError {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: LoadFailure,
}

/// Why a file is not let in: one sentence, without its path.
#[derive(Debug, thiserror::Error)]
pub enum LoadFailure {
    /// Not opened at all.
    #[error(transparent)]
    NotAFile(#[from] NotAFile),
    /// The file system refused.
    #[error("cannot read it: {0}")]
    Unreadable(#[from] io::Error),
    /// Others could have put it there, or it is not what the user trusted.
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    /// No plugin is that large.
    #[error("it is larger than any plugin ({} MiB)", most / (1024 * 1024))]
    TooLarge {
        /// Bytes that are taken.
        most: u64,
    },
    /// No library, or not all of one.
    #[error(transparent)]
    NotALibrary(#[from] NotALibrary),
    /// The system's loader refused, e.g. because a library it needs is missing.
    #[error("the system cannot load it: {0}")]
    Linker(String),
    /// A library, made for something else.
    #[error("it is a shared library, but not a musicdl plugin (it has no `{TAG_SYMBOL}`)")]
    NotAPlugin,
    /// Built for an API that is gone.
    #[error(
        "{package} is too old: it was built for plugin API {api}, this musicdl has \
         {API_VERSION}; get a newer release of the plugin, or rebuild it against \
         musicdl-plugin-api {API_VERSION}"
    )]
    PluginTooOld {
        /// Name and version of its package.
        package: String,
        /// The API it was built for.
        api: Version,
    },
    /// Built for an API that is to come.
    #[error(
        "{package} needs a newer musicdl: it was built for plugin API {api}, this one has \
         {API_VERSION}; update musicdl, or rebuild the plugin against musicdl-plugin-api \
         {API_VERSION}"
    )]
    HostTooOld {
        /// Name and version of its package.
        package: String,
        /// The API it was built for.
        api: Version,
    },
    /// A plugin of our API by its tag, and yet not to be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What the process it was loaded in says of it.
    #[error("{reason}")]
    Refused {
        /// The sentence.
        reason: String,
        /// As [`LoadFailure::details`].
        details: Option<String>,
    },
    /// The process it was loaded in did not survive that, or could not be started.
    #[error("it cannot be loaded: {0}")]
    Process(String),
    /// It panicked when asked who it is.
    #[error("it cannot say what it is: {0}")]
    Declaration(SourceError),
    /// Its name cannot stand in a config.
    #[error("it declares a bad name: {0}")]
    Name(#[from] InvalidId),
    /// Its version cannot be compared.
    #[error("it declares version `{version}`, which is not a semantic version: {reason}")]
    Version {
        /// What it declares.
        version: String,
        /// What is wrong with it.
        reason: semver::Error,
    },
}

impl LoadFailure {
    /// Everything known beyond the sentence: the comparison of layouts, thousands of lines.
    pub fn details(&self) -> Option<&str> {
        match self {
            LoadFailure::Open(error) => error.report(),
            LoadFailure::Refused { details, .. } => details.as_deref(),
            LoadFailure::NotAFile(_)
            | LoadFailure::Unreadable(_)
            | LoadFailure::Untrusted(_)
            | LoadFailure::TooLarge { .. }
            | LoadFailure::NotALibrary(_)
            | LoadFailure::Linker(_)
            | LoadFailure::NotAPlugin
            | LoadFailure::PluginTooOld { .. }
            | LoadFailure::HostTooOld { .. }
            | LoadFailure::Process(_)
            | LoadFailure::Declaration(_)
            | LoadFailure::Name(_)
            | LoadFailure::Version { .. } => None,
        }
    }
}

/// Loads a file that the user named: neither who may change it nor any lock is checked.
///
/// # Errors
/// When the file is not a plugin for this host. Nothing of it is used then, but what the system
/// loaded stays loaded.
pub fn load(path: &Path) -> Result<LoadedLibrary, LoadError> {
    Snapshot::of(path)
        .and_then(load_snapshot)
        .map_err(|reason| LoadError {
            file: path.to_owned(),
            reason,
        })
}

/// Loads a file that the user named in a process of its own, in which its sources
/// will live. No code of the library runs in this one.
///
/// # Errors
/// When the file is not a plugin for this host, or the process ends or hangs over it.
pub fn load_in_process(
    path: &Path,
    options: &Arc<ProcessOptions>,
) -> Result<LoadedLibrary, LoadError> {
    Snapshot::of(path)
        .and_then(|snapshot| load_snapshot_in_process(snapshot, options))
        .map_err(|reason| LoadError {
            file: path.to_owned(),
            reason,
        })
}

/// Loads exactly that content. Code of the library runs in this process from here on.
///
/// # Errors
/// As [`load`].
pub fn load_snapshot(snapshot: Snapshot) -> Result<LoadedLibrary, LoadFailure> {
    let file = snapshot.file().to_owned();
    load_content(&file, snapshot.into_content())
}

/// Loads what the host took and measured before it started this process; `file` is where
/// that lies on a system without sealed memory.
///
/// # Errors
/// As [`load`].
pub(super) fn load_content(file: &Path, content: File) -> Result<LoadedLibrary, LoadFailure> {
    let path = &loadable_path(file, &content);
    // The loader knows a library by the path it was loaded from. That path has the number of
    // the handle in it: were the handle closed, the next one would get its number, and
    // loading from it would answer with the library that was there before.
    std::mem::forget(content);
    let tag = read_tag(path)?;
    let api_version = check_api(&tag)?;
    let library = Library::open(path)?;
    let declaration = library.declaration().map_err(LoadFailure::Declaration)?;
    loaded(api_version, declaration, Home::Here(library))
}

/// Loads exactly that content in a process of its own, and in another one whenever that has
/// ended.
///
/// # Errors
/// As [`load_in_process`].
pub fn load_snapshot_in_process(
    snapshot: Snapshot,
    options: &Arc<ProcessOptions>,
) -> Result<LoadedLibrary, LoadFailure> {
    let snapshot = Arc::new(snapshot);
    let processes = Processes::new(Arc::clone(&snapshot), Arc::clone(options));
    let rules = options
        .sandbox
        .as_ref()
        .map(|sandbox| sandbox.of_stranger());
    let (fresh, described) = processes.describe(rules.as_ref())?;
    // What a stranger may do is too little for a source, and no process gets more later.
    let first = rules.is_none().then_some((fresh, processes));
    let home = Home::Process {
        snapshot,
        options: Arc::clone(options),
        first: Mutex::new(first),
    };
    loaded(described.api_version, described.declaration, home)
}

/// What a library declares is checked where it is used, however it was loaded.
fn loaded(
    api_version: Version,
    declaration: Declaration,
    home: Home,
) -> Result<LoadedLibrary, LoadFailure> {
    let version = declaration.version.as_str();
    Ok(LoadedLibrary {
        name: SourceName::parse(&declaration.name)?,
        version: Version::parse(version).map_err(|reason| LoadFailure::Version {
            version: version.to_owned(),
            reason,
        })?,
        api_version,
        declaration,
        home,
    })
}

/// Reads the tag; the library is loaded by this and never unloaded.
#[expect(
    unsafe_code,
    reason = "loading a library and reading a symbol of it is"
)]
fn read_tag(path: &Path) -> Result<VersionTag, LoadFailure> {
    // SAFETY: initialisers of the library run. The user who puts a file into a plugin directory
    // trusts it with everything the user can do; the manual says so.
    let library = unsafe { libloading::Library::new(path) }
        .map_err(|error| LoadFailure::Linker(one_line(&error)))?;
    // SAFETY: only the address is taken here, as the address of a static.
    let tag = unsafe { library.get::<*const VersionTag>(TAG_SYMBOL) }
        .map(|symbol| *symbol)
        .ok();
    std::mem::forget(library);
    let tag = tag
        .filter(|tag| !tag.is_null())
        .ok_or(LoadFailure::NotAPlugin)?;
    // SAFETY: a library that exports a symbol of this name exports a tag; every version of it is
    // plain bytes, any of which are valid, at least as long as ours, and never written to.
    let tag = unsafe { tag.read_unaligned() };
    if tag.is_genuine() {
        Ok(tag)
    } else {
        Err(LoadFailure::NotAPlugin)
    }
}

/// What the loader says, without the path it begins with or the lines it may have.
fn one_line(error: &libloading::Error) -> String {
    let text = match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The API a library was built for, if it is ours: within a major version nothing changes.
fn check_api(tag: &VersionTag) -> Result<Version, LoadFailure> {
    let [major, minor, patch] = tag.api_version();
    let api = Version::new(major.into(), minor.into(), patch.into());
    let ours = Version::parse(API_VERSION).expect("cargo checks the version of a package");
    let package = || format!("{} {}", tag.package_name(), tag.package_version());
    match api.major.cmp(&ours.major) {
        Ordering::Equal => Ok(api),
        Ordering::Less => Err(LoadFailure::PluginTooOld {
            package: package(),
            api,
        }),
        Ordering::Greater => Err(LoadFailure::HostTooOld {
            package: package(),
            api,
        }),
    }
}
