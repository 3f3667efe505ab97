//! `musicdl plugins`: every file of the plugin directories, and what became of it.

use std::sync::Arc;

use crate::app::connections::ask_all;
use crate::app::exit::{Exit, Failure};
use crate::app::sources;
use crate::commands::environment::Environment;
use crate::commands::run::runtime;
use crate::plugin::PluginReport;
use crate::ui::Screen;

pub(super) fn list(
    environment: &Environment,
    check: bool,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    let runtime = runtime()?;
    let _within = runtime.enter();
    let sources = sources::load(&config)?;
    screen.warnings(&config.warnings);
    screen.warnings(&sources.warnings);
    let report: Vec<PluginReport> = sources.registry.report();
    let checks = if check {
        let limit = config.limits.connect_check_timeout;
        let asked: Vec<_> = sources
            .in_order(&config)
            .into_iter()
            .map(|source| (source.name.to_string(), Arc::clone(&source.source)))
            .collect();
        Some(runtime.block_on(ask_all(asked, limit)))
    } else {
        None
    };
    screen.plugins(&report, checks.as_deref());
    let unreachable = checks.iter().flatten().any(|check| !check.reachable);
    let exit = if unreachable {
        Exit::Network
    } else {
        Exit::Success
    };
    drop(_within);
    runtime.shutdown_background();
    Ok(exit)
}
