//! How loud an album is as a whole, in the tags of all of its files.
//!
//! An album has its turn when no wanted track of it is on its way any more, and gets its gain
//! when all of them are there: fetched in this run, or before. Its files are decoded once more
//! for that. What was heard of a track when it was fetched would have to be kept until the last
//! one has come, which may be in another run; the files themselves never are out of date.
//!
//! Nothing is written down about it. An album is done when its files say one gain, so a run
//! that was killed between two of them is made good by the next one, which finds files that
//! disagree. A track that fails to be measured or written costs its album the gain and is told;
//! no item fails by it.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::roll::Albums;
use crate::convert::{self, Heard};
use crate::engine::cancel::Cancel;
use crate::engine::executor::blocking;
use crate::engine::finish::Finisher;
use crate::layout::RelPath;
use crate::music::{Track, TrackId};
use crate::plan::{ItemState, Plan, PlanItem, SkipReason};
use crate::publish::{Existing, Placed, PublishError};
use crate::tagging::{self, Gain, TagError, Tags};
use crate::verify::{self, VerifyError};

/// What is given to ffmpeg for a track of which nobody knows the length, in milliseconds.
const UNKNOWN_LENGTH: u64 = 2 * 3600 * 1000;

/// The albums of a run, and which of them have their turn.
pub(in crate::engine) struct Levelling {
    albums: Albums,
    ready: VecDeque<usize>,
    /// What this run placed, by plan position.
    placed: HashMap<usize, Vec<Placed>>,
}

impl Levelling {
    /// Those of that plan. Albums that are there already have their turn first.
    pub(in crate::engine) fn of(plan: &Plan) -> Self {
        let albums = Albums::of(plan);
        let ready = albums.settled().collect();
        Self {
            albums,
            ready,
            placed: HashMap::new(),
        }
    }

    /// This run placed the item at that plan position.
    pub(in crate::engine) fn placed(&mut self, at: usize, placed: &[Placed]) {
        if self.albums.number(at).is_some() && !placed.is_empty() {
            self.placed.insert(at, placed.to_vec());
        }
    }

    /// The item at that plan position has come to its end.
    pub(in crate::engine) fn settle(&mut self, at: usize) {
        self.ready.extend(self.albums.settle(at));
    }

    /// An album to even out, all of whose tracks are there.
    pub(in crate::engine) fn next(&mut self, plan: &Plan) -> Option<Album> {
        while let Some(number) = self.ready.pop_front() {
            let (album, missing) = self.gather(number, plan);
            if missing == 0 && !album.tracks.is_empty() {
                return Some(album);
            }
            // For the end of the run, which tells of it.
            for track in album.tracks {
                self.placed(track.at, &track.placed);
            }
        }
        None
    }

    /// Albums that got a track in this run and lack others, each with what it has and wants.
    pub(in crate::engine) fn incomplete(&mut self, plan: &Plan) -> Vec<(Album, usize)> {
        let mut numbers: Vec<usize> = self
            .placed
            .keys()
            .filter_map(|at| self.albums.number(*at))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let all = numbers.into_iter().map(|number| self.gather(number, plan));
        let all: Vec<_> = all.collect();
        all.into_iter()
            .filter(|(_, missing)| *missing > 0)
            .map(|(album, missing)| {
                let of = album.tracks.len() + missing;
                (album, of)
            })
            .collect()
    }

    /// The tracks of an album that are there, and how many that are wanted are not.
    fn gather(&mut self, number: usize, plan: &Plan) -> (Album, usize) {
        let (mut tracks, mut missing) = (Vec::new(), 0);
        for &at in self.albums.tracks(number) {
            let item = &plan.items[at];
            match &item.state {
                ItemState::Completed { .. }
                | ItemState::Skipped {
                    reason: SkipReason::Exists,
                    ..
                } => tracks.push(Member {
                    at,
                    item: item.clone(),
                    placed: self.placed.remove(&at).unwrap_or_default(),
                }),
                // Nobody wants it any more.
                ItemState::Skipped {
                    reason: SkipReason::Cancelled | SkipReason::NotATrack,
                    ..
                } => {}
                ItemState::Pending
                | ItemState::InProgress
                | ItemState::Failed { .. }
                | ItemState::Skipped {
                    reason: SkipReason::Dependency | SkipReason::LeftOut,
                    ..
                } => missing += 1,
            }
        }
        (Album { tracks }, missing)
    }
}

/// An album all of whose tracks are there.
pub(in crate::engine) struct Album {
    tracks: Vec<Member>,
}

/// A track of it.
struct Member {
    at: usize,
    item: PlanItem,
    /// Where this run placed it; empty for one that was there before.
    placed: Vec<Placed>,
}

/// What became of an album.
pub(in crate::engine) struct Levelled {
    /// Title of the album, its artist, and how many tracks.
    pub(in crate::engine) album: String,
    pub(in crate::engine) artist: String,
    pub(in crate::engine) tracks: usize,
    /// What its files say now.
    pub(in crate::engine) gain: Option<Gain>,
    /// Files that are written anew.
    pub(in crate::engine) rewritten: Vec<Placed>,
    /// What did not work, and with which track.
    pub(in crate::engine) flaws: Vec<(TrackId, String)>,
}

/// A track that costs its album the gain.
type Costs = (TrackId, String);

/// A file of a track, and what it says of its album.
struct OnDisk {
    stem: RelPath,
    path: PathBuf,
    says: Option<Gain>,
}

/// Why a file was not written anew.
#[derive(Debug, thiserror::Error)]
enum LevelError {
    #[error("{0}")]
    Tag(#[from] TagError),
    #[error("{0}")]
    Verify(#[from] VerifyError),
    #[error("{0}")]
    Publish(#[from] PublishError),
}

impl Album {
    /// Its title.
    pub(in crate::engine) fn title(&self) -> String {
        let track = self.tracks.first().map(|first| first.item.track.unpack());
        track.and_then(|track| track.album).unwrap_or_default()
    }

    /// Its artist, as far as known.
    pub(in crate::engine) fn artist(&self) -> String {
        let track = self.tracks.first().map(|first| first.item.track.unpack());
        let artist = track.as_ref().and_then(Track::album_artist_or_artist);
        artist.unwrap_or_default().to_owned()
    }

    /// How many tracks of it are there.
    pub(in crate::engine) fn len(&self) -> usize {
        self.tracks.len()
    }

    /// Measures it and writes its gain into its files, where they do not say it already.
    /// `None`: they do. Blocking; ends between two files when it is cancelled.
    pub(in crate::engine) fn even_out(
        &self,
        finisher: &Finisher,
        cancel: &Cancel,
    ) -> Option<Levelled> {
        let mut levelled = Levelled {
            album: self.title(),
            artist: self.artist(),
            tracks: self.len(),
            gain: None,
            rewritten: Vec::new(),
            flaws: Vec::new(),
        };
        let found = self.on_disk(finisher).and_then(|files| {
            let is_new = self.tracks.iter().any(|track| !track.placed.is_empty());
            if !is_new && agree(&files) {
                return Ok(None);
            }
            let gain = self.measure(&files, finisher, cancel)?;
            Ok(gain.map(|gain| (files, gain)))
        });
        match found {
            Ok(None) => return None,
            Ok(Some((files, gain))) => {
                levelled.gain = Some(gain);
                for (track, files) in self.tracks.iter().zip(files) {
                    if cancel.is_stopping() {
                        return None;
                    }
                    if files.iter().all(|file| is_said(file.says, gain)) {
                        continue;
                    }
                    match track.write(&files, gain, finisher) {
                        Ok(placed) => levelled.rewritten.extend(placed),
                        Err(error) => levelled.flaws.push((
                            track.item.id().clone(),
                            format!("the gain of its album is not in it: {error}"),
                        )),
                    }
                }
            }
            Err(_) if cancel.is_stopping() => return None,
            Err(flaw) => levelled.flaws.push(flaw),
        }
        Some(levelled)
    }

    /// Every file of every track, in the order of tracks.
    fn on_disk(&self, finisher: &Finisher) -> Result<Vec<Vec<OnDisk>>, Costs> {
        let mut existing = Existing::new(finisher.publisher().library());
        let mut all = Vec::new();
        for track in &self.tracks {
            let costs = |why: &dyn std::fmt::Display| {
                let why = format!("its album has no gain: {why}");
                (track.item.id().clone(), why)
            };
            let mut files = Vec::new();
            for stem in &track.item.targets {
                let path = existing.find(stem).map_err(|error| costs(&error))?;
                let path = path.ok_or_else(|| {
                    costs(&format_args!("`{}` is not there any more", stem.as_str()))
                })?;
                let says = tagging::read(&path).map_err(|error| costs(&error))?;
                files.push(OnDisk {
                    stem: stem.clone(),
                    path,
                    says: says.album_gain,
                });
            }
            all.push(files);
        }
        Ok(all)
    }

    /// `None` for an album of silence.
    fn measure(
        &self,
        files: &[Vec<OnDisk>],
        finisher: &Finisher,
        cancel: &Cancel,
    ) -> Result<Option<Gain>, Costs> {
        let Some(ffmpeg) = &finisher.finishing.ffmpeg else {
            return Ok(None);
        };
        let mut heard: Vec<Heard> = Vec::new();
        let mut last = None;
        for (track, files) in self.tracks.iter().zip(files) {
            let id = track.item.id();
            let costs = |why: &dyn std::fmt::Display| {
                let why = format!("its album has no gain: loudness not measured: {why}");
                (id.clone(), why)
            };
            // The others are the same audio.
            let Some(OnDisk { path, .. }) = files.first() else {
                continue;
            };
            if cancel.is_stopping() {
                return Err(costs(&"stopped"));
            }
            let container = verify::container_of(path).map_err(|error| costs(&error))?;
            let length = track.item.track.duration_ms().unwrap_or(UNKNOWN_LENGTH);
            let one = convert::hear(ffmpeg, (path.as_path(), container), length);
            heard.push(one.map_err(|error| costs(&error))?);
            last = Some(id);
        }
        let Some(id) = last else { return Ok(None) };
        convert::loudness_together(&heard).map_err(|error| (id.clone(), error.to_string()))
    }
}

impl Member {
    /// Writes the gain into the track's files: into a copy, which takes their names once its
    /// audio is known to be the same. A file that was there before this run is kept in the
    /// recycle folder, as whatever gives way; of one that this run made there is no need.
    fn write(
        &self,
        files: &[OnDisk],
        gain: Gain,
        finisher: &Finisher,
    ) -> Result<Vec<Placed>, LevelError> {
        let Some(first) = files.first() else {
            return Ok(Vec::new());
        };
        let publisher = finisher.publisher();
        let staging = publisher.staging_of_owned(self.item.id())?;
        let extension = first.path.extension().and_then(|text| text.to_str());
        let extension = extension.unwrap_or_default();
        let copy = staging.tag().join(format!("audio.{extension}"));
        let tags = Tags {
            album_gain: Some(gain),
            ..Tags::default()
        };
        let container = verify::container_of(&first.path)?;
        let id3 = finisher.finishing.id3;
        tagging::write_copy(
            &first.path,
            &copy,
            &tags,
            tagging::Art::AsItIs,
            container,
            id3,
        )?;
        let aside = staging.tag().join("second name");
        let mut placed: Vec<Placed> = Vec::new();
        for file in files {
            let ours = self.placed.iter().find(|ours| ours.path == file.path);
            let done = match (ours, placed.first()) {
                (Some(ours), None) => publisher.reissue(&copy, ours)?,
                (Some(ours), Some(done)) => publisher.reissue_by_link(&done.path, &aside, ours)?,
                (None, None) => publisher.replace(&copy, &file.stem, extension)?,
                (None, Some(done)) => {
                    publisher.replace_by_link(&done.path, &aside, &file.stem, extension)?
                }
            };
            placed.push(done);
        }
        staging.remove()?;
        Ok(placed)
    }
}

/// Whether all files say the same gain.
fn agree(files: &[Vec<OnDisk>]) -> bool {
    let mut said = files.iter().flatten().map(|file| file.says);
    match said.next().flatten() {
        Some(first) => said.all(|says| is_said(says, first)),
        None => false,
    }
}

/// Whether what a file says is that gain. Opus knows steps of its own, and no peak.
fn is_said(says: Option<Gain>, gain: Gain) -> bool {
    says.is_some_and(|says| {
        let same_peak = match (says.peak, gain.peak) {
            (Some(says), Some(is)) => says == is,
            (None, _) | (_, None) => true,
        };
        (says.centibels - gain.centibels).abs() <= 1 && same_peak
    })
}

/// Evens an album out, off the workers of the runtime.
pub(in crate::engine) async fn even_out(
    album: Album,
    context: Arc<crate::engine::job::Context>,
    cancel: Cancel,
) -> Option<Levelled> {
    blocking(move || album.even_out(&context.finisher, &cancel)).await
}
