//! What becomes of items that came back.

use std::path::PathBuf;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Done, Run, Work};
use crate::engine::event::Event;
use crate::engine::executor::{JobId, Panicked};
use crate::engine::job::{History, JobOutcome, JobReport};
use crate::engine::journal::Entry;
use crate::engine::policy::Rest;
use crate::engine::{EarlyEnd, Postponed};
use crate::music::{SourceName, TrackId};
use crate::plan::{ItemState, SkipReason};

/// An item that was put off so often in one run waits for the next one.
const PUT_OFF_AT_MOST: u32 = 5;

impl Run<'_> {
    pub(super) fn settle(&mut self, job: JobId, ended: Result<Done, Panicked>) {
        let Some(work) = self.running.remove(&job) else {
            return;
        };
        let reports = match ended {
            Ok(Done::Items(reports)) => reports,
            Ok(Done::Levelled(levelled)) => {
                return levelled.map_or((), |levelled| self.settle_levelled(levelled));
            }
            Err(error) => {
                // A panic of ours: it costs the item, and the item only.
                if matches!(work, Work::Gain) {
                    tracing::error!(%error, "an album has no gain: internal error");
                }
                let report = |at| {
                    let error = format!("internal error: {error}");
                    (
                        at,
                        JobReport::bare(JobOutcome::Failed { error }, History::default()),
                    )
                };
                work.positions().into_iter().map(report).collect()
            }
        };
        for (at, report) in reports {
            self.settle_item(at, report);
        }
    }

    pub(super) fn settle_item(&mut self, at: usize, report: JobReport) {
        self.waits.remove(&at);
        self.cancels.remove(&at);
        self.entries
            .extend(report.attempts.into_iter().map(Entry::Attempt));
        self.tried.extend(report.tried);
        let id = self.plan.items[at].id().clone();
        self.downloads.forget(&id);
        if self.cancelled.remove(&at) {
            return self.settle_cancelled(at, report.end);
        }
        match report.end {
            JobOutcome::Completed { finished, source } if finished.held => {
                self.hold(at, finished, source);
            }
            JobOutcome::Completed { finished, source } => {
                self.flawed(&id, finished.flaws);
                let path = finished.placed[0].path.clone();
                if let Some(levelling) = &mut self.levelling {
                    levelling.placed(at, &finished.placed);
                }
                self.entries.push(Entry::Completed {
                    id,
                    placed: finished.placed,
                    audio_hash: finished.audio_hash,
                });
                self.end(at, ItemState::Completed { path }, source);
            }
            JobOutcome::Failed { error } => {
                self.plan.items[at].retry_count += 1;
                self.entries.push(Entry::Failed {
                    id,
                    error: error.clone(),
                });
                self.end(at, ItemState::Failed { error }, None);
            }
            JobOutcome::Kept { path, why } => {
                self.events.push(Event::Flaw {
                    id: id.clone(),
                    message: why.clone(),
                });
                self.flaws.push((id, why));
                self.skip_with(at, SkipReason::Exists, Some(path));
            }
            JobOutcome::WantsAlbum(handle) => self.claim(at, handle, report.history),
            JobOutcome::Returned => {
                self.give_back(at);
                self.history.insert(at, report.history);
                self.returned.push_back(at);
            }
            JobOutcome::Postponed(rest) => self.postpone(at, rest, report.history),
            JobOutcome::GivenBack => self.give_back(at),
            JobOutcome::Stop { cause } => {
                self.give_back(at);
                self.early.get_or_insert(EarlyEnd::Disk { cause });
                self.cancel.stop();
            }
        }
    }

    pub(super) fn flawed(&mut self, id: &TrackId, flaws: Vec<String>) {
        for message in flaws {
            self.events.push(Event::Flaw {
                id: id.clone(),
                message: message.clone(),
            });
            self.flaws.push((id.clone(), message));
        }
    }

    /// Whatever became of an item after its cancel, cancelled it stays. Only what is in the
    /// library already is written down as well.
    pub(super) fn settle_cancelled(&mut self, at: usize, end: JobOutcome) {
        let path = match end {
            JobOutcome::Completed { finished, .. } if finished.held => {
                self.forget_held(at);
                None
            }
            JobOutcome::Completed { finished, .. } => {
                let path = finished.placed[0].path.clone();
                self.entries.push(Entry::Completed {
                    id: self.plan.items[at].id().clone(),
                    placed: finished.placed,
                    audio_hash: finished.audio_hash,
                });
                Some(path)
            }
            JobOutcome::Stop { cause } => {
                self.early.get_or_insert(EarlyEnd::Disk { cause });
                self.cancel.stop();
                None
            }
            JobOutcome::Failed { .. }
            | JobOutcome::Kept { .. }
            | JobOutcome::WantsAlbum(_)
            | JobOutcome::Returned
            | JobOutcome::Postponed(_)
            | JobOutcome::GivenBack => None,
        };
        self.skip_with(at, SkipReason::Cancelled, path);
    }

    /// The item is pending again.
    pub(super) fn give_back(&mut self, at: usize) {
        let item = &mut self.plan.items[at];
        item.state = ItemState::Pending;
        self.entries.push(Entry::Parked {
            id: item.id().clone(),
        });
    }

    /// The item waits for a source that rests: in this run if the user's patience goes so
    /// far, else for another one.
    pub(super) fn postpone(&mut self, at: usize, rest: Rest, mut history: History) {
        self.give_back(at);
        history.postponed += 1;
        let left = rest.until.saturating_duration_since(Instant::now());
        if left <= self.context.patience.max_wait && history.postponed < PUT_OFF_AT_MOST {
            self.put_off.push((rest.until, at));
            self.history.insert(at, history);
            return;
        }
        let item = &self.plan.items[at];
        let postponed = Postponed {
            id: item.id().clone(),
            name: item.display_name(),
            until: Timestamp::now().checked_add(left).unwrap_or(Timestamp::MAX),
            reason: rest.why,
        };
        self.events.push(Event::ItemPostponed(postponed.clone()));
        self.postponed.push(postponed);
    }

    pub(super) fn skip(&mut self, at: usize, reason: SkipReason) {
        self.skip_with(at, reason, None);
    }

    pub(super) fn skip_with(&mut self, at: usize, reason: SkipReason, path: Option<PathBuf>) {
        self.entries.push(Entry::Skipped {
            id: self.plan.items[at].id().clone(),
            reason,
        });
        self.end(at, ItemState::Skipped { reason, path }, None);
    }

    /// Puts an item into its last state; the reporter hears of it after the commit.
    pub(super) fn end(&mut self, at: usize, state: ItemState, source: Option<SourceName>) {
        self.done += 1;
        self.dependents.release(at);
        if let Some(levelling) = &mut self.levelling {
            levelling.settle(at);
        }
        if let Some(together) = &mut self.together {
            together.settle(at);
        }
        let item = &mut self.plan.items[at];
        item.state = state;
        self.events.push(Event::ItemFinished {
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
}
