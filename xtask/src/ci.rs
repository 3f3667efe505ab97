//! `cargo xtask ci`: what a change has to keep, apart from the tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::skips::Skips;
use crate::workspace::Workspace;
use crate::{claims, forbid, notices, peers, process};

/// All checks.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let skips = Skips::begin(workspace)?;
    quick(workspace)?;
    lints(workspace)?;
    docs(workspace)?;
    dependencies(workspace, &skips)?;
    oldest_compiler(workspace, &skips)?;
    fuzz_targets(workspace, &skips)?;
    skips.settle()
}

/// The checks that build nothing.
pub(crate) fn quick(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))?;
    forbid::check(workspace)?;
    claims::check(workspace)?;
    notices::check(workspace)
}

fn lints(workspace: &Workspace) -> Result<()> {
    process::run(&mut workspace.cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn docs(workspace: &Workspace) -> Result<()> {
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
    )
}

/// Licences, duplicates and origins; known vulnerabilities where their database is there. It is
/// not fetched: checks reach package registries and nothing else.
fn dependencies(workspace: &Workspace, skips: &Skips) -> Result<()> {
    let deny = || -> Result<Command> {
        let mut deny = peers::tool(workspace, "cargo-deny")?;
        workspace
            .at_home(&mut deny)
            .args(["--log-level", "error", "--workspace", "--locked"]);
        Ok(deny)
    };
    process::run(deny()?.args(["check", "bans", "licenses", "sources"]))?;
    if has_advisories() {
        return process::run(deny()?.args(["check", "--disable-fetch", "advisories"]));
    }
    skips.add("advisories", "`cargo deny fetch db` brings their database")
}

/// Whether cargo-deny's database of advisories is where it looks for it.
fn has_advisories() -> bool {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let databases = cargo.or_else(home).map(|dir| dir.join("advisory-dbs"));
    let entries = databases.and_then(|dir| fs::read_dir(dir).ok());
    entries.is_some_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()))
}

/// The compiler that `Cargo.toml` promises to be enough, where it is installed.
fn oldest_compiler(workspace: &Workspace, skips: &Skips) -> Result<()> {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    let cargo = || {
        let mut rustup = Command::new("rustup");
        rustup.args(["run", oldest, "cargo"]);
        rustup
    };
    if !process::succeeds(cargo().arg("--version")) {
        let reason = format!("`rustup toolchain install {oldest}` brings the toolchain");
        return skips.add("oldest compiler", &reason);
    }
    process::run(
        workspace
            .at_home(&mut cargo())
            .env("CARGO_TARGET_DIR", workspace.scratch("oldest"))
            .args(["check", "--locked", "--workspace"]),
    )
}

/// The fuzz targets stand in a workspace of their own and use the library as it is.
fn fuzz_targets(workspace: &Workspace, skips: &Skips) -> Result<()> {
    let manifest = ["--manifest-path", "fuzz/Cargo.toml"];
    // Without a lock file of their own they are checked with the versions that we have.
    let lock = workspace.root.join("fuzz/Cargo.lock");
    fs::copy(workspace.root.join("Cargo.lock"), &lock).context("fuzz/Cargo.lock")?;
    if !process::succeeds(workspace.cargo(&["fetch"]).args(manifest)) {
        return skips.add(
            "fuzz targets",
            "the crates of the fuzzer cannot be fetched here",
        );
    }
    process::run(
        workspace
            .cargo(&["check"])
            .args(manifest)
            // Beside the others: most of what they depend on is there.
            .env("CARGO_TARGET_DIR", workspace.scratch("")),
    )
}
