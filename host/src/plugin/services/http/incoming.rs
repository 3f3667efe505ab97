//! The calling thread's end of an exchange: waits, and stops waiting when the download is cancelled.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use musicdl_plugin_api::http::{BodyReader, Head};
use musicdl_plugin_api::{Progress, SourceError};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::body::LiveBody;
use super::client::SourceNet;
use super::exchange::{self, Answered, Event};
use super::outgoing::Outgoing;
use super::traffic::{Recorder, Tape};
use super::wait::wait_for;

/// A running exchange. Dropping it ends the exchange.
pub(super) struct Incoming {
    stage: Stage,
    /// Takes down what comes.
    recorder: Option<Recorder>,
    /// How the body ended, for who asks again.
    end: Option<Result<(), SourceError>>,
}

/// How far it is.
enum Stage {
    /// The head is waited for.
    Asked(Asked),
    /// The head was there.
    Answered(Box<LiveBody>),
    /// Nothing runs, the answer is a recorded one.
    Recorded(std::vec::IntoIter<Event>),
    /// Nothing more comes.
    Over,
}

/// A request on its way.
struct Asked {
    net: Arc<SourceNet>,
    answer: oneshot::Receiver<Result<Answered, SourceError>>,
    task: AbortHandle,
    deadline: Option<Instant>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.task.abort();
    }
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
        let recorder = match &net.tape {
            Tape::Live => None,
            Tape::Recording(recording) => Some(recording.begin(&outgoing)?),
            Tape::Replaying(replay) => {
                return Ok(Self {
                    stage: Stage::Recorded(replay.answer(&outgoing)?.into_iter()),
                    recorder: None,
                    end: None,
                });
            }
        };
        let (send, answer) = oneshot::channel();
        let task = net.host.runtime.spawn({
            let net = Arc::clone(net);
            async move {
                // Who asked may be gone.
                let _ = send.send(exchange::answer(&net, outgoing, deadline).await);
            }
        });
        Ok(Self {
            stage: Stage::Asked(Asked {
                net: Arc::clone(net),
                answer,
                task: task.abort_handle(),
                deadline,
            }),
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
    pub(super) fn chunk(&mut self, progress: &Progress) -> Result<Option<Bytes>, SourceError> {
        if let Some(end) = &self.end {
            return end.clone().map(|()| None);
        }
        let end = match self.next(progress) {
            Ok(Event::Chunk(bytes)) => return Ok(Some(bytes)),
            Ok(Event::End) => Ok(()),
            Ok(Event::Failed(error)) | Err(error) => Err(error),
            Ok(Event::Head(_)) => unreachable!("an exchange has one head"),
        };
        self.end.insert(end).clone().map(|()| None)
    }

    fn next(&mut self, progress: &Progress) -> Result<Event, SourceError> {
        progress.check()?;
        let event = match &mut self.stage {
            Stage::Asked(asked) => {
                let answer = wait_for(pin!(&mut asked.answer), || progress.check().map(|()| None))?;
                // Without a last word the task was dropped: the runtime shuts down.
                match answer.map_err(|_| SourceError::cancelled())? {
                    Ok(answered) => {
                        let head = exchange::head(&answered.response);
                        let body = LiveBody::new(Arc::clone(&asked.net), answered, asked.deadline);
                        self.stage = Stage::Answered(Box::new(body));
                        Event::Head(head)
                    }
                    Err(error) => Event::Failed(error),
                }
            }
            Stage::Answered(body) => body.next(progress)?,
            Stage::Recorded(events) => events.next().unwrap_or(Event::End),
            Stage::Over => Event::End,
        };
        if matches!(event, Event::End | Event::Failed(_)) {
            self.stage = Stage::Over;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.hear(&event)?;
        }
        Ok(event)
    }
}

impl BodyReader for Incoming {
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let chunk = Incoming::chunk(self, &Progress::ignored())?;
        Ok(chunk.map(Vec::from))
    }
}
