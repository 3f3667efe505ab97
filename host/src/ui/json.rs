//! Data for scripts, on stdout: one document for a question, one object a line for a run.
//! The last line of a run is its report.

use serde::Serialize;
use serde_json::json;

use super::failure::warning;
use super::out;
use super::printer::View;
use crate::app::{Check, Failure, Report, RunEvent, RunId};
use crate::engine::Event;
use crate::kit::child::Message;
use crate::plan::Plan;
use crate::plugin::PluginReport;
use crate::plugin::trust::Renewal;

/// Prints every event.
pub(super) struct Events;

impl View for Events {
    fn show(&mut self, event: &RunEvent) {
        if let Event::Warning { message } = &event.event {
            out::talk(&warning(message));
        }
        line(event);
    }
}

/// The last line of a run, which counts as an event after all others.
#[derive(Serialize)]
struct Last<'a, T: Serialize> {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(flatten)]
    content: T,
}

fn last(event: &'static str, before: Option<&RunEvent>, content: impl Serialize) {
    line(&Last {
        event,
        run: before.map(|before| &before.run),
        seq: before.map(|before| before.seq + 1),
        content,
    });
}

pub(super) fn report(report: &Report, before: Option<&RunEvent>) {
    last("report", before, report);
}

pub(super) fn failure(failure: &Failure, before: Option<&RunEvent>) {
    let content = json!({
        "exit_code": failure.exit.code(),
        "outcome": failure.exit.as_str(),
        "message": failure.message,
        "hint": failure.hint,
    });
    last("error", before, content);
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
