//! A query -> hits: the index finds, this file says what a hit carries of a file.

use musicdl_plugin_api::{Hit, Host, Provenance, Query, SourceError, TargetKind};

use crate::collection::Collection;
use crate::directory::Directories;
use crate::error::FolderError;
use crate::walk::Track;

/// Answers `search_raw`.
pub(crate) fn search(
    collection: &Collection,
    directories: &Directories,
    query: &Query,
    host: &Host,
) -> Result<Vec<Hit>, SourceError> {
    if query.kind != TargetKind::TRACK {
        return Err(FolderError::TracksOnly.into());
    }
    let index = collection.index(directories, host)?;
    Ok(index.find(query).into_iter().map(hit).collect())
}

fn hit(track: &Track) -> Hit {
    let facts = track.facts.clone();
    let measured = facts.codec.is_some() || facts.bitrate.is_some();
    Hit {
        target_id: track.target_id.clone(),
        kind: TargetKind::TRACK,
        title: facts.title,
        version: facts.version,
        artists: facts.artists,
        album: facts.album,
        album_artist: facts.album_artist,
        track_number: facts.track_number,
        disc_number: facts.disc_number,
        year: facts.year,
        duration_ms: facts.duration_ms,
        isrc: facts.isrc,
        recording_mbid: facts.recording_mbid,
        explicit: facts.explicit,
        codec: facts.codec.map(str::to_owned),
        bitrate: facts.bitrate,
        sample_rate: facts.sample_rate,
        bit_depth: facts.bit_depth,
        size: Some(track.size),
        free_slot: Some(true),
        provenance: if measured {
            Provenance::MEASURED
        } else {
            Provenance::UNKNOWN
        },
        extra: vec![("path".to_owned(), track.path.display().to_string())],
        ..Hit::default()
    }
}
