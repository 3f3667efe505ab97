//! The current plan in the state.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{ReadOnlyState, State, StateError, items, now_ms, words};
use crate::music::Track;
use crate::plan::{Collection, ItemKind, Plan, PlanItem, SkipReason};

/// What a new plan says of an item that is known. One that an earlier run completed stays
/// completed, and one that this run leaves out stays what it was.
const UPSERT: &str = "
    INSERT INTO item (id, position, status, reason, error, name, track, retry_count, changed_at, words)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?11)
    ON CONFLICT (id) DO UPDATE SET position = excluded.position,
        status = CASE WHEN item.status = 'completed' AND excluded.status = 'skipped'
                 THEN 'completed'
                 WHEN excluded.reason = ?10 THEN item.status
                 ELSE excluded.status END,
        reason = CASE WHEN excluded.reason = ?10 THEN item.reason
                 ELSE excluded.reason END,
        error = CASE WHEN excluded.reason = ?10 THEN item.error
                ELSE excluded.error END,
        name = excluded.name, words = excluded.words,
        track = excluded.track, changed_at = excluded.changed_at";

impl State {
    /// Makes this the current plan. Items that are no longer wanted stay for a while, without a
    /// place in the order; one that an earlier run completed stays completed, and one that this
    /// run leaves out stays what it was.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_plan(&mut self, plan: &Plan) -> Result<(), StateError> {
        let now = now_ms();
        self.transaction(|tx| {
            tx.execute_batch(
                "UPDATE item SET position = NULL WHERE position IS NOT NULL;
                 DELETE FROM membership; DELETE FROM collection;",
            )?;
            save_items(tx, &plan.items, now)?;
            save_collections(tx, &plan.collections)
        })
    }
}

fn save_items(tx: &Transaction<'_>, items: &[PlanItem], now: i64) -> rusqlite::Result<()> {
    let mut upsert = tx.prepare(UPSERT)?;
    for (position, item) in items.iter().enumerate() {
        let name = item.display_name();
        let track = item.track.unpack();
        let words = words::of_item(&name, track.album.as_deref());
        upsert.execute(params![
            item.id().as_str(),
            i64::try_from(position).unwrap_or(i64::MAX),
            item.status().as_str(),
            item.state.skip_reason().map(SkipReason::code),
            item.state.error(),
            name,
            serde_json::to_string(&track)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?,
            item.retry_count,
            now,
            SkipReason::LeftOut.code(),
            words,
        ])?;
    }
    Ok(())
}

fn save_collections(tx: &Transaction<'_>, all: &[Collection]) -> rusqlite::Result<()> {
    let mut collections = tx.prepare(
        "INSERT INTO collection (id, position, kind, name, create_m3u) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut memberships = tx.prepare(
        "INSERT INTO membership (collection, position, item) VALUES (?1, ?2, ?3)
         ON CONFLICT DO NOTHING",
    )?;
    for (position, collection) in all.iter().enumerate() {
        collections.execute(params![
            &*collection.id.0,
            i64::try_from(position).unwrap_or(i64::MAX),
            kind(collection.kind),
            collection.name,
            collection.create_m3u,
        ])?;
        for member in &collection.members {
            memberships.execute(params![
                &*collection.id.0,
                member.position,
                member.id.as_str()
            ])?;
        }
    }
    Ok(())
}

impl ReadOnlyState {
    /// What catalogs said of the track that a run placed at that path of the library; `None`
    /// when none did.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn placed_track(&self, path: &str) -> Result<Option<Track>, StateError> {
        let select = "SELECT item.track FROM placement JOIN item ON item.id = placement.item
                      WHERE placement.path = ?1";
        self.read(|connection| {
            connection
                .query_row(select, [path], |row| items::track(row, 0))
                .optional()
        })
    }
}

fn kind(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Track => "track",
        ItemKind::Album => "album",
        ItemKind::Playlist => "playlist",
        ItemKind::Artist => "artist",
    }
}
