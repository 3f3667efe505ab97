//! `musicdl plugins`: one file per action, and the list where none is named.

mod list;
mod trust;

pub use list::Check;

use super::environment::Environment;
use super::exit::{Exit, Failure};
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
    }
}
