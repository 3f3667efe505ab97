//! What jobs tell the coordinator while they run, and on whose behalf a call is made.

use tokio::sync::mpsc;

use super::cancel::Cancel;
use super::event::Event;
use crate::music::TrackId;

/// What a job tells the coordinator, who reads it at once.
#[derive(Debug)]
pub(super) enum Letter {
    /// The job of the item at that plan position only waits; another may run in its place.
    Waits(usize),
    /// It goes on.
    GoesOn(usize),
}

/// A job's line to the coordinator. Sending never blocks.
#[derive(Clone, Debug)]
pub(super) struct Post {
    letters: mpsc::UnboundedSender<Letter>,
    news: mpsc::UnboundedSender<Event>,
}

/// The coordinator's end.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) letters: mpsc::UnboundedReceiver<Letter>,
    /// For everybody, and read when there is time: to wake the coordinator for each would cost
    /// more than most of what they tell of.
    pub(super) news: mpsc::UnboundedReceiver<Event>,
}

impl Post {
    pub(super) fn new() -> (Self, Inbox) {
        let ((to_read, letters), (to_tell, news)) =
            (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let post = Self {
            letters: to_read,
            news: to_tell,
        };
        (post, Inbox { letters, news })
    }

    // The coordinator outlives every job but an aborted one, of which nobody asks.

    pub(super) fn tell(&self, event: Event) {
        drop(self.news.send(event));
    }

    fn send(&self, letter: Letter) {
        drop(self.letters.send(letter));
    }
}

/// One item's business with a source: whose, and how to end it.
#[derive(Clone, Debug)]
pub(super) struct CallContext {
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

impl CallContext {
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
impl CallContext {
    /// An call_context of nobody, and what is told on the way.
    pub(super) fn for_test() -> (Self, Inbox) {
        let (post, inbox) = Post::new();
        let call_context = Self {
            at: 0,
            id: TrackId::text("x"),
            cancel: Cancel::new(),
            post,
            fresh: false,
        };
        (call_context, inbox)
    }
}
