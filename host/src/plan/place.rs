//! Where everything goes, decided before anything is fetched, so that two recordings never
//! meet at one path.

use super::{Collection, Membership, Plan, PlanItem};
use crate::config::EntryLayout;
use crate::layout::{Collisions, Layout, Place, RelPath, Template, TemplateError};
use crate::music::TrackId;

/// A collection's own template cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("layout of `{collection}`: {source}")]
pub struct PlaceError {
    /// What people call the collection.
    pub collection: String,
    /// What is wrong with its template.
    pub source: TemplateError,
}

/// Gives every item its targets and every membership the one that is its own. An item that
/// nobody wants by name, from a plan made by hand, goes to the library.
///
/// `taken` are the paths, without extension, that earlier runs gave: a list in another order
/// must not trade the paths of finished files.
///
/// # Errors
/// When the template of a collection cannot be parsed; the plan is unchanged then.
pub fn place<'a>(
    plan: &mut Plan,
    layout: &Layout,
    taken: impl Iterator<Item = (&'a TrackId, RelPath)>,
) -> Result<(), PlaceError> {
    let templates = parse_templates(&plan.collections)?;
    for item in &mut plan.items {
        item.targets.clear();
    }
    let Plan {
        items,
        collections,
        index,
        ..
    } = plan;
    for (collection, template) in collections.iter_mut().zip(&templates) {
        let Collection {
            name,
            layout: entry_layout,
            members,
            ..
        } = collection;
        for Membership {
            id,
            target,
            position,
        } in members
        {
            let position = Some(*position);
            let Some(at) = index.get(items, id) else {
                continue;
            };
            let item = &mut items[at];
            let place = match (&*entry_layout, template) {
                (EntryLayout::Playlist, _) => Place::Playlist { name, position },
                (_, Some(template)) => Place::Template {
                    template,
                    collection: name,
                    position,
                },
                (EntryLayout::Library | EntryLayout::Template(_), None) => Place::Library,
            };
            let stem = layout.stem(&item.track.unpack(), place);
            *target = item
                .targets
                .iter()
                .position(|known| *known == stem)
                .unwrap_or_else(|| {
                    // Few have a second one, for which a vector would make room at once.
                    item.targets.reserve_exact(1);
                    item.targets.push(stem);
                    item.targets.len() - 1
                });
        }
    }
    for item in items.iter_mut().filter(|item| item.targets.is_empty()) {
        let stem = layout.stem(&item.track.unpack(), Place::Library);
        item.targets = vec![stem];
    }
    settle_collisions(plan, taken);
    Ok(())
}

fn parse_templates(collections: &[Collection]) -> Result<Vec<Option<Template>>, PlaceError> {
    collections
        .iter()
        .map(|collection| match &collection.layout {
            EntryLayout::Template(text) => {
                Template::parse_audio(text)
                    .map(Some)
                    .map_err(|source| PlaceError {
                        collection: collection.name.clone(),
                        source,
                    })
            }
            EntryLayout::Library | EntryLayout::Playlist => Ok(None),
        })
        .collect()
}

/// Replaces targets at which two recordings would meet.
fn settle_collisions<'a>(plan: &mut Plan, taken: impl Iterator<Item = (&'a TrackId, RelPath)>) {
    let targets = plan.items.iter().map(|item| item.targets.len()).sum();
    let mut collisions = Collisions::with_capacity(targets);
    for (id, stem) in taken {
        collisions.reserve(id, &stem);
    }
    for item in &mut plan.items {
        for target in &mut item.targets {
            *target = collisions.settle(&item.track.id, target);
        }
    }
}

/// The tracks of a collection in its own order, duplicates included, each with the target
/// that is this collection's: what an M3U file lists.
pub fn listing<'a>(plan: &'a Plan, collection: &Collection) -> Vec<(&'a PlanItem, &'a RelPath)> {
    let mut members: Vec<&Membership> = collection.members.iter().collect();
    members.sort_by_key(|member| member.position);
    members
        .into_iter()
        .filter_map(|member| {
            let item = plan.get_item(&member.id)?;
            Some((item, item.targets.get(member.target)?))
        })
        .collect()
}
