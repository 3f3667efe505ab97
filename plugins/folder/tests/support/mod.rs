//! A collection on disk with real audio in it, and the ends of the contract that the host has:
//! a log to read and a download to watch.

#![allow(
    dead_code,
    reason = "each test file is a crate of its own and uses its part"
)]
#![allow(
    clippy::unwrap_used,
    reason = "part of the tests, though not inside a test function"
)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lofty::config::WriteOptions;
use lofty::tag::{ItemKey, ItemValue, Tag, TagExt, TagItem, TagType};
use musicdl_folder::FolderSource;
use musicdl_plugin_api::http::{Body, Request, Response, Saved};
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Files, Hit, Host, HostServices, LogLevel, Plugin,
    Progress, ProgressSink, Query, Settings, Source, SourceError, TargetKind,
};
use tempfile::TempDir;

/// A temporary directory with a collection in `music`, and room beside it.
pub(crate) struct Shelf {
    room: TempDir,
    log: Arc<Log>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let room = TempDir::new().unwrap();
        fs::create_dir(room.path().join("music")).unwrap();
        Self {
            room,
            log: Arc::default(),
        }
    }

    /// A place in the collection; its directories are made.
    pub(crate) fn music(&self, below: impl AsRef<Path>) -> PathBuf {
        self.beside(Path::new("music").join(below))
    }

    /// A place next to the collection; its directories are made.
    pub(crate) fn beside(&self, below: impl AsRef<Path>) -> PathBuf {
        let path = self.room.path().canonicalize().unwrap().join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Two seconds of a tone in the collection, in the format of the extension, with tags as
    /// ffmpeg writes them.
    pub(crate) fn tone(&self, below: impl AsRef<Path>, tags: &[(&str, &str)]) -> PathBuf {
        let path = self.music(below);
        tone(&path, &[], tags);
        path
    }

    pub(crate) fn source(&self) -> FolderSource {
        self.source_with(&["music"], false)
    }

    /// A source of directories beside each other in the room.
    pub(crate) fn source_with(&self, directories: &[&str], follow_links: bool) -> FolderSource {
        let room = self.room.path().canonicalize().unwrap();
        let paths: Vec<String> = directories
            .iter()
            .map(|name| room.join(name).to_str().unwrap().to_owned())
            .collect();
        let settings = Settings::from_pairs([
            ("paths", paths),
            ("follow_links", vec![follow_links.to_string()]),
        ]);
        FolderSource::create(settings, Host::new(self.log.clone())).unwrap()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// Fetches a target into a fresh directory, whose content is told beside the outcome.
    pub(crate) fn fetch(
        &self,
        source: &FolderSource,
        target_id: &str,
        progress: &Progress,
    ) -> (Result<DownloadedFile, SourceError>, Vec<PathBuf>) {
        let dest_dir = tempfile::tempdir_in(self.room.path()).unwrap().keep();
        let request = DownloadRequest {
            target_id: target_id.to_owned(),
            kind: TargetKind::TRACK,
            dest_dir: dest_dir.clone(),
            ..DownloadRequest::default()
        };
        let outcome = source
            .download_raw(&request, progress)
            .map(|download| match download {
                Download::Files(Files { mut files, .. }) if files.len() == 1 => files.remove(0),
                other => panic!("one file and not {other:?}"),
            });
        let left = fs::read_dir(dest_dir).unwrap();
        (outcome, left.map(|entry| entry.unwrap().path()).collect())
    }
}

/// Two seconds of a tone; ffmpeg chooses by the extension what `arguments` leave open.
pub(crate) fn tone(path: &Path, arguments: &[&str], tags: &[(&str, &str)]) {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-loglevel", "error", "-nostdin", "-y", "-f", "lavfi"]);
    ffmpeg.args(["-i", "sine=frequency=440:sample_rate=48000:duration=2"]);
    ffmpeg.args(["-bitexact", "-map_metadata", "-1"]);
    ffmpeg.args(arguments);
    for (key, value) in tags {
        ffmpeg.arg("-metadata").arg(format!("{key}={value}"));
    }
    let status = ffmpeg.arg(path).status().expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg writes {}", path.display());
}

/// Writes a tag with those values, a key as often as it is named.
pub(crate) fn retag(path: &Path, kind: TagType, values: &[(ItemKey, &str)]) {
    let mut tag = Tag::new(kind);
    for (key, value) in values {
        let item = TagItem::new(*key, ItemValue::Text((*value).to_owned()));
        assert!(tag.push(item), "{key:?} in {kind:?}");
    }
    tag.save_to_path(path, WriteOptions::default()).unwrap();
}

pub(crate) fn wanted(artist: &str, title: &str) -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: format!("{artist} {title}"),
        title: Some(title.to_owned()),
        artists: vec![artist.to_owned()],
        limit: 50,
        ..Query::default()
    }
}

/// The one hit of a search that has exactly one.
pub(crate) fn only_hit(source: &FolderSource, query: &Query) -> Hit {
    let mut hits = source.search_raw(query).unwrap();
    assert_eq!(hits.len(), 1, "{} -> {hits:#?}", query.text);
    hits.remove(0)
}

/// Makes a FIFO; nothing in std does.
pub(crate) fn fifo(path: &Path) {
    let status = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success(), "mkfifo {}", path.display());
}

/// A file name that is not UTF-8: `Björk` as Latin-1 wrote it.
pub(crate) fn latin1_name() -> &'static OsStr {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(b"Bj\xF6rk - J\xF3ga.flac")
}

/// The services of a host: a log that can be read again, and no network to be asked for.
#[derive(Default)]
pub(crate) struct Log {
    lines: Mutex<Vec<(LogLevel, String)>>,
}

impl Log {
    /// The lines of that level.
    pub(crate) fn at(&self, level: LogLevel) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let these = lines.iter().filter(|(at, _)| *at == level);
        these.map(|(_, line)| line.clone()).collect()
    }
}

fn no_business<T>() -> Result<T, SourceError> {
    Err(SourceError::internal(
        "a source of local files has no business here",
    ))
}

impl HostServices for Log {
    fn http_send(&self, _: &Request) -> Result<Response, SourceError> {
        no_business()
    }
    fn http_save(&self, _: &Request, _: &Path, _: &Progress) -> Result<Saved, SourceError> {
        no_business()
    }
    fn http_open(&self, _: &Request) -> Result<Body, SourceError> {
        no_business()
    }
    fn log(&self, level: LogLevel, message: &str, _: &[(&str, &str)]) {
        self.lines.lock().unwrap().push((level, message.to_owned()));
    }
    fn store_get(&self, _: &str) -> Result<Option<String>, SourceError> {
        no_business()
    }
    fn store_set(&self, _: &str, _: Option<&str>) -> Result<(), SourceError> {
        no_business()
    }
    fn now_ms(&self) -> u64 {
        0
    }
    fn temp_dir(&self) -> Result<PathBuf, SourceError> {
        no_business()
    }
}

/// Watches a download, and if asked to cancels it once some of it is there.
#[derive(Default)]
pub(crate) struct Watcher {
    cancels: bool,
    cancelled: AtomicBool,
    steps: Mutex<Vec<(u64, Option<u64>)>>,
}

impl Watcher {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn cancelling() -> Arc<Self> {
        Arc::new(Self {
            cancels: true,
            ..Self::default()
        })
    }

    pub(crate) fn progress(self: &Arc<Self>) -> Progress {
        Progress::new(self.clone())
    }

    pub(crate) fn steps(&self) -> Vec<(u64, Option<u64>)> {
        self.steps.lock().unwrap().clone()
    }
}

impl ProgressSink for Watcher {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.steps.lock().unwrap().push((done, total));
        if self.cancels && done > 0 {
            self.cancelled.store(true, Ordering::SeqCst);
        }
    }
    fn state(&self, _: &str) {}
    fn finished(&self, _: Files) {
        panic!("a copy is never followed");
    }
    fn failed(&self, _: SourceError) {
        panic!("a copy is never followed");
    }
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}
