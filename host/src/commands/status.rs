//! `musicdl status`: how things stand, also while a run is going on.

use std::time::Duration;

use super::environment::Environment;
use super::run::quarantine;
use crate::app::exit::{Exit, Failure};
use crate::state::{ReadOnlyState, StatusReport};
use crate::ui::Screen;

/// How often somebody who watches is told.
const EVERY: Duration = Duration::from_secs(1);

pub(super) fn status(
    environment: &Environment,
    watch: bool,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let state = ReadOnlyState::open(&config.state)?;
    let quarantine = quarantine(&config);
    let look = || -> Result<StatusReport, Failure> {
        let mut status = state.status()?;
        // A directory that cannot be read hides nothing else.
        status.quarantine = quarantine.totals().ok();
        Ok(status)
    };
    let mut status = look()?;
    screen.status(&status);
    // Until the run that is watched has ended; without one there is nothing to wait for.
    while watch && status.held_by.is_some() {
        std::thread::sleep(EVERY);
        let now = look()?;
        if now.statistics != status.statistics || now.held_by.is_none() {
            screen.status(&now);
        }
        status = now;
    }
    Ok(Exit::Success)
}
