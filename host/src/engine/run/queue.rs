//! Which item starts next.

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
        for slot in 0..self.dependent.len() {
            let at = self.dependent[slot];
            match self.readiness(at) {
                Readiness::Ready => {
                    self.dependent.remove(slot);
                    return Some(at);
                }
                Readiness::Waits => {}
                Readiness::Never => {
                    self.dependent.remove(slot);
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
                Readiness::Waits => self.dependent.push(at),
                Readiness::Never => self.skip(at, SkipReason::Dependency),
            }
        }
        None
    }

    pub(super) fn readiness(&self, at: usize) -> Readiness {
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
        AlbumKey::of(&item.track)?;
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
    Waits,
    Never,
}
