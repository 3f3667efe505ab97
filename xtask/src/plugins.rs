//! Builds the source plugins and puts their shared libraries where a user wants them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace::{Profile, Workspace};
use crate::{notices, process};

/// The packages that are plugins.
pub(crate) const PACKAGES: [&str; 6] = [
    "musicdl-folder",
    "musicdl-lidarr",
    "musicdl-soundcloud",
    "musicdl-soulseek",
    "musicdl-subsonic",
    "musicdl-youtube",
];

/// The licences of what is in the plugins, beside them.
const NOTICES: &str = "THIRD-PARTY-NOTICES.txt";

/// Builds the plugins for use and copies them, with the notices that belong to them.
pub(crate) fn deliver(workspace: &Workspace, dir: &Path) -> Result<()> {
    build_for_use(workspace, &PACKAGES)?;
    println!();
    copy(workspace, Profile::Plugin, dir)?;
    notices::write(workspace, &dir.join(NOTICES))
}

/// Builds those plugins as users get them: as shared libraries and nothing else, because what
/// Rust programs can link too, as the tests do, is never optimised as a whole.
pub(crate) fn build_for_use(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    for package in packages {
        let mut command = workspace.cargo(&["rustc", "--locked"]);
        command.args(Profile::Plugin.args());
        command.args(["-p", package, "--lib", "--crate-type", "cdylib"]);
        process::run(&mut command)?;
    }
    Ok(())
}

/// Builds the plugins for a trial, and more packages with them in one go.
pub(crate) fn build_for_trial(workspace: &Workspace, more: &[&str]) -> Result<()> {
    let mut command = workspace.cargo(&["build", "--locked"]);
    command.args(Profile::Dev.args());
    for package in more.iter().chain(&PACKAGES) {
        command.args(["-p", package]);
    }
    process::run(&mut command)
}

/// Copies what was built. A library that a running musicdl has open is replaced, never
/// written into: it would fall with the ground under it.
pub(crate) fn copy(workspace: &Workspace, profile: Profile, dir: &Path) -> Result<()> {
    copy_these(workspace, profile, &PACKAGES, dir)
}

/// The same for the libraries of those packages.
pub(crate) fn copy_these(
    workspace: &Workspace,
    profile: Profile,
    packages: &[&str],
    dir: &Path,
) -> Result<()> {
    if !dir.exists() {
        fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
        keep_others_out(dir)?;
    }
    for package in packages {
        let (built, name) = workspace.library(profile, package);
        let (aside, place) = (dir.join(format!(".{name}.new")), dir.join(&name));
        fs::copy(&built, &aside).with_context(|| {
            format!(
                "{} cannot be copied to {}",
                built.display(),
                aside.display()
            )
        })?;
        keep_others_out(&aside)?;
        fs::rename(&aside, &place).with_context(|| place.display().to_string())?;
        println!(
            "{}",
            place
                .strip_prefix(&workspace.root)
                .unwrap_or(&place)
                .display()
        );
    }
    Ok(())
}

/// musicdl loads nothing that a group may write to, as it may with some users' umask.
fn keep_others_out(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map(|metadata| metadata.permissions().mode());
    mode.and_then(|mode| fs::set_permissions(path, fs::Permissions::from_mode(mode & !0o022)))
        .with_context(|| path.display().to_string())
}
