//! The tests of the workspace, as their sources say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::listed;
use crate::workspace::Workspace;

/// Sources that are kept as they were; nobody runs the tests in them.
const KEPT: &str = ":!host/tests/fixtures/api-*/plugin-api";

/// Names of functions that are tests, and what else a filter of the runner may match.
#[derive(Debug, Default)]
pub(super) struct TestsKnown {
    functions: BTreeSet<String>,
    /// Modules with tests, by the names of their files and folders.
    modules: BTreeSet<String>,
}

impl TestsKnown {
    /// Reads every source that git knows.
    pub(super) fn of(workspace: &Workspace) -> Result<Self> {
        let mut known = Self::default();
        for file in listed(workspace, &["*.rs", KEPT])? {
            let text = fs::read_to_string(workspace.root.join(&file))?;
            known.add(&file, &text);
        }
        Ok(known)
    }

    fn add(&mut self, file: &str, text: &str) {
        let before = self.functions.len();
        self.functions.extend(tests_of(text).map(str::to_owned));
        if self.functions.len() > before {
            let parts = Path::new(file).with_extension("");
            let parts = parts.iter().filter_map(|part| part.to_str());
            self.modules.extend(parts.map(str::to_owned));
        }
    }

    /// Whether there is a test of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    /// Whether the runner would find a test by that filter.
    pub(super) fn some_match(&self, filter: &str) -> bool {
        let last = filter.rsplit("::").find(|part| !part.is_empty());
        let part = last.unwrap_or(filter);
        let mut names = self.functions.iter().chain(&self.modules);
        names.any(|name| name.contains(part))
    }
}

/// The functions below `#[test]` and its like. Other attributes may stand between.
fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    let mut announced = false;
    text.lines().filter_map(move |line| {
        let line = line.trim_start();
        if is_test_attribute(line) {
            announced = true;
            return None;
        }
        let name = function(line)?;
        std::mem::take(&mut announced).then_some(name)
    })
}

/// `#[test]`, `#[tokio::test(..)]`.
fn is_test_attribute(line: &str) -> bool {
    let Some(attribute) = line.strip_prefix("#[") else {
        return false;
    };
    let path = attribute.split(['(', ']']).next().unwrap_or_default();
    path.rsplit("::").next() == Some("test")
}

/// The function that a line begins.
fn function(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("async ")
        .unwrap_or(line)
        .strip_prefix("fn ")?;
    rest.split_once('(').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        fn a_helper_of_tests() {}
        #[test]
        fn it_runs() {
            fn inner() {}
        }
        #[tokio::test(flavor = \"multi_thread\")]
        #[cfg(unix)]
        async fn it_waits() {}
        // fn it_is_gone() {
        #[cfg(test)]
        fn not_a_test() {}
    ";

    #[test]
    fn only_functions_that_a_runner_runs_are_tests() {
        assert_eq!(
            tests_of(SOURCE).collect::<Vec<_>>(),
            ["it_runs", "it_waits"]
        );
    }

    #[test]
    fn a_filter_matches_parts_of_names_and_modules() {
        let mut known = TestsKnown::default();
        known.add("host/tests/matching/golden.rs", SOURCE);
        known.add("host/src/cli.rs", "fn none() {}");
        for filter in ["it_wa", "golden", "golden::it_runs"] {
            assert!(known.some_match(filter), "{filter}");
        }
        for filter in ["it_is_gone", "a_helper", "cli"] {
            assert!(!known.some_match(filter), "{filter}");
        }
    }
}
