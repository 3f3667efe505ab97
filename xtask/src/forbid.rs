//! Words that stand for unfinished work, or for one machine, and may not be committed.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Each with the reason. Put together from halves, so that this file does not hold them.
const FORBIDDEN: [(&str, &str); 8] = [
    (
        concat!("TO", "DO"),
        "finish it, or say in the README that it is missing",
    ),
    (
        concat!("FIX", "ME"),
        "mend it, or say in the README that it is broken",
    ),
    (concat!("todo", "!("), "finish it"),
    (concat!("unimplemented", "!("), "finish it"),
    (concat!("dbg", "!("), "take it out"),
    (concat!("#[", "ignore"), "a test runs, or there is none"),
    (concat!("/", "work/"), "a path of one machine"),
    (concat!("/", "root/"), "a path of one machine"),
];

/// Searches every file that git knows.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    println!("\n$ search for unfinished work");
    let listed = process::output(
        Command::new("git")
            .current_dir(&workspace.root)
            .args(["ls-files", "-z"]),
    )
    .context("the search looks at what git knows, and needs a git checkout")?;
    let mut found = Vec::new();
    for name in listed
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = String::from_utf8_lossy(name);
        // Deleted and not committed, or a picture or piece of music: there are no words.
        let Ok(text) = fs::read_to_string(workspace.root.join(&*name)) else {
            continue;
        };
        for (line, number) in text.lines().zip(1..) {
            found.extend(
                words_in(line).map(|(word, why)| format!("{name}:{number}: `{word}`: {why}")),
            );
        }
    }
    if !found.is_empty() {
        bail!("not to be committed:\n{}", found.join("\n"));
    }
    Ok(())
}

fn words_in(line: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FORBIDDEN.iter().filter(move |(word, _)| {
        line.match_indices(word).any(|(at, _)| {
            // A path of this machine begins there, and is not the end of a longer one.
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_and_longer_words_are_not() {
        for (line, expected) in [
            (concat!("// TO", "DO later"), 1),
            (concat!("    todo", "!(\"later\")"), 1),
            (concat!("open(\"/", "work/main\")"), 1),
            (concat!("a/frame/", "work/b"), 0),
            (concat!("AUTO", "DOC"), 0),
            ("nothing at all", 0),
        ] {
            assert_eq!(words_in(line).count(), expected, "{line}");
        }
    }
}
