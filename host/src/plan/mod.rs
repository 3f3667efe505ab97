//! Every wanted track once, with who wants it, where it goes and how it stands. Plain
//! values: nothing here waits, reads or writes, except [`generate`](mod@generate), which asks catalogs.
//!
//! A plan is made in six steps, each `Plan -> Plan` and each with one rule:
//! [`generate`](mod@generate) -> [`dedup`] -> [`place`] -> [`existing`] -> [`renewal`] ->
//! [`order`].

pub mod dedup;
pub mod existing;
pub mod file;
pub mod generate;
mod index;
pub mod order;
mod overview;
pub mod place;
pub mod renewal;

pub use overview::Overview;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::EntryLayout;
use crate::layout::RelPath;
use crate::music::{PackedTrack, TrackId};
use index::Index;
use renewal::Renewal;

/// What an item or a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// One track; the only kind that can be carried out.
    Track,
    /// An album.
    Album,
    /// A playlist.
    Playlist,
    /// An artist.
    Artist,
}

/// How an item stands, without its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting to be carried out.
    Pending,
    /// Being carried out.
    InProgress,
    /// Its audio is at its place, by this run or an earlier one.
    Completed,
    /// Every source was tried.
    Failed,
    /// Nothing to do, see the reason.
    Skipped,
}

impl Status {
    const ALL: [Self; 5] = [
        Status::Pending,
        Status::InProgress,
        Status::Completed,
        Status::Failed,
        Status::Skipped,
    ];

    /// The word in files and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::InProgress => "in_progress",
            Status::Completed => "completed",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }

    /// Whether nothing more happens to an item in this run.
    pub const fn is_end(self) -> bool {
        match self {
            Status::Pending | Status::InProgress => false,
            Status::Completed | Status::Failed | Status::Skipped => true,
        }
    }

    /// The status of that word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == code)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an item needs no work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its file is in the library already.
    Exists,
    /// The item is an album, playlist or artist, which only a catalog can expand.
    NotATrack,
    /// An item it depends on did not complete.
    Dependency,
    /// The user cancelled it; so it stays until the user wants it again.
    Cancelled,
    /// The user left it out of this run.
    LeftOut,
}

impl SkipReason {
    const ALL: [Self; 5] = [
        SkipReason::Exists,
        SkipReason::NotATrack,
        SkipReason::Dependency,
        SkipReason::Cancelled,
        SkipReason::LeftOut,
    ];

    /// The reason in files and in the state; `ui` has the sentences.
    pub const fn code(self) -> &'static str {
        match self {
            SkipReason::Exists => "exists",
            SkipReason::NotATrack => "not_a_track",
            SkipReason::Dependency => "dependency",
            SkipReason::Cancelled => "cancelled",
            SkipReason::LeftOut => "left_out",
        }
    }

    /// The reason of that code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// How an item stands, with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// Waiting to be carried out.
    Pending,
    /// Being carried out since the run handed it to a worker.
    InProgress,
    /// There, at this path.
    Completed {
        /// Absolute path of the first placement.
        path: PathBuf,
    },
    /// Every source was tried.
    Failed {
        /// The last attempt's failure, for people.
        error: String,
    },
    /// Nothing to do.
    Skipped {
        /// Why.
        reason: SkipReason,
        /// Absolute path of the file that is there, if that is the reason.
        path: Option<PathBuf>,
    },
}

impl ItemState {
    /// The state without its reasons.
    pub fn status(&self) -> Status {
        match self {
            ItemState::Pending => Status::Pending,
            ItemState::InProgress => Status::InProgress,
            ItemState::Completed { .. } => Status::Completed,
            ItemState::Failed { .. } => Status::Failed,
            ItemState::Skipped { .. } => Status::Skipped,
        }
    }

    /// The file behind it; `None` while there is none.
    pub fn output_path(&self) -> Option<&Path> {
        match self {
            ItemState::Completed { path } => Some(path),
            ItemState::Skipped { path, .. } => path.as_deref(),
            ItemState::Pending | ItemState::InProgress | ItemState::Failed { .. } => None,
        }
    }

    /// Why there is nothing to do; `None` unless it is skipped.
    pub fn skip_reason(&self) -> Option<SkipReason> {
        match self {
            ItemState::Skipped { reason, .. } => Some(*reason),
            ItemState::Pending
            | ItemState::InProgress
            | ItemState::Completed { .. }
            | ItemState::Failed { .. } => None,
        }
    }

    /// The failure of the last attempt.
    pub fn error(&self) -> Option<&str> {
        match self {
            ItemState::Failed { error } => Some(error),
            ItemState::Pending
            | ItemState::InProgress
            | ItemState::Completed { .. }
            | ItemState::Skipped { .. } => None,
        }
    }
}

/// One track of the plan. Two items are equal when their ids are.
#[derive(Clone, Debug)]
pub struct PlanItem {
    /// What is wanted, with everything catalogs said of it.
    pub track: PackedTrack,
    /// Always [`ItemKind::Track`] in a generated plan.
    pub kind: ItemKind,
    /// The user's name for it, where that is not the catalog's title.
    renamed: Option<Box<str>>,
    /// The album or playlist through which it first came in.
    pub parent: Option<CollectionId>,
    /// Items that must complete first.
    pub dependencies: Vec<TrackId>,
    /// Where it goes, without extension; the first is its own place, the others share its
    /// audio. Empty until [`place`] filled it.
    pub targets: Vec<RelPath>,
    /// A file of its audio that the library has already, although not at every target: the
    /// missing ones are made from it, nothing is fetched. With a [renewal](Self::renewal) the
    /// file that is to be renewed.
    pub owned: Option<PathBuf>,
    /// Why a file that is there is worked on; `None` for one that is not there.
    pub renewal: Option<Renewal>,
    /// How it stands.
    pub state: ItemState,
    /// Failed tries, over all runs.
    pub retry_count: u32,
}

impl PlanItem {
    /// A pending item for that track.
    pub fn new(track: impl Into<PackedTrack>) -> Self {
        Self {
            track: track.into(),
            kind: ItemKind::Track,
            renamed: None,
            parent: None,
            dependencies: Vec::new(),
            targets: Vec::new(),
            owned: None,
            renewal: None,
            state: ItemState::Pending,
            retry_count: 0,
        }
    }

    /// The catalog's name of it.
    pub fn id(&self) -> &TrackId {
        &self.track.id
    }

    /// What people call it: the user's name for a song, else the catalog's title.
    pub fn name(&self) -> &str {
        self.renamed
            .as_deref()
            .unwrap_or_else(|| self.track.title())
    }

    /// Calls it as the user does.
    pub fn rename(&mut self, name: &str) {
        self.renamed = (name != self.track.title()).then(|| name.into());
    }

    /// Whether a source has to be asked for it.
    pub fn needs_source(&self) -> bool {
        match self.renewal {
            None => self.owned.is_none(),
            Some(Renewal::Audio | Renewal::Better) => true,
            Some(Renewal::Tags) => false,
        }
    }

    /// The state without its reasons.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// `Artist - Name`, as shown to people.
    pub fn display_name(&self) -> String {
        match self.track.artist() {
            Some(artist) => format!("{artist} - {}", self.name()),
            None => self.name().to_owned(),
        }
    }
}

impl PartialEq for PlanItem {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for PlanItem {}

impl Hash for PlanItem {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

/// Name of a collection within its plan, stable over runs: `playlist:Road trip`. Clones share
/// their text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollectionId(pub Arc<str>);

impl fmt::Display for CollectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// That a collection wants a track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The track.
    pub id: TrackId,
    /// Its place in the collection, from 1; a track may have several.
    pub position: u32,
    /// Which of the item's [targets](PlanItem::targets) is this collection's.
    #[serde(default)]
    pub target: usize,
}

/// Something that wants tracks: a playlist, an album, an artist, or all single songs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its name within the plan.
    pub id: CollectionId,
    /// What it is; [`ItemKind::Track`] stands for the list of single songs.
    pub kind: ItemKind,
    /// What people call it.
    pub name: String,
    /// Whether an M3U file is written for it.
    pub create_m3u: bool,
    /// Where its tracks go.
    pub layout: EntryLayout,
    /// Its tracks in its own order, duplicates included.
    pub members: Vec<Membership>,
}

/// Everything that is wanted, before the first byte is fetched.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Each track once.
    pub items: Vec<PlanItem>,
    /// Who wants them.
    pub collections: Vec<Collection>,
    /// When it was generated.
    pub created_at: Timestamp,
    /// The `version` of the config it comes from.
    pub config_version: String,
    index: Index,
}

/// How many items stand how; the first five add up to `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// All items.
    pub total: usize,
    /// Waiting.
    pub pending: usize,
    /// Being carried out.
    pub in_progress: usize,
    /// There.
    pub completed: usize,
    /// Given up.
    pub failed: usize,
    /// Nothing to do; the four below add up to it.
    pub skipped: usize,
    /// Skipped, because their files are in the library already.
    pub existing: usize,
    /// Skipped, because the user cancelled them.
    pub cancelled: usize,
    /// Skipped, because the user left them out of this run.
    pub left_out: usize,
    /// Skipped, because they are no tracks or depend on something that did not complete.
    pub blocked: usize,
}

impl Statistics {
    /// Counts `count` more items of that status; a skipped one counts by its reason.
    pub(crate) fn add(&mut self, status: Status, reason: Option<SkipReason>, count: usize) {
        self.total += count;
        *match status {
            Status::Pending => &mut self.pending,
            Status::InProgress => &mut self.in_progress,
            Status::Completed => &mut self.completed,
            Status::Failed => &mut self.failed,
            Status::Skipped => &mut self.skipped,
        } += count;
        if status != Status::Skipped {
            return;
        }
        *match reason {
            Some(SkipReason::Exists) => &mut self.existing,
            Some(SkipReason::Cancelled) => &mut self.cancelled,
            Some(SkipReason::LeftOut) => &mut self.left_out,
            Some(SkipReason::Dependency | SkipReason::NotATrack) | None => &mut self.blocked,
        } += count;
    }
}

impl Plan {
    /// A plan of those items; ids are taken to be different.
    pub fn new(
        items: Vec<PlanItem>,
        collections: Vec<Collection>,
        created_at: Timestamp,
        config_version: String,
    ) -> Self {
        let mut plan = Self {
            items,
            collections,
            created_at,
            config_version,
            index: Index::default(),
        };
        plan.reindex();
        plan
    }

    /// Makes look-ups right again after items were moved or removed. Of two items with one
    /// id the first is found.
    pub(crate) fn reindex(&mut self) {
        self.index = Index::of(&self.items);
    }

    /// Puts the items into another order; look-ups stay right. `sequence` has the position of
    /// every item once, in the order in which they are to stand.
    pub(crate) fn rearrange(&mut self, sequence: &[usize]) {
        let mut goals = vec![0; sequence.len()];
        for (goal, &at) in sequence.iter().enumerate() {
            goals[at] = goal;
        }
        self.index.follow(&goals);
        // In place, because items are large: each swap brings one to its goal.
        for at in 0..goals.len() {
            while goals[at] != at {
                let goal = goals[at];
                self.items.swap(at, goal);
                goals.swap(at, goal);
            }
        }
    }

    /// The item of that id, in constant time.
    pub fn get_item(&self, id: &TrackId) -> Option<&PlanItem> {
        self.position_of(id).map(|at| &self.items[at])
    }

    /// Where the item of that id stands in the plan's order.
    pub fn position_of(&self, id: &TrackId) -> Option<usize> {
        self.index.get(&self.items, id)
    }

    /// The items of that kind, in plan order.
    pub fn items_by_type(&self, kind: ItemKind) -> impl Iterator<Item = &PlanItem> {
        self.items.iter().filter(move |item| item.kind == kind)
    }

    /// The items of that status, in plan order.
    pub fn items_by_status(&self, status: Status) -> impl Iterator<Item = &PlanItem> {
        self.items
            .iter()
            .filter(move |item| item.status() == status)
    }

    /// How many items stand how.
    pub fn statistics(&self) -> Statistics {
        statistics(self.items.iter())
    }

    /// How the tracks of a collection stand, each counted once.
    pub fn collection_statistics(&self, collection: &Collection) -> Statistics {
        let mut seen = std::collections::HashSet::new();
        statistics(
            collection
                .members
                .iter()
                .filter(|member| seen.insert(&member.id))
                .filter_map(|member| self.get_item(&member.id)),
        )
    }
}

fn statistics<'a>(items: impl Iterator<Item = &'a PlanItem>) -> Statistics {
    let mut counts = Statistics::default();
    for item in items {
        counts.add(item.status(), item.state.skip_reason(), 1);
    }
    counts
}

#[cfg(test)]
mod tests;
