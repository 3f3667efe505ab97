//! Names that are not just text.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// The catalog's name of one recording: `spotify:4uLU6hMCjMI75M1A2tKUQC`, `isrc:GBAYE0601498`,
/// or `text:` with a digest of artist, title, album and length where no catalog named it.
///
/// The same track as a link and as a bare id has the same `TrackId`. Clones share their text:
/// an id stands in every membership of a plan of a hundred thousand items.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(Arc<str>);

impl TrackId {
    /// The track of that Spotify id (22 letters and digits).
    pub fn spotify(id: &str) -> Self {
        Self(format!("spotify:{id}").into())
    }

    /// A recording known by its code only.
    pub fn isrc(isrc: &Isrc) -> Self {
        Self(format!("isrc:{isrc}").into())
    }

    /// A track known by what was written of it; `digest` is over exactly those words.
    pub fn text(digest: &str) -> Self {
        Self(format!("text:{digest}").into())
    }

    /// An id as it was saved.
    pub fn from_saved(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// The id as saved and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only words stand behind it, so that a second spelling of the same recording
    /// has another id.
    pub fn is_text(&self) -> bool {
        self.0.starts_with("text:")
    }
}

impl fmt::Display for TrackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
}

/// International Standard Recording Code: twelve upper-case characters, no hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Isrc(String);

impl Isrc {
    /// Reads a code in any case, with or without hyphens.
    ///
    /// ```
    /// use musicdl::music::Isrc;
    /// assert_eq!(Isrc::parse("gb-aye-06-01498").unwrap().as_str(), "GBAYE0601498");
    /// assert!(Isrc::parse("GBAYE06").is_err());
    /// ```
    ///
    /// # Errors
    /// When it is not two letters, three letters or digits and seven digits (ISO 3901).
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let code: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let bytes = code.as_bytes();
        let valid = bytes.len() == 12
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..5].iter().all(u8::is_ascii_alphanumeric)
            && bytes[5..].iter().all(u8::is_ascii_digit);
        if valid {
            Ok(Self(code))
        } else {
            Err(InvalidId {
                text: text.to_owned(),
                what: "ISRC",
            })
        }
    }

    /// A code that was checked before.
    pub(super) fn checked(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The twelve characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Isrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Isrc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A source's name in the config: lower-case letters, digits and `_`, at most 32.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SourceName(String);

impl SourceName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let valid = (1..=32).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId {
                text: text.to_owned(),
                what: "source name (lower-case letters, digits and `_`, at most 32)",
            })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SourceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
