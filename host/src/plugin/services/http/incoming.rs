//! The calling thread's end of an exchange: waits, and stops waiting when it is told to.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use musicdl_plugin_api::http::{BodyReader, Head};
use musicdl_plugin_api::{Progress, SourceError};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::client::SourceNet;
use super::exchange::{self, Event};
use super::outgoing::Outgoing;
use super::traffic::{Recorder, Tape};

/// How often a waiting call looks whether it is cancelled.
const LOOK: Duration = Duration::from_millis(200);

/// Chunks that may wait for the caller; the network reads no further than that. A chunk of a
/// fast server has 400 KB.
const CHUNKS_AHEAD: usize = 2;

/// A running exchange. Dropping it ends the exchange.
pub(super) struct Incoming {
    events: Receiver<Event>,
    room: Arc<Semaphore>,
    /// `None`: nothing runs, the answer is a recorded one.
    task: Option<AbortHandle>,
    /// Takes down what comes.
    recorder: Option<Recorder>,
    /// How the body ended, for who asks again.
    end: Option<Result<(), SourceError>>,
}

impl Incoming {
    /// # Errors
    /// Only when traffic is recorded or replayed: `Internal` when the disk does not let us,
    /// `Permanent` when no answer to that request was recorded.
    pub(super) fn start(
        net: &Arc<SourceNet>,
        outgoing: Outgoing,
        deadline: Option<Instant>,
    ) -> Result<Self, SourceError> {
        // Unbounded, because sending into it must not block a runtime thread; `room` bounds it.
        let (sender, events) = mpsc::channel();
        let room = Arc::new(Semaphore::new(CHUNKS_AHEAD));
        let recorder = match &net.tape {
            Tape::Live => None,
            Tape::Recording(recording) => Some(recording.begin(&outgoing)?),
            Tape::Replaying(replay) => {
                for event in replay.answer(&outgoing)? {
                    // The other end is two lines above.
                    let _ = sender.send(event);
                }
                return Ok(Self {
                    events,
                    room,
                    task: None,
                    recorder: None,
                    end: None,
                });
            }
        };
        let task = net.host.runtime.spawn({
            let (net, room) = (Arc::clone(net), Arc::clone(&room));
            async move { exchange::run(&net, outgoing, deadline, sender, &room).await }
        });
        Ok(Self {
            events,
            room,
            task: Some(task.abort_handle()),
            recorder,
            end: None,
        })
    }

    /// The head of the answer. To be asked for once, first.
    pub(super) fn head(&mut self, progress: &Progress) -> Result<Head, SourceError> {
        match self.next(progress)? {
            Event::Head(head) => Ok(head),
            Event::Failed(error) => Err(error),
            Event::Chunk(_) | Event::End => {
                unreachable!("an exchange begins with a head or a failure")
            }
        }
    }

    /// The next bytes; `None` at the end.
    pub(super) fn chunk(&mut self, progress: &Progress) -> Result<Option<Vec<u8>>, SourceError> {
        if let Some(end) = &self.end {
            return end.clone().map(|()| None);
        }
        let end = match self.next(progress) {
            Ok(Event::Chunk(bytes)) => {
                self.room.add_permits(1);
                return Ok(Some(bytes));
            }
            Ok(Event::End) => Ok(()),
            Ok(Event::Failed(error)) | Err(error) => Err(error),
            Ok(Event::Head(_)) => unreachable!("an exchange has one head"),
        };
        self.end.insert(end).clone().map(|()| None)
    }

    fn next(&mut self, progress: &Progress) -> Result<Event, SourceError> {
        loop {
            progress.check()?;
            match self.events.recv_timeout(LOOK) {
                Ok(event) => {
                    if let Some(recorder) = &mut self.recorder {
                        recorder.hear(&event)?;
                    }
                    return Ok(event);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The task was dropped without a last word: the runtime shuts down.
                Err(RecvTimeoutError::Disconnected) => return Err(SourceError::cancelled()),
            }
        }
    }
}

impl BodyReader for Incoming {
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        Incoming::chunk(self, &Progress::ignored())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
