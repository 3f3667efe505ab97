//! Albums that get their places as a whole. Their tracks are fetched, verified and tagged like
//! all others; then they wait below `.musicdl/` (`publish::held`) until every wanted track of
//! the album waits too, or is in the library.
//!
//! An album that lacks a track at the end of a run is not published and told. What waits stays,
//! so that the next run fetches only what is missing. A run that dies between two places of one
//! album leaves tracks that are there and tracks that wait; to the next run that is an album
//! all of whose tracks are ready, and it places the rest.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use super::roll::Albums;
use crate::engine::executor::blocking;
use crate::engine::finish::{FinishError, Finished};
use crate::engine::job::{Context, History, JobOutcome, JobReport};
use crate::music::SourceName;
use crate::plan::{ItemState, Plan, PlanItem, SkipReason};

/// The albums of a run, and which of their tracks wait.
pub(in crate::engine) struct Together {
    albums: Albums,
    /// Who delivered what waits, by plan position.
    held: HashMap<usize, Option<SourceName>>,
    ready: VecDeque<usize>,
}

/// An album that was not published, because it is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldAlbum {
    /// Its title.
    pub album: String,
    /// Its artist, as far as known.
    pub artist: String,
    /// How many of its tracks wait, or are there.
    pub tracks: usize,
    /// How many of them are wanted.
    pub of: usize,
    /// The names of those that are missing.
    pub missing: Vec<String>,
}

/// How a track of an album stands.
enum Standing {
    /// It waits.
    Held,
    /// It is in the library.
    There,
    /// It is neither.
    Missing,
    /// Nobody wants it, or not in this run.
    Unwanted,
}

impl Together {
    /// Those of that plan.
    pub(in crate::engine) fn of(plan: &Plan) -> Self {
        Self {
            albums: Albums::of(plan),
            held: HashMap::new(),
            ready: VecDeque::new(),
        }
    }

    /// The track at that plan position waits from now on.
    pub(in crate::engine) fn hold(&mut self, at: usize, source: Option<SourceName>) {
        self.held.insert(at, source);
        self.settle(at);
    }

    /// The track at that plan position has come to its end.
    pub(in crate::engine) fn settle(&mut self, at: usize) {
        self.ready.extend(self.albums.settle(at));
    }

    /// The track at that plan position is not to wait any more; whether it did.
    pub(in crate::engine) fn let_go(&mut self, at: usize) -> bool {
        self.held.remove(&at).is_some()
    }

    /// The waiting tracks of the next album that is whole.
    pub(in crate::engine) fn next(&mut self, plan: &Plan) -> Option<Vec<Waiting>> {
        while let Some(album) = self.ready.pop_front() {
            let tracks = self.albums.tracks(album);
            let is_missing = |at: &usize| matches!(self.standing(*at, plan), Standing::Missing);
            if tracks.iter().any(is_missing) {
                continue;
            }
            let waiting: Vec<Waiting> = tracks
                .iter()
                .filter_map(|&at| {
                    let source = self.held.remove(&at)?;
                    let item = Arc::new(plan.items[at].clone());
                    Some(Waiting { at, item, source })
                })
                .collect();
            if !waiting.is_empty() {
                return Some(waiting);
            }
        }
        None
    }

    /// Everything that waits still, by plan position.
    pub(in crate::engine) fn left(&self) -> Vec<usize> {
        let mut left: Vec<usize> = self.held.keys().copied().collect();
        left.sort_unstable();
        left
    }

    /// The albums of what waits still.
    pub(in crate::engine) fn not_whole(&self, plan: &Plan) -> Vec<HeldAlbum> {
        let mut albums: BTreeMap<usize, HeldAlbum> = BTreeMap::new();
        for at in self.left() {
            let Some(number) = self.albums.number(at) else {
                continue;
            };
            albums
                .entry(number)
                .or_insert_with(|| self.tell_of(number, at, plan));
        }
        albums.into_values().collect()
    }

    fn tell_of(&self, album: usize, of: usize, plan: &Plan) -> HeldAlbum {
        let track = plan.items[of].track.unpack();
        let mut told = HeldAlbum {
            album: track.album.clone().unwrap_or_default(),
            artist: track
                .album_artist_or_artist()
                .unwrap_or_default()
                .to_owned(),
            tracks: 0,
            of: 0,
            missing: Vec::new(),
        };
        for &at in self.albums.tracks(album) {
            let (is_ready, is_wanted) = match self.standing(at, plan) {
                Standing::Held | Standing::There => (true, true),
                Standing::Missing => (false, true),
                Standing::Unwanted => (false, false),
            };
            told.tracks += usize::from(is_ready);
            told.of += usize::from(is_wanted);
            if is_wanted && !is_ready {
                told.missing.push(plan.items[at].display_name());
            }
        }
        told
    }

    fn standing(&self, at: usize, plan: &Plan) -> Standing {
        match &plan.items[at].state {
            _ if self.held.contains_key(&at) => Standing::Held,
            ItemState::Completed { .. }
            | ItemState::Skipped {
                reason: SkipReason::Exists,
                ..
            } => Standing::There,
            ItemState::Skipped {
                reason: SkipReason::Cancelled | SkipReason::LeftOut | SkipReason::NotATrack,
                ..
            } => Standing::Unwanted,
            ItemState::Pending
            | ItemState::InProgress
            | ItemState::Failed { .. }
            | ItemState::Skipped {
                reason: SkipReason::Dependency,
                ..
            } => Standing::Missing,
        }
    }
}

/// What waits takes part in every run that works on its album, also where it was left out:
/// nobody is asked for it, and a retry of the one track that was missing is to make the album
/// whole.
pub(in crate::engine) fn join_in(plan: &mut Plan, waits: impl Fn(&PlanItem) -> bool) {
    let albums = Albums::of(plan);
    let left_out = |item: &PlanItem| {
        let reason = SkipReason::LeftOut;
        item.state == ItemState::Skipped { reason, path: None }
    };
    let joining: Vec<usize> = (0..plan.items.len())
        .filter(|at| left_out(&plan.items[*at]))
        .filter(|at| {
            albums
                .number(*at)
                .is_some_and(|album| albums.is_open(album))
        })
        .filter(|at| waits(&plan.items[*at]))
        .collect();
    for at in joining {
        plan.items[at].state = ItemState::Pending;
    }
}

/// A track that waits for its place.
pub(in crate::engine) struct Waiting {
    pub(in crate::engine) at: usize,
    item: Arc<PlanItem>,
    source: Option<SourceName>,
}

/// Gives the tracks of an album their places, one after the other; one report for each. If one
/// of them is obstructed, none gets its place.
pub(in crate::engine) async fn publish(
    waiting: Vec<Waiting>,
    context: Arc<Context>,
) -> Vec<(usize, JobReport)> {
    let mut obstructed: HashMap<usize, String> = HashMap::new();
    for one in &waiting {
        let (item, context) = (Arc::clone(&one.item), Arc::clone(&context));
        let found = blocking(move || context.finisher.obstruction(&item)).await;
        obstructed.extend(found.map(|why| (one.at, why)));
    }
    let mut stopped = !obstructed.is_empty();
    let mut reports = Vec::new();
    for Waiting { at, item, source } in waiting {
        let end = match obstructed.remove(&at) {
            Some(error) => JobOutcome::Failed { error },
            None if stopped => JobOutcome::Completed {
                finished: Finished::waiting(),
                source,
            },
            None => {
                let context = Arc::clone(&context);
                let published = blocking(move || context.finisher.publish_held(&item)).await;
                let end = end_of(published, source);
                stopped = matches!(end, JobOutcome::Stop { .. });
                end
            }
        };
        reports.push((at, JobReport::bare(end, History::default())));
    }
    reports
}

fn end_of(published: Result<Finished, FinishError>, source: Option<SourceName>) -> JobOutcome {
    match published {
        Ok(finished) => JobOutcome::Completed { finished, source },
        Err(error) if error.is_disk_stop() => JobOutcome::Stop {
            cause: error.to_string(),
        },
        Err(error) => JobOutcome::Failed {
            error: error.to_string(),
        },
    }
}
