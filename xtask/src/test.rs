//! `cargo xtask test`: everything that is tested, with everything the tests need.

use std::process::Command;

use anyhow::Result;

use crate::compilers;
use crate::peers::{self, Environment};
use crate::process;
use crate::skips::Skips;
use crate::workspace::Workspace;

/// What the tests build against the sources of API 1.0.0.
const KEPT: &str = "host/tests/fixtures/api-1.0.0/Cargo.toml";

/// Runs all tests, or those whose name contains one of the filters.
pub(crate) fn run(workspace: &Workspace, filters: &[&str]) -> Result<()> {
    let skips = Skips::begin(workspace)?;
    let mut nextest = peers::tool(workspace, "cargo-nextest")?;
    workspace
        .at_home(&mut nextest)
        .args(["nextest", "run", "--locked", "--workspace"])
        .args(filters)
        .env("XTASK_SKIPS", skips.dir());
    with_peers(workspace, &mut nextest)?;
    process::run(&mut nextest)?;
    if filters.is_empty() {
        // The runner knows no examples in docs.
        process::run(&mut workspace.cargo(&["test", "--locked", "--workspace", "--doc"]))?;
    }
    skips.settle()
}

/// Installs what the tests need and tells a runner of them where it is.
pub(crate) fn with_peers(workspace: &Workspace, runner: &mut Command) -> Result<()> {
    println!("\n{}", compilers_found());
    // Its lock file is older than ours and may name releases that nothing else needs.
    process::run(&mut workspace.cargo(&["fetch", "--locked", "--manifest-path", KEPT]))?;
    peers::require_programs(&[peers::FFMPEG])?;
    // Elsewhere the tests that read system calls are not built.
    if cfg!(target_os = "linux") {
        peers::require_programs(&[peers::STRACE])?;
    }
    runner
        .env("XTASK_PEERS", Environment::SERVERS.installed(workspace)?)
        .env("XTASK_YTDLP", Environment::YTDLP.installed(workspace)?);
    // Vendors' descriptions of their services are theirs and not in this tree. Without them
    // there is nothing to judge by, and the tests that judge count as skipped.
    if std::env::var_os("MUSICDL_SPECS_DIR").is_some() {
        runner.env("XTASK_NODE_PEERS", peers::judge(workspace)?);
    }
    Ok(())
}

/// Said at the beginning, so that nobody takes a machine with one compiler for a test with two.
fn compilers_found() -> String {
    let others = compilers::others();
    if others.is_empty() {
        return compilers::NO_OTHER.to_owned();
    }
    let names: Vec<&str> = others.iter().map(|other| other.name.as_str()).collect();
    format!("plugins are also built by {}", names.join(", "))
}
