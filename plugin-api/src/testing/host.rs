//! A host for one test: HTTP to this machine, a log that can be read back, a store in
//! memory, scratch space that goes with it. It neither resumes a download nor thins out
//! progress, and knows no proxy: that is the real host's and tested there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ureq::ResponseExt;
use ureq::unversioned::transport::DefaultConnector;

use super::names::LoopbackNames;
use crate::http::{Body, BodyReader, Head, Request, Response, Saved};
use crate::{Host, HostServices, LogLevel, Progress, SourceError};

/// Whole answers, as the contract has it.
const SEND_LIMIT: u64 = 64 << 20;
/// What [`Saved::body`] keeps of an answer that is not a file.
const REFUSAL_LIMIT: u64 = 64 << 10;
/// A test that waits longer for an answer than this has failed.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// One line that a plugin logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The words.
    pub message: String,
    /// The facts beside them.
    pub fields: Vec<(String, String)>,
}

/// The host of one test, and its view of what the plugin did with it.
pub struct TestHost {
    services: Arc<Services>,
}

impl Default for TestHost {
    fn default() -> Self {
        Self::new()
    }
}

impl TestHost {
    /// A host that knows no names but `localhost`.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    pub fn new() -> Self {
        Self::knowing([])
    }

    /// A host to which each of those names leads to that loopback address, as if a name
    /// server had said so. A port in a URL does not count for them.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    pub fn knowing<'a>(names: impl IntoIterator<Item = (&'a str, SocketAddr)>) -> Self {
        let names = names
            .into_iter()
            .map(|(name, addr)| (name.to_owned(), addr))
            .collect();
        let config = ureq::config::Config::builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(TIME_LIMIT))
            .build();
        let agent = ureq::Agent::with_parts(
            config,
            DefaultConnector::default(),
            LoopbackNames::new(names),
        );
        let scratch = tempfile::tempdir().expect("a temporary directory can be made");
        Self {
            services: Arc::new(Services {
                agent,
                log: Mutex::default(),
                store: Mutex::default(),
                scratch,
            }),
        }
    }

    /// The handle to give to the plugin.
    pub fn host(&self) -> Host {
        Host::new(Arc::clone(&self.services) as Arc<dyn HostServices>)
    }

    /// Every line logged so far.
    pub fn log(&self) -> Vec<LogLine> {
        locked(&self.services.log).clone()
    }

    /// What the plugin keeps under `key`.
    pub fn stored(&self, key: &str) -> Option<String> {
        locked(&self.services.store).get(key).cloned()
    }
}

struct Services {
    agent: ureq::Agent,
    log: Mutex<Vec<LogLine>>,
    store: Mutex<BTreeMap<String, String>>,
    scratch: tempfile::TempDir,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Services {
    fn run(&self, request: &Request) -> Result<ureq::http::Response<ureq::Body>, SourceError> {
        let mut builder = ureq::http::Request::builder()
            .method(request.method.as_str())
            .uri(request.url.as_str());
        for (name, value) in &request.headers {
            builder = builder.header(name.as_str(), value.as_str());
        }
        let limit = request.timeout.unwrap_or(TIME_LIMIT).min(TIME_LIMIT);
        // An empty slice would still be a body, which a GET must not have.
        let answer = if request.body.is_empty() {
            self.exchange(builder.body(()), limit)
        } else {
            self.exchange(builder.body(request.body.as_slice()), limit)
        };
        answer.map_err(|error| failure(request, &error))
    }

    fn exchange(
        &self,
        request: Result<ureq::http::Request<impl ureq::AsSendBody>, ureq::http::Error>,
        limit: Duration,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let request = self
            .agent
            .configure_request(request?)
            .timeout_global(Some(limit))
            .build();
        self.agent.run(request)
    }
}

fn head(answer: &ureq::http::Response<ureq::Body>) -> Head {
    Head {
        status: answer.status().as_u16(),
        headers: answer
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
        url: answer.get_uri().to_string(),
        ..Head::default()
    }
}

fn failure(request: &Request, error: &ureq::Error) -> SourceError {
    let message = format!("{request:?}: {error}");
    match error {
        ureq::Error::Io(_)
        | ureq::Error::Protocol(_)
        | ureq::Error::Timeout(_)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed => SourceError::transient(message),
        _ => SourceError::permanent(message),
    }
}

fn cut(request: &Request, error: &io::Error) -> SourceError {
    SourceError::transient(format!("{request:?}: the answer ended early: {error}"))
}

impl HostServices for Services {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        let answer = self.run(request)?;
        let head = head(&answer);
        let mut body = Vec::new();
        answer
            .into_body()
            .into_reader()
            .take(SEND_LIMIT)
            .read_to_end(&mut body)
            .map_err(|error| cut(request, &error))?;
        Ok(Response { head, body })
    }

    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        progress.check()?;
        let answer = self.run(request)?;
        let head = head(&answer);
        let total = answer.body().content_length();
        let mut reader = answer.into_body().into_reader();
        if !head.is_success() {
            let mut body = Vec::new();
            reader
                .take(REFUSAL_LIMIT)
                .read_to_end(&mut body)
                .map_err(|error| cut(request, &error))?;
            return Ok(Saved {
                head,
                bytes: 0,
                body,
            });
        }
        let part = part_of(dest);
        let copied = copy(request, &mut reader, &part, total, progress)
            .and_then(|bytes| fs::rename(&part, dest).map(|()| bytes).map_err(disk(dest)));
        if copied.is_err() {
            // The failure that is on its way says more than a second one would.
            drop(fs::remove_file(&part));
        }
        Ok(Saved {
            head,
            bytes: copied?,
            body: Vec::new(),
        })
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        let answer = self.run(request)?;
        let head = head(&answer);
        let reader = Chunks {
            request: request.clone(),
            reader: answer.into_body().into_reader(),
        };
        Ok(Body::new(head, Box::new(reader)))
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        locked(&self.log).push(LogLine {
            level,
            message: message.to_owned(),
            fields: fields
                .iter()
                .map(|&(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        });
    }

    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        Ok(locked(&self.store).get(key).cloned())
    }

    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        let mut store = locked(&self.store);
        match value {
            Some(value) => store.insert(key.to_owned(), value.to_owned()),
            None => store.remove(key),
        };
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the clock of this machine is past 1970");
        u64::try_from(now.as_millis()).expect("milliseconds since 1970 fit 64 bits")
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        Ok(self.scratch.path().to_owned())
    }
}

fn part_of(dest: &Path) -> PathBuf {
    let mut name = dest.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn disk(path: &Path) -> impl Fn(io::Error) -> SourceError {
    move |error| SourceError::internal(format!("{}: {error}", path.display()))
}

fn copy(
    request: &Request,
    reader: &mut impl Read,
    part: &Path,
    total: Option<u64>,
    progress: &Progress,
) -> Result<u64, SourceError> {
    let mut file = File::create(part).map_err(disk(part))?;
    let mut buffer = vec![0; 64 << 10];
    let mut done = 0;
    loop {
        progress.check()?;
        let read = reader
            .read(&mut buffer)
            .map_err(|error| cut(request, &error))?;
        if read == 0 {
            return Ok(done);
        }
        file.write_all(&buffer[..read]).map_err(disk(part))?;
        done += read as u64;
        progress.bytes(done, total);
    }
}

struct Chunks {
    request: Request,
    reader: ureq::BodyReader<'static>,
}

impl BodyReader for Chunks {
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let mut buffer = vec![0; 64 << 10];
        let read = self
            .reader
            .read(&mut buffer)
            .map_err(|error| cut(&self.request, &error))?;
        buffer.truncate(read);
        Ok((read > 0).then_some(buffer))
    }
}

#[cfg(test)]
mod tests;
