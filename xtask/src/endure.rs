//! `cargo xtask endure`: the long forms of two tests. Runs killed at random instants, as often
//! as is asked for; and runs killed after, and refused by the disk, every single operation on
//! a file. Their short forms are among the tests.

use anyhow::{Context, Result};

use crate::peers;
use crate::process;
use crate::workspace::Workspace;

/// Kills at random instants, when nobody asks for another number.
const KILLS: u32 = 500;

/// Runs both; `kills` is a number.
pub(crate) fn run(workspace: &Workspace, kills: Option<&str>) -> Result<()> {
    let kills = match kills {
        Some(text) => text
            .parse()
            .with_context(|| format!("`{text}` is no number of kills"))?,
        None => KILLS,
    };
    peers::require_programs(&[peers::FFMPEG])?;
    let test = ["test", "--locked", "-p", "musicdl", "--test", "e2e", "--"];
    // One after the other: what they tell are figures of a run that has the machine to itself.
    let how = [
        "--nocapture",
        "--test-threads=1",
        "killed_often",
        "broken_off",
    ];
    process::run(
        workspace
            .cargo(&test)
            .args(how)
            .env("MUSICDL_KILLS", kills.to_string())
            .env("MUSICDL_EVERY_OPERATION", "yes"),
    )
}
