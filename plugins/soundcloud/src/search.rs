//! A query -> one request to SoundCloud's search. What a track of it is, is `track`'s.

use musicdl_plugin_api::{Hit, LogLevel, Query, SourceError, TargetKind};
use musicdl_ytdlp::Desk;

use crate::track;

/// SoundCloud puts what is popular first, and remixes of a song are many.
const MOST: u32 = 50;
/// Longer texts are not names and do not fit into an address.
const LONGEST: usize = 200;

/// Hits for a track, in SoundCloud's order.
///
/// # Errors
/// `Unsupported` for anything but tracks, else what yt-dlp says.
pub(crate) fn search(desk: &Desk, query: &Query) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported(
            "SoundCloud is searched for tracks only",
        ));
    }
    let words = words(query);
    // yt-dlp takes a search for nothing for a bad address.
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let most = query.limit.clamp(1, MOST);
    let found = desk.search(&format!("scsearch{most}:{words}"), most)?;
    let all = found.len();
    let hits: Vec<Hit> = found
        .into_iter()
        .filter_map(|found| track::hit(found, query))
        .collect();
    if hits.len() < all {
        let left_out = (all - hits.len()).to_string();
        desk.host().log(
            LogLevel::DEBUG,
            "tracks with only a preview, or not available in this country, were skipped",
            &[("query", &words), ("left_out", &left_out)],
        );
    }
    Ok(hits)
}

/// Artist and title, else the query's own text; control characters never belong to a name.
fn words(query: &Query) -> String {
    let text = match (query.artists.first(), &query.title) {
        (Some(artist), Some(title)) => format!("{artist} {title}"),
        _ => query.text.clone(),
    };
    let cleaned: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    cleaned.split_whitespace().collect::<Vec<_>>().join(" ")
}
