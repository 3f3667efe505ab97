//! Recordings made for a test: three seconds of a tone each has for itself, with its tags and
//! the row that a playlist has for it.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::judge;

/// One recording.
#[derive(Clone, Debug)]
pub(crate) struct Song {
    pub(crate) artist: String,
    pub(crate) title: String,
    /// Album and number on it.
    pub(crate) album: Option<(String, u32)>,
    /// Where it lies in its collection.
    pub(crate) file: String,
    /// Whether a picture lies beside it.
    pub(crate) cover: bool,
}

impl Song {
    /// How long each of them is.
    pub(crate) const SECONDS: u32 = 3;

    /// A song of no album.
    pub(crate) fn single(artist: &str, title: &str, extension: &str) -> Self {
        Self {
            artist: artist.to_owned(),
            title: title.to_owned(),
            album: None,
            file: format!("{artist}/{title}/{title}.{extension}"),
            cover: true,
        }
    }

    /// A song of an album.
    pub(crate) fn of_album(
        artist: &str,
        album: &str,
        number: u32,
        title: &str,
        extension: &str,
    ) -> Self {
        Self {
            album: Some((album.to_owned(), number)),
            file: format!("{artist}/{album}/{number:02} {title}.{extension}"),
            ..Self::single(artist, title, extension)
        }
    }

    /// So many songs of one album, each of a title that is not like the others.
    pub(crate) fn many(count: usize) -> Vec<Self> {
        let colours = [
            "Amber",
            "Black",
            "Crimson",
            "Golden",
            "Silver",
            "Violet",
            "Copper",
            "Emerald",
            "Indigo",
            "Maroon",
            "Orange",
            "Purple",
            "Russet",
            "Scarlet",
            "Turquoise",
            "Yellow",
            "Lavender",
            "Magenta",
            "Charcoal",
            "Ivory",
        ];
        let birds = [
            "Bunting", "Curlew", "Dunlin", "Falcon", "Goose", "Heron", "Kestrel", "Linnet",
            "Magpie", "Osprey",
        ];
        let pairs = colours
            .iter()
            .flat_map(|colour| birds.map(|bird| (colour, bird)));
        let songs = (1..).zip(pairs).map(|(number, (colour, bird))| {
            Self::of_album("Ann", "Long", number, &format!("{colour} {bird}"), "flac")
        });
        let songs: Vec<_> = songs.take(count).collect();
        assert_eq!(songs.len(), count, "there are no more birds");
        songs
    }

    /// The same without a picture beside it.
    pub(crate) fn without_cover(self) -> Self {
        Self {
            cover: false,
            ..self
        }
    }

    /// `Artist - Title`
    pub(crate) fn words(&self) -> String {
        format!("{} - {}", self.artist, self.title)
    }

    pub(crate) fn milliseconds() -> u32 {
        Self::SECONDS * 1000
    }

    /// Twenty-two letters and digits that no other song has.
    fn spotify_id(&self) -> String {
        let digest = blake3::hash(self.words().as_bytes()).to_hex();
        digest[..22].to_owned()
    }
}

/// What ffmpeg hears in each of the songs made below `dir`, by title.
pub(crate) fn sounds(dir: &Path, songs: &[Song]) -> BTreeMap<String, String> {
    let files: Vec<_> = songs.iter().map(|song| dir.join(&song.file)).collect();
    let titles = songs.iter().map(|song| song.title.clone());
    titles.zip(judge::sounds(&files)).collect()
}

/// Makes the songs below `dir`, and the pictures, by one run of ffmpeg.
pub(crate) fn make(dir: &Path, songs: &[Song]) {
    let covers: BTreeSet<_> = songs
        .iter()
        .filter(|song| song.cover)
        .map(|song| dir.join(&song.file).with_file_name("cover.jpg"))
        .collect();
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-loglevel", "error", "-nostdin"]);
    for tone in 0..songs.len() {
        let (frequency, seconds) = (300 + 40 * tone, Song::SECONDS);
        let sine = format!("sine=frequency={frequency}:sample_rate=44100:duration={seconds}");
        ffmpeg.args(["-f", "lavfi", "-i", &sine]);
    }
    ffmpeg.args(["-f", "lavfi", "-i", "color=red:s=64x64:duration=0.04"]);
    for (at, song) in songs.iter().enumerate() {
        let path = dir.join(&song.file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        ffmpeg.args(["-map", &format!("{at}:a"), "-bitexact"]);
        let mut tag = |key: &str, value: &str| {
            ffmpeg.args(["-metadata", &format!("{key}={value}")]);
        };
        tag("title", &song.title);
        tag("artist", &song.artist);
        if let Some((album, number)) = &song.album {
            tag("album", album);
            tag("track", &number.to_string());
        }
        ffmpeg.arg(path);
    }
    for cover in covers {
        ffmpeg.args(["-map", &format!("{}:v", songs.len()), "-frames:v", "1"]);
        ffmpeg.arg(cover);
    }
    let status = ffmpeg.status().expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg makes {songs:?}");
}

/// A playlist as exportify.app writes it: commas within artists' names have a backslash.
pub(crate) fn exportify<'a>(songs: impl IntoIterator<Item = &'a Song>) -> String {
    let mut csv = String::from(
        "\u{feff}\"Track URI\",\"Track Name\",\"Artist URI(s)\",\"Artist Name(s)\",\"Album URI\",\
         \"Album Name\",\"Album Artist URI(s)\",\"Album Artist Name(s)\",\"Album Release Date\",\
         \"Album Image URL\",\"Disc Number\",\"Track Number\",\"Track Duration (ms)\",\
         \"Track Preview URL\",\"Explicit\",\"Popularity\",\"ISRC\",\"Added By\",\"Added At\"\n",
    );
    for song in songs {
        let (album, number) = match &song.album {
            Some((album, number)) => (album.as_str(), number.to_string()),
            None => ("", String::new()),
        };
        let (title, album) = (quoted(&song.title), quoted(album));
        let artist = quoted(&song.artist.replace(',', "\\,"));
        let (id, length) = (song.spotify_id(), Song::milliseconds());
        writeln!(
            csv,
            "\"spotify:track:{id}\",{title},\"\",{artist},\"\",{album},\"\",{artist},\
             \"2019-03-01\",\"\",\"1\",\"{number}\",\"{length}\",\"\",\"false\",\"31\",\"\",\
             \"spotify:user:ann\",\"2024-01-02T03:04:05Z\""
        )
        .unwrap();
    }
    csv
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// A playlist as players write it: what to show, and a file that nobody has here.
pub(crate) fn m3u<'a>(songs: impl IntoIterator<Item = &'a Song>) -> String {
    let mut text = String::from("#EXTM3U\n");
    for song in songs {
        let (length, words) = (Song::SECONDS, song.words());
        writeln!(text, "#EXTINF:{length},{words}\n/elsewhere/{words}.mp3").unwrap();
    }
    text
}
