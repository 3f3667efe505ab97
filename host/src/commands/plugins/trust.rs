//! `musicdl plugins trust`: which files of which directories are meant, and what came of it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::app::exit::{Exit, Failure};
use crate::app::sources;
use crate::commands::environment::Environment;
use crate::plugin::trust::{Identity, TrustError, Which, renew};
use crate::plugin::{Isolation, load_snapshot, load_snapshot_in_process};
use crate::ui::Screen;

pub(super) fn trust(
    environment: &Environment,
    files: &[PathBuf],
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    screen.warnings(&config.warnings);
    let isolation = sources::isolation(&config)?;
    let mut renewals = Vec::new();
    for (directory, which) in meant(&config.plugins, files)? {
        let renewal = renew(&directory, &which, &|snapshot| {
            let library = match &isolation {
                Isolation::Process(options) => load_snapshot_in_process(snapshot, options),
                Isolation::None => load_snapshot(snapshot),
            };
            library.map(|library| Identity::from(&library))
        });
        renewals.push(renewal?);
    }
    screen.trusted(&renewals);
    let complete = renewals.iter().all(|renewal| renewal.refused.is_empty());
    Ok(if complete {
        Exit::Success
    } else {
        Exit::Partial
    })
}

/// The directories to look at, and which of their files.
fn meant(directories: &[PathBuf], files: &[PathBuf]) -> Result<BTreeMap<PathBuf, Which>, Failure> {
    if !files.is_empty() {
        let mut meant: BTreeMap<PathBuf, Vec<OsString>> = BTreeMap::new();
        for file in files {
            let (directory, name) = place(directories, file)?;
            meant.entry(directory).or_default().push(name);
        }
        let these = |(directory, names)| (directory, Which::These(names));
        return Ok(meant.into_iter().map(these).collect());
    }
    if directories.is_empty() {
        return Err(
            Failure::new(Exit::Usage, "no plugin directory is named").with_hint(
                "name it with --plugins, MUSICDL_PLUGINS or `plugins:` in the config, or name \
                 files",
            ),
        );
    }
    let all = |directory: &PathBuf| (directory.clone(), Which::All);
    Ok(directories.iter().map(all).collect())
}

/// Directory and name of a file. A bare name is one of a plugin directory, never of the
/// current one.
fn place(directories: &[PathBuf], file: &Path) -> Result<(PathBuf, OsString), Failure> {
    let unusable = |message| Failure::new(Exit::Usage, message);
    let Some(name) = file.file_name().map(OsStr::to_owned) else {
        return Err(unusable(format!("{} is no file", file.display())));
    };
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => Ok((parent.to_owned(), name)),
        Some(_) | None => directories
            .iter()
            .find(|directory| directory.join(&name).symlink_metadata().is_ok())
            .map(|directory| (directory.clone(), name))
            .ok_or_else(|| {
                unusable(format!("no plugin directory has a file {}", file.display()))
                    .with_hint("a file elsewhere is named by its path, such as ./FILE")
            }),
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Directory(error) => Failure::new(Exit::Usage, error),
            error @ (TrustError::Exposed { .. } | TrustError::Lock(_)) => {
                Failure::new(Exit::Disk, error)
            }
        }
    }
}
