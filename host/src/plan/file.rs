//! The saved form of a plan: indented JSON with a format version, lossless.

use std::fs;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::renewal::Renewal;
use super::{
    Collection, CollectionId, ItemKind, ItemState, Membership, Plan, PlanItem, SkipReason,
    Statistics, Status,
};
use crate::config::EntryLayout;
use crate::layout::RelPath;
use crate::music::{Track, TrackId};
use crate::whole_file;

/// Format of the files written today; an older one is still read, a newer one refused.
pub const FORMAT: u32 = 1;

/// Why a plan was not saved or loaded.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The file cannot be read or written.
    #[error("plan `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no plan.
    #[error("plan `{}`: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// It comes from a later musicdl.
    #[error("plan `{}` has format {found}; this musicdl reads up to {FORMAT}", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// A plan as it is written. The items become their saved form one after the other and borrow
/// what they can: a second copy of a long plan is never there as a whole.
#[derive(Serialize)]
struct PlanToSave<'a> {
    format: u32,
    created_at: Timestamp,
    config_version: &'a str,
    /// For readers of the file.
    statistics: Statistics,
    #[serde(serialize_with = "one_by_one")]
    items: &'a [PlanItem],
    collections: Vec<CollectionToSave<'a>>,
}

fn one_by_one<S: Serializer>(items: &[PlanItem], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(ItemToSave::from))
}

#[derive(Deserialize)]
struct SavedPlan {
    created_at: Timestamp,
    config_version: String,
    items: Vec<SavedItem>,
    #[serde(default)]
    collections: Vec<SavedCollection>,
}

#[derive(Serialize)]
struct ItemToSave<'a> {
    #[serde(rename = "type")]
    kind: ItemKind,
    name: &'a str,
    #[serde(flatten)]
    track: Track,
    /// For readers of the file; the track's artists are what is loaded.
    artist: Option<&'a str>,
    /// Whole seconds, for readers of the file.
    duration: u64,
    status: Status,
    reason: Option<SkipReason>,
    output_path: Option<&'a Path>,
    error: Option<&'a str>,
    retry_count: u32,
    parent_id: Option<&'a CollectionId>,
    dependencies: &'a [TrackId],
    targets: &'a [RelPath],
    owned: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal: Option<Renewal>,
}

#[derive(Deserialize)]
struct SavedItem {
    #[serde(rename = "type")]
    kind: ItemKind,
    name: String,
    #[serde(flatten)]
    track: Track,
    status: Status,
    #[serde(default)]
    reason: Option<SkipReason>,
    output_path: Option<PathBuf>,
    error: Option<String>,
    #[serde(default)]
    retry_count: u32,
    parent_id: Option<CollectionId>,
    #[serde(default)]
    dependencies: Vec<TrackId>,
    #[serde(default)]
    targets: Vec<RelPath>,
    #[serde(default)]
    owned: Option<PathBuf>,
    #[serde(default)]
    renewal: Option<Renewal>,
}

#[derive(Serialize)]
struct CollectionToSave<'a> {
    id: &'a CollectionId,
    #[serde(rename = "type")]
    kind: ItemKind,
    name: &'a str,
    create_m3u: bool,
    layout: &'a str,
    members: &'a [Membership],
}

#[derive(Deserialize)]
struct SavedCollection {
    id: CollectionId,
    #[serde(rename = "type")]
    kind: ItemKind,
    name: String,
    create_m3u: bool,
    layout: String,
    members: Vec<Membership>,
}

impl Plan {
    /// The plan as indented JSON.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn write_json(&self, out: impl Write) -> Result<(), serde_json::Error> {
        let plan = PlanToSave {
            format: FORMAT,
            created_at: self.created_at,
            config_version: &self.config_version,
            statistics: self.statistics(),
            items: &self.items,
            collections: self
                .collections
                .iter()
                .map(CollectionToSave::from)
                .collect(),
        };
        serde_json::to_writer_pretty(out, &plan)
    }

    /// Saves the plan. The file appears whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), PlanFileError> {
        let io = |source| PlanFileError::Io {
            path: path.to_owned(),
            source,
        };
        let write = |out: &mut dyn Write| {
            let mut out = BufWriter::new(out);
            self.write_json(&mut out)?;
            out.write_all(b"\n")?;
            out.flush()
        };
        whole_file::replace(path, write).map_err(io)
    }

    /// Restores a plan that [`Plan::save`] wrote.
    ///
    /// # Errors
    /// When the file cannot be read, is no plan, or comes from a later musicdl.
    pub fn load(path: &Path) -> Result<Self, PlanFileError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let open = || {
            fs::File::open(path)
                .map(BufReader::new)
                .map_err(|source| PlanFileError::Io {
                    path: path.to_owned(),
                    source,
                })
        };
        let json = |source| PlanFileError::Json {
            path: path.to_owned(),
            source,
        };
        // The format first: a later one may have other fields.
        let Format { format } = serde_json::from_reader(open()?).map_err(json)?;
        if format > FORMAT {
            return Err(PlanFileError::TooNew {
                path: path.to_owned(),
                found: format,
            });
        }
        let saved: SavedPlan = serde_json::from_reader(open()?).map_err(json)?;
        Ok(Plan::new(
            saved.items.into_iter().map(PlanItem::from).collect(),
            saved
                .collections
                .into_iter()
                .map(Collection::from)
                .collect(),
            saved.created_at,
            saved.config_version,
        ))
    }
}

impl<'a> From<&'a PlanItem> for ItemToSave<'a> {
    fn from(item: &'a PlanItem) -> Self {
        let reason = match &item.state {
            ItemState::Skipped { reason, .. } => Some(*reason),
            ItemState::Pending
            | ItemState::InProgress
            | ItemState::Completed { .. }
            | ItemState::Failed { .. } => None,
        };
        let track = item.track.unpack();
        Self {
            kind: item.kind,
            name: item.name(),
            artist: item.track.artist(),
            duration: track.duration_secs(),
            track,
            status: item.status(),
            reason,
            output_path: item.state.output_path(),
            error: item.state.error(),
            retry_count: item.retry_count,
            parent_id: item.parent.as_ref(),
            dependencies: &item.dependencies,
            targets: &item.targets,
            owned: item.owned.as_deref(),
            renewal: item.renewal,
        }
    }
}

impl From<SavedItem> for PlanItem {
    fn from(saved: SavedItem) -> Self {
        let state = match saved.status {
            Status::Pending => ItemState::Pending,
            Status::InProgress => ItemState::InProgress,
            Status::Completed => ItemState::Completed {
                path: saved.output_path.unwrap_or_default(),
            },
            Status::Failed => ItemState::Failed {
                error: saved.error.unwrap_or_default(),
            },
            Status::Skipped => ItemState::Skipped {
                reason: saved.reason.unwrap_or(SkipReason::Exists),
                path: saved.output_path,
            },
        };
        let mut item = Self {
            kind: saved.kind,
            parent: saved.parent_id,
            dependencies: saved.dependencies,
            targets: saved.targets,
            owned: saved.owned,
            renewal: saved.renewal,
            state,
            retry_count: saved.retry_count,
            ..Self::new(saved.track)
        };
        item.rename(&saved.name);
        item
    }
}

impl<'a> From<&'a Collection> for CollectionToSave<'a> {
    fn from(collection: &'a Collection) -> Self {
        Self {
            id: &collection.id,
            kind: collection.kind,
            name: &collection.name,
            create_m3u: collection.create_m3u,
            layout: match &collection.layout {
                EntryLayout::Library => "library",
                EntryLayout::Playlist => "playlist",
                EntryLayout::Template(text) => text,
            },
            members: &collection.members,
        }
    }
}

impl From<SavedCollection> for Collection {
    fn from(saved: SavedCollection) -> Self {
        Self {
            id: saved.id,
            kind: saved.kind,
            name: saved.name,
            create_m3u: saved.create_m3u,
            layout: match saved.layout.as_str() {
                "library" => EntryLayout::Library,
                "playlist" => EntryLayout::Playlist,
                template => EntryLayout::Template(template.to_owned()),
            },
            members: saved.members,
        }
    }
}
