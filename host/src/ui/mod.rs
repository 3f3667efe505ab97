//! What people and scripts see. stdout is for data (the report, plans, lists, JSON), stderr
//! for talk (progress, warnings, errors, the log). Only this module prints.
//!
//! Names come from files and services nobody vouches for, so everything printed for people
//! goes through [`plain`]: nothing in a title can move the cursor or begin a line.

mod explanation;
mod failure;
mod json;
mod kit;
mod lines;
mod out;
mod printer;
mod progress;
mod summary;
mod trusted;

use crate::text::plain;
use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;
use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{self, Writer};

use printer::{Queue, View};

pub use printer::Printer;

use crate::app::{Check, Control, Ended, Exit, Explanation, Failure, RunEvent, Status, findings};
use crate::cli::Global;
use crate::kit::child::Message;
use crate::kit::review::Review;
use crate::plan::Plan;
use crate::plan::generate::Findings;
use crate::plugin::trust::Renewal;
use crate::plugin::{PluginInfo, PluginReport, Refusal};

/// How much is printed, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Words, with bars where there is a terminal.
    Words { bars: bool },
    /// Errors only.
    Quiet,
    /// JSON on stdout, words on stderr only when something is wrong.
    Json,
}

/// Everything that is shown in one run of the program.
#[derive(Debug)]
pub struct Screen {
    form: Form,
    bars: MultiProgress,
    /// Where the log goes while a run is printed.
    printing: Printing,
}

/// The queue of the printer that runs, if one does.
type Printing = Arc<Mutex<Weak<Queue>>>;

impl Screen {
    /// A screen in the form that the arguments ask for.
    pub fn new(arguments: &Global) -> Self {
        let terminal = io::stderr().is_terminal();
        let form = match (arguments.json, arguments.quiet) {
            (true, _) => Form::Json,
            (false, true) => Form::Quiet,
            (false, false) => Form::Words {
                bars: terminal && !arguments.no_progress,
            },
        };
        let target = match form {
            Form::Words { bars: true } => ProgressDrawTarget::stderr(),
            Form::Words { bars: false } | Form::Quiet | Form::Json => ProgressDrawTarget::hidden(),
        };
        Self {
            form,
            bars: MultiProgress::with_draw_target(target),
            printing: Printing::default(),
        }
    }

    /// Sends the log to stderr, above the bars. `verbose` is how often the user asked for
    /// more; `MUSICDL_LOG` names targets and levels instead. The log of the HTTP and TLS
    /// libraries stays off: they may write headers into it.
    pub fn start_log(&self, verbose: u8) {
        let level = match verbose {
            0 => "musicdl=error,musicdl::plugin=warn",
            1 => "musicdl=info",
            _ => "musicdl=debug",
        };
        let filter =
            EnvFilter::try_from_env("MUSICDL_LOG").unwrap_or_else(|_| EnvFilter::new(level));
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .fmt_fields(format::debug_fn(log_field).delimited(" "))
            .with_writer(AboveBars {
                bars: self.bars.clone(),
                printing: Arc::clone(&self.printing),
            })
            .with_ansi(io::stderr().is_terminal())
            .finish();
        // A second screen in one process, as in tests, keeps the first one's log.
        drop(tracing::subscriber::set_global_default(log));
    }

    /// Why the program did not do what it was asked to.
    pub fn failure(&self, failure: &Failure) {
        print_failure(self.form, failure, None);
    }

    /// Things worth knowing that stop nothing.
    pub fn warnings(&self, warnings: &[String]) {
        if self.form == Form::Quiet {
            return;
        }
        for warning in warnings {
            self.say(&failure::warning(warning));
        }
    }

    /// Plugin files that were not let in.
    pub fn refused(&self, refused: &[Refusal]) {
        let warnings: Vec<String> = refused
            .iter()
            .map(|refusal| format!("plugin left out: {refusal}"))
            .collect();
        self.warnings(&warnings);
    }

    /// Shows a run on a thread of its own.
    pub fn printer(&self) -> Result<Printer, Failure> {
        let bars = self.bars.clone();
        let view: Box<dyn View> = match self.form {
            Form::Json => Box::new(json::Events),
            Form::Quiet => Box::new(lines::Lines { errors_only: true }),
            Form::Words { bars: false } => Box::new(lines::Lines { errors_only: false }),
            Form::Words { bars: true } => Box::new(progress::Bars::new(bars)),
        };
        let printer = Printer::start(view)
            .map_err(|error| Failure::new(Exit::Unexpected, format!("no thread: {error}")))?;
        *lock(&self.printing) = Arc::downgrade(printer.queue());
        Ok(printer)
    }

    /// Prints how a run ended, after everything else, and waits until it is printed. Once the
    /// user asks the program to end, a reader that does not read is not waited for: `false`.
    pub fn end(&self, printer: Printer, ended: Result<Ended, Failure>, control: &Control) -> bool {
        let form = self.form;
        let last = move |before: Option<&RunEvent>| match ended {
            Ok(ended) => {
                match form {
                    Form::Json => json::report(&ended.report, before),
                    Form::Words { .. } => out::data(&summary::report(&ended.report)),
                    Form::Quiet => {}
                }
                if let Some(failure) = &ended.failure {
                    print_failure(form, failure, before);
                }
            }
            Err(failure) => print_failure(form, &failure, before),
        };
        printer.end(Box::new(last), || control.cancel().is_stopping())
    }

    /// A plan, before anything is done.
    pub fn show_plan(&self, plan: &Plan, findings: &Findings, duplicates: usize) {
        match self.form {
            Form::Json => {
                self.findings(findings);
                json::plan(plan);
            }
            Form::Words { .. } => {
                self.findings(findings);
                out::data(&summary::plan(plan, duplicates));
            }
            Form::Quiet => {}
        }
    }

    /// How things stand.
    pub fn status(&self, status: &Status) {
        match self.form {
            Form::Json => json::document(status),
            Form::Words { .. } | Form::Quiet => out::data(&summary::status(status)),
        }
    }

    /// Why a track is taken from where it is.
    pub fn explanation(&self, item: &Explanation) {
        self.answer(item, &explanation::words(item));
    }

    /// What became of the plugin files.
    pub fn plugins(&self, report: &[PluginReport], checks: Option<&[Check]>) {
        match self.form {
            Form::Json => json::plugins(report, checks),
            Form::Words { .. } | Form::Quiet => out::data(&summary::plugins(report, checks)),
        }
    }

    /// The locks that were written.
    pub fn trusted(&self, renewals: &[Renewal]) {
        for renewal in renewals {
            self.warnings(&trusted::warnings(renewal));
        }
        match self.form {
            Form::Json => json::trusted(renewals),
            Form::Words { .. } => out::data(&trusted::words(renewals)),
            Form::Quiet => {}
        }
    }

    /// The reviews of plugin files.
    pub fn reviews(&self, reviews: &[Review]) {
        let words: Vec<String> = reviews.iter().map(kit::review).collect();
        match reviews {
            [one] => self.answer(one, &words.concat()),
            all => self.answer(&all, &words.join("\n")),
        }
    }

    /// A source in full.
    pub fn plugin(&self, info: &PluginInfo) {
        match self.form {
            Form::Json => json::document(info),
            Form::Words { .. } | Form::Quiet => out::data(&kit::info(info)),
        }
    }

    /// What a command did: the same as data and in words.
    pub fn answer(&self, data: &impl Serialize, words: &str) {
        match self.form {
            Form::Json => json::document(data),
            Form::Words { .. } => out::data(words),
            Form::Quiet => {}
        }
    }

    /// What a child process says to its parent. On a line of its own, whatever else was
    /// printed before.
    pub fn message(&self, message: &Message) {
        json::message(message);
    }

    /// A line for the user of a parent process, from any thread.
    pub fn say_to_parent(line: &str) {
        json::message(&Message::Say(line.to_owned()));
    }

    /// A line that somebody's words are in.
    pub fn line(&self, text: &str) {
        let lines: Vec<String> = text.lines().map(plain).collect();
        out::data(&lines.join("\n"));
    }

    /// Asks for a line, where somebody sits at a terminal.
    pub fn prompt(&self) {
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            self.say("musicdl plugins dev> ");
        }
    }

    /// Entries and rows that could not be read.
    fn findings(&self, findings: &Findings) {
        for text in findings::warnings(findings) {
            self.say(&failure::warning(&text));
        }
    }

    /// A line of talk, above the bars.
    fn say(&self, text: &str) {
        self.bars.suspend(|| out::talk(text));
    }
}

/// One field of a log line. Names and error texts stand in the log as well, and many of them
/// come unquoted.
fn log_field(to: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    let value = plain(&format!("{value:?}"));
    match field.name() {
        "message" => to.write_str(&value),
        name => write!(to, "{name}={value}"),
    }
}

fn print_failure(form: Form, failure: &Failure, before: Option<&RunEvent>) {
    match form {
        Form::Json => json::failure(failure, before),
        Form::Words { .. } | Form::Quiet => {}
    }
    failure::print(failure);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A weak pointer is whole, whoever panicked in between.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the log goes: to the printer of a run, so that no thread that logs waits for a
/// terminal, or else to stderr, without tearing the bars.
#[derive(Clone)]
struct AboveBars {
    bars: MultiProgress,
    printing: Printing,
}

impl io::Write for AboveBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let queue = lock(&self.printing).upgrade();
        if queue.is_some_and(|queue| queue.log(bytes)) {
            return Ok(bytes.len());
        }
        self.bars.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for AboveBars {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
