//! A query -> the words to ask for, and an album of the service -> a hit. Ranking and
//! filtering are the host's.

use musicdl_plugin_api::{Hit, Query, SourceError, TargetKind};

use crate::api::{Album, Api};

/// Hits for an album, in the service's order.
///
/// # Errors
/// `Unsupported` for anything but albums, else what the service says.
pub(crate) fn search(api: &Api, query: &Query) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::ALBUM {
        return Err(SourceError::unsupported(
            "this service is searched for albums only",
        ));
    }
    let found = api.search(&query.text)?;
    let hits = found.albums.into_iter().map(hit);
    Ok(hits.take(query.limit as usize).collect())
}

fn hit(album: Album) -> Hit {
    let count = u32::try_from(album.tracks.len()).ok();
    Hit {
        target_id: album.id,
        kind: TargetKind::ALBUM,
        album: Some(album.title.clone()),
        title: album.title,
        album_artist: album.artists.first().cloned(),
        artists: album.artists,
        year: album.year,
        // An album without a list of tracks has an unknown number of them, not none.
        track_count: count.filter(|count| *count > 0),
        ..Hit::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_does_not_know_is_not_made_up() {
        let album: Album = serde_json::from_str(r#"{"id": "7", "title": "Birds"}"#).unwrap();
        let hit = hit(album);
        assert_eq!((hit.year, hit.track_count), (None, None));
        assert_eq!(hit.album_artist, None);
    }
}
