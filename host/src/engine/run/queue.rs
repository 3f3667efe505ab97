//! Which item starts next.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::time::Instant;

use super::{Done, Run, Work};
use crate::engine::SearchOrder;
use crate::engine::album::AlbumKey;
use crate::engine::event::Event;
use crate::engine::job::{self, History};
use crate::engine::journal::Entry;
use crate::engine::mailbox::CallContext;
use crate::plan::{ItemKind, ItemState, SkipReason, Status};

impl Run<'_> {
    /// When an item that was put off can be tried again. `None`: nothing waits, or the run
    /// ends before.
    pub(super) fn next_due(&self) -> Option<Instant> {
        if self.early.is_some() || self.cancel.is_stopping() || !self.has_room() {
            return None;
        }
        self.put_off.iter().map(|(due, _)| *due).min()
    }

    /// The position of the next item that can start. Items that wait for others, or for a
    /// source, are looked at again first.
    pub(super) fn take_next(&mut self) -> Option<usize> {
        let now = Instant::now();
        while let Some(slot) = self.put_off.iter().position(|(due, _)| *due <= now) {
            let (_, at) = self.put_off.remove(slot);
            // The user may have cancelled it meanwhile.
            if self.plan.items[at].status() == Status::Pending {
                return Some(at);
            }
        }
        while let Some(at) = self.returned.pop_front() {
            // Another claim may have taken it meanwhile.
            if self.plan.items[at].status() == Status::Pending {
                return Some(at);
            }
        }
        while let Some(Parked { at, met }) = self.dependents.next_released() {
            // The user may have cancelled it, or a claim taken it, meanwhile.
            let is_pending = self.plan.items[at].status() == Status::Pending;
            if is_pending && self.may_start(at, met) {
                return Some(at);
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
            if self.may_start(at, 0) {
                return Some(at);
            }
        }
        None
    }

    /// Whether the item can start now, whose first `met` dependencies have ended well. One that
    /// waits for another is looked at again when that one ends; one that waits for a failed
    /// item is skipped.
    fn may_start(&mut self, at: usize, met: usize) -> bool {
        match self.readiness(at, met) {
            Readiness::Ready => return true,
            Readiness::Waits { dependency, met } => {
                self.dependents.park(dependency, Parked { at, met });
            }
            Readiness::Never => self.skip(at, SkipReason::Dependency),
        }
        false
    }

    /// What the item waits for, apart from its first `met` dependencies.
    pub(super) fn readiness(&self, at: usize, met: usize) -> Readiness {
        let dependencies = self.plan.items[at].dependencies.iter().enumerate();
        for (met, dependency) in dependencies.skip(met) {
            let Some(dependency) = self.plan.position_of(dependency) else {
                continue;
            };
            match &self.plan.items[dependency].state {
                ItemState::Pending | ItemState::InProgress => {
                    return Readiness::Waits { dependency, met };
                }
                ItemState::Failed { .. }
                | ItemState::Skipped {
                    reason: SkipReason::Dependency,
                    ..
                } => return Readiness::Never,
                ItemState::Completed { .. } | ItemState::Skipped { .. } => {}
            }
        }
        Readiness::Ready
    }

    pub(super) fn start(&mut self, at: usize) {
        let history = self.history.remove(&at).unwrap_or_default();
        let item = &mut self.plan.items[at];
        item.state = ItemState::InProgress;
        let (id, name) = (item.id().clone(), item.display_name());
        self.entries.push(Entry::Started { id: id.clone() });
        self.reporter.event(&Event::ItemStarted { id, name });
        if let Some(handle) = self.begins_with_album(at, &history) {
            return self.claim(at, handle, history);
        }
        let call_context = self.call_context(at);
        let item = self.plan.items[at].clone();
        let job = job::carry_out(item, Arc::clone(&self.context), call_context, history);
        let task = self
            .jobs
            .start(async move { Done::Items(vec![(at, job.await)]) });
        self.running.insert(task, Work::Track(at));
    }

    /// The source to be asked first, if it is one of whole albums. The album is claimed at once
    /// then: jobs of its tracks would only come back and ask for it one after the other, and
    /// the last when its files are shared out already.
    fn begins_with_album(&self, at: usize, history: &History) -> Option<usize> {
        let item = &self.plan.items[at];
        let asks_in_order = self.context.order == SearchOrder::Priority;
        if !asks_in_order || !item.needs_source() || self.context.finisher.has_held(item) {
            return None;
        }
        AlbumKey::of(&item.track.unpack())?;
        let mut handles = self.context.handles.iter().enumerate();
        let first =
            handles.find(|(at, handle)| handle.dropped().is_none() && !history.asked.contains(at));
        first
            .filter(|(_, handle)| handle.is_album_only())
            .map(|(handle, _)| handle)
    }

    pub(super) fn call_context(&mut self, at: usize) -> CallContext {
        let cancel = self.cancel.of_one_item();
        self.cancels.insert(at, cancel.clone());
        CallContext {
            at,
            id: self.plan.items[at].id().clone(),
            cancel,
            mailbox: self.mailbox.clone(),
            fresh: false,
        }
    }
}

#[derive(PartialEq)]
pub(super) enum Readiness {
    Ready,
    /// The item at the plan position `dependency` has not ended; the `met` before it have.
    Waits {
        dependency: usize,
        met: usize,
    },
    /// What it depends on has failed.
    Never,
}

/// Items that wait for others to end. Each waits for one of them at a time and never looks
/// back, so that all waiting costs as much as there are dependencies.
#[derive(Default)]
pub(super) struct Dependents {
    /// Those that wait, by the plan position they wait for.
    waiting: HashMap<usize, Vec<Parked>>,
    /// Those whose wait is over, not looked at yet.
    released: VecDeque<Parked>,
}

/// An item that waits.
struct Parked {
    /// Its plan position.
    at: usize,
    /// How many of its dependencies have ended well.
    met: usize,
}

impl Dependents {
    fn park(&mut self, dependency: usize, parked: Parked) {
        self.waiting.entry(dependency).or_default().push(parked);
    }

    /// The item at that position has ended.
    pub(super) fn release(&mut self, dependency: usize) {
        let waiting = self.waiting.remove(&dependency);
        self.released.extend(waiting.unwrap_or_default());
    }

    fn next_released(&mut self) -> Option<Parked> {
        self.released.pop_front()
    }
}
