//! Which of the planned files are there already. Only looks; works on a library that does not
//! exist yet, and beside a run.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::PublishError;
use crate::layout::RelPath;
use crate::music::AUDIO_EXTENSIONS;

/// Stem in NFC -> names of the audio files that have it.
type Listing = HashMap<String, Vec<String>>;

/// Answers for one plan whether a file is there. Every folder is read once, at the first
/// question about it; what appears later is not seen.
#[derive(Debug)]
pub struct Existing {
    library: PathBuf,
    listings: HashMap<Option<RelPath>, Listing>,
}

impl Existing {
    /// Looks into the library at `library`, which need not be there yet.
    pub fn new(library: &Path) -> Self {
        Self {
            library: library.to_owned(),
            listings: HashMap::new(),
        }
    }

    /// The audio file that has this stem and any of the extensions of audio, in the order of
    /// [`AUDIO_EXTENSIONS`]. Empty files do not count.
    ///
    /// # Errors
    /// When a folder or file is there and cannot be looked at: to take it for missing would
    /// fetch everything in it again.
    pub fn find(&mut self, stem: &RelPath) -> Result<Option<PathBuf>, PublishError> {
        let folder = stem.parent();
        let path = folder.as_ref().map_or_else(
            || self.library.clone(),
            |folder| folder.under(&self.library),
        );
        let listing = match self.listings.entry(folder) {
            std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => new.insert(list(&path)?),
        };
        let wanted: String = stem.file_name().nfc().collect();
        for name in listing.get(&wanted).into_iter().flatten() {
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
}

fn list(folder: &Path) -> Result<Listing, PublishError> {
    let failed = |cause| PublishError::of("list", folder, cause);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) => match cause.kind() {
            // A file where a folder should be holds no tracks; `place` will say so.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => return Ok(Listing::new()),
            _ => return Err(failed(cause)),
        },
    };
    let mut listing = Listing::new();
    for entry in entries {
        // A name that is no UTF-8 is none of ours.
        let Ok(name) = entry.map_err(failed)?.file_name().into_string() else {
            continue;
        };
        let Some((stem, _)) = name.rsplit_once('.').filter(|(_, ext)| rank(ext).is_some()) else {
            continue;
        };
        listing.entry(stem.nfc().collect()).or_default().push(name);
    }
    for names in listing.values_mut() {
        names.sort_by_key(|name| name.rsplit_once('.').and_then(|(_, ext)| rank(ext)));
    }
    Ok(listing)
}

/// The audio beside `file` that differs from it in its extension at most, itself included.
/// What cannot be listed has none.
pub(super) fn audio_of_stem(file: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(stem)) = (file.parent(), file.file_stem().and_then(|s| s.to_str()))
    else {
        return Vec::new();
    };
    let wanted: String = stem.nfc().collect();
    let mut listing = list(folder).unwrap_or_default();
    let names = listing.remove(&wanted).unwrap_or_default();
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
    fn a_folder_that_cannot_be_listed_is_no_empty_folder() {
        let library = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("loop", library.path().join("loop")).unwrap();
        let error = Existing::new(library.path())
            .find(&path("loop/x"))
            .unwrap_err();
        assert!(error.to_string().starts_with("cannot list "), "{error}");
    }
}
