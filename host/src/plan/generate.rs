//! The want-list and the catalogs become a plan. The only planning step that waits on
//! anything.

use jiff::Timestamp;

use super::index::Index;
use super::{Collection, CollectionId, ItemKind, Membership, Plan, PlanItem};
use crate::catalog::{CatalogError, Catalogs, Resolved, RowWarning};
use crate::config::{EntryLayout, Wanted, WantedInput, WantedKind};

/// What planning found worth telling, apart from the plan.
#[derive(Debug, Default)]
pub struct Findings {
    /// Entries that could not be expanded; each contributes no item.
    pub failed: Vec<FailedEntry>,
    /// Rows of files that were left out or understood with doubt.
    pub rows: Vec<EntryWarnings>,
    /// Wanted rows that named a track which was in the plan already.
    pub repeated: usize,
}

/// An entry of the want-list that could not be expanded.
#[derive(Debug)]
pub struct FailedEntry {
    /// What the user wrote.
    pub entry: String,
    /// Line in the config, from 1.
    pub line: Option<u64>,
    /// Why.
    pub error: CatalogError,
}

/// What an entry's file had to say.
#[derive(Debug)]
pub struct EntryWarnings {
    /// What the user wrote.
    pub entry: String,
    /// Row by row.
    pub rows: Vec<RowWarning>,
}

/// Expands every entry, in the order songs, albums, artists, playlists. A track that several
/// entries want becomes one item and several memberships. An entry that fails is reported
/// and the others go on.
pub async fn generate(
    wanted: &[Wanted],
    catalogs: &Catalogs,
    config_version: &str,
    now: Timestamp,
) -> (Plan, Findings) {
    let mut draft = Draft::default();
    for entry in wanted {
        match catalogs.resolve(entry).await {
            Ok(resolved) => draft.add(entry, resolved),
            Err(error) => {
                tracing::warn!(entry = described(entry), %error, "entry left out of the plan");
                draft.findings.failed.push(FailedEntry {
                    entry: described(entry),
                    line: entry.line,
                    error,
                });
            }
        }
    }
    let plan = Plan::new(
        draft.items,
        draft.collections,
        now,
        config_version.to_owned(),
    );
    (plan, draft.findings)
}

/// What the user wrote for an entry.
fn described(entry: &Wanted) -> String {
    match &entry.input {
        WantedInput::Link(link) => link.clone(),
        WantedInput::File(path) => path.display().to_string(),
        WantedInput::Text(text) => text.clone(),
    }
}

#[derive(Default)]
struct Draft {
    items: Vec<PlanItem>,
    seen: Index,
    collections: Vec<Collection>,
    findings: Findings,
}

impl Draft {
    fn add(&mut self, entry: &Wanted, resolved: Resolved) {
        if !resolved.warnings.is_empty() {
            self.findings.rows.push(EntryWarnings {
                entry: described(entry),
                rows: resolved.warnings,
            });
        }
        let kind = match entry.kind {
            WantedKind::Song => ItemKind::Track,
            WantedKind::Album => ItemKind::Album,
            WantedKind::Artist => ItemKind::Artist,
            WantedKind::Playlist => ItemKind::Playlist,
        };
        let name = entry
            .name
            .clone()
            .or(resolved.name)
            .unwrap_or_else(|| "Unnamed".to_owned());
        let at = self.collection_for(entry, kind, &name);
        let parent = (kind != ItemKind::Track).then(|| self.collections[at].id.clone());
        // Entries that share a collection continue each other's numbering.
        let offset = self.collections[at]
            .members
            .last()
            .map_or(0, |member| member.position);
        self.collections[at].members.reserve(resolved.entries.len());

        // The user's name for a song is the name of its one track.
        let renamed = match (kind, resolved.entries.len()) {
            (ItemKind::Track, 1) => entry.name.clone(),
            _ => None,
        };
        for row in resolved.entries {
            self.collections[at].members.push(Membership {
                id: row.track.id.clone(),
                position: offset + row.position,
                target: 0,
            });
            if self.seen.get(&self.items, &row.track.id).is_some() {
                self.findings.repeated += 1;
                continue;
            }
            let mut item = PlanItem::new(row.track);
            item.parent.clone_from(&parent);
            if let Some(name) = &renamed {
                item.rename(name);
            }
            self.items.push(item);
            self.seen.note(&self.items, self.items.len() - 1);
        }
    }

    /// All plain songs share one collection; every other entry has its own, and a second one
    /// of the same name gets a number.
    fn collection_for(&mut self, entry: &Wanted, kind: ItemKind, name: &str) -> usize {
        let layout = entry.layout.clone().unwrap_or(match kind {
            ItemKind::Playlist => EntryLayout::Playlist,
            ItemKind::Track | ItemKind::Album | ItemKind::Artist => EntryLayout::Library,
        });
        let create_m3u = entry.create_m3u.unwrap_or(kind == ItemKind::Playlist);
        let (base, name) = match kind {
            ItemKind::Track if !create_m3u => ("songs".to_owned(), "Songs"),
            ItemKind::Track => (format!("songs:{name}"), name),
            ItemKind::Album => (format!("album:{name}"), name),
            ItemKind::Artist => (format!("artist:{name}"), name),
            ItemKind::Playlist => (format!("playlist:{name}"), name),
        };
        let mut number = 1;
        loop {
            let (id, shown) = if number == 1 {
                (base.clone(), name.to_owned())
            } else {
                (format!("{base}#{number}"), format!("{name} ({number})"))
            };
            match self
                .collections
                .iter()
                .position(|collection| *collection.id.0 == *id)
            {
                Some(at) if kind == ItemKind::Track && self.collections[at].layout == layout => {
                    return at;
                }
                Some(_) => number += 1,
                None => {
                    self.collections.push(Collection {
                        id: CollectionId(id.into()),
                        kind,
                        name: shown,
                        create_m3u,
                        layout,
                        members: Vec::new(),
                    });
                    return self.collections.len() - 1;
                }
            }
        }
    }
}
