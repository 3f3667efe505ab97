//! What the run that holds the state is fetching at the moment, for those who look.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::{State, StateError, status};
use crate::engine::CurrentDownload;

/// A download that is going on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fetching {
    /// From which source.
    pub source: String,
    /// For which item.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// When it began.
    pub began_at: Timestamp,
    /// Bytes that came so far.
    pub bytes: u64,
    /// Bytes in all; `None` while unknown.
    pub total: Option<u64>,
}

impl State {
    /// Replaces what is known of downloads that are going on.
    pub(super) fn write_downloads(
        &mut self,
        downloads: &[CurrentDownload],
    ) -> Result<(), StateError> {
        // Of no use after a power cut: no reason to wait for the disk.
        self.synchronous("NORMAL")?;
        let written = self.transaction(|tx| {
            tx.execute("DELETE FROM download", [])?;
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO download (item, source, began_at, bytes, total)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for download in downloads {
                insert.execute(params![
                    download.id.as_str(),
                    download.source.as_str(),
                    download.began_at.as_millisecond(),
                    saturated(download.bytes),
                    download.total.map(saturated),
                ])?;
            }
            Ok(())
        });
        self.synchronous("FULL")?;
        written
    }

    /// Nothing is being fetched.
    pub(super) fn forget_downloads(&mut self) -> Result<(), StateError> {
        self.connection
            .execute("DELETE FROM download", [])
            .map(drop)
            .map_err(|source| StateError::database(&self.path, source))
    }

    fn synchronous(&self, how: &str) -> Result<(), StateError> {
        self.connection
            .execute_batch(&format!("PRAGMA synchronous = {how};"))
            .map_err(|source| StateError::database(&self.path, source))
    }
}

/// By source, oldest first.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<Fetching>> {
    let mut rows = connection.prepare(
        "SELECT source, item.id, name, began_at, bytes, total
         FROM download JOIN item ON item.id = download.item ORDER BY source, began_at, item.id",
    )?;
    rows.query_map([], |row| {
        Ok(Fetching {
            source: row.get(0)?,
            id: row.get(1)?,
            name: row.get(2)?,
            began_at: status::time(row.get(3)?),
            bytes: row.get::<_, i64>(4)?.unsigned_abs(),
            total: row.get::<_, Option<i64>>(5)?.map(i64::unsigned_abs),
        })
    })?
    .collect()
}

fn saturated(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
