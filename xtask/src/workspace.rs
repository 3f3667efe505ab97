//! Where things are: the workspace, what cargo builds and what the commands here leave.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace this program was built in.
pub(crate) struct Workspace {
    /// The directory of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds; usually `target` in the root.
    built: PathBuf,
}

/// How something was built.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    Dev,
    Release,
    /// For plugins: small rather than quick.
    Plugin,
}

impl Workspace {
    /// Asks cargo, which alone knows of `CARGO_TARGET_DIR` and config files.
    pub(crate) fn find() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(cargo());
        command.current_dir(manifest).args([
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
        ]);
        let told: Value = serde_json::from_slice(&process::output(&mut command)?)
            .context("`cargo metadata` did not answer with JSON")?;
        let dir = |key: &str| {
            told[key].as_str().map(PathBuf::from).with_context(|| {
                format!("`cargo metadata` told no `{key}`: is this cargo too old?")
            })
        };
        Ok(Self {
            root: dir("workspace_root")?,
            built: dir("target_directory")?,
        })
    }

    /// A cargo command in the root.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        self.at_home(&mut command).args(args);
        command
    }

    /// Runs a command in the root, as if it had been typed there. What cargo told this very
    /// program about its package is taken out: build scripts (ring's) look at it, and would
    /// run again whenever cargo is started by hand and from here in turn.
    pub(crate) fn at_home<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.root)
    }

    /// A directory for what these commands make: not cargo's, so that paths in the examples
    /// hold wherever cargo builds.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.root.join("target").join(name)
    }

    /// A program that cargo built.
    pub(crate) fn program(&self, profile: Profile, name: &str) -> PathBuf {
        self.profile_dir(profile)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The shared library of a plugin that cargo built, and its file name.
    pub(crate) fn library(&self, profile: Profile, package: &str) -> (PathBuf, String) {
        use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
        let name = format!("{DLL_PREFIX}{}{DLL_SUFFIX}", package.replace('-', "_"));
        (self.profile_dir(profile).join(&name), name)
    }

    fn profile_dir(&self, profile: Profile) -> PathBuf {
        self.built.join(match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
            Profile::Plugin => "plugin",
        })
    }
}

impl Profile {
    /// The same for `cargo build`.
    pub(crate) fn args(self) -> &'static [&'static str] {
        match self {
            Profile::Dev => &[],
            Profile::Release => &["--release"],
            Profile::Plugin => &["--profile", "plugin"],
        }
    }
}

/// The cargo that runs this program.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
