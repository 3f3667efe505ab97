//! Data for scripts, on stdout: one document for a question, one object a line for a run.
//! The last line of a run is its report.

use serde::Serialize;
use serde_json::json;

use super::out;
use crate::app::{Check, Failure, Report};
use crate::engine::{Event, Reporter};
use crate::kit::child::Message;
use crate::plan::Plan;
use crate::plugin::PluginReport;
use crate::plugin::trust::Renewal;

/// Prints every event.
pub(super) struct Events;

impl Reporter for Events {
    fn event(&mut self, event: &Event) {
        line(event);
    }
}

pub(super) fn report(report: &Report) {
    #[derive(Serialize)]
    struct Last<'a> {
        event: &'static str,
        #[serde(flatten)]
        report: &'a Report,
    }
    line(&Last {
        event: "report",
        report,
    });
}

pub(super) fn failure(failure: &Failure) {
    line(&json!({
        "event": "error",
        "exit_code": failure.exit.code(),
        "outcome": failure.exit.as_str(),
        "message": failure.message,
        "hint": failure.hint,
    }));
}

pub(super) fn plan(plan: &Plan) {
    out::stream(|pipe| Ok(plan.write_json(pipe)?));
}

pub(super) fn plugins(report: &[PluginReport], checks: Option<&[Check]>) {
    document(&json!({ "plugins": report, "checks": checks }));
}

pub(super) fn trusted(renewals: &[Renewal]) {
    let locks: Vec<_> = renewals
        .iter()
        .map(|renewal| {
            let refused = renewal.refused.iter().map(|error| {
                json!({
                    "file": error.file.display().to_string(),
                    "reason": error.reason.to_string(),
                })
            });
            json!({
                "lock": renewal.file.display().to_string(),
                "written": renewal.written,
                "plugins": renewal.rows,
                "refused": refused.collect::<Vec<_>>(),
            })
        })
        .collect();
    document(&json!({ "locks": locks }));
}

pub(super) fn document(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => out::data(&text),
        Err(error) => tracing::error!(%error, "data cannot be printed"),
    }
}

/// One thing a child process says.
pub(super) fn message(message: &Message) {
    match serde_json::to_string(message) {
        Ok(text) => out::data(&format!("\n{text}")),
        Err(error) => tracing::error!(%error, "a message cannot be printed"),
    }
}

fn line(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => out::data(&text),
        Err(error) => tracing::error!(%error, "an event cannot be printed"),
    }
}
