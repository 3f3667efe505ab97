//! What the host asks a source for.

use crate::Extra;

/// What a query, a hit or a request is about: one track, or a whole album.
///
/// A number with named values, so that a later API can add one; a source answers
/// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) to a kind it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TargetKind(pub u32);

impl TargetKind {
    /// One track.
    pub const TRACK: TargetKind = TargetKind(1);
    /// A whole album; asked only of sources that declare
    /// [`Capabilities::ALBUM_ONLY`](crate::Capabilities::ALBUM_ONLY).
    pub const ALBUM: TargetKind = TargetKind(2);
}

/// One search: free text, and beside it everything known of what is wanted.
///
/// A source uses what its service can use, e.g. the ISRC where there is a look-up by ISRC,
/// else [`text`](Query::text). Unknown facts are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Query {
    /// Track or album.
    pub kind: TargetKind,
    /// Words for a search box, never empty: `Ann Example Bluebird`.
    pub text: String,
    /// Title of the track, as the catalog spells it. `None` when an album is asked for.
    pub title: Option<String>,
    /// Artists of the track or album, the main one first.
    pub artists: Vec<String>,
    /// Title of the album.
    pub album: Option<String>,
    /// Artist of the album where it is not the track's.
    pub album_artist: Option<String>,
    /// Length in milliseconds.
    pub duration_ms: Option<u64>,
    /// International Standard Recording Code, twelve upper-case characters, no hyphens.
    pub isrc: Option<String>,
    /// MusicBrainz id of the recording, a lower-case UUID.
    pub recording_mbid: Option<String>,
    /// MusicBrainz id of the release, a lower-case UUID.
    pub release_mbid: Option<String>,
    /// Position on its disc, from 1.
    pub track_number: Option<u32>,
    /// Disc within the album, from 1.
    pub disc_number: Option<u32>,
    /// Year of the release.
    pub year: Option<i32>,
    /// Whether the wanted version is marked explicit.
    pub explicit: Option<bool>,
    /// The most hits the host has use for; a source may return fewer, and what it returns
    /// beyond is cut.
    pub limit: u32,
    /// Facts without a field of their own.
    pub extra: Extra,
}
