//! M3U and M3U8: paths and addresses, each perhaps with what it is called.

use super::path_hint::{self, PathHint};
use super::plain::too_long;
use super::report::{Doubt, Report, no_music, untitled};
use super::{FileError, Limits, Positions, numbered};
use crate::catalog::Entry;
use crate::catalog::facts::{Facts, one_line};
use crate::catalog::link::{Link, LinkKind};
use crate::catalog::words::split_mark;

/// The playlist's name, if it has one, and its rows.
pub(super) fn read(
    text: &str,
    limits: Limits,
    report: &mut Report,
) -> Result<(Option<String>, Vec<Entry>), FileError> {
    let mut list = List::default();
    let mut entries = Vec::new();
    let mut positions = Positions::new(limits);
    for (number, line) in numbered(text) {
        if line.starts_with('#') {
            list.directive(number, line, report)?;
            report.within(limits)?;
            continue;
        }
        let position = positions.next()?;
        let info = list.pending.take().map(|(_, info)| info);
        let facts = if line.len() > limits.max_cell {
            Err(too_long(line.len()))
        } else {
            list.facts(line, info)
        };
        match facts {
            Ok(facts) => {
                let track = facts.into_track();
                if track.artists.is_empty() {
                    report.doubt(number, Doubt::NoArtist);
                }
                entries.push(Entry {
                    track: track.into(),
                    position,
                    line: Some(number),
                });
            }
            Err(reason) => report.left_out(number, line, reason),
        }
    }
    list.forget_pending(report);
    Ok((list.name, entries))
}

/// What the lines so far say of the lines to come.
#[derive(Default)]
struct List {
    name: Option<String>,
    artist: Option<String>,
    album: Option<String>,
    /// The `#EXTINF` of the next entry, and its line.
    pending: Option<(u64, Info)>,
}

/// One `#EXTINF`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Info {
    duration_ms: Option<u64>,
    /// `Artist - Title`, only a title, or empty.
    text: String,
}

impl List {
    fn directive(&mut self, number: u64, line: &str, report: &mut Report) -> Result<(), FileError> {
        if tag(line, "#EXT-X-").is_some() {
            return Err(FileError::Unsupported {
                what: "an HLS stream, which is pieces of one recording and no list of tracks",
            });
        }
        let value = |text: &str| Some(one_line(text)).filter(|text| !text.is_empty());
        if let Some(rest) = tag(line, "#EXTINF:") {
            self.forget_pending(report);
            self.pending = Some((number, Info::parse(rest)));
        } else if let Some(rest) = tag(line, "#PLAYLIST:") {
            self.name = value(rest).or(self.name.take());
        } else if let Some(rest) = tag(line, "#EXTALB:") {
            self.album = value(rest);
        } else if let Some(rest) = tag(line, "#EXTART:") {
            self.artist = value(rest);
        }
        Ok(())
    }

    /// Reports an `#EXTINF` that no entry followed.
    fn forget_pending(&mut self, report: &mut Report) {
        if let Some((number, info)) = self.pending.take() {
            report.left_out(number, &info.text, "an #EXTINF line that no entry follows");
        }
    }

    /// What is known of the entry in that line.
    fn facts(&self, line: &str, info: Option<Info>) -> Result<Facts, String> {
        let link = Link::parse(line);
        if let Some(reason) = link.as_ref().and_then(no_music) {
            return Err(reason.to_owned());
        }
        let info = info.unwrap_or_default();
        let mut facts = match (&link, info.text.is_empty()) {
            (Some(link), true) => return Err(untitled(link)),
            (Some(_), false) => called(&info.text),
            (None, true) => hinted(line)?,
            (None, false) => merged(&info.text, path_hint::read(line))?,
        };
        facts.duration_ms = info.duration_ms;
        if facts.artists.is_empty() {
            facts.artists.extend(self.artist.clone());
        }
        facts.album = self.album.clone().or(facts.album);
        facts.album_artist = self.album.as_ref().and(self.artist.clone());
        match link {
            Some(link) if link.catalog == "spotify" && link.kind == LinkKind::Track => {
                facts.spotify_id = Some(link.id);
            }
            Some(_) => facts.url = Some(line.to_owned()),
            None => {}
        }
        Ok(facts)
    }
}

/// The rest of the line behind a tag, in any case.
fn tag<'a>(line: &'a str, tag: &str) -> Option<&'a str> {
    let start = line.get(..tag.len())?;
    start.eq_ignore_ascii_case(tag).then(|| &line[tag.len()..])
}

/// `Artist - Title`, or only a title.
fn called(text: &str) -> Facts {
    let (artist, title) = match split_mark(text) {
        Some((artist, title)) => (Some(artist.to_owned()), title),
        None => (None, text),
    };
    Facts {
        title: title.to_owned(),
        artists: artist.into_iter().collect(),
        ..Facts::default()
    }
}

/// A name, and what its path adds: nothing but where it plainly speaks of the same title.
fn merged(text: &str, hint: PathHint) -> Result<Facts, String> {
    let mut facts = called(text);
    match hint {
        PathHint::Track {
            artist,
            album,
            title,
            track_number,
        } => {
            if facts.artists.is_empty() && title.eq_ignore_ascii_case(&facts.title) {
                facts.artists.extend(artist);
                facts.album = album;
                facts.track_number = track_number;
            }
            Ok(facts)
        }
        PathHint::Bare(_) => Ok(facts),
        PathHint::Other(reason) => Err(reason.to_owned()),
    }
}

/// What a path alone says.
fn hinted(line: &str) -> Result<Facts, String> {
    match path_hint::read(line) {
        PathHint::Track {
            artist,
            album,
            title,
            track_number,
        } => Ok(Facts {
            title,
            artists: artist.into_iter().collect(),
            album,
            track_number,
            ..Facts::default()
        }),
        PathHint::Bare(name) if !line.contains("://") && split_mark(&name).is_some() => {
            Ok(called(&name))
        }
        PathHint::Bare(_) => Err("neither an audio file nor `Artist - Title`, \
                                  and no #EXTINF line says what it is"
            .to_owned()),
        PathHint::Other(reason) => Err(reason.to_owned()),
    }
}

impl Info {
    /// `SECONDS [key="value"...],TEXT`; every part may be missing.
    fn parse(rest: &str) -> Self {
        let mut quoted = false;
        let comma = rest
            .char_indices()
            .find(|&(_, c)| {
                quoted ^= c == '"';
                c == ',' && !quoted
            })
            .map(|(at, _)| at)
            // A quotation mark that is not closed hides every comma.
            .or_else(|| rest.find(','));
        let (left, text) = match comma {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        let first = left.split_whitespace().next().unwrap_or_default();
        let seconds = first.parse::<f64>();
        Self {
            duration_ms: seconds.as_ref().ok().and_then(|&seconds| ms(seconds)),
            text: match (seconds, comma) {
                // Some write the text where the seconds belong.
                (Err(_), None) => one_line(left),
                (Ok(_) | Err(_), _) => one_line(text),
            },
        }
    }
}

/// Longest length that is believed, in seconds: a day. Streams claim absurd ones.
const LONGEST: f64 = 86_400.0;

fn ms(seconds: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked in front of it"
    )]
    (seconds > 0.0 && seconds <= LONGEST).then(|| (seconds * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_begins_behind_the_first_comma_outside_quotes() {
        for (rest, duration_ms, text) in [
            ("215,Ann - Owl", Some(215_000), "Ann - Owl"),
            ("215.4,Ann - Owl", Some(215_400), "Ann - Owl"),
            ("-1,Ann - Owl", None, "Ann - Owl"),
            ("0,Ann - Owl", None, "Ann - Owl"),
            (",Owl", None, "Owl"),
            ("215", Some(215_000), ""),
            ("215,", Some(215_000), ""),
            ("", None, ""),
            ("Ann - Owl", None, "Ann - Owl"),
            (
                "215 logo=\"a,b\" x=\"1\",Ann, Ben - Owl",
                Some(215_000),
                "Ann, Ben - Owl",
            ),
            ("215 logo=\"a,Owl", Some(215_000), "Owl"),
            (
                "215,Ann - \"Owl, Wren\"",
                Some(215_000),
                "Ann - \"Owl, Wren\"",
            ),
            ("1e300,Owl", None, "Owl"),
            ("NaN,Owl", None, "Owl"),
        ] {
            let expected = Info {
                duration_ms,
                text: text.into(),
            };
            assert_eq!(Info::parse(rest), expected, "{rest}");
        }
    }
}
