//! What the path of a peer's file says of the music in it. All of it is derived and none of
//! it is certain: `extra` of a hit says so, and the host's matching decides.
//!
//! A path is split before anything is compared, at both separators, because peers use either.
//! Knows `Artist/Album/NN - Title`, `Artist - Album (1999) [FLAC]/NN. Title`,
//! `NN - Artist - Title` and their relatives.

use crate::words::{contains_words, folded};

/// What a path says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    /// Never empty for a file that has a name.
    pub(crate) title: String,
    pub(crate) artist: Option<String>,
    pub(crate) album: Option<String>,
    pub(crate) track_number: Option<u32>,
    pub(crate) disc_number: Option<u32>,
    pub(crate) year: Option<i32>,
}

/// What is wanted, for paths that can be read in more than one way. Folded.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) artists: Vec<String>,
    pub(crate) title: String,
}

impl Wanted {
    fn names(&self, text: &str) -> bool {
        let text = folded(text);
        self.artists
            .iter()
            .any(|artist| contains_words(&text, artist))
    }

    fn is(&self, text: &str) -> bool {
        self.artists.contains(&folded(text))
    }
}

/// What stands between the parts of a name.
const JOINTS: [&str; 3] = [" - ", " – ", " — "];

/// Directories that name no artist.
const NO_ARTIST: [&str; 22] = [
    "music",
    "musik",
    "musique",
    "audio",
    "albums",
    "album",
    "flac",
    "mp3",
    "lossless",
    "lossy",
    "downloads",
    "download",
    "complete",
    "shared",
    "share",
    "soulseek",
    "various artists",
    "various",
    "va",
    "unknown artist",
    "compilations",
    "soundtracks",
];

/// The parts of a path, without what only tells shares and drives apart.
pub(crate) fn segments(path: &str) -> Vec<&str> {
    let mut segments: Vec<&str> = path
        .split(['\\', '/'])
        .filter(|part| !part.trim().is_empty())
        .collect();
    let is_mask = |part: &str| part.starts_with("@@") || (part.len() == 2 && part.ends_with(':'));
    if segments.len() > 1 && is_mask(segments[0]) {
        segments.remove(0);
    }
    segments
}

/// The directory of a file, as the peer writes it.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once(['\\', '/'])
        .map_or("", |(folder, _)| folder)
}

/// The name of a file without its directory.
pub(crate) fn base(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

/// The extension in lower case; peers leave slskd's own field for it empty.
pub(crate) fn extension(path: &str) -> Option<String> {
    let (stem, extension) = base(path).rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then(|| extension.to_lowercase())
}

/// Reads a path.
pub(crate) fn of(path: &str, wanted: &Wanted) -> Names {
    let mut directories = segments(path);
    let name = directories.pop().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = if stem.contains(' ') {
        stem.to_owned()
    } else {
        stem.replace('_', " ")
    };
    let mut names = Names::default();
    if let Some(disc) = directories.last().and_then(|name| disc(name)) {
        names.disc_number = Some(disc);
        directories.pop();
    }
    let above = names.read_directories(&directories, wanted);
    names.read_stem(&stem, above, wanted);
    names
}

impl Names {
    /// Takes the album, and gives the artist as the directories have it.
    fn read_directories(&mut self, directories: &[&str], wanted: &Wanted) -> Option<String> {
        let (album, above) = directories.split_last()?;
        let (album, year) = without_brackets(album);
        self.year = year;
        let mut parts = parts(&album);
        if let Some(year) = parts.first().and_then(|part| year_of(part))
            && parts.len() > 1
        {
            self.year = Some(year);
            parts.remove(0);
        }
        let above = above
            .last()
            .filter(|name| !NO_ARTIST.contains(&folded(name).as_str()));
        let above_is_wanted = above.is_some_and(|name| wanted.names(name));
        let artist = match (above, parts.as_slice()) {
            // `Artist/Artist - Album`, and `Music/FLAC 2020/Artist - Album` of a wanted artist.
            (above, [first, _, ..])
                if above.is_none()
                    || above.is_some_and(|name| folded(name) == folded(first))
                    || (wanted.names(first) && !above_is_wanted) =>
            {
                Some(parts.remove(0).to_owned())
            }
            (Some(name), _) => Some(without_brackets(name).0),
            // `Artist/Song`: one directory alone names the artist if it is the wanted one.
            (None, [only]) if wanted.is(only) => return Some((*only).to_owned()),
            (None, _) => None,
        };
        if let Some(year) = parts.first().and_then(|part| year_of(part))
            && parts.len() > 1
        {
            self.year = Some(year);
            parts.remove(0);
        }
        let album = parts.join(" - ");
        let names_nothing = NO_ARTIST[..14].contains(&folded(&album).as_str());
        self.album = (!album.is_empty() && !names_nothing).then_some(album);
        artist
    }

    fn read_stem(&mut self, stem: &str, above: Option<String>, wanted: &Wanted) {
        let mut parts = parts(stem);
        // `Artist - Album - 01 - Title`: what stands before the number is not a title.
        let number = parts.iter().rposition(|part| position(part).is_some());
        match number.filter(|&at| at + 1 < parts.len()) {
            Some(at) => {
                self.set_position(parts[at]);
                let before: Vec<&str> = parts.drain(..=at).collect();
                if let Some(artist) = before.first().filter(|artist| wanted.names(artist)) {
                    self.artist = Some((*artist).to_owned());
                }
            }
            None => {
                let numbered = parts.first().and_then(|part| numbered(part, wanted));
                if let Some((number, rest)) = numbered {
                    self.set_position(number);
                    parts[0] = rest;
                }
            }
        }
        let album = self.album.as_deref().map(folded);
        let is_above = |part: &str| {
            above
                .as_deref()
                .is_some_and(|name| folded(name) == folded(part))
        };
        while parts.len() > 1 {
            let first = parts[0];
            let known_album = album.as_deref() == Some(folded(first).as_str());
            let fits = self.artist.is_none()
                && (is_above(first) || wanted.names(first) || above.is_none());
            if fits {
                self.artist = Some(first.to_owned());
            } else if !known_album && !is_above(first) {
                break;
            }
            parts.remove(0);
        }
        // A compilation's files name their artists; a directory above them is a sampler's.
        self.artist = self.artist.take().or(above);
        self.title = match parts.join(" - ") {
            title if title.trim().is_empty() => stem.to_owned(),
            title => title.trim().to_owned(),
        };
    }

    fn set_position(&mut self, text: &str) {
        if let Some((disc, track)) = position(text) {
            self.track_number = Some(track).filter(|&track| track > 0);
            self.disc_number = disc.or(self.disc_number);
        }
    }
}

/// The parts of a name between its joints.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = vec![name];
    for joint in JOINTS {
        parts = parts
            .into_iter()
            .flat_map(|part| part.split(joint))
            .collect();
    }
    parts
        .into_iter()
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// `07`, `2-03`, `203` of many discs stays a track: disc and track.
fn position(text: &str) -> Option<(Option<u32>, u32)> {
    let number = |text: &str| {
        let short = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        short.then(|| text.parse().ok()).flatten()
    };
    match text.split_once(['-', '.']) {
        Some((disc, track)) => Some((Some(number(disc)?), number(track)?)),
        None => Some((None, number(text)?)),
    }
}

/// `07 Title`, `07. Title`, `2-03 Title`: the number, and the rest. A number with which the
/// wanted title begins is part of it.
fn numbered<'a>(part: &'a str, wanted: &Wanted) -> Option<(&'a str, &'a str)> {
    let end = part.find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '.'))?;
    let (number, rest) = part.split_at(end);
    let number = number.trim_end_matches(['-', '.']);
    let begins = rest.starts_with(' ') || part[number.len()..].starts_with(['-', '.']);
    let rest = rest.trim_start_matches([' ', '-', '.', ')']);
    position(number)?;
    let is_title = folded(part) == wanted.title && !wanted.title.is_empty();
    (begins && !rest.is_empty() && !is_title).then_some((number, rest))
}

/// `CD1`, `Disc 2`, `disk-03`
fn disc(name: &str) -> Option<u32> {
    let name = name.trim().to_lowercase();
    let rest = ["cd", "disc", "disk", "dvd"]
        .iter()
        .find_map(|word| name.strip_prefix(word))?;
    let digits = rest.trim_start_matches([' ', '-', '_', '.', '#']);
    let digits = digits
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    let number = digits.parse().ok()?;
    (1..=99).contains(&number).then_some(number)
}

/// A directory's name without `(1999)`, `[FLAC]` and the like, and the year in them.
fn without_brackets(name: &str) -> (String, Option<i32>) {
    let (mut kept, mut year) = (String::new(), None);
    let mut rest = name;
    while let Some(start) = rest.find(['[', '{', '(']) {
        let close = match rest.as_bytes()[start] {
            b'[' => ']',
            b'{' => '}',
            _ => ')',
        };
        let Some(length) = rest[start..].find(close) else {
            break;
        };
        let inside = &rest[start + 1..start + length];
        let said = inside
            .split(|c: char| !c.is_ascii_digit())
            .find_map(year_of);
        year = year.or(said);
        kept.push_str(&rest[..start]);
        // Words in round brackets belong to the name, unless they only say year and format.
        if close == ')' && said.is_none() {
            kept.push_str(&rest[start..=start + length]);
        }
        rest = &rest[start + length + 1..];
    }
    kept.push_str(rest);
    let kept = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    if kept.is_empty() {
        (name.trim().to_owned(), year)
    } else {
        (kept, year)
    }
}

fn year_of(text: &str) -> Option<i32> {
    let text = text.trim();
    let year = (text.len() == 4).then(|| text.parse().ok()).flatten()?;
    (1900..2100).contains(&year).then_some(year)
}

#[cfg(test)]
mod tests;
