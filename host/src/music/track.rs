//! One recording, as a catalog describes it.

use serde::{Deserialize, Serialize};

use super::{Isrc, TrackId};

/// One recording with everything a catalog said of it. Facts nobody said are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// The catalog's name of it.
    pub id: TrackId,
    /// Title, with version words in brackets if the catalog has them there.
    pub title: String,
    /// Credited artists, the main one first; empty when nobody is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artists: Vec<String>,
    /// Title of the album. `None` for a single that is part of none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// Artist of the album, where the catalog said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album_artist: Option<String>,
    /// Position on its disc, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_number: Option<u32>,
    /// Disc within the album, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disc_number: Option<u32>,
    /// Length in milliseconds, as the catalog gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Code of the recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isrc: Option<Isrc>,
    /// MusicBrainz id of the recording, a lower-case UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording_mbid: Option<String>,
    /// Date of the release: `1987`, `1987-04` or `1987-04-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_date: Option<String>,
    /// Whether the catalog marks it explicit (`true`) or clean (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explicit: Option<bool>,
    /// How many tracks its disc has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_total: Option<u32>,
    /// How many discs the album has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disc_total: Option<u32>,
    /// Kinds of music, the main one first; empty when nobody said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub genres: Vec<String>,
    /// Who published the album.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Barcode of the album (UPC or EAN), digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upc: Option<String>,
    /// MusicBrainz id of the release, a lower-case UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_mbid: Option<String>,
    /// Link to the catalog's page of it; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
}

impl Track {
    /// A track of which only id and title are known.
    pub fn new(id: TrackId, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            artists: Vec::new(),
            album: None,
            album_artist: None,
            track_number: None,
            disc_number: None,
            duration_ms: None,
            isrc: None,
            recording_mbid: None,
            release_date: None,
            explicit: None,
            track_total: None,
            disc_total: None,
            genres: Vec::new(),
            label: None,
            upc: None,
            release_mbid: None,
            url: String::new(),
        }
    }

    /// The main artist; `None` when nobody is named.
    pub fn artist(&self) -> Option<&str> {
        self.artists.first().map(String::as_str)
    }

    /// The album's artist, else the main artist.
    pub fn album_artist_or_artist(&self) -> Option<&str> {
        self.album_artist.as_deref().or_else(|| self.artist())
    }

    /// Whole seconds, truncated; an unknown length counts as 0.
    pub fn duration_secs(&self) -> u64 {
        self.duration_ms.unwrap_or(0) / 1000
    }

    /// Year of the release.
    pub fn year(&self) -> Option<i32> {
        self.release_date.as_deref()?.get(..4)?.parse().ok()
    }

    /// `Artist - Title`, as shown to people.
    pub fn display_name(&self) -> String {
        if self.artists.is_empty() {
            self.title.clone()
        } else {
            format!("{} - {}", self.artists.join(", "), self.title)
        }
    }
}
