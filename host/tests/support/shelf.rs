//! What lies below a directory, as a file system shows it and as programs that are not ours
//! hear and read it.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use musicdl::tagging::{self, Tags};

use super::judge;

/// A directory to look into; it need not be there.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(pub(crate) PathBuf);

impl Shelf {
    /// Everything below it but directories, sorted, relative.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.0, &mut |path| {
            let below = path.strip_prefix(&self.0).unwrap();
            found.push(below.to_str().unwrap().to_owned());
        });
        found.sort();
        found
    }

    /// The audio files at final paths, sorted, relative.
    pub(crate) fn audio(&self) -> Vec<String> {
        let is_audio = |file: &String| {
            let extension = Path::new(file).extension().and_then(|text| text.to_str());
            matches!(extension, Some("flac" | "mp3" | "m4a" | "ogg" | "opus"))
        };
        let mut files = self.files();
        files.retain(|file| is_audio(file) && !file.starts_with(".musicdl/"));
        files
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        let read = fs::read_to_string(self.file(name));
        read.unwrap_or_else(|error| panic!("{name}: {error}; there is {:?}", self.files()))
    }

    /// All that our reader finds, once mutagen has agreed on what the recording is.
    pub(crate) fn tags(&self, name: &str) -> Tags {
        let tags = tagging::read(&self.file(name)).unwrap();
        let said = judge::said(&[self.file(name)]).remove(0);
        assert_eq!(said.title, Vec::from_iter(tags.title.clone()), "{name}");
        assert_eq!(said.album, Vec::from_iter(tags.album.clone()), "{name}");
        assert_eq!(said.artist, tags.artists, "{name}");
        tags
    }

    /// The titles in the tags of every audio file, sorted, as mutagen reads them.
    pub(crate) fn titles(&self) -> Vec<String> {
        let said = judge::said(&self.audio_paths());
        let mut titles: Vec<_> = said.into_iter().flat_map(|said| said.title).collect();
        titles.sort();
        titles
    }

    pub(crate) fn inode(&self, name: &str) -> u64 {
        self.metadata(name).ino()
    }

    /// Everything that would tell a file that was touched from one that was not.
    pub(crate) fn fingerprints(&self) -> BTreeMap<String, [i64; 4]> {
        let files = self.files().into_iter();
        files
            .map(|file| {
                let found = self.metadata(&file);
                let inode = found.ino().cast_signed();
                let size = found.size().cast_signed();
                (file, [inode, size, found.mtime(), found.mtime_nsec()])
            })
            .collect()
    }

    /// What ffmpeg hears in every audio file, whatever its tags.
    pub(crate) fn sounds(&self) -> BTreeMap<String, String> {
        let sounds = judge::sounds(&self.audio_paths());
        self.audio().into_iter().zip(sounds).collect()
    }

    /// ffmpeg decodes every audio file to its end without a complaint.
    pub(crate) fn is_whole(&self) {
        judge::sounds(&self.audio_paths());
    }

    fn audio_paths(&self) -> Vec<PathBuf> {
        let files = self.audio().into_iter();
        files.map(|file| self.file(&file)).collect()
    }

    fn metadata(&self, name: &str) -> Metadata {
        let found = fs::symlink_metadata(self.file(name));
        found.unwrap_or_else(|error| panic!("{name}: {error}; there is {:?}", self.files()))
    }
}

/// A file that vanishes while we look is as good as never seen.
fn walk(dir: &Path, each: &mut impl FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), each),
            Ok(_) => each(&entry.path()),
            Err(_) => {}
        }
    }
}
