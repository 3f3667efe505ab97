//! `LIBRARY/.musicdl/held/`: finished files that wait until the others of their album are
//! ready, over as many runs as that takes. No media server looks there, and it is on the
//! library's own file system, so that to publish one is to rename it.
//!
//! | file | what it is |
//! |---|---|
//! | `ID.audio` | the file as it is to be placed, synced |
//! | `ID.cover` | the picture for beside it, where the one in it is another one |
//! | `ID.json` | what else its place needs to know; written last |
//!
//! `ID` is a digest of the track's id. A file counts with its note only, so a process that dies
//! while it holds or places one leaves parts that [`Publisher::sweep`] removes: what lacks its
//! note is fetched again, what lacks its audio is at its place.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::name::{self, At, Onto, Refusal};
use super::root::sync_folder;
use super::staging::set_mode;
use super::{HIDDEN, PublishError, Publisher};
use crate::layout::RelPath;
use crate::music::{SourceName, TrackId};

/// Below the hidden directory.
const HELD: &str = "held";

/// What the place of a held file needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldNote {
    /// Whose file it is.
    pub id: TrackId,
    /// The extension of its final path.
    pub extension: String,
    /// Digest of its audio.
    pub audio_hash: String,
    /// Who delivered it.
    pub source: Option<SourceName>,
    /// Lyrics for beside it.
    pub lyrics: Option<String>,
}

/// A file that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Where it is, absolute.
    pub audio: PathBuf,
    /// Where the picture for beside it is, if there is one.
    pub cover: Option<PathBuf>,
    /// What is known of it.
    pub note: HeldNote,
}

impl Publisher {
    /// Moves a finished file from staging to where it waits. When it answers, the file and what
    /// is known of it are on disk.
    ///
    /// # Errors
    /// What the system said.
    pub fn hold(
        &self,
        staged: &Path,
        cover: Option<&[u8]>,
        note: &HeldNote,
    ) -> Result<(), PublishError> {
        self.root.check_still_there()?;
        self.holds.store(true, Ordering::Relaxed);
        let file = self.open_regular(staged)?;
        set_mode(&file, self.mode);
        self.sync(&file).map_err(self.root.failed("sync", staged))?;
        let path = RelPath::from_saved(&format!("{HIDDEN}/{HELD}"));
        let path = path.expect("its parts are names");
        let folder = self.folders.make(Some(&path))?;
        let stem = stem(&note.id);
        // A note of another file would make this one count before it is whole.
        self.forget_held(&note.id)?;
        let audio = format!("{stem}.audio");
        match name::give(At::path(staged), &folder, &audio, Onto::OurOwn) {
            Err(Refusal::OtherDevice) => {
                self.copy_beside(Content::Of(&file), &folder, &audio, Onto::OurOwn)?;
            }
            given => given.map_err(|refusal| self.refused(refusal, &folder, &audio))?,
        }
        if let Some(cover) = cover {
            let name = format!("{stem}.cover");
            self.write(Content::Bytes(cover), &folder, &name, Onto::OurOwn)?;
        }
        sync_folder(&folder.dir).map_err(self.root.failed("sync", &folder.path))?;
        let text = serde_json::to_vec(note).expect("a note is text");
        let name = format!("{stem}.json");
        self.write(Content::Bytes(&text), &folder, &name, Onto::OurOwn)?;
        sync_folder(&folder.dir).map_err(self.root.failed("sync", &folder.path))
    }

    /// The file of that track that waits; `None`: none does.
    ///
    /// # Errors
    /// When one is there and cannot be read.
    pub fn held(&self, id: &TrackId) -> Result<Option<Held>, PublishError> {
        if !self.holds.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let at = |ending: &str| self.held_dir().join(format!("{}.{ending}", stem(id)));
        let path = at("json");
        let text = match fs::read(&path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(self.root.failed("read", &path))?,
        };
        let audio = at("audio");
        let cover = Some(at("cover")).filter(|cover| cover.is_file());
        // One of another release of musicdl, or of nobody, is no file that waits.
        let note = serde_json::from_slice(&text).ok();
        let note = note.filter(|note: &HeldNote| note.id == *id && audio.is_file());
        Ok(note.map(|note| Held { audio, cover, note }))
    }

    /// Removes what is left of a file that waited.
    ///
    /// # Errors
    /// What the system said; that nothing is left is none.
    pub fn forget_held(&self, id: &TrackId) -> Result<(), PublishError> {
        // The note first: without it the rest counts no more.
        for ending in ["json", "audio", "cover"] {
            let path = self.held_dir().join(format!("{}.{ending}", stem(id)));
            self.remove_held(&path)?;
        }
        Ok(())
    }

    /// Removes parts of files that a process left that died, and the directory if it is empty.
    pub(super) fn sweep_held(&self) -> Result<(), PublishError> {
        let dir = self.held_dir();
        let failed = |cause| self.root.failed("list", &dir)(cause);
        let entries = match fs::read_dir(&dir) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(failed)?,
        };
        let paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let stems_with = |ending: &str| -> HashSet<PathBuf> {
            let has = paths
                .iter()
                .filter(|path| path.extension().is_some_and(|found| found == ending));
            has.map(|path| path.with_extension("")).collect()
        };
        let (noted, there) = (stems_with("json"), stems_with("audio"));
        for path in &paths {
            let stem = path.with_extension("");
            if !(noted.contains(&stem) && there.contains(&stem)) {
                self.remove_held(path)?;
            }
        }
        match fs::remove_dir(&dir) {
            Err(cause) if cause.kind() != io::ErrorKind::DirectoryNotEmpty => {
                Err(self.root.failed("remove", &dir)(cause))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn remove_held(&self, path: &Path) -> Result<(), PublishError> {
        match fs::remove_file(path) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(self.root.failed("remove", path)),
        }
    }

    fn held_dir(&self) -> PathBuf {
        dir_in(self.library())
    }
}

/// Whether files of earlier runs may wait in that library.
pub(super) fn may_be_in(library: &Path) -> bool {
    // Also where nobody can tell.
    !matches!(dir_in(library).symlink_metadata(), Err(cause) if cause.kind() == io::ErrorKind::NotFound)
}

fn dir_in(library: &Path) -> PathBuf {
    library.join(HIDDEN).join(HELD)
}

/// 128 bits: two ids never meet.
fn stem(id: &TrackId) -> String {
    blake3::hash(id.as_str().as_bytes()).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(title: &str) -> HeldNote {
        HeldNote {
            id: TrackId::text(title),
            extension: "flac".to_owned(),
            audio_hash: "1".to_owned(),
            source: SourceName::parse("folder").ok(),
            lyrics: Some("La".to_owned()),
        }
    }

    fn hold(publisher: &Publisher, note: &HeldNote) {
        let staging = publisher.staging_of_owned(&note.id).unwrap();
        let ready = staging.tag().join("ready");
        fs::write(&ready, "audio").unwrap();
        publisher.hold(&ready, Some(b"picture"), note).unwrap();
        staging.remove().unwrap();
    }

    #[test]
    fn what_waits_is_there_for_the_next_run_until_it_is_placed() {
        let library = tempfile::tempdir().unwrap();
        let (owl, wren) = (note("Owl"), note("Wren"));
        {
            let publisher = Publisher::open(library.path()).unwrap();
            assert_eq!(publisher.held(&owl.id).unwrap(), None);
            hold(&publisher, &owl);
            hold(&publisher, &wren);
        }
        let publisher = Publisher::open(library.path()).unwrap();
        publisher.sweep().unwrap();
        let held = publisher.held(&owl.id).unwrap().unwrap();
        assert_eq!(held.note, owl);
        assert_eq!(fs::read(&held.audio).unwrap(), b"audio");
        assert_eq!(fs::read(held.cover.unwrap()).unwrap(), b"picture");
        let place = RelPath::from_saved("Ann/Owl").unwrap();
        publisher.place(&held.audio, &place, "flac").unwrap();
        assert_eq!(publisher.held(&owl.id).unwrap(), None);
        publisher.forget_held(&wren.id).unwrap();
        publisher.sweep().unwrap();
        assert!(!library.path().join(HIDDEN).exists());
        assert!(library.path().join("Ann/Owl.flac").exists());
    }

    #[test]
    fn whatever_part_is_missing_nothing_waits_and_the_rest_is_removed() {
        for missing in ["json", "audio"] {
            let library = tempfile::tempdir().unwrap();
            let publisher = Publisher::open(library.path()).unwrap();
            let owl = note("Owl");
            hold(&publisher, &owl);
            let part = publisher.held_dir().join(stem(&owl.id));
            fs::remove_file(part.with_extension(missing)).unwrap();
            assert_eq!(publisher.held(&owl.id).unwrap(), None, "{missing}");
            publisher.sweep().unwrap();
            assert!(!publisher.held_dir().exists(), "{missing}");
        }
        let library = tempfile::tempdir().unwrap();
        let publisher = Publisher::open(library.path()).unwrap();
        let owl = note("Owl");
        hold(&publisher, &owl);
        let part = publisher.held_dir().join(stem(&owl.id));
        fs::write(part.with_extension("json"), "{}").unwrap();
        assert_eq!(publisher.held(&owl.id).unwrap(), None);
        // The next file of that track takes its place.
        hold(&publisher, &owl);
        assert!(publisher.held(&owl.id).unwrap().is_some());
    }
}
