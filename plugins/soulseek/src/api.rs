//! The calls we make of slskd, one function each; its records are in `record`. How long an
//! answer may take, what is read twice, and what counts as no answer of slskd's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use musicdl_plugin_api::http::{Request, Response};
use musicdl_plugin_api::{Host, LogLevel, Secret, ServerUrl, SourceError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Asked, Failure};
use crate::record::{
    Application, Batch, BatchAnswer, EnqueueAnswer, Event, OptionsRecord, PeerResponse,
    SearchRecord, ServerState, Transfer, UserDownloads,
};

/// Four of them make a check of the connection, which has 15 s.
const PROBE_LIMIT: Duration = Duration::from_millis(3_500);
/// slskd answers from its own memory.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// Up to 100 peers with some thousand files.
const RESPONSES_LIMIT: Duration = Duration::from_secs(20);
/// Up to 0.23 the answer waits for the peer's.
const ENQUEUE_LIMIT: Duration = Duration::from_secs(90);
/// Peers are many; what the first hundred offer is plenty for one song.
const RESPONSE_LIMIT: u64 = 100;
const FILE_LIMIT: u64 = 5_000;
/// How far back a finished download is looked for.
const EVENTS: &str = "100";

/// One slskd.
pub(crate) struct Api {
    host: Host,
    address: ServerUrl,
    key: Secret,
    warned: AtomicBool,
}

impl Api {
    pub(crate) fn new(host: Host, address: ServerUrl, key: Secret) -> Self {
        Self {
            host,
            address,
            key,
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) fn report(&self, failure: Failure, asked: Asked) -> SourceError {
        failure.report(asked, self.address.base())
    }

    // ---- how it is

    pub(crate) fn server(&self) -> Result<ServerState, Failure> {
        self.read(self.get("server").timeout(PROBE_LIMIT))
    }

    pub(crate) fn application(&self) -> Result<Application, Failure> {
        self.read(self.get("application").timeout(PROBE_LIMIT))
    }

    /// `0.26.0`, in quotes of JSON.
    pub(crate) fn version(&self) -> Result<String, Failure> {
        self.read(self.get("application/version").timeout(PROBE_LIMIT))
    }

    pub(crate) fn options(&self) -> Result<OptionsRecord, Failure> {
        self.read(self.get("options").timeout(PROBE_LIMIT))
    }

    // ---- searches

    pub(crate) fn start_search(
        &self,
        id: &str,
        text: &str,
        silence: Duration,
    ) -> Result<(), Failure> {
        let milliseconds = u64::try_from(silence.as_millis()).unwrap_or(u64::MAX);
        let body = json!({
            "id": id,
            "searchText": text,
            "searchTimeout": milliseconds,
            "responseLimit": RESPONSE_LIMIT,
            "fileLimit": FILE_LIMIT,
        });
        self.send(self.post("searches", &body)).map(drop)
    }

    pub(crate) fn search(&self, id: &str) -> Result<SearchRecord, Failure> {
        self.read(self.get(&format!("searches/{id}")))
    }

    pub(crate) fn responses(&self, id: &str) -> Result<Vec<PeerResponse>, Failure> {
        let request = self.get(&format!("searches/{id}/responses"));
        self.read(request.timeout(RESPONSES_LIMIT))
    }

    /// Ends a search before its time; what was found is kept.
    pub(crate) fn stop_search(&self, id: &str) -> Result<(), Failure> {
        self.send(self.request("PUT", &format!("searches/{id}")))
            .map(drop)
    }

    pub(crate) fn delete_search(&self, id: &str) -> Result<(), Failure> {
        self.send(self.request("DELETE", &format!("searches/{id}")))
            .map(drop)
    }

    // ---- downloads

    /// `None` from a version that answers without a word.
    pub(crate) fn enqueue(
        &self,
        username: &str,
        filename: &str,
        size: u64,
    ) -> Result<Option<EnqueueAnswer>, Failure> {
        let body = json!([{ "filename": filename, "size": size }]);
        let request = self.post(&downloads_of(username), &body);
        let answer = self.send(request.timeout(ENQUEUE_LIMIT))?;
        if answer.body.trim_ascii().is_empty() {
            return Ok(None);
        }
        parse(&answer).map(Some)
    }

    /// From 0.26.
    pub(crate) fn enqueue_batch(&self, batch: &BatchRequest<'_>) -> Result<BatchAnswer, Failure> {
        let body = json!({
            "id": batch.id,
            "searchId": batch.search_id,
            "username": batch.username,
            "files": [{ "filename": batch.filename, "size": batch.size }],
            "options": { "destination": batch.destination },
        });
        let request = self.post("transfers/downloads/batches", &body);
        parse(&self.send(request.timeout(ENQUEUE_LIMIT))?)
    }

    pub(crate) fn batch(&self, id: &str) -> Result<Batch, Failure> {
        self.read(self.get(&format!("transfers/downloads/batches/{}", segment(id))))
    }

    /// Everything slskd keeps of downloads from that peer.
    pub(crate) fn downloads(&self, username: &str) -> Result<Vec<Transfer>, Failure> {
        match self.read::<UserDownloads>(self.get(&downloads_of(username))) {
            Ok(all) => Ok(all.directories.into_iter().flat_map(|d| d.files).collect()),
            // That is how it says `none`.
            Err(failure) if failure.status() == Some(404) => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }

    pub(crate) fn transfer(&self, username: &str, id: &str) -> Result<Transfer, Failure> {
        self.read(self.get(&transfer(username, id)))
    }

    /// Makes slskd ask the peer for our place in its queue.
    pub(crate) fn position(&self, username: &str, id: &str) -> Result<i64, Failure> {
        self.read(self.get(&format!("{}/position", transfer(username, id))))
    }

    /// Asks a download to end; when it has, is to be looked for.
    pub(crate) fn cancel(&self, username: &str, id: &str) -> Result<(), Failure> {
        self.delete_transfer(username, id, "false")
    }

    /// Takes a download that is over off slskd's list. The file is not touched.
    pub(crate) fn forget(&self, username: &str, id: &str) -> Result<(), Failure> {
        self.delete_transfer(username, id, "true")
    }

    fn delete_transfer(&self, username: &str, id: &str, remove: &str) -> Result<(), Failure> {
        let request = self.request("DELETE", &transfer(username, id));
        self.send(request.query(&[("remove", remove)])).map(drop)
    }

    /// The latest first.
    pub(crate) fn events(&self) -> Result<Vec<Event>, Failure> {
        let request = self.get("events");
        self.read(request.query(&[("offset", "0"), ("limit", EVENTS)]))
    }

    /// Deletes a file, given relative to the downloads directory. slskd does so only if its
    /// `remote_file_management` is on.
    pub(crate) fn delete_file(&self, relative: &str) -> Result<(), Failure> {
        self.delete_finished("files", relative)
    }

    /// Deletes a directory and everything in it, as [`Api::delete_file`] does a file.
    pub(crate) fn delete_directory(&self, relative: &str) -> Result<(), Failure> {
        self.delete_finished("directories", relative)
    }

    fn delete_finished(&self, what: &str, relative: &str) -> Result<(), Failure> {
        let name = BASE64.encode(relative);
        let path = format!("files/downloads/{what}/{}", segment(&name));
        self.send(self.request("DELETE", &path)).map(drop)
    }

    // ---- the way there and back

    fn request(&self, method: &str, path: &str) -> Request {
        Request {
            method: method.to_owned(),
            url: format!("{}/api/v0/{path}", self.address.base()),
            headers: vec![("X-API-Key".to_owned(), self.key.reveal().to_owned())],
            timeout: Some(CALL_LIMIT),
            ..Request::default()
        }
    }

    fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    fn post(&self, path: &str, body: &Value) -> Request {
        let mut request = self
            .request("POST", path)
            .header("Content-Type", "application/json");
        request.body = body.to_string().into_bytes();
        request
    }

    /// Sends a request; anything but a success of slskd's own is a failure.
    fn send(&self, request: Request) -> Result<Response, Failure> {
        self.warn();
        let answer = self.host.http_send(&request)?;
        let is_page = answer
            .head
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"));
        if answer.head.is_success() {
            return if is_page {
                Err(Failure::WebPage)
            } else {
                Ok(answer)
            };
        }
        // A proxy's page says nothing that its status does not.
        let words = if is_page {
            String::new()
        } else {
            words(&answer.body)
        };
        Err(Failure::Status {
            status: answer.status(),
            words,
        })
    }

    /// Reads a record. One that cannot be read is asked for once more: reading changes nothing.
    fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, Failure> {
        match parse(&self.send(request.clone())?) {
            Err(Failure::Broken(_)) => parse(&self.send(request)?),
            read => read,
        }
    }

    /// That others on the way can read the key, if they can.
    pub(crate) fn overheard(&self) -> Option<String> {
        let host = self.address.host();
        self.address.is_overheard().then(|| {
            format!("the API key goes unencrypted to {host}: use an https address if you can")
        })
    }

    fn warn(&self) {
        if let Some(danger) = self.overheard()
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            self.host.log(LogLevel::INFO, &danger, &[]);
        }
    }
}

/// One file of one peer, into a directory of its own.
pub(crate) struct BatchRequest<'a> {
    /// Ours, so that a lost answer can be looked up.
    pub(crate) id: &'a str,
    pub(crate) search_id: Option<&'a str>,
    pub(crate) username: &'a str,
    pub(crate) filename: &'a str,
    pub(crate) size: u64,
    /// Relative to the downloads directory.
    pub(crate) destination: &'a str,
}

fn parse<T: DeserializeOwned>(answer: &Response) -> Result<T, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|_| Failure::Broken(String::from_utf8_lossy(&answer.body).into_owned()))
}

/// slskd's words on a failure: a bare JSON text, or plain text.
fn words(body: &[u8]) -> String {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned())
}

fn downloads_of(username: &str) -> String {
    format!("transfers/downloads/{}", segment(username))
}

fn transfer(username: &str, id: &str) -> String {
    format!("{}/{}", downloads_of(username), segment(id))
}

/// Any text as one segment of a path: names of peers have blanks, `#`, `?`, `/` and `%`.
fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            other => {
                out.push('%');
                for digit in [other >> 4, other & 15] {
                    out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_segment_of_a_path() {
        for (name, expected) in [
            ("ann", "ann"),
            ("peer one", "peer%20one"),
            ("50%/a#b?c", "50%25%2Fa%23b%3Fc"),
            ("zoë", "zo%C3%AB"),
        ] {
            assert_eq!(segment(name), expected);
        }
    }
}
