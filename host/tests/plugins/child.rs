//! The tests that hold wherever a library runs, with the library in a process of its own.

use std::path::Path;
use std::sync::Arc;

use musicdl::plugin::{Isolation, LoadError, LoadedLibrary, Registry};
use musicdl_plugin_api::{Settings, Source};

use crate::desk::Desk;
use crate::{Plugins, built, processes, source_of};

#[path = "crossing.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests, in another place")]
mod crossing;
#[path = "loading.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests, in another place")]
mod loading;
#[path = "panics.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests, in another place")]
mod panics;

fn isolation() -> Isolation {
    Isolation::Process(Arc::new(processes()))
}

fn load(path: &Path) -> Result<LoadedLibrary, LoadError> {
    musicdl::plugin::load_in_process(path, &Arc::new(processes()))
}

fn open(plugins: &Plugins, settings: &Settings) -> Registry {
    plugins.open(settings, isolation())
}

/// A source of a library built for these tests, and the desk it talks to.
fn source(library: &str, settings: Settings) -> (Arc<dyn Source>, Arc<Desk>) {
    source_of(&load(&built(library)).unwrap(), settings)
}
