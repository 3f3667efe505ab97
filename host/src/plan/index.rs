//! Items of a plan by their ids, without a copy of an id.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use super::PlanItem;
use crate::music::TrackId;

/// Positions of items. The items are handed in with each question; they have to be those that
/// were noted, where they were noted or [moved to](Index::follow).
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    positions: HashTable<u32>,
}

impl Index {
    /// For as many items without growing.
    pub(super) fn with_capacity(items: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            positions: HashTable::with_capacity(items),
        }
    }

    /// Of all items. Of two with one id the first is found.
    pub(super) fn of(items: &[PlanItem]) -> Self {
        let mut index = Self::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            if index.get(items, item.id()).is_none() {
                index.note(items, at);
            }
        }
        index
    }

    /// Where the item of that id is.
    pub(super) fn get(&self, items: &[PlanItem], id: &TrackId) -> Option<usize> {
        let found = self.positions.find(self.hasher.hash_one(id), |&at| {
            items[at as usize].id() == id
        });
        found.map(|&at| at as usize)
    }

    /// Notes the item at that position, whose id is not known yet.
    pub(super) fn note(&mut self, items: &[PlanItem], at: usize) {
        let Self { hasher, positions } = self;
        let hash_of = |&at: &u32| hasher.hash_one(items[at as usize].id());
        let at = u32::try_from(at).expect("more items do not fit into memory");
        positions.insert_unique(hash_of(&at), at, hash_of);
    }

    /// After every item went to the position that `goals` has at its own.
    pub(super) fn follow(&mut self, goals: &[usize]) {
        for at in &mut self.positions {
            *at = u32::try_from(goals[*at as usize]).expect("a position stays one of the plan's");
        }
    }
}
