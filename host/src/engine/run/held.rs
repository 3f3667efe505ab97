//! Tracks that are ready, and wait until the rest of their album is.

use std::sync::Arc;

use super::{Done, Run, Work};
use crate::engine::album::together::{self, Waiting};
use crate::engine::event::Event;
use crate::engine::finish::Finished;
use crate::music::SourceName;

impl Run<'_> {
    pub(super) fn next_to_publish(&mut self) -> Option<Vec<Waiting>> {
        self.together.as_mut()?.next(self.plan)
    }

    pub(super) fn publish(&mut self, waiting: Vec<Waiting>) {
        let positions = waiting.iter().map(|one| one.at).collect();
        let job = together::publish(waiting, Arc::clone(&self.context));
        let task = self.jobs.start(async move { Done::Items(job.await) });
        self.running.insert(task, Work::Publish(positions));
    }

    /// The item is ready, and in progress until its album is.
    pub(super) fn hold(&mut self, at: usize, finished: Finished, source: Option<SourceName>) {
        let item = &self.plan.items[at];
        let (id, name) = (item.id().clone(), item.display_name());
        self.flawed(&id, finished.flaws);
        self.events.push(Event::ItemHeld { id, name });
        if let Some(together) = &mut self.together {
            together.hold(at, source);
        }
    }

    /// Albums that are not whole wait for another run.
    pub(super) fn leave_what_waits(&mut self) {
        let Some(together) = self.together.take() else {
            return;
        };
        self.held = together.not_whole(self.plan);
        for album in &self.held {
            self.events.push(Event::AlbumHeld(album.clone()));
        }
        for at in together.left() {
            self.give_back(at);
        }
    }

    /// Whether the item waited, and does not any more.
    pub(super) fn lets_go(&mut self, at: usize) -> bool {
        let together = self.together.as_mut();
        together.is_some_and(|together| together.let_go(at))
    }

    pub(super) fn forget_held(&self, at: usize) {
        let publisher = self.context.finisher.publisher();
        if let Err(error) = publisher.forget_held(self.plan.items[at].id()) {
            tracing::warn!(%error, "a file that nobody wants any more is left");
        }
    }
}
