//! What Lidarr says, as far as we make use of it. Everything may be missing, because Lidarr
//! leaves out what is null or an id of 0; states are texts, because a later Lidarr has more.
//!
//! The names are those of `Lidarr.Api.V1`, see <https://lidarr.audio/docs/api/>.

use serde::{Deserialize, Serialize};

/// `system/status`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    /// `Lidarr`, or another program of the family.
    pub(crate) app_name: Option<String>,
    pub(crate) version: Option<String>,
}

/// `rootfolder`: where Lidarr keeps music.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RootFolder {
    pub(crate) name: Option<String>,
    /// As Lidarr sees it.
    pub(crate) path: Option<String>,
    pub(crate) accessible: Option<bool>,
    pub(crate) default_quality_profile_id: Option<i64>,
    pub(crate) default_metadata_profile_id: Option<i64>,
}

/// `qualityprofile` and `metadataprofile`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Profile {
    pub(crate) id: i64,
    pub(crate) name: Option<String>,
}

/// `health`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Health {
    /// `ok`, `notice`, `warning`, `error`.
    pub(crate) r#type: Option<String>,
    pub(crate) message: Option<String>,
}

/// An album, of a look-up or of the library.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Album {
    /// 0: not in the library.
    pub(crate) id: i64,
    pub(crate) artist_id: i64,
    pub(crate) title: Option<String>,
    pub(crate) disambiguation: Option<String>,
    /// MusicBrainz id of the release group.
    pub(crate) foreign_album_id: Option<String>,
    pub(crate) monitored: Option<bool>,
    pub(crate) album_type: Option<String>,
    pub(crate) secondary_types: Vec<String>,
    /// `1998-04-20T00:00:00Z`
    pub(crate) release_date: Option<String>,
    /// Milliseconds; 0: no release is selected.
    pub(crate) duration: Option<u64>,
    pub(crate) artist: Option<Artist>,
    pub(crate) releases: Vec<Release>,
    pub(crate) statistics: Option<Statistics>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Artist {
    pub(crate) id: i64,
    pub(crate) artist_name: Option<String>,
    /// MusicBrainz id.
    pub(crate) foreign_artist_id: Option<String>,
}

/// One edition of an album.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Release {
    /// MusicBrainz id of the release.
    pub(crate) foreign_release_id: Option<String>,
    pub(crate) track_count: Option<u32>,
    /// Whether it is the selected one.
    pub(crate) monitored: Option<bool>,
}

/// How much of an album is there.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Statistics {
    pub(crate) track_file_count: u32,
    /// All tracks of the selected release. Beside it there is a `trackCount`, which leaves out
    /// the tracks of albums that are not monitored and so is reached too early.
    pub(crate) total_track_count: u32,
}

impl Statistics {
    /// Whether every track has a file.
    pub(crate) fn is_complete(self) -> bool {
        self.track_file_count > 0 && self.track_file_count == self.total_track_count
    }
}

/// `command`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Command {
    pub(crate) id: i64,
    /// `queued`, `started`, `completed`, `failed`, `aborted`, `cancelled`, `orphaned`.
    pub(crate) status: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) exception: Option<String>,
}

/// One download of one album, of `queue/details`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct QueueItem {
    /// The same over the life of a download.
    pub(crate) id: i64,
    pub(crate) album_id: i64,
    pub(crate) title: Option<String>,
    /// Bytes.
    pub(crate) size: Option<f64>,
    /// Bytes.
    pub(crate) sizeleft: Option<f64>,
    /// `queued`, `paused`, `downloading`, `completed`, `failed`, `warning`, `delay`,
    /// `downloadClientUnavailable`.
    pub(crate) status: Option<String>,
    /// `ok`, `warning`, `error`.
    pub(crate) tracked_download_status: Option<String>,
    /// `downloading`, `importPending`, `importing`, `imported`, `importBlocked`,
    /// `importFailed`, `downloadFailedPending`, `downloadFailed`, `ignored`.
    pub(crate) tracked_download_state: Option<String>,
    pub(crate) status_messages: Vec<StatusMessage>,
    pub(crate) error_message: Option<String>,
    /// The download client's name for it; several albums may share one download.
    pub(crate) download_id: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StatusMessage {
    pub(crate) title: Option<String>,
    pub(crate) messages: Vec<String>,
}

/// `history/artist`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HistoryEntry {
    /// Counts up.
    pub(crate) id: i64,
    /// `grabbed`, `trackFileImported`, `downloadFailed`, `albumImportIncomplete`,
    /// `downloadImported`, `downloadIgnored` and more.
    pub(crate) event_type: Option<String>,
    pub(crate) source_title: Option<String>,
}

/// `track`: of the selected release.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Track {
    /// 0: no file.
    pub(crate) track_file_id: i64,
    pub(crate) title: Option<String>,
    /// A text: `A1` on vinyl.
    pub(crate) track_number: Option<String>,
    /// Counted over all discs.
    pub(crate) absolute_track_number: Option<u32>,
    pub(crate) medium_number: Option<u32>,
    /// Milliseconds.
    pub(crate) duration: Option<u64>,
    /// MusicBrainz id of the recording.
    pub(crate) foreign_recording_id: Option<String>,
}

/// `trackfile`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TrackFile {
    pub(crate) id: i64,
    /// As Lidarr sees it.
    pub(crate) path: Option<String>,
    /// Bytes.
    pub(crate) size: Option<u64>,
    pub(crate) quality: Option<QualityModel>,
    pub(crate) media_info: Option<MediaInfo>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QualityModel {
    pub(crate) quality: Option<Quality>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Quality {
    pub(crate) name: Option<String>,
}

/// Texts with units.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MediaInfo {
    /// `945 kbps`
    pub(crate) audio_bit_rate: Option<String>,
    pub(crate) audio_codec: Option<String>,
    /// `16bit`, or empty.
    pub(crate) audio_bits: Option<String>,
    /// `44.1kHz`
    pub(crate) audio_sample_rate: Option<String>,
}

/// What we ask by `POST command`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AlbumSearch {
    name: &'static str,
    album_ids: [i64; 1],
}

impl AlbumSearch {
    /// For that album of the library.
    pub(crate) fn of(album: i64) -> Self {
        Self {
            name: "AlbumSearch",
            album_ids: [album],
        }
    }
}

/// What we ask by `PUT album/monitor`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Monitoring {
    pub(crate) album_ids: [i64; 1],
    pub(crate) monitored: bool,
}
