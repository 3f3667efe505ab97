//! Says again what was taken down.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use musicdl_plugin_api::SourceError;
use musicdl_plugin_api::http::Head;

use super::super::exchange::Event;
use super::super::outgoing::Outgoing;
use super::exchange_file::{Answer, End, Exchange, Outcome, list};
use super::mask::Mask;
use super::record::masked_body;
use crate::plugin::services::disk;

/// How much of a body comes at once, as from a network.
const CHUNK: usize = 64 * 1024;

/// The recorded exchanges of one source.
pub(in super::super) struct Replay {
    dir: PathBuf,
    mask: Mask,
    /// What is left of them; `None` until the first request.
    left: Mutex<Option<HashMap<Request, VecDeque<Exchange>>>>,
}

/// What makes two requests the same, without secrets.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Request {
    method: String,
    url: String,
    body: blake3::Hash,
}

impl Replay {
    pub(super) fn new(dir: PathBuf, mask: Mask) -> Self {
        Self {
            dir,
            mask,
            left: Mutex::new(None),
        }
    }

    /// What came of that request when it was recorded.
    ///
    /// # Errors
    /// `Permanent` when there is no such request, or no further one; `Internal` when the
    /// recording cannot be read.
    pub(in super::super) fn answer(&self, outgoing: &Outgoing) -> Result<Vec<Event>, SourceError> {
        self.mask.learn_from(outgoing);
        let request = Request {
            method: outgoing.method.to_string(),
            url: self.mask.url(&outgoing.url),
            body: blake3::hash(&masked_body(&self.mask, outgoing)),
        };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match &mut *left {
            Some(left) => left,
            nothing => nothing.insert(self.load()?),
        };
        let exchange = left.get_mut(&request).and_then(VecDeque::pop_front);
        let Some(exchange) = exchange else {
            return Err(SourceError::permanent(format!(
                "{} has no answer, or no further one, to {} {} with that body",
                self.dir.display(),
                request.method,
                request.url
            )));
        };
        match exchange.outcome {
            Outcome::Answer(answer) => self.events(answer),
            Outcome::Failure(failure) => Ok(vec![Event::Failed(failure.error())]),
        }
    }

    fn load(&self) -> Result<HashMap<Request, VecDeque<Exchange>>, SourceError> {
        let files = list(&self.dir).map_err(|error| disk::failure("read", &self.dir, &error))?;
        let mut all: HashMap<_, VecDeque<_>> = HashMap::new();
        for file in files {
            let exchange = Exchange::read(&file)?;
            let asked = &exchange.request;
            let request = Request {
                method: asked.method.clone(),
                url: asked.url.clone(),
                body: blake3::hash(&asked.body.bytes(&self.dir)?),
            };
            all.entry(request).or_default().push_back(exchange);
        }
        Ok(all)
    }

    fn events(&self, answer: Answer) -> Result<Vec<Event>, SourceError> {
        let body = answer.body.bytes(&self.dir)?;
        let mut events = vec![Event::Head(Head {
            status: answer.status,
            headers: answer.headers,
            url: answer.url,
            ..Head::default()
        })];
        events.extend(
            body.chunks(CHUNK)
                .map(|bytes| Event::Chunk(Bytes::copy_from_slice(bytes))),
        );
        events.push(match answer.end {
            // Who left then leaves now.
            End::Whole | End::Left => Event::End,
            End::Broken(failure) => Event::Failed(failure.error()),
        });
        Ok(events)
    }
}
