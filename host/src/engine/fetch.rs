//! One candidate: room on the disk, the download, the file checked, tagged and placed.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use musicdl_plugin_api::{DownloadRequest, Hit, SourceError, TargetKind};

use super::choose::{Candidate, ceiling};
use super::delivered::only_file;
use super::event::Event;
use super::executor::blocking;
use super::fallback::Step;
use super::finish::{FinishError, Finished, Origin};
use super::inspect::Findings;
use super::job::{Context, FailureEffect};
use super::journal::Attempt;
use super::mailbox::CallContext;
use super::source_handle::SourceStack;
use super::space::Room;
use crate::music::{SourceName, TrackId};
use crate::plan::PlanItem;
use crate::publish::{PublishError, Staging};

/// What came of fetching.
#[derive(Debug)]
pub(super) enum Fetched {
    /// It is at its places.
    Got(Finished),
    /// Another file is at the item's place; no candidate can change that.
    Obstructed(String),
    /// It is not.
    FailureEffect(FailureEffect),
}

/// Why nothing can be fetched.
#[derive(Debug)]
pub(super) struct Unprepared {
    /// Whether that is so for every item.
    pub(super) stops: bool,
    pub(super) why: String,
}

/// What is written down of a download, however it ended.
#[derive(Debug, Default)]
struct Traces {
    bytes: u64,
    finding: Option<String>,
}

/// Fetches, and writes down that it did.
pub(super) async fn fetch(
    handle: &SourceStack,
    candidate: &Candidate,
    item: &Arc<PlanItem>,
    context: &Arc<Context>,
    call_context: &CallContext,
) -> (Fetched, Attempt) {
    let (started_at, clock) = (Timestamp::now(), Instant::now());
    let mut traces = Traces::default();
    let fetched =
        fetch_and_finish(handle, candidate, item, context, call_context, &mut traces).await;
    let failure = match &fetched {
        Fetched::Got(_) => None,
        Fetched::Obstructed(why)
        | Fetched::FailureEffect(FailureEffect::Lost(why) | FailureEffect::DiskStops(why)) => {
            Some(why.clone())
        }
        Fetched::FailureEffect(FailureEffect::Rests(rest)) => Some(rest.why.clone()),
        Fetched::FailureEffect(FailureEffect::Dropped) => handle.dropped(),
        Fetched::FailureEffect(FailureEffect::Ended) => Some("stopped".to_owned()),
    };
    let attempt = Attempt {
        id: item.id().clone(),
        source: handle.name().clone(),
        target: candidate.hit.target_id.clone(),
        score: candidate.score.total,
        bytes: traces.bytes,
        started_at,
        took: clock.elapsed(),
        failure,
        finding: traces.finding,
    };
    (fetched, attempt)
}

async fn fetch_and_finish(
    handle: &SourceStack,
    candidate: &Candidate,
    item: &Arc<PlanItem>,
    context: &Arc<Context>,
    call_context: &CallContext,
    traces: &mut Traces,
) -> Fetched {
    let (staging, _room) =
        match prepare(item.id().clone(), handle, candidate.hit.size, context).await {
            Ok(prepared) => prepared,
            Err(Unprepared { stops: true, why }) => {
                return Fetched::FailureEffect(FailureEffect::DiskStops(why));
            }
            Err(Unprepared { stops: false, why }) => return Fetched::Obstructed(why),
        };
    let request = DownloadRequest {
        target_id: candidate.hit.target_id.clone(),
        kind: TargetKind::TRACK,
        dest_dir: staging.fetch().to_owned(),
        ceiling: ceiling(&context.rules.quality),
        hit: candidate.hit.clone(),
        extra: Vec::new(),
    };
    let files = match handle.download(&request, call_context).await {
        Ok(files) => files,
        Err(fault) => {
            return Fetched::FailureEffect(context.failure_effect(
                Step::Download,
                fault,
                call_context,
            ));
        }
    };
    let (item_of, context_of) = (Arc::clone(item), Arc::clone(context));
    let origin = Origin {
        source: handle.name().clone(),
        hit: candidate.hit.clone(),
    };
    let worked = blocking(move || {
        let delivered = only_file(files, staging.fetch())?;
        let finisher = &context_of.finisher;
        let finished = finisher.finish(&staging, &delivered, &item_of, &origin);
        let removed = staging.remove();
        let finished =
            finished.and_then(|finished| removed.map(|()| finished).map_err(FinishError::from));
        Ok::<_, SourceError>((delivered.audio.bytes, finished))
    });
    let (bytes, finished) = match worked.await {
        Ok(worked) => worked,
        Err(error) => return Fetched::FailureEffect(FailureEffect::Lost(error.to_string())),
    };
    traces.bytes = bytes;
    handle.delivered(bytes);
    traces.finding = told(
        &finished,
        item.id(),
        handle.name(),
        &candidate.hit,
        call_context,
    );
    match finished {
        Ok(finished) => Fetched::Got(finished),
        Err(error) if error.is_disk_stop() => {
            Fetched::FailureEffect(FailureEffect::DiskStops(error.to_string()))
        }
        Err(FinishError::Refused { why, .. }) => {
            let why = why.to_string();
            // What its owner keeps on this machine may be mended before the next run.
            if !handle.is_local() {
                remember(handle, candidate, item.id(), &why, context).await;
            }
            Fetched::FailureEffect(FailureEffect::Lost(why))
        }
        Err(error @ FinishError::NotBetter) => {
            Fetched::FailureEffect(FailureEffect::Lost(error.to_string()))
        }
        Err(error @ (FinishError::Publish(_) | FinishError::Tag(_) | FinishError::Unheld)) => {
            Fetched::Obstructed(error.to_string())
        }
    }
}

/// Tells what was found out about a file, and says the same for the journal.
pub(super) fn told(
    finished: &Result<Finished, FinishError>,
    id: &TrackId,
    source: &SourceName,
    hit: &Hit,
    call_context: &CallContext,
) -> Option<String> {
    let (id, source) = (id.clone(), source.clone());
    match finished {
        Ok(finished) => {
            let findings = Findings::clone(finished.findings.as_ref()?);
            let words = findings.to_string();
            call_context.mailbox.emit(Event::Verified {
                id,
                source,
                findings,
            });
            Some(words)
        }
        Err(FinishError::Refused {
            why,
            kept: Some(path),
        }) => {
            call_context.mailbox.emit(Event::Quarantined {
                id,
                source,
                target: hit.target_id.clone(),
                reason: why.to_string(),
                path: path.clone(),
            });
            Some(format!("kept in {}", path.display()))
        }
        Err(FinishError::Refused { kept: None, .. })
        | Err(
            FinishError::NotBetter
            | FinishError::Unheld
            | FinishError::Publish(_)
            | FinishError::Tag(_),
        ) => None,
    }
}

/// A fresh, empty directory, and room for what comes into it.
pub(super) async fn prepare(
    id: TrackId,
    handle: &SourceStack,
    size: Option<u64>,
    context: &Arc<Context>,
) -> Result<(Staging, Room), Unprepared> {
    let (context, source) = (Arc::clone(context), handle.name().clone());
    blocking(move || {
        let publisher = context.finisher.publisher();
        let of = |error: PublishError| Unprepared {
            stops: error.is_disk_stop(),
            why: error.to_string(),
        };
        let staging = publisher.staging(&id, &source).map_err(of)?;
        let free = publisher.free_bytes().map_err(of)?;
        let room = context.space.reserve(size, free).map_err(|refused| {
            let library = publisher.library().display();
            Unprepared {
                stops: true,
                why: format!("there is no room in the library `{library}`: {refused}"),
            }
        })?;
        Ok((staging, room))
    })
    .await
}

async fn remember(
    handle: &SourceStack,
    candidate: &Candidate,
    item: &TrackId,
    why: &str,
    context: &Arc<Context>,
) {
    let (memory, source, item) = (
        Arc::clone(&context.memory),
        handle.name().clone(),
        item.clone(),
    );
    let (target, why) = (candidate.hit.target_id.clone(), why.to_owned());
    blocking(move || memory.found_bad(&source, &target, &item, &why)).await;
}
