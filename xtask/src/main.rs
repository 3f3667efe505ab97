//! The project's own commands: `cargo xtask NAME`. Decides only which one is meant; each is
//! a module of its name.

#![expect(
    clippy::print_stdout,
    reason = "printing is what these commands are for"
)]

mod bench;
mod ci;
mod claims;
#[path = "../../host/tests/support/compilers.rs"]
#[expect(dead_code, reason = "here they are only named")]
mod compilers;
mod coverage;
mod endure;
mod forbid;
mod notices;
mod peers;
mod plugins;
mod process;
mod quickstart;
mod refusals;
mod skips;
mod test;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};

use workspace::Workspace;

const HELP: &str = "\
The project's own commands

cargo xtask quickstart [--svg FILE]  build musicdl, run it on the example, check what it made
cargo xtask test [FILTER..]          install what the tests need and run all, or those named
cargo xtask ci [--quick]             format, words, lints, docs, licences; or what needs no build
cargo xtask bench                    measure the release build against its bounds
cargo xtask coverage                 lines that the tests run, and whether they are enough
cargo xtask endure [KILLS]           kill runs 500 times, and at every operation on a file;
                                     with a number, kill as often and no more
cargo xtask refusals [COUNT]         count whole files (10,000) that verification refuses
cargo xtask plugins DIR              build the plugins for use and copy them into DIR
cargo xtask notices FILE             write the licences of all that the binaries contain
";

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let workspace = Workspace::find()?;
    match args.as_slice() {
        ["quickstart"] => quickstart::run(&workspace, None),
        ["quickstart", "--svg", file] => quickstart::run(&workspace, Some(&PathBuf::from(file))),
        ["test", filters @ ..] => test::run(&workspace, filters),
        ["ci"] => ci::run(&workspace),
        ["ci", "--quick"] => ci::quick(&workspace),
        ["coverage"] => coverage::run(&workspace),
        ["endure"] => endure::run(&workspace, None),
        ["endure", kills] => endure::run(&workspace, Some(kills)),
        ["bench"] => bench::run(&workspace),
        ["refusals"] => refusals::run(&workspace, "10000"),
        ["refusals", count] => refusals::run(&workspace, count),
        ["notices", file] => notices::write(&workspace, &PathBuf::from(file)),
        ["plugins", dir] => plugins::deliver(&workspace, &PathBuf::from(dir)),
        [] | ["help" | "-h" | "--help", ..] => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("`{}` is no command\n\n{HELP}", args.join(" ")),
    }
}
