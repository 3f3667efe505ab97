//! `cargo xtask quickstart`: musicdl at work on the example, from nothing to a library, and
//! the proof that the library is right. Needs Rust and a C compiler, and nothing else.

mod check;
mod library;
mod picture;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::{Profile, Workspace};

use library::Library;

/// Built for development: that takes a third of the time of a build for use, and the
/// example's nine short files do not notice.
const PROFILE: Profile = Profile::Dev;

/// Relative, as the printed command has them.
const PLUGINS: &str = "target/quickstart/plugins";
const CONFIG: &str = "examples/quickstart/musicdl.yaml";

/// The folder of the library that the picture shows; all of it would be too long.
const PICTURED: &str = "Road Trip";

/// Runs the example and checks it. `picture` gets what the terminal showed, as an SVG.
pub(crate) fn run(workspace: &Workspace, picture: Option<&Path>) -> Result<()> {
    let ground = workspace.scratch("quickstart");
    heading("1. Building musicdl and its plugins; the first time takes a few minutes");
    crate::plugins::build_for_trial(workspace, &["musicdl"])?;

    clear(&ground)?;
    heading("2. Plugins are files in a directory");
    crate::plugins::copy(workspace, PROFILE, &ground.join("plugins"))?;

    heading("3. A run: two playlists and a song, taken from examples/quickstart/my-music");
    let started = Instant::now();
    let first = musicdl(workspace, "first run")?;
    let seconds = started.elapsed().as_secs_f64();

    heading("4. What it made");
    let made = Library::read(&ground.join("music"))?;
    println!(
        "target/quickstart/music\n{}",
        show::tree(&made, "").join("\n")
    );
    println!("\n{}", show::tags(&made).join("\n"));
    println!("\n{}", show::playlists(&made).join("\n"));

    heading("5. The same command again: nothing to fetch");
    musicdl(workspace, "second run")?;
    let after = Library::read(&ground.join("music"))?;

    heading("6. Is all of it right?");
    let again = ground.join("state/report.json");
    check::all(&made, &after, &again)?;
    if let Some(file) = picture {
        let first: Vec<String> = first.iter().map(|line| portable(workspace, line)).collect();
        let text = picture::draw(
            &command_line(),
            &first,
            PICTURED,
            &show::tree(&made, PICTURED),
        );
        fs::write(file, text).with_context(|| file.display().to_string())?;
        println!("drawn: {}", file.display());
    }
    println!(
        "\nDone: the first run took {seconds:.1} s. Now with your own files: copy {CONFIG}, \
         name your playlists in it\nand your directories under `paths`. \
         docs/sources has the other sources."
    );
    Ok(())
}

/// A line without the paths of this machine: for a reader they start at the workspace.
fn portable(workspace: &Workspace, line: &str) -> String {
    let up = Path::new(CONFIG)
        .parent()
        .map(|dir| workspace.root.join(dir).join("../.."));
    let prefix = up.map_or_else(String::new, |up| format!("{}/", up.display()));
    line.replace(&prefix, "")
}

fn heading(text: &str) {
    println!("\n== {text}\n");
}

/// Removes what an earlier quickstart left, and only that.
fn clear(ground: &Path) -> Result<()> {
    for part in ["plugins", "music", "state"] {
        let dir = ground.join(part);
        if dir.exists() {
            fs::remove_dir_all(&dir)
                .with_context(|| format!("{} cannot be removed", dir.display()))?;
        }
    }
    Ok(())
}

/// The command as the reader would type it.
fn command_line() -> String {
    format!("musicdl --plugins {PLUGINS} -c {CONFIG}")
}

/// Runs musicdl in the open; it has to say that everything is there.
fn musicdl(workspace: &Workspace, what: &str) -> Result<Vec<String>> {
    println!("$ {}", command_line());
    let program: PathBuf = workspace.program(PROFILE, "musicdl");
    let mut command = Command::new(program);
    command
        .current_dir(&workspace.root)
        .args(["--plugins", PLUGINS, "-c", CONFIG]);
    // Settings of the user's own musicdl have no business in the example.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MUSICDL_") {
            command.env_remove(name);
        }
    }
    let (status, lines): (ExitStatus, _) = process::watch(&mut command)?;
    ensure!(status.success(), "the {what} ended with {status}");
    Ok(lines)
}
