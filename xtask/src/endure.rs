//! `cargo xtask endure`: the long forms of two tests. Runs killed at random instants, as often
//! as is asked for; and runs killed after, and refused by the disk, every single operation on
//! a file. Their short forms are among the tests.

use anyhow::{Context, Result};

use crate::peers::{self, Environment};
use crate::process;
use crate::workspace::Workspace;

/// Kills at random instants, when no other number is asked for.
const KILLS: u32 = 500;

/// Runs both; a number of kills asks for the first alone.
pub(crate) fn run(workspace: &Workspace, kills: Option<&str>) -> Result<()> {
    let (kills, tests): (u32, &[&str]) = match kills {
        Some(text) => {
            let kills = text.parse();
            let kills = kills.with_context(|| format!("`{text}` is not a number of kills"))?;
            (kills, &["killed_often"])
        }
        None => (KILLS, &["killed_often", "broken_off"]),
    };
    peers::require_programs(&[peers::FFMPEG])?;
    let servers = Environment::SERVERS.installed(workspace)?;
    let test = ["test", "--locked", "-p", "musicdl", "--test", "e2e", "--"];
    // One after the other: what they tell are figures of a run that has the machine to itself.
    let how = ["--nocapture", "--test-threads=1"];
    process::run(
        workspace
            .cargo(&test)
            .args(how)
            .args(tests)
            .env("XTASK_PEERS", servers)
            .env("MUSICDL_KILLS", kills.to_string())
            .env("MUSICDL_EVERY_OPERATION", "yes"),
    )
}
