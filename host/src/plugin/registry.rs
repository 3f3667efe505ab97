//! Every plugin directory -> the sources in them, each with a name of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{Declaration, HostServices, Settings, Source, SourceError};
use semver::Version;

use super::discover::{DiscoverError, NotAFile, discover};
use super::load::{LoadFailure, LoadedLibrary, load_snapshot};
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
    /// What the user configured for it cannot be meant.
    #[error("{0}")]
    Settings(String),
    /// Its constructor failed, or panicked.
    #[error("it cannot start: {0}")]
    Create(SourceError),
}

impl RefusalReason {
    /// Everything known beyond the sentence, for somebody who looks for a fault.
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
    pub services: &'a dyn Fn(&SourceName, &Declaration) -> Arc<dyn HostServices>,
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
            registry.refuse(file, reason.into());
        }
        for file in found.candidates {
            if let Err(reason) = registry.add(&file, &mut gate, making) {
                registry.refuse(file, reason);
            }
        }
        Ok(registry)
    }

    /// The source of that name.
    pub fn get(&self, name: &SourceName) -> Option<&LoadedSource> {
        self.sources.iter().find(|source| source.name == *name)
    }

    fn refuse(&mut self, file: PathBuf, reason: RefusalReason) {
        self.refused.push(Refusal { file, reason });
    }

    fn add(
        &mut self,
        file: &Path,
        gate: &mut Gate,
        making: &Making<'_>,
    ) -> Result<(), RefusalReason> {
        let started = Instant::now();
        let library = gate.admit(file).and_then(load_snapshot)?;
        if let Some(first) = self.get(&library.name) {
            return Err(RefusalReason::NameTaken {
                by: first.file.clone(),
                name: library.name,
            });
        }
        let settings = (making.settings)(&library.name, &library.declaration)
            .map_err(RefusalReason::Settings)?;
        let missing = missing(&library.declaration, &settings);
        let services = (making.services)(&library.name, &library.declaration);
        let source = library
            .create(settings, services)
            .map_err(RefusalReason::Create)?;
        let configured = source.is_configured();
        let LoadedLibrary {
            name,
            declaration,
            api_version,
            ..
        } = library;
        self.sources.push(LoadedSource {
            name,
            file: file.to_owned(),
            declaration,
            api_version,
            load_time: started.elapsed(),
            source,
            configured,
            missing,
        });
        Ok(())
    }
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
