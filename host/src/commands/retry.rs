//! `musicdl retry`: a run of what failed, or of the tracks that are named, also of those that
//! were cancelled. What is known against files for these tracks is forgotten. It answers for
//! these tracks alone: the report of the last run stays as it is.

use std::collections::HashSet;

use super::environment::Environment;
use super::item::one_item;
use super::run;
use crate::app::exit::{Exit, Failure};
use crate::app::selection::Selection;
use crate::cli::RunArgs;
use crate::music::TrackId;
use crate::state::ReadOnlyState;
use crate::ui::Screen;

pub(super) fn retry(
    environment: &Environment,
    named: &[String],
    failed: bool,
    args: &RunArgs,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config(args.jobs)?;
    let state = ReadOnlyState::open(&config.state)?;
    let mut wanted: HashSet<TrackId> = HashSet::new();
    for words in named {
        wanted.insert(one_item(&state, words)?.id);
    }
    if failed || named.is_empty() {
        wanted.extend(state.failed_items()?);
    }
    drop(state);
    if wanted.is_empty() {
        screen.answer(&serde_json::json!({ "retried": 0 }), "nothing has failed");
        return Ok(Exit::Success);
    }
    run::run_selected(environment, args, Selection::again(wanted), screen)
}
