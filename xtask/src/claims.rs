//! The tests that the tables of docs name as proof have to exist.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// The documents with such tables.
const DOCUMENTS: [&str; 2] = ["docs/requirements.md", "docs/reliability.md"];

/// Sources that are kept as they were; nobody runs the tests in them.
const KEPT: &str = ":!host/tests/fixtures/api-*/plugin-api";

/// Looks for every named test among the functions of the workspace.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    println!("\n$ search for the tests that docs name");
    let sources = process::output(
        Command::new("git")
            .current_dir(&workspace.root)
            .args(["ls-files", "-z", "*.rs", KEPT]),
    )
    .context("the search looks at what git knows, and needs a git checkout")?;
    let mut functions = BTreeSet::new();
    for name in String::from_utf8(sources)?.split_terminator('\0') {
        // Deleted and not committed.
        let Ok(text) = fs::read_to_string(workspace.root.join(name)) else {
            continue;
        };
        functions.extend(text.lines().filter_map(function).map(str::to_owned));
    }
    let mut gone = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(workspace.root.join(document)).context(document)?;
        let named: BTreeSet<&str> = tests_named_in(&text).collect();
        gone.extend(
            named
                .into_iter()
                .filter(|name| !functions.contains(*name))
                .map(|name| format!("{document}: `{name}`")),
        );
    }
    if !gone.is_empty() {
        bail!(
            "there is no such test; name the one that shows the same now:\n{}",
            gone.join("\n")
        );
    }
    Ok(())
}

/// The function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line
        .strip_prefix("async ")
        .unwrap_or(line)
        .strip_prefix("fn ")?;
    rest.split_once('(').map(|(name, _)| name)
}

/// Names of tests are sentences: several words in backticks, joined by underscores.
fn tests_named_in(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(|word| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.matches('_').count() >= 2 && word.chars().all(letters)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_told_from_other_words() {
        let text = "`a_song_is_there`, `cargo test`, `plan_json`\nand `Not_A_Test` or `x_is_y`";
        assert_eq!(
            tests_named_in(text).collect::<Vec<_>>(),
            ["a_song_is_there", "x_is_y"]
        );
    }

    #[test]
    fn a_function_is_known_by_the_line_it_begins() {
        assert_eq!(function("    async fn it_waits() {"), Some("it_waits"));
        assert_eq!(function("fn it_runs() {"), Some("it_runs"));
        assert_eq!(function("// fn it_is_gone() {"), None);
    }
}
