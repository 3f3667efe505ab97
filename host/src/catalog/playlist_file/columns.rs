//! The header of a table: which column holds what, and which exporter wrote it.

use csv::{ReaderBuilder, StringRecord};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Title,
    Artists,
    ArtistIds,
    Album,
    AlbumArtist,
    ReleaseDate,
    DiscNumber,
    TrackNumber,
    DurationMs,
    DurationSeconds,
    /// A clock, seconds or milliseconds.
    Duration,
    Explicit,
    Genres,
    Label,
    Isrc,
    /// A link, URI or id at some catalog.
    Link,
    RecordingMbid,
    /// The playlist the row belongs to.
    Playlist,
    /// What the row is: `Playlist`, `Favorite`, `album`.
    Type,
}

/// Who wrote the table, as far as it changes how cells are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The Exportify of exportify.app.
    ExportifyApp,
    /// The Exportify of exportify.net. From the number of `Explicit` columns it is known
    /// whether it may be the newer one that joins artists by `;` (2026-01: none before May
    /// 2025, two that month, one since).
    ExportifyNet { joins_by_semicolon: bool },
    /// Anybody else.
    Other,
}

/// A header, and where the rows below it begin.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) columns: Vec<(Column, usize)>,
    /// Cells in the header.
    pub(super) width: usize,
    pub(super) delimiter: u8,
    /// Whether `\"` stands for a quotation mark inside a cell.
    pub(super) backslash: bool,
    pub(super) dialect: Dialect,
    /// Byte of the text at which the first row begins.
    pub(super) start: usize,
    /// Line in which the first row begins, from 1.
    pub(super) start_line: u64,
}

/// A longer line is no header.
const LONGEST_HEADER: usize = 16 << 10;

/// Lines in which a header may stand; some tables have a title above it.
const HEADER_LINES: usize = 2;

impl Head {
    /// The header of `text`. `called_csv`: its name says that there is one, so that a single
    /// column is enough.
    pub(super) fn find(text: &str, called_csv: bool) -> Option<Self> {
        let mut declared = None;
        let mut tried = 0;
        let mut start = 0;
        for (line, number) in text.split_inclusive('\n').zip(1_u64..) {
            start += line.len();
            let line = line.trim_end_matches('\n');
            if line.trim().is_empty() {
                continue;
            }
            if let Some(delimiter) = declared_delimiter(line) {
                declared = Some(delimiter);
                continue;
            }
            if tried == HEADER_LINES || line.len() > LONGEST_HEADER {
                return None;
            }
            tried += 1;
            let place = Place {
                rest: &text[start..],
                start,
                start_line: number + 1,
            };
            let head = match declared {
                Some(delimiter) => Self::read(line, delimiter, &place),
                None => b",;\t|"
                    .iter()
                    .map(|&delimiter| Self::read(line, delimiter, &place))
                    .max_by_key(|head| (head.columns.len(), head.width))?,
            };
            if head.is_usable(called_csv) {
                let backslash = head.dialect != Dialect::ExportifyApp
                    && escapes_quotes(place.rest, head.delimiter);
                return Some(Self { backslash, ..head });
            }
        }
        None
    }

    fn read(line: &str, delimiter: u8, place: &Place<'_>) -> Self {
        let cells = first_record(line, delimiter);
        let keys: Vec<String> = cells.iter().map(key).collect();
        let named = by_name(&keys);
        let has = |wanted| named.iter().any(|&(column, _)| column == wanted);
        let positional = !(has(Column::Title) && has(Column::Artists))
            && keys.len() >= EXPORTIFY_APP.len()
            && first_record(place.rest.trim_start(), delimiter)
                .get(0)
                .is_some_and(|cell| cell.starts_with("spotify:"));
        let (columns, dialect) = if positional {
            (by_position(), Dialect::ExportifyApp)
        } else {
            let dialect = dialect(&keys);
            (named, dialect)
        };
        Self {
            columns,
            width: keys.len(),
            delimiter,
            backslash: false,
            dialect,
            start: place.start,
            start_line: place.start_line,
        }
    }

    pub(super) fn has(&self, wanted: Column) -> bool {
        self.columns.iter().any(|&(column, _)| column == wanted)
    }

    /// Two known columns are a header; so is one in a file that says it is a table.
    fn is_usable(&self, called_csv: bool) -> bool {
        let names_tracks =
            self.has(Column::Title) || self.has(Column::Link) || self.has(Column::Isrc);
        names_tracks && (self.columns.len() >= 2 || called_csv)
    }
}

/// What lies below a line that may be a header.
struct Place<'a> {
    rest: &'a str,
    start: usize,
    start_line: u64,
}

/// The cells of the first row of `text`.
fn first_record(text: &str, delimiter: u8) -> StringRecord {
    // A row is not longer than this, and a reader that never finds its end stops here.
    let text = &text[..text.floor_char_boundary(LONGEST_HEADER)];
    let mut record = StringRecord::new();
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes())
        .read_record(&mut record)
        .expect("text in memory is UTF-8 and always readable");
    record
}

/// `sep=;`, with which spreadsheets declare the delimiter.
fn declared_delimiter(line: &str) -> Option<u8> {
    let line = line.trim_matches([' ', '"']);
    let prefix = line.get(..4)?;
    match line.as_bytes().get(4..)? {
        [delimiter] if prefix.eq_ignore_ascii_case("sep=") => Some(*delimiter),
        _ => None,
    }
}

/// Whether a backslash stands in front of quotation marks that do not end their cell.
fn escapes_quotes(text: &str, delimiter: u8) -> bool {
    text.match_indices("\\\"").any(|(at, mark)| {
        !matches!(
            text.as_bytes().get(at + mark.len()),
            None | Some(b'\n' | b'"')
        ) && text.as_bytes().get(at + mark.len()) != Some(&delimiter)
    })
}

/// A header cell as looked up: lower case, letters and digits only.
fn key(cell: &str) -> String {
    cell.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn by_name(keys: &[String]) -> Vec<(Column, usize)> {
    let mut columns: Vec<(Column, usize)> = keys
        .iter()
        .enumerate()
        .filter_map(|(at, key)| Some((column(key)?, at)))
        .collect();
    // `Track` and `Name` are titles in tables that have no better word for it; beside a
    // title, `Track` is a number.
    let titled = columns.iter().any(|&(column, _)| column == Column::Title);
    let at = |word: &str| keys.iter().position(|key| key == word);
    match (titled, at("track"), at("name")) {
        (true, Some(track), _) => columns.push((Column::TrackNumber, track)),
        (true, None, _) | (false, None, None) => {}
        (false, Some(title), _) | (false, None, Some(title)) => {
            columns.push((Column::Title, title));
        }
    }
    columns
}

fn column(key: &str) -> Option<Column> {
    Some(match key {
        "trackname" | "tracktitle" | "title" | "song" | "songname" | "songtitle" => Column::Title,
        "artist" | "artists" | "artistname" | "artistnames" | "trackartist" | "trackartists" => {
            Column::Artists
        }
        "artisturi" | "artisturis" => Column::ArtistIds,
        "album" | "albumname" | "albumtitle" => Column::Album,
        "albumartist" | "albumartists" | "albumartistname" | "albumartistnames" => {
            Column::AlbumArtist
        }
        "releasedate" | "albumreleasedate" | "year" => Column::ReleaseDate,
        "discnumber" | "discno" | "disc" => Column::DiscNumber,
        "tracknumber" | "trackno" => Column::TrackNumber,
        "durationms" | "trackdurationms" | "lengthms" => Column::DurationMs,
        "durations" | "durationsec" | "durationseconds" | "durationinseconds" | "lengthseconds" => {
            Column::DurationSeconds
        }
        "duration" | "trackduration" | "length" | "time" => Column::Duration,
        "explicit" => Column::Explicit,
        "genre" | "genres" => Column::Genres,
        "label" | "recordlabel" => Column::Label,
        "isrc" | "isrccode" => Column::Isrc,
        "trackuri" | "trackid" | "trackurl" | "tracklink" | "spotifyuri" | "spotifyid"
        | "spotifytrackid" | "spotifyurl" | "spotifylink" | "uri" | "url" | "link" | "id"
        | "videoid" => Column::Link,
        "mbid" | "recordingmbid" | "musicbrainzid" | "musicbrainzrecordingid" => {
            Column::RecordingMbid
        }
        "playlist" | "playlistname" => Column::Playlist,
        "type" => Column::Type,
        _ => return None,
    })
}

/// Columns of exportify.app, whose header is in the language of the browser. The order is
/// the same in all of them (seen 2026-04).
const EXPORTIFY_APP: [Option<Column>; 19] = [
    Some(Column::Link),
    Some(Column::Title),
    Some(Column::ArtistIds),
    Some(Column::Artists),
    None, // id of the album
    Some(Column::Album),
    None, // ids of its artists
    Some(Column::AlbumArtist),
    Some(Column::ReleaseDate),
    None, // picture
    Some(Column::DiscNumber),
    Some(Column::TrackNumber),
    Some(Column::DurationMs),
    None, // preview
    Some(Column::Explicit),
    None, // popularity
    Some(Column::Isrc),
    None, // who added it
    None, // and when
];

fn by_position() -> Vec<(Column, usize)> {
    EXPORTIFY_APP
        .iter()
        .zip(0..)
        .filter_map(|(column, at)| Some(((*column)?, at)))
        .collect()
}

fn dialect(keys: &[String]) -> Dialect {
    let has = |words: &[&str]| keys.iter().any(|key| words.contains(&key.as_str()));
    let named_by_spotify = has(&["trackuri", "spotifyuri", "spotifyid"]);
    if !named_by_spotify {
        Dialect::Other
    } else if has(&["artisturi", "artisturis"]) {
        Dialect::ExportifyApp
    } else if has(&["artistnames"]) && has(&["durationms", "trackdurationms"]) {
        let explicit = keys.iter().filter(|key| *key == "explicit").count();
        Dialect::ExportifyNet {
            joins_by_semicolon: explicit == 1,
        }
    } else {
        Dialect::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(head: &Head) -> Vec<Column> {
        head.columns.iter().map(|&(column, _)| column).collect()
    }

    #[test]
    fn the_delimiter_is_the_one_that_makes_sense_of_the_header() {
        for (text, delimiter) in [
            ("Title,Artist\n", b','),
            ("title;artist;album;isrc\n", b';'),
            ("Title\tArtist\n", b'\t'),
            ("Title|Artist\n", b'|'),
            ("\"Title\";\"Artist, or Artists\";Album\n", b';'),
            ("sep=;\nTitle;Artist\n", b';'),
            ("\"sep=|\"\nTitle|Artist\n", b'|'),
            ("\n\nBird Library\nTitle,Artist\n", b','),
        ] {
            let head = Head::find(text, false).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(char::from(head.delimiter), char::from(delimiter), "{text}");
            assert!(head.has(Column::Title), "{text}");
        }
    }

    #[test]
    fn track_and_name_are_titles_only_without_a_better_word() {
        use Column::{Artists, Title, TrackNumber};
        for (text, expected) in [
            ("Track,Artist\n", [Artists, Title]),
            ("Name,Artist\n", [Artists, Title]),
            ("Track,Title\n", [Title, TrackNumber]),
            ("Name,Title,Artist\n", [Title, Artists]),
        ] {
            assert_eq!(
                columns(&Head::find(text, false).unwrap()),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn words_that_name_no_columns_are_no_header() {
        for text in [
            "Ann - Owl\nBen - Wren\n",
            "Owl,Ann\nWren,Ben\n",
            "Title\nOwl\n",
            "Artist,Album\nAnn,Birds\n",
            "Ann\nBen\nTitle,Artist\n",
            "",
        ] {
            assert!(Head::find(text, false).is_none(), "{text:?}");
        }
    }
}
