//! What the path of a file says, for hits that have nothing but a path. The path is split
//! before anything is compared, at both separators, because peers use either.

/// The parts of a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FilePath<'a> {
    /// The file's name without ending; underscores read as blanks.
    pub(super) stem: String,
    /// The directory, where it may be an album.
    pub(super) album: Option<&'a str>,
    /// All directories that may name somebody.
    pub(super) directories: Vec<&'a str>,
}

/// Endings of audio files.
const ENDINGS: [&str; 14] = [
    "flac", "mp3", "m4a", "opus", "ogg", "oga", "wav", "aiff", "aif", "aac", "wv", "ape", "wma",
    "mpc",
];

/// Directories that name nobody.
const GENERIC: [&str; 17] = [
    "music",
    "musik",
    "musique",
    "audio",
    "albums",
    "album",
    "flac",
    "mp3",
    "lossless",
    "downloads",
    "download",
    "complete",
    "shared",
    "share",
    "soulseek",
    "classical",
    "ost",
];

impl<'a> FilePath<'a> {
    /// Reads a text that ends like an audio file; `None` for titles.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (stem, ending) = text.rsplit_once('.')?;
        if !ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
        {
            return None;
        }
        let mut segments: Vec<&str> = stem
            .split(['\\', '/'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect();
        let stem = segments.pop()?;
        let is_share =
            |part: &str| part.starts_with("@@") || (part.len() == 2 && part.ends_with(':'));
        segments.retain(|part| !is_share(part));
        if segments.last().is_some_and(|last| is_disc(last)) {
            segments.pop();
        }
        segments.retain(|part| !GENERIC.iter().any(|word| part.eq_ignore_ascii_case(word)));
        Some(Self {
            stem: spaced(stem),
            album: segments.last().copied(),
            directories: segments,
        })
    }
}

/// `04-ann_example-bluebird` as `04 - ann example - bluebird`.
fn spaced(stem: &str) -> String {
    if stem.contains(' ') {
        stem.to_owned()
    } else {
        stem.replace('-', " - ").replace('_', " ")
    }
}

/// `CD1`, `Disc 2`
fn is_disc(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["cd", "disc", "disk"].iter().any(|word| {
        name.strip_prefix(word).is_some_and(|rest| {
            let rest = rest.trim_start_matches([' ', '-', '_', '.']);
            !rest.is_empty() && rest.len() <= 2 && rest.bytes().all(|b| b.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_falls_into_its_parts_and_a_title_is_none() {
        let path =
            FilePath::read(r"@@abc\Music\Ann Example\First Album\CD 2\04 - Bluebird.flac").unwrap();
        assert_eq!(path.stem, "04 - Bluebird");
        assert_eq!(path.album, Some("First Album"));
        assert_eq!(path.directories, ["Ann Example", "First Album"]);
        assert_eq!(
            FilePath::read("mp3/04-ann_example-bluebird.MP3")
                .unwrap()
                .stem,
            "04 - ann example - bluebird"
        );
        for title in ["AC/DC", "Numb / Encore", "Mr. Brightside", "T.N.T."] {
            assert_eq!(FilePath::read(title), None, "{title}");
        }
    }
}
