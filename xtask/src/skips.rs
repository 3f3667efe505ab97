//! What was not looked at, with the reason: counted and printed, and in CI an error unless
//! `xtask/skips.txt` lists it. Tests write their notes by `host/tests/support/skipped.rs`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// The notes of one command.
pub(crate) struct Skips {
    dir: PathBuf,
    allowed: PathBuf,
}

impl Skips {
    /// None yet; those of earlier commands are forgotten.
    pub(crate) fn begin(workspace: &Workspace) -> Result<Self> {
        let dir = workspace.scratch("skips");
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
        }
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        let allowed = workspace.root.join("xtask/skips.txt");
        Ok(Self { dir, allowed })
    }

    /// Where tests leave their notes, for `XTASK_SKIPS`.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A step of a command that cannot be made on this machine.
    pub(crate) fn add(&self, step: &str, reason: &str) -> Result<()> {
        let note = self.dir.join(step.replace(' ', "."));
        fs::write(&note, format!("{step}: {reason}\n")).with_context(|| note.display().to_string())
    }

    /// Prints all with their number. In CI an unlisted one is an error.
    pub(crate) fn settle(&self) -> Result<()> {
        let mut notes = Vec::new();
        for entry in fs::read_dir(&self.dir).with_context(|| self.dir.display().to_string())? {
            let path = entry?.path();
            let note = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            notes.push(note.trim_end().to_owned());
        }
        notes.sort();
        println!("\n{} skipped", notes.len());
        for note in &notes {
            println!("  {note}");
        }
        let allowed = fs::read_to_string(&self.allowed)
            .with_context(|| self.allowed.display().to_string())?;
        let unlisted = unlisted(&notes, &allowed);
        if in_ci() && !unlisted.is_empty() {
            bail!(
                "skipped in CI and not listed in xtask/skips.txt:\n{}",
                unlisted.join("\n")
            );
        }
        Ok(())
    }
}

/// CI services set `CI`, and so does `.ci/run`.
fn in_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(&*value, "" | "0" | "false"))
}

/// The names of the notes that the list does not have. A line of the list is a name, a colon,
/// and why CI may do without.
fn unlisted<'n>(notes: &'n [String], allowed: &str) -> Vec<&'n str> {
    let lines = allowed.lines().filter(|line| !line.starts_with('#'));
    let allowed: Vec<&str> = lines.filter_map(name).collect();
    let names = notes.iter().filter_map(|note| name(note));
    names.filter(|name| !allowed.contains(name)).collect()
}

/// What stands before the reason. A colon within the name of a test has no space after it.
fn name(line: &str) -> Option<&str> {
    line.split_once(": ").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_list_does_not_name_is_unlisted() {
        let notes = ["kept::it_crosses: one compiler", "vendor: no description"];
        let notes = notes.map(str::to_owned);
        let allowed = "# a comment: vendor\nkept::it_crosses: CI has one compiler\n";
        assert_eq!(unlisted(&notes, allowed), ["vendor"]);
        assert_eq!(
            unlisted(&notes, "vendor: it is theirs\n"),
            ["kept::it_crosses"]
        );
    }
}
