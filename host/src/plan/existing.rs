//! What the library has already is not fetched.
//!
//! An item is skipped when a file is at each of its targets. When a file is at some of them,
//! or the journal knows one elsewhere in the library, the item stays pending with that file
//! as its origin: the missing targets are made from it, without a source.

use std::path::PathBuf;

use super::{ItemState, Plan, SkipReason};
use crate::layout::RelPath;
use crate::music::TrackId;

/// Looks at every pending item and returns how many were skipped.
///
/// `at_target` answers the audio file at a target, whatever its extension; `finished` the
/// file that an earlier run placed for that id, if it is still there.
///
/// # Errors
/// Those of `at_target`: a library that cannot be read is not an empty one.
pub fn existing<E>(
    plan: &mut Plan,
    mut at_target: impl FnMut(&RelPath) -> Result<Option<PathBuf>, E>,
    finished: impl Fn(&TrackId) -> Option<PathBuf>,
) -> Result<usize, E> {
    let mut skipped = 0;
    for item in plan
        .items
        .iter_mut()
        .filter(|item| item.state == ItemState::Pending)
    {
        let mut first = None;
        let mut missing = 0;
        for target in &item.targets {
            match at_target(target)? {
                Some(path) => first = first.or(Some(path)),
                None => missing += 1,
            }
        }
        match first {
            Some(path) if missing == 0 => {
                item.state = ItemState::Skipped {
                    reason: SkipReason::Exists,
                    path: Some(path),
                };
                skipped += 1;
            }
            Some(path) => item.owned = Some(path),
            None => item.owned = finished(item.id()),
        }
    }
    tracing::info!(skipped, "files that are there already");
    Ok(skipped)
}
