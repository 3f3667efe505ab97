//! Carries the plan out.
//!
//! Every source is wrapped in its policies (`handle`, `policy`); a track walks through them
//! alone (`job`, which asks by `look` and fetches by `fetch`), tracks of an album that a source
//! has as a whole walk together (`album`).
//!
//! One task, [`Engine::run`], owns the plan and the journal and speaks to the reporter. It
//! starts up to `jobs` jobs, on threads that may block (`executor`). One that only waits, for a source's pace or for a
//! service that downloads by itself, gives its place to another. Jobs share nothing but the
//! sources and speak to the coordinator by their return value and by messages over an unbounded
//! channel: sending never blocks, so no job waits for the coordinator while the coordinator
//! waits for a job.
//!
//! What became of items is written first and told second: all ends of a few milliseconds are
//! one commit, and only then does the reporter hear of them.
//!
//! Albums that are published as a whole (`album::together`, `hold`): their tracks come back
//! ready instead of placed, and are in progress until the last one is. What waits at the end of
//! a run is pending again; its files stay for the next one.
//!
//! Ending early: [`Cancel::stop`] takes no new work and gives running jobs `FINISH_TIME`;
//! [`Cancel::abort`] ends them at once. Both leave their items pending in the journal.

mod album;
mod art;
mod cancel;
mod choose;
mod delivered;
mod event;
mod executor;
mod explain;
mod fallback;
mod fetch;
mod finish;
mod hold;
mod inspect;
mod job;
mod journal;
mod look;
mod mailbox;
mod policy;
mod query_relaxation;
mod run;
mod source_handle;
mod source_memory;
mod space;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

pub use album::ExtraFiles;
pub use album::together::HeldAlbum;
pub use art::CoverEmbedding;
pub use cancel::Cancel;
pub use event::{Event, Reporter, Tried};
pub use explain::{Asked, Explained, Weighed, explain};
pub use finish::{Finisher, Finishing, LyricsWish};
pub use inspect::{Examine, Findings, Inspector, Policy};
pub use journal::{Attempt, Command, CurrentDownload, Entry, Journal, JournalError};
pub use policy::call::Deadlines;
pub use policy::counts::{Failures, SourceTotals};
pub use policy::pace::PaceWish;
pub use source_handle::SourceHandle;
pub use source_memory::{NoMemory, SourceMemory};

use crate::matching::Rules;
use crate::music::{SourceName, TrackId};
use crate::plan::{Plan, Status};
use fallback::Patience;
use job::Context;
use mailbox::MailboxSender;
use run::Run;
use space::Space;

/// In which order sources are asked for a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchOrder {
    /// One after the other; the first that delivers decides.
    #[default]
    Priority,
    /// All at once; the best of everything they found.
    Best,
}

/// What the user decided about a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Items carried out at once, at least 1.
    pub jobs: usize,
    /// What counts as the wanted recording.
    pub rules: Rules,
    /// Further tries of a source after a temporary failure.
    pub retries: u32,
    /// The longest wait a source may ask for.
    pub max_wait: Duration,
    /// Hits asked for in one search.
    pub hits_per_search: u32,
    /// In which order sources are asked.
    pub search: SearchOrder,
    /// For how long an answer to a search is good.
    pub cache_age: Duration,
    /// What becomes of files of an album that nobody wanted.
    pub extra_files: ExtraFiles,
}

/// Sources, library and rules, ready to carry a plan out.
pub struct Engine {
    handles: Vec<SourceHandle>,
    finisher: Finisher,
    options: Options,
    memory: Arc<dyn SourceMemory>,
}

/// How a run ended, besides what the plan says of each item.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended before the plan did.
    pub early: Option<EarlyEnd>,
    /// Everything that lost, in order of time.
    pub tried: Vec<Tried>,
    /// Sources left out on the way, with the reason.
    pub dropped: Vec<(SourceName, String)>,
    /// Items that wait for a source that rests.
    pub postponed: Vec<Postponed>,
    /// Albums that wait for tracks they lack.
    pub held: Vec<HeldAlbum>,
    /// What each source was asked for and what came of it.
    pub sources: Vec<SourceTotals>,
    /// Items that succeeded with a flaw.
    pub flaws: Vec<(TrackId, String)>,
    /// Wall time.
    pub took: Duration,
}

/// An item that waits for a source that rests.
#[derive(Clone, Debug, Serialize)]
pub struct Postponed {
    /// Which.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// When the source can be asked again.
    pub until: Timestamp,
    /// Why it rests.
    pub reason: String,
}

/// Why a run ended before its plan did.
#[derive(Debug)]
pub enum EarlyEnd {
    /// The user stopped it.
    Interrupted,
    /// The disk does not take files.
    Disk {
        /// What it said, to which file.
        cause: String,
    },
    /// The journal cannot be written.
    Journal(JournalError),
}

impl Engine {
    /// Sources in order of preference, and what is kept of them between runs.
    pub fn new(
        handles: Vec<SourceHandle>,
        finisher: Finisher,
        options: Options,
        memory: Arc<dyn SourceMemory>,
    ) -> Self {
        Self {
            handles,
            finisher,
            options,
            memory,
        }
    }

    /// Carries out every pending item and returns when all are done, or the run was ended.
    /// One item's failure never stops the others.
    pub async fn run(
        self,
        plan: &mut Plan,
        journal: &mut dyn Journal,
        reporter: &mut dyn Reporter,
        cancel: &Cancel,
    ) -> Outcome {
        let clock = Instant::now();
        let (mailbox, inbox) = MailboxSender::new();
        let options = self.options;
        let patience = Patience {
            retries: options.retries,
            max_wait: options.max_wait,
            stopping: false,
        };
        let now = Timestamp::now();
        let wrap = |handle: SourceHandle| {
            Arc::new(handle.wrap(&self.memory, patience, options.cache_age, now))
        };
        let context = Arc::new(Context {
            handles: self.handles.into_iter().map(wrap).collect(),
            finisher: self.finisher,
            rules: options.rules,
            patience,
            hits_per_search: options.hits_per_search,
            order: options.search,
            extra_files: options.extra_files,
            memory: Arc::clone(&self.memory),
            space: Arc::new(Space::default()),
        });
        if context.finisher.finishing.together {
            album::together::join_in(plan, |item| context.finisher.has_held(item));
        }
        let pending = plan.items_by_status(Status::Pending).count();
        if pending == 0 {
            tracing::info!("nothing to do: no item is pending");
        }
        reporter.event(&Event::RunStarted {
            statistics: plan.statistics(),
        });
        let mut run = Run::new(
            (plan, journal, reporter),
            Arc::clone(&context),
            (cancel.clone(), mailbox),
            options.jobs.max(1),
        );
        run.coordinate(inbox).await;
        let Run {
            early,
            tried,
            flaws,
            postponed,
            held,
            ..
        } = run;
        let took = clock.elapsed();
        let sources: Vec<SourceTotals> = context
            .handles
            .iter()
            .map(|handle| handle.totals())
            .collect();
        for totals in &sources {
            reporter.event(&Event::SourceFinished {
                totals: totals.clone(),
            });
        }
        reporter.event(&Event::RunFinished {
            statistics: plan.statistics(),
            took,
        });
        let dropped = context
            .handles
            .iter()
            .filter_map(|handle| Some((handle.name().clone(), handle.dropped()?)))
            .collect();
        Outcome {
            early,
            tried,
            dropped,
            postponed,
            held,
            sources,
            flaws,
            took,
        }
    }
}

#[cfg(test)]
mod tests;
