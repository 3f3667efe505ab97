//! What a source found.

use crate::{Extra, TargetKind};

/// Where the quality fields of a [`Hit`] come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Provenance(pub u32);

impl Provenance {
    /// Not said; read the fields as hints.
    pub const UNKNOWN: Provenance = Provenance(0);
    /// The plugin concludes it, e.g. from the name of a plan or a file extension.
    pub const ASSUMED: Provenance = Provenance(1);
    /// The service or a peer says so.
    pub const DECLARED: Provenance = Provenance(2);
    /// Read from the audio itself.
    pub const MEASURED: Provenance = Provenance(3);
}

/// One result of a search, as the service gave it: no filter, no ranking.
///
/// Everything but [`target_id`](Hit::target_id) and [`title`](Hit::title) is optional;
/// `None` or empty means that the service did not say. A guess is worse than nothing,
/// because the host decides by these fields whether this is the wanted recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Hit {
    /// The source's own name for this result, opaque to the host and good for
    /// [`download_raw`](crate::Source::download_raw) for at least a day.
    pub target_id: String,
    /// Track or album.
    pub kind: TargetKind,
    /// Title as the service spells it, of the track or of the album.
    pub title: String,
    /// Version words the service keeps apart from the title: `Live at Leeds`.
    pub version: Option<String>,
    /// Credited artists, the main one first, each name for itself.
    pub artists: Vec<String>,
    /// Title of the album.
    pub album: Option<String>,
    /// Artist of the album.
    pub album_artist: Option<String>,
    /// Position on its disc, from 1.
    pub track_number: Option<u32>,
    /// Disc within the album, from 1.
    pub disc_number: Option<u32>,
    /// Tracks of the album, when this is an album.
    pub track_count: Option<u32>,
    /// Year of the release.
    pub year: Option<i32>,
    /// Length in milliseconds.
    pub duration_ms: Option<u64>,
    /// International Standard Recording Code, twelve upper-case characters, no hyphens.
    pub isrc: Option<String>,
    /// MusicBrainz id of the recording, a lower-case UUID.
    pub recording_mbid: Option<String>,
    /// Whether the service marks it explicit (`true`) or clean (`false`).
    pub explicit: Option<bool>,
    /// Codec in lower case: `flac`, `mp3`, `aac`, `alac`, `opus`, `vorbis`, `pcm`.
    pub codec: Option<String>,
    /// Bits per second.
    pub bitrate: Option<u32>,
    /// Hz.
    pub sample_rate: Option<u32>,
    /// Bits per sample, of lossless audio.
    pub bit_depth: Option<u32>,
    /// Bytes of the file.
    pub size: Option<u64>,
    /// Downloads waiting before ours at the peer or server.
    pub queue_length: Option<u32>,
    /// Whether a download could start at once.
    pub free_slot: Option<bool>,
    /// Bytes per second the peer says it can send.
    pub speed: Option<u64>,
    /// Where codec, bitrate, sample rate and bit depth come from.
    pub provenance: Provenance,
    /// Facts without a field of their own, e.g. the peer's name. The host hands the hit back
    /// in the [`DownloadRequest`](crate::DownloadRequest).
    pub extra: Extra,
}

impl Hit {
    /// A hit with the two fields that each needs, and nothing else known.
    ///
    /// ```
    /// use musicdl_plugin_api::Hit;
    /// let hit = Hit {
    ///     duration_ms: Some(201_000),
    ///     ..Hit::new("17", "Bluebird")
    /// };
    /// assert_eq!((hit.target_id.as_str(), hit.artists.len()), ("17", 0));
    /// ```
    pub fn new(target_id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            target_id: target_id.into(),
            title: title.into(),
            ..Self::default()
        }
    }
}
