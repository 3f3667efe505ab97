//! `musicdl plan` and `run --dry-run`: what would be done, without doing it.

use std::path::Path;

use super::environment::Environment;
use super::run::runtime;
use crate::app::exit::{Exit, Failure};
use crate::app::planning::{self, Drawn};
use crate::app::selection::{self, Selection};
use crate::config::Config;
use crate::layout::Layout;
use crate::state::{Memory, ReadOnlyState, StateError};
use crate::ui::Screen;

pub(super) fn plan(
    environment: &Environment,
    save: Option<&Path>,
    list: Option<&Path>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config(None)?;
    screen.warnings(&config.warnings);
    let layout = planning::layout(&config)?;
    runtime()?.block_on(show(
        &config,
        &layout,
        &Selection::default(),
        None,
        Written { save, list },
        screen,
    ))
}

/// Files that showing a plan writes.
#[derive(Clone, Copy, Default)]
pub(super) struct Written<'a> {
    /// The plan, for `run --plan`.
    pub(super) save: Option<&'a Path>,
    /// What it would fetch, for `run --include`.
    pub(super) list: Option<&'a Path>,
}

/// Plans and shows. Takes no lock and writes nothing but `written`.
pub(super) async fn show(
    config: &Config,
    layout: &Layout,
    selection: &Selection,
    load: Option<&Path>,
    written: Written<'_>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let memory = match ReadOnlyState::open(&config.state) {
        Ok(state) => state.memory()?,
        Err(StateError::Absent { .. }) => Memory::default(),
        Err(error) => return Err(error.into()),
    };
    let Drawn {
        mut plan,
        findings,
        duplicates,
        ignored,
    } = planning::plan(config, layout, &memory, load).await?;
    let ignored: Vec<String> = ignored.iter().map(ToString::to_string).collect();
    screen.warnings(&ignored);
    screen.warnings(&selection.apply(&mut plan));
    if let Some(file) = written.save {
        plan.save(file)?;
    }
    if let Some(file) = written.list {
        std::fs::write(file, selection::list(&plan)).map_err(|error| {
            let message = format!("the list `{}` cannot be written: {error}", file.display());
            Failure::new(Exit::Disk, message)
        })?;
    }
    screen.show_plan(&plan, &findings, findings.repeated + duplicates);
    Ok(if findings.failed.is_empty() {
        Exit::Success
    } else {
        Exit::Partial
    })
}
