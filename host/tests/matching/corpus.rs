//! Reads the golden corpus.

use std::path::Path;

use musicdl::music::{Isrc, Track, TrackId};
use musicdl_plugin_api::Hit;

/// What a collector would do with a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Right, and as good as any.
    Take,
    /// Right, but there are better ones.
    Also,
    /// Wrong.
    Not,
}

/// A wish and what a search found for it.
#[derive(Debug)]
pub(crate) struct Case {
    /// File and heading.
    pub(crate) name: String,
    pub(crate) wanted: Track,
    pub(crate) hits: Vec<(Expected, Hit)>,
}

/// All cases of all files, in the order of their names.
pub(crate) fn cases() -> Vec<Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matching/corpus");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    files.iter().flat_map(|file| read(file)).collect()
}

fn read(file: &Path) -> Vec<Case> {
    let theme = file.file_stem().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    let mut name = String::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{theme}.txt:{}", number + 1);
        if let Some(heading) = line.strip_prefix("## ") {
            name = format!("{theme}: {heading}");
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, columns) = line
            .split_once(':')
            .unwrap_or_else(|| panic!("{place}: no word"));
        let row = Row::read(columns, &place);
        let expected = match word {
            "want" => {
                cases.push(Case {
                    name: name.clone(),
                    wanted: row.track(),
                    hits: Vec::new(),
                });
                continue;
            }
            "take" => Expected::Take,
            "also" => Expected::Also,
            "not" => Expected::Not,
            other => panic!("{place}: `{other}` is no word of the corpus"),
        };
        let case = cases
            .last_mut()
            .unwrap_or_else(|| panic!("{place}: nothing is wanted"));
        let id = format!("{:02}", case.hits.len());
        case.hits.push((expected, row.hit(id)));
    }
    cases
}

struct Row<'a> {
    columns: Vec<&'a str>,
    place: &'a str,
}

impl<'a> Row<'a> {
    fn read(columns: &'a str, place: &'a str) -> Self {
        let columns: Vec<&str> = columns.split('|').map(str::trim).collect();
        assert!(columns.len() >= 2, "{place}: artists and title are needed");
        Self { columns, place }
    }

    fn text(&self, column: usize) -> Option<String> {
        let text = self.columns.get(column)?;
        (!text.is_empty()).then(|| (*text).to_owned())
    }

    fn artists(&self) -> Vec<String> {
        let artists = self.columns[0].split(';').map(str::trim);
        artists
            .filter(|artist| !artist.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn duration_ms(&self) -> Option<u64> {
        let text = self.text(3)?;
        let (minutes, seconds) = text
            .split_once(':')
            .unwrap_or_else(|| panic!("{}: length", self.place));
        let number = |text: &str| -> u64 { text.parse().unwrap() };
        Some((number(minutes) * 60 + number(seconds)) * 1000)
    }

    /// What is said by name: `isrc=...`, or as a word: `derived`.
    fn fact(&self, name: &str) -> Option<&'a str> {
        let known = [
            "isrc",
            "mbid",
            "version",
            "albumartist",
            "explicit",
            "derived",
        ];
        let mut found = None;
        for column in self.columns.iter().skip(4) {
            let (key, value) = column.split_once('=').unwrap_or((column, ""));
            assert!(known.contains(&key), "{}: `{key}` is no fact", self.place);
            if key == name {
                found = Some(value);
            }
        }
        found
    }

    fn explicit(&self) -> Option<bool> {
        self.fact("explicit").map(|value| value == "yes")
    }

    fn track(&self) -> Track {
        Track {
            artists: self.artists(),
            album: self.text(2),
            duration_ms: self.duration_ms(),
            isrc: self.fact("isrc").and_then(|isrc| Isrc::parse(isrc).ok()),
            recording_mbid: self.fact("mbid").map(str::to_owned),
            explicit: self.explicit(),
            ..Track::new(TrackId::text(self.place), self.columns[1])
        }
    }

    fn hit(&self, target_id: String) -> Hit {
        let derived = self.fact("derived").is_some();
        Hit {
            target_id,
            title: self.columns[1].to_owned(),
            version: self.fact("version").map(str::to_owned),
            artists: self.artists(),
            album: self.text(2),
            album_artist: self.fact("albumartist").map(str::to_owned),
            duration_ms: self.duration_ms(),
            isrc: self.fact("isrc").map(str::to_owned),
            recording_mbid: self.fact("mbid").map(str::to_owned),
            explicit: self.explicit(),
            extra: derived
                .then(|| ("names".to_owned(), "derived".to_owned()))
                .into_iter()
                .collect(),
            ..Hit::default()
        }
    }
}
