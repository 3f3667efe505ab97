//! Real shared libraries, loaded as a user's are: which files are let in, and that nothing
//! gets lost between the two sides.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod crossing;
mod desk;
#[path = "../fixtures/full.rs"]
mod full;
mod loading;
mod panics;
mod trust;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use musicdl::plugin::{Making, Registry, load};
use musicdl_plugin_api::{Host, HostServices, Settings, Source};

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
    fn open(&self, settings: &Settings) -> Registry {
        open(&[self.path().to_owned()], settings)
    }
}

/// Opens directories with the same settings for every source.
fn open(directories: &[PathBuf], settings: &Settings) -> Registry {
    let making = Making {
        settings: &|_, _| Ok(settings.clone()),
        services: &|_, _| Arc::new(Desk::default()),
    };
    Registry::open(directories, &making).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A source of a library built for these tests, and the desk it talks to.
fn source(library: &str, settings: Settings) -> (Arc<dyn Source>, Arc<Desk>) {
    let desk = Arc::new(Desk::default());
    let services: Arc<dyn HostServices> = desk.clone();
    let library = load(&built(library)).unwrap();
    (library.create(settings, services).unwrap(), desk)
}

fn setting(key: &str, value: &str) -> Settings {
    Settings::from_pairs([(key, [value])])
}

/// A handle to compare with: what a source would see without a boundary.
fn host(desk: &Arc<Desk>) -> Host {
    Host::new(desk.clone())
}
