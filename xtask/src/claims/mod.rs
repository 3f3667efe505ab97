//! What README and docs say of the project's own tests and commands has to be so: a test that
//! is named exists, a command that is shown exists, every row of the requirements has an
//! answer.

mod commands;
mod rows;
mod tests_known;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;
use tests_known::TestsKnown;

/// The table of the requirements. Here and in [`PROMISES`] every sentence in backticks is the
/// name of a test.
const REQUIREMENTS: &str = "docs/requirements.md";
/// The table of the promises under faults.
const PROMISES: &str = "docs/reliability.md";

/// Looks through all documents.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    println!("\n$ search for the tests and commands that docs name");
    let tests = TestsKnown::of(workspace)?;
    let mut wrong = Vec::new();
    for document in listed(workspace, &["README.md", "docs/*.md"])? {
        let text = fs::read_to_string(workspace.root.join(&document)).context(document.clone())?;
        let words = if [REQUIREMENTS, PROMISES].contains(&&*document) {
            3
        } else {
            // A key of the config or a function may be three words.
            6
        };
        let mut says = |what: String| wrong.push(format!("{document}: {what}"));
        for name in sentences(&text, words).filter(|name| !tests.has(name)) {
            says(format!("there is no test `{name}`"));
        }
        for fault in commands::faults(&text, &tests) {
            says(fault);
        }
        if document == REQUIREMENTS {
            rows::faults(&text).into_iter().for_each(says);
        }
    }
    if !wrong.is_empty() {
        bail!("documents say what is not so:\n{}", wrong.join("\n"));
    }
    Ok(())
}

/// Files that git knows and that are there.
fn listed(workspace: &Workspace, patterns: &[&str]) -> Result<Vec<String>> {
    let listed = process::output(
        Command::new("git")
            .current_dir(&workspace.root)
            .args(["ls-files", "-z", "--"])
            .args(patterns),
    )
    .context("the search looks at what git knows, and needs a git checkout")?;
    let names = String::from_utf8(listed)?;
    let names = names.split_terminator('\0');
    // One that is missing is deleted and not committed.
    let there = names.filter(|name| workspace.root.join(name).exists());
    Ok(there.map(str::to_owned).collect())
}

/// Names of tests are sentences: so many words or more in backticks, joined by underscores.
fn sentences(text: &str, words: usize) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter(move |word| {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        word.split('_').count() >= words && word.chars().all(letters)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_told_from_other_words() {
        let text = "`a_song_is_there`, `cargo test`, `plan_json`\nand `Not_A_Test` or `x_is_y`";
        assert_eq!(
            sentences(text, 3).collect::<Vec<_>>(),
            ["a_song_is_there", "x_is_y"]
        );
        assert_eq!(sentences(text, 4).collect::<Vec<_>>(), ["a_song_is_there"]);
    }
}
