//! Relative paths and `~/` made absolute. Touches no disk.

use std::path::{Path, PathBuf};

use super::value::Refusal;

/// What relative paths are relative to.
#[derive(Clone, Debug)]
pub(super) struct Base {
    directory: PathBuf,
    home: Option<PathBuf>,
}

impl Base {
    /// `home` stands for `~`; `None`: nobody knows it.
    pub(super) fn new(directory: &Path, home: Option<&Path>) -> Self {
        Self {
            directory: directory.to_owned(),
            home: home.map(Path::to_owned),
        }
    }

    /// The directory itself.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// `path` from the root on, without `.` in it; `..` stays, for it may lead through a link.
    pub(super) fn absolute(&self, path: impl AsRef<Path>) -> Result<PathBuf, Refusal> {
        let path = path.as_ref();
        let refusal = || Refusal::must_be("a path");
        let full = match path.strip_prefix("~") {
            Ok(below) => self
                .home
                .as_ref()
                .ok_or_else(|| {
                    Refusal::must_be("a path without `~`, for HOME is not set")
                        .hint("write the path in full")
                })?
                .join(below),
            Err(_) if path.to_string_lossy().starts_with('~') => {
                return Err(
                    Refusal::must_be("a path; only `~/` stands for a home directory")
                        .hint("write the path in full, or `./~name` for a file of that name"),
                );
            }
            Err(_) => self.directory.join(path),
        };
        if path.as_os_str().is_empty() {
            return Err(refusal());
        }
        std::path::absolute(full).map_err(|_| refusal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_absolute_from_its_base_or_the_home_directory() {
        let base = Base::new(Path::new("/etc/music"), Some(Path::new("/home/ann")));
        for (path, expected) in [
            ("mine", Some("/etc/music/mine")),
            ("./mine/./x.csv", Some("/etc/music/mine/x.csv")),
            ("../mine", Some("/etc/music/../mine")),
            (".", Some("/etc/music")),
            ("/srv/music", Some("/srv/music")),
            ("~/Music", Some("/home/ann/Music")),
            ("~", Some("/home/ann")),
            ("./~bob", Some("/etc/music/~bob")),
            ("a~b", Some("/etc/music/a~b")),
            ("~bob/Music", None),
            ("", None),
        ] {
            let absolute = base.absolute(path).ok();
            assert_eq!(absolute.as_deref(), expected.map(Path::new), "{path}");
        }
        let homeless = Base::new(Path::new("/etc/music"), None);
        assert!(homeless.absolute("~/Music").is_err());
        assert!(homeless.absolute("Music").is_ok());
    }
}
