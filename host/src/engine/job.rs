//! One track: search, choose, fetch, finish. Source after source, candidate after candidate,
//! until one file is at its places or everybody was tried.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use musicdl_plugin_api::{DownloadRequest, QualityCeiling, SourceError, TargetKind};
use tokio::sync::mpsc;

use super::cancel::Cancel;
use super::choose::{Candidate, Choice, choose, queries};
use super::delivered::only_file;
use super::event::{Event, Tried};
use super::fallback::{Next, Patience, after_failure};
use super::finish::{FinishError, Finished, Finisher};
use super::journal::Attempt;
use super::lane::{Lane, Sign};
use crate::matching::Rules;
use crate::music::SourceName;
use crate::plan::PlanItem;

/// So many candidates of one source are fetched for one item, then the next source has its
/// turn: a source whose files are all bad must not keep an item for ever.
const CANDIDATES_PER_SOURCE: usize = 5;
/// So many refused candidates are named in the report, best first.
const REFUSALS_NAMED: usize = 5;

/// What all jobs of a run share.
pub(super) struct Context {
    pub(super) lanes: Vec<Arc<Lane>>,
    pub(super) finisher: Finisher,
    pub(super) rules: Rules,
    pub(super) patience: Patience,
    pub(super) hits_per_search: u32,
    pub(super) cancel: Cancel,
    pub(super) events: mpsc::UnboundedSender<Event>,
}

/// How a job ended.
pub(super) enum End {
    Completed {
        finished: Finished,
        source: Option<SourceName>,
    },
    Failed {
        error: String,
    },
    /// The user stopped the run; the item waits for the next one.
    Parked,
    /// The disk does not take files; no item can succeed now.
    Stop {
        cause: String,
    },
}

/// How a job ended and what it tried.
pub(super) struct Report {
    pub(super) end: End,
    pub(super) attempts: Vec<Attempt>,
    pub(super) tried: Vec<Tried>,
}

/// Carries one item out.
pub(super) async fn carry_out(item: PlanItem, context: Arc<Context>) -> Report {
    let mut job = Job {
        item: Arc::new(item),
        context,
        attempts: Vec::new(),
        tried: Vec::new(),
    };
    let end = match job.run().await {
        Ok(end) | Err(end) => end,
    };
    Report {
        end,
        attempts: job.attempts,
        tried: job.tried,
    }
}

struct Job {
    item: Arc<PlanItem>,
    context: Arc<Context>,
    attempts: Vec<Attempt>,
    tried: Vec<Tried>,
}

/// What a call came to after all its tries.
enum Outcome<T> {
    Got(T),
    /// This target, or this search, came to nothing.
    Lost(String),
    /// The whole source is out.
    SourceLost,
}

impl Job {
    /// `Err` is the short way out: parked or stopped.
    async fn run(&mut self) -> Result<End, End> {
        if let Some(owned) = self.item.owned.clone() {
            let (item, context) = (Arc::clone(&self.item), Arc::clone(&self.context));
            let linked = blocking(move || context.finisher.link_missing(&owned, &item)).await;
            return match linked {
                Ok(finished) => Ok(End::Completed {
                    finished,
                    source: None,
                }),
                Err(error) => Err(self.disk_failure(error)),
            };
        }
        let context = Arc::clone(&self.context);
        for lane in &context.lanes {
            if lane.dropped().is_some() || !lane.takes_tracks() {
                continue;
            }
            if let Some(end) = self.try_source(lane).await? {
                return Ok(end);
            }
        }
        Ok(End::Failed {
            error: self.why_everything_failed(),
        })
    }

    async fn try_source(&mut self, lane: &Arc<Lane>) -> Result<Option<End>, End> {
        let Some(choice) = self.search(lane).await? else {
            return Ok(None);
        };
        for (refused, why) in choice.refused.into_iter().take(REFUSALS_NAMED) {
            self.lost(lane, Some(&refused), why);
        }
        for candidate in choice.accepted.into_iter().take(CANDIDATES_PER_SOURCE) {
            match self.fetch(lane, &candidate).await? {
                Outcome::Got(finished) => {
                    let source = Some(lane.name().clone());
                    return Ok(Some(End::Completed { finished, source }));
                }
                Outcome::Lost(why) => self.lost(lane, Some(&candidate), why),
                Outcome::SourceLost => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Asks in ever fewer words until something may be the wanted recording.
    async fn search(&mut self, lane: &Arc<Lane>) -> Result<Option<Choice>, End> {
        let mut queries = queries(&self.item.track, self.context.hits_per_search);
        if lane.shapes_queries() {
            queries.truncate(1);
        }
        let mut best = Choice::default();
        let mut hits = 0;
        for query in queries {
            let context = Arc::clone(&self.context);
            let outcome = self
                .persist(lane, || lane.search(query.clone(), &context.cancel))
                .await?;
            match outcome {
                Outcome::Got(found) => {
                    hits += found.len();
                    let choice = choose(&self.item.track, found, &self.context.rules);
                    let accepted = choice.accepted.len();
                    self.tell(Event::Searched {
                        id: self.item.id().clone(),
                        source: lane.name().clone(),
                        hits: accepted + choice.refused.len(),
                        accepted,
                    });
                    if accepted > 0 {
                        return Ok(Some(choice));
                    }
                    if choice.refused.len() > best.refused.len() {
                        best = choice;
                    }
                }
                Outcome::Lost(why) => {
                    self.lost(lane, None, why);
                    return Ok(None);
                }
                Outcome::SourceLost => return Ok(None),
            }
        }
        if hits == 0 {
            self.lost(lane, None, "found nothing".to_owned());
        }
        Ok(Some(best))
    }

    async fn fetch(
        &mut self,
        lane: &Arc<Lane>,
        candidate: &Candidate,
    ) -> Result<Outcome<Finished>, End> {
        let (started_at, clock) = (Timestamp::now(), Instant::now());
        let mut bytes = 0;
        let outcome = self.fetch_and_finish(lane, candidate, &mut bytes).await;
        let failure = match &outcome {
            Ok(Outcome::Got(_)) => None,
            Ok(Outcome::Lost(why)) => Some(why.clone()),
            Ok(Outcome::SourceLost) => lane.dropped(),
            Err(_) => Some("stopped".to_owned()),
        };
        self.attempts.push(Attempt {
            id: self.item.id().clone(),
            source: lane.name().clone(),
            target: candidate.hit.target_id.clone(),
            score: candidate.score.total,
            bytes,
            started_at,
            took: clock.elapsed(),
            failure,
        });
        outcome
    }

    async fn fetch_and_finish(
        &mut self,
        lane: &Arc<Lane>,
        candidate: &Candidate,
        bytes: &mut u64,
    ) -> Result<Outcome<Finished>, End> {
        let context = Arc::clone(&self.context);
        let outcome = self
            .persist(lane, || async {
                // A fresh, empty directory for every try.
                let staging = {
                    let (item, context) = (Arc::clone(&self.item), Arc::clone(&self.context));
                    let source = lane.name().clone();
                    blocking(move || context.finisher.publisher().staging(item.id(), &source)).await
                };
                let staging = match staging {
                    Ok(staging) => staging,
                    Err(error) => return Ok(Err(error)),
                };
                let request = DownloadRequest {
                    target_id: candidate.hit.target_id.clone(),
                    kind: TargetKind::TRACK,
                    dest_dir: staging.fetch().to_owned(),
                    ceiling: QualityCeiling::default(),
                    hit: candidate.hit.clone(),
                    extra: Vec::new(),
                };
                let files = lane
                    .download(request, self.signs(lane), &context.cancel)
                    .await?;
                let delivered = only_file(files, staging.fetch())?;
                Ok(Ok((staging, delivered)))
            })
            .await?;
        let (staging, delivered) = match outcome {
            Outcome::Got(Ok(got)) => got,
            Outcome::Got(Err(error)) => return Err(self.disk_failure(error.into())),
            Outcome::Lost(why) => return Ok(Outcome::Lost(why)),
            Outcome::SourceLost => return Ok(Outcome::SourceLost),
        };
        *bytes = delivered.bytes;
        let item = Arc::clone(&self.item);
        let finished = blocking(move || {
            let finished = context.finisher.finish(&staging, &delivered, &item);
            let removed = staging.remove();
            finished.and_then(|finished| removed.map(|()| finished).map_err(FinishError::from))
        })
        .await;
        match finished {
            Ok(finished) => Ok(Outcome::Got(finished)),
            Err(error @ FinishError::Refused(_)) if !error.is_disk_stop() => {
                Ok(Outcome::Lost(error.to_string()))
            }
            Err(error) => Err(self.disk_failure(error)),
        }
    }

    /// Makes a call again as long as the table of failures says so.
    async fn persist<T, F>(
        &self,
        lane: &Lane,
        mut call: impl FnMut() -> F,
    ) -> Result<Outcome<T>, End>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let mut tries = 0;
        loop {
            let error = match call().await {
                Ok(got) => {
                    lane.succeeded();
                    return Ok(Outcome::Got(got));
                }
                Err(error) => error,
            };
            tries += 1;
            let patience = Patience {
                stopping: self.context.cancel.is_stopping(),
                ..self.context.patience
            };
            match after_failure(&error, tries, patience) {
                Next::SameAgainAfter(wait) => self.wait(lane, wait, &error).await?,
                Next::OtherCandidate if lane.gave_up(error.kind) => {
                    let reason = format!("failed again and again, last with {error}");
                    self.drop_source(lane, &reason);
                    return Ok(Outcome::SourceLost);
                }
                Next::OtherCandidate => return Ok(Outcome::Lost(error.to_string())),
                Next::DropSource => {
                    self.drop_source(lane, &error.to_string());
                    return Ok(Outcome::SourceLost);
                }
                Next::Park => return Err(End::Parked),
                Next::Stop => {
                    return Err(End::Stop {
                        cause: error.to_string(),
                    });
                }
            }
        }
    }

    async fn wait(&self, lane: &Lane, wait: Duration, error: &SourceError) -> Result<(), End> {
        self.tell(Event::Retrying {
            id: self.item.id().clone(),
            source: lane.name().clone(),
            after: wait,
            reason: error.to_string(),
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.context.cancel.stopping() => Err(End::Parked),
        }
    }

    fn drop_source(&self, lane: &Lane, reason: &str) {
        if lane.drop_for_run(reason) {
            self.tell(Event::SourceDropped {
                source: lane.name().clone(),
                reason: reason.to_owned(),
            });
        }
    }

    /// A place that is taken costs this item; anything else costs the run.
    fn disk_failure(&self, error: FinishError) -> End {
        if error.is_disk_stop() {
            End::Stop {
                cause: error.to_string(),
            }
        } else {
            End::Failed {
                error: error.to_string(),
            }
        }
    }

    fn lost(&mut self, lane: &Lane, candidate: Option<&Candidate>, reason: String) {
        let tried = Tried {
            id: self.item.id().clone(),
            source: lane.name().clone(),
            target: candidate.map(|candidate| candidate.hit.target_id.clone()),
            title: candidate.map(shown),
            score: candidate.map(|candidate| candidate.score.total),
            reason,
        };
        self.tell(Event::Lost(tried.clone()));
        self.tried.push(tried);
    }

    /// A channel that turns the signs of one download into events.
    fn signs(&self, lane: &Lane) -> mpsc::UnboundedSender<Sign> {
        let (sender, mut signs) = mpsc::unbounded_channel();
        let (id, source) = (self.item.id().clone(), lane.name().clone());
        let events = self.context.events.clone();
        tokio::spawn(async move {
            while let Some(sign) = signs.recv().await {
                let (id, source) = (id.clone(), source.clone());
                let event = match sign {
                    Sign::Bytes { done, total } => Event::Fetching {
                        id,
                        source,
                        done,
                        total,
                    },
                    Sign::State(text) => Event::SourceState { id, source, text },
                };
                if events.send(event).is_err() {
                    return;
                }
            }
        });
        sender
    }

    fn tell(&self, event: Event) {
        // The coordinator outlives every job but an aborted one, of which nobody asks.
        drop(self.context.events.send(event));
    }

    fn why_everything_failed(&self) -> String {
        let Some(last) = self.tried.last() else {
            return "no source could be asked".to_owned();
        };
        let of_last = self
            .tried
            .iter()
            .rev()
            .find(|tried| tried.target.is_some())
            .unwrap_or(last);
        match &of_last.title {
            Some(title) => format!("{}: `{title}`: {}", of_last.source, of_last.reason),
            None => format!("{}: {}", of_last.source, of_last.reason),
        }
    }
}

/// A candidate for people.
fn shown(candidate: &Candidate) -> String {
    let hit = &candidate.hit;
    let title = match &hit.version {
        Some(version) => format!("{} ({version})", hit.title),
        None => hit.title.clone(),
    };
    if hit.artists.is_empty() {
        title
    } else {
        format!("{} - {title}", hit.artists.join(", "))
    }
}

/// Runs disk and decoding work off the workers of the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that shuts down cancels blocking work, and then nobody waits.
            Err(_) => std::future::pending().await,
        },
    }
}
