//! `plugins.lock`: the contents a user trusts, in the plugin directory they lie in. Reads and
//! writes it; what it means for a file is decided in [`trust`](super).
//!
//! JSON with a format number:
//!
//! ```json
//! {
//!   "format": 1,
//!   "plugins": {
//!     "libmusicdl_folder.so": {
//!       "blake3": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
//!       "bytes": 401504,
//!       "name": "folder",
//!       "version": "0.1.0",
//!       "api_version": "1.0.0"
//!     }
//!   }
//! }
//! ```
//!
//! Only the hash decides. The rest tells people what they trusted.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::access::{Exposure, you};
use crate::music::SourceName;
use crate::plugin::load::{LoadFailure, LoadedLibrary};
use crate::plugin::snapshot::{Digest, Snapshot, open_regular};

/// Its name in a plugin directory.
pub const LOCK_FILE: &str = "plugins.lock";

const FORMAT: u32 = 1;
/// Thousands of plugins.
const MOST_BYTES: u64 = 1024 * 1024;

/// What is trusted in one plugin directory, by file name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lock {
    pub(super) plugins: BTreeMap<String, Trusted>,
}

/// A content that is trusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trusted {
    blake3: Digest,
    bytes: u64,
    name: SourceName,
    version: Version,
    api_version: Version,
}

/// What a library says it is, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Its name in the config.
    pub name: SourceName,
    /// Version of the plugin.
    pub version: Version,
    /// Version of plugin-api it was built against.
    pub api_version: Version,
}

/// Why there is no telling what is trusted.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It cannot be relied on.
    #[error(
        "{} {reason}, so nothing in its directory is loaded; look why, then write it anew with \
         `musicdl plugins trust`",
        file.display()
    )]
    Unusable {
        /// The lock file.
        file: PathBuf,
        /// Reads on from the name of the file.
        reason: String,
    },
    /// It cannot be written.
    #[error("cannot write {}: {source}", file.display())]
    Unwritable {
        /// The lock file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Lock {
    /// Reads the lock of an open directory; `None` where there is none.
    pub(super) fn read(directory: &File, path: &Path) -> Result<Option<Lock>, LockError> {
        let file = path.join(LOCK_FILE);
        let unusable = |reason: String| LockError::Unusable {
            file: file.clone(),
            reason,
        };
        let opened = match open_regular(directory, OsStr::new(LOCK_FILE), &file) {
            Ok(opened) => opened,
            Err(LoadFailure::Unreadable(error)) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(LoadFailure::NotAFile(_)) => {
                return Err(unusable("is not a regular file".to_owned()));
            }
            Err(error) => return Err(unusable(format!("cannot be used: {error}"))),
        };
        let failed = |error: io::Error| unusable(format!("cannot be read: {error}"));
        let exposure = Exposure::of(&opened.metadata().map_err(failed)?, you());
        if let Some(exposure) = exposure {
            return Err(unusable(exposure.to_string()));
        }
        let mut text = Vec::new();
        let read = opened.take(MOST_BYTES + 1).read_to_end(&mut text);
        if read.map_err(failed)? as u64 > MOST_BYTES {
            return Err(unusable("is too large for a list of plugins".to_owned()));
        }
        Lock::parse(&text).map(Some).map_err(unusable)
    }

    fn parse(text: &[u8]) -> Result<Lock, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Whole {
            #[serde(rename = "format")]
            _format: u32,
            plugins: BTreeMap<String, Trusted>,
        }
        let broken = |error: serde_json::Error| format!("is broken: {error}");
        let Format { format } = serde_json::from_slice(text).map_err(broken)?;
        if format != FORMAT {
            return Err(format!(
                "has format {format}, and this musicdl knows format {FORMAT}"
            ));
        }
        let Whole { plugins, .. } = serde_json::from_slice(text).map_err(broken)?;
        Ok(Lock { plugins })
    }

    /// Writes it: whole or not at all, and to the disk.
    pub(super) fn write(&self, directory: &Path) -> Result<(), LockError> {
        self.try_write(directory)
            .map_err(|source| LockError::Unwritable {
                file: directory.join(LOCK_FILE),
                source,
            })
    }

    fn try_write(&self, directory: &Path) -> io::Result<()> {
        #[derive(Serialize)]
        struct Whole<'a> {
            format: u32,
            plugins: &'a BTreeMap<String, Trusted>,
        }
        let mut text = serde_json::to_vec_pretty(&Whole {
            format: FORMAT,
            plugins: &self.plugins,
        })?;
        text.push(b'\n');
        let mut aside = tempfile::NamedTempFile::new_in(directory)?;
        aside.write_all(&text)?;
        // Nothing in it is secret, and a directory of the system serves every user.
        let readable = Permissions::from_mode(0o644);
        aside.as_file().set_permissions(readable)?;
        aside.as_file().sync_all()?;
        aside
            .persist(directory.join(LOCK_FILE))
            .map_err(|failed| failed.error)?;
        File::open(directory)?.sync_all()
    }
}

impl Trusted {
    pub(super) fn new(blake3: Digest, bytes: u64, identity: Identity) -> Self {
        Self {
            blake3,
            bytes,
            name: identity.name,
            version: identity.version,
            api_version: identity.api_version,
        }
    }

    pub(super) fn is(&self, snapshot: &Snapshot) -> bool {
        self.blake3 == snapshot.digest()
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            name: self.name.clone(),
            version: self.version.clone(),
            api_version: self.api_version.clone(),
        }
    }
}

impl From<&LoadedLibrary> for Identity {
    fn from(library: &LoadedLibrary) -> Self {
        Self {
            name: library.name.clone(),
            version: library.version.clone(),
            api_version: library.api_version.clone(),
        }
    }
}

/// `folder 0.1.0`.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn lock() -> Lock {
        let trusted = |content: &str| {
            let hash = blake3::hash(content.as_bytes()).to_hex().to_string();
            let text = format!(
                r#"{{"blake3": "{hash}", "bytes": 3, "name": "folder", "version": "0.1.0-rc.1",
                    "api_version": "1.0.0"}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let plugins = [("a.so", "one"), ("b, \"b\".so", "two")];
        Lock {
            plugins: plugins
                .map(|(file, content)| (file.to_owned(), trusted(content)))
                .into(),
        }
    }

    fn read(directory: &Path) -> Result<Option<Lock>, LockError> {
        Lock::read(&File::open(directory).unwrap(), directory)
    }

    #[test]
    fn what_was_written_is_read_back_and_anybody_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read(directory.path()).unwrap(), None);
        for lock in [lock(), Lock::default()] {
            lock.write(directory.path()).unwrap();
            assert_eq!(read(directory.path()).unwrap(), Some(lock));
        }
        let entries: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(entries.len(), 1, "{entries:?}");
        let written = entries[0].as_ref().unwrap().metadata().unwrap();
        assert_eq!(written.permissions().mode() & 0o7777, 0o644);
    }

    #[test]
    fn a_broken_lock_is_an_error_that_names_it_and_never_an_empty_one() {
        let good = {
            let directory = tempfile::tempdir().unwrap();
            lock().write(directory.path()).unwrap();
            fs::read_to_string(directory.path().join(LOCK_FILE)).unwrap()
        };
        for (text, expected) in [
            ("", "is broken: EOF"),
            ("{}", "is broken: missing field `format`"),
            ("[]", "is broken: "),
            (r#"{"format": 2, "plugins": {}}"#, "has format 2"),
            (r#"{"format": 1}"#, "is broken: missing field `plugins`"),
            (&good[..good.len() / 2], "is broken: EOF"),
            (
                &good.replace("\"bytes\"", "\"bites\""),
                "is broken: unknown field `bites`",
            ),
            (
                &good.replace("\"blake3\": \"", "\"blake3\": \"00"),
                "is broken: `00",
            ),
            (&good.replace("0.1.0-rc.1", "new"), "is broken: "),
            (&" ".repeat(2 * 1024 * 1024), "is too large"),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join(LOCK_FILE);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
            let said = read(directory.path()).unwrap_err().to_string();
            let expected = format!("{} {expected}", file.display());
            assert!(said.starts_with(&expected), "{said}");
        }
    }

    #[test]
    fn a_lock_that_others_could_have_written_is_not_relied_on() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(LOCK_FILE);
        lock().write(directory.path()).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        let said = read(directory.path()).unwrap_err().to_string();
        assert!(
            said.contains("can be changed by other users (mode 0664)"),
            "{said}"
        );

        let elsewhere = directory.path().join("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
        let said = read(directory.path()).unwrap_err().to_string();
        assert!(said.contains("is not a regular file"), "{said}");
    }
}
