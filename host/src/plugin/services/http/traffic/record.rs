//! Takes down what is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use musicdl_plugin_api::SourceError;
use musicdl_plugin_api::http::Head;
use reqwest::Url;

use super::super::MAX_ANSWER;
use super::super::exchange::Event;
use super::super::outgoing::Outgoing;
use super::exchange_file::{Answer, Asked, Content, End, Exchange, Failure, Outcome, list};
use super::mask::Mask;
use crate::plugin::services::disk;

/// The recording of one source.
pub(in super::super) struct Recording {
    dir: PathBuf,
    mask: Arc<Mask>,
    /// Number of the last exchange; `None` until there is a directory.
    last: Mutex<Option<u32>>,
}

impl Recording {
    pub(super) fn new(dir: PathBuf, mask: Mask) -> Self {
        Self {
            dir,
            mask: Arc::new(mask),
            last: Mutex::new(None),
        }
    }

    /// Gives the request its place in the order.
    ///
    /// # Errors
    /// `Internal` when the disk does not let us, or holds another recording.
    pub(in super::super) fn begin(&self, outgoing: &Outgoing) -> Result<Recorder, SourceError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match *last {
            Some(last) => last + 1,
            None => {
                make_empty(&self.dir)?;
                1
            }
        };
        *last = Some(number);
        let stem = self.dir.join(format!("{number:04}"));
        self.mask.learn_from(outgoing);
        let request = asked(&self.mask, outgoing, &stem.with_extension("request"))?;
        Ok(Recorder {
            stem,
            mask: Arc::clone(&self.mask),
            request,
            head: None,
            body: Vec::new(),
            is_written: false,
        })
    }
}

/// A new recording would mix with an old one, and answers with those of another day.
fn make_empty(dir: &Path) -> Result<(), SourceError> {
    fs::create_dir_all(dir).map_err(|error| disk::failure("make the directory", dir, &error))?;
    match list(dir) {
        Ok(files) if files.is_empty() => Ok(()),
        Ok(_) => Err(SourceError::internal(format!(
            "{} holds a recording already; remove it or name another directory",
            dir.display()
        ))),
        Err(error) => Err(disk::failure("read", dir, &error)),
    }
}

/// The request without secrets; its body, if it is not text, in the file `beside`.
fn asked(mask: &Mask, outgoing: &Outgoing, beside: &Path) -> Result<Asked, SourceError> {
    let headers = outgoing.headers.iter().map(|(name, value)| {
        let shown = mask.request_header(name, value.as_bytes());
        (name.as_str().to_owned(), shown)
    });
    Ok(Asked {
        method: outgoing.method.to_string(),
        url: mask.url(&outgoing.url),
        headers: headers.collect(),
        body: Content::keep(masked_body(mask, outgoing), beside)?,
    })
}

/// The body of a request without secrets, as it is kept and compared.
pub(super) fn masked_body(mask: &Mask, outgoing: &Outgoing) -> Vec<u8> {
    let kind = outgoing.headers.get("content-type");
    mask.body(kind.and_then(|kind| kind.to_str().ok()), &outgoing.body)
}

/// Listens to one exchange. Written when it ends, or when the plugin wants no more of it.
pub(in super::super) struct Recorder {
    /// The path of its file without ending.
    stem: PathBuf,
    mask: Arc<Mask>,
    request: Asked,
    head: Option<Head>,
    body: Vec<u8>,
    is_written: bool,
}

impl Recorder {
    /// # Errors
    /// `Internal` when the disk does not take it, `Permanent` when there is too much of it.
    pub(in super::super) fn hear(&mut self, event: &Event) -> Result<(), SourceError> {
        match event {
            Event::Head(head) => self.head = Some(head.clone()),
            Event::Chunk(bytes) if self.body.len() + bytes.len() > MAX_ANSWER => {
                return Err(SourceError::permanent(format!(
                    "an answer of more than {} MiB cannot be recorded",
                    MAX_ANSWER / 1024 / 1024
                )));
            }
            Event::Chunk(bytes) => self.body.extend_from_slice(bytes),
            Event::End => self.write(End::Whole)?,
            Event::Failed(error) => {
                let failure = Failure {
                    kind: error.kind.as_str().to_owned(),
                    message: self.mask.text(&error.message),
                };
                self.write(End::Broken(failure))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, end: End) -> Result<(), SourceError> {
        self.is_written = true;
        let outcome = match (self.head.take(), end) {
            (Some(head), end) => Outcome::Answer(self.answer(head, end)?),
            (None, End::Broken(failure)) => Outcome::Failure(failure),
            // Left before a word was heard: there is nothing to say again.
            (None, End::Whole | End::Left) => return Ok(()),
        };
        let exchange = Exchange::new(self.request.clone(), outcome);
        exchange.write(&self.stem.with_extension("json"))
    }

    fn answer(&mut self, head: Head, end: End) -> Result<Answer, SourceError> {
        let body = std::mem::take(&mut self.body);
        let masked = self.mask.body(head.header("content-type"), &body);
        let headers: Vec<_> = head
            .headers
            .iter()
            .map(|(name, value)| {
                let shown = self.mask.answer_header(name, value);
                // A body whose length is not the announced one would count as cut off.
                let length = (name == "content-length").then(|| value.trim().parse::<usize>());
                let shown = match length {
                    Some(Ok(length)) => (length + masked.len())
                        .saturating_sub(body.len())
                        .to_string(),
                    Some(Err(_)) | None => shown,
                };
                (name.clone(), shown)
            })
            .collect();
        Ok(Answer {
            status: head.status,
            url: match Url::parse(&head.url) {
                Ok(url) => self.mask.url(&url),
                Err(_) => self.mask.text(&head.url),
            },
            headers,
            body: Content::keep(masked, &self.stem.with_extension("answer"))?,
            end,
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        if let Err(error) = self.write(End::Left) {
            tracing::warn!("an exchange is missing in the recording: {}", error.message);
        }
    }
}
