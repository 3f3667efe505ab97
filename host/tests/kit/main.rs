//! The author's kit, by the program itself: what it makes is built and tested by cargo, what
//! it reviews are real libraries, and the guide's tutorial is carried out.
//!
//! Cargo is run offline with this workspace's lock file, in a target directory that the
//! tests share: the first one compiles what plugins depend on, for the others it is there.

#![expect(
    clippy::unwrap_used,
    reason = "what fails in a helper fails the test that called it"
)]

mod another_compiler;
mod check;
#[path = "../support/compilers.rs"]
mod compilers;
mod dev;
mod guide;
mod install;
mod new;
#[path = "../support/skipped.rs"]
mod skipped;
mod station;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The root of the workspace.
fn workspace() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// Where cargo puts what the made crates need; kept between runs.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("kit")
}

/// The library as it was built for these tests.
fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let file = tests.with_file_name(format!("{DLL_PREFIX}musicdl_{name}{DLL_SUFFIX}"));
    assert!(file.is_file(), "{} was not built", file.display());
    file
}

/// The program, in a directory, with nothing of this machine's configuration.
fn musicdl(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_musicdl"));
    command.current_dir(dir);
    undisturbed(&mut command);
    command
}

fn cargo(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(dir);
    undisturbed(&mut command);
    command
}

fn undisturbed(command: &mut Command) {
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("MUSICDL_") {
            command.env_remove(key);
        }
    }
    command
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("NO_COLOR", "1")
        .env_remove("RUSTFLAGS");
}

/// What a command printed and how it ended.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// It ended with that code, or the test fails with all it said.
    #[track_caller]
    fn with(self, code: i32) -> Self {
        let (stdout, stderr) = (&self.stdout, &self.stderr);
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{stdout}\nstderr:\n{stderr}"
        );
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn run(command: &mut Command) -> Ended {
    Ended::of(command.output().unwrap())
}

/// A crate made by `plugins new`, ready for cargo without a network.
fn made(dir: &Path, name: &str, more: &[&str]) -> PathBuf {
    run(musicdl(dir)
        .args(["plugins", "new", name, "--plugin-api"])
        .arg(workspace().join("plugin-api"))
        .args(more))
    .with(0);
    let made = dir.join(name);
    fs::copy(workspace().join("Cargo.lock"), made.join("Cargo.lock")).unwrap();
    made
}

/// The library that cargo made of a crate for development.
fn library(name: &str) -> PathBuf {
    library_in(&target(), name)
}

fn library_in(target: &Path, name: &str) -> PathBuf {
    target.join(format!("debug/{DLL_PREFIX}musicdl_{name}{DLL_SUFFIX}"))
}

/// One place of a file said otherwise.
fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    fs::write(file, text.replace(from, to)).unwrap();
}
