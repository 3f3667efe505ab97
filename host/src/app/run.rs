//! One run, whoever starts it: plan, sources, engine, playlists, report.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::control::Control;
use super::engine_config::{engine_options, finishing, quarantine};
use super::events::{Listener, Numbering, RunId};
use super::exit::{Exit, Failure};
use super::planning::{self, Drawn};
use super::report::{Parts, Report};
use super::selection::Selection;
use super::sources::{self, Sources};
use super::{findings, playlists, programs, verification};
use crate::config::Config;
use crate::engine::{
    EarlyEnd, Engine, Event, Finisher, Outcome, Reporter, SourceHandle, SourceMemory,
};
use crate::layout::Layout;
use crate::plan::generate::Findings;
use crate::plan::{Overview, Plan, PlanItem, Status};
use crate::publish::Publisher;
use crate::state::{Memory, RunEnd, RunKind, SourceStore, State};
use crate::whole_file;

/// What a run is asked for.
pub struct Request<'a> {
    /// The checked configuration.
    pub config: &'a Config,
    /// Which items of the plan are carried out.
    pub(crate) selection: &'a Selection,
    /// A saved plan, instead of the want-list of the config.
    pub saved_plan: Option<&'a Path>,
}

/// How a run ended that had begun to carry out its plan.
pub struct Ended {
    /// What it came to.
    pub report: Report,
    /// Its exit code.
    pub exit: Exit,
    /// Why it ended before its plan did, unless it was asked to.
    pub failure: Option<Failure>,
}

/// Plans, carries the plan out, and writes playlists and report. Returns when all is done or
/// `control` has ended it. Called within a tokio runtime, whose threads carry the requests of
/// plugins.
///
/// # Errors
/// When the run ends before it changes anything: because of the config, the state, the
/// library, the want-list or the plugins.
pub async fn run(
    request: &Request<'_>,
    listener: &mut dyn Listener,
    control: &Control,
) -> Result<Ended, Failure> {
    let started_at = Timestamp::now();
    let mut events = Numbering::new(RunId::starting_at(started_at), listener);
    let config = request.config;
    events.warnings(config.warnings.iter().cloned());
    let layout = planning::layout(config)?;
    let mut state = State::open(&config.state)?;
    events.warnings(state.warning());

    let (mut plan, findings) = make_plan(request, &layout, &state, &mut events).await?;
    let Equipment {
        sources: _sources,
        handles,
        publisher,
        finisher,
    } = Equipment::prepare(config, &plan, &mut events)?;
    control.carries_out();
    let memory = begin(request, &mut state, &plan)?;
    let engine = Engine::new(handles, finisher, engine_options(config), memory);
    let cancel = control.cancel();
    let mut outcome = engine.run(&mut plan, &mut state, &mut events, cancel).await;

    let mut lists = playlists::write(&plan, config, &layout, &publisher);
    if let Some(cause) = lists.stopped.take() {
        outcome.early.get_or_insert(EarlyEnd::Disk { cause });
    }
    if let Err(error) = publisher.sweep() {
        lists.problems.push(error.to_string());
    }
    let exit = exit_of(&plan, &findings, request.selection, &outcome, control);
    let failure = early_failure(&outcome);
    let report = Report::new(Parts {
        exit,
        started_at,
        plan: &plan,
        findings: &findings,
        outcome: &outcome,
        delivered: events.delivered(),
        playlists: lists.files,
        warnings: lists.problems,
    });
    let file = config.state.join(request.selection.report_name());
    events.warnings(keep(&report, &file).err());
    let end = RunEnd {
        outcome: exit.as_str(),
        early: outcome.early.is_some(),
    };
    let ended = state.end_run(end);
    events.warnings(ended.err().map(|error| error.to_string()));
    Ok(Ended {
        report,
        exit,
        failure,
    })
}

/// The plan of the request: complete, with everything marked that needs no work.
async fn make_plan(
    request: &Request<'_>,
    layout: &Layout,
    state: &State,
    events: &mut Numbering<'_>,
) -> Result<(Plan, Findings), Failure> {
    let config = request.config;
    let mut memory = state.memory()?;
    request.selection.forget_cancels(&mut memory);
    refuse_vanished_library(config, &memory)?;
    let Drawn {
        mut plan,
        findings,
        duplicates,
        ignored,
    } = planning::plan(config, layout, &memory, request.saved_plan).await?;
    events.warnings(ignored.iter().map(ToString::to_string));
    events.warnings(request.selection.apply(&mut plan));
    events.event(&Event::Planned(Overview::of(
        &plan,
        findings.repeated + duplicates,
    )));
    events.warnings(findings::warnings(&findings));
    Ok((plan, findings))
}

/// Everything that a run needs beside its plan.
struct Equipment {
    /// Kept until the run has ended: the sources leave with it.
    sources: Sources,
    handles: Vec<SourceHandle>,
    publisher: Arc<Publisher>,
    finisher: Finisher,
}

impl Equipment {
    /// Loads the sources and opens the library.
    fn prepare(config: &Config, plan: &Plan, events: &mut Numbering<'_>) -> Result<Self, Failure> {
        let ffmpeg = programs::ffmpeg(config);
        let finishing = finishing(config, &ffmpeg)?;
        let sources = sources::load(config)?;
        sources.refuse_mistakes()?;
        events.warnings(sources.warnings.iter().cloned());
        let refused = sources.registry.refused.iter();
        events.warnings(refused.map(|refusal| format!("plugin left out: {refusal}")));
        let handles = sources.handles(config);
        let mut pending = plan.items_by_status(Status::Pending);
        if handles.is_empty() && pending.any(PlanItem::needs_source) {
            return Err(sources.nothing_usable(config));
        }
        let inspector = verification::inspector(config, ffmpeg)?;
        let publisher = Arc::new(Publisher::open(&config.library.path)?);
        publisher.sweep()?;
        if let Err(error) = quarantine(config).tidy() {
            let path = config.quarantine.path.display();
            events.warning(format!("the quarantine `{path}` cannot be used: {error}"));
        }
        sources.deliver_to(&publisher);
        let finisher = Finisher::new(Arc::clone(&publisher), finishing)
            .inspecting(inspector, quarantine(config));
        Ok(Self {
            sources,
            handles,
            publisher,
            finisher,
        })
    }
}

/// Writes down that a run has begun, and what it is about to do.
fn begin(
    request: &Request<'_>,
    state: &mut State,
    plan: &Plan,
) -> Result<Arc<dyn SourceMemory>, Failure> {
    let Request {
        config, selection, ..
    } = request;
    state.begin_run(&config.library.path, selection.run_kind())?;
    state.forget_cancels(selection.again_wanted())?;
    state.save_plan(plan)?;
    let store = SourceStore::open(&config.state)?;
    for id in selection.again_wanted() {
        store.forget_bad_files(id)?;
    }
    Ok(Arc::new(store))
}

/// A library that earlier runs filled and that is empty now is most likely not mounted.
/// Filling the mount point would fetch everything again, to the wrong disk.
fn refuse_vanished_library(config: &Config, memory: &Memory) -> Result<(), Failure> {
    let library = &config.library.path;
    let Some(files) = memory.vanished(library) else {
        return Ok(());
    };
    let empty = match std::fs::read_dir(library) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !empty {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Disk,
        format!(
            "the library `{}` is empty or gone, but {files} files were placed there",
            library.display(),
        ),
    )
    .with_hint(format!(
        "mount it; if you emptied it on purpose, remove the state `{}`",
        config.state.display()
    )))
}

fn exit_of(
    plan: &Plan,
    findings: &Findings,
    selection: &Selection,
    outcome: &Outcome,
    control: &Control,
) -> Exit {
    // Who asked for some tracks did not ask for the entries of the want-list.
    let lacks_some = match selection.run_kind() {
        RunKind::Plan => !findings.failed.is_empty(),
        RunKind::Retry => selection.lacks(plan),
    };
    let statistics = plan.statistics();
    match &outcome.early {
        Some(EarlyEnd::Interrupted) => control.exit(),
        Some(EarlyEnd::Disk { .. } | EarlyEnd::Journal(_)) => Exit::Disk,
        None if statistics.failed > 0
            && statistics.completed == 0
            && !outcome.dropped.is_empty() =>
        {
            Exit::Network
        }
        None if statistics.failed + statistics.pending > 0 || lacks_some => Exit::Partial,
        None => Exit::Success,
    }
}

fn early_failure(outcome: &Outcome) -> Option<Failure> {
    let hint = "everything finished is kept; mend the cause and run the same command again";
    match &outcome.early {
        Some(EarlyEnd::Disk { cause }) => Some(Failure::new(Exit::Disk, cause).with_hint(hint)),
        Some(EarlyEnd::Journal(error)) => Some(Failure::new(Exit::Disk, error).with_hint(hint)),
        Some(EarlyEnd::Interrupted) | None => None,
    }
}

/// The report beside the journal, for scripts and for later. The error is a sentence.
fn keep(report: &Report, path: &Path) -> Result<(), String> {
    let written = whole_file::replace(path, |out| {
        let mut buffered = BufWriter::new(out);
        serde_json::to_writer_pretty(&mut buffered, report)?;
        buffered.flush()
    });
    written.map_err(|error| format!("the report `{}` was not written: {error}", path.display()))
}
