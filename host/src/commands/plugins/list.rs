//! `musicdl plugins`: every file of the plugin directories, and what became of it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::commands::environment::Environment;
use crate::commands::exit::{Exit, Failure};
use crate::commands::run::runtime;
use crate::commands::sources;
use crate::plugin::PluginReport;
use crate::ui::Screen;

/// What a source answered when it was asked whether it can be reached.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Which source.
    pub name: String,
    /// Whether it can be used.
    pub reachable: bool,
    /// Service and account, or why not.
    pub message: String,
    /// What works but should be known.
    pub warnings: Vec<String>,
}

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

/// Asks all sources at once; one that does not answer in time is unreachable.
async fn ask_all(
    sources: Vec<(String, Arc<dyn musicdl_plugin_api::Source>)>,
    limit: Duration,
) -> Vec<Check> {
    let mut calls = Vec::new();
    for (name, source) in sources {
        let call = tokio::task::spawn_blocking(move || source.check_connection());
        calls.push((name, tokio::spawn(tokio::time::timeout(limit, call))));
    }
    let mut checks = Vec::new();
    for (name, call) in calls {
        let (reachable, message, warnings) = match call.await {
            Ok(Ok(Ok(Ok(connection)))) => {
                let facts = [connection.service, connection.account];
                let facts: Vec<String> = facts.into_iter().flatten().collect();
                (true, facts.join(", "), connection.warnings)
            }
            Ok(Ok(Ok(Err(error)))) => (false, error.to_string(), Vec::new()),
            Ok(Err(_)) => (
                false,
                format!("no answer within {} s", limit.as_secs()),
                Vec::new(),
            ),
            Ok(Ok(Err(error))) | Err(error) => (false, error.to_string(), Vec::new()),
        };
        checks.push(Check {
            name,
            reachable,
            message,
            warnings,
        });
    }
    checks
}
