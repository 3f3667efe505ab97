//! A target -> a download in slskd. Each version answers otherwise; what holds for all is
//! that a download which is not in the answer was there before, and is taken up.

use std::thread;
use std::time::Duration;

use musicdl_plugin_api::{Progress, SourceError};

use crate::api::{Api, BatchRequest};
use crate::clock;
use crate::error::{Asked, Failure};
use crate::guid;
use crate::ledger::Ledger;
use crate::record::Transfer;
use crate::server::Setup;
use crate::state::{Stage, stage};
use crate::target::Target;

/// Below slskd's downloads directory: one directory for each of our downloads.
pub(crate) const OWN_DIRECTORIES: &str = "musicdl/";
/// slskd takes two requests at a time; the third is asked to retry.
const BUSY: Duration = Duration::from_millis(300);
const BUSY_TRIES: u32 = 40;
/// A download of the same file may end between our request and our look at the list.
const ROUNDS: u32 = 3;

/// A download to follow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Began {
    pub(crate) id: String,
    /// Whether we began it, in this run or an earlier one. One that the user began is
    /// followed, and never cancelled or removed.
    pub(crate) ours: bool,
}

/// Asks slskd for a file.
///
/// # Errors
/// `NotFound` when the peer is not there, `Cancelled`, else what slskd says.
pub(crate) fn enqueue(
    api: &Api,
    setup: &Setup,
    ledger: &Ledger,
    target: &Target,
    progress: &Progress,
) -> Result<Began, SourceError> {
    let began = match inherited(api, ledger, target) {
        Some(began) => began,
        None if setup.version.has_batches() => by_batch(api, ledger, target, progress)?,
        None => by_user(api, setup, ledger, target, progress)?,
    };
    if began.ours {
        ledger.download_began(&target.username, &began.id);
    }
    Ok(began)
}

/// What a run that was killed asked for goes on in slskd, or is done by now.
fn inherited(api: &Api, ledger: &Ledger, target: &Target) -> Option<Began> {
    ledger
        .inherited_downloads()
        .into_iter()
        .filter(|ours| ours.username == target.username)
        // One that cannot be read is asked for anew, and swept up later.
        .filter_map(|ours| api.transfer(&ours.username, &ours.id).ok())
        .find(|transfer| {
            transfer.filename == target.filename
                && transfer.size == target.size
                && !matches!(stage(&transfer.state), Stage::Failed(_))
        })
        .map(|transfer| Began {
            id: transfer.id,
            ours: true,
        })
}

fn by_batch(
    api: &Api,
    ledger: &Ledger,
    target: &Target,
    progress: &Progress,
) -> Result<Began, SourceError> {
    let mut refusal = String::new();
    for _ in 0..ROUNDS {
        let id = guid::new()?;
        let destination = format!("{OWN_DIRECTORIES}{id}");
        let batch = BatchRequest {
            id: &id,
            search_id: target.search.as_deref(),
            username: &target.username,
            filename: &target.filename,
            size: target.size,
            destination: &destination,
        };
        let mut answer = patiently(progress, || api.enqueue_batch(&batch))?;
        if answer.as_ref().is_err_and(Failure::is_lost) {
            // With the same id: if it had arrived, slskd says that it knows it.
            answer = patiently(progress, || api.enqueue_batch(&batch))?;
        }
        let transfers = match answer {
            Ok(answer) => {
                let failure = answer
                    .failures
                    .into_iter()
                    .find(|failure| failure.filename == target.filename);
                refusal = failure.map(|failure| failure.message).unwrap_or_default();
                answer.batch.transfers
            }
            Err(failure) if failure.status() == Some(409) => {
                let known = api.batch(&id);
                known
                    .map_err(|failure| api.report(failure, Asked::Enqueue))?
                    .transfers
            }
            Err(failure) => return Err(api.report(failure, Asked::Enqueue)),
        };
        if let Some(transfer) = newest(transfers, target) {
            return Ok(Began {
                id: transfer.id,
                ours: true,
            });
        }
        if let Some(began) = adopt(api, ledger, target, None)? {
            return Ok(began);
        }
        thread::sleep(BUSY);
    }
    Err(not_taken(target, &refusal))
}

fn by_user(
    api: &Api,
    setup: &Setup,
    ledger: &Ledger,
    target: &Target,
    progress: &Progress,
) -> Result<Began, SourceError> {
    let Target {
        username,
        filename,
        size,
        ..
    } = target;
    for _ in 0..ROUNDS {
        // What is there now is not what we are about to begin.
        let known = downloads(api, target)?;
        let known: Vec<String> = known.into_iter().map(|transfer| transfer.id).collect();
        let answer = patiently(progress, || api.enqueue(username, filename, *size))?;
        let enqueued = match answer {
            Ok(Some(answer)) if !setup.version.enqueues_silently() => answer.enqueued,
            Ok(_) => Vec::new(),
            // Whether it arrived, the list tells.
            Err(failure) if failure.is_lost() => match adopt(api, ledger, target, Some(&known))? {
                Some(began) => return Ok(began),
                None => return Err(api.report(failure, Asked::Enqueue)),
            },
            Err(failure) => return Err(api.report(failure, Asked::Enqueue)),
        };
        if let Some(transfer) = newest(enqueued, target) {
            return Ok(Began {
                id: transfer.id,
                ours: true,
            });
        }
        if let Some(began) = adopt(api, ledger, target, Some(&known))? {
            return Ok(began);
        }
        thread::sleep(BUSY);
    }
    Err(not_taken(target, ""))
}

fn not_taken(target: &Target, words: &str) -> SourceError {
    let why = if words.is_empty() { "" } else { ": " };
    SourceError::not_found(format!(
        "slskd did not take the file from the peer {}{why}{words}",
        target.username
    ))
}

/// Makes a call again while slskd is busy with others.
///
/// # Errors
/// `Cancelled`.
fn patiently<T>(
    progress: &Progress,
    call: impl Fn() -> Result<T, Failure>,
) -> Result<Result<T, Failure>, SourceError> {
    let mut tries = 0;
    loop {
        progress.check()?;
        let answer = call();
        tries += 1;
        match answer {
            Err(failure) if failure.is_busy() && tries < BUSY_TRIES => thread::sleep(BUSY),
            answer => return Ok(answer),
        }
    }
}

/// A download of that file that slskd has: one that was not there before, else one that is
/// under way.
fn adopt(
    api: &Api,
    ledger: &Ledger,
    target: &Target,
    known_before: Option<&[String]>,
) -> Result<Option<Began>, SourceError> {
    let all = downloads(api, target)?;
    // Without a list of what was there, nothing is known to be new.
    let is_new =
        |transfer: &Transfer| known_before.is_some_and(|known| !known.contains(&transfer.id));
    let (new, before): (Vec<Transfer>, Vec<Transfer>) = all.into_iter().partition(is_new);
    if let Some(transfer) = newest(new, target) {
        return Ok(Some(Began {
            id: transfer.id,
            ours: true,
        }));
    }
    let under_way = before
        .into_iter()
        .filter(|transfer| !matches!(stage(&transfer.state), Stage::Succeeded | Stage::Failed(_)))
        .collect();
    Ok(newest(under_way, target).map(|transfer| Began {
        ours: ledger.owns(&target.username, &transfer.id),
        id: transfer.id,
    }))
}

fn downloads(api: &Api, target: &Target) -> Result<Vec<Transfer>, SourceError> {
    let all = api
        .downloads(&target.username)
        .map_err(|failure| api.report(failure, Asked::Transfer))?;
    Ok(all
        .into_iter()
        .filter(|transfer| transfer.filename == target.filename)
        .collect())
}

fn newest(transfers: Vec<Transfer>, target: &Target) -> Option<Transfer> {
    transfers
        .into_iter()
        .filter(|transfer| transfer.filename == target.filename && !transfer.id.is_empty())
        .max_by_key(|transfer| transfer.requested_at.as_deref().and_then(clock::instant))
}
