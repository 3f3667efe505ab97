//! What a row says, made a [`Track`]: which names mean nobody, and which id it gets.

use unicode_normalization::UnicodeNormalization;

use crate::music::{Isrc, Track, TrackId};

/// What one row says of a recording, cell by cell.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) title: String,
    pub(super) artists: Vec<String>,
    pub(super) album: Option<String>,
    pub(super) album_artist: Option<String>,
    pub(super) track_number: Option<u32>,
    pub(super) disc_number: Option<u32>,
    pub(super) duration_ms: Option<u64>,
    pub(super) isrc: Option<Isrc>,
    pub(super) recording_mbid: Option<String>,
    pub(super) release_date: Option<String>,
    pub(super) explicit: Option<bool>,
    pub(super) genres: Vec<String>,
    pub(super) label: Option<String>,
    /// Spotify's id of the track, 22 characters.
    pub(super) spotify_id: Option<String>,
    /// Address of the track's page at some other catalog.
    pub(super) url: Option<String>,
}

impl Facts {
    /// The track, named by the most specific id there is: Spotify's, the ISRC, or a digest
    /// of the words.
    pub(super) fn into_track(mut self) -> Track {
        self.artists.retain(|artist| !is_nobody(artist));
        let id = match (&self.spotify_id, &self.isrc) {
            (Some(id), _) => TrackId::spotify(id),
            (None, Some(isrc)) => TrackId::isrc(isrc),
            (None, None) => TrackId::text(&self.digest()),
        };
        let url = match self.spotify_id {
            Some(id) => format!("https://open.spotify.com/track/{id}"),
            None => self.url.unwrap_or_default(),
        };
        Track {
            title: self.title,
            artists: self.artists,
            album: self.album,
            album_artist: self.album_artist,
            track_number: self.track_number,
            disc_number: self.disc_number,
            duration_ms: self.duration_ms,
            isrc: self.isrc,
            recording_mbid: self.recording_mbid,
            release_date: self.release_date,
            explicit: self.explicit,
            genres: self.genres,
            label: self.label,
            url,
            ..Track::new(id, "")
        }
    }

    /// 32 hexadecimal digits over artists, title, album and whole seconds. Case, spacing and
    /// the way accents are encoded do not change it. It is saved in journals: what goes into
    /// it, and in which order, must stay.
    fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut field = |text: &str| {
            hasher.update(plain(text).as_bytes());
            hasher.update(b"\x1f");
        };
        for artist in &self.artists {
            field(artist);
        }
        // An artist more is another track than the same words as a title.
        field("\x1e");
        field(&self.title);
        field(self.album.as_deref().unwrap_or_default());
        let seconds = self.duration_ms.map(|ms| (ms / 1000).to_string());
        field(seconds.as_deref().unwrap_or_default());
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

fn plain(text: &str) -> String {
    // Most words are of letters that are whole already and stand for no others.
    let whole = |c: char| c.is_ascii() || ('\u{c0}'..='\u{ff}').contains(&c);
    let folded = if text.chars().all(whole) {
        text.to_lowercase()
    } else {
        text.nfkc().collect::<String>().to_lowercase()
    };
    let words: Vec<&str> = folded.split_whitespace().collect();
    words.join(" ")
}

/// Whether an artist's name stands for nobody in particular.
pub(super) fn is_nobody(artist: &str) -> bool {
    const NOBODY: [&str; 4] = [
        "Various Artists",
        "Unknown Artist",
        "<unknown>",
        "[unknown]",
    ];
    is_missing(artist)
        || NOBODY
            .iter()
            .any(|name| name.eq_ignore_ascii_case(artist.trim()))
}

/// Whether a cell is what programs write where they have nothing to write.
pub(super) fn is_missing(cell: &str) -> bool {
    let cell = cell.trim();
    cell.is_empty()
        || ["undefined", "null", "n/a", "nan"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(cell))
}

/// A cell as one line of text: control characters and line ends become spaces.
pub(super) fn one_line(text: &str) -> String {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        let spaced: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        spaced.trim().to_owned()
    } else {
        text.to_owned()
    }
}

/// `3:45` or `1:02:03` in milliseconds. `None`: not written like a clock.
pub(super) fn clock_ms(text: &str) -> Option<u64> {
    let parts: Vec<&str> = text.trim().split(':').collect();
    let (first, rest) = parts.split_first()?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = matches!(rest.len(), 1 | 2)
        && (1..=3).contains(&first.len())
        && digits(first)
        && rest.iter().all(|part| part.len() == 2 && digits(part));
    if !shaped {
        return None;
    }
    let seconds = parts.iter().try_fold(0_u64, |sum, part| {
        Some(sum * 60 + part.parse::<u64>().ok()?)
    })?;
    Some(seconds * 1000).filter(|&ms| ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(artist: &str, title: &str) -> Facts {
        Facts {
            title: title.into(),
            artists: vec![artist.into()],
            ..Facts::default()
        }
    }

    #[test]
    fn the_most_specific_id_names_the_track() {
        let isrc = Isrc::parse("QZTST2400001").unwrap();
        let words = facts("Ann", "Bluebird").into_track();
        assert!(words.id.is_text());
        assert_eq!(words.id.as_str().len(), "text:".len() + 32);
        let coded = Facts {
            isrc: Some(isrc.clone()),
            ..facts("Ann", "Bluebird")
        };
        assert_eq!(coded.into_track().id, TrackId::isrc(&isrc));
        let spotify = Facts {
            isrc: Some(isrc),
            spotify_id: Some("4uLU6hMCjMI75M1A2tKUQC".into()),
            url: Some("https://example.org".into()),
            ..facts("Ann", "Bluebird")
        };
        let track = spotify.into_track();
        assert_eq!(track.id, TrackId::spotify("4uLU6hMCjMI75M1A2tKUQC"));
        assert_eq!(
            track.url,
            "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC"
        );
    }

    #[test]
    fn spelling_of_the_same_words_does_not_change_the_id() {
        let id = |artist, title| facts(artist, title).into_track().id;
        assert_eq!(
            id("Bj\u{f6}rk", "Blue Bird"),
            id("bjo\u{308}rk ", "blue  bird")
        );
        assert_ne!(id("Ann", "Bluebird"), id("Bluebird", "Ann"));
        assert_ne!(id("Ann", "Bluebird"), id("Ann", "Bluebird (Live)"));
    }

    #[test]
    fn words_that_need_no_tables_have_the_id_they_would_have_by_them() {
        for c in '\u{c0}'..='\u{ff}' {
            let by_tables: String = std::iter::once(c).nfkc().collect();
            assert_eq!(plain(&c.to_string()), by_tables.to_lowercase());
        }
    }

    #[test]
    fn an_id_saved_by_an_earlier_version_still_fits() {
        let known = Facts {
            album: Some("Birds".into()),
            duration_ms: Some(215_900),
            ..facts("Ann Example", "Bluebird")
        };
        assert_eq!(
            known.into_track().id.as_str(),
            "text:25ab0eb9557613e13fcb9bf05ff49c67"
        );
    }

    #[test]
    fn names_that_stand_for_nobody_are_no_artists() {
        for name in [
            "Various Artists",
            "various artists",
            "Unknown Artist",
            "undefined",
            "null",
            "N/A",
            " ",
        ] {
            assert!(
                facts(name, "Bluebird").into_track().artists.is_empty(),
                "{name}"
            );
        }
        for name in ["Null Set", "The Undefined", "Various"] {
            assert_eq!(facts(name, "Bluebird").into_track().artists, [name]);
        }
    }

    #[test]
    fn clocks_are_read_and_other_numbers_are_not() {
        for (text, expected) in [
            ("3:45", Some(225_000)),
            ("03:05", Some(185_000)),
            ("1:02:03", Some(3_723_000)),
            ("120:00", Some(7_200_000)),
            ("0:00", None),
            ("3:4", None),
            ("3", None),
            ("1:2:3:4", None),
            (":30", None),
            ("a:30", None),
        ] {
            assert_eq!(clock_ms(text), expected, "{text}");
        }
    }
}
