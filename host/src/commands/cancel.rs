//! `musicdl cancel`: a track, or a source for the rest of a run. A run that is going on is
//! told and hears it within a moment; otherwise the journal is changed at once.

use serde::Serialize;

use super::environment::Environment;
use crate::app::exit::{Exit, Failure};
use crate::engine::Command;
use crate::music::SourceName;
use crate::state::{FoundItem, ReadOnlyState, State, StateError, leave_command};
use crate::ui::Screen;

/// So many of several items are named that words could mean.
const NAMED: usize = 10;

/// What was cancelled, as data.
#[derive(Debug, Serialize)]
struct Cancelled<'a> {
    /// Id of the item, or name of the source.
    cancelled: &'a str,
    /// Whether a run was told.
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
        true => format!("cancelled: {} (the run was told)", item.name),
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
        return Err(Failure::new(
            Exit::Usage,
            "no run is going on that could leave a source out",
        )
        .with_hint(format!("for all runs, set `enabled: false` for `{name}`")));
    }
    leave_command(&config.state, &Command::DropSource(name.clone()))?;
    let data = Cancelled {
        cancelled: name.as_str(),
        told_a_run: true,
    };
    screen.answer(&data, &format!("cancelled: {name} (the run was told)"));
    Ok(Exit::Success)
}

/// The one item that is meant.
pub(super) fn one_item(state: &ReadOnlyState, words: &str) -> Result<FoundItem, Failure> {
    let mut found = state.find_items(words)?;
    match found.len() {
        0 => Err(Failure::new(
            Exit::Usage,
            format!("nothing in the plan is called `{words}`"),
        )
        .with_hint("`musicdl plan --json` lists ids and names")),
        1 => Ok(found.remove(0)),
        more => {
            let named: Vec<String> = found
                .iter()
                .take(NAMED)
                .map(|item| format!("{}  {}", item.id, item.name))
                .collect();
            Err(Failure::new(
                Exit::Usage,
                format!("{more} items are called so\n  {}", named.join("\n  ")),
            )
            .with_hint("name one by its id"))
        }
    }
}
