//! Paths of a program that works for the user -> paths of this machine. Such a program often
//! runs in a container or on another machine, where the same files have other names. What
//! lies outside of the directories that the user named is never read, whatever it says.

use std::io;
use std::path::{Path, PathBuf};

/// What stands between the two names of a directory.
const ARROW: &str = "=>";

/// The parts of one entry: `/music => /mnt/nas/music` is a directory as the other program
/// names it, and where it is on this machine; `/music` alone has one name for both.
///
/// ```
/// use musicdl_plugin_api::path_map_entry;
/// assert_eq!(path_map_entry("/music => /mnt/nas"), (Some("/music"), "/mnt/nas"));
/// assert_eq!(path_map_entry("/music"), (None, "/music"));
/// ```
pub fn path_map_entry(text: &str) -> (Option<&str>, &str) {
    match text.split_once(ARROW) {
        Some((remote, local)) => (Some(remote.trim()), local.trim()),
        None => (None, text.trim()),
    }
}

/// Directories of another program's under both of their names: the setting `path_map`, a list
/// of the kind [`PATH_MAP`](crate::SettingKind::PATH_MAP).
///
/// ```
/// use musicdl_plugin_api::PathMap;
/// let map = PathMap::parse(&["/music => /mnt/nas".to_owned()])?.expect("there is an entry");
/// assert_eq!(map.local("/music/A/1.flac"), Some("/mnt/nas/A/1.flac".into()));
/// assert_eq!(map.local("/etc/passwd"), None);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug)]
pub struct PathMap {
    /// Never empty.
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    /// The directory as the other program names it, split; never empty.
    remote: Vec<String>,
    local: PathBuf,
}

impl PathMap {
    /// `None` without an entry.
    ///
    /// # Errors
    /// A sentence that says which entry is invalid, and why.
    pub fn parse(entries: &[String]) -> Result<Option<Self>, String> {
        let mut pairs = Vec::new();
        for entry in entries {
            let (remote, local) = path_map_entry(entry);
            let remote = remote.unwrap_or(local);
            let parts = split(remote).ok_or_else(|| {
                format!(
                    "`path_map` has `{entry}`, of which `{remote}` is no path of another \
                     program's: it has to be absolute, without `..`"
                )
            })?;
            if local.is_empty() {
                return Err(format!(
                    "`path_map` has `{entry}`, which does not say where on this machine that is"
                ));
            }
            pairs.push(Pair {
                remote: parts,
                local: PathBuf::from(local),
            });
        }
        Ok(Some(Self { pairs }).filter(|map| !map.pairs.is_empty()))
    }

    /// Where that path of the other program's is on this machine; `None` if it is in none of the
    /// directories. Of two that fit the longer one counts.
    pub fn local(&self, remote: &str) -> Option<PathBuf> {
        let (pair, rest) = self.find(remote)?;
        Some(
            rest.iter()
                .fold(pair.local.clone(), |path, part| path.join(part)),
        )
    }

    /// The file of that path, with links resolved and still inside of its directory.
    ///
    /// # Errors
    /// What the system says; `NotFound` also for a path in none of the directories.
    pub fn real(&self, remote: &str) -> io::Result<PathBuf> {
        let outside = || {
            io::Error::new(
                io::ErrorKind::NotFound,
                "not in any directory of `path_map`",
            )
        };
        let (pair, _) = self.find(remote).ok_or_else(outside)?;
        let path = self.local(remote).ok_or_else(outside)?.canonicalize()?;
        if path.starts_with(pair.local.canonicalize()?) {
            Ok(path)
        } else {
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "a link leads out of the directories of `path_map`",
            ))
        }
    }

    /// The directories on this machine.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.pairs.iter().map(|pair| pair.local.as_path())
    }

    fn find(&self, remote: &str) -> Option<(&Pair, Vec<String>)> {
        let parts = split(remote)?;
        self.pairs
            .iter()
            .filter(|pair| parts.starts_with(&pair.remote))
            .max_by_key(|pair| pair.remote.len())
            .map(|pair| (pair, parts[pair.remote.len()..].to_vec()))
    }
}

/// The parts of an absolute path of Linux or Windows, beginning with `/`, the drive or the
/// `\\` of a share. `None` for a relative path and one with `..`.
fn split(path: &str) -> Option<Vec<String>> {
    let bytes = path.as_bytes();
    let drive = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    let (root, separators): (String, &[char]) = if drive {
        (path[..2].to_ascii_uppercase(), &['/', '\\'])
    } else if path.starts_with("\\\\") {
        ("\\\\".to_owned(), &['/', '\\'])
    } else if path.starts_with('/') {
        ("/".to_owned(), &['/'])
    } else {
        return None;
    };
    let rest = if drive { &path[2..] } else { path };
    let parts = rest
        .split(separators)
        .filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<String> = std::iter::once(root)
        .chain(parts.map(str::to_owned))
        .collect();
    let odd = |part: &String| part == ".." || part.contains('\0');
    (!parts.iter().any(odd)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> PathMap {
        let entry = |(remote, local): &(&str, &str)| format!("{remote} => {local}");
        let entries: Vec<String> = pairs.iter().map(entry).collect();
        PathMap::parse(&entries).unwrap().unwrap()
    }

    #[test]
    fn a_path_of_another_program_is_found_below_its_longest_directory() {
        let map = map(&[
            ("/music/", "/mnt/nas"),
            ("/music/live", "/mnt/live"),
            ("D:\\Music", "/mnt/d"),
            ("\\\\nas\\share", "/mnt/share"),
        ]);
        for (remote, local) in [
            ("/music/A/1.flac", Some("/mnt/nas/A/1.flac")),
            ("/music//A/./1.flac", Some("/mnt/nas/A/1.flac")),
            ("/music/live/A/1.flac", Some("/mnt/live/A/1.flac")),
            ("/music/lively/1.flac", Some("/mnt/nas/lively/1.flac")),
            ("/music/A\\B/1.flac", Some("/mnt/nas/A\\B/1.flac")),
            ("d:\\Music\\A\\1.flac", Some("/mnt/d/A/1.flac")),
            ("D:/Music/A/1.flac", Some("/mnt/d/A/1.flac")),
            ("\\\\nas\\share\\A\\1.flac", Some("/mnt/share/A/1.flac")),
            ("/musical/1.flac", None),
            ("/etc/passwd", None),
            ("/music/../etc/passwd", None),
            ("music/1.flac", None),
            ("", None),
        ] {
            assert_eq!(map.local(remote), local.map(PathBuf::from), "{remote}");
        }
    }

    #[test]
    fn a_directory_alone_has_one_name_for_both() {
        let map = PathMap::parse(&["/music".to_owned()]).unwrap().unwrap();
        let local = map.local("/music/A/1.flac");
        assert_eq!(local, Some(PathBuf::from("/music/A/1.flac")));
    }

    #[test]
    fn an_invalid_entry_is_named() {
        for (entry, words) in [
            ("music", "`music` is no path"),
            ("music => /mnt", "`music` is no path"),
            ("/a/.. => /mnt", "`/a/..` is no path"),
            (" => /mnt", "`` is no path"),
            ("/music =>", "where on this machine"),
        ] {
            let error = PathMap::parse(&[entry.to_owned()]).unwrap_err();
            assert!(error.contains(words), "{entry}: {error}");
        }
        assert!(PathMap::parse(&[]).unwrap().is_none());
    }

    #[test]
    fn a_link_that_leads_out_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("out.flac"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(&outside, "x").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link.flac")).unwrap();
        let map = map(&[("/music", inside.to_str().unwrap())]);
        let error = map.real("/music/link.flac").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
        let error = map.real("/music/gone.flac").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
    }
}
