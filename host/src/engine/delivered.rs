//! Which files a source delivered, checked before anybody reads them: below the directory of
//! the download, no link on the way there, a regular file that is nowhere else, with
//! something in it. What is in it is `verify`'s.
//!
//! A plugin may change what it wrote while we look, hence the way down by [`beneath`]. What
//! was checked is handed on open: its name may mean something else by then.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use musicdl_plugin_api::{DownloadedFile, Extra, Files, SourceError};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat, openat};
use rustix::io::Errno;

use crate::beneath::{self, NO_LINK};
use crate::publish::Offered;

/// A file that a source left in its directory.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) audio: Offered,
    pub(super) cover: Option<File>,
    pub(super) lyrics: Option<File>,
    /// Facts for its tags.
    pub(super) facts: Extra,
}

impl Delivered {
    /// A file that was checked, with what came beside it. Of that, what is not to be trusted is
    /// left out.
    fn with(audio: Offered, file: &DownloadedFile, dir: &Path) -> Self {
        let beside = |path: &Option<PathBuf>| Some(check(dir, path.as_deref()?).ok()?.file);
        Self {
            audio,
            cover: beside(&file.cover),
            lyrics: beside(&file.lyrics),
            facts: file.extra.clone(),
        }
    }
}

/// The one file of a track download. A cover that is not to be trusted is left out.
pub(super) fn only_file(files: Files, dir: &Path) -> Result<Delivered, SourceError> {
    let mut list = files.files;
    if list.len() != 1 {
        let count = format!("{} files for one track", list.len());
        return Err(SourceError::internal(count));
    }
    let file = list.remove(0);
    let audio = check(dir, &file.path).map_err(|refused| {
        let path = file.path.display();
        SourceError::internal(format!("`{path}` {refused}"))
    })?;
    Ok(Delivered::with(audio, &file, dir))
}

/// The files of an album that may be read, each with what the source says of it, and why the
/// others may not.
pub(super) fn all_files(
    files: Files,
    dir: &Path,
) -> (Vec<(Delivered, DownloadedFile)>, Vec<String>) {
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for file in files.files {
        match check(dir, &file.path) {
            Ok(audio) => good.push((Delivered::with(audio, &file, dir), file)),
            Err(why) => refused.push(format!("`{}` {why}", file.path.display())),
        }
    }
    (good, refused)
}

/// Why a file is not taken; reads on from its path.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("is not a file of this download")]
    Outside,
    #[error("is a link, or lies behind one")]
    Link,
    #[error("is no regular file")]
    Special,
    #[error("has a second name elsewhere")]
    SecondName,
    #[error("belongs to another user")]
    Foreign,
    #[error("is empty")]
    Empty,
    #[error("cannot be opened: {0}")]
    Unreadable(io::Error),
}

impl Refused {
    fn opening(folder: &OwnedFd, name: &OsStr, error: Errno) -> Self {
        match error {
            // Of a link: the one for a file, the other for a directory.
            Errno::LOOP => Self::Link,
            Errno::NOTDIR if is_link(folder, name) => Self::Link,
            // A socket, or a device without a driver.
            Errno::NXIO => Self::Special,
            other => Self::Unreadable(other.into()),
        }
    }
}

/// The file, open, and where it lies.
fn check(dir: &Path, path: &Path) -> Result<Offered, Refused> {
    let full = dir.join(path);
    let below = full.strip_prefix(dir).map_err(|_| Refused::Outside)?;
    let steps = beneath::steps(below).ok_or(Refused::Outside)?;
    let (name, folders) = steps.split_last().ok_or(Refused::Outside)?;
    let mut folder = beneath::open_root(dir).map_err(|error| Refused::Unreadable(error.into()))?;
    let ours = stat(&folder)?;
    for step in folders {
        folder = beneath::open_folder(&folder, step)
            .map_err(|error| Refused::opening(&folder, step, error))?;
    }
    // Opening a pipe would wait for its other end.
    let file = openat(&folder, *name, NO_LINK | OFlags::NONBLOCK, Mode::empty())
        .map_err(|error| Refused::opening(&folder, name, error))?;
    let found = stat(&file)?;
    if !FileType::from_raw_mode(found.st_mode).is_file() {
        Err(Refused::Special)
    } else if found.st_nlink != 1 {
        Err(Refused::SecondName)
    } else if found.st_uid != ours.st_uid {
        // Not compared with our own number: on a network share all files may belong to one
        // that is not ours.
        Err(Refused::Foreign)
    } else if found.st_size <= 0 {
        Err(Refused::Empty)
    } else {
        Ok(Offered {
            file: file.into(),
            bytes: found.st_size.unsigned_abs(),
            name: (*name).to_owned(),
            folder,
        })
    }
}

fn is_link(folder: &OwnedFd, name: &OsStr) -> bool {
    let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
    rustix::fs::statat(folder, name, flags)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_symlink())
}

fn stat(open: &OwnedFd) -> Result<Stat, Refused> {
    fstat(open).map_err(|error| Refused::Unreadable(error.into()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use musicdl_plugin_api::DownloadedFile;

    use super::*;

    fn delivered(dir: &Path, path: impl Into<PathBuf>) -> Result<Delivered, String> {
        let files = Files::one(DownloadedFile::at(path));
        only_file(files, dir).map_err(|error| error.message)
    }

    fn text(mut file: &File) -> String {
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_swap_between_check_and_use_finds_nothing() {
        let scene = tempfile::tempdir().unwrap();
        let dir = scene.path().join("fetch");
        let secret = scene.path().join("secret");
        fs::create_dir_all(dir.join("folder")).unwrap();
        fs::write(&secret, "secret").unwrap();
        fs::write(dir.join("folder/song"), "audio").unwrap();
        let over = AtomicBool::new(false);
        let mut taken = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                // File and folder by turns a way out and what they were.
                let (song, folder) = (dir.join("folder/song"), dir.join("folder"));
                while !over.load(Ordering::Relaxed) {
                    fs::rename(&song, dir.join("aside")).unwrap();
                    symlink(&secret, &song).unwrap();
                    fs::remove_file(&song).unwrap();
                    fs::rename(dir.join("aside"), &song).unwrap();
                    fs::rename(&folder, dir.join("elsewhere")).unwrap();
                    symlink(scene.path(), &folder).unwrap();
                    fs::remove_file(&folder).unwrap();
                    fs::rename(dir.join("elsewhere"), &folder).unwrap();
                }
            });
            fs::write(scene.path().join("song"), "secret").unwrap();
            for round in 0..1_000_000 {
                if let Ok(delivered) = delivered(&dir, "folder/song") {
                    assert_eq!(text(&delivered.audio.file), "audio", "round {round}");
                    taken += 1;
                }
                if round >= 1_000 && taken >= 100 {
                    break;
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        assert!(taken >= 100, "{taken}");
    }

    #[test]
    fn a_file_below_the_directory_is_taken_by_either_way_of_naming_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("disc 1")).unwrap();
        let path = dir.path().join("disc 1/a.flac");
        fs::write(&path, "audio").unwrap();
        for named in [Path::new("disc 1/a.flac"), &path] {
            let delivered = delivered(dir.path(), named).unwrap();
            assert_eq!(
                (text(&delivered.audio.file).as_str(), delivered.audio.bytes),
                ("audio", 5)
            );
        }
    }

    #[test]
    fn what_is_no_file_of_the_download_is_refused() {
        let scene = tempfile::tempdir().unwrap();
        let dir = scene.path().join("fetch");
        fs::create_dir_all(dir.join("folder")).unwrap();
        let outside = scene.path().join("library.flac");
        fs::write(&outside, "somebody's").unwrap();
        fs::write(dir.join("empty"), "").unwrap();
        fs::hard_link(&outside, dir.join("twice")).unwrap();
        symlink(&outside, dir.join("link")).unwrap();
        symlink(scene.path(), dir.join("up")).unwrap();
        let _listener = UnixListener::bind(dir.join("socket")).unwrap();
        let (pipe, mode) = (FileType::Fifo, Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, dir.join("pipe"), pipe, mode, 0).unwrap();
        let outside = outside.to_str().unwrap();
        for (path, why) in [
            ("../library.flac", "is not a file of this download"),
            (
                "folder/../../library.flac",
                "is not a file of this download",
            ),
            (outside, "is not a file of this download"),
            ("/etc/passwd", "is not a file of this download"),
            ("", "is not a file of this download"),
            ("link", "is a link, or lies behind one"),
            ("up/library.flac", "is a link, or lies behind one"),
            ("twice", "has a second name elsewhere"),
            ("empty", "is empty"),
            ("folder", "is no regular file"),
            ("pipe", "is no regular file"),
            ("socket", "is no regular file"),
            ("missing", "cannot be opened: No such file"),
        ] {
            let refused = delivered(&dir, path).unwrap_err();
            assert!(refused.starts_with(&format!("`{path}` {why}")), "{refused}");
        }
    }

    #[test]
    fn a_track_is_one_file() {
        let dir = tempfile::tempdir().unwrap();
        for (count, said) in [(0, "0 files for one track"), (2, "2 files for one track")] {
            let files = Files {
                files: vec![DownloadedFile::at("a.flac"); count],
                ..Files::default()
            };
            assert_eq!(only_file(files, dir.path()).unwrap_err().message, said);
        }
    }

    #[test]
    fn a_cover_that_is_not_to_be_trusted_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.flac"), "audio").unwrap();
        fs::write(dir.path().join("cover.jpg"), "picture").unwrap();
        for (cover, taken) in [("cover.jpg", true), ("/etc/passwd", false)] {
            let mut file = DownloadedFile::at("a.flac");
            file.cover = Some(cover.into());
            let delivered = only_file(Files::one(file), dir.path()).unwrap();
            assert_eq!(delivered.cover.is_some(), taken, "{cover}");
        }
    }
}
