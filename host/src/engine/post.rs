//! What jobs tell the coordinator while they run, and on whose behalf a call is made.

use tokio::sync::mpsc;

use super::cancel::Cancel;
use super::event::Event;
use crate::music::TrackId;

/// What a job tells the coordinator.
#[derive(Debug)]
pub(super) enum Letter {
    /// For everybody.
    Event(Event),
    /// The job of the item at that plan position only waits; another may run in its place.
    Waits(usize),
    /// It goes on.
    GoesOn(usize),
}

/// A job's line to the coordinator. Sending never blocks.
#[derive(Clone, Debug)]
pub(super) struct Post(mpsc::UnboundedSender<Letter>);

impl Post {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Letter>) {
        let (sender, inbox) = mpsc::unbounded_channel();
        (Self(sender), inbox)
    }

    pub(super) fn tell(&self, event: Event) {
        self.send(Letter::Event(event));
    }

    fn send(&self, letter: Letter) {
        // The coordinator outlives every job but an aborted one, of which nobody asks.
        drop(self.0.send(letter));
    }
}

/// One item's business with a source: whose, and how to end it.
#[derive(Clone, Debug)]
pub(super) struct Errand {
    /// Plan position of the item.
    pub(super) at: usize,
    /// The item.
    pub(super) id: TrackId,
    /// Ends this item's calls, or the whole run.
    pub(super) cancel: Cancel,
    pub(super) post: Post,
    /// An answer that was kept from an earlier search will not do.
    pub(super) fresh: bool,
}

impl Errand {
    /// As long as the answer lives, another item may run in this one's place.
    pub(super) fn only_waits(&self) -> Waiting {
        self.post.send(Letter::Waits(self.at));
        Waiting {
            at: self.at,
            post: self.post.clone(),
        }
    }
}

/// That a job only waits.
#[derive(Debug)]
pub(super) struct Waiting {
    at: usize,
    post: Post,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.post.send(Letter::GoesOn(self.at));
    }
}

#[cfg(test)]
impl Errand {
    /// An errand of nobody, and what is told on the way.
    pub(super) fn for_test() -> (Self, mpsc::UnboundedReceiver<Letter>) {
        let (post, inbox) = Post::new();
        let errand = Self {
            at: 0,
            id: TrackId::text("x"),
            cancel: Cancel::new(),
            post,
            fresh: false,
        };
        (errand, inbox)
    }
}
