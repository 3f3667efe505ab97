//! What a plan comes to, in numbers.

use serde::Serialize;

use super::renewal::Renewal;
use super::{Plan, Status};

/// What a plan comes to before anything of it is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Tracks wanted, each counted once.
    pub wanted: usize,
    /// Rows that were merged because they want the same recording.
    pub duplicates: usize,
    /// Tracks that are at their places.
    pub in_library: usize,
    /// Tracks to be done in this run.
    pub to_do: usize,
    /// Tracks that are cancelled.
    pub cancelled: usize,
    /// Tracks that are not selected for this run.
    pub not_in_run: usize,
    /// Tracks that cannot be fetched, for what they are or depend on.
    pub blocked: usize,
    /// Of those to do: are in the library and only linked or copied to a further place.
    pub to_link: usize,
    /// Of those to do: are there, and get new tags.
    pub to_tag: usize,
    /// Of those to do: are there, and are fetched again.
    pub to_replace: usize,
    /// Of those to do: are there, and are wanted in better quality.
    pub to_upgrade: usize,
}

impl Overview {
    /// The numbers of a plan into which so many rows were merged.
    pub fn of(plan: &Plan, duplicates: usize) -> Self {
        let statistics = plan.statistics();
        let pending = || plan.items_by_status(Status::Pending);
        let renewed = |renewal| {
            pending()
                .filter(|item| item.renewal == Some(renewal))
                .count()
        };
        Self {
            wanted: statistics.total,
            duplicates,
            in_library: statistics.existing,
            to_do: statistics.pending,
            cancelled: statistics.cancelled,
            not_in_run: statistics.left_out,
            blocked: statistics.blocked,
            to_link: pending()
                .filter(|item| item.owned.is_some() && item.renewal.is_none())
                .count(),
            to_tag: renewed(Renewal::Tags),
            to_replace: renewed(Renewal::Audio),
            to_upgrade: renewed(Renewal::Better),
        }
    }
}
