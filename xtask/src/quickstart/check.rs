//! What has to hold after the quickstart. The expectations stand here in full, so that
//! nothing musicdl got wrong can agree with itself.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::library::{Library, Song};

/// What the tags have to say: title, artists, album, number, date, ISRC; an empty text means
/// that nothing of it is known to the playlists or the file.
const SONGS: [[&str; 6]; 9] = [
    [
        "First Light",
        "Harbour Lights",
        "Low Tide",
        "1",
        "2019-05-03",
        "ZZMDL1900001",
    ],
    [
        "Slack Water, Pt. 2",
        "Harbour Lights",
        "Low Tide",
        "2",
        "2019-05-03",
        "ZZMDL1900002",
    ],
    [
        "The \"Other\" Shore",
        "Harbour Lights",
        "Low Tide",
        "3",
        "2019-05-03",
        "ZZMDL1900003",
    ],
    [
        "海の見える駅",
        "夜行列車",
        "夜の地図",
        "4",
        "2021-11-12",
        "ZZMDL2100004",
    ],
    [
        "Paper Boats",
        "Marigold Static",
        "Kites",
        "7",
        "2022",
        "ZZMDL2200007",
    ],
    [
        "Two Left Feet",
        "Ola Brandt; The Fifth Wheel",
        "Wrong Turns",
        "2",
        "2020-02-14",
        "ZZMDL2000002",
    ],
    ["Night Bus Home", "Marigold Static", "Kites", "", "", ""],
    ["Snøfall", "Søren Vinter", "", "", "", ""],
    ["Bluebird", "Ann Example", "", "", "", ""],
];

/// The only song whose file has no picture, nor one beside it.
const WITHOUT_COVER: &str = "Snøfall";

/// The playlists in their own order; the first has a song twice.
const PLAYLISTS: [(&str, &[&str]); 2] = [
    (
        "Evening/Evening.m3u8",
        &[
            "夜行列車 - 海の見える駅",
            "Søren Vinter - Snøfall",
            "Marigold Static - Night Bus Home",
            "Marigold Static - Paper Boats",
        ],
    ),
    (
        "Road Trip/Road Trip.m3u8",
        &[
            "Harbour Lights - First Light",
            "Harbour Lights - Slack Water, Pt. 2",
            "Marigold Static - Paper Boats",
            "夜行列車 - 海の見える駅",
            "Harbour Lights - The \"Other\" Shore",
            "Ola Brandt - Two Left Feet",
            "Harbour Lights - First Light",
        ],
    ),
];

/// In both playlists: fetched once, in both folders, one file on the disk.
const SHARED: [&str; 2] = ["海の見える駅", "Paper Boats"];

/// Paths that show the layouts: an album's track, and a single among the songs.
const PLACES: [&str; 3] = [
    "Road Trip/Harbour Lights/Harbour Lights - Low Tide/01 - First Light.flac",
    "Road Trip/Harbour Lights/Harbour Lights - Low Tide/cover.jpg",
    "Ann Example/Ann Example - Bluebird/Bluebird.mp3",
];

/// Checks the library after the first run and after the second, whose report is at `again`.
pub(crate) fn all(made: &Library, after: &Library, again: &Path) -> Result<()> {
    let checks: [(&str, Result<()>); 6] = [
        (
            "every song is there, with the tags of the playlists and its cover",
            songs(made),
        ),
        (
            "the playlists list their songs in order, twice where wanted twice",
            playlists(made),
        ),
        (
            "what is in both playlists is one file on the disk",
            shared(made),
        ),
        ("albums and singles lie where the layouts say", places(made)),
        ("the second run fetched nothing", nothing_fetched(again)),
        ("the second run changed no file", unchanged(made, after)),
    ];
    let mut failed = 0;
    for (what, result) in checks {
        match result {
            Ok(()) => println!("  ok      {what}"),
            Err(error) => {
                failed += 1;
                println!("  FAILED  {what}\n          {error:#}");
            }
        }
    }
    ensure!(failed == 0, "{failed} of the checks failed");
    Ok(())
}

fn songs(made: &Library) -> Result<()> {
    let mut by_title: BTreeMap<&str, Vec<(&String, &Song)>> = BTreeMap::new();
    for (name, song) in &made.songs {
        by_title.entry(&song.title).or_default().push((name, song));
    }
    for [title, artists, album, number, date, isrc] in SONGS {
        let files = by_title
            .remove(title)
            .with_context(|| format!("`{title}` is missing"))?;
        let copies = if SHARED.contains(&title) { 2 } else { 1 };
        ensure!(
            files.len() == copies,
            "`{title}` is there {} times, not {copies}",
            files.len()
        );
        for (name, song) in files {
            let said = [
                ("artists", &song.artists, artists),
                ("album", &song.album, album),
                ("number", &song.number, number),
                ("date", &song.date, date),
                ("ISRC", &song.isrc, isrc),
            ];
            for (field, said, wanted) in said {
                ensure!(
                    said == wanted,
                    "{name}: {field} is `{said}`, not `{wanted}`"
                );
            }
            let wanted = title != WITHOUT_COVER;
            ensure!(
                song.cover.is_some() == wanted,
                "{name}: has a cover: {}",
                !wanted
            );
        }
    }
    if let Some((title, _)) = by_title.first_key_value() {
        bail!("`{title}` is there and nobody wanted it");
    }
    Ok(())
}

fn playlists(made: &Library) -> Result<()> {
    ensure!(
        made.playlists
            .keys()
            .eq(PLAYLISTS.map(|(file, _)| file).iter()),
        "there are {:?}",
        made.playlists.keys()
    );
    for (file, wanted) in PLAYLISTS {
        let entries = &made.playlists[file];
        let shown: Vec<&str> = entries.iter().map(|entry| entry.shown.as_str()).collect();
        ensure!(shown == wanted, "{file}: lists {shown:?}");
        for entry in entries {
            let song = entry.file.as_ref().and_then(|file| made.songs.get(file));
            let right = song.is_some_and(|song| entry.shown.ends_with(&song.title));
            ensure!(right, "{file}: `{}` leads to {:?}", entry.shown, entry.file);
        }
    }
    Ok(())
}

fn shared(made: &Library) -> Result<()> {
    for title in SHARED {
        let files: Vec<&String> = made
            .songs
            .iter()
            .filter(|(_, song)| song.title == title)
            .map(|(name, _)| name)
            .collect();
        let [one, other] = files.as_slice() else {
            bail!("`{title}`: {files:?}")
        };
        let (one, other) = (&made.files[*one], &made.files[*other]);
        ensure!(one.inode == other.inode, "`{title}` is there as two files");
    }
    Ok(())
}

fn places(made: &Library) -> Result<()> {
    for place in PLACES {
        ensure!(made.files.contains_key(place), "{place} is missing");
    }
    Ok(())
}

fn nothing_fetched(report: &Path) -> Result<()> {
    let text = std::fs::read(report).with_context(|| report.display().to_string())?;
    let report: Value = serde_json::from_slice(&text)?;
    let delivered = report["delivered"]
        .as_array()
        .context("the report names no sources")?;
    ensure!(delivered.is_empty(), "fetched: {}", report["delivered"]);
    let counts = &report["statistics"];
    ensure!(
        counts["skipped"] == SONGS.len() && counts["total"] == SONGS.len(),
        "it counted {counts}"
    );
    Ok(())
}

fn unchanged(made: &Library, after: &Library) -> Result<()> {
    for (name, before) in &made.files {
        let now = after
            .files
            .get(name)
            .with_context(|| format!("{name} is gone"))?;
        // Playlist files may be written again, with the same words.
        if name.ends_with(".m3u8") {
            ensure!(now.size == before.size, "{name} is another one");
        } else {
            ensure!(now == before, "{name} was touched");
        }
    }
    ensure!(
        made.files.len() == after.files.len(),
        "there are more files than before"
    );
    Ok(())
}
