//! What a catalog knows of a track, as tags.

use musicdl_plugin_api::extra;

use crate::music::Track;

use super::Tags;

impl Tags {
    /// Everything of the track that belongs into a file. Its link does not: it says where
    /// somebody looked, not what this is.
    pub fn from_track(track: &Track) -> Self {
        let said = |text: &str| {
            let clean = printable(text);
            (!clean.is_empty()).then_some(clean)
        };
        Self {
            title: said(&track.title),
            artists: track.artists.iter().filter_map(|a| said(a)).collect(),
            album: track.album.as_deref().and_then(said),
            album_artist: track.album_artist.as_deref().and_then(said),
            track_number: track.track_number.filter(|n| *n > 0),
            track_total: track.track_total.filter(|n| *n > 0),
            disc_number: track.disc_number.filter(|n| *n > 0),
            disc_total: track.disc_total.filter(|n| *n > 0),
            date: track
                .release_date
                .as_deref()
                .filter(|d| is_date(d))
                .map(str::to_owned),
            isrc: track.isrc.as_ref().map(|isrc| isrc.as_str().to_owned()),
            recording_mbid: track.recording_mbid.as_deref().and_then(said),
            explicit: track.explicit,
            genres: track
                .genres
                .iter()
                .filter_map(|genre| said(genre))
                .collect(),
            label: track.label.as_deref().and_then(said),
            upc: track
                .upc
                .as_deref()
                .filter(|code| is_code(code))
                .map(str::to_owned),
            release_mbid: track.release_mbid.as_deref().and_then(said),
            // Of an artist's own album nobody says that it is none.
            compilation: track
                .album_artist
                .as_deref()
                .is_some_and(|artist| artist.trim().eq_ignore_ascii_case("Various Artists"))
                .then_some(true),
            comment: None,
            lyrics: None,
            track_gain: None,
            album_gain: None,
        }
    }

    /// Takes over everything that `other` says.
    pub fn take_over(&mut self, other: &Self) {
        fn one<T: Clone>(mine: &mut Option<T>, other: &Option<T>) {
            if other.is_some() {
                mine.clone_from(other);
            }
        }
        fn all(mine: &mut Vec<String>, other: &[String]) {
            if !other.is_empty() {
                *mine = other.to_vec();
            }
        }
        one(&mut self.title, &other.title);
        all(&mut self.artists, &other.artists);
        one(&mut self.album, &other.album);
        one(&mut self.album_artist, &other.album_artist);
        one(&mut self.track_number, &other.track_number);
        one(&mut self.track_total, &other.track_total);
        one(&mut self.disc_number, &other.disc_number);
        one(&mut self.disc_total, &other.disc_total);
        one(&mut self.date, &other.date);
        one(&mut self.isrc, &other.isrc);
        one(&mut self.recording_mbid, &other.recording_mbid);
        one(&mut self.explicit, &other.explicit);
        all(&mut self.genres, &other.genres);
        one(&mut self.label, &other.label);
        one(&mut self.upc, &other.upc);
        one(&mut self.release_mbid, &other.release_mbid);
        one(&mut self.compilation, &other.compilation);
        one(&mut self.comment, &other.comment);
        one(&mut self.lyrics, &other.lyrics);
        one(&mut self.track_gain, &other.track_gain);
        one(&mut self.album_gain, &other.album_gain);
    }

    /// Takes over what a source says in pairs, where nobody said it yet: `genre` (several with
    /// `;` between them), `label`, `upc`, `track_total`, `disc_total`, `date`, `release_mbid`.
    pub fn fill_from(&mut self, extra: &[(String, String)]) {
        for (key, value) in extra {
            let text = printable(value);
            let count = || text.parse().ok().filter(|count| *count > 0);
            match key.as_str() {
                _ if text.is_empty() => {}
                extra::GENRE if self.genres.is_empty() => {
                    let genres = text.split(';').map(str::trim);
                    let genres = genres.filter(|genre| !genre.is_empty());
                    self.genres = genres.map(str::to_owned).collect();
                }
                extra::LABEL => fill(&mut self.label, Some(text)),
                extra::UPC => fill(&mut self.upc, Some(text).filter(|code| is_code(code))),
                extra::TRACK_TOTAL => fill(&mut self.track_total, count()),
                extra::DISC_TOTAL => fill(&mut self.disc_total, count()),
                extra::DATE => fill(&mut self.date, Some(text).filter(|date| is_date(date))),
                extra::RELEASE_MBID => fill(&mut self.release_mbid, Some(text)),
                _ => {}
            }
        }
    }
}

fn fill<T>(known: &mut Option<T>, said: Option<T>) {
    if known.is_none() {
        *known = said;
    }
}

/// A barcode: 8 to 14 digits.
pub(super) fn is_code(text: &str) -> bool {
    (8..=14).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Tags {
    /// Whether these say everything that `other` says, in the same words.
    pub fn say_all_of(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(mine: &Option<T>, other: &Option<T>) -> bool {
            other.is_none() || mine == other
        }
        (other.artists.is_empty() || self.artists == other.artists)
            && same(&self.title, &other.title)
            && same(&self.album, &other.album)
            && same(&self.album_artist, &other.album_artist)
            && same(&self.track_number, &other.track_number)
            && same(&self.track_total, &other.track_total)
            && same(&self.disc_number, &other.disc_number)
            && same(&self.date, &other.date)
            && same(&self.isrc, &other.isrc)
            && same(&self.recording_mbid, &other.recording_mbid)
            && same(&self.explicit, &other.explicit)
            && same(&self.disc_total, &other.disc_total)
            && (other.genres.is_empty() || self.genres == other.genres)
            && same(&self.label, &other.label)
            && same(&self.upc, &other.upc)
            && same(&self.release_mbid, &other.release_mbid)
            && same(&self.compilation, &other.compilation)
            && same(&self.comment, &other.comment)
            && same(&self.lyrics, &other.lyrics)
            && same(&self.track_gain, &other.track_gain)
            && same(&self.album_gain, &other.album_gain)
    }
}

/// Without control characters: a zero would split a value in two, a newline starts a line in
/// players that show one.
pub(super) fn printable(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    spaced.trim().to_owned()
}

/// `1987`, `1987-04` or `1987-04-01`. Anything else would be refused by one tag format and
/// stored as it is by another.
pub(super) fn is_date(text: &str) -> bool {
    let lengths = [4, 2, 2];
    let parts: Vec<&str> = text.split('-').collect();
    let digits =
        |(part, len): (&&str, usize)| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() <= lengths.len() && parts.iter().zip(lengths).all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::TrackId;

    #[test]
    fn nothing_that_would_confuse_a_reader_is_taken_over() {
        let mut track = Track::new(TrackId::spotify("x"), "One\nTwo\0");
        track.artists = vec!["A".into(), " ".into(), "B\u{7}".into()];
        track.album = Some(String::new());
        track.track_number = Some(0);
        track.release_date = Some("spring 1987".into());
        let tags = Tags::from_track(&track);
        assert_eq!(tags.title.as_deref(), Some("One Two"));
        assert_eq!(tags.artists, ["A", "B"]);
        assert_eq!(
            (tags.album, tags.track_number, tags.date),
            (None, None, None)
        );
    }

    #[test]
    fn a_date_has_a_year_and_maybe_more() {
        for (text, valid) in [
            ("1987", true),
            ("1987-04", true),
            ("1987-04-01", true),
            ("1987-4", false),
            ("87", false),
            ("1987-04-01T00:00", false),
            ("", false),
        ] {
            assert_eq!(is_date(text), valid, "{text}");
        }
    }
}
