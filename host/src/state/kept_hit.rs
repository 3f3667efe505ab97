//! Hits as JSON, for answers that are kept. A field that a later plugin-api adds travels in
//! `extra`, so this shape is as frozen as the contract's.

use musicdl_plugin_api::{Hit, Provenance, TargetKind};
use serde::{Deserialize, Serialize};

/// The hits as JSON.
pub(super) fn to_json(hits: &[Hit]) -> serde_json::Result<String> {
    let kept: Vec<Borrowed<'_>> = hits.iter().map(Borrowed).collect();
    serde_json::to_string(&kept)
}

/// The hits of such JSON.
pub(super) fn from_json(text: &str) -> serde_json::Result<Vec<Hit>> {
    let kept: Vec<Owned> = serde_json::from_str(text)?;
    Ok(kept.into_iter().map(|Owned(hit)| hit).collect())
}

#[derive(Serialize)]
#[serde(transparent)]
struct Borrowed<'a>(#[serde(with = "KeptHit")] &'a Hit);

#[derive(Deserialize)]
#[serde(transparent)]
struct Owned(#[serde(with = "KeptHit")] Hit);

#[derive(Serialize, Deserialize)]
#[serde(remote = "TargetKind")]
struct KeptKind(u32);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Provenance")]
struct KeptProvenance(u32);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Hit")]
struct KeptHit {
    target_id: String,
    #[serde(with = "KeptKind")]
    kind: TargetKind,
    title: String,
    version: Option<String>,
    artists: Vec<String>,
    album: Option<String>,
    album_artist: Option<String>,
    track_number: Option<u32>,
    disc_number: Option<u32>,
    track_count: Option<u32>,
    year: Option<i32>,
    duration_ms: Option<u64>,
    isrc: Option<String>,
    recording_mbid: Option<String>,
    explicit: Option<bool>,
    codec: Option<String>,
    bitrate: Option<u32>,
    sample_rate: Option<u32>,
    bit_depth: Option<u32>,
    size: Option<u64>,
    queue_length: Option<u32>,
    free_slot: Option<bool>,
    speed: Option<u64>,
    #[serde(with = "KeptProvenance")]
    provenance: Provenance,
    extra: Vec<(String, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_comes_back_as_it_was() {
        let hit = Hit {
            target_id: "a\u{0}b".to_owned(),
            kind: TargetKind::ALBUM,
            title: "Über".to_owned(),
            artists: vec!["Ann".to_owned(), "Bob".to_owned()],
            duration_ms: Some(u64::MAX),
            year: Some(-1),
            free_slot: Some(false),
            provenance: Provenance::DECLARED,
            extra: vec![("peer".to_owned(), "ann".to_owned())],
            ..Hit::default()
        };
        let hits = [hit, Hit::default()];
        assert_eq!(from_json(&to_json(&hits).unwrap()).unwrap(), hits);
    }
}
