//! Asks every source whether it can be reached.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

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

/// Asks all sources at once; one that does not answer in time is unreachable.
pub(crate) async fn ask_all(
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
