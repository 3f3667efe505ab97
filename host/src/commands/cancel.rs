//! `musicdl cancel`: a track, or a source for the rest of a run. A run that is going on takes it
//! within a moment; if it ends before, the next one does. Without a run the journal is changed
//! at once.

use serde::Serialize;

use super::environment::Environment;
use super::item::one_item;
use crate::app::exit::{Exit, Failure};
use crate::engine::Command;
use crate::music::SourceName;
use crate::state::{ReadOnlyState, State, StateError, leave_command};
use crate::ui::Screen;

/// What was cancelled, as data.
#[derive(Debug, Serialize)]
struct Cancelled<'a> {
    /// Id of the item, or name of the source.
    cancelled: &'a str,
    /// Whether a run is going on that takes it.
    told_a_run: bool,
}

pub(super) fn item(
    environment: &Environment,
    words: &str,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let item = one_item(&ReadOnlyState::open(&config.state)?, words)?;
    let told = match State::open(&config.state) {
        Ok(mut state) => {
            state.cancel_item(&item.id)?;
            false
        }
        Err(StateError::Held { .. }) => {
            leave_command(&config.state, &Command::CancelItem(item.id.clone()))?;
            true
        }
        Err(error) => return Err(error.into()),
    };
    let words = match told {
        true => format!("cancelled: {}, also in the current run", item.name),
        false => format!("cancelled: {}", item.name),
    };
    let data = Cancelled {
        cancelled: item.id.as_str(),
        told_a_run: told,
    };
    screen.answer(&data, &crate::text::plain(&words));
    Ok(Exit::Success)
}

pub(super) fn source(
    environment: &Environment,
    name: &str,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let name = SourceName::parse(name).map_err(|error| Failure::new(Exit::Usage, error))?;
    let held = ReadOnlyState::open(&config.state)?.status()?.held_by;
    if held.is_none() {
        return Err(
            Failure::new(Exit::Usage, "no run is in progress").with_hint(format!(
                "to leave it out of all runs, set `enabled: false` for `{name}`"
            )),
        );
    }
    leave_command(&config.state, &Command::DropSource(name.clone()))?;
    let data = Cancelled {
        cancelled: name.as_str(),
        told_a_run: true,
    };
    screen.answer(
        &data,
        &format!("cancelled: {name}, for the rest of the current run"),
    );
    Ok(Exit::Success)
}
