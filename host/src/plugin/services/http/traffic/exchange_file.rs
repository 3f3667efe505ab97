//! One exchange as a file: the form of recorded traffic.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::{ErrorKind, SourceError};
use serde::{Deserialize, Serialize};

use crate::plugin::services::disk;

/// Raised when an older host could not read what this one writes.
const FORMAT: u32 = 1;

/// Longest text that stands in the JSON itself.
const LONGEST_TEXT: usize = 1024 * 1024;

/// A request and what came of it, without secrets.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) format: u32,
    pub(super) request: Asked,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Content,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// There was at least a head.
    Answer(Answer),
    /// There was no answer.
    Failure(Failure),
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// That of the answer, after redirects.
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Content,
    pub(super) end: End,
}

/// How the body ended.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// It was read to its end.
    Whole,
    /// The plugin did not want the rest.
    Left,
    /// It broke off.
    Broken(Failure),
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    /// [`ErrorKind::as_str`].
    pub(super) kind: String,
    pub(super) message: String,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    Text(String),
    /// Name of a file beside this one that holds the bytes as they are.
    File(String),
}

impl Exchange {
    pub(super) fn new(request: Asked, outcome: Outcome) -> Self {
        Self {
            format: FORMAT,
            request,
            outcome,
        }
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), SourceError> {
        let mut json = serde_json::to_vec_pretty(self).expect("it is text, numbers and lists");
        json.push(b'\n');
        fs::write(path, json).map_err(|error| disk::failure("write", path, &error))
    }

    pub(super) fn read(path: &Path) -> Result<Self, SourceError> {
        let json = fs::read(path).map_err(|error| disk::failure("read", path, &error))?;
        let unusable = |reason: String| {
            SourceError::internal(format!(
                "{} is not a recorded exchange: {reason}",
                path.display()
            ))
        };
        let exchange: Self =
            serde_json::from_slice(&json).map_err(|error| unusable(error.to_string()))?;
        match exchange.format {
            FORMAT => Ok(exchange),
            other => Err(unusable(format!("its format is {other}, not {FORMAT}"))),
        }
    }
}

impl Content {
    /// As text if it is one, else in the file `beside`, which is written.
    pub(super) fn keep(bytes: Vec<u8>, beside: &Path) -> Result<Self, SourceError> {
        let bytes = match String::from_utf8(bytes) {
            Ok(text) if text.len() <= LONGEST_TEXT => return Ok(Self::Text(text)),
            Ok(text) => text.into_bytes(),
            Err(no_text) => no_text.into_bytes(),
        };
        fs::write(beside, bytes).map_err(|error| disk::failure("write", beside, &error))?;
        let name = beside.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self::File(name.into_owned()))
    }

    /// The bytes. A file is looked for in `dir` and nowhere else.
    pub(super) fn bytes(&self, dir: &Path) -> Result<Vec<u8>, SourceError> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::File(name) => {
                let name = Path::new(name).file_name().map(PathBuf::from);
                let path = dir.join(name.unwrap_or_default());
                fs::read(&path).map_err(|error| disk::failure("read", &path, &error))
            }
        }
    }
}

impl Failure {
    pub(super) fn error(&self) -> SourceError {
        let kind = ErrorKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == self.kind)
            .unwrap_or(ErrorKind::Internal);
        SourceError::new(kind, &self.message)
    }
}

/// The recorded exchanges of a directory, in their order.
pub(super) fn list(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
