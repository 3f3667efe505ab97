//! `cargo xtask bench`: the release build against its bounds. A bound that is broken fails
//! the command; docs/performance.md keeps the figures of one machine.

mod inputs;
mod measure;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::peers;
use crate::process;
use crate::workspace::{Profile, Workspace};

use measure::{Figures, measured, median_of};

const PLAYLIST_WALL: Duration = Duration::from_secs(10);
const PLAYLIST_MEMORY: u64 = 512;
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
    process::run(&mut workspace.cargo(&["build", "--locked", "--release", "-p", "musicdl"]))?;
    let program = workspace.program(Profile::Release, "musicdl");
    let ground = workspace.scratch("bench");
    fs::create_dir_all(&ground).with_context(|| ground.display().to_string())?;

    let mut rows = vec![start(&program)?];
    for list in inputs::LISTS {
        rows.push(plan(&program, &ground, &list)?);
    }
    peers::require_programs(&[peers::ARIA2C])?;
    for program in ["plan", "matching", "engine", "sources", "throughput"] {
        rows.extend(inside(workspace, program)?);
    }

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
    let in_bounds = |Figures {
                         wall, memory_mib, ..
                     }: &Figures| {
        *wall <= PLAYLIST_WALL && memory_mib.is_none_or(|mib| mib <= PLAYLIST_MEMORY)
    };
    let (bound, holds) = if list.must_be_planned {
        let bound = format!("{} s, {PLAYLIST_MEMORY} MiB", PLAYLIST_WALL.as_secs());
        (bound, answer == "planned" && in_bounds(&figures))
    } else {
        ("planned or refused".to_owned(), answer != "killed")
    };
    fs::remove_file(&file)?;
    Ok(Row {
        what: format!("`musicdl plan --json`, {}", list.what),
        figures: format!("{answer}: {figures}"),
        bound,
        holds,
    })
}

/// What a bench program of the host's own measures from within: in each line the name, what was
/// measured, the milliseconds that count and their bound, with tabs between; or instead of the
/// last two the bound in words and whether it holds.
fn inside(workspace: &Workspace, program: &str) -> Result<Vec<Row>> {
    let mut command = workspace.cargo(&[
        "bench", "--locked", "--quiet", "-p", "musicdl", "--bench", program,
    ]);
    println!("\n$ {}", process::shown(&command));
    let text = String::from_utf8(process::output(&mut command)?)?;
    text.lines()
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [what, figures, counts, bound] = cells.as_slice() else {
                anyhow::bail!("the bench program said `{line}`");
            };
            if matches!(*bound, "yes" | "no") {
                return Ok(Row {
                    what: (*what).to_owned(),
                    figures: (*figures).to_owned(),
                    bound: (*counts).to_owned(),
                    holds: *bound == "yes",
                });
            }
            Ok(Row {
                what: (*what).to_owned(),
                figures: (*figures).to_owned(),
                bound: format!("{bound} ms"),
                holds: counts.parse::<f64>()? <= bound.parse::<f64>()?,
            })
        })
        .collect()
}
