//! How a path is written where serde is asked for: as text where it is text, else as the
//! system's own bytes, so that a file whose name is not UTF-8 is still the same file.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserializer, Serializer};

/// Writes a path.
///
/// # Errors
/// What the format refuses; on a system whose paths are not bytes also a path that is not text.
pub fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => to.serialize_str(text),
        None => write_raw(path, to),
    }
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// What the format refuses; anything that is neither text nor bytes.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    from.deserialize_any(Written)
}

#[cfg(unix)]
fn write_raw<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    use std::os::unix::ffi::OsStrExt;
    to.collect_seq(path.as_os_str().as_bytes())
}

#[cfg(not(unix))]
fn write_raw<S: Serializer>(path: &Path, _to: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    Err(S::Error::custom(format_args!("{path:?} is not text")))
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = PathBuf;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, as text or as bytes")
    }

    fn visit_str<E>(self, text: &str) -> Result<PathBuf, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<PathBuf, A::Error> {
        let mut bytes: Vec<u8> = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        raw(bytes).ok_or_else(|| A::Error::custom("a path of bytes, on a system without such"))
    }
}

#[cfg(unix)]
fn raw(bytes: Vec<u8>) -> Option<PathBuf> {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    Some(OsString::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn raw(_bytes: Vec<u8>) -> Option<PathBuf> {
    None
}

/// The same for a path that may be missing.
pub mod option {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Raw(#[serde(with = "super")] PathBuf);

    /// Writes a path or nothing.
    ///
    /// # Errors
    /// As [`serialize`](super::serialize).
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
        path.clone().map(Raw).serialize(to)
    }

    /// Reads what [`serialize`] wrote.
    ///
    /// # Errors
    /// As [`deserialize`](super::deserialize).
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<Raw>::deserialize(from)?.map(|Raw(path)| path))
    }
}
