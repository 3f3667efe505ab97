//! What is forgotten with time, so that a state does not grow for ever.
//!
//! A failed attempt is of use as long as a person may ask why a track is missing; the attempt
//! that delivered a file is kept as long as its item. An item is kept while the plan wants it,
//! while a file of it is in the library, or while it is cancelled.

use rusqlite::Transaction;

/// How long failed attempts, items without use and the records of runs are kept.
const KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

/// Forgets what is too old at that time.
pub(super) fn prune(tx: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
    let before = [now.saturating_sub(KEPT_MS)];
    tx.execute(
        "DELETE FROM attempt WHERE failure IS NOT NULL AND started_at < ?1",
        before,
    )?;
    let items = tx.execute(
        "DELETE FROM item WHERE position IS NULL AND changed_at < ?1
             AND NOT EXISTS (SELECT 1 FROM placement WHERE placement.item = item.id)
             AND NOT EXISTS (SELECT 1 FROM cancelled WHERE cancelled.item = item.id)",
        before,
    )?;
    if items > 0 {
        for table in ["attempt", "bad_file"] {
            tx.execute(
                &format!("DELETE FROM {table} WHERE item NOT IN (SELECT id FROM item)"),
                [],
            )?;
        }
    }
    // The newest run says which library the state is for.
    tx.execute(
        "DELETE FROM run WHERE started_at < ?1 AND id < (SELECT max(id) FROM run)",
        before,
    )
    .map(drop)
}
