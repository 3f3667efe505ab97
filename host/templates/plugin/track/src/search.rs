//! A query -> the words to ask for, and a track of the service -> a hit. Ranking and
//! filtering are the host's.

use musicdl_plugin_api::{Hit, Provenance, Query, SourceError, TargetKind};

use crate::api::{Api, Track};

/// Hits for a track, in the service's order.
///
/// # Errors
/// `Unsupported` for anything but tracks, else what the service says.
pub(crate) fn search(api: &Api, query: &Query) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::TRACK {
        return Err(SourceError::unsupported(
            "this service is searched for tracks only",
        ));
    }
    let found = api.search(&query.text)?;
    let hits = found.tracks.into_iter().map(hit);
    Ok(hits.take(query.limit as usize).collect())
}

fn hit(track: Track) -> Hit {
    Hit {
        codec: codec(&track.id).map(str::to_owned),
        target_id: track.id,
        kind: TargetKind::TRACK,
        title: track.title,
        artists: track.artists,
        album: track.album,
        // A service that says 0 does not know, and a wrong fact is worse than none.
        track_number: track.number.filter(|number| *number > 0),
        duration_ms: track
            .seconds
            .filter(|seconds| *seconds > 0)
            .map(|seconds| seconds.saturating_mul(1000)),
        provenance: Provenance::ASSUMED,
        ..Hit::default()
    }
}

/// The codec behind a file's extension; `None` where it says nothing of it.
fn codec(file: &str) -> Option<&'static str> {
    match file.rsplit_once('.')?.1 {
        "flac" => Some("flac"),
        "mp3" => Some("mp3"),
        "opus" => Some("opus"),
        "ogg" => Some("vorbis"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_does_not_know_is_not_made_up() {
        let json = r#"{"id": "7", "title": "Bluebird", "number": 0, "seconds": 0}"#;
        let track: Track = serde_json::from_str(json).unwrap();
        let hit = hit(track);
        assert_eq!((hit.track_number, hit.duration_ms), (None, None));
        assert_eq!(hit.codec, None);
    }
}
