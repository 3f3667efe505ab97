//! `musicdl plan` and `run --dry-run`: what would be done, without doing it.

use std::path::Path;

use super::environment::Environment;
use super::exit::{Exit, Failure};
use super::planning::{self, Drawn};
use super::run::runtime;
use crate::config::Config;
use crate::layout::Layout;
use crate::state::{Memory, ReadOnlyState, StateError};
use crate::ui::Screen;

pub(super) fn plan(
    environment: &Environment,
    save: Option<&Path>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config(None)?;
    screen.warnings(&config.warnings);
    let layout = planning::layout(&config)?;
    runtime()?.block_on(show(&config, &layout, None, save, screen))
}

/// Plans and shows. Takes no lock and writes nothing but `save`.
pub(super) async fn show(
    config: &Config,
    layout: &Layout,
    load: Option<&Path>,
    save: Option<&Path>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let memory = match ReadOnlyState::open(&config.state) {
        Ok(state) => state.memory()?,
        Err(StateError::Absent { .. }) => Memory::default(),
        Err(error) => return Err(error.into()),
    };
    let Drawn {
        plan,
        findings,
        duplicates,
    } = planning::plan(config, layout, &memory, load).await?;
    if let Some(file) = save {
        plan.save(file)?;
    }
    screen.show_plan(&plan, &findings, duplicates);
    Ok(if findings.failed.is_empty() {
        Exit::Success
    } else {
        Exit::Partial
    })
}
