//! The order in which items are carried out: by artist, album, disc and track, so that an
//! album comes together, and never before what an item depends on.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use super::Plan;
use crate::music::TrackId;

/// A dependency that an item of the plan does not wait for, because it would wait for ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredDependency {
    /// It names nothing in the plan.
    #[error("`{item}` depends on `{dependency}`, which is not in the plan: not waited for")]
    Unknown {
        /// The item that was to wait.
        item: TrackId,
        /// What it was to wait for.
        dependency: TrackId,
    },
    /// It leads back to the item.
    #[error("`{item}` and `{dependency}` depend on each other: `{item}` does not wait")]
    Circular {
        /// The item that goes first.
        item: TrackId,
        /// What it was to wait for.
        dependency: TrackId,
    },
}

/// Sorts the items; missing text sorts as empty, a missing number as 0. Dependencies that
/// name nothing in the plan, or run in a circle, are removed and returned.
pub fn order(plan: &mut Plan) -> Vec<IgnoredDependency> {
    // The position as last part keeps equals in their order. Keys are sorted and not items,
    // which are eight times as large.
    let mut keys: Vec<_> = plan
        .items
        .iter()
        .enumerate()
        .map(|(at, item)| (item.track.sort_key(), at))
        .collect();
    keys.sort_unstable();
    let sequence: Vec<usize> = keys.into_iter().map(|(_, at)| at).collect();
    plan.rearrange(&sequence);
    if plan.items.iter().all(|item| item.dependencies.is_empty()) {
        return Vec::new();
    }
    let mut ignored = forget_unknown(plan);
    ignored.extend(resolve_dependencies(plan));
    ignored
}

/// Removes dependencies on what is not in the plan, or on the item itself.
fn forget_unknown(plan: &mut Plan) -> Vec<IgnoredDependency> {
    let known: HashSet<TrackId> = plan.items.iter().map(|item| item.id().clone()).collect();
    let mut ignored = Vec::new();
    for item in &mut plan.items {
        let id = item.track.id.clone();
        item.dependencies.retain(|dependency| {
            let (item, dependency) = (id.clone(), dependency.clone());
            if item == dependency {
                ignored.push(IgnoredDependency::Circular { item, dependency });
                return false;
            }
            let is_known = known.contains(&dependency);
            if !is_known {
                ignored.push(IgnoredDependency::Unknown { item, dependency });
            }
            is_known
        });
    }
    ignored
}

/// Moves every item behind what it depends on and keeps the sorted order otherwise.
fn resolve_dependencies(plan: &mut Plan) -> Vec<IgnoredDependency> {
    // Kahn's algorithm over the sorted positions: of all items that wait for nothing, the
    // first goes next.
    let at: HashMap<TrackId, usize> = plan
        .items
        .iter()
        .enumerate()
        .map(|(at, item)| (item.id().clone(), at))
        .collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); plan.items.len()];
    let mut waits_for: Vec<usize> = Vec::with_capacity(plan.items.len());
    for (position, item) in plan.items.iter().enumerate() {
        for dependency in &item.dependencies {
            dependents[at[dependency]].push(position);
        }
        waits_for.push(item.dependencies.len());
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..waits_for.len())
        .filter(|&position| waits_for[position] == 0)
        .map(Reverse)
        .collect();
    let mut sequence = Vec::with_capacity(waits_for.len());
    let mut taken = vec![false; waits_for.len()];
    let mut next_blocked = 0;
    let mut ignored = Vec::new();
    while sequence.len() < taken.len() {
        let position = match ready.pop() {
            Some(Reverse(position)) => position,
            None => {
                // A circle: one item of it goes without waiting, which frees the others.
                while taken[next_blocked] {
                    next_blocked += 1;
                }
                let first = in_circle(plan, next_blocked, &taken, &at);
                let item = &mut plan.items[first];
                let id = item.track.id.clone();
                item.dependencies.retain(|dependency| {
                    let is_met = taken[at[dependency]];
                    if !is_met {
                        ignored.push(IgnoredDependency::Circular {
                            item: id.clone(),
                            dependency: dependency.clone(),
                        });
                    }
                    is_met
                });
                first
            }
        };
        if std::mem::replace(&mut taken[position], true) {
            continue;
        }
        sequence.push(position);
        for &dependent in &dependents[position] {
            waits_for[dependent] -= 1;
            if waits_for[dependent] == 0 {
                ready.push(Reverse(dependent));
            }
        }
    }
    plan.rearrange(&sequence);
    ignored
}

/// The position of an item that waits for itself in the end, found from one that cannot start:
/// whoever follows what is waited for comes back to where it has been.
fn in_circle(plan: &Plan, blocked: usize, taken: &[bool], at: &HashMap<TrackId, usize>) -> usize {
    let mut seen = HashSet::new();
    let mut position = blocked;
    while seen.insert(position) {
        let dependencies = plan.items[position].dependencies.iter();
        let mut waits_for = dependencies.map(|dependency| at[dependency]);
        match waits_for.find(|&dependency| !taken[dependency]) {
            Some(dependency) => position = dependency,
            None => break,
        }
    }
    position
}

#[cfg(test)]
mod tests {
    use super::super::PlanItem;
    use super::*;
    use crate::music::Track;
    use jiff::Timestamp;

    fn plan(items: Vec<PlanItem>) -> Plan {
        Plan::new(items, Vec::new(), Timestamp::UNIX_EPOCH, "1".to_owned())
    }

    fn item(id: &str, artist: &str, album: Option<&str>, number: Option<u32>) -> PlanItem {
        PlanItem::new(Track {
            artists: if artist.is_empty() {
                Vec::new()
            } else {
                vec![artist.to_owned()]
            },
            album: album.map(str::to_owned),
            track_number: number,
            ..Track::new(TrackId::from_saved(id), id)
        })
    }

    fn ids(plan: &Plan) -> Vec<&str> {
        plan.items.iter().map(|item| item.id().as_str()).collect()
    }

    #[test]
    fn items_are_sorted_by_artist_album_and_number_and_what_is_missing_comes_first() {
        let mut plan = plan(vec![
            item("e", "B", Some("A"), Some(2)),
            item("d", "B", Some("A"), None),
            item("c", "B", None, Some(9)),
            item("b", "A", Some("Z"), Some(1)),
            item("a", "", None, None),
        ]);
        order(&mut plan);
        assert_eq!(ids(&plan), ["a", "b", "c", "d", "e"]);
        assert_eq!(plan.position_of(&TrackId::from_saved("d")), Some(3));
    }

    #[test]
    fn what_an_item_depends_on_comes_before_it() {
        let mut first = item("a", "A", None, None);
        first.dependencies = vec![TrackId::from_saved("c"), TrackId::from_saved("gone")];
        let mut plan = plan(vec![
            first,
            item("b", "B", None, None),
            item("c", "C", None, None),
        ]);
        let ignored = order(&mut plan);
        assert_eq!(
            ignored,
            [IgnoredDependency::Unknown {
                item: TrackId::from_saved("a"),
                dependency: TrackId::from_saved("gone"),
            }]
        );
        assert_eq!(ids(&plan), ["b", "c", "a"]);
        assert_eq!(plan.items[2].dependencies, [TrackId::from_saved("c")]);
    }

    #[test]
    fn a_circle_is_broken_and_loses_nobody() {
        let mut a = item("a", "A", None, None);
        a.dependencies = vec![TrackId::from_saved("b")];
        let mut b = item("b", "B", None, None);
        b.dependencies = vec![TrackId::from_saved("a")];
        // It waits for the circle and is not in it.
        let mut first = item("0", "", None, None);
        first.dependencies = vec![TrackId::from_saved("b")];
        let mut plan = plan(vec![first, a, b, item("c", "C", None, None)]);
        let ignored = order(&mut plan);
        assert_eq!(ignored.len(), 1, "{ignored:?}");
        assert!(
            matches!(&ignored[0], IgnoredDependency::Circular { item, .. } if item.as_str() != "0"),
            "{ignored:?}"
        );
        let mut sorted = ids(&plan);
        sorted.sort_unstable();
        assert_eq!(sorted, ["0", "a", "b", "c"]);
        assert!(plan.items.iter().any(|item| item.dependencies.is_empty()));
    }
}
