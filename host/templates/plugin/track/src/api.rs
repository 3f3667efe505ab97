//! The service's own records and calls. Below its base URL it has
//!
//! - `status.json`: its name and version;
//! - `search.json?q=WORDS`: the tracks that match;
//! - `files/ID`: the audio, where the id of a track is the name of its file.

use std::path::Path;
use std::time::Duration;

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{Host, Progress, SourceError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config::Options;
use crate::error::Failure;

/// Below the 15 s the contract gives a check of the connection.
const STATUS_LIMIT: Duration = Duration::from_secs(12);
/// Below the 60 s the contract gives a search.
const SEARCH_LIMIT: Duration = Duration::from_secs(50);

/// What `status.json` says.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) version: String,
}

/// What `search.json` says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Found {
    #[serde(default)]
    pub(crate) tracks: Vec<Track>,
}

/// A track, as far as we make use of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Track {
    pub(crate) id: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) artists: Vec<String>,
    pub(crate) album: Option<String>,
    /// Position on its disc, from 1.
    pub(crate) number: Option<u32>,
    /// Length in whole seconds.
    pub(crate) seconds: Option<u64>,
}

/// The service, logged in to.
pub(crate) struct Api {
    host: Host,
    options: Options,
}

impl Api {
    pub(crate) fn new(host: Host, options: Options) -> Self {
        Self { host, options }
    }

    /// Is it there, and does it let us in?
    pub(crate) fn status(&self) -> Result<Status, SourceError> {
        self.json(self.get("status.json").timeout(STATUS_LIMIT))
            .map_err(|failure| failure.report("asking for the status"))
    }

    /// The tracks that match `words` in the service's eyes.
    pub(crate) fn search(&self, words: &str) -> Result<Found, SourceError> {
        let request = self.get("search.json").query(&[("q", words)]);
        self.json(request.timeout(SEARCH_LIMIT))
            .map_err(|failure| failure.report("searching"))
    }

    /// Saves the audio of that id as `dest`.
    pub(crate) fn save(
        &self,
        id: &str,
        dest: &Path,
        progress: &Progress,
    ) -> Result<(), SourceError> {
        let request = self.get(&format!("files/{id}"));
        let saved = self.host.http_save(&request, dest, progress)?;
        match saved.head.is_success() {
            false => Err(Failure::of(&saved.head).report("fetching the file")),
            true if saved.bytes == 0 => Err(Failure::Empty.report("fetching the file")),
            true => Ok(()),
        }
    }

    fn get(&self, path: &str) -> Request {
        let request = Request::get(format!("{}/{path}", self.options.base));
        match &self.options.token {
            Some(token) => request.header("Authorization", &format!("Bearer {}", token.reveal())),
            None => request,
        }
    }

    fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, Failure> {
        let answer = self.host.http_send(&request)?;
        if !answer.head.is_success() {
            return Err(Failure::of(&answer.head));
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }
}
