//! A source of the tests' own: it has what its shelf says, and delivers real audio.

use std::fs;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use musicdl_plugin_api::{
    Connection, Download, DownloadRequest, DownloadedFile, Files, Hit, MissingTrack, Progress,
    Query, Source, SourceError, TargetKind,
};

/// What it does when it is asked for a download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// Delivers at once.
    #[default]
    Prompt,
    /// Hands over, and goes on when it is let go; until then nothing moves.
    Follows,
    /// Waits in the call until it is let go or cancelled.
    Holds,
    /// Delivers when it is let go, whoever cancelled it.
    Deaf,
}

/// Titles on offer, asked for one by one or as the albums they are on.
#[derive(Default)]
pub(super) struct Shop {
    pub(super) titles: Vec<String>,
    /// Title of the album it has as a whole.
    pub(super) album: Option<String>,
    /// Titles that the album should have and lacks.
    pub(super) lacks: Vec<String>,
    /// Everything it has is an answer, whatever the question.
    pub(super) anything: bool,
    pub(super) bitrate: Option<u32>,
    pub(super) manner: Manner,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    /// Texts of searches.
    pub(super) searched: Vec<String>,
    /// Targets of downloads.
    pub(super) fetched: Vec<String>,
    pub(super) cancelled: Vec<String>,
    /// Downloads that wait.
    pub(super) held: usize,
    let_go: bool,
    /// Downloads that were followed, to be finished.
    followed: Vec<(DownloadRequest, Progress)>,
}

impl Shop {
    pub(super) fn with(titles: &[&str]) -> Self {
        Self {
            titles: titles.iter().map(|&title| title.to_owned()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn has_album(title: &str, titles: &[&str]) -> Self {
        Self {
            album: Some(title.to_owned()),
            ..Self::with(titles)
        }
    }

    pub(super) fn who(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }

    pub(super) fn fetched(&self) -> Vec<String> {
        self.state.lock().unwrap().fetched.clone()
    }

    pub(super) fn searched(&self) -> Vec<String> {
        self.state.lock().unwrap().searched.clone()
    }

    /// Waits until so many downloads wait.
    pub(super) fn wait_for_held(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let fewer = |state: &mut State| state.held < count;
        let long = Duration::from_secs(20);
        let (_state, waited) = self.changed.wait_timeout_while(state, long, fewer).unwrap();
        assert!(!waited.timed_out(), "fewer than {count} wait");
    }

    /// Waits until so many downloads were begun.
    pub(super) fn wait_for_fetched(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let fewer = |state: &mut State| state.fetched.len() < count;
        let long = Duration::from_secs(60);
        let (state, waited) = self.changed.wait_timeout_while(state, long, fewer).unwrap();
        assert!(!waited.timed_out(), "only {:?}", state.fetched);
    }

    /// Waits until that target was cancelled.
    pub(super) fn wait_for_cancelled(&self, target: &str) {
        let state = self.state.lock().unwrap();
        let not_yet = |state: &mut State| !state.cancelled.iter().any(|known| known == target);
        let long = Duration::from_secs(20);
        let (_state, waited) = self
            .changed
            .wait_timeout_while(state, long, not_yet)
            .unwrap();
        assert!(!waited.timed_out(), "{target} was not cancelled");
    }

    /// Finishes what waits, and everything after it.
    pub(super) fn let_go(&self) {
        let mut state = self.state.lock().unwrap();
        state.let_go = true;
        for (request, progress) in state.followed.drain(..) {
            progress.finished(self.deliver(&request));
        }
        self.changed.notify_all();
    }

    fn wait(&self, progress: &Progress) {
        let mut state = self.state.lock().unwrap();
        state.held += 1;
        self.changed.notify_all();
        while !state.let_go && (self.manner == Manner::Deaf || !progress.is_cancelled()) {
            let tick = Duration::from_millis(5);
            state = self.changed.wait_timeout(state, tick).unwrap().0;
        }
        state.held -= 1;
    }

    fn deliver(&self, request: &DownloadRequest) -> Files {
        let titles = match request.kind {
            TargetKind::ALBUM => self.titles.clone(),
            _ => vec![request.hit.title.clone()],
        };
        let write = |title: &String| {
            let file = format!("{title}.wav");
            write_wav(&request.dest_dir.join(&file));
            DownloadedFile {
                title: Some(title.clone()),
                ..DownloadedFile::at(file)
            }
        };
        let missing = |title: &String| MissingTrack {
            title: title.clone(),
            reason: "not on this pressing".to_owned(),
            ..MissingTrack::default()
        };
        Files {
            files: titles.iter().map(write).collect(),
            missing: self.lacks.iter().map(missing).collect(),
            ..Files::default()
        }
    }
}

impl Source for Shop {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        self.state.lock().unwrap().searched.push(query.text.clone());
        let hit = |kind: TargetKind, title: &String| Hit {
            target_id: title.clone(),
            kind,
            title: title.clone(),
            artists: vec!["Ann".to_owned()],
            bitrate: self.bitrate,
            ..Hit::default()
        };
        Ok(match query.kind {
            TargetKind::ALBUM => {
                let album = self.album.iter();
                album.map(|title| hit(TargetKind::ALBUM, title)).collect()
            }
            _ => {
                let wanted = self
                    .titles
                    .iter()
                    .filter(|title| self.anything || query.title.as_ref() == Some(title));
                wanted.map(|title| hit(TargetKind::TRACK, title)).collect()
            }
        })
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        let target = request.target_id.clone();
        self.state.lock().unwrap().fetched.push(target);
        self.changed.notify_all();
        match self.manner {
            Manner::Prompt => {}
            Manner::Follows => {
                let mut state = self.state.lock().unwrap();
                if !state.let_go {
                    state.held += 1;
                    state.followed.push((request.clone(), progress.clone()));
                    self.changed.notify_all();
                    return Ok(Download::Following);
                }
            }
            Manner::Holds | Manner::Deaf => {
                self.wait(progress);
                if self.manner == Manner::Holds {
                    progress.check()?;
                }
            }
        }
        Ok(Download::Files(self.deliver(request)))
    }

    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        let mut state = self.state.lock().unwrap();
        state.cancelled.push(target_id.to_owned());
        self.changed.notify_all();
        Ok(true)
    }
}

/// A second of a tone, different for every name.
fn write_wav(path: &Path) {
    let rate = 8_000_u32;
    let name = path.to_string_lossy();
    let pitch = 200.0 + f64::from(name.bytes().map(u32::from).sum::<u32>() % 1000);
    let samples: Vec<u8> = (0..rate)
        .map(|n| (f64::from(n) / f64::from(rate) * pitch * std::f64::consts::TAU).sin() * 9000.0)
        .flat_map(|sample| (sample as i16).to_le_bytes())
        .collect();
    let length = u32::try_from(samples.len()).unwrap();
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((2 * rate).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    // The host may have given up on it, and its directory is gone.
    drop(fs::write(path, wav));
}
