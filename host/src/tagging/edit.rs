//! Tags that somebody types: `title=Bluebird`, `track=3/12`, `artist=Ann` once for each artist.

use super::Tags;

/// A tag by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Title,
    Artist,
    Album,
    AlbumArtist,
    Track,
    Disc,
    Date,
    Genre,
    Label,
    Isrc,
    Upc,
    RecordingMbid,
    ReleaseMbid,
    Compilation,
    Explicit,
    Comment,
    Lyrics,
}

/// In the order in which they are shown.
const NAMES: [(&str, Name); 17] = [
    ("title", Name::Title),
    ("artist", Name::Artist),
    ("album", Name::Album),
    ("albumartist", Name::AlbumArtist),
    ("track", Name::Track),
    ("disc", Name::Disc),
    ("date", Name::Date),
    ("genre", Name::Genre),
    ("label", Name::Label),
    ("isrc", Name::Isrc),
    ("upc", Name::Upc),
    ("recording_mbid", Name::RecordingMbid),
    ("release_mbid", Name::ReleaseMbid),
    ("compilation", Name::Compilation),
    ("explicit", Name::Explicit),
    ("comment", Name::Comment),
    ("lyrics", Name::Lyrics),
];

/// Why an assignment cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is no `=`, or nothing behind it.
    #[error("`{0}` is no tag with a value such as `title=Bluebird`; tags cannot be removed")]
    NoValue(String),
    /// No tag has that name.
    #[error("there is no tag `{name}`; there are {}", names())]
    UnknownName {
        /// What was typed.
        name: String,
    },
    /// The value is not of the kind that the tag has.
    #[error("`{name}` is `{value}`; it must be {must_be}")]
    BadValue {
        /// The tag.
        name: String,
        /// What was typed.
        value: String,
        /// What is accepted.
        must_be: &'static str,
    },
}

fn names() -> String {
    NAMES.map(|(name, _)| name).join(", ")
}

impl Tags {
    /// Takes over one assignment. Of tags with several values each assignment adds one.
    ///
    /// # Errors
    /// When it cannot be meant; nothing is changed then.
    pub fn assign(&mut self, assignment: &str) -> Result<(), EditError> {
        let parts = assignment
            .split_once('=')
            .map(|(n, v)| (n.trim(), v.trim()));
        let (name, value) = parts
            .filter(|(_, value)| !value.is_empty())
            .ok_or_else(|| EditError::NoValue(assignment.to_owned()))?;
        let known = NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        let Some((name, tag)) = known else {
            return Err(EditError::UnknownName {
                name: name.to_owned(),
            });
        };
        let bad = |must_be| EditError::BadValue {
            name: (*name).to_owned(),
            value: value.to_owned(),
            must_be,
        };
        let flag = || match value {
            "yes" | "true" | "1" => Ok(Some(true)),
            "no" | "false" | "0" => Ok(Some(false)),
            _ => Err(bad("`yes` or `no`")),
        };
        let text = Some(super::from_track::printable(value));
        match tag {
            Name::Title => self.title = text,
            Name::Artist => self.artists.extend(text),
            Name::Album => self.album = text,
            Name::AlbumArtist => self.album_artist = text,
            Name::Track => {
                let (number, total) = count(value).ok_or_else(|| bad("a number, or `3/12`"))?;
                self.track_number = Some(number);
                self.track_total = total.or(self.track_total);
            }
            Name::Disc => {
                let (number, total) = count(value).ok_or_else(|| bad("a number, or `1/2`"))?;
                self.disc_number = Some(number);
                self.disc_total = total.or(self.disc_total);
            }
            Name::Date => {
                let is_date = super::from_track::is_date(value);
                let date = text.filter(|_| is_date);
                self.date = Some(date.ok_or_else(|| bad("`1987`, `1987-04` or `1987-04-01`"))?);
            }
            Name::Genre => self.genres.extend(text),
            Name::Label => self.label = text,
            Name::Isrc => {
                let isrc = crate::music::Isrc::parse(value);
                let isrc = isrc.map_err(|_| bad("twelve characters such as `GBAYE0601498`"))?;
                self.isrc = Some(isrc.as_str().to_owned());
            }
            Name::Upc => {
                let is_code = super::from_track::is_code(value);
                self.upc = Some(
                    text.filter(|_| is_code)
                        .ok_or_else(|| bad("8 to 14 digits"))?,
                );
            }
            Name::RecordingMbid => {
                self.recording_mbid = Some(uuid(value).ok_or_else(|| bad(UUID))?)
            }
            Name::ReleaseMbid => self.release_mbid = Some(uuid(value).ok_or_else(|| bad(UUID))?),
            Name::Compilation => self.compilation = flag()?,
            Name::Explicit => self.explicit = flag()?,
            Name::Comment => self.comment = text,
            Name::Lyrics => self.lyrics = Some(value.to_owned()),
        }
        Ok(())
    }

    /// What they say, by the names that [`Self::assign`] knows and those it does not.
    pub fn shown(&self) -> Vec<(&'static str, String)> {
        let of = |number: Option<u32>, total: Option<u32>| match (number, total) {
            (Some(number), Some(total)) => Some(format!("{number}/{total}")),
            (Some(number), None) => Some(number.to_string()),
            (None, Some(total)) => Some(format!("-/{total}")),
            (None, None) => None,
        };
        let flag = |flag: Option<bool>| flag.map(|flag| if flag { "yes" } else { "no" }.to_owned());
        let mut shown = Vec::new();
        for (name, tag) in NAMES {
            let values: Vec<String> = match tag {
                Name::Title => self.title.iter().cloned().collect(),
                Name::Artist => self.artists.clone(),
                Name::Album => self.album.iter().cloned().collect(),
                Name::AlbumArtist => self.album_artist.iter().cloned().collect(),
                Name::Track => of(self.track_number, self.track_total)
                    .into_iter()
                    .collect(),
                Name::Disc => of(self.disc_number, self.disc_total).into_iter().collect(),
                Name::Date => self.date.iter().cloned().collect(),
                Name::Genre => self.genres.clone(),
                Name::Label => self.label.iter().cloned().collect(),
                Name::Isrc => self.isrc.iter().cloned().collect(),
                Name::Upc => self.upc.iter().cloned().collect(),
                Name::RecordingMbid => self.recording_mbid.iter().cloned().collect(),
                Name::ReleaseMbid => self.release_mbid.iter().cloned().collect(),
                Name::Compilation => flag(self.compilation).into_iter().collect(),
                Name::Explicit => flag(self.explicit).into_iter().collect(),
                Name::Comment => self.comment.iter().cloned().collect(),
                Name::Lyrics => self.lyrics.iter().cloned().collect(),
            };
            shown.extend(values.into_iter().map(|value| (name, value)));
        }
        for (name, gain) in [
            ("track_gain", self.track_gain),
            ("album_gain", self.album_gain),
        ] {
            shown.extend(gain.map(|gain| (name, gain.to_string())));
        }
        shown
    }
}

const UUID: &str = "a UUID such as `8f3471b5-7e6a-48da-86a9-c1c07a0f47ae`";

fn uuid(text: &str) -> Option<String> {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let fits = |(part, length): (&&str, usize)| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_one = parts.len() == lengths.len() && parts.iter().zip(lengths).all(fits);
    is_one.then(|| text.to_ascii_lowercase())
}

/// `3` or `3/12`, each from 1.
fn count(text: &str) -> Option<(u32, Option<u32>)> {
    let number = |text: &str| text.trim().parse().ok().filter(|number| *number > 0);
    match text.split_once('/') {
        Some((one, total)) => Some((number(one)?, Some(number(total)?))),
        None => Some((number(text)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_assigned_is_shown() {
        let mut tags = Tags::default();
        let given = [
            "title=A = B",
            "Artist=Ann",
            "artist=Ben",
            "album=First",
            "albumartist=Ann",
            "track=3/12",
            "disc=1",
            "date=1987-04",
            "genre=Folk",
            "label=Tiny",
            "isrc=GB-AYE-06-01498",
            "upc=0602445790128",
            "recording_mbid=8F3471B5-7e6a-48da-86a9-c1c07a0f47ae",
            "compilation=no",
            "explicit=yes",
            "comment=mine",
            "lyrics=La\nla",
        ];
        for assignment in given {
            tags.assign(assignment).unwrap();
        }
        let shown: Vec<String> = tags
            .shown()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let expected = given.map(|assignment| match assignment {
            "Artist=Ann" => "artist=Ann",
            "isrc=GB-AYE-06-01498" => "isrc=GBAYE0601498",
            "recording_mbid=8F3471B5-7e6a-48da-86a9-c1c07a0f47ae" => {
                "recording_mbid=8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
            }
            other => other,
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_can() {
        let mut tags = Tags::default();
        for (assignment, expected) in [
            ("title", "`title` is no tag with a value such as"),
            ("title= ", "tags cannot be removed"),
            (
                "titel=x",
                "there is no tag `titel`; there are title, artist,",
            ),
            ("track=0", "`track` is `0`; it must be a number, or `3/12`"),
            ("track=3/x", "it must be a number, or `3/12`"),
            ("date=spring", "it must be `1987`"),
            ("isrc=x", "it must be twelve characters"),
            ("upc=x", "it must be 8 to 14 digits"),
            ("release_mbid=x", "it must be a UUID"),
            ("explicit=maybe", "it must be `yes` or `no`"),
        ] {
            let error = tags.assign(assignment).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(tags, Tags::default());
    }
}
