//! Vorbis comments, of FLAC and Ogg: fields of any name, repeated for several values.
//! Names as used by MusicBrainz Picard (picard-docs.musicbrainz.org, "Tag Mapping").

use lofty::ogg::tag::VorbisComments;

use super::Tags;
use super::gain::{self, Gain};

const ADVISORY: &str = "ITUNESADVISORY";
const TRACK_R128: &str = "R128_TRACK_GAIN";
const ALBUM_R128: &str = "R128_ALBUM_GAIN";

/// Other names of the same fact that would contradict the new one.
const ALIASES: [(&str, &[&str]); 5] = [
    ("ALBUMARTIST", &["ALBUM ARTIST"]),
    ("DATE", &["YEAR"]),
    ("TRACKTOTAL", &["TOTALTRACKS"]),
    ("DISCTOTAL", &["TOTALDISCS"]),
    ("COMMENT", &["DESCRIPTION"]),
];

/// Writes what `tags` knows and leaves the rest.
pub(super) fn write(comments: &mut VorbisComments, tags: &Tags) {
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    keep_totals(comments);
    set(comments, "TITLE", tags.title.as_slice());
    set(comments, "ARTIST", &tags.artists);
    // The same list under another name, as some taggers keep it.
    if comments.get("ARTISTS").is_some() {
        set(comments, "ARTISTS", &tags.artists);
    }
    set(comments, "ALBUM", tags.album.as_slice());
    set(comments, "ALBUMARTIST", tags.album_artist.as_slice());
    set(
        comments,
        "TRACKNUMBER",
        number(tags.track_number).as_slice(),
    );
    set(comments, "TRACKTOTAL", number(tags.track_total).as_slice());
    set(comments, "DISCNUMBER", number(tags.disc_number).as_slice());
    set(comments, "DATE", tags.date.as_slice());
    set(comments, "ISRC", tags.isrc.as_slice());
    set(
        comments,
        "MUSICBRAINZ_TRACKID",
        tags.recording_mbid.as_slice(),
    );
    let flag = |flag: Option<bool>| flag.map(|flag| u8::from(flag).to_string());
    set(comments, ADVISORY, flag(tags.explicit).as_slice());
    set(comments, "DISCTOTAL", number(tags.disc_total).as_slice());
    set(comments, "GENRE", &tags.genres);
    set(comments, "LABEL", tags.label.as_slice());
    set(comments, "BARCODE", tags.upc.as_slice());
    set(
        comments,
        "MUSICBRAINZ_ALBUMID",
        tags.release_mbid.as_slice(),
    );
    set(comments, "COMPILATION", flag(tags.compilation).as_slice());
    set(comments, "COMMENT", tags.comment.as_slice());
    set(comments, "LYRICS", tags.lyrics.as_slice());
    for (name, value) in gain::fields(tags) {
        set(comments, name, &[value]);
    }
}

/// The same for Opus, where loudness has fields of its own (RFC 7845, section 5.2.1).
pub(super) fn write_opus(comments: &mut VorbisComments, tags: &Tags) {
    let others = Tags {
        track_gain: None,
        album_gain: None,
        ..tags.clone()
    };
    write(comments, &others);
    for (name, gain) in [(TRACK_R128, tags.track_gain), (ALBUM_R128, tags.album_gain)] {
        set(comments, name, gain.map(|gain| gain.to_r128()).as_slice());
    }
}

/// Reads what [`write_opus`] writes.
pub(super) fn read_opus(comments: &VorbisComments) -> Tags {
    let gain = |name| Gain::of_r128(comments.get(name)?);
    let mut tags = read(comments);
    tags.track_gain = gain(TRACK_R128).or(tags.track_gain);
    tags.album_gain = gain(ALBUM_R128).or(tags.album_gain);
    tags
}

/// Reads what [`write()`] writes.
pub(super) fn read(comments: &VorbisComments) -> Tags {
    let text = |key: &str| comments.get(key).map(str::to_owned);
    let number = |key: &str| {
        let value = comments.get(key)?;
        value.split('/').next()?.trim().parse().ok()
    };
    Tags {
        title: text("TITLE"),
        artists: comments.get_all("ARTIST").map(str::to_owned).collect(),
        album: text("ALBUM"),
        album_artist: text("ALBUMARTIST"),
        track_number: number("TRACKNUMBER"),
        track_total: number("TRACKTOTAL").or_else(|| number("TOTALTRACKS")),
        disc_number: number("DISCNUMBER"),
        date: text("DATE"),
        isrc: text("ISRC"),
        recording_mbid: text("MUSICBRAINZ_TRACKID"),
        explicit: text(ADVISORY).map(|value| value == "1"),
        disc_total: number("DISCTOTAL").or_else(|| number("TOTALDISCS")),
        genres: comments.get_all("GENRE").map(str::to_owned).collect(),
        label: text("LABEL"),
        upc: text("BARCODE"),
        release_mbid: text("MUSICBRAINZ_ALBUMID"),
        compilation: text("COMPILATION").map(|value| value == "1"),
        comment: text("COMMENT"),
        lyrics: text("LYRICS"),
        track_gain: gain::parse(text(gain::TRACK.0), text(gain::TRACK.1)),
        album_gain: gain::parse(text(gain::ALBUM.0), text(gain::ALBUM.1)),
    }
}

/// Replaces all values of a field; nothing known, nothing changed.
fn set(comments: &mut VorbisComments, key: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    let aliases = ALIASES.iter().find(|(name, _)| *name == key);
    for name in aliases.map_or(&[][..], |(_, aliases)| aliases) {
        drop(comments.remove(name));
    }
    drop(comments.remove(key));
    for value in values {
        comments.push(key.to_owned(), value.clone());
    }
}

/// A number of the form `3/12` holds a total that would be lost with it.
fn keep_totals(comments: &mut VorbisComments) {
    for (number, total) in [("TRACKNUMBER", "TRACKTOTAL"), ("DISCNUMBER", "DISCTOTAL")] {
        let found = comments
            .get(number)
            .and_then(|value| value.split_once('/'))
            .map(|(_, total)| total.trim().to_owned());
        if let Some(found) = found.filter(|_| comments.get(total).is_none()) {
            comments.push(total.to_owned(), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_inside_a_number_is_kept_and_other_names_of_a_fact_go() {
        let mut comments = VorbisComments::new();
        for (key, value) in [
            ("tracknumber", "7/9"),
            ("YEAR", "1950"),
            ("Album Artist", "Old"),
            ("artists", "Old"),
            ("genre", "Polka"),
        ] {
            comments.push(key.to_owned(), value.to_owned());
        }
        let tags = Tags {
            artists: vec!["A".into(), "B".into()],
            album_artist: Some("New".into()),
            track_number: Some(8),
            date: Some("1987".into()),
            ..Tags::default()
        };
        write(&mut comments, &tags);
        let mut items: Vec<_> = comments.items().collect();
        items.sort_unstable();
        let expected = [
            ("ALBUMARTIST", "New"),
            ("ARTIST", "A"),
            ("ARTIST", "B"),
            ("ARTISTS", "A"),
            ("ARTISTS", "B"),
            ("DATE", "1987"),
            ("TRACKNUMBER", "8"),
            ("TRACKTOTAL", "9"),
            ("genre", "Polka"),
        ];
        assert_eq!(items, expected);
    }
}
