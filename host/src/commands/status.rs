//! `musicdl status`: how things stand, also while a run is going on.

use super::environment::Environment;
use super::exit::{Exit, Failure};
use crate::state::ReadOnlyState;
use crate::ui::Screen;

pub(super) fn status(environment: &Environment, screen: &Screen) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let status = ReadOnlyState::open(&config.state)?.status()?;
    screen.status(&status);
    Ok(Exit::Success)
}
