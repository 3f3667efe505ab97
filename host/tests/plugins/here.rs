//! The tests that hold wherever a library runs, with the library in this process.

use std::path::Path;
use std::sync::Arc;

use musicdl::plugin::{Isolation, LoadError, LoadedLibrary, Registry};
use musicdl_plugin_api::{Settings, Source};

use crate::desk::Desk;
use crate::{Plugins, built, source_of};

#[path = "crossing.rs"]
mod crossing;
#[path = "loading.rs"]
mod loading;
#[path = "panics.rs"]
mod panics;

#[path = "stderr.rs"]
mod stderr;

fn isolation() -> Isolation {
    Isolation::None
}

fn load(path: &Path) -> Result<LoadedLibrary, LoadError> {
    musicdl::plugin::load(path)
}

fn open(plugins: &Plugins, settings: &Settings) -> Registry {
    plugins.open(settings, isolation())
}

/// A source of a library built for these tests, and the desk it talks to.
fn source(library: &str, settings: Settings) -> (Arc<dyn Source>, Arc<Desk>) {
    source_of(&load(&built(library)).unwrap(), settings)
}
