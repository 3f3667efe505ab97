//! Real shared libraries, loaded as a user's are: which files are let in, that nothing gets
//! lost between the two sides, and that a plugin's process contains whatever it does.
//!
//! What holds wherever a library runs is tested twice, in this process (`here`) and in a
//! process of its own (`child`). What crosses is tested once more with what was `kept` of the
//! API as it was frozen.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod child;
#[path = "../support/compilers.rs"]
mod compilers;
mod desk;
#[path = "../fixtures/full.rs"]
mod full;
mod here;
mod isolation;
mod kept;
mod memory;
mod runs;
#[cfg(target_os = "linux")]
mod sandbox;
#[path = "../support/skipped.rs"]
mod skipped;
mod trust;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use musicdl::plugin::services::SourceServices;
use musicdl::plugin::{Isolation, LoadedLibrary, Making, ProcessOptions, Registry};
use musicdl_plugin_api::{Host, Settings, Source};

use desk::Desk;

/// The library as it was built for these tests. Those one level up may be older.
fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let file = tests.with_file_name(format!("{DLL_PREFIX}musicdl_{name}{DLL_SUFFIX}"));
    assert!(file.is_file(), "{} was not built", file.display());
    file
}

/// A directory for plugins, and what is put into it.
struct Plugins(tempfile::TempDir);

impl Plugins {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(format!("{name}{DLL_SUFFIX}"))
    }

    fn add(&self, name: &str, content: &[u8]) -> &Self {
        fs::write(self.file(name), content).unwrap();
        // Whatever the umask of who runs the tests.
        set_mode(&self.file(name), 0o644);
        self
    }

    /// Opens the directory with the same settings for every source.
    fn open(&self, settings: &Settings, isolation: Isolation) -> Registry {
        open(&[self.path().to_owned()], settings, isolation)
    }
}

/// Opens directories with the same settings for every source.
fn open(directories: &[PathBuf], settings: &Settings, isolation: Isolation) -> Registry {
    let making = Making {
        settings: &|_, _| Ok(settings.clone()),
        services: &|_, _| Arc::new(Desk::default()),
        isolation,
    };
    Registry::open(directories, &making).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// As this program would keep plugins if it were musicdl.
fn processes() -> ProcessOptions {
    ProcessOptions::of_program(env!("CARGO_BIN_EXE_musicdl").into())
}

// Not beside the desk, which the host of API 1.0.0 uses as well and which knows no such trait.
impl SourceServices for Desk {}

/// A source of a library, and the desk it talks to.
fn source_of(library: &LoadedLibrary, settings: Settings) -> (Arc<dyn Source>, Arc<Desk>) {
    let desk = Arc::new(Desk::default());
    let services: Arc<dyn SourceServices> = desk.clone();
    (library.create(settings, services).unwrap(), desk)
}

fn bytes(library: &str) -> Vec<u8> {
    fs::read(built(library)).unwrap()
}

/// The library with every `from` replaced by an equally long `to`.
fn with(library: &str, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut content = bytes(library);
    let places: Vec<usize> = (0..=content.len() - from.len())
        .filter(|&at| content[at..].starts_with(from))
        .collect();
    assert!(!places.is_empty(), "nothing to replace");
    for at in places {
        content[at..at + to.len()].copy_from_slice(to);
    }
    content
}

/// The rogue library with another value in one of its slots.
fn rogue_slot(key: &str, value: &str, other: &str) -> Vec<u8> {
    let slot = |value: &str| format!("{:.<32}", format!("rogue-{key}={value}")).into_bytes();
    with("rogue", &slot(value), &slot(other))
}

fn setting(key: &str, value: &str) -> Settings {
    Settings::from_pairs([(key, [value])])
}

/// A handle to compare with: what a source would see without a boundary.
fn host(desk: &Arc<Desk>) -> Host {
    Host::new(desk.clone())
}
