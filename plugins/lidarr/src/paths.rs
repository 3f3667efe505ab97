//! Lidarr's paths -> paths of this machine. Lidarr often runs in a container or on another
//! machine, where the same files have other names. What lies outside of the directories the
//! user named is never read, whatever Lidarr says.

use std::io;
use std::path::{Path, PathBuf};

/// The directories of Lidarr's music under both of their names.
#[derive(Clone, Debug)]
pub(crate) struct PathMap {
    /// Never empty.
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug)]
struct Pair {
    /// The directory as Lidarr names it, split; never empty.
    remote: Vec<String>,
    local: PathBuf,
}

impl PathMap {
    /// `local` are directories of this machine; `remote`, if there are any, their names in
    /// Lidarr in the same order. `None` without a directory.
    ///
    /// # Errors
    /// A sentence that says what cannot be meant.
    pub(crate) fn new(local: &[String], remote: &[String]) -> Result<Option<Self>, String> {
        if !remote.is_empty() && remote.len() != local.len() {
            return Err(format!(
                "`remote_paths` has {} entries and `local_paths` {}: each remote path needs the \
                 local one that means the same directory, in the same order",
                remote.len(),
                local.len()
            ));
        }
        let names = if remote.is_empty() { local } else { remote };
        let mut pairs = Vec::new();
        for (local, name) in local.iter().zip(names) {
            let parts = split(name).ok_or_else(|| {
                format!("`{name}` is no path of Lidarr's: it has to be absolute, without `..`")
            })?;
            pairs.push(Pair {
                remote: parts,
                local: PathBuf::from(local),
            });
        }
        Ok(Some(Self { pairs }).filter(|map| !map.pairs.is_empty()))
    }

    /// Where that path of Lidarr's is on this machine; `None` if it is in none of the
    /// directories. Of two that fit the longer one counts.
    pub(crate) fn local(&self, remote: &str) -> Option<PathBuf> {
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
    pub(crate) fn real(&self, remote: &str) -> io::Result<PathBuf> {
        let outside = || io::Error::new(io::ErrorKind::NotFound, "not in any of `local_paths`");
        let (pair, _) = self.find(remote).ok_or_else(outside)?;
        let path = self.local(remote).ok_or_else(outside)?.canonicalize()?;
        if path.starts_with(pair.local.canonicalize()?) {
            Ok(path)
        } else {
            Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "a link leads out of `local_paths`",
            ))
        }
    }

    /// The directories on this machine.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &Path> {
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
        let local: Vec<String> = pairs.iter().map(|(_, local)| (*local).to_owned()).collect();
        let remote: Vec<String> = pairs.iter().map(|(r, _)| (*r).to_owned()).collect();
        PathMap::new(&local, &remote).unwrap().unwrap()
    }

    #[test]
    fn a_path_of_lidarrs_is_found_below_its_longest_directory() {
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
    fn without_remote_paths_both_names_are_the_same() {
        let map = PathMap::new(&["/music".to_owned()], &[]).unwrap().unwrap();
        let local = map.local("/music/A/1.flac");
        assert_eq!(local, Some(PathBuf::from("/music/A/1.flac")));
    }

    #[test]
    fn lists_that_do_not_belong_together_are_refused() {
        let one = ["/a".to_owned()];
        let two = ["/a".to_owned(), "/b".to_owned()];
        for (local, remote) in [(&one[..], &two[..]), (&two, &one), (&[], &one)] {
            let error = PathMap::new(local, remote).unwrap_err();
            assert!(error.contains("in the same order"), "{error}");
        }
        let error = PathMap::new(&one, &["music".to_owned()]).unwrap_err();
        assert!(error.contains("`music`"), "{error}");
        assert!(PathMap::new(&[], &[]).unwrap().is_none());
    }

    #[cfg(unix)]
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
