//! `cargo xtask coverage`: how many lines of the host and of plugin-api the tests run, and an
//! error where it is less than the bound. Whether the tests pass is for `cargo xtask test`:
//! an instrumented program is slow, and bounds of time may not hold in it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;
use crate::{peers, process, test};

/// Lines that are run, in percent (M117).
const BOUND: f64 = 80.0;

/// What is measured, each for itself, by where its sources are.
const MEASURED: [(&str, &str); 2] = [
    ("musicdl", "host/src"),
    ("musicdl-plugin-api", "plugin-api/src"),
];

/// Tests that build what they look at with compilers and settings of their own; nothing of it
/// is instrumented. And the long corpus, which runs no line that others do not.
const LEFT_OUT: &str = "not (test(/^kept::/) | test(/^another_compiler::/) | binary(matching))";

/// Runs the tests of the two crates, instrumented, and looks at the figures.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let report = workspace.scratch("coverage.json");
    measure(workspace, &report)?;
    let report = fs::read(&report).with_context(|| report.display().to_string())?;
    let report = serde_json::from_slice(&report).context("the report of coverage is not JSON")?;
    let mut below = Vec::new();
    println!();
    for (package, sources) in MEASURED {
        let lines = lines_below(&report, &workspace.root.join(sources));
        let percent = lines.percent();
        println!(
            "{package}: {} of {} lines, {percent:.1} %",
            lines.run, lines.all
        );
        if percent < BOUND {
            below.push(package);
        }
    }
    if !below.is_empty() {
        bail!(
            "less than {BOUND} % of the lines are run by tests: {}",
            below.join(", ")
        );
    }
    Ok(())
}

fn measure(workspace: &Workspace, report: &Path) -> Result<()> {
    // A component of the compiler's own release. Where it is not, the tool says what to do.
    process::succeeds(std::process::Command::new("rustup").args([
        "component",
        "add",
        "llvm-tools",
    ]));
    let mut coverage = peers::tool(workspace, "cargo-llvm-cov")?;
    workspace
        .at_home(&mut coverage)
        .args(["llvm-cov", "nextest", "--locked"])
        .args(MEASURED.map(|(package, _)| format!("--package={package}")))
        // A process that a test kills leaves half a profile.
        .args(["--ignore-run-fail", "--failure-mode", "all"])
        .args(["--json", "--summary-only", "--output-path"])
        .arg(report)
        .args(["-E", LEFT_OUT]);
    test::with_peers(workspace, &mut coverage)?;
    process::run(&mut coverage)
}

/// Lines that can be run, and those that were.
#[derive(Debug, Default, PartialEq)]
struct Lines {
    all: u64,
    run: u64,
}

impl Lines {
    fn percent(&self) -> f64 {
        if self.all == 0 {
            return 0.0;
        }
        self.run as f64 * 100.0 / self.all as f64
    }
}

/// The sum over the files below a directory.
fn lines_below(report: &Value, dir: &Path) -> Lines {
    let files = report["data"][0]["files"].as_array();
    let mut sum = Lines::default();
    for file in files.into_iter().flatten() {
        let name = file["filename"].as_str().unwrap_or_default();
        if Path::new(name).starts_with(dir) {
            let lines = &file["summary"]["lines"];
            sum.all += lines["count"].as_u64().unwrap_or_default();
            sum.run += lines["covered"].as_u64().unwrap_or_default();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_below_the_directory_are_summed_up() {
        let file = |name: &str, count: u64, covered: u64| {
            serde_json::json!({
                "filename": name,
                "summary": {"lines": {"count": count, "covered": covered}},
            })
        };
        let files = [
            file("/m/host/src/a.rs", 10, 9),
            file("/m/host/src/b/c.rs", 30, 21),
            file("/m/host/srcs/d.rs", 100, 0),
        ];
        let report = serde_json::json!({"data": [{"files": files}]});
        let lines = lines_below(&report, Path::new("/m/host/src"));
        assert_eq!(lines, Lines { all: 40, run: 30 });
        assert!((lines.percent() - 75.0).abs() < 1e-9);
    }

    #[test]
    fn a_report_without_files_is_no_coverage() {
        let lines = lines_below(&Value::Null, Path::new("/m"));
        assert_eq!(lines.percent(), 0.0);
    }
}
