//! Lists what lies below a directory, one thing at a time as it is asked for, so that a
//! collection of any size is never held as a list of names. Opens no file; what to make of the
//! files is `walk`'s.

use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Links;
use crate::directory::is_hidden;
use crate::error::FolderError;
use crate::format;

/// Something below the directory that is worth a word.
#[derive(Debug)]
pub(crate) enum Seen {
    /// A regular file that is audio by its name.
    Audio(PathBuf),
    /// A symbolic link that is left alone.
    Link(PathBuf),
    /// A directory that cannot be listed, a link that leads nowhere or back.
    Unreadable(FolderError),
}

/// What is below a directory, in no order. A failure is an item like any other: it costs what
/// it names, and the rest follows.
#[derive(Debug)]
pub(crate) struct Listing {
    links: Links,
    /// Found and not listed yet. The last one is next: depth first keeps the number small.
    waiting: Vec<Directory>,
    /// At most one, however deep it lies: file descriptors are few.
    open: Option<(Directory, ReadDir)>,
}

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    /// The directories gone through on the way to it, and itself once it is open. Empty unless
    /// links are followed: nothing else leads back.
    way: Vec<Place>,
}

/// What tells a directory, whatever way leads there: device and inode.
type Place = (u64, u64);

impl Listing {
    /// Everything below `directory`, whose own name may be a hidden one.
    pub(crate) fn below(directory: &Path, links: Links) -> Self {
        let directory = Directory {
            path: directory.to_owned(),
            way: Vec::new(),
        };
        Self {
            links,
            waiting: vec![directory],
            open: None,
        }
    }

    fn open(&self, mut directory: Directory) -> Result<(Directory, ReadDir), FolderError> {
        let failed = |source| FolderError::reading(&directory.path, source);
        if self.links == Links::Follow {
            let place = place(&directory.path).map_err(failed)?;
            if directory.way.contains(&place) {
                return Err(FolderError::Circle(directory.path));
            }
            directory.way.push(place);
        }
        let entries = fs::read_dir(&directory.path)
            .map_err(|source| FolderError::reading(&directory.path, source))?;
        Ok((directory, entries))
    }

    /// `None` for irrelevant files, and for directories, which are read later.
    fn look_at(&mut self, entry: &DirEntry, way: &[Place]) -> Option<Seen> {
        // Before anything is asked of the system: what is hidden is not unreadable either.
        if is_hidden(&entry.file_name()) {
            return None;
        }
        let path = entry.path();
        let mut kind = entry.file_type();
        if kind.as_ref().is_ok_and(fs::FileType::is_symlink) {
            match self.links {
                Links::Skip => return Some(Seen::Link(path)),
                Links::Follow => kind = fs::metadata(&path).map(|target| target.file_type()),
            }
        }
        match kind {
            Ok(kind) if kind.is_dir() => {
                let way = way.to_vec();
                self.waiting.push(Directory { path, way });
                None
            }
            Ok(kind) if kind.is_file() && format::is_candidate(&path) => Some(Seen::Audio(path)),
            // A pipe or device named `.mp3` is reported by nobody and, above all, opened by
            // nobody.
            Ok(_) => None,
            Err(source) => Some(Seen::Unreadable(FolderError::Read { path, source })),
        }
    }
}

impl Iterator for Listing {
    type Item = Seen;

    fn next(&mut self) -> Option<Seen> {
        loop {
            let Some((directory, mut entries)) = self.open.take() else {
                let directory = self.waiting.pop()?;
                match self.open(directory) {
                    Ok(open) => self.open = Some(open),
                    Err(error) => return Some(Seen::Unreadable(error)),
                }
                continue;
            };
            let seen = match entries.next() {
                None => continue,
                Some(Ok(entry)) => {
                    let seen = self.look_at(&entry, &directory.way);
                    self.open = Some((directory, entries));
                    seen
                }
                // The directory stays closed: asked again, some systems fail again, for ever.
                Some(Err(source)) => {
                    let error = FolderError::reading(directory.path, source);
                    Some(Seen::Unreadable(error))
                }
            };
            if seen.is_some() {
                return seen;
            }
        }
    }
}

fn place(directory: &Path) -> io::Result<Place> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(directory).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A directory with those files, one byte each, and the directories on the way to them.
    fn room(files: &[&str]) -> TempDir {
        let room = TempDir::new().unwrap();
        for file in files {
            let path = room.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, ".").unwrap();
        }
        room
    }

    /// What is seen in a room, sorted, with paths relative to it.
    fn seen(room: &Path, links: Links) -> Vec<String> {
        let below = |path: &Path| path.strip_prefix(room).unwrap().display().to_string();
        let mut all: Vec<String> = Listing::below(room, links)
            // More than any room holds: a circle that is not noticed fails and does not hang.
            .take(100)
            .map(|seen| match seen {
                Seen::Audio(path) => below(&path),
                Seen::Link(path) => format!("link {}", below(&path)),
                Seen::Unreadable(FolderError::Circle(path)) => format!("circle {}", below(&path)),
                Seen::Unreadable(FolderError::Read { path, .. }) => {
                    format!("unreadable {}", below(&path))
                }
                Seen::Unreadable(other) => panic!("{other}"),
            })
            .collect();
        all.sort();
        all
    }

    #[test]
    fn audio_is_seen_at_any_depth_and_nothing_else() {
        let room = room(&[
            "a.mp3",
            "b/c.FLAC",
            "b/d/e/f/g.m4a",
            "b/cover.jpg",
            ".h/i.mp3",
            "b/.j.mp3",
            ".38 Special/k.mp3",
        ]);
        fs::create_dir(room.path().join("folder.mp3")).unwrap();
        for links in [Links::Skip, Links::Follow] {
            assert_eq!(
                seen(room.path(), links),
                [".38 Special/k.mp3", "a.mp3", "b/c.FLAC", "b/d/e/f/g.m4a"]
            );
        }
    }

    #[test]
    fn a_directory_that_cannot_be_listed_costs_only_itself() {
        let room = room(&["a/song.mp3", "b/song.mp3", "c/song.mp3"]);
        let mut listing = Listing::below(room.path(), Links::Skip);
        let Some(Seen::Audio(first)) = listing.next() else {
            panic!("a song first");
        };
        // By now the other directories are known and not open. Permissions would tell the same
        // story, but not to root.
        let lost = ["a", "b", "c"].map(|name| room.path().join(name));
        let lost = lost.iter().find(|path| !first.starts_with(path)).unwrap();
        fs::remove_dir_all(lost).unwrap();

        let rest: Vec<Seen> = listing.collect();
        let songs = rest.iter().filter(|seen| matches!(seen, Seen::Audio(_)));
        assert_eq!((songs.count(), rest.len()), (1, 2), "{rest:?}");
        let named = rest.iter().any(|seen| match seen {
            Seen::Unreadable(error) => error.to_string().contains(lost.to_str().unwrap()),
            Seen::Audio(_) | Seen::Link(_) => false,
        });
        assert!(named, "{rest:?}");
    }

    #[test]
    fn what_is_no_regular_file_is_not_audio_whatever_its_name() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let room = room(&["song.mp3"]);
        let _socket = UnixListener::bind(room.path().join("socket.mp3")).unwrap();
        symlink("/dev/null", room.path().join("device.mp3")).unwrap();
        assert_eq!(seen(room.path(), Links::Follow), ["song.mp3"]);
    }

    #[test]
    fn links_are_named_or_followed_but_never_back() {
        use std::os::unix::fs::symlink;
        let room = room(&["collection/ann/song.mp3", "far/far.mp3", "far/notes.txt"]);
        let collection = room.path().join("collection");
        for (link, target) in [
            ("ann/up", ".."),
            ("ann/above", "../.."),
            ("ann/itself", "itself"),
            ("far", "../far"),
            ("again", "../far"),
            ("file.mp3", "../far/far.mp3"),
            ("notes.mp3.txt", "../far/notes.txt"),
            ("nowhere.mp3", "gone.mp3"),
            (".hidden", "gone"),
        ] {
            symlink(target, collection.join(link)).unwrap();
        }
        let skipped = seen(&collection, Links::Skip);
        let songs: Vec<&String> = skipped.iter().filter(|s| !s.starts_with("link ")).collect();
        assert_eq!(songs, ["ann/song.mp3"]);
        assert_eq!(skipped.len(), 1 + 8, "{skipped:?}");

        assert_eq!(
            seen(&collection, Links::Follow),
            [
                "again/far.mp3",
                "ann/above/far/far.mp3",
                "ann/song.mp3",
                "circle ann/above/collection",
                "circle ann/up",
                "far/far.mp3",
                "file.mp3",
                "unreadable ann/itself",
                "unreadable nowhere.mp3",
            ]
        );
    }
}
