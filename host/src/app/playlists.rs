//! M3U files of what is there, in each list's own order.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::layout::m3u::{self, M3uEntry};
use crate::layout::{Collisions, Layout, RelPath};
use crate::plan::place::listing;
use crate::plan::{Collection, ItemState, Plan, PlanItem};
use crate::publish::{Existing, Publisher};

/// What became of the playlist files.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) problems: Vec<String>,
    /// What the disk said, when it takes no files any more.
    pub(crate) stopped: Option<String>,
}

/// Writes an M3U file for every collection that wants one. A track that is not there yet is
/// left out; the next run adds it at its position.
pub(crate) fn write(
    plan: &Plan,
    config: &Config,
    layout: &Layout,
    publisher: &Publisher,
) -> Written {
    let mut written = Written::default();
    let mut existing = Existing::new(&config.library.path);
    // `Mix: A` and `Mix? A` are two lists and one file name.
    let mut names = Collisions::default();
    for collection in plan
        .collections
        .iter()
        .filter(|collection| collection.create_m3u)
    {
        let stem = names.settle(&collection.id, &layout.m3u(&collection.name));
        let rel = stem.join_extension(m3u::EXTENSION);
        let tracks = present(plan, collection, &mut existing, &config.library.path);
        let entries: Vec<M3uEntry<'_>> = tracks
            .iter()
            .map(|(item, path)| M3uEntry {
                path,
                artist: item.track.artist(),
                title: item.track.title(),
                duration_secs: item.track.duration_ms().map(|ms| (ms + 500) / 1000),
            })
            .collect();
        let text = m3u::render(&collection.name, &entries, &rel);
        match publisher.write_m3u(&rel, &text) {
            Ok(_) => written.files.push(as_told(rel.under(&config.library.path))),
            Err(error) if error.is_disk_stop() => {
                written.stopped.get_or_insert(error.to_string());
            }
            Err(error) => written.problems.push(error.to_string()),
        }
    }
    written
}

/// The path without the `..` a relative library may have brought along.
fn as_told(path: PathBuf) -> PathBuf {
    path.canonicalize().unwrap_or(path)
}

/// The tracks of a collection that have a file at this collection's target.
fn present<'a>(
    plan: &'a Plan,
    collection: &Collection,
    existing: &mut Existing,
    library: &Path,
) -> Vec<(&'a PlanItem, RelPath)> {
    listing(plan, collection)
        .into_iter()
        .filter(|(item, _)| {
            matches!(
                item.state,
                ItemState::Completed { .. } | ItemState::Skipped { .. }
            )
        })
        .filter_map(|(item, target)| {
            // A folder that cannot be read now could be read a moment ago, by the run itself.
            let file = existing.find(target).ok()??;
            let rel = file.strip_prefix(library).ok()?.to_str()?;
            Some((item, RelPath::from_saved(rel).ok()?))
        })
        .collect()
}
