//! `musicdl status`: how things stand, also while a run is going on.

use std::time::Duration;

use super::environment::Environment;
use crate::app::Status;
use crate::app::engine_config::quarantine;
use crate::app::exit::{Exit, Failure};
use crate::ui::Screen;

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(1);

pub(super) fn status(
    environment: &Environment,
    watch: bool,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let quarantine = quarantine(&config);
    let mut status = Status::of(&config.state, &quarantine)?;
    screen.status(&status);
    // Until the run that is watched has ended; without one there is nothing to wait for.
    while watch && status.state.held_by.is_some() {
        std::thread::sleep(EVERY);
        let now = Status::of(&config.state, &quarantine)?;
        let (new, old) = (&now.state, &status.state);
        if new.statistics != old.statistics || new.fetching != old.fetching || new.held_by.is_none()
        {
            screen.status(&now);
        }
        status = now;
    }
    Ok(Exit::Success)
}
