//! A track in few bytes, for plans of a million items.
//!
//! Spread out, a [`Track`] takes 370 bytes for its fields alone, most of which are empty, and
//! an allocation for each text. Packed, all it says stands end to end in one allocation.
//!
//! The form lives in memory only, so that it may change with every version. It begins with a
//! mark for each optional fact that is there. The facts follow in the order of
//! [`PackedTrack::unpack`]: numbers as LEB128, texts as their length and their bytes, lists as
//! their length and their texts.

use super::{Isrc, Track, TrackId};

/// A [`Track`] that takes little room and is spread out when it is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedTrack {
    /// The catalog's name of it.
    pub id: TrackId,
    facts: Box<[u8]>,
}

impl PackedTrack {
    /// Everything that was packed.
    pub fn unpack(&self) -> Track {
        let mut facts = self.facts();
        Track {
            id: self.id.clone(),
            title: facts.text().to_owned(),
            artists: facts.list(),
            album: facts.optional_text(),
            disc_number: facts.optional_small(),
            track_number: facts.optional_small(),
            album_artist: facts.optional_text(),
            duration_ms: facts.optional(Facts::number),
            isrc: facts.optional(|facts| Isrc::checked(facts.text())),
            recording_mbid: facts.optional_text(),
            release_date: facts.optional_text(),
            explicit: facts.optional(|facts| facts.number() != 0),
            track_total: facts.optional_small(),
            disc_total: facts.optional_small(),
            genres: facts.list(),
            label: facts.optional_text(),
            upc: facts.optional_text(),
            release_mbid: facts.optional_text(),
            url: facts.text().to_owned(),
        }
    }

    /// The track's title.
    pub fn title(&self) -> &str {
        self.facts().text()
    }

    /// The main artist; `None` when nobody is named.
    pub fn artist(&self) -> Option<&str> {
        let mut facts = self.facts();
        facts.text();
        facts.texts().next()
    }

    /// Length in milliseconds, as the catalog gives it.
    pub fn duration_ms(&self) -> Option<u64> {
        self.unpack().duration_ms
    }

    /// Main artist, album, disc and number on it: what plans are sorted by. What is missing is
    /// empty, or 0.
    pub fn sort_key(&self) -> (&str, &str, u32, u32) {
        let mut facts = self.facts();
        facts.text();
        let mut artists = facts.texts();
        let artist = artists.next().unwrap_or_default();
        artists.for_each(drop);
        (
            artist,
            facts.optional(Facts::text).unwrap_or_default(),
            facts.optional_small().unwrap_or(0),
            facts.optional_small().unwrap_or(0),
        )
    }

    fn facts(&self) -> Facts<'_> {
        let (marks, rest) = self
            .facts
            .split_first_chunk()
            .expect("what was packed begins with its marks");
        Facts {
            marks: u16::from_le_bytes(*marks),
            rest,
        }
    }
}

impl From<&Track> for PackedTrack {
    fn from(track: &Track) -> Self {
        let mut packing = Packing::default();
        packing.text(&track.title);
        packing.list(&track.artists);
        packing.optional_text(track.album.as_deref());
        packing.optional_number(track.disc_number);
        packing.optional_number(track.track_number);
        packing.optional_text(track.album_artist.as_deref());
        packing.optional_number(track.duration_ms);
        packing.optional_text(track.isrc.as_ref().map(Isrc::as_str));
        packing.optional_text(track.recording_mbid.as_deref());
        packing.optional_text(track.release_date.as_deref());
        packing.optional_number(track.explicit);
        packing.optional_number(track.track_total);
        packing.optional_number(track.disc_total);
        packing.list(&track.genres);
        packing.optional_text(track.label.as_deref());
        packing.optional_text(track.upc.as_deref());
        packing.optional_text(track.release_mbid.as_deref());
        packing.text(&track.url);
        Self {
            id: track.id.clone(),
            facts: packing.finish(),
        }
    }
}

impl From<Track> for PackedTrack {
    fn from(track: Track) -> Self {
        Self::from(&track)
    }
}

/// Bytes that most tracks need, so that one allocation is enough while they are packed.
const USUAL_BYTES: usize = 256;

struct Packing {
    marks: u16,
    next_mark: u16,
    bytes: Vec<u8>,
}

impl Default for Packing {
    fn default() -> Self {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        bytes.extend([0; 2]);
        Self {
            marks: 0,
            next_mark: 1,
            bytes,
        }
    }
}

impl Packing {
    fn number(&mut self, number: u64) {
        let mut rest = number;
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn list(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
    }

    fn optional_text(&mut self, text: Option<&str>) {
        self.mark(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn optional_number(&mut self, number: Option<impl Into<u64>>) {
        self.mark(number.is_some());
        if let Some(number) = number {
            self.number(number.into());
        }
    }

    fn mark(&mut self, there: bool) {
        if there {
            self.marks |= self.next_mark;
        }
        self.next_mark <<= 1;
    }

    fn finish(mut self) -> Box<[u8]> {
        self.bytes[..2].copy_from_slice(&self.marks.to_le_bytes());
        self.bytes.as_slice().into()
    }
}

/// Reads what [`Packing`] wrote, in the same order.
struct Facts<'a> {
    /// The lowest bit is the next optional fact's.
    marks: u16,
    rest: &'a [u8],
}

impl<'a> Facts<'a> {
    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.take(1)[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
        }
    }

    fn length(&mut self) -> usize {
        usize::try_from(self.number()).expect("it was the length of something in memory")
    }

    fn text(&mut self) -> &'a str {
        let length = self.length();
        std::str::from_utf8(self.take(length)).expect("it was packed as text")
    }

    /// The texts of a list, all of which have to be read before what comes after them.
    fn texts(&mut self) -> impl Iterator<Item = &'a str> {
        let count = self.length();
        (0..count).map(|_| self.text())
    }

    fn list(&mut self) -> Vec<String> {
        self.texts().map(str::to_owned).collect()
    }

    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let there = self.marks & 1 != 0;
        self.marks >>= 1;
        there.then(|| read(self))
    }

    fn optional_text(&mut self) -> Option<String> {
        self.optional(Self::text).map(str::to_owned)
    }

    fn optional_small(&mut self) -> Option<u32> {
        self.optional(Self::number)
            .map(|number| u32::try_from(number).expect("it was packed from 32 bits"))
    }

    fn take(&mut self, bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn full() -> Track {
        Track {
            id: TrackId::spotify("4uLU6hMCjMI75M1A2tKUQC"),
            title: "Für Elise (夜に駆ける)".to_owned(),
            artists: vec!["Søren Ångström".to_owned(), "Мумий Тролль".to_owned()],
            album: Some("Gänsehaut".to_owned()),
            album_artist: Some("Various Artists".to_owned()),
            track_number: Some(3),
            disc_number: Some(2),
            duration_ms: Some(u64::MAX),
            isrc: Some(Isrc::parse("GBAYE0601498").unwrap()),
            recording_mbid: Some("8f3471b5-7e6a-48da-86a9-c1c07a0f47ae".to_owned()),
            release_date: Some("1987-04-01".to_owned()),
            explicit: Some(false),
            track_total: Some(u32::MAX),
            disc_total: Some(0),
            genres: vec!["Zydeco".to_owned()],
            label: Some("x".repeat(300)),
            upc: Some("0602547924032".to_owned()),
            release_mbid: Some("mbid".to_owned()),
            url: "https://example.org/1".to_owned(),
        }
    }

    #[test]
    fn a_track_comes_out_as_it_went_in() {
        let bare = Track::new(TrackId::text("0"), "");
        for track in [full(), bare] {
            assert_eq!(PackedTrack::from(&track).unpack(), track);
        }
    }

    #[test]
    fn what_is_asked_for_most_is_read_without_unpacking() {
        let packed = PackedTrack::from(full());
        assert_eq!(packed.title(), full().title);
        assert_eq!(packed.artist(), Some("Søren Ångström"));
        assert_eq!(packed.sort_key(), ("Søren Ångström", "Gänsehaut", 2, 3));
        let bare = PackedTrack::from(Track::new(TrackId::text("0"), "Owls"));
        assert_eq!((bare.title(), bare.artist()), ("Owls", None));
        assert_eq!(bare.sort_key(), ("", "", 0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn each_fact_keeps_its_place_whichever_others_are_there(
            texts in prop::collection::vec(prop::option::of(".{0,200}"), 7),
            numbers in prop::collection::vec(prop::option::of(any::<u32>()), 4),
            artists in prop::collection::vec(".{0,20}", 0..4),
            duration_ms in prop::option::of(any::<u64>()),
            explicit in prop::option::of(any::<bool>()),
        ) {
            let track = Track {
                artists,
                album: texts[0].clone(),
                album_artist: texts[1].clone(),
                recording_mbid: texts[2].clone(),
                release_date: texts[3].clone(),
                label: texts[4].clone(),
                upc: texts[5].clone(),
                release_mbid: texts[6].clone(),
                track_number: numbers[0],
                disc_number: numbers[1],
                track_total: numbers[2],
                disc_total: numbers[3],
                duration_ms,
                explicit,
                ..Track::new(TrackId::text("0"), "Owls")
            };
            prop_assert_eq!(PackedTrack::from(&track).unpack(), track);
        }
    }
}
