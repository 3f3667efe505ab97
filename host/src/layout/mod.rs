//! Where a track goes. Pure: looks at no disk. Decides the path of a track's audio and of a
//! playlist file, relative to the library and without extension; which codec it will have is
//! not known yet. That two tracks do not get one path is settled by [`resolve`] over the whole
//! plan. Putting anything there is `publish`'s.

mod collisions;
pub mod m3u;
mod names;
mod path;
mod template;

pub use collisions::{Collisions, resolve};
pub(crate) use names::fold;
pub use names::{STEM_LIMIT, component, component_with_limit};
pub use path::{NotInside, RelPath};
pub use template::{Field, Fields, Template, TemplateError};

use crate::config::LayoutTemplates;
use crate::music::Track;

/// Which of the patterns cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template `{key}` (`{text}`) cannot be used: {problem}")]
pub struct LayoutError {
    /// `album`, `single`, `playlist`, `playlist_single` or `m3u`.
    pub key: &'static str,
    /// The pattern as written.
    pub text: String,
    /// What is wrong with it.
    pub problem: TemplateError,
}

/// For whom a path is asked.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// The library itself: the track belongs to no playlist that wants a folder.
    Library,
    /// The folder of a playlist.
    Playlist {
        /// The playlist's name.
        name: &'a str,
        /// Position of the track in it, from 1.
        position: Option<u32>,
    },
    /// A pattern that the want-list gives for one collection; it serves albums and singles.
    Template {
        /// The pattern, read by [`Template::parse_audio`].
        template: &'a Template,
        /// Name of the collection, for `{playlist}`.
        collection: &'a str,
        /// Position of the track in it, from 1.
        position: Option<u32>,
    },
}

/// The checked patterns of a library.
#[derive(Clone, Debug)]
pub struct Layout {
    album: Template,
    single: Template,
    playlist: Template,
    playlist_single: Template,
    m3u: Template,
}

impl Layout {
    /// Reads all five patterns.
    ///
    /// # Errors
    /// For the first that cannot be used.
    pub fn new(texts: &LayoutTemplates) -> Result<Self, LayoutError> {
        Ok(Self {
            album: read("album", &texts.album, Template::parse_library)?,
            single: read("single", &texts.single, Template::parse_library)?,
            playlist: read("playlist", &texts.playlist, Template::parse_audio)?,
            playlist_single: read(
                "playlist_single",
                &texts.playlist_single,
                Template::parse_audio,
            )?,
            m3u: read("m3u", &texts.m3u, Template::parse_playlist_file)?,
        })
    }

    /// The path of a track's audio without extension. Each track is taken for itself: one
    /// playlist holds tracks of albums and singles.
    pub fn stem(&self, track: &Track, place: Place<'_>) -> RelPath {
        let of_album = track
            .album
            .as_deref()
            .is_some_and(|album| !album.trim().is_empty());
        let fields = Fields::of_track(track);
        match place {
            Place::Library if of_album => self.album.render(&fields),
            Place::Library => self.single.render(&fields),
            Place::Playlist { name, position } => {
                let template = if of_album {
                    &self.playlist
                } else {
                    &self.playlist_single
                };
                template.render(&Fields {
                    playlist: Some(name),
                    position,
                    ..fields
                })
            }
            Place::Template {
                template,
                collection,
                position,
            } => template.render(&Fields {
                playlist: Some(collection),
                position,
                ..fields
            }),
        }
    }

    /// The path of the file of the playlist called `name`, without extension.
    pub fn m3u(&self, name: &str) -> RelPath {
        self.m3u.render(&Fields {
            playlist: Some(name),
            ..Fields::default()
        })
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::new(&LayoutTemplates::default()).expect("a test reads the default templates")
    }
}

fn read(
    key: &'static str,
    text: &str,
    parse: fn(&str) -> Result<Template, TemplateError>,
) -> Result<Template, LayoutError> {
    parse(text).map_err(|problem| LayoutError {
        key,
        text: text.to_owned(),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TrackId;

    fn song() -> Track {
        Track {
            artists: vec!["Queen".to_owned(), "David Bowie".to_owned()],
            album: Some("Hot Space".to_owned()),
            track_number: Some(5),
            ..Track::new(TrackId::spotify("2fuCquhmrzHpu5xcA1ci9x"), "Under Pressure")
        }
    }

    #[test]
    fn by_default_each_kind_of_track_has_its_place() {
        let single = Track {
            album: None,
            ..song()
        };
        let blank = Track {
            album: Some(" ".to_owned()),
            ..song()
        };
        let compilation = Track {
            album_artist: Some("Various Artists".to_owned()),
            ..song()
        };
        let unnumbered = Track {
            track_number: None,
            ..song()
        };
        let bare = Track::new(TrackId::text("d1"), "");
        let playlist = Place::Playlist {
            name: "Road/Trip",
            position: Some(4),
        };
        for (track, place, expected) in [
            (
                &song(),
                Place::Library,
                "Queen/Queen - Hot Space/05 - Under Pressure",
            ),
            (
                &single,
                Place::Library,
                "Queen/Queen - Under Pressure/Under Pressure",
            ),
            (
                &blank,
                Place::Library,
                "Queen/Queen - Under Pressure/Under Pressure",
            ),
            (
                &compilation,
                Place::Library,
                "Various Artists/Various Artists - Hot Space/05 - Under Pressure",
            ),
            (
                &unnumbered,
                Place::Library,
                "Queen/Queen - Hot Space/Under Pressure",
            ),
            (
                &bare,
                Place::Library,
                "Unknown Artist/Unknown Artist - Unknown Title/Unknown Title",
            ),
            (
                &song(),
                playlist,
                "Road_Trip/Queen/Queen - Hot Space/05 - Under Pressure",
            ),
            (
                &single,
                playlist,
                "Road_Trip/Queen/Queen - Under Pressure/Under Pressure",
            ),
        ] {
            assert_eq!(Layout::default().stem(track, place).as_str(), expected);
        }
        assert_eq!(
            Layout::default().m3u("Road/Trip").as_str(),
            "Road_Trip/Road_Trip"
        );
    }

    #[test]
    fn a_collection_can_bring_its_own_pattern() {
        let template = Template::parse_audio("{playlist}/{position} {artist} - {title}").unwrap();
        let place = Place::Template {
            template: &template,
            collection: "Gym",
            position: Some(12),
        };
        assert_eq!(
            Layout::default().stem(&song(), place).as_str(),
            "Gym/012 Queen - Under Pressure"
        );
    }

    #[test]
    fn a_pattern_is_refused_by_its_name_in_the_config() {
        let change = |change: fn(&mut LayoutTemplates)| {
            let mut texts = LayoutTemplates::default();
            change(&mut texts);
            Layout::new(&texts).unwrap_err().to_string()
        };
        for (error, expected) in [
            (
                change(|t| t.album = "{playlist}/{title}".into()),
                "the template `album` (`{playlist}/{title}`) cannot be used: `{playlist}` has no value here; it belongs into the templates of playlists",
            ),
            (
                change(|t| t.single = "{artist}".into()),
                "the template `single` (`{artist}`) cannot be used: every track of an album would get the same path; add `{title}` or `{track}`",
            ),
            (
                change(|t| t.playlist_single = "{title}/".into()),
                "the template `playlist_single` (`{title}/`) cannot be used: a folder or file name would be empty",
            ),
            (
                change(|t| t.m3u = "{playlist}/{artist}".into()),
                "the template `m3u` (`{playlist}/{artist}`) cannot be used: `{artist}` has no value here; a playlist file is named by `{playlist}` alone",
            ),
            (
                change(|t| t.m3u = "all".into()),
                "the template `m3u` (`all`) cannot be used: every playlist would get the same path; add `{playlist}`",
            ),
        ] {
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
