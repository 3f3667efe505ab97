//! API 1 is frozen: a plugin built against the kept sources of 1.0.0 crosses into today's
//! host as one of today does, one of today into a host of 1.0.0, and it makes no difference
//! which compiler built which side.
//!
//! The kept crates are built by cargo, offline, beside those of the author's kit and with
//! the same settings, so that what they depend on is compiled once for all.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use musicdl::plugin::{LoadError, LoadedLibrary};
use musicdl_plugin_api::{Settings, Source};

use crate::compilers::{self, Compiler};
use crate::desk::Desk;
use crate::skipped::skipped;
use crate::{processes, source_of};

#[path = "crossing.rs"]
#[expect(clippy::duplicate_mod, reason = "the same tests, of another library")]
mod crossing;

/// BLAKE3 of the kept sources. It never changes: see their README.
const DIGEST: &str = "8c2b777c3df4a6f712f3b41b77e70e4df0d571bd115b80ff50e8b5dd993309fe";

/// Tells the tests of [`crossing`] that the library is to be built by this compiler.
const RUSTC: &str = "KEPT_RUSTC";

/// Tests of [`crossing`]; fewer that ran are a filter that is wrong.
const CROSSINGS: usize = 13;

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/api-1.0.0")
}

/// The compiler that is to build the library; `None` is cargo's own.
fn compiler() -> Option<Compiler> {
    let rustc = env::var_os(RUSTC)?;
    Some(Compiler::at(rustc.into()).expect("a compiler that was found runs"))
}

/// Where cargo puts what it builds; the one of the kit's tests.
fn target(compiler: Option<&Compiler>) -> PathBuf {
    let ours = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kit");
    compiler.map_or(ours.clone(), |compiler| compiler.target(&ours))
}

/// Cargo among the kept crates.
fn cargo(compiler: Option<&Compiler>) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(kept())
        .env("CARGO_TARGET_DIR", target(compiler))
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env_remove("RUSTFLAGS")
        .env_remove("RUSTC");
    if let Some(compiler) = compiler {
        cargo.env("RUSTC", &compiler.rustc);
    }
    cargo
}

/// Runs a command that has to succeed, and gives what it printed.
#[track_caller]
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    stdout
}

/// The library `echo`, built against the kept sources.
fn built(name: &str) -> PathBuf {
    let compiler = compiler();
    done(
        cargo(compiler.as_ref())
            .args(["build", "--locked", "--offline", "--package"])
            .arg(format!("musicdl-{name}")),
    );
    target(compiler.as_ref()).join(format!("debug/{DLL_PREFIX}musicdl_{name}{DLL_SUFFIX}"))
}

fn load(path: &Path) -> Result<LoadedLibrary, LoadError> {
    musicdl::plugin::load_in_process(path, &Arc::new(processes()))
}

fn source(library: &str, settings: Settings) -> (Arc<dyn Source>, Arc<Desk>) {
    source_of(&load(&built(library)).unwrap(), settings)
}

/// Every test of [`crossing`] ran and passed, by what the test program says.
#[track_caller]
fn all_crossed(words: &str) {
    let passed = words.lines().filter(|line| line.ends_with("... ok"));
    assert_eq!(passed.count(), CROSSINGS, "{words}");
}

/// Files below a directory, in the order of their paths.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let deeper = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    entries.into_iter().flat_map(deeper).collect()
}

#[test]
fn the_sources_of_api_1_0_0_are_as_they_were_when_it_was_frozen() {
    let sources = kept().join("plugin-api");
    let mut digest = blake3::Hasher::new();
    for file in files(&sources) {
        let content = fs::read(&file).unwrap();
        let name = file.strip_prefix(&sources).unwrap().to_str().unwrap();
        digest.update(format!("{name} {}\n", content.len()).as_bytes());
        digest.update(&content);
    }
    assert_eq!(digest.finalize().to_hex().as_str(), DIGEST);
}

#[test]
fn a_plugin_of_1_0_0_says_which_api_it_was_built_for() {
    let library = load(&built("echo")).unwrap();
    assert_eq!(library.api_version, semver::Version::new(1, 0, 0));
}

/// Our compiler's crosses in [`crossing`]. On a machine without another there is nothing to
/// show, and the test counts as skipped.
#[test]
fn a_plugin_of_1_0_0_crosses_whichever_compiler_built_it() {
    let others = compilers::others();
    if others.is_empty() {
        return skipped(compilers::NO_OTHER);
    }
    for compiler in others {
        let mut tests = Command::new(env::current_exe().unwrap());
        let words = done(tests.arg("kept::crossing::").env(RUSTC, &compiler.rustc));
        all_crossed(&words);
    }
}

/// The host is built by our compiler, and by the others there are.
#[test]
fn a_host_of_1_0_0_serves_a_plugin_of_today_whichever_compiler_built_it() {
    let others = compilers::others();
    for compiler in iter::once(None).chain(others.iter().map(Some)) {
        let words = done(
            cargo(compiler)
                .args(["test", "--locked", "--offline", "--package"])
                .arg("host-of-api-1-0-0")
                .env("ECHO", crate::built("echo")),
        );
        all_crossed(&words);
    }
}
