//! ITEM on the command line: the one track of the current plan that is meant.

use crate::app::exit::{Exit, Failure};
use crate::state::{FoundItem, Matches, ReadOnlyState};
use crate::text::{counted, plain};

/// So many of several matches are named.
const NAMED: usize = 10;

/// The track with that id, or the one that the words match best.
pub(super) fn one_item(state: &ReadOnlyState, words: &str) -> Result<FoundItem, Failure> {
    let mut found = state.find_items(words, NAMED)?;
    match found.total {
        0 => Err(Failure::new(
            Exit::Usage,
            format!("no track of the plan matches `{words}`"),
        )
        .with_hint("`musicdl plan --list FILE` writes all ids and names")),
        1 => Ok(found.first.remove(0)),
        _ => Err(several(&found, words)),
    }
}

fn several(found: &Matches, words: &str) -> Failure {
    let mut message = format!(
        "{} match `{words}`",
        counted(found.total, "track", "tracks")
    );
    for item in &found.first {
        let others = found.first.iter().filter(|other| other.name == item.name);
        message.push_str("\n  ");
        message.push_str(&line(item, others.count() > 1));
    }
    if found.total > found.first.len() {
        message.push_str(&format!("\n  and {} more", found.total - found.first.len()));
    }
    Failure::new(Exit::Usage, message).with_hint("add words of its name or album, or use its id")
}

/// `text:1f..  Ann - Bluebird`, and what tells it from others of that name.
fn line(item: &FoundItem, is_ambiguous: bool) -> String {
    let mut line = format!("{}  {}", item.id, plain(&item.name));
    if is_ambiguous {
        if let Some(album) = &item.track.album {
            line.push_str(&format!("  album: {}", plain(album)));
        }
        if !item.lists.is_empty() {
            line.push_str(&format!("  in: {}", plain(&item.lists.join(", "))));
        }
    }
    line
}
