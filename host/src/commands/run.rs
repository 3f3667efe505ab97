//! `musicdl run`: the run of `app`, shown on the screen and ended by signals.

use std::time::Duration;

use super::environment::Environment;
use super::{interrupts, plan};
use crate::app::selection::Selection;
use crate::app::{self, Exit, Failure, Request, planning};
use crate::cli::RunArgs;
use crate::ui::Screen;

/// How long the program waits at its end for what threads still write down.
const LAST_NOTES: Duration = Duration::from_millis(500);

pub(super) fn run(
    environment: &Environment,
    args: &RunArgs,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let selection = Selection::of_lists(&args.include, &args.exclude)?;
    run_selected(environment, args, selection, screen)
}

/// Carries out a part of the plan.
pub(super) fn run_selected(
    environment: &Environment,
    args: &RunArgs,
    selection: Selection,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config(args.jobs)?;
    let runtime = runtime()?;
    if args.dry_run {
        screen.warnings(&config.warnings);
        let layout = planning::layout(&config)?;
        return runtime.block_on(plan::show(
            &config,
            &layout,
            &selection,
            args.plan.as_deref(),
            plan::Written::default(),
            screen,
        ));
    }
    let request = Request {
        config: &config,
        selection: &selection,
        saved_plan: args.plan.as_deref(),
    };
    let (mut printer, control) = {
        let _within = runtime.enter();
        (screen.printer()?, interrupts::listen())
    };
    let ended = runtime.block_on(app::run(&request, &mut printer, &control));
    let exit = match &ended {
        Ok(ended) => ended.exit,
        Err(failure) => failure.exit,
    };
    let all_printed = screen.end(printer, ended, &control);
    // Notes about sources may be on their way to the disk. A plugin call that does not return
    // must not keep the program alive.
    runtime.shutdown_timeout(LAST_NOTES);
    // Whoever asked the program to end did not get to read how the run did.
    Ok(if all_printed { exit } else { control.exit() })
}

/// The one runtime of the program.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unexpected, format!("no runtime: {error}")))
}
