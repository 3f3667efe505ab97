//! `cargo xtask bench`: the release build against its bounds. A bound that is broken fails
//! the command; docs/performance.md keeps the figures of one machine.

mod inputs;
mod listing;
mod measure;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::peers;
use crate::plugins;
use crate::process;
use crate::workspace::{Profile, Workspace};

use inputs::Bounds;
use measure::{measured, median_of};

/// The host's own bench programs.
const INSIDE: [&str; 6] = [
    "plan",
    "matching",
    "engine",
    "sources",
    "boundary",
    "throughput",
];

const VERSION_WALL: Duration = Duration::from_millis(10);

/// One line of the table.
struct Row {
    what: String,
    figures: String,
    bound: String,
    holds: bool,
}

/// Builds, measures, prints the table.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    peers::require_programs(&[peers::ARIA2C])?;
    let mut build = workspace.cargo(&["build", "--locked", "-p", "musicdl"]);
    process::run(build.args(Profile::Release.args()))?;
    plugins::build_for_use(workspace, &plugins::PACKAGES)?;
    plugins::build_for_use(workspace, &listing::FIXTURES)?;
    let program = workspace.program(Profile::Release, "musicdl");
    let ground = workspace.scratch("bench");
    fs::create_dir_all(&ground).with_context(|| ground.display().to_string())?;

    let mut rows = vec![start(&program)?];
    for list in inputs::LISTS {
        rows.push(plan(&program, &ground, &list)?);
    }
    rows.push(listing::listing(workspace, &program, &ground)?);
    rows.extend(listing::sizes(workspace)?);
    rows.extend(inside(workspace)?);

    let widest = |cell: fn(&Row) -> &str| {
        rows.iter()
            .map(|row| cell(row).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (what, figures) = (widest(|row| &row.what), widest(|row| &row.figures));
    println!();
    println!(
        "| {:what$} | {:figures$} | bound | holds |",
        "what", "measured"
    );
    println!("|-{:-<what$}-|-{:-<figures$}-|---|---|", "", "");
    for row in &rows {
        let holds = if row.holds { "yes" } else { "NO" };
        println!(
            "| {:what$} | {:figures$} | {} | {holds} |",
            row.what, row.figures, row.bound
        );
    }
    let broken = rows.iter().filter(|row| !row.holds).count();
    ensure!(broken == 0, "{broken} bounds are broken");
    Ok(())
}

fn start(program: &Path) -> Result<Row> {
    let figures = median_of(20, program, &["--version"])?;
    Ok(Row {
        what: "`musicdl --version`, median of 20".to_owned(),
        figures: figures.to_string(),
        bound: format!("{} ms", VERSION_WALL.as_millis()),
        holds: figures.wall <= VERSION_WALL,
    })
}

/// Plans a list. One that is within the limits has to be planned within the bounds, one that
/// is not has to be answered, either way, by a program that ends by itself.
fn plan(program: &Path, ground: &Path, list: &inputs::List) -> Result<Row> {
    let file = list.write(ground)?;
    let (library, state) = (ground.join("music"), ground.join("state"));
    let words = [
        "plan".as_ref(),
        "--json".as_ref(),
        "--playlist".as_ref(),
        file.as_os_str(),
        "--library".as_ref(),
        library.as_os_str(),
        "--state".as_ref(),
        state.as_os_str(),
    ];
    let (figures, status) = measured(program, &words)?;
    let answer = match status.code() {
        Some(0) => "planned",
        Some(_) => "refused",
        None => "killed",
    };
    let (bound, holds) = match &list.bounds {
        Some(Bounds { wall, memory_mib }) => {
            let in_bounds =
                figures.wall <= *wall && figures.memory_mib.is_none_or(|mib| mib <= *memory_mib);
            let bound = format!("{} s, {memory_mib} MiB", wall.as_secs());
            (bound, answer == "planned" && in_bounds)
        }
        None => ("planned or refused".to_owned(), answer != "killed"),
    };
    fs::remove_file(&file)?;
    Ok(Row {
        what: format!("`musicdl plan --json`, {}", list.what),
        figures: format!("{answer}: {figures}"),
        bound,
        holds,
    })
}

/// What the host's own bench programs measure from within, in lines of four cells with tabs
/// between: the name, what was measured, its bound, and whether it holds.
fn inside(workspace: &Workspace) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for bench in INSIDE {
        let mut command = workspace.cargo(&[
            "bench", "--locked", "--quiet", "-p", "musicdl", "--bench", bench,
        ]);
        println!("\n$ {}", process::shown(&command));
        let text = String::from_utf8(process::output(&mut command)?)?;
        for line in text.lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            let [what, figures, bound, holds @ ("yes" | "no")] = cells.as_slice() else {
                anyhow::bail!("the bench program said `{line}`");
            };
            rows.push(Row {
                what: (*what).to_owned(),
                figures: (*figures).to_owned(),
                bound: (*bound).to_owned(),
                holds: *holds == "yes",
            });
        }
    }
    Ok(rows)
}
