//! The tags of MP4: atoms with one or several values, and freeform ones by Apple's scheme.
//! Names as used by MusicBrainz Picard (picard-docs.musicbrainz.org, "Tag Mapping").

use std::borrow::Cow;

use lofty::mp4::{AdvisoryRating, Atom, AtomData, AtomIdent, Ilst};
use lofty::tag::Accessor;

use super::{Tags, gain};

const TITLE: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9nam");
const ARTIST: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9ART");
const ALBUM: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9alb");
const ALBUM_ARTIST: AtomIdent<'static> = AtomIdent::Fourcc(*b"aART");
const DATE: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9day");
const GENRE: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9gen");
const COMMENT: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9cmt");
const LYRICS: AtomIdent<'static> = AtomIdent::Fourcc(*b"\xa9lyr");
const COMPILATION: AtomIdent<'static> = AtomIdent::Fourcc(*b"cpil");

const fn freeform(name: &'static str) -> AtomIdent<'static> {
    AtomIdent::Freeform {
        mean: Cow::Borrowed("com.apple.iTunes"),
        name: Cow::Borrowed(name),
    }
}

const ISRC: AtomIdent<'static> = freeform("ISRC");
const RECORDING: AtomIdent<'static> = freeform("MusicBrainz Track Id");
const ARTISTS: AtomIdent<'static> = freeform("ARTISTS");
const LABEL: AtomIdent<'static> = freeform("LABEL");
const BARCODE: AtomIdent<'static> = freeform("BARCODE");
const RELEASE: AtomIdent<'static> = freeform("MusicBrainz Album Id");

/// Writes what `tags` knows and leaves the rest.
pub(super) fn write(ilst: &mut Ilst, tags: &Tags) {
    set(ilst, TITLE, tags.title.as_slice());
    set(ilst, ARTIST, &tags.artists);
    if ilst.get(&ARTISTS).is_some() {
        set(ilst, ARTISTS, &tags.artists);
    }
    set(ilst, ALBUM, tags.album.as_slice());
    set(ilst, ALBUM_ARTIST, tags.album_artist.as_slice());
    set(ilst, DATE, tags.date.as_slice());
    set(ilst, ISRC, tags.isrc.as_slice());
    set(ilst, RECORDING, tags.recording_mbid.as_slice());
    if let Some(number) = tags.track_number {
        ilst.set_track(number);
    }
    if let Some(total) = tags.track_total {
        ilst.set_track_total(total);
    }
    if let Some(number) = tags.disc_number {
        ilst.set_disk(number);
    }
    match tags.explicit {
        Some(true) => ilst.set_advisory_rating(AdvisoryRating::Explicit),
        Some(false) => ilst.set_advisory_rating(AdvisoryRating::Inoffensive),
        None => {}
    }
    if let Some(total) = tags.disc_total {
        ilst.set_disk_total(total);
    }
    set(ilst, GENRE, &tags.genres);
    set(ilst, LABEL, tags.label.as_slice());
    set(ilst, BARCODE, tags.upc.as_slice());
    set(ilst, RELEASE, tags.release_mbid.as_slice());
    set(ilst, COMMENT, tags.comment.as_slice());
    set(ilst, LYRICS, tags.lyrics.as_slice());
    if let Some(compilation) = tags.compilation {
        ilst.set_flag(COMPILATION, compilation);
    }
    for (name, value) in gain::fields(tags) {
        set(ilst, freeform(name), &[value]);
    }
}

/// Reads what [`write()`] writes.
pub(super) fn read(ilst: &Ilst) -> Tags {
    let text = |ident: &AtomIdent<'_>| values(ilst, ident).into_iter().next();
    let number = |n: Option<u32>| n.filter(|n| *n > 0);
    let gain_of = |(gain, peak): (&'static str, &'static str)| {
        gain::parse(text(&freeform(gain)), text(&freeform(peak)))
    };
    Tags {
        title: text(&TITLE),
        artists: values(ilst, &ARTIST),
        album: text(&ALBUM),
        album_artist: text(&ALBUM_ARTIST),
        track_number: number(ilst.track()),
        track_total: number(ilst.track_total()),
        disc_number: number(ilst.disk()),
        date: text(&DATE),
        isrc: text(&ISRC),
        recording_mbid: text(&RECORDING),
        explicit: ilst
            .advisory_rating()
            .map(|rating| rating == AdvisoryRating::Explicit),
        disc_total: number(ilst.disk_total()),
        genres: values(ilst, &GENRE),
        label: text(&LABEL),
        upc: text(&BARCODE),
        release_mbid: text(&RELEASE),
        compilation: ilst.get(&COMPILATION).map(|_| ilst.is_compilation()),
        comment: text(&COMMENT),
        lyrics: text(&LYRICS),
        track_gain: gain_of(gain::TRACK),
        album_gain: gain_of(gain::ALBUM),
    }
}

fn values(ilst: &Ilst, ident: &AtomIdent<'_>) -> Vec<String> {
    let data = ilst.get(ident).into_iter().flat_map(Atom::data);
    data.filter_map(|data| match data {
        AtomData::UTF8(text) | AtomData::UTF16(text) => Some(text.clone()),
        _ => None,
    })
    .collect()
}

/// Replaces an atom; nothing known, nothing changed.
fn set(ilst: &mut Ilst, ident: AtomIdent<'static>, values: &[String]) {
    let data = values.iter().cloned().map(AtomData::UTF8).collect();
    if let Some(atom) = Atom::from_collection(ident, data) {
        ilst.replace_atom(atom);
    }
}
