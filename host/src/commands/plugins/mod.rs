//! `musicdl plugins`: the list of plugins, and what is done with one.

mod check;
mod dev;
mod info;
mod install;
mod list;
mod new;
mod trust;

use super::environment::Environment;
use crate::app::exit::{Exit, Failure};
use crate::cli::PluginsAction;
use crate::ui::Screen;

pub(super) fn plugins(
    environment: &Environment,
    action: Option<PluginsAction>,
    check: bool,
    screen: &Screen,
) -> Result<Exit, Failure> {
    match action {
        None => list::list(environment, check, screen),
        Some(_) if check => Err(Failure::new(
            Exit::Usage,
            "--check asks the sources that `musicdl plugins` lists, and goes with no action",
        )),
        Some(PluginsAction::Trust { files }) => trust::trust(environment, &files, screen),
        Some(PluginsAction::New {
            name,
            album_only,
            path,
            plugin_api,
        }) => new::new(&name, album_only, path, plugin_api.as_deref(), screen),
        Some(PluginsAction::Check {
            file,
            in_process: false,
        }) => check::check(&file, screen),
        Some(PluginsAction::Check {
            file,
            in_process: true,
        }) => Ok(check::in_process(&file, screen)),
        Some(PluginsAction::Dev {
            dir,
            in_process: false,
        }) => dev::dev(environment, &dir, screen),
        Some(PluginsAction::Dev {
            dir,
            in_process: true,
        }) => dev::in_process(environment, &dir, screen),
        Some(PluginsAction::Install { file, dir }) => {
            install::install(environment, &file, dir, screen)
        }
        Some(PluginsAction::Remove { name }) => install::remove(environment, &name, screen),
        Some(PluginsAction::Info { name }) => info::info(environment, &name, screen),
    }
}
