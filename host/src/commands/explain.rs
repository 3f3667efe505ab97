//! `musicdl explain`: every candidate for a track, its scores, and the rule that decided.

use std::sync::Arc;

use super::environment::Environment;
use super::item::one_item;
use super::run::runtime;
use crate::app::engine_config::engine_options;
use crate::app::exit::{Exit, Failure};
use crate::app::{Explanation, sources};
use crate::engine::{SourceMemory, explain};
use crate::state::{ReadOnlyState, SourceStore};
use crate::ui::Screen;

pub(super) fn explain_item(
    environment: &Environment,
    words: &str,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    screen.warnings(&config.warnings);
    let state = ReadOnlyState::open(&config.state)?;
    let item = one_item(&state, words)?;
    let attempts = state.attempts_of(&item.id)?;
    let runtime = runtime()?;
    let explained = runtime.block_on(async {
        let sources = sources::load(&config)?;
        sources.refuse_mistakes()?;
        screen.refused(&sources.registry.refused);
        let memory: Arc<dyn SourceMemory> = Arc::new(SourceStore::open(&config.state)?);
        let options = engine_options(&config);
        Ok::<_, Failure>(explain(&item.track, sources.handles(&config), &options, &memory).await)
    });
    // A plugin call that does not return must not keep the program alive.
    runtime.shutdown_background();
    let explained = explained?;
    screen.explanation(&Explanation {
        id: item.id,
        name: item.name,
        status: item.status,
        reason: item.reason,
        sources: explained,
        attempts,
    });
    Ok(Exit::Success)
}
