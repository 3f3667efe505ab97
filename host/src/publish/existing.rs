//! Which of the planned files are there already. Only looks; works on a library that does not
//! exist yet, and beside a run.
//!
//! A folder that is not there is not asked for: most folders of a long plan are new, and their
//! parents, read once, tell so.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::PublishError;
use crate::layout::{RelPath, fold};
use crate::music::AUDIO_EXTENSIONS;

/// Stem in NFC -> names of the audio files that have it.
type Listing = HashMap<String, Vec<String>>;

/// Answers for one plan whether a file is there. Every folder is read once, at the first
/// question about it or what is in it; what appears later is not seen.
#[derive(Debug)]
pub struct Existing {
    library: PathBuf,
    /// By their paths in the library, that of the library itself being empty.
    folders: HashMap<String, Folder>,
}

/// What a folder holds.
#[derive(Debug)]
enum Folder {
    Listed {
        audio: Listing,
        /// Folders and links in it, by the folded forms of their names: a file system may
        /// find one by another spelling.
        folders: HashSet<String>,
    },
    /// It cannot be read; what is in it may be there all the same.
    Unreadable(io::Error),
}

impl Folder {
    fn may_hold(&self, name: &str) -> bool {
        match self {
            Folder::Listed { folders, .. } => folders.contains(&fold(name)),
            Folder::Unreadable(_) => true,
        }
    }
}

impl Existing {
    /// Looks into the library at `library`, which need not be there yet.
    pub fn new(library: &Path) -> Self {
        Self {
            library: library.to_owned(),
            folders: HashMap::new(),
        }
    }

    /// The audio file that has this stem and any of the extensions of audio, in the order of
    /// [`AUDIO_EXTENSIONS`]. Empty files do not count.
    ///
    /// # Errors
    /// When a folder or file is there and cannot be looked at: to take it for missing would
    /// fetch everything in it again.
    pub fn find(&mut self, stem: &RelPath) -> Result<Option<PathBuf>, PublishError> {
        let folder = stem
            .as_str()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let path = self.library.join(folder);
        let audio = match self.folder(folder) {
            None => return Ok(None),
            Some(Folder::Listed { audio, .. }) => audio,
            Some(Folder::Unreadable(cause)) => {
                return Err(PublishError::of("list", &path, again(cause)));
            }
        };
        let wanted: String = stem.file_name().nfc().collect();
        for name in audio.get(&wanted).into_iter().flatten() {
            let file = path.join(name);
            match fs::metadata(&file) {
                Ok(found) if found.is_file() && found.len() > 0 => return Ok(Some(file)),
                Ok(_) => {}
                // Gone since, or a link to nowhere.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => {
                    return Err(PublishError::of("look at", &file, cause));
                }
            }
        }
        Ok(None)
    }

    /// What that folder holds; `None` if what it is in does not have it.
    fn folder(&mut self, folder: &str) -> Option<&Folder> {
        if !self.folders.contains_key(folder) {
            if !folder.is_empty() {
                let (parent, name) = folder.rsplit_once('/').unwrap_or(("", folder));
                if !self.folder(parent)?.may_hold(name) {
                    return None;
                }
            }
            let found = list(&self.library.join(folder)).unwrap_or_else(Folder::Unreadable);
            self.folders.insert(folder.to_owned(), found);
        }
        self.folders.get(folder)
    }
}

/// The same failure once more; errors of the system cannot be cloned.
fn again(cause: &io::Error) -> io::Error {
    match cause.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(cause.kind(), cause.to_string()),
    }
}

fn list(folder: &Path) -> io::Result<Folder> {
    let (mut audio, mut folders) = (Listing::new(), HashSet::new());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        // A file where a folder should be holds no tracks; `place` will say so.
        Err(cause) if is_nothing(&cause) => return Ok(Folder::Listed { audio, folders }),
        Err(cause) => return Err(cause),
    };
    for entry in entries {
        let entry = entry?;
        // A name that is no UTF-8 is none of ours.
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            folders.insert(fold(&name));
        }
        let Some((stem, _)) = name.rsplit_once('.').filter(|(_, ext)| rank(ext).is_some()) else {
            continue;
        };
        audio.entry(stem.nfc().collect()).or_default().push(name);
    }
    for names in audio.values_mut() {
        names.sort_by_key(|name| name.rsplit_once('.').and_then(|(_, ext)| rank(ext)));
    }
    Ok(Folder::Listed { audio, folders })
}

fn is_nothing(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The audio beside `file` that differs from it in its extension at most, itself included.
/// What cannot be listed has none.
pub(super) fn audio_of_stem(file: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(stem)) = (file.parent(), file.file_stem().and_then(|s| s.to_str()))
    else {
        return Vec::new();
    };
    let wanted: String = stem.nfc().collect();
    let names = match list(folder) {
        Ok(Folder::Listed { mut audio, .. }) => audio.remove(&wanted).unwrap_or_default(),
        Ok(Folder::Unreadable(_)) | Err(_) => Vec::new(),
    };
    names.into_iter().map(|name| folder.join(name)).collect()
}

fn rank(ext: &str) -> Option<usize> {
    AUDIO_EXTENSIONS
        .iter()
        .position(|known| known.eq_ignore_ascii_case(ext))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::from_saved(text).unwrap()
    }

    #[test]
    fn a_file_counts_by_its_stem_whatever_audio_it_is() {
        let library = tempfile::tempdir().unwrap();
        let dir = library.path();
        fs::create_dir_all(dir.join("Q/Jazz/02 - folder.flac")).unwrap();
        for (name, content) in [
            ("Q/Jazz/01 - Mustapha.FLAC", "x"),
            ("Q/Jazz/Mr. Blue Sky.mp3", "x"),
            ("Q/Jazz/both.mp3", "x"),
            ("Q/Jazz/both.flac", "x"),
            ("Q/Jazz/empty.flac", ""),
            ("Q/Jazz/empty first.flac", ""),
            ("Q/Jazz/empty first.mp3", "x"),
            ("Q/Jazz/picture.jpg", "x"),
            ("Q/Jazz/Bjo\u{308}rk.opus", "x"),
            ("root.wv", "x"),
        ] {
            fs::write(dir.join(name), content).unwrap();
        }
        std::os::unix::fs::symlink("nowhere.flac", dir.join("Q/Jazz/dangling.flac")).unwrap();
        let mut existing = Existing::new(dir);
        for (stem, expected) in [
            ("Q/Jazz/01 - Mustapha", Some("Q/Jazz/01 - Mustapha.FLAC")),
            ("Q/Jazz/Mr. Blue Sky", Some("Q/Jazz/Mr. Blue Sky.mp3")),
            ("Q/Jazz/Mr", None),
            ("Q/Jazz/both", Some("Q/Jazz/both.flac")),
            ("Q/Jazz/empty", None),
            ("Q/Jazz/empty first", Some("Q/Jazz/empty first.mp3")),
            ("Q/Jazz/picture", None),
            ("Q/Jazz/02 - folder", None),
            ("Q/Jazz/dangling", None),
            ("Q/Jazz/Bj\u{f6}rk", Some("Q/Jazz/Bjo\u{308}rk.opus")),
            ("root", Some("root.wv")),
            ("Q/Missing/x", None),
            ("root.wv/x", None),
        ] {
            assert_eq!(
                existing.find(&path(stem)).unwrap(),
                expected.map(|name| dir.join(name)),
                "{stem}"
            );
        }
    }

    #[test]
    fn a_library_that_is_not_there_yet_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            Existing::new(&dir.path().join("new"))
                .find(&path("a/b"))
                .unwrap(),
            None
        );
    }

    #[test]
    fn each_folder_is_read_once_for_a_plan() {
        let library = tempfile::tempdir().unwrap();
        let mut existing = Existing::new(library.path());
        assert_eq!(existing.find(&path("a")).unwrap(), None);
        fs::write(library.path().join("a.flac"), "x").unwrap();
        assert_eq!(existing.find(&path("a")).unwrap(), None);
        assert!(
            Existing::new(library.path())
                .find(&path("a"))
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn of_folders_that_are_not_there_nothing_is_kept() {
        let library = tempfile::tempdir().unwrap();
        fs::create_dir(library.path().join("Ann")).unwrap();
        let mut existing = Existing::new(library.path());
        for number in 0..100 {
            for artist in ["Ann", "Bob"] {
                let stem = path(&format!("{artist}/Album {number}/x"));
                assert_eq!(existing.find(&stem).unwrap(), None);
            }
        }
        assert_eq!(existing.folders.len(), 2, "the library and `Ann`");
    }

    #[test]
    fn a_folder_is_looked_at_where_a_file_system_may_find_it_by_another_spelling() {
        let library = tempfile::tempdir().unwrap();
        fs::create_dir(library.path().join("Bjo\u{308}rk")).unwrap();
        fs::write(library.path().join("a file"), "x").unwrap();
        let root = list(library.path()).unwrap();
        for (name, expected) in [
            ("Bj\u{f6}rk", true),
            ("BJ\u{d6}RK", true),
            ("Bjork", false),
            ("a file", false),
        ] {
            assert_eq!(root.may_hold(name), expected, "{name}");
        }
        let hidden = Folder::Unreadable(io::ErrorKind::PermissionDenied.into());
        assert!(hidden.may_hold("anything"));
    }

    #[test]
    fn a_folder_that_cannot_be_listed_is_no_empty_folder() {
        let library = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("loop", library.path().join("loop")).unwrap();
        let error = Existing::new(library.path())
            .find(&path("loop/x"))
            .unwrap_err();
        assert!(error.to_string().starts_with("cannot list "), "{error}");
    }
}
