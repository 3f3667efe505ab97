//! Plugins as users have them: how long listing them takes, how large they are.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::plugins;
use crate::workspace::{Profile, Workspace};

use super::Row;
use super::measure::{Figures, average_cpu, median_of};

/// With the plugins for use they are eight, none like another.
pub(super) const FIXTURES: [&str; 2] = ["musicdl-echo", "musicdl-rogue"];

const LISTED_WALL: Duration = Duration::from_millis(150);
const TIMES: usize = 20;

/// Bytes, of any plugin but `folder`, which reads tags itself.
const MOST: u64 = 1_000_000;
const MOST_OF_FOLDER: u64 = 2_500_000;

/// `musicdl plugins`, each time by a program that knows nothing of them yet.
pub(super) fn listing(workspace: &Workspace, program: &Path, ground: &Path) -> Result<Row> {
    let (dir, state) = (ground.join("plugins"), ground.join("state"));
    if dir.exists() {
        fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    plugins::copy(workspace, Profile::Plugin, &dir)?;
    plugins::copy_these(workspace, Profile::Plugin, &FIXTURES, &dir)?;
    let files = fs::read_dir(&dir)?.count();
    ensure!(files == 8, "{files} plugins instead of 8");
    let args: [&OsStr; 6] = [
        "plugins".as_ref(),
        "--json".as_ref(),
        "--plugins".as_ref(),
        dir.as_ref(),
        "--state".as_ref(),
        state.as_ref(),
    ];
    let (figures, cpu) = average_cpu(TIMES, || median_of(TIMES, program, &args))?;
    let figures = Figures { cpu, ..figures };
    Ok(Row {
        what: format!("`musicdl plugins`, 8 different ones, median of {TIMES}"),
        figures: figures.to_string(),
        bound: format!("{} ms", LISTED_WALL.as_millis()),
        holds: figures.wall <= LISTED_WALL,
    })
}

/// Bytes of each plugin's file, which cargo has stripped.
pub(super) fn sizes(workspace: &Workspace) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for package in plugins::PACKAGES {
        let (file, name) = workspace.library(Profile::Plugin, package);
        let bytes = fs::metadata(&file)
            .with_context(|| file.display().to_string())?
            .len();
        let most = if package == "musicdl-folder" {
            MOST_OF_FOLDER
        } else {
            MOST
        };
        let mb = |bytes: u64| bytes as f64 / 1e6;
        rows.push(Row {
            what: format!("size of `{name}`, stripped"),
            figures: format!("{:.2} MB", mb(bytes)),
            bound: format!("{} MB", mb(most)),
            holds: bytes <= most,
        });
    }
    Ok(rows)
}
