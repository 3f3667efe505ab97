//! What jobs send to the coordinator while they run, and the context of a call.

use tokio::sync::mpsc;

use super::cancel::Cancel;
use super::event::Event;
use crate::music::TrackId;

/// What a job asks of the coordinator, which reads it at once.
#[derive(Debug)]
pub(super) enum ControlMessage {
    /// The job of the item at that plan position only waits; another may run in its place.
    Waits(usize),
    /// It goes on.
    GoesOn(usize),
}

/// A job's way to the coordinator. Sending never blocks.
#[derive(Clone, Debug)]
pub(super) struct MailboxSender {
    control: mpsc::UnboundedSender<ControlMessage>,
    events: mpsc::UnboundedSender<Event>,
}

/// The receiving end, held by the coordinator.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) control: mpsc::UnboundedReceiver<ControlMessage>,
    /// For the reporter, read at intervals: waking the coordinator for each would cost
    /// more than most of them are worth.
    pub(super) events: mpsc::UnboundedReceiver<Event>,
}

impl MailboxSender {
    pub(super) fn new() -> (Self, Mailbox) {
        let ((control_sender, control), (event_sender, events)) =
            (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let sender = Self {
            control: control_sender,
            events: event_sender,
        };
        (sender, Mailbox { control, events })
    }

    // The coordinator outlives every job but an aborted one, whose messages do not matter.

    pub(super) fn emit(&self, event: Event) {
        drop(self.events.send(event));
    }

    fn send(&self, message: ControlMessage) {
        drop(self.control.send(message));
    }
}

/// For which item a source is called, and how that call ends.
#[derive(Clone, Debug)]
pub(super) struct CallContext {
    /// Plan position of the item.
    pub(super) at: usize,
    /// The item.
    pub(super) id: TrackId,
    /// Ends this item's calls, or the whole run.
    pub(super) cancel: Cancel,
    pub(super) mailbox: MailboxSender,
    /// An answer that was kept from an earlier search will not do.
    pub(super) fresh: bool,
}

impl CallContext {
    /// As long as the answer lives, another item may run in this one's place.
    pub(super) fn only_waits(&self) -> Waiting {
        self.mailbox.send(ControlMessage::Waits(self.at));
        Waiting {
            at: self.at,
            mailbox: self.mailbox.clone(),
        }
    }
}

/// That a job only waits.
#[derive(Debug)]
pub(super) struct Waiting {
    at: usize,
    mailbox: MailboxSender,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.mailbox.send(ControlMessage::GoesOn(self.at));
    }
}

#[cfg(test)]
impl CallContext {
    /// An call_context of nobody, and what is told on the way.
    pub(super) fn for_test() -> (Self, Mailbox) {
        let (mailbox, inbox) = MailboxSender::new();
        let call_context = Self {
            at: 0,
            id: TrackId::text("x"),
            cancel: Cancel::new(),
            mailbox,
            fresh: false,
        };
        (call_context, inbox)
    }
}
