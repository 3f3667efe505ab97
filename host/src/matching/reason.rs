//! A decision and everything it rests on, as data: `explain`, reports and scripts print the
//! same value.

use serde::Serialize;

use super::length::clock;

/// How well a hit fits, part by part, and what follows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The whole, 0 to 1: what hits are ranked by.
    pub total: f64,
    /// Titles, 0 to 1.
    pub title: f64,
    /// Best agreement of a wanted artist with a credited one, 0 to 1. `None` when nobody is
    /// wanted by name.
    pub artist: Option<f64>,
    /// 1 within the tolerance, falling to the border of what is one recording. `None` when
    /// one side does not know its length.
    pub duration: Option<f64>,
    /// 1 for the same album in any edition. `None` when one side does not know its album.
    pub album: Option<f64>,
    /// What is not quite the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
    /// What speaks for the hit in spite of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
    /// The id that decided, where both sides have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<Id>,
    /// What was decided.
    pub verdict: Verdict,
}

impl Score {
    /// Whether the hit may be taken.
    pub fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }
}

/// What a score means.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum Verdict {
    /// The wanted recording.
    Accepted,
    /// Not it, with the rule that decided.
    Refused(Refusal),
}

/// The rule by which a hit was refused. Shown, it is a clause that completes "refused: ".
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum Refusal {
    /// Shorter or longer than one recording can be; milliseconds.
    #[error("is {} long, {} is wanted", clock(*have_ms), clock(*want_ms))]
    Length {
        /// The hit's.
        have_ms: u64,
        /// The wanted one.
        want_ms: u64,
    },
    /// The hit is a version that is not wanted.
    #[error("another version: {}", words.join(", "))]
    AnotherVersion {
        /// What says so.
        words: Vec<String>,
    },
    /// The wanted version is none of the hit's.
    #[error("not the wanted version: {}", words.join(", "))]
    NotTheVersion {
        /// What is lacking.
        words: Vec<String>,
    },
    /// A part, number or episode of the same name.
    #[error("another part: {have}, {want} is wanted")]
    AnotherPart {
        /// The hit's numbers.
        have: String,
        /// The wanted ones.
        want: String,
    },
    /// Another song.
    #[error("another title: `{title}`")]
    AnotherTitle {
        /// The hit's.
        title: String,
    },
    /// Somebody else.
    #[error("another artist: {by}")]
    AnotherArtist {
        /// Who.
        by: String,
    },
    /// The same artist with other people: another recording of the same song.
    #[error("with other artists: {by}")]
    OtherGuests {
        /// Who is on the hit and not wanted.
        by: String,
    },
    /// Both have a MusicBrainz id, and they differ.
    #[error("another recording by its MusicBrainz id")]
    AnotherId,
    /// The recording codes differ, and not everything else is equal.
    #[error("another recording code, and not everything else agrees")]
    AnotherCode,
    /// More is doubtful than length and album can confirm.
    #[error("{}; length and album do not confirm it", shown(doubts))]
    Unconfirmed {
        /// What is doubtful.
        doubts: Vec<Doubt>,
    },
    /// Too few points in all.
    #[error("scores {total:.2}, and {needed:.2} is needed")]
    TooLittle {
        /// What it has.
        total: f64,
        /// What the user asks for.
        needed: f64,
    },
}

/// Something that is not quite the same. Each needs a [`Witness`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The title is a slip of the finger away.
    Spelling,
    /// A name is the other's in plain letters.
    Script,
    /// The wanted title has a note that the hit lacks: `(Ballad of the Harbor)`.
    Note,
    /// The hit's title has one, and it may be a version nobody has a word for: counts twice.
    Addition,
    /// The words stand in another order.
    Order,
    /// Only one name of a group, or the name of the group for one of them.
    Member,
    /// The artist's name is a slip of the finger away, or only a surname.
    ArtistSpelling,
    /// Nobody is named: counts twice.
    NobodyNamed,
    /// The wanted album is live, and the hit does not say what it is from.
    AlbumVersion,
}

impl Doubt {
    /// How many witnesses it takes.
    pub fn weight(self) -> usize {
        match self {
            Doubt::NobodyNamed | Doubt::Addition => 2,
            Doubt::Spelling
            | Doubt::Script
            | Doubt::Note
            | Doubt::Order
            | Doubt::Member
            | Doubt::ArtistSpelling
            | Doubt::AlbumVersion => 1,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Doubt::Spelling => "the title is spelled differently",
            Doubt::Script => "the name is in another script",
            Doubt::Note => "the wanted title says more",
            Doubt::Addition => "the title says more",
            Doubt::Order => "the words stand in another order",
            Doubt::Member => "only part of the artists",
            Doubt::ArtistSpelling => "the artist is spelled differently",
            Doubt::NobodyNamed => "no artist is named",
            Doubt::AlbumVersion => "the wanted album is another version",
        }
    }
}

fn shown(doubts: &[Doubt]) -> String {
    let said: Vec<&str> = doubts.iter().map(|doubt| doubt.as_str()).collect();
    said.join(", ")
}

/// What confirms a hit beside title and artist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The lengths are equal within the tolerance.
    Length,
    /// It is on the wanted album.
    Album,
}

/// An id that names the recording itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Id {
    /// International Standard Recording Code.
    Isrc,
    /// MusicBrainz recording.
    RecordingMbid,
}
