//! A directory of its own for each test: plugins, music, playlists, a config, and the program
//! run in it as a user would, without anything of the environment around the tests.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::program::{Finished, Running};
use super::shelf::Shelf;

/// Somewhere to run the program.
pub(crate) struct Scene {
    root: PathBuf,
    _dir: TempDir,
}

impl Scene {
    /// A place with those plugins in `plugins`.
    pub(crate) fn with(plugins: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for name in ["plugins", "home", "tmp"] {
            fs::create_dir(root.join(name)).unwrap();
        }
        let scene = Self { root, _dir: dir };
        for name in plugins {
            let (from, to) = (built(name), scene.plugin(name));
            // Of a file that nobody writes a second name is as good as a copy, if it can be had.
            fs::hard_link(&from, &to)
                .or_else(|_| fs::copy(&from, &to).map(drop))
                .unwrap();
        }
        scene
    }

    /// A place in it.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// A file in it, with the directories it needs.
    pub(crate) fn write(&self, below: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The file of that name in `plugins`, as a library is called here.
    pub(crate) fn plugin(&self, name: &str) -> PathBuf {
        let file = format!("{DLL_PREFIX}musicdl_{name}{DLL_SUFFIX}");
        self.path("plugins").join(file)
    }

    /// What the config usually names as its library.
    pub(crate) fn library(&self) -> Shelf {
        Shelf(self.path("library"))
    }

    /// The last run's report.
    pub(crate) fn report(&self) -> Value {
        let text = fs::read(self.path(".musicdl/report.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// The last retry's report.
    pub(crate) fn retry_report(&self) -> Value {
        let text = fs::read(self.path(".musicdl/retry.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Who delivered how many tracks in the last run: `folder: 3`.
    pub(crate) fn delivered(&self) -> Vec<String> {
        let report = self.report();
        let list = report["delivered"].as_array().unwrap();
        list.iter()
            .map(|by| format!("{}: {}", by["source"].as_str().unwrap(), by["tracks"]))
            .collect()
    }

    /// The program, about to be run in it.
    pub(crate) fn musicdl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_musicdl"));
        command
            .args(args)
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Finished {
        self.start(args).finish()
    }

    /// Runs it and goes on beside it.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.musicdl(args))
    }
}

/// The library of a plugin as it was built for these tests. Those one level up may be older.
pub(crate) fn built(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let file = tests.with_file_name(format!("{DLL_PREFIX}musicdl_{name}{DLL_SUFFIX}"));
    assert!(Path::is_file(&file), "{} was not built", file.display());
    file
}
