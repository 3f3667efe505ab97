//! Which tracks of a plan are of one album, and how many of them are on their way still.

use std::collections::HashMap;

use super::AlbumKey;
use crate::plan::{Plan, Status};

/// The albums of a plan, by number.
#[derive(Debug, Default)]
pub(in crate::engine) struct Albums {
    /// Which album the item at a plan position is of.
    of_item: Vec<Option<usize>>,
    /// Whether the item at a plan position is on its way still.
    is_open: Vec<bool>,
    albums: Vec<Roll>,
}

#[derive(Debug, Default)]
struct Roll {
    /// Plan positions.
    tracks: Vec<usize>,
    /// How many of them have come to no end yet.
    open: usize,
}

impl Albums {
    /// Those of that plan.
    pub(in crate::engine) fn of(plan: &Plan) -> Self {
        let mut numbers: HashMap<AlbumKey, usize> = HashMap::new();
        let mut all = Self::default();
        for (at, item) in plan.items.iter().enumerate() {
            let number = AlbumKey::of(&item.track.unpack()).map(|key| {
                let next = numbers.len();
                *numbers.entry(key).or_insert(next)
            });
            let is_open = matches!(item.status(), Status::Pending | Status::InProgress);
            all.of_item.push(number);
            all.is_open.push(is_open);
            let Some(number) = number else { continue };
            all.albums
                .resize_with(all.albums.len().max(number + 1), Roll::default);
            let roll = &mut all.albums[number];
            roll.tracks.push(at);
            roll.open += usize::from(is_open);
        }
        all
    }

    /// The numbers of the albums of which no track is on its way.
    pub(in crate::engine) fn settled(&self) -> impl Iterator<Item = usize> {
        let albums = self.albums.iter().enumerate();
        albums.filter(|(_, roll)| roll.open == 0).map(|(at, _)| at)
    }

    /// The track at that plan position has come to its end; the number of its album, if it was
    /// the last.
    pub(in crate::engine) fn settle(&mut self, at: usize) -> Option<usize> {
        let number = self.number(at)?;
        // One that was settled when it began to wait comes to its end later.
        let is_first = std::mem::replace(&mut self.is_open[at], false);
        let roll = &mut self.albums[number];
        roll.open -= usize::from(is_first);
        (is_first && roll.open == 0).then_some(number)
    }

    /// The album of the track at that plan position.
    pub(in crate::engine) fn number(&self, at: usize) -> Option<usize> {
        self.of_item.get(at).copied().flatten()
    }

    /// Whether tracks of that album are on their way.
    pub(in crate::engine) fn is_open(&self, album: usize) -> bool {
        self.albums[album].open > 0
    }

    /// Plan positions of an album's tracks.
    pub(in crate::engine) fn tracks(&self, album: usize) -> &[usize] {
        &self.albums[album].tracks
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::music::{Track, TrackId};
    use crate::plan::{ItemState, PlanItem};

    #[test]
    fn an_album_is_settled_with_its_last_track_and_singles_are_of_none() {
        let item = |title: &str, album: Option<&str>, done: bool| {
            let mut item = PlanItem::new(Track {
                artists: vec!["Ann".to_owned()],
                album: album.map(str::to_owned),
                ..Track::new(TrackId::text(title), title)
            });
            if done {
                item.state = ItemState::Failed {
                    error: String::new(),
                };
            }
            item
        };
        let items = vec![
            item("a", Some("First"), false),
            item("b", Some("Second"), true),
            item("c", None, false),
            item("d", Some("FIRST"), false),
        ];
        let plan = Plan::new(items, Vec::new(), Timestamp::now(), "1".to_owned());
        let mut albums = Albums::of(&plan);
        assert_eq!(albums.settled().collect::<Vec<_>>(), [1]);
        assert_eq!(albums.tracks(0), [0, 3]);
        assert_eq!(
            [2, 0, 0, 3, 3].map(|at| albums.settle(at)),
            [None, None, None, Some(0), None]
        );
        assert_eq!(albums.number(2), None);
    }
}
