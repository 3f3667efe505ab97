//! Everything about one track, as data; printed in words by `ui`.

use serde::Serialize;

use crate::engine::Explained;
use crate::music::TrackId;
use crate::plan::{SkipReason, Status};
use crate::state::PastAttempt;

/// Everything about one item.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// Its id.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// Why, if it is skipped.
    pub reason: Option<SkipReason>,
    /// What sources have now.
    pub sources: Vec<Explained>,
    /// What was fetched for it and is remembered, oldest first.
    pub attempts: Vec<PastAttempt>,
}
