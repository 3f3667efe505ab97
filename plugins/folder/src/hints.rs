//! What a path says of the music in a file, for files whose tags are silent. Knows
//! `Artist/Album/NN - Title`, `Artist - Title` and their usual relatives; what a path leaves
//! open (is a lone directory an artist or an album?) stays unknown.

use std::path::Path;

use crate::words::words;

/// What a path says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Hints {
    /// Never empty for a file that has a name.
    pub(crate) title: String,
    pub(crate) artist: Option<String>,
    pub(crate) album: Option<String>,
    pub(crate) track_number: Option<u32>,
    pub(crate) disc_number: Option<u32>,
    pub(crate) year: Option<i32>,
}

/// What stands between the parts of a name; the second is an en dash.
const JOINTS: [&str; 2] = [" - ", " – "];

/// Reads a path relative to the configured directory.
pub(crate) fn from_path(below: &Path) -> Hints {
    let mut hints = Hints::default();
    let mut directories: Vec<String> = below
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .map(|component| component.as_os_str().to_string_lossy().into_owned())
        .collect();
    if let Some(disc) = directories.last().and_then(|name| disc_directory(name)) {
        hints.disc_number = Some(disc);
        directories.pop();
    }
    let in_album = directories.len() >= 2;
    match directories.as_slice() {
        [.., artist, album] => {
            hints.artist = Some(artist.clone());
            hints.set_album(album);
        }
        [only] => {
            if let [artist, album @ ..] = parts(only).as_slice()
                && !album.is_empty()
            {
                hints.artist = Some((*artist).to_owned());
                hints.set_album(&album.join(" - "));
            }
        }
        [] => {}
    }
    hints.read_name(&file_name(below), in_album);
    hints
}

impl Hints {
    fn read_name(&mut self, name: &str, in_album: bool) {
        let mut parts = parts(name);
        // `01 - Title`, `01 Title`, `1-03 Title`
        if parts.len() > 1
            && let Some(position) = bare_position(parts[0])
        {
            self.set_position(position);
            parts.remove(0);
        } else if let Some((position, rest)) = parts.first().and_then(|p| numbered(p, in_album)) {
            self.set_position(position);
            parts[0] = rest;
        } else if parts.len() >= 3 {
            self.read_full_name(&mut parts);
        }
        let names_artist = parts.len() > 1
            && match &self.artist {
                None => true,
                Some(artist) => same(artist, parts[0]) || is_collection(artist),
            };
        if names_artist {
            self.artist = Some(parts.remove(0).to_owned());
        }
        self.title = if parts.is_empty() {
            name.to_owned()
        } else {
            parts.join(" - ")
        };
    }

    /// `Artist - Album - 01 - Title` and `Artist - Album - 01 Title`: leaves the title.
    fn read_full_name(&mut self, parts: &mut Vec<&str>) {
        for at in 2..parts.len() {
            let (position, rest) = match (bare_position(parts[at]), numbered(parts[at], true)) {
                (Some(position), _) if at + 1 < parts.len() => (position, None),
                (None, Some((position, rest))) => (position, Some(rest)),
                _ => continue,
            };
            self.set_position(position);
            self.artist = Some(parts[0].to_owned());
            let album = parts[1..at].join(" - ");
            self.set_album(&album);
            let mut title: Vec<&str> = rest.into_iter().collect();
            title.extend(&parts[at + 1..]);
            *parts = title;
            return;
        }
    }

    fn set_position(&mut self, position: Position) {
        self.track_number = Some(position.track).filter(|&track| track > 0);
        self.disc_number = position.disc.or(self.disc_number);
    }

    /// Takes the year off `1997 - Album`, `[1997] Album` and `Album (1997)`.
    fn set_album(&mut self, name: &str) {
        let name = name.trim();
        let leading = name
            .trim_start_matches(['[', '('])
            .split_at_checked(4)
            .and_then(|(digits, rest)| {
                let rest = rest.trim_start();
                let title = rest.strip_prefix([']', ')', '-', '–'])?;
                Some((year(digits)?, title.trim()))
            });
        let trailing = || {
            let (title, digits) = name.strip_suffix([']', ')'])?.rsplit_once(['[', '('])?;
            Some((year(digits)?, title.trim()))
        };
        match leading.or_else(trailing).filter(|(_, t)| !t.is_empty()) {
            Some((year, title)) => {
                self.year = Some(year);
                self.album = Some(title.to_owned());
            }
            None => self.album = Some(name.to_owned()),
        }
    }
}

/// The file's name without extension. Names written without any space (`01_-_Artist_-_Title`)
/// mean one by each underscore.
fn file_name(below: &Path) -> String {
    let stem = below.file_stem().unwrap_or_default().to_string_lossy();
    let name = if stem.contains(' ') {
        stem.into_owned()
    } else {
        stem.replace('_', " ")
    };
    name.trim().to_owned()
}

fn parts(name: &str) -> Vec<&str> {
    let mut parts = vec![name];
    for joint in JOINTS {
        parts = parts.into_iter().flat_map(|p| p.split(joint)).collect();
    }
    parts.retain(|part| !part.trim().is_empty());
    parts.into_iter().map(str::trim).collect()
}

#[derive(Clone, Copy)]
struct Position {
    disc: Option<u32>,
    track: u32,
}

/// `7`, `07`, `107` (a track, not a year), `1-07`, `1.07`.
fn bare_position(part: &str) -> Option<Position> {
    let number = |text: &str| {
        let plain = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    match part.split_once(['-', '.']) {
        Some((disc, track)) if track.len() == 2 => Some(Position {
            disc: Some(number(disc)?),
            track: number(track)?,
        }),
        Some(_) => None,
        None => Some(Position {
            disc: None,
            track: number(part)?,
        }),
    }
}

/// A position in front of a title. `01 Title` and `1. Title` are numbered anywhere, `11 Title`
/// only in an album's directory: `99 Problems` and `7 Rings` are titles.
fn numbered(part: &str, in_album: bool) -> Option<(Position, &str)> {
    let (first, rest) = part.split_once(' ')?;
    let marked = first.ends_with(['.', ')']);
    let position = bare_position(first.trim_end_matches(['.', ')']))?;
    let certain = marked || first.starts_with('0') || position.disc.is_some();
    let rest = rest.trim_start_matches(['-', ' ']);
    ((certain || (in_album && first.len() == 2)) && !rest.is_empty()).then_some((position, rest))
}

/// `CD1`, `CD 2`, `Disc 01`, `disk-3`: a directory of an album and none itself.
fn disc_directory(name: &str) -> Option<u32> {
    let name = name.trim().to_ascii_lowercase();
    let number = ["cd", "disc", "disk"]
        .iter()
        .find_map(|word| name.strip_prefix(word))?
        .trim_start_matches([' ', '-', '_', '.']);
    let plain = (1..=2).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| number.parse().ok()).flatten()
}

fn year(digits: &str) -> Option<i32> {
    let plain = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let year = plain.then(|| digits.parse().ok()).flatten()?;
    (1900..2100).contains(&year).then_some(year)
}

fn same(a: &str, b: &str) -> bool {
    words(a) == words(b)
}

/// Whether the directory above an album is not the name of an artist.
fn is_collection(artist: &str) -> bool {
    [
        "various artists",
        "various",
        "va",
        "compilations",
        "soundtracks",
    ]
    .iter()
    .any(|name| same(name, artist))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_it_says() {
        let t = "title";
        for (path, artist, album, track, title) in [
            ("A/B/03 - title.mp3", "A", "B", 3, t),
            ("A/B/03 title.mp3", "A", "B", 3, t),
            ("A/B/03. title.mp3", "A", "B", 3, t),
            ("A/B/11 title.mp3", "A", "B", 11, t),
            ("A/B/1-03 title.mp3", "A", "B", 3, t),
            ("A/B/CD 2/03 - title.mp3", "A", "B", 3, t),
            ("FLAC/A/B/03 - title.mp3", "A", "B", 3, t),
            ("A/1997 - B/03 - title.mp3", "A", "B", 3, t),
            ("A/B (1997)/03 - title.mp3", "A", "B", 3, t),
            ("A/B [1997]/03 - A - title.mp3", "A", "B", 3, t),
            ("A - B/03 - title.mp3", "A", "B", 3, t),
            ("A - title.mp3", "A", "", 0, t),
            ("A – title.mp3", "A", "", 0, t),
            ("03 - A - title.mp3", "A", "", 3, t),
            ("03_-_A_-_title.mp3", "A", "", 3, t),
            ("A - B - 03 - title.mp3", "A", "B", 3, t),
            ("A - B - 03 title.mp3", "A", "B", 3, t),
            ("A - B - 03 - title - Live.mp3", "A", "B", 3, "title - Live"),
            ("Various Artists/B/03 - A - title.mp3", "A", "B", 3, t),
            ("A/B/03 - title - Live.mp3", "A", "B", 3, "title - Live"),
            ("A/1984/1984.mp3", "A", "1984", 0, "1984"),
            ("99 Problems.mp3", "", "", 0, "99 Problems"),
            ("7 Rings.mp3", "", "", 0, "7 Rings"),
            ("Downloads/title.mp3", "", "", 0, t),
            ("1979.mp3", "", "", 0, "1979"),
            (
                "椎名林檎/無罪モラトリアム/01 正しい街.mp3",
                "椎名林檎",
                "無罪モラトリアム",
                1,
                "正しい街",
            ),
            ("é/é/ééé.mp3", "é", "é", 0, "ééé"),
            ("-.mp3", "", "", 0, "-"),
            (" - .mp3", "", "", 0, "-"),
        ] {
            let hints = from_path(Path::new(path));
            assert_eq!(hints.artist.as_deref().unwrap_or(""), artist, "{path}");
            assert_eq!(hints.album.as_deref().unwrap_or(""), album, "{path}");
            assert_eq!(hints.track_number.unwrap_or(0), track, "{path}");
            assert_eq!(hints.title, title, "{path}");
        }
    }

    #[test]
    fn discs_and_years_are_taken_where_they_stand() {
        for (path, disc, year) in [
            ("A/B/CD 2/03 - title.mp3", Some(2), None),
            ("A/B/Disc 01/title.mp3", Some(1), None),
            ("A/B/2-03 title.mp3", Some(2), None),
            ("A/[1997] B/title.mp3", None, Some(1997)),
            ("A/B (Deluxe) (2007)/title.mp3", None, Some(2007)),
            ("A/B (Deluxe)/title.mp3", None, None),
            ("A/0000 - B/title.mp3", None, None),
        ] {
            let hints = from_path(Path::new(path));
            assert_eq!((hints.disc_number, hints.year), (disc, year), "{path}");
        }
    }
}
