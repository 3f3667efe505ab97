//! What a server says of a song. What of it can be believed is decided by `search`.

use serde::Deserialize;

use crate::lenient::{self, Many};

/// The songs `search3` found.
/// <https://opensubsonic.netlify.app/docs/responses/searchresult3/>
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SearchResult {
    #[serde(default)]
    pub(crate) song: Many<Song>,
}

/// A song, as far as we make use of it.
/// <https://opensubsonic.netlify.app/docs/responses/child/>
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Song {
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) title: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) album: Option<String>,
    /// All artists in one text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) artist: Option<String>,
    /// OpenSubsonic.
    #[serde(default)]
    pub(crate) artists: Many<Artist>,
    /// OpenSubsonic.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) display_album_artist: Option<String>,
    /// OpenSubsonic.
    #[serde(default)]
    pub(crate) album_artists: Many<Artist>,
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) track: Option<u64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) disc_number: Option<u64>,
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) year: Option<u64>,
    /// Whole seconds.
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) duration: Option<u64>,
    /// kbit/s.
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) bit_rate: Option<u64>,
    /// Bytes.
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) size: Option<u64>,
    /// Extension of the file, without the dot.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) suffix: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) content_type: Option<String>,
    /// Id of a picture, for `getCoverArt`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) cover_art: Option<String>,
    /// OpenSubsonic: of the recording.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) music_brainz_id: Option<String>,
    /// OpenSubsonic.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub(crate) isrc: Vec<String>,
    /// OpenSubsonic: `explicit`, `clean` or empty.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) explicit_status: Option<String>,
    /// OpenSubsonic, Hz.
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) sampling_rate: Option<u64>,
    /// OpenSubsonic.
    #[serde(default, deserialize_with = "lenient::positive")]
    pub(crate) bit_depth: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Artist {
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
}
