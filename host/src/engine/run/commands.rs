//! What others ask of a run while it goes on.

use super::{Run, Work};
use crate::engine::EarlyEnd;
use crate::engine::event::Event;
use crate::engine::journal::Command;
use crate::music::TrackId;
use crate::plan::{SkipReason, Status};

impl Run<'_> {
    /// Does what others have asked for.
    pub(super) fn poll_commands(&mut self) {
        let commands = match self.journal.commands() {
            Ok(commands) => commands,
            Err(error) => {
                self.early.get_or_insert(EarlyEnd::Journal(error));
                return self.cancel.stop();
            }
        };
        for command in commands {
            match command {
                Command::CancelItem(id) => self.cancel_item(&id),
                Command::DropSource(name) => {
                    let handles = self.context.handles.iter();
                    for handle in handles.filter(|handle| *handle.name() == name) {
                        handle.end("cancelled");
                        self.events.push(Event::SourceDropped {
                            source: name.clone(),
                            reason: "cancelled".to_owned(),
                        });
                    }
                }
            }
        }
    }

    pub(super) fn cancel_item(&mut self, id: &TrackId) {
        let Some(at) = self.plan.position_of(id) else {
            return;
        };
        match self.plan.items[at].status() {
            Status::Pending => {
                self.put_off.retain(|(_, waiting)| *waiting != at);
                self.skip(at, SkipReason::Cancelled);
            }
            Status::InProgress if self.lets_go(at) => {
                self.forget_held(at);
                self.skip(at, SkipReason::Cancelled);
            }
            Status::InProgress => {
                self.cancelled.insert(at);
                if let Some(cancel) = self.cancels.get(&at).filter(|_| !self.leads_others(at)) {
                    cancel.abort();
                }
            }
            // Its end came first.
            Status::Completed | Status::Failed | Status::Skipped => {}
        }
    }

    /// Whether others are served by the same grab and are still wanted.
    pub(super) fn leads_others(&self, at: usize) -> bool {
        let work = self.running.values().find(|work| work.leads(at));
        let positions = work.map(Work::positions).unwrap_or_default();
        positions
            .iter()
            .any(|other| !self.cancelled.contains(other))
    }
}
