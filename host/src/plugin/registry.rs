//! Every plugin directory -> the sources in them, each with a name of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{Declaration, Settings, Source, SourceError};
use semver::Version;

use super::discover::{DiscoverError, NotAFile, discover};
use super::load::{LoadFailure, LoadedLibrary, load_snapshot, load_snapshot_in_process};
use super::masked::{Masked, masked};
use super::process::ProcessOptions;
use super::services::SourceServices;
use super::snapshot::Snapshot;
use super::trust::Gate;
use crate::music::SourceName;

/// What the plugin directories gave.
#[derive(Default)]
pub struct Registry {
    /// The sources, in the order of directories and then of file names; names are unique.
    pub sources: Vec<LoadedSource>,
    /// The files that are named like plugins and gave no source.
    pub refused: Vec<Refusal>,
}

/// A source and the library it is from.
pub struct LoadedSource {
    /// Its name in the config.
    pub name: SourceName,
    /// The library.
    pub file: PathBuf,
    /// What it says of itself.
    pub declaration: Declaration,
    /// Version of plugin-api it was built against.
    pub api_version: Version,
    /// From opening the file to having the source.
    pub load_time: Duration,
    /// The five calls.
    pub source: Arc<dyn Source>,
    /// Whether it says that it has all it needs.
    pub configured: bool,
    /// Keys of required settings that have no value.
    pub missing: Vec<String>,
}

/// A file that gave no source.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct Refusal {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub reason: RefusalReason,
    /// What it says of itself, when the library was let in and only its source cannot be made:
    /// who has to mend the settings needs to read about them.
    pub declared: Option<Box<Declared>>,
}

/// What a library says of itself.
#[derive(Debug)]
pub struct Declared {
    /// Its name in the config.
    pub name: SourceName,
    /// Everything else it says.
    pub declaration: Declaration,
    /// Version of plugin-api it was built against.
    pub api_version: Version,
}

/// Why a file gave no source: one sentence, without its path.
#[derive(Debug, thiserror::Error)]
pub enum RefusalReason {
    /// Not opened.
    #[error(transparent)]
    NotAFile(#[from] NotAFile),
    /// Not let in.
    #[error(transparent)]
    Load(#[from] LoadFailure),
    /// An earlier file has that name.
    #[error("its name `{name}` is taken by {}; remove one of the two", by.display())]
    NameTaken {
        /// The name.
        name: SourceName,
        /// The file that has it.
        by: PathBuf,
    },
    /// What the user configured for it is invalid.
    #[error("{0}")]
    Settings(String),
    /// Its constructor failed, or panicked.
    #[error("it cannot start: {0}")]
    Create(SourceError),
}

impl RefusalReason {
    /// Everything known beyond the sentence, for finding a fault.
    pub fn details(&self) -> Option<&str> {
        match self {
            RefusalReason::Load(failure) => failure.details(),
            RefusalReason::NotAFile(_)
            | RefusalReason::NameTaken { .. }
            | RefusalReason::Settings(_)
            | RefusalReason::Create(_) => None,
        }
    }
}

/// What a source is made with; both are asked once per library that was let in.
pub struct Making<'a> {
    /// The user's settings for that source, checked; the error is a sentence for the user.
    pub settings: &'a dyn Fn(&SourceName, &Declaration) -> Result<Settings, String>,
    /// What the host does for that source.
    pub services: &'a dyn Fn(&SourceName, &Declaration) -> Arc<dyn SourceServices>,
    /// Where the code of the libraries runs.
    pub isolation: Isolation,
}

/// Where the code of a library runs.
#[derive(Clone, Debug)]
pub enum Isolation {
    /// In a process for each source: what it does there costs no other source anything.
    Process(Arc<ProcessOptions>),
    /// In this process, for looking at a plugin with a debugger: a crash of one ends all.
    None,
}

/// Files that are loaded at once. Each waits for a disk and a process, not for a processor.
const AT_ONCE: usize = 16;

/// A file that may be loaded, or why it may not, and how long it took to know.
type Admitted = (PathBuf, Result<Snapshot, LoadFailure>, Duration);
/// A library that was let in, or why it was not, and how long it took to know.
type Tried = (PathBuf, Result<LoadedLibrary, LoadFailure>, Duration);

/// A library with what its source is made of.
struct Ready {
    file: PathBuf,
    library: LoadedLibrary,
    load_time: Duration,
    settings: Settings,
    services: Arc<dyn SourceServices>,
    missing: Vec<String>,
}

impl Registry {
    /// Loads everything in those directories that may be loaded. Whatever a file does wrong costs that file.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub fn open(directories: &[PathBuf], making: &Making<'_>) -> Result<Registry, DiscoverError> {
        let found = discover(directories)?;
        let mut registry = Registry::default();
        let mut gate = Gate::default();
        for (file, reason) in found.skipped {
            registry.refuse(file, reason.into(), None);
        }
        // One after the other, because whole files are copied there.
        let admitted = found.candidates.into_iter().map(|file| {
            let started = Instant::now();
            let snapshot = gate.admit(&file);
            (file, snapshot, started.elapsed())
        });
        let mut ready: Vec<Ready> = Vec::new();
        for tried in try_all(admitted.collect(), &making.isolation) {
            let file = tried.0.clone();
            match prepare(tried, &ready, making) {
                Ok(prepared) => ready.push(prepared),
                Err((reason, declared)) => registry.refuse(file, reason, declared),
            }
        }
        for (file, made) in side_by_side(ready, make) {
            match made {
                Ok(source) => registry.sources.push(source),
                Err((error, declared)) => {
                    registry.refuse(file, RefusalReason::Create(error), Some(declared));
                }
            }
        }
        Ok(registry)
    }

    /// The source of that name.
    pub fn get(&self, name: &SourceName) -> Option<&LoadedSource> {
        self.sources.iter().find(|source| source.name == *name)
    }

    /// The names of all that were let in, also of those whose source could not be made.
    pub fn names(&self) -> impl Iterator<Item = &SourceName> {
        let refused = self.refused.iter().filter_map(|it| it.declared.as_deref());
        let sources = self.sources.iter().map(|source| &source.name);
        sources.chain(refused.map(|declared| &declared.name))
    }

    /// The library of that name, also of one whose source could not be made.
    pub fn file_of(&self, name: &str) -> Option<&Path> {
        let of_source = self.sources.iter().find(|it| it.name.as_str() == name);
        let refused = || {
            self.refused.iter().find(|it| {
                let declared = it.declared.as_deref();
                declared.is_some_and(|declared| declared.name.as_str() == name)
            })
        };
        of_source
            .map(|source| source.file.as_path())
            .or_else(|| refused().map(|refusal| refusal.file.as_path()))
    }

    fn refuse(&mut self, file: PathBuf, reason: RefusalReason, declared: Option<Box<Declared>>) {
        self.refused.push(Refusal {
            file,
            reason,
            declared,
        });
    }
}

impl Drop for Registry {
    /// Together: each source may take its moment to log out, and has a process to end.
    fn drop(&mut self) {
        side_by_side(std::mem::take(&mut self.sources), drop);
    }
}

fn try_all(files: Vec<Admitted>, isolation: &Isolation) -> Vec<Tried> {
    let attempt =
        |(file, admitted, before): Admitted,
         load: &dyn Fn(Snapshot) -> Result<LoadedLibrary, LoadFailure>| {
            let started = Instant::now();
            let loaded = admitted.and_then(load);
            (file, loaded, before + started.elapsed())
        };
    match isolation {
        Isolation::Process(options) => side_by_side(files, |file| {
            attempt(file, &|snapshot| {
                load_snapshot_in_process(snapshot, options)
            })
        }),
        Isolation::None => files
            .into_iter()
            .map(|file| attempt(file, &load_snapshot))
            .collect(),
    }
}

/// Does the work for all, several at once, and answers in their order.
fn side_by_side<T: Send, D: Send>(all: Vec<T>, work: impl Fn(T) -> D + Sync) -> Vec<D> {
    let mut done = Vec::with_capacity(all.len());
    let mut rest = all.into_iter();
    loop {
        let some: Vec<T> = rest.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return done;
        }
        let work = &work;
        thread::scope(|scope| {
            let threads: Vec<_> = some
                .into_iter()
                .map(|one| scope.spawn(move || work(one)))
                .collect();
            done.extend(threads.into_iter().map(|thread| match thread.join() {
                Ok(one) => one,
                Err(panic) => std::panic::resume_unwind(panic),
            }));
        });
    }
}

/// Name, settings and services, in the order of the files: the first of a name has it.
fn prepare(
    (file, loaded, load_time): Tried,
    earlier: &[Ready],
    making: &Making<'_>,
) -> Result<Ready, (RefusalReason, Option<Box<Declared>>)> {
    let library = loaded.map_err(|failure| (failure.into(), None))?;
    if let Some(first) = earlier
        .iter()
        .find(|first| first.library.name == library.name)
    {
        let taken = RefusalReason::NameTaken {
            by: first.file.clone(),
            name: library.name,
        };
        // A request by that name means the first.
        return Err((taken, None));
    }
    let settings = match (making.settings)(&library.name, &library.declaration) {
        Ok(settings) => settings,
        Err(why) => return Err((RefusalReason::Settings(why), Some(declared(library)))),
    };
    Ok(Ready {
        missing: missing(&library.declaration, &settings),
        services: (making.services)(&library.name, &library.declaration),
        file,
        library,
        load_time,
        settings,
    })
}

fn make(ready: Ready) -> (PathBuf, Result<LoadedSource, (SourceError, Box<Declared>)>) {
    let started = Instant::now();
    let services = ready.services;
    let source = ready.library.create(ready.settings, services.clone());
    let declared = declared(ready.library);
    let made = match source {
        Ok(source) => Ok(LoadedSource {
            configured: source.is_configured(),
            name: declared.name,
            file: ready.file.clone(),
            declaration: declared.declaration,
            api_version: declared.api_version,
            load_time: ready.load_time + started.elapsed(),
            source: Arc::new(Masked { source, services }),
            missing: ready.missing,
        }),
        Err(error) => Err((masked(error, &services), declared)),
    };
    (ready.file, made)
}

/// Without the library's process.
fn declared(library: LoadedLibrary) -> Box<Declared> {
    Box::new(Declared {
        name: library.name,
        declaration: library.declaration,
        api_version: library.api_version,
    })
}

/// Keys of the required settings that neither the user nor a default gives a value.
fn missing(declaration: &Declaration, settings: &Settings) -> Vec<String> {
    declaration
        .settings
        .iter()
        .filter(|spec| spec.required && spec.default.is_none())
        .filter(|spec| settings.text(&spec.key).is_none())
        .map(|spec| spec.key.clone())
        .collect()
}
