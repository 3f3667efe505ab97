//! The host's end of everything, writing down what arrives.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};

use musicdl_plugin_api::http::{Body, BodyReader, Request, Response, Saved};
use musicdl_plugin_api::{
    ErrorKind, Files, HostServices, LogLevel, Progress, ProgressSink, SourceError,
};

use crate::full;

/// How a desk serves.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Helpful,
    /// Every service that can fail does.
    Refusing(ErrorKind),
    /// Every service panics.
    Panicking,
}

/// Services that answer with full records and keep what they were asked.
#[derive(Default)]
pub(crate) struct Desk {
    /// A real one, instead of an odd name of one.
    pub(crate) scratch: Option<tempfile::TempDir>,
    pub(crate) mood: Mutex<Mood>,
    pub(crate) requests: Mutex<Vec<(Request, Option<PathBuf>)>>,
    pub(crate) lines: Mutex<Vec<String>>,
    kept: Mutex<HashMap<String, String>>,
}

impl Desk {
    fn mood(&self) -> Result<(), SourceError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Helpful => Ok(()),
            Mood::Refusing(kind) => Err(full::error(kind)),
            Mood::Panicking => panic!("the desk is on fire"),
        }
    }

    fn asked(&self, request: &Request, dest: Option<&Path>) -> Result<(), SourceError> {
        self.mood()?;
        let asked = (request.clone(), dest.map(by_name));
        self.requests.lock().unwrap().push(asked);
        Ok(())
    }
}

/// A place that is kept open is told by the number of its handle; the name it has is what a
/// plugin asked for.
fn by_name(dest: &Path) -> PathBuf {
    let folder = dest.parent().and_then(|folder| folder.canonicalize().ok());
    folder
        .zip(dest.file_name())
        .map_or_else(|| dest.to_owned(), |(folder, name)| folder.join(name))
}

impl HostServices for Desk {
    fn http_send(&self, request: &Request) -> Result<Response, SourceError> {
        self.asked(request, None)?;
        Ok(full::response())
    }

    fn http_save(
        &self,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        self.asked(request, Some(dest))?;
        progress.bytes(5, Some(6));
        progress.check()?;
        Ok(full::saved())
    }

    fn http_open(&self, request: &Request) -> Result<Body, SourceError> {
        self.asked(request, None)?;
        Ok(Body::new(full::head(), Box::new(Chunks(2))))
    }

    fn log(&self, level: LogLevel, message: &str, fields: &[(&str, &str)]) {
        let line = format!("{} {message} {fields:?}", level.0);
        self.lines.lock().unwrap().push(line);
        self.mood().unwrap();
    }

    fn store_get(&self, key: &str) -> Result<Option<String>, SourceError> {
        self.mood()?;
        Ok(self.kept.lock().unwrap().get(key).cloned())
    }

    fn store_set(&self, key: &str, value: Option<&str>) -> Result<(), SourceError> {
        self.mood()?;
        let mut kept = self.kept.lock().unwrap();
        match value {
            Some(value) => kept.insert(key.to_owned(), value.to_owned()),
            None => kept.remove(key),
        };
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        1_764_000_000_123
    }

    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        self.mood()?;
        let scratch = self.scratch.as_ref().map(|dir| dir.path().to_owned());
        Ok(scratch.unwrap_or_else(|| full::odd_path(Path::new("/tmp"))))
    }
}

/// So many chunks of one byte, of which the number is the value.
struct Chunks(u8);

impl BodyReader for Chunks {
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        let chunk = (self.0 > 0).then(|| vec![self.0]);
        self.0 = self.0.saturating_sub(1);
        Ok(chunk)
    }
}

/// What a download said.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    Bytes(u64, Option<u64>),
    State(String),
    Finished(Files),
    Failed(SourceError),
}

/// The host's end of a download, passing on what is said and cancelled at will.
pub(crate) struct Listener {
    said: mpsc::Sender<Said>,
    pub(crate) cancelled: AtomicBool,
}

impl Listener {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Said>) {
        let (said, heard) = mpsc::channel();
        let cancelled = AtomicBool::new(false);
        (Self { said, cancelled }, heard)
    }

    fn pass_on(&self, said: Said) {
        self.said.send(said).expect("the test listens to the end");
    }
}

impl ProgressSink for Listener {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.pass_on(Said::Bytes(done, total));
    }

    fn state(&self, text: &str) {
        self.pass_on(Said::State(text.to_owned()));
    }

    fn finished(&self, files: Files) {
        self.pass_on(Said::Finished(files));
    }

    fn failed(&self, error: SourceError) {
        self.pass_on(Said::Failed(error));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}
