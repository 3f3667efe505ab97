//! One track: source after source, candidate after candidate, until one file is at its places
//! or everybody was tried. What a single search or download takes is `look`'s and `fetch`'s.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::album::AlbumKey;
use super::choose::{Candidate, better_first};
use super::event::{Event, Tried};
use super::executor::blocking;
use super::fallback::{Next, Patience, Step, after_failure};
use super::fetch::{Fetched, fetch};
use super::finish::{FinishError, Finished, Finisher};
use super::journal::Attempt;
use super::look::{Look, look};
use super::mailbox::CallContext;
use super::policy::{CallError, Rest};
use super::source_handle::SourceStack;
use super::source_memory::SourceMemory;
use super::space::Space;
use super::{ExtraFiles, SearchOrder};
use crate::matching::Rules;
use crate::music::SourceName;
use crate::plan::PlanItem;
use crate::plan::renewal::Renewal;

/// So many candidates of one source are fetched for one item, then the next source has its
/// turn: a source whose files are all bad must not keep an item for ever.
const CANDIDATES_PER_SOURCE: usize = 5;
/// So many refused candidates are named in the report, best first.
const REFUSALS_NAMED: usize = 5;

/// What all jobs of a run share.
pub(super) struct Context {
    pub(super) handles: Vec<Arc<SourceStack>>,
    pub(super) finisher: Finisher,
    pub(super) rules: Rules,
    pub(super) patience: Patience,
    pub(super) hits_per_search: u32,
    pub(super) order: SearchOrder,
    pub(super) extra_files: ExtraFiles,
    pub(super) memory: Arc<dyn SourceMemory>,
    pub(super) space: Arc<Space>,
}

impl Context {
    /// What a call that gave nothing means for the item.
    pub(super) fn failure_effect(
        &self,
        step: Step,
        fault: CallError,
        call_context: &CallContext,
    ) -> FailureEffect {
        let error = match fault {
            CallError::Failed(error) => error,
            CallError::Rests(rest) => return FailureEffect::Rests(rest),
            CallError::Dropped(_) => return FailureEffect::Dropped,
        };
        let patience = Patience {
            stopping: call_context.cancel.is_stopping(),
            ..self.patience
        };
        // All tries were made, and what concerns the source the breaker has done.
        match after_failure(step, &error, u32::MAX, patience) {
            Next::Stop => FailureEffect::DiskStops(error.to_string()),
            Next::GiveBack => FailureEffect::Ended,
            Next::OtherCandidate
            | Next::OtherSource
            | Next::RestSource(_)
            | Next::DropSource
            | Next::SameAgainAfter(_)
            | Next::SameAgainWithin(_) => FailureEffect::Lost(error.to_string()),
        }
    }
}

/// What a call that gave nothing means for the item.
#[derive(Debug)]
pub(super) enum FailureEffect {
    /// This search or candidate is lost, for that reason.
    Lost(String),
    /// The source is not asked at the moment.
    Rests(Rest),
    /// The source is out, as was told.
    Dropped,
    /// The run ends, or the item's part in it.
    Ended,
    /// The disk does not take files.
    DiskStops(String),
}

/// What earlier jobs of this run found out about an item.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Positions of the sources that do not have it.
    pub(super) asked: BTreeSet<usize>,
    /// Candidates that failed, by the position of their source.
    failed: HashSet<(usize, String)>,
    /// How often it was put off.
    pub(super) postponed: u32,
}

/// How a job ended.
pub(super) enum JobOutcome {
    Completed {
        finished: Finished,
        source: Option<SourceName>,
    },
    Failed {
        error: String,
    },
    /// It was to be renewed, and what is there stays.
    Kept {
        path: PathBuf,
        why: String,
    },
    /// The source at that position has whole albums only; the item is to be part of a claim.
    WantsAlbum(usize),
    /// A claim came without it; other sources may have it.
    Returned,
    /// Nobody who could be asked had it; others rest.
    Postponed(Rest),
    /// The user stopped the run, or the item.
    GivenBack,
    /// The disk does not take files; no item can succeed now.
    Stop {
        cause: String,
    },
}

/// How a job ended and what it tried.
pub(super) struct JobReport {
    pub(super) end: JobOutcome,
    pub(super) attempts: Vec<Attempt>,
    pub(super) tried: Vec<Tried>,
    pub(super) history: History,
}

impl JobReport {
    /// An end, and nothing tried.
    pub(super) fn bare(end: JobOutcome, history: History) -> Self {
        Self {
            end,
            attempts: Vec::new(),
            tried: Vec::new(),
            history,
        }
    }
}

/// Carries one item out.
pub(super) async fn carry_out(
    item: PlanItem,
    context: Arc<Context>,
    call_context: CallContext,
    history: History,
) -> JobReport {
    let mut job = Job {
        item: Arc::new(item),
        context,
        call_context,
        history,
        attempts: Vec::new(),
        tried: Vec::new(),
        rest: None,
        resting: BTreeSet::new(),
        to_beat: None,
    };
    let end = match job.run().await {
        Ok(end) | Err(end) => end,
    };
    JobReport {
        end,
        attempts: job.attempts,
        tried: job.tried,
        history: job.history,
    }
}

struct Job {
    item: Arc<PlanItem>,
    context: Arc<Context>,
    call_context: CallContext,
    history: History,
    attempts: Vec<Attempt>,
    tried: Vec<Tried>,
    /// The earliest end of a rest that was met.
    rest: Option<Rest>,
    /// Positions of the sources that could not be asked.
    resting: BTreeSet<usize>,
    /// Which of the wanted qualities the file has that is to give way to a better one.
    to_beat: Option<usize>,
}

/// A candidate and the position of its source.
type Offer = (usize, Candidate);

impl Job {
    /// `Err` is the short way out: given back or stopped.
    async fn run(&mut self) -> Result<JobOutcome, JobOutcome> {
        if let (Some(renewal), Some(owned)) = (self.item.renewal, self.item.owned.clone()) {
            match renewal {
                Renewal::Tags => return self.retag(&owned).await,
                Renewal::Better => {
                    let (item, context) = (Arc::clone(&self.item), Arc::clone(&self.context));
                    self.to_beat = blocking(move || context.finisher.to_beat(&item)).await;
                }
                Renewal::Audio => {}
            }
        } else if let Some(owned) = self.item.owned.clone() {
            let (item, context) = (Arc::clone(&self.item), Arc::clone(&self.context));
            if context.finisher.holds(&item) {
                return Ok(JobOutcome::Completed {
                    finished: Finished::waiting(),
                    source: None,
                });
            }
            let linked = blocking(move || context.finisher.link_missing(&owned, &item)).await;
            return match linked {
                Ok(finished) => Ok(JobOutcome::Completed {
                    finished,
                    source: None,
                }),
                Err(error) => Err(disk_failure(&error)),
            };
        }
        if self.item.renewal.is_none() {
            let (item, context) = (Arc::clone(&self.item), Arc::clone(&self.context));
            let resumed = blocking(move || context.finisher.resume(&item)).await;
            if let Some((finished, source)) = resumed.map_err(|error| disk_failure(&error))? {
                return Ok(JobOutcome::Completed { finished, source });
            }
        }
        let done = match self.context.order {
            SearchOrder::Priority => self.one_after_the_other().await?,
            SearchOrder::Best => self.best_of_all().await?,
        };
        Ok(match (done, self.rest.take()) {
            (Some(end), _) => end,
            (None, Some(rest)) => JobOutcome::Postponed(rest),
            (None, None) => match (self.item.renewal, self.item.owned.clone()) {
                (Some(Renewal::Better), Some(path)) => JobOutcome::Kept {
                    path,
                    why: "stays as it is: no source has it in better quality".to_owned(),
                },
                _ => JobOutcome::Failed {
                    error: self.why_everything_failed(),
                },
            },
        })
    }

    /// New tags for a file that is there. One that cannot be tagged stays as it is.
    async fn retag(&mut self, owned: &Path) -> Result<JobOutcome, JobOutcome> {
        let (item, context) = (Arc::clone(&self.item), Arc::clone(&self.context));
        let path = owned.to_owned();
        let owned = path.clone();
        match blocking(move || context.finisher.retag(&owned, &item)).await {
            Ok(finished) => Ok(JobOutcome::Completed {
                finished,
                source: None,
            }),
            Err(error) if error.is_disk_stop() => Err(disk_failure(&error)),
            Err(error) => Ok(JobOutcome::Kept {
                path,
                why: format!("its tags stay as they are: {error}"),
            }),
        }
    }

    /// The sources that may have it and can be asked, by position.
    fn sources(&self) -> Vec<usize> {
        let handles = self.context.handles.iter().enumerate();
        handles
            .filter(|(at, handle)| handle.dropped().is_none() && !self.history.asked.contains(at))
            .map(|(at, _)| at)
            .collect()
    }

    /// Whether that source is one of whole albums; then the item joins a claim, or is of no
    /// album and cannot be asked for.
    fn is_album_only(&mut self, at: usize) -> Result<bool, JobOutcome> {
        if !self.context.handles[at].is_album_only() {
            return Ok(false);
        }
        if AlbumKey::of(&self.item.track.unpack()).is_some() {
            return Err(JobOutcome::WantsAlbum(at));
        }
        let why = "it has whole albums only, and no album of this track is known";
        self.lost(at, None, why.to_owned());
        self.history.asked.insert(at);
        Ok(true)
    }

    async fn one_after_the_other(&mut self) -> Result<Option<JobOutcome>, JobOutcome> {
        for at in self.sources() {
            if self.is_album_only(at)? {
                continue;
            }
            let mut fresh = false;
            loop {
                let looked = self.look(at, fresh).await;
                let (offers, kept) = self.take(at, looked).await?;
                if let Some(end) = self.fetch_first(offers).await? {
                    return Ok(Some(end));
                }
                // What the kept answer named may be gone; the source may have it elsewhere.
                if !kept || self.rests(at) {
                    break;
                }
                fresh = true;
            }
            if !self.rests(at) {
                self.history.asked.insert(at);
            }
        }
        Ok(None)
    }

    async fn best_of_all(&mut self) -> Result<Option<JobOutcome>, JobOutcome> {
        let mut looks = JoinSet::new();
        let (of_albums, of_tracks): (Vec<usize>, Vec<usize>) = self
            .sources()
            .into_iter()
            .partition(|at| self.context.handles[*at].is_album_only());
        for at in of_tracks {
            let look = self.look(at, false);
            looks.spawn(async move { (at, look.await) });
        }
        let mut looked = Vec::new();
        while let Some(one) = looks.join_next().await {
            // A panic of ours is a panic of the job's, which costs the item.
            looked.push(one.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
        }
        looked.sort_by_key(|(at, _)| *at);
        let (mut offers, mut asked) = (Vec::new(), Vec::new());
        for (at, look) in looked {
            let (of_one, _) = self.take(at, look).await?;
            offers.extend(of_one);
            asked.push(at);
        }
        // Stable: of two that are equally good the one of the preferred source comes first.
        offers.sort_by(|(_, left), (_, right)| better_first(left, right));
        let end = self.fetch_first(offers).await?;
        let resting: HashSet<usize> = asked.iter().copied().filter(|at| self.rests(*at)).collect();
        self.history
            .asked
            .extend(asked.into_iter().filter(|at| !resting.contains(at)));
        if end.is_none() {
            // An album is compared with nothing: what is in it is known when it is here.
            for at in of_albums {
                self.is_album_only(at)?;
            }
        }
        Ok(end)
    }

    fn look(&self, at: usize, fresh: bool) -> impl Future<Output = Look> + use<> {
        let call_context = CallContext {
            fresh,
            ..self.call_context.clone()
        };
        look(
            Arc::clone(&self.context.handles[at]),
            Arc::clone(&self.item),
            Arc::clone(&self.context),
            call_context,
        )
    }

    /// What a source has to offer, best first, and whether that is an answer that was kept.
    /// Says why the rest of what it found is not taken.
    async fn take(&mut self, at: usize, look: Look) -> Result<(Vec<Offer>, bool), JobOutcome> {
        let (choice, hits, kept) = match look {
            Look::Found { choice, hits, kept } => (choice, hits, kept),
            Look::FailureEffect(failure_effect) => {
                self.suffer(at, None, failure_effect)?;
                return Ok((Vec::new(), false));
            }
        };
        if hits == 0 {
            self.lost(at, None, "found nothing".to_owned());
        }
        for (refused, why) in choice.refused.into_iter().take(REFUSALS_NAMED) {
            self.lost(at, Some(&refused), why);
        }
        let failed = |candidate: &Candidate| {
            let key = (at, candidate.hit.target_id.clone());
            self.history.failed.contains(&key)
        };
        let mut accepted = choice.accepted;
        accepted.retain(|candidate| !failed(candidate));
        let mut offers = Vec::new();
        for (candidate, known) in self.known_to_be_bad(at, accepted).await {
            if self
                .to_beat
                .is_some_and(|step| candidate.grade.step() >= step)
            {
                let why = "no better than what is there";
                self.lost(at, Some(&candidate), why.to_owned());
                continue;
            }
            match known {
                Some(why) => self.lost(at, Some(&candidate), format!("known to be bad: {why}")),
                None => offers.push((at, candidate)),
            }
        }
        Ok((offers, kept))
    }

    /// Each with what an earlier run found against it.
    async fn known_to_be_bad(
        &self,
        at: usize,
        candidates: Vec<Candidate>,
    ) -> Vec<(Candidate, Option<String>)> {
        let memory = Arc::clone(&self.context.memory);
        let source = self.context.handles[at].name().clone();
        let item = self.item.id().clone();
        if !memory.has_bad_files(&item) {
            return candidates.into_iter().map(|one| (one, None)).collect();
        }
        let known = move |candidate: Candidate| {
            let why = memory.bad_file(&source, &candidate.hit.target_id, &item);
            (candidate, why)
        };
        blocking(move || candidates.into_iter().map(known).collect()).await
    }

    /// Fetches the first of them that is any good.
    async fn fetch_first(&mut self, offers: Vec<Offer>) -> Result<Option<JobOutcome>, JobOutcome> {
        let mut fetched_of: HashMap<usize, usize> = HashMap::new();
        for (at, candidate) in offers {
            let handle = Arc::clone(&self.context.handles[at]);
            let so_far = fetched_of.entry(at).or_default();
            if *so_far == CANDIDATES_PER_SOURCE || handle.dropped().is_some() {
                continue;
            }
            *so_far += 1;
            let (fetched, attempt) = fetch(
                &handle,
                &candidate,
                &self.item,
                &self.context,
                &self.call_context,
            )
            .await;
            self.attempts.push(attempt);
            match fetched {
                Fetched::Got(finished) => {
                    let source = Some(handle.name().clone());
                    return Ok(Some(JobOutcome::Completed { finished, source }));
                }
                Fetched::FailureEffect(failure_effect) => {
                    match failure_effect {
                        FailureEffect::Lost(_) => {
                            let target = candidate.hit.target_id.clone();
                            self.history.failed.insert((at, target));
                        }
                        FailureEffect::Rests(_) => {
                            fetched_of.insert(at, CANDIDATES_PER_SOURCE);
                        }
                        FailureEffect::Dropped
                        | FailureEffect::Ended
                        | FailureEffect::DiskStops(_) => {}
                    }
                    self.suffer(at, Some(&candidate), failure_effect)?;
                }
                Fetched::Obstructed(error) => return Err(JobOutcome::Failed { error }),
            }
        }
        Ok(None)
    }

    fn put_off(&mut self, at: usize, rest: Rest) {
        self.resting.insert(at);
        let sooner = self
            .rest
            .as_ref()
            .is_none_or(|known| rest.until < known.until);
        if sooner {
            self.rest = Some(rest);
        }
    }

    /// Whether that source may have it but cannot be asked now.
    fn rests(&self, at: usize) -> bool {
        self.resting.contains(&at)
    }

    /// Writes down what went wrong; `Err` when the item can go no further.
    fn suffer(
        &mut self,
        at: usize,
        candidate: Option<&Candidate>,
        failure_effect: FailureEffect,
    ) -> Result<(), JobOutcome> {
        match failure_effect {
            FailureEffect::Lost(why) => self.lost(at, candidate, why),
            FailureEffect::Rests(rest) => self.put_off(at, rest),
            FailureEffect::Dropped => {}
            FailureEffect::Ended => return Err(JobOutcome::GivenBack),
            FailureEffect::DiskStops(cause) => return Err(JobOutcome::Stop { cause }),
        }
        Ok(())
    }

    fn lost(&mut self, at: usize, candidate: Option<&Candidate>, reason: String) {
        let tried = Tried {
            id: self.item.id().clone(),
            source: self.context.handles[at].name().clone(),
            target: candidate.map(|candidate| candidate.hit.target_id.clone()),
            title: candidate.map(shown),
            score: candidate.map(|candidate| candidate.score.total),
            reason,
        };
        self.call_context.mailbox.emit(Event::Lost(tried.clone()));
        self.tried.push(tried);
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

/// A place that is taken costs this item; anything else costs the run.
fn disk_failure(error: &FinishError) -> JobOutcome {
    if error.is_disk_stop() {
        JobOutcome::Stop {
            cause: error.to_string(),
        }
    } else {
        JobOutcome::Failed {
            error: error.to_string(),
        }
    }
}

/// A candidate for people.
pub(super) fn shown(candidate: &Candidate) -> String {
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
