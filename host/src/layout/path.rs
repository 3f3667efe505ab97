//! A place inside the library, whatever the library's root is: it cannot be absolute and
//! cannot climb out.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// Why a text is no place inside the library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no path inside the library (relative, `/` between the names, no `.` or `..`)")]
pub struct NotInside(pub String);

/// A path relative to the library's root: names joined by `/`, never absolute, none of them
/// empty, `.` or `..`, UTF-8. Clones share their text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RelPath(Arc<str>);

impl RelPath {
    /// A path as it was saved.
    ///
    /// # Errors
    /// When it is empty, absolute, or has a name that is no plain name.
    pub fn from_saved(text: &str) -> Result<Self, NotInside> {
        let plain = |name: &str| !matches!(name, "" | "." | "..") && !name.contains(['\\', '\0']);
        if text.split('/').all(plain) {
            Ok(Self(text.into()))
        } else {
            Err(NotInside(text.to_owned()))
        }
    }

    /// The path of these names, each made by [`super::component`]; `None` when there are none.
    pub(super) fn of_components(components: &[String]) -> Option<Self> {
        (!components.is_empty()).then(|| Self(components.join("/").into()))
    }

    /// The path as text, with `/` on every platform.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its names, from the root down; at least one.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// The folder it is in; `None` directly under the root.
    pub fn parent(&self) -> Option<Self> {
        let (folder, _) = self.0.rsplit_once('/')?;
        Some(Self(folder.into()))
    }

    /// The same place with `.ext` added; of `ext` only ASCII letters and digits count, so that
    /// an extension can never lead elsewhere. Dots in the name are part of the name.
    pub fn join_extension(&self, ext: &str) -> Self {
        let ext: String = ext.chars().filter(char::is_ascii_alphanumeric).collect();
        Self(format!("{}.{ext}", self.0).into())
    }

    /// Where it is when the library is at `root`.
    pub fn under(&self, root: &Path) -> PathBuf {
        root.join(self.as_str())
    }

    /// A file in the same folder, called `name` as far as that is a legal name.
    pub fn beside(&self, name: &str) -> Self {
        let name = super::component(name);
        match self.parent() {
            Some(folder) => Self(format!("{folder}/{name}").into()),
            None => Self(name.into()),
        }
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_saved(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_path_that_leads_out_is_refused() {
        for text in [
            "",
            "/",
            "/etc/passwd",
            "a//b",
            "a/",
            "..",
            "a/../b",
            "./a",
            "a/.",
            r"a\..\b",
            "a\0",
        ] {
            assert_eq!(RelPath::from_saved(text), Err(NotInside(text.to_owned())));
        }
        for text in ["a", "a/b.c", "...a/b", "Artist/Artist - Album/01 - x"] {
            assert_eq!(RelPath::from_saved(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_extension_is_added_behind_the_dots_of_the_name() {
        let stem = RelPath::from_saved("E.L.O/Mr. Blue Sky").unwrap();
        assert_eq!(
            stem.join_extension("flac").as_str(),
            "E.L.O/Mr. Blue Sky.flac"
        );
        assert_eq!(
            stem.join_extension("/../x").as_str(),
            "E.L.O/Mr. Blue Sky.x"
        );
        assert_eq!(stem.file_name(), "Mr. Blue Sky");
        assert_eq!(stem.parent().unwrap().as_str(), "E.L.O");
        assert_eq!(stem.parent().unwrap().parent(), None);
    }

    #[test]
    fn a_journal_cannot_smuggle_a_path_out_of_the_library() {
        let path: RelPath = serde_json::from_str("\"a/b\"").unwrap();
        assert_eq!(serde_json::to_string(&path).unwrap(), "\"a/b\"");
        assert!(serde_json::from_str::<RelPath>("\"../b\"").is_err());
    }
}
