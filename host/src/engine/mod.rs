//! Carries the plan out.
//!
//! One task, [`Engine::run`], owns the plan and the journal and speaks to the reporter. It
//! starts up to `jobs` jobs, each a task that walks one item through its sources (`job`).
//! Jobs share nothing but the lanes (`lane`: one per source, with its limits) and speak to
//! the coordinator by their return value and by events over an unbounded channel: sending
//! never blocks, so no job waits for the coordinator while the coordinator waits for a job.
//!
//! What became of items is written first and told second: all ends that have arrived are one
//! commit, and only then does the reporter hear of them.
//!
//! Ending early: [`Cancel::stop`] takes no new work and gives running jobs `FINISH_TIME`;
//! [`Cancel::abort`] ends them at once. Both leave their items pending in the journal.

mod cancel;
mod choose;
mod delivered;
mod event;
mod fallback;
mod finish;
mod job;
mod journal;
mod lane;
mod pace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub use cancel::Cancel;
pub use event::{Event, Reporter, Tried};
pub use finish::Finisher;
pub use journal::{Attempt, Entry, Journal, JournalError};
pub use lane::{Deadlines, Lane};

use crate::matching::Rules;
use crate::plan::{ItemKind, ItemState, Plan, SkipReason, Status};
use fallback::Patience;
use job::{Context, End, Report};

/// After a polite stop, running jobs have this long (promises A5).
const FINISH_TIME: Duration = Duration::from_secs(5);
/// After an abort, running jobs have this long to clean up.
const ABORT_TIME: Duration = Duration::from_secs(1);

/// What the user decided about a run.
#[derive(Clone, Copy, Debug)]
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
}

/// Sources, library and rules, ready to carry a plan out.
pub struct Engine {
    lanes: Vec<Arc<Lane>>,
    finisher: Finisher,
    options: Options,
}

/// How a run ended, besides what the plan says of each item.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended before the plan did.
    pub early: Option<EarlyEnd>,
    /// Everything that lost, in order of time.
    pub tried: Vec<Tried>,
    /// Sources left out on the way, with the reason.
    pub dropped: Vec<(crate::music::SourceName, String)>,
    /// Items that succeeded with a flaw.
    pub flaws: Vec<(crate::music::TrackId, String)>,
    /// Wall time.
    pub took: Duration,
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
    /// Sources in order of preference.
    pub fn new(lanes: Vec<Lane>, finisher: Finisher, options: Options) -> Self {
        Self {
            lanes: lanes.into_iter().map(Arc::new).collect(),
            finisher,
            options,
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
        let (events, inbox) = mpsc::unbounded_channel();
        let context = Arc::new(Context {
            lanes: self.lanes,
            finisher: self.finisher,
            rules: self.options.rules,
            patience: Patience {
                retries: self.options.retries,
                max_wait: self.options.max_wait,
                stopping: false,
            },
            hits_per_search: self.options.hits_per_search,
            cancel: cancel.clone(),
            events,
        });
        let pending = plan.items_by_status(Status::Pending).count();
        if pending == 0 {
            tracing::info!("nothing to do: no item is pending");
        }
        reporter.event(&Event::RunStarted {
            statistics: plan.statistics(),
        });
        let mut run = Run {
            plan,
            journal,
            reporter,
            jobs: JoinSet::new(),
            running: Vec::new(),
            next: 0,
            waiting: Vec::new(),
            book: Vec::new(),
            news: Vec::new(),
            done: 0,
            of: pending,
            early: None,
            tried: Vec::new(),
            flaws: Vec::new(),
        };
        run.coordinate(&context, inbox, self.options.jobs.max(1))
            .await;
        let (early, tried, flaws) = (run.early, run.tried, run.flaws);
        let took = clock.elapsed();
        reporter.event(&Event::RunFinished {
            statistics: plan.statistics(),
            took,
        });
        let dropped = context
            .lanes
            .iter()
            .filter_map(|lane| Some((lane.name().clone(), lane.dropped()?)))
            .collect();
        Outcome {
            early,
            tried,
            dropped,
            flaws,
            took,
        }
    }
}

/// The coordinator's state during one run.
struct Run<'a> {
    plan: &'a mut Plan,
    journal: &'a mut dyn Journal,
    reporter: &'a mut dyn Reporter,
    jobs: JoinSet<(usize, Report)>,
    /// Plan positions handed out and not come back, with their task.
    running: Vec<(tokio::task::Id, usize)>,
    /// Where the search for the next pending item goes on.
    next: usize,
    /// Plan positions passed over because they wait for another item.
    waiting: Vec<usize>,
    /// Entries for the next commit.
    book: Vec<Entry>,
    /// Events that wait for that commit.
    news: Vec<Event>,
    done: usize,
    of: usize,
    early: Option<EarlyEnd>,
    tried: Vec<Tried>,
    flaws: Vec<(crate::music::TrackId, String)>,
}

impl Run<'_> {
    async fn coordinate(
        &mut self,
        context: &Arc<Context>,
        mut inbox: mpsc::UnboundedReceiver<Event>,
        most: usize,
    ) {
        let cancel = context.cancel.clone();
        // Set once each, so that no flood of events moves them.
        let (mut deadline, mut last_call) = (None, None);
        loop {
            while self.early.is_none() && self.running.len() < most && !cancel.is_stopping() {
                let Some(at) = self.take_next() else { break };
                self.start(at, context);
            }
            self.commit(&cancel);
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                Some(event) = inbox.recv() => self.hear(event),
                Some(ended) = self.jobs.join_next_with_id() => {
                    self.settle(ended, &cancel);
                    while let Some(ended) = self.jobs.try_join_next_with_id() {
                        self.settle(ended, &cancel);
                    }
                }
                () = cancel.stopping(), if deadline.is_none() => {
                    self.reporter.event(&Event::Stopping);
                    self.early.get_or_insert(EarlyEnd::Interrupted);
                    deadline = Some(tokio::time::Instant::now() + FINISH_TIME);
                }
                () = until(deadline), if deadline.is_some() && !cancel.is_aborting() => cancel.abort(),
                () = cancel.aborting(), if last_call.is_none() => {
                    last_call = Some(tokio::time::Instant::now() + ABORT_TIME);
                }
                () = until(last_call), if last_call.is_some() => self.give_up_waiting(),
            }
        }
        while let Ok(event) = inbox.try_recv() {
            self.hear(event);
        }
        if cancel.is_stopping() {
            self.early.get_or_insert(EarlyEnd::Interrupted);
        }
        self.commit(&cancel);
    }

    /// The position of the next item that can start. Items that wait for others are looked
    /// at again first.
    fn take_next(&mut self) -> Option<usize> {
        for slot in 0..self.waiting.len() {
            let at = self.waiting[slot];
            match self.readiness(at) {
                Readiness::Ready => {
                    self.waiting.remove(slot);
                    return Some(at);
                }
                Readiness::Waits => {}
                Readiness::Never => {
                    self.waiting.remove(slot);
                    self.skip(at, SkipReason::Dependency);
                    return self.take_next();
                }
            }
        }
        while self.next < self.plan.items.len() {
            let at = self.next;
            self.next += 1;
            let item = &self.plan.items[at];
            if item.status() != Status::Pending {
                continue;
            }
            if item.kind != ItemKind::Track {
                tracing::warn!(id = %item.id(), kind = ?item.kind, "only tracks can be fetched");
                self.skip(at, SkipReason::NotATrack);
                continue;
            }
            match self.readiness(at) {
                Readiness::Ready => return Some(at),
                Readiness::Waits => self.waiting.push(at),
                Readiness::Never => self.skip(at, SkipReason::Dependency),
            }
        }
        None
    }

    fn readiness(&self, at: usize) -> Readiness {
        let mut readiness = Readiness::Ready;
        for dependency in &self.plan.items[at].dependencies {
            match self.plan.get_item(dependency).map(|item| item.status()) {
                Some(Status::Pending | Status::InProgress) => readiness = Readiness::Waits,
                Some(Status::Failed) => return Readiness::Never,
                Some(Status::Completed | Status::Skipped) | None => {}
            }
        }
        readiness
    }

    fn start(&mut self, at: usize, context: &Arc<Context>) {
        let item = &mut self.plan.items[at];
        let job = job::carry_out(item.clone(), Arc::clone(context));
        item.state = ItemState::InProgress;
        let (id, name) = (item.id().clone(), item.display_name());
        self.book.push(Entry::Started { id: id.clone() });
        self.reporter.event(&Event::ItemStarted { id, name });
        let task = self.jobs.spawn(async move { (at, job.await) });
        self.running.push((task.id(), at));
    }

    fn hear(&mut self, event: Event) {
        self.reporter.event(&event);
    }

    fn settle(
        &mut self,
        ended: Result<(tokio::task::Id, (usize, Report)), tokio::task::JoinError>,
        cancel: &Cancel,
    ) {
        let (task, at, report) = match ended {
            Ok((task, (at, report))) => (task, at, report),
            Err(error) => {
                // A panic of ours: it costs the item, and the item only.
                let task = error.id();
                let Some(&(_, at)) = self.running.iter().find(|(running, _)| *running == task)
                else {
                    return;
                };
                let end = End::Failed {
                    error: format!("internal error: {error}"),
                };
                (
                    task,
                    at,
                    Report {
                        end,
                        attempts: Vec::new(),
                        tried: Vec::new(),
                    },
                )
            }
        };
        self.running.retain(|(running, _)| *running != task);
        self.book
            .extend(report.attempts.into_iter().map(Entry::Attempt));
        self.tried.extend(report.tried);
        let id = self.plan.items[at].id().clone();
        match report.end {
            End::Completed { finished, source } => {
                for flaw in finished.flaws {
                    self.news.push(Event::Flaw {
                        id: id.clone(),
                        message: flaw.clone(),
                    });
                    self.flaws.push((id.clone(), flaw));
                }
                let path = finished.placed[0].path.clone();
                self.book.push(Entry::Completed {
                    id,
                    placed: finished.placed,
                    audio_hash: finished.audio_hash,
                });
                self.end(at, ItemState::Completed { path }, source);
            }
            End::Failed { error } => {
                self.plan.items[at].retry_count += 1;
                self.book.push(Entry::Failed {
                    id,
                    error: error.clone(),
                });
                self.end(at, ItemState::Failed { error }, None);
            }
            End::Parked => {
                self.plan.items[at].state = ItemState::Pending;
                self.book.push(Entry::Parked { id });
            }
            End::Stop { cause } => {
                self.plan.items[at].state = ItemState::Pending;
                self.book.push(Entry::Parked { id });
                self.early.get_or_insert(EarlyEnd::Disk { cause });
                cancel.stop();
            }
        }
    }

    fn skip(&mut self, at: usize, reason: SkipReason) {
        self.book.push(Entry::Skipped {
            id: self.plan.items[at].id().clone(),
            reason,
        });
        self.end(at, ItemState::Skipped { reason, path: None }, None);
    }

    /// Puts an item into its last state; the reporter hears of it after the commit.
    fn end(&mut self, at: usize, state: ItemState, source: Option<crate::music::SourceName>) {
        self.done += 1;
        let item = &mut self.plan.items[at];
        item.state = state;
        self.news.push(Event::ItemFinished {
            id: item.id().clone(),
            name: item.display_name(),
            status: item.status(),
            source,
            path: item.state.output_path().map(std::path::Path::to_owned),
            error: item.state.error().map(str::to_owned),
            done: self.done,
            of: self.of,
        });
    }

    /// Writes the book, then spreads the news.
    fn commit(&mut self, cancel: &Cancel) {
        if !self.book.is_empty() {
            // The coordinator may block here: a commit takes a millisecond, and nothing may
            // be told before it is durable.
            if let Err(error) = self.journal.record(&self.book) {
                self.early.get_or_insert(EarlyEnd::Journal(error));
                cancel.stop();
            }
            self.book.clear();
        }
        for event in self.news.drain(..) {
            self.reporter.event(&event);
        }
    }

    /// Jobs that did not end in time are left behind; their items are pending again.
    fn give_up_waiting(&mut self) {
        self.jobs.abort_all();
        self.jobs.detach_all();
        for (_, at) in std::mem::take(&mut self.running) {
            let item = &mut self.plan.items[at];
            item.state = ItemState::Pending;
            self.book.push(Entry::Parked {
                id: item.id().clone(),
            });
        }
    }
}

enum Readiness {
    Ready,
    Waits,
    Never,
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
