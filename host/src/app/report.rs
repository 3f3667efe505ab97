//! What a run came to, as data; printed in words by `ui`, kept as JSON in the state.

use std::collections::HashMap;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::exit::Exit;
use crate::engine::{HeldAlbum, Outcome, Postponed, SourceTotals, Tried};
use crate::music::{SourceName, TrackId};
use crate::plan::generate::Findings;
use crate::plan::{ItemKind, Plan, Statistics, Status};

/// What a run came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How it ended, in a word.
    pub outcome: &'static str,
    /// The exit code.
    pub exit_code: u8,
    /// When it began.
    pub started_at: Timestamp,
    /// Wall time of the engine, seconds.
    pub seconds: f64,
    /// How the items stand.
    pub statistics: Statistics,
    /// The same by what was asked for; a track wanted twice counts in each.
    pub categories: Categories,
    /// Tracks delivered, by source.
    pub delivered: Vec<Delivered>,
    /// Items that were given up, with everything that was tried.
    pub failed: Vec<FailedItem>,
    /// Entries of the want-list that could not be read.
    pub entries: Vec<BadEntry>,
    /// Rows of files that were left out or understood with doubt.
    pub rows: Vec<BadRow>,
    /// Sources left out on the way.
    pub dropped: Vec<Dropped>,
    /// Items that wait for a source that rests.
    pub postponed: Vec<Postponed>,
    /// Albums that wait for tracks they lack.
    pub held: Vec<HeldAlbum>,
    /// What each source was asked for and what came of it.
    pub sources: Vec<SourceTotals>,
    /// Items that succeeded with a flaw.
    pub flaws: Vec<Flaw>,
    /// Playlist files written.
    pub playlists: Vec<PathBuf>,
    /// Everything else worth knowing.
    pub warnings: Vec<String>,
}

/// Success and failure by what was asked for.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Categories {
    /// Single songs.
    pub songs: Category,
    /// Tracks of albums.
    pub albums: Category,
    /// Tracks of artists.
    pub artists: Category,
    /// Tracks of playlists.
    pub playlists: Category,
}

/// Success and failure of one kind of entry.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Category {
    /// Tracks that are there.
    pub success: usize,
    /// Tracks that were given up.
    pub failed: usize,
}

/// How many tracks a source delivered.
#[derive(Clone, Debug, Serialize)]
pub struct Delivered {
    /// Who.
    pub source: SourceName,
    /// How many.
    pub tracks: usize,
}

/// An item that was given up.
#[derive(Clone, Debug, Serialize)]
pub struct FailedItem {
    /// Which.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// The last failure.
    pub error: String,
    /// What was tried, in order, and why each lost.
    pub tried: Vec<Tried>,
}

/// An entry of the want-list that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct BadEntry {
    /// What the user wrote.
    pub entry: String,
    /// Line in the config.
    pub line: Option<u64>,
    /// Why.
    pub error: String,
}

/// A row of a file.
#[derive(Clone, Debug, Serialize)]
pub struct BadRow {
    /// The file, or entry.
    pub entry: String,
    /// Line in it; `None` for the whole.
    pub line: Option<u64>,
    /// The row.
    pub text: String,
    /// What is the matter.
    pub reason: String,
}

/// A source that was left out.
#[derive(Clone, Debug, Serialize)]
pub struct Dropped {
    /// Which.
    pub source: SourceName,
    /// Why.
    pub reason: String,
}

/// A flaw of an item that succeeded.
#[derive(Clone, Debug, Serialize)]
pub struct Flaw {
    /// Which item.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// What is wrong.
    pub message: String,
}

/// Everything a report is made of.
pub(crate) struct Parts<'a> {
    pub(crate) exit: Exit,
    pub(crate) started_at: Timestamp,
    pub(crate) plan: &'a Plan,
    pub(crate) findings: &'a Findings,
    pub(crate) outcome: &'a Outcome,
    pub(crate) delivered: Vec<Delivered>,
    pub(crate) playlists: Vec<PathBuf>,
    pub(crate) warnings: Vec<String>,
}

impl Report {
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let Parts {
            exit,
            started_at,
            plan,
            findings,
            outcome,
            delivered,
            playlists,
            warnings,
        } = parts;
        let mut tried: HashMap<&TrackId, Vec<Tried>> = HashMap::new();
        for attempt in &outcome.tried {
            tried.entry(&attempt.id).or_default().push(attempt.clone());
        }
        let failed = plan
            .items_by_status(Status::Failed)
            .map(|item| FailedItem {
                id: item.id().clone(),
                name: item.display_name(),
                error: item.state.error().unwrap_or_default().to_owned(),
                tried: tried.remove(item.id()).unwrap_or_default(),
            })
            .collect();
        let name_of = |id: &TrackId| {
            plan.get_item(id)
                .map_or_else(|| id.to_string(), crate::plan::PlanItem::display_name)
        };
        Self {
            outcome: exit.as_str(),
            exit_code: exit.code(),
            started_at,
            seconds: outcome.took.as_secs_f64(),
            statistics: plan.statistics(),
            categories: categories(plan),
            delivered,
            failed,
            entries: entries(findings),
            rows: rows(findings),
            dropped: outcome
                .dropped
                .iter()
                .map(|(source, reason)| Dropped {
                    source: source.clone(),
                    reason: reason.clone(),
                })
                .collect(),
            postponed: outcome.postponed.clone(),
            held: outcome.held.clone(),
            sources: outcome.sources.clone(),
            flaws: outcome
                .flaws
                .iter()
                .map(|(id, message)| Flaw {
                    id: id.clone(),
                    name: name_of(id),
                    message: message.clone(),
                })
                .collect(),
            playlists,
            warnings,
        }
    }
}

/// The entries that could not be read, as data.
pub(crate) fn entries(findings: &Findings) -> Vec<BadEntry> {
    findings
        .failed
        .iter()
        .map(|failed| BadEntry {
            entry: failed.entry.clone(),
            line: failed.line,
            error: failed.error.to_string(),
        })
        .collect()
}

/// The rows that had something to say, as data.
pub(crate) fn rows(findings: &Findings) -> Vec<BadRow> {
    findings
        .rows
        .iter()
        .flat_map(|of_entry| {
            of_entry.rows.iter().map(|row| BadRow {
                entry: of_entry.entry.clone(),
                line: row.line,
                text: row.text.clone(),
                reason: row.reason.clone(),
            })
        })
        .collect()
}

fn categories(plan: &Plan) -> Categories {
    let mut categories = Categories::default();
    for collection in &plan.collections {
        let counts = plan.collection_statistics(collection);
        let category = match collection.kind {
            ItemKind::Track => &mut categories.songs,
            ItemKind::Album => &mut categories.albums,
            ItemKind::Artist => &mut categories.artists,
            ItemKind::Playlist => &mut categories.playlists,
        };
        category.success += counts.completed + counts.skipped;
        category.failed += counts.failed;
    }
    categories
}
