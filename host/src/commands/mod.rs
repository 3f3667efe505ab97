//! One file per subcommand. They join the stages and hold no rules of their own.

mod cancel;
mod environment;
mod explain;
mod interrupts;
mod item;
mod plan;
mod plugins;
mod retry;
mod run;
mod status;
mod tag;

use std::process::ExitCode;

use clap::Parser;

use crate::app::{Exit, Failure};
use crate::cli::{Cli, Command};
use crate::ffmpeg::launch;
use crate::plugin::child;
use crate::ui::Screen;
use environment::Environment;

/// Parses the arguments, does what they say and answers the exit code.
pub fn main() -> ExitCode {
    // Looked for first, because reading the arguments as a user's takes as long as all else
    // that such a process does before it loads its plugin.
    if let Some(file) = child::file_to_serve(std::env::args_os()) {
        return child::serve(&file);
    }
    if let Some(launch) = launch::asked(std::env::args_os()) {
        return launch.run();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; anything else is wrong usage. A closed pipe is
            // no error of ours.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            drop(error.print());
            return exit.into();
        }
    };
    let screen = Screen::new(&cli.global);
    screen.start_log(cli.global.verbose);
    let environment = Environment::of_process(cli.global.clone());
    let done = environment.and_then(|environment| dispatch(cli, &environment, &screen));
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            screen.failure(&failure);
            failure.exit.into()
        }
    }
}

fn dispatch(cli: Cli, environment: &Environment, screen: &Screen) -> Result<Exit, Failure> {
    if let Some(option) = cli.misplaced() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{option} is an option of `musicdl run`"),
        ));
    }
    match cli.command {
        None => run::run(environment, &cli.run, screen),
        Some(Command::Run(after)) => run::run(environment, &cli.run.merge(after), screen),
        Some(Command::Plan { save, list }) => {
            plan::plan(environment, save.as_deref(), list.as_deref(), screen)
        }
        Some(Command::Status { watch }) => status::status(environment, watch, screen),
        Some(Command::Cancel {
            item: Some(words), ..
        }) => cancel::item(environment, &words, screen),
        Some(Command::Cancel {
            source: Some(name), ..
        }) => cancel::source(environment, &name, screen),
        Some(Command::Cancel {
            item: None,
            source: None,
        }) => Err(Failure::new(
            Exit::Usage,
            "name a track, or a source with --source",
        )),
        Some(Command::Retry { items, failed }) => {
            retry::retry(environment, &items, failed, &cli.run, screen)
        }
        Some(Command::Explain { item }) => explain::explain_item(environment, &item, screen),
        Some(Command::Tag {
            files,
            set,
            from_catalog,
        }) => {
            let wanted = tag::Wanted {
                set: &set,
                from_catalog,
            };
            tag::tag(environment, &files, &wanted, screen)
        }
        Some(Command::Plugins { action, check }) => {
            plugins::plugins(environment, action, check, screen)
        }
    }
}
