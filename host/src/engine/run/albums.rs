//! Tracks of an album that a source has as a whole are fetched by one claim.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::queue::Readiness;
use super::{Done, Run, Work};
use crate::engine::album::{self, AlbumKey, Claim, Member};
use crate::engine::event::Event;
use crate::engine::job::History;
use crate::engine::journal::Entry;
use crate::plan::{ItemState, Status};

impl Run<'_> {
    /// The item joins the claim on its album at that source, or makes one of all tracks of the
    /// album that nobody works on.
    pub(super) fn claim(&mut self, at: usize, handle: usize, history: History) {
        let Some(key) = AlbumKey::of(&self.plan.items[at].track.unpack()) else {
            // Only an item with an album asks for one.
            return self.give_back(at);
        };
        let mut first = self.member(at, history);
        for work in self.running.values() {
            if let Work::Album(claim) = work
                && claim.handle == handle
                && claim.key == key
            {
                match claim.join(first) {
                    Ok(()) => return,
                    // Its files are being matched already; this one comes too late.
                    Err(late) => first = late,
                }
            }
        }
        let mut members = vec![first];
        for other in self.of_album(&key) {
            let asked = self.history.get(&other);
            let may_have_it = asked.is_none_or(|history| !history.asked.contains(&handle));
            let item = &self.plan.items[other];
            let free = item.status() == Status::Pending
                && item.needs_source()
                && !self.context.finisher.has_held(item);
            if other == at || !free || !may_have_it || self.readiness(other, 0) != Readiness::Ready
            {
                continue;
            }
            self.put_off.retain(|(_, waiting)| *waiting != other);
            let history = self.history.remove(&other).unwrap_or_default();
            let item = &mut self.plan.items[other];
            item.state = ItemState::InProgress;
            let (id, name) = (item.id().clone(), item.display_name());
            self.entries.push(Entry::Started { id: id.clone() });
            self.events.push(Event::ItemStarted { id, name });
            members.push(self.member(other, history));
        }
        let joined: HashSet<usize> = members.iter().map(|member| member.at).collect();
        let others = self.of_album(&key).into_iter();
        let others = others
            .filter(|other| !joined.contains(other))
            .map(|other| (other, self.plan.items[other].track.unpack()))
            .collect();
        let claim = Arc::new(Claim::new(handle, key, members, others));
        let call_context = self.call_context(at);
        let job = album::carry_out(Arc::clone(&claim), Arc::clone(&self.context), call_context);
        let task = self.jobs.start(async move { Done::Items(job.await) });
        self.running.insert(task, Work::Album(claim));
    }

    pub(super) fn member(&self, at: usize, history: History) -> Member {
        Member {
            at,
            item: Arc::new(self.plan.items[at].clone()),
            history,
        }
    }

    /// Plan positions of the tracks of an album.
    pub(super) fn of_album(&mut self, key: &AlbumKey) -> Vec<usize> {
        let albums = self.albums.get_or_insert_with(|| {
            let mut albums: HashMap<AlbumKey, Vec<usize>> = HashMap::new();
            for (at, item) in self.plan.items.iter().enumerate() {
                if let Some(key) = AlbumKey::of(&item.track.unpack()) {
                    albums.entry(key).or_default().push(at);
                }
            }
            albums
        });
        albums.get(key).cloned().unwrap_or_default()
    }
}
