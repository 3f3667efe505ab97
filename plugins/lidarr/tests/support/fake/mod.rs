//! A Lidarr of a few albums on a loopback port, which keeps state as the real one does: an
//! added album gets its tracks later, a grab is not in the queue at once, an artist's options
//! are applied after the scan. Each look at the queue is a step in the life of a download, so
//! that nothing here waits for a clock.
//!
//! Its answers are held against the vendor's own description in `vendor.rs`. The tests of the
//! whole program take it in by its path.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test program uses a part of it"
)]

mod answers;
mod life;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use musicdl_plugin_api::Settings;
use musicdl_plugin_api::testing::{Answer, Loopback, Received};
use serde_json::Value;

pub(crate) use answers::{message, said};
pub(crate) use life::{Life, Step};

pub(crate) const KEY: &str = "a very secret key";
/// Album of three tracks on two discs, by an artist who has a second album.
pub(crate) const FIRST: &str = "b1392450-e666-3926-a536-22c65f834433";
pub(crate) const SECOND: &str = "5c14fd50-a2f1-3672-9537-b0dad91bea2f";
pub(crate) const ARTIST: &str = "69158f97-4c07-4c4e-baf8-4e4ab1ed666e";

/// One Lidarr with its disk.
pub(crate) struct Lidarr {
    server: Loopback,
    state: Arc<Mutex<State>>,
    disk: tempfile::TempDir,
}

/// What happens to a request instead of its answer.
struct Fault {
    method: &'static str,
    path: &'static str,
    answers: Vec<Answer>,
    forever: bool,
}

/// What it knows and does.
pub(crate) struct State {
    /// Where `/music` is really.
    music: PathBuf,
    /// A part of the address, `/lidarr`.
    pub(crate) url_base: &'static str,
    pub(crate) version: &'static str,
    pub(crate) app: &'static str,
    /// Names and paths of the root folders.
    pub(crate) roots: Vec<(&'static str, &'static str)>,
    pub(crate) health: Vec<(&'static str, &'static str)>,
    /// What the metadata service knows.
    pub(crate) known: Vec<Known>,
    pub(crate) library: Vec<Entry>,
    pub(crate) artists: Vec<ArtistEntry>,
    /// Looks at the tracks of a new album that find none yet.
    pub(crate) scan_looks: u32,
    /// Looks at a search before it is through.
    pub(crate) search_looks: u32,
    /// How a search ends.
    pub(crate) search_end: (&'static str, &'static str),
    /// Releases that a search grabs.
    pub(crate) reports: u32,
    /// What a grabbed release goes through.
    pub(crate) life: Life,
    /// Albums that the grabbed release holds beside the one searched for.
    pub(crate) also: Vec<i64>,
    pub(crate) commands: Vec<Search>,
    pub(crate) queue: Vec<Item>,
    /// Kind, album, title of a release; the position is the id.
    pub(crate) history: Vec<(&'static str, i64, String)>,
    /// What left Lidarr by our doing.
    pub(crate) removed: Vec<String>,
    /// How files are laid out: tracks to a file.
    pub(crate) tracks_per_file: usize,
    faults: Vec<Fault>,
}

/// An album of the metadata service.
pub(crate) struct Known {
    pub(crate) mbid: &'static str,
    pub(crate) title: &'static str,
    /// Disc, number as a text, title.
    pub(crate) tracks: Vec<(u32, &'static str, &'static str)>,
    /// What Lidarr says of the length of each track.
    pub(crate) track_ms: u32,
    /// The file of each track; of those that have none here it is [`audio`].
    pub(crate) files: Vec<Vec<u8>>,
    /// What a grabbed release of it goes through; `None`: what others do.
    pub(crate) life: Option<Life>,
}

impl Known {
    /// An album with tracks of eighty seconds that a file of one second stands for.
    pub(crate) fn new(
        mbid: &'static str,
        title: &'static str,
        tracks: Vec<(u32, &'static str, &'static str)>,
    ) -> Self {
        Self {
            mbid,
            title,
            tracks,
            track_ms: 80_000,
            files: Vec::new(),
            life: None,
        }
    }
}

/// An album of the library.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) mbid: &'static str,
    pub(crate) monitored: bool,
    /// Looks that find no tracks yet.
    pub(crate) scan: u32,
    /// Whether it stays monitored when its artist's options are applied.
    pub(crate) listed: bool,
    /// Files by position of their track; several tracks may share one.
    pub(crate) files: Vec<(usize, PathBuf)>,
}

pub(crate) struct ArtistEntry {
    pub(crate) id: i64,
    pub(crate) mbid: &'static str,
    pub(crate) monitored: bool,
}

pub(crate) struct Search {
    pub(crate) id: i64,
    pub(crate) album: i64,
    pub(crate) looks: u32,
    pub(crate) ended: bool,
    pub(crate) forgotten: bool,
}

/// A download.
pub(crate) struct Item {
    pub(crate) id: i64,
    pub(crate) album: i64,
    pub(crate) release: String,
    /// Looks at the queue so far.
    pub(crate) age: usize,
    pub(crate) life: Life,
}

impl Lidarr {
    /// One that finds everything and downloads it without trouble.
    pub(crate) fn new() -> Self {
        let disk = tempfile::tempdir().expect("a temporary directory can be made");
        let music = disk.path().join("music");
        fs::create_dir(&music).expect("the disk is ours");
        let state = Arc::new(Mutex::new(State::new(music)));
        let server = Loopback::start({
            let state = Arc::clone(&state);
            move |request| {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                state.answer(request)
            }
        });
        Self {
            server,
            state,
            disk,
        }
    }

    /// The same, with something changed before anything happens.
    pub(crate) fn with(change: impl FnOnce(&mut State)) -> Self {
        let lidarr = Self::new();
        change(&mut lidarr.state());
        lidarr
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("")
    }

    /// Where its `/music` is on this machine.
    pub(crate) fn music(&self) -> PathBuf {
        self.disk.path().join("music")
    }

    /// Answers the next requests of that method and path with those instead.
    pub(crate) fn fails(&self, method: &'static str, path: &'static str, answers: Vec<Answer>) {
        self.state().faults.push(Fault {
            method,
            path,
            answers,
            forever: false,
        });
    }

    /// Answers every request of that method and path with that instead.
    pub(crate) fn always_fails(&self, method: &'static str, path: &'static str, answer: Answer) {
        self.state().faults.push(Fault {
            method,
            path,
            answers: vec![answer],
            forever: true,
        });
    }

    /// Nothing fails any more.
    pub(crate) fn recovers(&self) {
        self.state().faults.clear();
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.server.requests()
    }

    /// Every request of that method to a path that begins so.
    pub(crate) fn asked(&self, method: &str, path: &str) -> Vec<Received> {
        let path = format!("/api/v1/{path}");
        let all = self.requests().into_iter();
        all.filter(|request| request.method == method && request.path.starts_with(&path))
            .collect()
    }

    /// Settings that reach it quickly, with those on top.
    pub(crate) fn settings(&self, more: &[(&str, &str)]) -> Settings {
        self.settings_at(&self.url(), more)
    }

    /// The same, by another address.
    pub(crate) fn settings_at(&self, url: &str, more: &[(&str, &str)]) -> Settings {
        let music = self.music();
        let music = music
            .to_str()
            .expect("temporary directories have plain names");
        let map = format!("/music => {music}");
        let mut pairs = vec![
            ("url", url),
            ("api_key", KEY),
            ("path_map", map.as_str()),
            ("poll_interval", "1ms"),
            // Longer than any step takes here; a test that wants to see the end of a wait
            // makes that one short.
            ("step_timeout", "30s"),
            ("settle_time", "30s"),
            ("search_timeout", "30s"),
            ("stall_timeout", "30s"),
            ("album_timeout", "60s"),
        ];
        pairs.retain(|(key, _)| !more.iter().any(|(other, _)| other == key));
        pairs.extend(more);
        Settings::from_pairs(pairs.into_iter().map(|(key, value)| (key, [value])))
    }
}

/// A second of a sound as FLAC, made once.
pub(crate) fn audio() -> &'static [u8] {
    static AUDIO: OnceLock<Vec<u8>> = OnceLock::new();
    AUDIO.get_or_init(|| {
        let made = Command::new("ffmpeg")
            .args([
                "-loglevel",
                "error",
                "-nostdin",
                "-f",
                "lavfi",
                "-i",
                "sine=d=1",
            ])
            .args(["-f", "flac", "-"])
            .output()
            .expect("ffmpeg is installed");
        assert!(made.status.success(), "ffmpeg: {made:?}");
        made.stdout
    })
}

/// A body as data.
pub(crate) fn body(request: &Received) -> Value {
    serde_json::from_slice(&request.body).expect("the plugin sends JSON")
}
