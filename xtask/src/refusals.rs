//! `cargo xtask refusals`: how often verification refuses a whole file, and how many fakes it
//! tells; takes a quarter of an hour. docs/verification.md keeps the figures.

use anyhow::{Result, ensure};

use crate::process;
use crate::workspace::Workspace;

/// Runs the program that counts; its answer is the command's.
pub(crate) fn run(workspace: &Workspace, count: &str) -> Result<()> {
    ensure!(count.parse::<usize>().is_ok(), "`{count}` is no number");
    // The decoders are optimised in the profile of the tests, too.
    process::run(&mut workspace.cargo(&[
        "bench",
        "--locked",
        "--profile",
        "dev",
        "-p",
        "musicdl",
        "--bench",
        "refusals",
        "--",
        count,
    ]))
}
