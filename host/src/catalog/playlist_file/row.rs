//! What the cells of one row say of a recording.

use csv::StringRecord;

use super::Limits;
use super::artists::{self, Joiner};
use super::columns::{Column, Dialect, Head};
use super::plain::too_long;
use super::report::{Doubt, Report, no_music, untitled};
use crate::catalog::facts::{Facts, clock_ms, is_missing, is_nobody, one_line};
use crate::catalog::link::{Link, LinkKind, is_uuid};
use crate::catalog::words::split_mark;
use crate::config::wanted::WantedKind;
use crate::music::Isrc;

/// One row, and how its table is to be read.
pub(super) struct Row<'a> {
    pub(super) cells: &'a StringRecord,
    pub(super) head: &'a Head,
    pub(super) joiner: Joiner,
}

impl<'a> Row<'a> {
    /// The cell of that column; `None` if it is empty.
    pub(super) fn get(&self, column: Column) -> Option<&'a str> {
        first_cell(self.cells, self.head, column)
    }

    /// The same, without the words that stand for nothing.
    fn known(&self, column: Column) -> Option<&'a str> {
        self.get(column).filter(|cell| !is_missing(cell))
    }

    /// What the row says, or why it says nothing of a track.
    pub(super) fn facts(
        &self,
        line: u64,
        limits: Limits,
        report: &mut Report,
    ) -> Result<Facts, String> {
        let longest = self.cells.iter().map(str::len).max().unwrap_or(0);
        if longest > limits.max_cell {
            return Err(too_long(longest));
        }
        if let Some(reason) = self.known(Column::Type).and_then(no_track_type) {
            return Err(reason.to_owned());
        }
        let link = self.link();
        if let Some(reason) = link.as_ref().and_then(no_music) {
            return Err(reason.to_owned());
        }
        let Some(title) = self.title() else {
            return Err(link.map_or_else(|| "no title".to_owned(), |link| untitled(&link)));
        };
        if self
            .cells
            .iter()
            .skip(self.head.width)
            .any(|cell| !cell.trim().is_empty())
        {
            report.doubt(line, Doubt::ExtraCells);
        }
        let mut facts = Facts {
            artists: self.artists(),
            album: self.known(Column::Album).map(one_line),
            album_artist: self.album_artist(),
            track_number: self.known(Column::TrackNumber).and_then(count),
            disc_number: self.known(Column::DiscNumber).and_then(count),
            duration_ms: self.duration_ms(),
            isrc: self.isrc(line, report),
            recording_mbid: self.recording_mbid(link.as_ref()),
            release_date: self.known(Column::ReleaseDate).and_then(date),
            explicit: self.known(Column::Explicit).and_then(flag),
            genres: self.genres(),
            label: self.known(Column::Label).map(one_line),
            ..Facts::default()
        };
        match link {
            Some(link) if link.kind == LinkKind::Track && link.catalog == "spotify" => {
                facts.spotify_id = Some(link.id);
            }
            Some(_) | None => facts.url = self.address(),
        }
        facts.title = match self.title_of_a_video(title, &facts) {
            Some((artist, title)) => {
                facts.artists = vec![artist.to_owned()];
                one_line(title)
            }
            None => one_line(title),
        };
        Ok(facts)
    }

    /// Songs are called like anything; only exporters that write `undefined` for nothing
    /// mean it.
    fn title(&self) -> Option<&'a str> {
        let title = self.get(Column::Title)?;
        match self.head.dialect {
            Dialect::ExportifyApp | Dialect::ExportifyNet { .. } if title == "undefined" => None,
            Dialect::ExportifyApp | Dialect::ExportifyNet { .. } | Dialect::Other => Some(title),
        }
    }

    /// Lists made of videos have `Artist - Title` as title, and nothing else.
    fn title_of_a_video<'t>(&self, title: &'t str, facts: &Facts) -> Option<(&'t str, &'t str)> {
        let only_title = self.head.has(Column::Artists)
            && self.get(Column::Artists).is_none()
            && facts.album.is_none();
        if only_title { split_mark(title) } else { None }
    }

    /// Exporters join them by commas; none has one in its name.
    fn genres(&self) -> Vec<String> {
        let cell = self.known(Column::Genres).unwrap_or_default();
        let genres = cell.split([',', ';']).map(one_line);
        genres.filter(|genre| !genre.is_empty()).collect()
    }

    fn artists(&self) -> Vec<String> {
        match self.known(Column::Artists).filter(|cell| !is_nobody(cell)) {
            Some(cell) => {
                artists::split(&one_line(cell), self.joiner, self.known(Column::ArtistIds))
            }
            None => Vec::new(),
        }
    }

    /// `Various Artists` does mean something for an album; `Unknown Artist` does not.
    fn album_artist(&self) -> Option<String> {
        let cell = self.known(Column::AlbumArtist)?;
        let various = cell.eq_ignore_ascii_case("Various Artists");
        (various || !is_nobody(cell)).then(|| match self.joiner {
            Joiner::EscapedComma => artists::unescaped(&one_line(cell)),
            Joiner::None | Joiner::Semicolon | Joiner::Comma => one_line(cell),
        })
    }

    /// The row's page at a catalog, Spotify's before others.
    fn link(&self) -> Option<Link> {
        let mut links = all_cells(self.cells, self.head, Column::Link)
            .filter_map(|cell| Link::parse_as(cell, WantedKind::Song))
            .peekable();
        let first = links.peek().cloned();
        links.find(|link| link.catalog == "spotify").or(first)
    }

    /// The first cell that can be opened in a browser.
    fn address(&self) -> Option<String> {
        all_cells(self.cells, self.head, Column::Link)
            .find(|cell| cell.starts_with("https://") || cell.starts_with("http://"))
            .map(str::to_owned)
    }

    fn isrc(&self, line: u64, report: &mut Report) -> Option<Isrc> {
        let cell = self.known(Column::Isrc)?;
        let isrc = Isrc::parse(cell.trim_start_matches('\'')).ok();
        if isrc.is_none() {
            report.doubt(line, Doubt::NoIsrc);
        }
        isrc
    }

    fn recording_mbid(&self, link: Option<&Link>) -> Option<String> {
        let linked = link
            .filter(|link| link.catalog == "musicbrainz" && link.kind == LinkKind::Track)
            .map(|link| link.id.clone());
        let cell = self
            .known(Column::RecordingMbid)
            .filter(|cell| is_uuid(cell));
        linked.or_else(|| cell.map(str::to_ascii_lowercase))
    }

    fn duration_ms(&self) -> Option<u64> {
        /// A plain number above it is milliseconds: as seconds it would be three hours.
        const MOST_SECONDS: u64 = 10_000;
        if let Some(cell) = self.known(Column::DurationMs) {
            return amount(cell);
        }
        if let Some(cell) = self.known(Column::DurationSeconds) {
            return clock_ms(cell).or_else(|| amount(cell)?.checked_mul(1000));
        }
        let cell = self.known(Column::Duration)?;
        clock_ms(cell).or_else(|| match amount(cell)? {
            seconds @ ..=MOST_SECONDS => Some(seconds * 1000),
            ms => Some(ms),
        })
    }
}

/// Why a row of that type is no track. Exporters put the name of the list there as well.
fn no_track_type(cell: &str) -> Option<&'static str> {
    match cell.to_ascii_lowercase().as_str() {
        "album" => Some("a whole album; give it as an entry of its own"),
        "artist" => Some("an artist; give it as an entry of its own"),
        "episode" | "podcast" | "show" => Some("a podcast, not music"),
        "audiobook" | "chapter" => Some("an audiobook, not music"),
        "video" | "movie" => Some("a video, not a track"),
        _ => None,
    }
}

/// A whole number above 0, perhaps written with a fraction.
fn amount(cell: &str) -> Option<u64> {
    let whole = match cell.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => whole,
        Some(_) | None => cell,
    };
    whole.parse().ok().filter(|&number| number > 0)
}

fn count(cell: &str) -> Option<u32> {
    u32::try_from(amount(cell)?).ok()
}

fn flag(cell: &str) -> Option<bool> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// `1987`, `1987-04` or `1987-04-01`, the time of day cut off. Spotify writes `0000` for a
/// year it does not know.
fn date(cell: &str) -> Option<String> {
    let day = cell.split(['T', ' ']).next()?;
    let shaped = matches!(day.len(), 4 | 7 | 10)
        && day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    (shaped && !day.starts_with("0000")).then(|| day.to_owned())
}

/// The first cell of that column with something in it; a header may name a column twice.
pub(super) fn first_cell<'a>(
    cells: &'a StringRecord,
    head: &Head,
    wanted: Column,
) -> Option<&'a str> {
    all_cells(cells, head, wanted).next()
}

fn all_cells<'a>(
    cells: &'a StringRecord,
    head: &Head,
    wanted: Column,
) -> impl Iterator<Item = &'a str> {
    head.columns
        .iter()
        .filter(move |&&(column, _)| column == wanted)
        .filter_map(|&(_, at)| cells.get(at))
        .map(as_typed)
        .filter(|cell| !cell.is_empty())
}

/// Without what a spreadsheet puts around a cell so that it stays text: `="..."`, and an
/// apostrophe in front of what it would compute. Titles keep theirs: `'Til Dawn`.
fn as_typed(cell: &str) -> &str {
    let cell = cell.trim();
    if let Some(inside) = cell
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
    {
        return inside.trim();
    }
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        Some(_) | None => cell,
    }
}
