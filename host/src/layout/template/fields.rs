//! The values a pattern can ask for: their names, how numbers are written, and what stands in
//! for an unknown one.

use std::borrow::Cow;
use std::fmt;

use rapidfuzz::distance::osa;

use crate::music::Track;

/// A value of a track or of the collection that wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Main artist; `Unknown Artist` when nobody is named.
    Artist,
    /// Artist of the album, else the main artist; `Unknown Artist` when nobody is named.
    AlbumArtist,
    /// Album; `Unknown Album` for a track of none.
    Album,
    /// Title; `Unknown Title` when it is blank.
    Title,
    /// Number on its disc, two digits (three from 100 on); `00` when unknown.
    Track,
    /// Disc within the album; `0` when unknown.
    Disc,
    /// Year of the release; `0000` when unknown.
    Year,
    /// Name of the playlist or other collection; `Unknown Playlist` when it has none.
    Playlist,
    /// Code of the recording; `Unknown ISRC` when there is none.
    Isrc,
    /// Position in the collection, three digits; `000` when unknown.
    Position,
}

const ALL: [Field; 10] = [
    Field::Artist,
    Field::AlbumArtist,
    Field::Album,
    Field::Title,
    Field::Track,
    Field::Disc,
    Field::Year,
    Field::Playlist,
    Field::Isrc,
    Field::Position,
];

/// Slips of the hand that still count as the word: `albmu`, `album_artist`.
const SLIPS: usize = 2;

impl Field {
    /// The field of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|field| field.name() == name)
    }

    /// The field that is spelled most like `name`, if any is close.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        let slips = |field: &Field| osa::distance(name.chars(), field.name().chars());
        let closest = ALL.into_iter().min_by_key(slips)?;
        if slips(&closest) <= SLIPS {
            return Some(closest);
        }
        // `track_number`, `playlist_name`; the longest name it begins with says most.
        ALL.into_iter()
            .filter(|field| name.starts_with(field.name()))
            .max_by_key(|field| field.name().len())
    }

    /// Its name between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Field::Artist => "artist",
            Field::AlbumArtist => "albumartist",
            Field::Album => "album",
            Field::Title => "title",
            Field::Track => "track",
            Field::Disc => "disc",
            Field::Year => "year",
            Field::Playlist => "playlist",
            Field::Isrc => "isrc",
            Field::Position => "position",
        }
    }

    /// What is written for it outside of `[ .. ]` when there is no value.
    pub(super) fn when_unknown(self) -> &'static str {
        match self {
            Field::Artist | Field::AlbumArtist => "Unknown Artist",
            Field::Album => "Unknown Album",
            Field::Title => "Unknown Title",
            Field::Track => "00",
            Field::Disc => "0",
            Field::Year => "0000",
            Field::Playlist => "Unknown Playlist",
            Field::Isrc => "Unknown ISRC",
            Field::Position => "000",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// All names, for a message.
pub(super) fn known() -> String {
    ALL.map(Field::name).join(", ")
}

/// The values of one path. `None` and blank text are unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fields<'a> {
    /// Main artist.
    pub artist: Option<&'a str>,
    /// Artist of the album; the main artist counts when it is unknown.
    pub album_artist: Option<&'a str>,
    /// Title of the album.
    pub album: Option<&'a str>,
    /// Title.
    pub title: Option<&'a str>,
    /// Number on its disc, from 1.
    pub track: Option<u32>,
    /// Disc, from 1.
    pub disc: Option<u32>,
    /// Year of the release.
    pub year: Option<i32>,
    /// Name of the playlist or other collection.
    pub playlist: Option<&'a str>,
    /// Code of the recording.
    pub isrc: Option<&'a str>,
    /// Position in the collection, from 1.
    pub position: Option<u32>,
}

impl<'a> Fields<'a> {
    /// What a track says of itself; no playlist and no position.
    pub fn of_track(track: &'a Track) -> Self {
        Self {
            artist: track.artist(),
            album_artist: track.album_artist.as_deref(),
            album: track.album.as_deref(),
            title: Some(&track.title),
            track: track.track_number,
            disc: track.disc_number,
            year: track.year(),
            playlist: None,
            isrc: track.isrc.as_ref().map(|isrc| isrc.as_str()),
            position: None,
        }
    }

    pub(super) fn get(&self, field: Field) -> Option<Cow<'a, str>> {
        match field {
            Field::Artist => text(self.artist),
            Field::AlbumArtist => text(self.album_artist).or_else(|| text(self.artist)),
            Field::Album => text(self.album),
            Field::Title => text(self.title),
            Field::Track => self.track.map(|n| format!("{n:02}").into()),
            Field::Disc => self.disc.map(|n| n.to_string().into()),
            Field::Year => self.year.map(|n| format!("{n:04}").into()),
            Field::Playlist => text(self.playlist),
            Field::Isrc => text(self.isrc),
            Field::Position => self.position.map(|n| format!("{n:03}").into()),
        }
    }
}

fn text(value: Option<&str>) -> Option<Cow<'_, str>> {
    value
        .filter(|text| !text.trim().is_empty())
        .map(Cow::Borrowed)
}
