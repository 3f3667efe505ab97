//! Settings as the user wrote them -> options as the rest uses them. Whether a directory is
//! there is `directory`'s to find out, when it matters.

use std::path::{Path, PathBuf};

use musicdl_plugin_api::Settings;

use crate::error::FolderError;

/// Key of the setting that lists the directories.
pub(crate) const PATHS: &str = "paths";
/// Key of the setting that allows symbolic links.
pub(crate) const FOLLOW_LINKS: &str = "follow_links";

/// What to do with symbolic links below the directories. A directory that is named in `paths`
/// may always be a link itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// They are as good as absent, in a search and in a download.
    Skip,
    /// They count as what they lead to, wherever that is.
    Follow,
}

/// What the user configured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Absolute, in the user's order, each once; empty when nothing is configured.
    pub(crate) directories: Vec<PathBuf>,
    /// [`Links::Skip`] unless the user says otherwise.
    pub(crate) links: Links,
}

impl Options {
    /// Reads the settings.
    ///
    /// An entry without text is refused and not ignored: made absolute it would be the current
    /// directory, which an empty line never means.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self, FolderError> {
        let mut directories = Vec::new();
        for text in settings.list(PATHS) {
            if text.trim().is_empty() {
                return Err(FolderError::EmptyPath);
            }
            let directory =
                std::path::absolute(Path::new(text)).map_err(|source| FolderError::Directory {
                    path: PathBuf::from(text),
                    source,
                })?;
            if !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        let links = match settings.flag(FOLLOW_LINKS) {
            Some(true) => Links::Follow,
            Some(false) | None => Links::Skip,
        };
        Ok(Self { directories, links })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: Vec<(&str, Vec<&str>)>) -> Result<Options, FolderError> {
        Options::from_settings(&Settings::from_pairs(pairs))
    }

    #[test]
    fn keeps_the_order_of_the_directories_and_each_only_once() {
        let options = options(vec![("paths", vec!["/b", "/a", "/b"])]).unwrap();
        assert_eq!(
            options.directories,
            [PathBuf::from("/b"), PathBuf::from("/a")]
        );
    }

    #[test]
    fn links_are_skipped_unless_the_user_wants_them() {
        for (said, expected) in [
            (None, Links::Skip),
            (Some("false"), Links::Skip),
            (Some("true"), Links::Follow),
        ] {
            let pairs = said.map(|value| ("follow_links", vec![value]));
            let options = options(pairs.into_iter().collect()).unwrap();
            assert_eq!(options.links, expected, "{said:?}");
        }
    }

    #[test]
    fn an_empty_entry_is_refused_and_does_not_mean_the_current_directory() {
        let error = options(vec![("paths", vec!["/a", " "])]).unwrap_err();
        assert!(matches!(error, FolderError::EmptyPath), "{error}");
    }
}
