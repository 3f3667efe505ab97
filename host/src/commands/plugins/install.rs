//! `musicdl plugins install` and `remove`: libraries into the plugin directory and out of it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{check, info};
use crate::app::exit::{Exit, Failure};
use crate::app::sources;
use crate::commands::environment::Environment;
use crate::commands::run::runtime;
use crate::kit::install::{self, InstallError};
use crate::kit::review::Verdict;
use crate::plugin::discover;
use crate::text::plain;
use crate::ui::Screen;

/// Nothing is installed unless every file passes its check.
pub(super) fn install(
    environment: &Environment,
    files: &[PathBuf],
    dir: Option<PathBuf>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let dir = match dir {
        Some(dir) => dir,
        None => configured(environment)?,
    };
    let mut reviews = Vec::new();
    for file in files {
        reviews.push(check::reviewed(file)?);
    }
    let worst = reviews.iter().map(|review| review.verdict).max();
    if worst == Some(Verdict::Fail) {
        reviews.retain(|review| review.verdict == Verdict::Fail);
        screen.reviews(&reviews);
        let message = "nothing was installed: not every file passed its check";
        return Err(Failure::new(Exit::Partial, message));
    }
    for review in &reviews {
        let warnings = review.items.iter();
        let warnings = warnings.filter(|item| item.verdict == Verdict::Warn);
        let texts: Vec<String> = warnings
            .map(|item| format!("{}: {}: {}", review.file, item.item, item.says))
            .collect();
        screen.warnings(&texts);
    }
    let mut installed = Vec::new();
    for file in files {
        let place = install::install(file, &dir)?;
        installed.push(place.display().to_string());
    }
    let words = format!("installed {}", plain(&installed.join(", ")));
    screen.answer(&json!({ "installed": installed }), &words);
    Ok(Exit::Success)
}

fn configured(environment: &Environment) -> Result<PathBuf, Failure> {
    let config = environment.config_to_look()?;
    config.plugins.into_iter().next().ok_or_else(|| {
        Failure::new(Exit::Usage, "no plugin directory is configured").with_hint(
            "name one with --dir, --plugins, MUSICDL_PLUGINS or `plugins:` in the config",
        )
    })
}

/// By the name in the config; by the name of its file for what cannot be loaded.
pub(super) fn remove(
    environment: &Environment,
    name: &str,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let by_file = discover(&config.plugins)
        .map_err(|error| Failure::new(Exit::Usage, error))?
        .candidates
        .into_iter()
        .find(|file| file.file_name() == Some(Path::new(name).as_os_str()));
    let file = match by_file {
        Some(file) => file,
        None => {
            let runtime = runtime()?;
            let within = runtime.enter();
            let sources = sources::load(&config)?;
            let found = sources
                .registry
                .file_of(name)
                .map(Path::to_owned)
                .ok_or_else(|| info::unknown(name, &sources));
            drop(within);
            runtime.shutdown_background();
            found?
        }
    };
    install::remove(&file)?;
    let shown = file.display().to_string();
    let words = format!("removed {}", plain(&shown));
    screen.answer(&json!({ "removed": shown }), &words);
    Ok(Exit::Success)
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::Name(_) | InstallError::Same(_) | InstallError::Occupied(_) => {
                Failure::new(Exit::Usage, error)
            }
            InstallError::Disk { .. } => Failure::new(Exit::Disk, error),
        }
    }
}
