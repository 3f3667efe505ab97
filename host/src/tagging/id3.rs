//! ID3v2.4 frames, of MP3, WAV, AIFF and bare AAC: several values stand in one frame, with
//! zeros between them (id3.org, "ID3 tag version 2.4.0 - Native Frames", section 4.2).

use std::borrow::Cow;

use lofty::TextEncoding;
use lofty::id3::v2::{
    Frame, FrameId, Id3v2Tag, TextInformationFrame, TimestampFrame, UniqueFileIdentifierFrame,
    UnsynchronizedTextFrame,
};
use lofty::tag::Accessor;
use lofty::tag::items::UNKNOWN_LANGUAGE;

use super::{Tags, gain};

/// Owner of the frame with the recording's id; see Picard's tag mapping.
const MUSICBRAINZ: &str = "http://musicbrainz.org";

const ADVISORY: &str = "ITUNESADVISORY";
const BARCODE: &str = "BARCODE";
const RELEASE: &str = "MusicBrainz Album Id";

/// Writes what `tags` knows and leaves the rest.
pub(super) fn write(tag: &mut Id3v2Tag, tags: &Tags) {
    set(tag, "TIT2", tags.title.clone());
    let artists = (!tags.artists.is_empty()).then(|| tags.artists.join("\0"));
    if tag.get_user_text("ARTISTS").is_some()
        && let Some(artists) = &artists
    {
        tag.insert_user_text("ARTISTS".to_owned(), artists.clone());
    }
    set(tag, "TPE1", artists);
    set(tag, "TALB", tags.album.clone());
    set(tag, "TPE2", tags.album_artist.clone());
    let track = of_total(tag, "TRCK", tags.track_number, tags.track_total);
    set(tag, "TRCK", track);
    let disc = of_total(tag, "TPOS", tags.disc_number, tags.disc_total);
    set(tag, "TPOS", disc);
    // As numbers: for ID3v2.3 the tag library makes other frames of them, and drops a text.
    if let Some(date) = tags.date.as_deref().and_then(|date| date.parse().ok()) {
        drop(tag.remove(&id("TDRC")));
        let frame = TimestampFrame::new(id("TDRC"), TextEncoding::Latin1, date);
        tag.insert(Frame::Timestamp(frame));
    }
    set(tag, "TSRC", tags.isrc.clone());
    if let Some(id) = &tags.recording_mbid {
        tag.retain(|frame| !is_recording_id(frame));
        let frame = UniqueFileIdentifierFrame::new(MUSICBRAINZ, id.clone().into_bytes());
        tag.insert(Frame::UniqueFileIdentifier(frame));
    }
    if let Some(explicit) = tags.explicit {
        tag.insert_user_text(ADVISORY.to_owned(), u8::from(explicit).to_string());
    }
    let genres = (!tags.genres.is_empty()).then(|| tags.genres.join("\0"));
    set(tag, "TCON", genres);
    set(tag, "TPUB", tags.label.clone());
    let compilation = tags.compilation.map(|flag| u8::from(flag).to_string());
    set(tag, "TCMP", compilation);
    for (name, value) in [(BARCODE, &tags.upc), (RELEASE, &tags.release_mbid)] {
        if let Some(value) = value {
            tag.insert_user_text(name.to_owned(), value.clone());
        }
    }
    for (name, value) in gain::fields(tags) {
        tag.insert_user_text(name.to_owned(), value);
    }
    if let Some(comment) = &tags.comment {
        tag.set_comment(comment.clone());
    }
    if let Some(lyrics) = &tags.lyrics {
        tag.retain(|frame| !matches!(frame, Frame::UnsynchronizedText(_)));
        // Nobody says in which language they sing.
        let frame =
            UnsynchronizedTextFrame::new(TextEncoding::UTF8, UNKNOWN_LANGUAGE, "", lyrics.clone());
        tag.insert(Frame::UnsynchronizedText(frame));
    }
}

/// For ID3v2.3, where a text has no second value: what follows a zero is lost on players.
pub(super) fn join_values(tag: &mut Id3v2Tag) {
    let several = |frame: &Frame<'_>| match frame {
        Frame::Text(text) if text.value.contains('\0') => {
            Some((frame.id_str().to_owned(), text.value.replace('\0', "/")))
        }
        _ => None,
    };
    let joined: Vec<_> = (&*tag).into_iter().filter_map(several).collect();
    for (name, value) in joined {
        let id = FrameId::Valid(Cow::Owned(name));
        let frame = TextInformationFrame::new(id, TextEncoding::UTF8, value);
        tag.insert(Frame::Text(frame));
    }
}

/// Reads what [`write()`] writes.
pub(super) fn read(tag: &Id3v2Tag) -> Tags {
    let text = |name: &'static str| text_of(tag, name);
    let (track_number, track_total) = numbers(text("TRCK"));
    let (disc_number, disc_total) = numbers(text("TPOS"));
    let own = |name: &str| tag.get_user_text(name).map(str::to_owned);
    let several = |name: &'static str| -> Vec<String> {
        let all = text(name).unwrap_or_default();
        let values = all.split('\0').filter(|value| !value.is_empty());
        values.map(str::to_owned).collect()
    };
    let recording_mbid = tag.into_iter().find_map(|frame| match frame {
        Frame::UniqueFileIdentifier(id) if is_recording_id(frame) => {
            String::from_utf8(id.identifier.to_vec()).ok()
        }
        _ => None,
    });
    Tags {
        title: text("TIT2"),
        artists: several("TPE1"),
        album: text("TALB"),
        album_artist: text("TPE2"),
        track_number,
        track_total,
        disc_number,
        disc_total,
        date: text("TDRC"),
        isrc: text("TSRC"),
        recording_mbid,
        explicit: tag.get_user_text(ADVISORY).map(|value| value == "1"),
        genres: several("TCON"),
        label: text("TPUB"),
        upc: own(BARCODE),
        release_mbid: own(RELEASE),
        compilation: text("TCMP").map(|value| value == "1"),
        comment: tag.comment().map(|text| text.into_owned()),
        lyrics: tag
            .unsync_text()
            .next()
            .map(|text| text.content.to_string()),
        track_gain: gain::parse(own(gain::TRACK.0), own(gain::TRACK.1)),
        album_gain: gain::parse(own(gain::ALBUM.0), own(gain::ALBUM.1)),
    }
}

fn id(name: &'static str) -> FrameId<'static> {
    FrameId::Valid(Cow::Borrowed(name))
}

/// Replaces a frame; nothing known, nothing changed.
fn set(tag: &mut Id3v2Tag, name: &'static str, value: Option<String>) {
    if let Some(value) = value {
        drop(tag.remove(&id(name)));
        let frame = TextInformationFrame::new(id(name), TextEncoding::UTF8, value);
        tag.insert(Frame::Text(frame));
    }
}

/// The text of a frame; a date is kept by the tag library as numbers.
fn text_of(tag: &Id3v2Tag, name: &'static str) -> Option<String> {
    match tag.get(&id(name))? {
        Frame::Text(frame) => Some(frame.value.to_string()),
        Frame::Timestamp(frame) => Some(frame.timestamp.to_string()),
        _ => None,
    }
}

/// `3/12`, with the total the file had if nobody knows a better one.
fn of_total(
    tag: &Id3v2Tag,
    name: &'static str,
    number: Option<u32>,
    total: Option<u32>,
) -> Option<String> {
    let (had_number, had_total) = numbers(text_of(tag, name));
    if number.is_none() && total.is_none() {
        return None;
    }
    let number = number.or(had_number).unwrap_or(0);
    Some(match total.or(had_total) {
        Some(total) => format!("{number}/{total}"),
        None => number.to_string(),
    })
}

fn numbers(text: Option<String>) -> (Option<u32>, Option<u32>) {
    let text = text.unwrap_or_default();
    let mut parts = text.split('/').map(|part| part.trim().parse().ok());
    (parts.next().flatten(), parts.next().flatten())
}

fn is_recording_id(frame: &Frame<'_>) -> bool {
    matches!(frame, Frame::UniqueFileIdentifier(id) if id.owner == MUSICBRAINZ)
}
