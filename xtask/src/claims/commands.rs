//! `cargo xtask NAME` in a document: there is such a command, and what `test` is asked for
//! finds a test.

use super::tests_known::TestsKnown;

/// What is wrong with the commands that a text shows.
pub(super) fn faults(text: &str, tests: &TestsKnown) -> Vec<String> {
    shown(text)
        .filter_map(|(name, filter)| {
            if !crate::HELP.contains(&format!("cargo xtask {name} ")) {
                return Some(format!("there is no `cargo xtask {name}`"));
            }
            let filter = filter.filter(|_| name == "test")?;
            (!tests.some_match(filter)).then(|| format!("no test matches `{filter}`"))
        })
        .collect()
}

/// Each command with the word behind it. Words of other letters are placeholders or prose.
fn shown(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    text.split("xtask ").skip(1).filter_map(|rest| {
        let command = rest.split(['`', '\n', '#', ',', ')']).next()?;
        let mut words = command.split_whitespace();
        let name = words.next().filter(|word| is_name(word))?;
        Some((name, words.next().filter(|word| is_name(word))))
    })
}

fn is_name(word: &str) -> bool {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:-".contains(c);
    !word.is_empty() && !word.starts_with('-') && word.chars().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_filters_are_read_from_code_and_consoles() {
        let text = "`cargo xtask test golden` and `cargo xtask test NAME`\n\
                    $ cargo xtask endure  # long\n`xtask/src/ci.rs`, `xtask ci --quick`";
        let shown: Vec<_> = shown(text).collect();
        assert_eq!(
            shown,
            [
                ("test", Some("golden")),
                ("test", None),
                ("endure", None),
                ("ci", None)
            ]
        );
    }

    #[test]
    fn a_command_or_filter_that_is_not_there_is_a_fault() {
        let text = "`cargo xtask lint`, `cargo xtask test no_such_test`, `cargo xtask ci`";
        let faults = faults(text, &TestsKnown::default());
        assert_eq!(
            faults,
            [
                "there is no `cargo xtask lint`",
                "no test matches `no_such_test`"
            ]
        );
    }
}
