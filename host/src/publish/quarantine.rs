//! Where refused files go: out of the way of every library, each with a note of what was
//! wrong with it, and never more of them than the user allows.
//!
//! A file stands under a name no media server takes for music, `NAME.refused`, beside its note
//! `NAME.json`. The directory may be one of the user's: only what a note of ours names is ever
//! removed from it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::layout::component_with_limit;

/// What the first field of every note says.
const OURS: &str = "musicdl refused file 1";
const FILE: &str = "refused";
const NOTE: &str = "json";
/// Bytes of a name, without what is added to it.
const LONGEST_NAME: usize = 120;
/// No note of ours is longer.
const MOST_NOTE: u64 = 64 * 1024;

/// Why a file was refused, and for whom it was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What is wrong with it.
    pub reason: String,
    /// Who delivered it.
    pub source: String,
    /// Its name there.
    pub target: String,
    /// The id of the wanted track.
    pub wanted_id: String,
    /// The wanted track, for people.
    pub wanted: String,
    /// The wanted length in milliseconds.
    pub wanted_ms: Option<u64>,
    /// When it was refused.
    pub at: Timestamp,
}

/// A note as it stands on disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    format: String,
    #[serde(flatten)]
    note: Note,
}

/// What is in the quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuarantineTotals {
    /// Where it is.
    pub path: PathBuf,
    /// Files in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A directory of refused files. All calls may be made from several threads at once.
#[derive(Debug)]
pub struct Quarantine {
    dir: PathBuf,
    max_bytes: u64,
    max_age: Duration,
    /// Held while files come and go.
    busy: Mutex<()>,
}

/// A file with its note.
struct Found {
    stem: PathBuf,
    bytes: u64,
    since: SystemTime,
}

impl Quarantine {
    /// Touches nothing yet. With `max_bytes` of 0 nothing is kept.
    pub fn new(dir: &Path, max_bytes: u64, max_age: Duration) -> Self {
        Self {
            dir: dir.to_owned(),
            max_bytes,
            max_age,
            busy: Mutex::default(),
        }
    }

    /// Moves a refused file in, and what is over the limits out; its new path, or `None` if it
    /// is not to be kept. The same file refused for the same track again takes its own place.
    ///
    /// # Errors
    /// What the system said; then the file is where it was.
    pub fn keep(&self, file: &Path, note: Note) -> io::Result<Option<PathBuf>> {
        let bytes = fs::symlink_metadata(file)?.len();
        if self.max_bytes == 0 || bytes > self.max_bytes {
            return Ok(None);
        }
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(&self.dir)?;
        let stem = self.dir.join(name(&note));
        let kept = stem.with_added_extension(FILE);
        // The note first: a file without one would never be removed.
        write_note(&stem.with_added_extension(NOTE), note)?;
        move_to(file, &kept)?;
        self.tidy_up()?;
        Ok(Some(kept))
    }

    /// Removes what is too old or too much.
    ///
    /// # Errors
    /// What the system said.
    pub fn tidy(&self) -> io::Result<()> {
        let _busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        self.tidy_up()
    }

    /// What is in it; a directory that is not there is empty.
    ///
    /// # Errors
    /// What the system said.
    pub fn totals(&self) -> io::Result<QuarantineTotals> {
        let found = self.found()?;
        let files = found.iter().filter(|found| found.bytes > 0).count();
        Ok(QuarantineTotals {
            path: self.dir.clone(),
            files: files as u64,
            bytes: found.iter().map(|found| found.bytes).sum(),
        })
    }

    fn tidy_up(&self) -> io::Result<()> {
        let mut found = self.found()?;
        found.sort_by_key(|found| std::cmp::Reverse(found.since));
        let now = SystemTime::now();
        let mut total = 0u64;
        for one in found {
            // A clock that was set back makes nothing old.
            let age = now.duration_since(one.since).unwrap_or_default();
            total = total.saturating_add(one.bytes);
            if age > self.max_age || total > self.max_bytes {
                remove(&one.stem.with_added_extension(FILE))?;
                remove(&one.stem.with_added_extension(NOTE))?;
                total -= one.bytes;
            }
        }
        Ok(())
    }

    /// Every note of ours, with the file it is about.
    fn found(&self) -> io::Result<Vec<Found>> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != NOTE) || !is_ours(&path) {
                continue;
            }
            let stem = path.with_extension("");
            let file = stem.with_added_extension(FILE);
            let meta = fs::symlink_metadata(&file)
                .ok()
                .filter(|meta| meta.is_file());
            let note = fs::symlink_metadata(&path)?;
            found.push(Found {
                bytes: meta.as_ref().map_or(0, fs::Metadata::len),
                since: note.modified()?,
                stem,
            });
        }
        Ok(found)
    }
}

/// The same for the same file of the same source for the same track.
fn name(note: &Note) -> String {
    let mut digest = blake3::Hasher::new();
    for part in [&note.source, &note.target, &note.wanted_id] {
        digest.update(&(part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finalize().to_hex();
    let shown = component_with_limit(&note.wanted, LONGEST_NAME);
    format!("{shown} ({} {})", note.source, &digest[..12])
}

fn write_note(path: &Path, note: Note) -> io::Result<()> {
    let kept = Kept {
        format: OURS.to_owned(),
        note,
    };
    let mut text = serde_json::to_vec_pretty(&kept)?;
    text.push(b'\n');
    remove(path)?;
    let mut options = OpenOptions::new();
    // Of what stands in our place nothing is followed.
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(&text)
}

fn is_ours(path: &Path) -> bool {
    let small = |meta: fs::Metadata| meta.is_file() && meta.len() <= MOST_NOTE;
    fs::symlink_metadata(path).is_ok_and(small)
        && fs::read(path)
            .ok()
            .and_then(|text| serde_json::from_slice::<Kept>(&text).ok())
            .is_some_and(|kept| kept.format == OURS)
}

/// By name where it stays on its file system, else by copy.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    remove(to)?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        done => return done,
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let copied = options
        .open(to)
        .and_then(|mut copy| io::copy(&mut File::open(from)?, &mut copy));
    match copied {
        Ok(_) => fs::remove_file(from),
        Err(error) => {
            // Half a file is of no use; that it cannot be kept is what is told.
            drop(remove(to));
            Err(error)
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    struct Scene {
        dir: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                dir: tempfile::tempdir().unwrap(),
            }
        }

        fn place(&self) -> PathBuf {
            self.dir.path().join("quarantine")
        }

        fn of(&self, max_bytes: u64) -> Quarantine {
            Quarantine::new(&self.place(), max_bytes, DAY)
        }

        fn refused(&self, bytes: usize) -> PathBuf {
            let path = self.dir.path().join("taken");
            fs::write(&path, vec![7; bytes]).unwrap();
            path
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.place()).unwrap();
            let mut names: Vec<String> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }

        /// As if it had been refused so long ago.
        fn age(&self, note: &Note, by: Duration) {
            let path = self.place().join(name(note)).with_added_extension(NOTE);
            let file = File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::now() - by).unwrap();
        }
    }

    fn note(target: &str) -> Note {
        Note {
            reason: "cut off".to_owned(),
            source: "folder".to_owned(),
            target: target.to_owned(),
            wanted_id: "text:ann".to_owned(),
            wanted: "Ann: A/B?".to_owned(),
            wanted_ms: Some(3_000),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_refused_file_stands_beside_its_reason_under_a_name_that_is_no_music() {
        let scene = Scene::new();
        let quarantine = scene.of(1000);
        let kept = quarantine.keep(&scene.refused(10), note("a.flac")).unwrap();
        let kept = kept.unwrap();
        assert_eq!(fs::read(&kept).unwrap(), [7; 10]);
        assert!(kept.extension().unwrap() == FILE, "{}", kept.display());
        assert!(!scene.dir.path().join("taken").exists());
        let text = fs::read(kept.with_extension(NOTE)).unwrap();
        let read: Kept = serde_json::from_slice(&text).unwrap();
        assert_eq!((read.note, read.format.as_str()), (note("a.flac"), OURS));
        let totals = quarantine.totals().unwrap();
        assert_eq!((totals.files, totals.bytes), (1, 10));
    }

    #[test]
    fn the_same_file_again_takes_its_own_place() {
        let scene = Scene::new();
        let quarantine = scene.of(1000);
        for bytes in [10, 20] {
            quarantine.keep(&scene.refused(bytes), note("a")).unwrap();
        }
        quarantine.keep(&scene.refused(5), note("b")).unwrap();
        let totals = quarantine.totals().unwrap();
        assert_eq!((totals.files, totals.bytes), (2, 25));
    }

    #[test]
    fn what_is_too_much_or_too_old_goes_the_oldest_first() {
        let scene = Scene::new();
        let quarantine = scene.of(100);
        for (target, age) in [("a", 3), ("b", 2), ("c", 1)] {
            quarantine.keep(&scene.refused(40), note(target)).unwrap();
            scene.age(&note(target), Duration::from_secs(age * 3600));
        }
        quarantine.tidy().unwrap();
        let gone = |target: &str| {
            let stem = scene.place().join(name(&note(target)));
            !stem.with_added_extension(FILE).exists()
        };
        assert_eq!(["a", "b", "c"].map(gone), [true, false, false]);
        assert_eq!(scene.names().len(), 4, "{:?}", scene.names());
        scene.age(&note("b"), DAY + Duration::from_secs(1));
        quarantine.tidy().unwrap();
        assert_eq!(["b", "c"].map(gone), [true, false]);
        let kept = quarantine.keep(&scene.refused(101), note("large")).unwrap();
        assert_eq!(kept, None);
        assert_eq!(
            scene.of(0).keep(&scene.refused(1), note("d")).unwrap(),
            None
        );
    }

    #[test]
    fn what_is_not_ours_stays() {
        let scene = Scene::new();
        let quarantine = scene.of(10);
        fs::create_dir(scene.place()).unwrap();
        for (name, text) in [
            ("mine.json", "{}"),
            ("mine.refused", "mine"),
            ("list.json", "[1, 2]"),
            ("song.flac", "fLaC"),
        ] {
            fs::write(scene.place().join(name), text).unwrap();
        }
        quarantine.keep(&scene.refused(8), note("a")).unwrap();
        scene.age(&note("a"), 2 * DAY);
        quarantine.tidy().unwrap();
        assert_eq!(
            scene.names(),
            ["list.json", "mine.json", "mine.refused", "song.flac"]
        );
        assert_eq!(quarantine.totals().unwrap().files, 0);
    }

    #[test]
    fn a_quarantine_that_was_never_used_is_empty_and_makes_no_directory() {
        let scene = Scene::new();
        let totals = scene.of(10).totals().unwrap();
        assert_eq!((totals.files, totals.bytes), (0, 0));
        scene.of(10).tidy().unwrap();
        assert!(!scene.place().exists());
    }
}
