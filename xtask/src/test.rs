//! `cargo xtask test`: everything that is tested, with everything the tests need.

use anyhow::Result;

use crate::compilers;
use crate::peers::{self, Environment};
use crate::process;
use crate::workspace::Workspace;

/// What the tests build against the sources of API 1.0.0.
const KEPT: &str = "host/tests/fixtures/api-1.0.0/Cargo.toml";

/// Runs all tests, or those whose name contains one of the filters.
pub(crate) fn run(workspace: &Workspace, filters: &[&str]) -> Result<()> {
    println!("\n{}", compilers::told(&compilers::others()));
    // Its lock file is older than ours and may name releases that nothing else needs.
    process::run(&mut workspace.cargo(&["fetch", "--locked", "--manifest-path", KEPT]))?;
    peers::require_programs(&[peers::FFMPEG])?;
    // Elsewhere the tests that read system calls are not built.
    if cfg!(target_os = "linux") {
        peers::require_programs(&[peers::STRACE])?;
    }
    let servers = Environment::SERVERS.installed(workspace)?;
    let ytdlp = Environment::YTDLP.installed(workspace)?;
    let mut nextest = peers::tool(workspace, "cargo-nextest")?;
    workspace
        .at_home(&mut nextest)
        .args(["nextest", "run", "--locked", "--workspace"])
        .args(filters)
        .env("XTASK_PEERS", servers)
        .env("XTASK_YTDLP", ytdlp);
    // Vendors' descriptions of their services are theirs and not in this tree. Without them
    // there is nothing to judge by, and the tests that judge skip themselves and say so.
    if std::env::var_os("MUSICDL_SPECS_DIR").is_some() {
        nextest.env("XTASK_NODE_PEERS", peers::judge(workspace)?);
    }
    process::run(&mut nextest)?;
    if filters.is_empty() {
        // The runner knows no examples in docs.
        process::run(&mut workspace.cargo(&["test", "--locked", "--workspace", "--doc"]))?;
    }
    Ok(())
}
