//! What is there already is sometimes wanted again: with the tags that catalogs know today,
//! fetched anew, or in a better quality. The only step that makes a skipped item pending.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{ItemState, Plan, PlanItem, SkipReason};
use crate::music::{QualityPreference, Sound};

/// Why an item whose file is there is worked on. The file itself is
/// [`PlanItem::owned`]; whatever takes its place, it goes to the recycle folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Renewal {
    /// Its tags say less than the catalog; its audio stays.
    Tags,
    /// It is fetched again, whatever it is.
    Audio,
    /// It is below the first wanted quality, and gives way to a file that is better.
    Better,
}

/// What is to be renewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewals {
    /// Every file that is there is fetched again.
    pub audio: bool,
    /// Tags that say less than the catalog are written anew.
    pub tags: bool,
    /// Files below the first of these qualities are fetched again. `None`: none are.
    pub better: Option<QualityPreference>,
}

/// Looks at every item that was skipped because its file is there, and returns how many are to
/// be renewed.
///
/// `sound` answers what the audio of a file is, `None` when it cannot be told; `is_tagged`
/// whether its tags say what the catalog knows, `is_done` whether the same renewal was begun
/// before, and came as far as this item: a run that goes on does nothing twice.
pub fn renew(
    plan: &mut Plan,
    wanted: Renewals,
    mut sound: impl FnMut(&Path) -> Option<Sound>,
    mut is_tagged: impl FnMut(&PlanItem, &Path) -> bool,
    is_done: impl Fn(&PlanItem) -> bool,
) -> usize {
    let mut renewed = 0;
    for item in &mut plan.items {
        let ItemState::Skipped {
            reason: SkipReason::Exists,
            path: Some(path),
        } = &item.state
        else {
            continue;
        };
        let path = path.clone();
        let is_low = |wish: QualityPreference, found: Option<Sound>| {
            found.is_some_and(|found| wish.step(&found) > 0)
        };
        let renewal = if wanted.audio {
            (!is_done(item)).then_some(Renewal::Audio)
        } else if wanted.better.is_some_and(|wish| is_low(wish, sound(&path))) {
            Some(Renewal::Better)
        } else if wanted.tags && !is_tagged(item, &path) {
            Some(Renewal::Tags)
        } else {
            None
        };
        if renewal.is_some() {
            item.renewal = renewal;
            item.owned = Some(path);
            item.state = ItemState::Pending;
            renewed += 1;
        }
    }
    tracing::info!(renewed, "files that are there and wanted again");
    renewed
}
