//! What `musicdl plugins trust` does: looks at the files of a plugin directory as they are
//! now, asks each what it is, and lists them in the lock.

use std::collections::BTreeMap;
use std::env::consts::DLL_EXTENSION;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::lock::{Identity, LOCK_FILE, Lock, LockError, Trusted};
use super::{Directory, Untrusted};
use crate::plugin::discover::{DiscoverError, discover};
use crate::plugin::load::{LoadError, LoadFailure};
use crate::plugin::snapshot::Snapshot;

/// The files to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Whatever lies in the directory; what is gone is no longer listed.
    All,
    /// Those, by file name. The rest of the lock stays as it is.
    These(Vec<OsString>),
}

/// What became of a lock.
#[derive(Debug)]
pub struct Renewal {
    /// The lock file.
    pub file: PathBuf,
    /// Whether it was written. A first lock that would list nothing is not: it would only
    /// shut out what comes later.
    pub written: bool,
    /// What is in it, was in it or could be, by file name; empty when it was not written.
    pub rows: Vec<Row>,
    /// The files that are not trusted because they cannot be loaded.
    pub refused: Vec<LoadError>,
    /// Why the lock that was there could not be read; it was replaced.
    pub replaced: Option<Arc<LockError>>,
}

/// One file of a lock that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name in the directory.
    pub file: String,
    /// What changed.
    #[serde(flatten)]
    pub change: Change,
}

/// What changed for a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It was not listed.
    New {
        /// What it is.
        now: Identity,
    },
    /// It was listed with another content.
    Changed {
        /// What it was.
        was: Identity,
        /// What it is.
        now: Identity,
    },
    /// It was listed as it is.
    Same {
        /// What it is.
        now: Identity,
    },
    /// It is no longer there, or cannot be loaded, and no longer listed.
    Gone {
        /// What it was.
        was: Identity,
    },
    /// It is there, was not asked for, and is not listed.
    Unlisted,
}

/// Why no lock was written.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The directory cannot be read.
    #[error(transparent)]
    Directory(#[from] DiscoverError),
    /// Others can put anything into the directory, the lock included.
    #[error("{}: {reason}", directory.display())]
    Exposed {
        /// The directory.
        directory: PathBuf,
        /// How.
        reason: Untrusted,
    },
    /// The lock cannot be written, or not be added to.
    #[error("{0}")]
    Lock(Arc<LockError>),
}

/// Trusts files of a directory as they are now. `ask` loads one and says what it is: it runs
/// the library, which is no more than its user is about to do.
///
/// # Errors
/// When nothing was changed. A file that cannot be trusted costs only itself.
pub fn renew(
    directory: &Path,
    which: &Which,
    ask: &dyn Fn(Snapshot) -> Result<Identity, LoadFailure>,
) -> Result<Renewal, TrustError> {
    let found = discover(&[directory.to_owned()])?;
    let opened = Directory::open(directory).map_err(|source| DiscoverError {
        directory: directory.to_owned(),
        source,
    })?;
    opened.check().map_err(|reason| TrustError::Exposed {
        directory: directory.to_owned(),
        reason,
    })?;
    let (before, replaced) = match (&opened.lock, which) {
        (Ok(lock), _) => (lock.clone().unwrap_or_default(), None),
        (Err(error), Which::All) => (Lock::default(), Some(Arc::clone(error))),
        (Err(error), Which::These(_)) => return Err(TrustError::Lock(Arc::clone(error))),
    };
    let lying: Vec<OsString> = found
        .candidates
        .iter()
        .filter_map(|file| file.file_name().map(OsStr::to_owned))
        .collect();
    let (mut after, names) = match which {
        Which::All => (Lock::default(), &lying),
        Which::These(names) => (before.clone(), names),
    };
    let mut refused = Vec::new();
    for name in names {
        match trusted(&opened, name, ask) {
            Ok((name, trusted)) => {
                after.plugins.insert(name, trusted);
            }
            Err(reason) => refused.push(LoadError {
                file: directory.join(name),
                reason,
            }),
        }
    }
    if *which == Which::All {
        let skipped = found.skipped.into_iter();
        refused.extend(skipped.map(|(file, reason)| LoadError {
            file,
            reason: reason.into(),
        }));
    }
    let first = matches!(opened.lock, Ok(None));
    let written = !(first && after.plugins.is_empty());
    let rows = if written {
        after
            .write(&opened.resolved)
            .map_err(|error| TrustError::Lock(Arc::new(error)))?;
        rows(&before, &after, &lying, &refused)
    } else {
        Vec::new()
    };
    Ok(Renewal {
        file: directory.join(LOCK_FILE),
        written,
        rows,
        refused,
        replaced,
    })
}

fn trusted(
    directory: &Directory,
    name: &OsStr,
    ask: &dyn Fn(Snapshot) -> Result<Identity, LoadFailure>,
) -> Result<(String, Trusted), LoadFailure> {
    let has_extension = Path::new(name).extension() == Some(OsStr::new(DLL_EXTENSION));
    let text = name.to_str().filter(|_| has_extension);
    let text = text.ok_or(Untrusted::Misnamed)?;
    let snapshot = directory.take(name)?;
    let (digest, bytes) = (snapshot.digest(), snapshot.bytes());
    let identity = ask(snapshot)?;
    Ok((text.to_owned(), Trusted::new(digest, bytes, identity)))
}

/// Every file that is or was listed or could be.
fn rows(before: &Lock, after: &Lock, lying: &[OsString], refused: &[LoadError]) -> Vec<Row> {
    let mut changes = BTreeMap::new();
    let is_refused = |name: &str| {
        let name = Some(OsStr::new(name));
        refused.iter().any(|error| error.file.file_name() == name)
    };
    for name in lying.iter().filter_map(|name| name.to_str()) {
        if !is_refused(name) {
            changes.insert(name, Change::Unlisted);
        }
    }
    for (name, was) in &before.plugins {
        let was = was.identity();
        changes.insert(name.as_str(), Change::Gone { was });
    }
    for (name, trusted) in &after.plugins {
        let now = trusted.identity();
        let change = match before.plugins.get(name) {
            None => Change::New { now },
            Some(was) if was == trusted => Change::Same { now },
            Some(was) => Change::Changed {
                was: was.identity(),
                now,
            },
        };
        changes.insert(name.as_str(), change);
    }
    // What is still listed for a file that was refused is of another content.
    changes.retain(|name, _| !(is_refused(name) && after.plugins.contains_key(*name)));
    changes
        .into_iter()
        .map(|(file, change)| Row {
            file: file.to_owned(),
            change,
        })
        .collect()
}
