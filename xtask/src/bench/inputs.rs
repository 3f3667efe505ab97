//! Long playlists of invented songs, always the same ones.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

/// A playlist to be made.
pub(crate) struct List {
    pub(crate) what: &'static str,
    /// Within which bounds it has to be planned; without, it may be refused as well.
    pub(crate) bounds: Option<Bounds>,
    rows: u32,
    form: Form,
}

/// What planning a list may take.
pub(crate) struct Bounds {
    pub(crate) wall: Duration,
    pub(crate) memory_mib: u64,
}

const OF_100_000: Bounds = Bounds {
    wall: Duration::from_secs(10),
    memory_mib: 512,
};

const OF_A_MILLION: Bounds = Bounds {
    wall: Duration::from_secs(15),
    memory_mib: 700,
};

enum Form {
    /// As exportify.app writes it.
    Csv,
    /// What a spreadsheet may hold.
    ShortCsv,
    /// `Artist - Title`.
    Lines,
}

/// The sizes that are measured.
pub(crate) const LISTS: [List; 5] = [
    List {
        what: "CSV of 100,000 rows",
        bounds: Some(OF_100_000),
        rows: 100_000,
        form: Form::Csv,
    },
    List {
        what: "text of 100,000 lines",
        bounds: Some(OF_100_000),
        rows: 100_000,
        form: Form::Lines,
    },
    List {
        what: "CSV of Exportify, 1,000,000 rows",
        bounds: None,
        rows: 1_000_000,
        form: Form::Csv,
    },
    List {
        what: "CSV of six columns, 1,000,000 rows",
        bounds: Some(OF_A_MILLION),
        rows: 1_000_000,
        form: Form::ShortCsv,
    },
    List {
        what: "text of 1,000,000 lines",
        bounds: Some(OF_A_MILLION),
        rows: 1_000_000,
        form: Form::Lines,
    },
];

const HEADER: &str = r#""Track URI","Track Name","Artist URI(s)","Artist Name(s)","Album URI","Album Name","Album Artist URI(s)","Album Artist Name(s)","Album Release Date","Album Image URL","Disc Number","Track Number","Track Duration (ms)","Track Preview URL","Explicit","Popularity","ISRC","Added By","Added At""#;

impl List {
    /// Writes the list into the directory.
    pub(crate) fn write(&self, dir: &Path) -> Result<PathBuf> {
        let extension = match self.form {
            Form::Csv | Form::ShortCsv => "csv",
            Form::Lines => "txt",
        };
        let path = dir.join(format!("list-{}.{extension}", self.rows));
        let mut out =
            BufWriter::new(File::create(&path).with_context(|| path.display().to_string())?);
        match self.form {
            Form::Csv => {
                writeln!(out, "{HEADER}")?;
                (0..self.rows).try_for_each(|row| csv_row(&mut out, row))?;
            }
            Form::ShortCsv => {
                writeln!(out, "Title,Artist,Album,Track Number,Duration (ms),ISRC")?;
                (0..self.rows).try_for_each(|row| short_csv_row(&mut out, row))?;
            }
            Form::Lines => (0..self.rows).try_for_each(|row| {
                let (artist, _, title) = song(row);
                writeln!(out, "{artist} - {title}")
            })?,
        }
        out.flush()?;
        Ok(path)
    }
}

/// Twelve songs an album, ten albums an artist; one row in twenty repeats an earlier song.
fn song(row: u32) -> (String, String, String) {
    let number = if row % 20 == 19 { row / 2 } else { row };
    let (album, artist) = (number / 12, number / 120);
    (
        format!("Artist {artist} of the Étude"),
        format!("Album {album}"),
        format!("Song {number} (Part {})", number % 12 + 1),
    )
}

fn csv_row(out: &mut impl Write, row: u32) -> std::io::Result<()> {
    let (artist, album, title) = song(row);
    let number = if row % 20 == 19 { row / 2 } else { row };
    let (track, length) = (number % 12 + 1, 150_000 + u64::from(number % 97) * 1_000);
    writeln!(
        out,
        "\"spotify:track:{number:022}\",\"{title}\",\"spotify:artist:{:022}\",\"{artist}\",\
         \"spotify:album:{:022}\",\"{album}\",\"spotify:artist:{:022}\",\"{artist}\",\
         \"2019-05-03\",\"\",\"1\",\"{track}\",\"{length}\",\"\",\"false\",\"40\",\
         \"ZZBCH{number:07}\",\"spotify:user:bench\",\"2024-06-01T09:12:44Z\"",
        number / 120,
        number / 12,
        number / 120,
    )
}

fn short_csv_row(out: &mut impl Write, row: u32) -> std::io::Result<()> {
    let (artist, album, title) = song(row);
    let number = if row % 20 == 19 { row / 2 } else { row };
    let (track, length) = (number % 12 + 1, 150_000 + u64::from(number % 97) * 1_000);
    writeln!(
        out,
        "\"{title}\",\"{artist}\",\"{album}\",{track},{length},ZZBCH{number:07}"
    )
}
