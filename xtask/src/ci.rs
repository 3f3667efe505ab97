//! `cargo xtask ci`: what a change has to keep, apart from the tests.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{claims, forbid, peers, process};

/// All checks.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    quick(workspace)?;
    let cargo = |args: &[&str]| process::run(&mut workspace.cargo(args));
    cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    process::run(
        workspace
            .cargo(&[
                "doc",
                "--locked",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    process::run(
        workspace
            .at_home(&mut peers::tool(workspace, "cargo-deny")?)
            .args(["--log-level", "error", "--workspace", "--locked"])
            .args(["check", "bans", "licenses", "sources"]),
    )
}

/// The checks that build nothing.
pub(crate) fn quick(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    forbid::check(workspace)?;
    claims::check(workspace)
}
