//! `musicdl run`: plan, sources, engine, playlists, report.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::environment::Environment;
use super::interrupts::Interrupts;
use super::plan;
use super::tag::id3_of;
use crate::app::exit::{Exit, Failure};
use crate::app::planning::{self, Drawn};
use crate::app::report::{Delivered, Parts, Report};
use crate::app::selection::Selection;
use crate::app::{playlists, programs, sources, verification};
use crate::cli::RunArgs;
use crate::config::{self, Config, LyricsPlace, Publish, ReplayGain};
use crate::convert;
use crate::engine::{
    CoverEmbedding, EarlyEnd, Engine, Event, ExtraFiles, Finisher, Finishing, LyricsWish, Options,
    Outcome, Reporter, SearchOrder, SourceMemory,
};
use crate::ffmpeg::{Ffmpeg, Missing};
use crate::layout::Layout;
use crate::matching::Rules;
use crate::music::SourceName;
use crate::plan::generate::Findings;
use crate::plan::{Plan, PlanItem, Status};
use crate::publish::{Publisher, Quarantine};
use crate::state::{Memory, RunEnd, RunKind, SourceStore, State};
use crate::tagging::CoverLimits;
use crate::ui::Screen;
use crate::whole_file;

/// Hits asked of a source in one search: enough for the right one among covers and live
/// versions, few enough for one page of every service.
const HITS_PER_SEARCH: u32 = 50;

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
    screen.warnings(&config.warnings);
    let layout = planning::layout(&config)?;
    let runtime = runtime()?;
    if args.dry_run {
        return runtime.block_on(plan::show(
            &config,
            &layout,
            &selection,
            args.plan.as_deref(),
            plan::Written::default(),
            screen,
        ));
    }
    let done = runtime.block_on(carry_out(
        &config,
        &layout,
        &selection,
        args.plan.as_deref(),
        screen,
    ));
    // A plugin call that does not return must not keep the program alive.
    runtime.shutdown_background();
    done
}

/// The one runtime of the program.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unexpected, format!("no runtime: {error}")))
}

async fn carry_out(
    config: &Config,
    layout: &Layout,
    selection: &Selection,
    saved_plan: Option<&Path>,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let started_at = Timestamp::now();
    let interrupts = Interrupts::listen();
    let mut state = State::open(&config.state)?;
    screen.warnings(state.warning().as_slice());
    let mut memory = state.memory()?;
    selection.forget_cancels(&mut memory);
    refuse_vanished_library(config, &memory)?;
    let ffmpeg = programs::ffmpeg(config);
    let finishing = finishing(config, &ffmpeg)?;

    let Drawn {
        mut plan,
        findings,
        duplicates,
    } = planning::plan(config, layout, &memory, saved_plan).await?;
    screen.warnings(&selection.apply(&mut plan));
    screen.planned(&plan, &findings, duplicates);

    let sources = sources::load(config)?;
    sources.refuse_mistakes()?;
    screen.warnings(&sources.warnings);
    screen.refused(&sources.registry.refused);
    let handles = sources.handles(config);
    if handles.is_empty()
        && plan
            .items_by_status(Status::Pending)
            .any(PlanItem::needs_source)
    {
        return Err(sources.nothing_usable(config));
    }
    let inspector = verification::inspector(config, ffmpeg)?;
    let publisher = Arc::new(Publisher::open(&config.library.path)?);
    publisher.sweep()?;
    if let Err(error) = quarantine(config).tidy() {
        let path = config.quarantine.path.display();
        screen.warnings(&[format!("the quarantine `{path}` cannot be used: {error}")]);
    }
    sources.deliver_to(&publisher);
    interrupts.be_polite();
    state.begin_run(&config.library.path, selection.run_kind())?;
    state.forget_cancels(selection.again_wanted())?;
    state.save_plan(&plan)?;
    let store = SourceStore::open(&config.state)?;
    for id in selection.again_wanted() {
        store.forget_bad_files(id)?;
    }
    let memory: Arc<dyn SourceMemory> = Arc::new(store);

    let mut reporter = Tally {
        screen: screen.reporter(plan.items.len()),
        delivered: BTreeMap::new(),
    };
    let engine = Engine::new(
        handles,
        Finisher::new(Arc::clone(&publisher), finishing).inspecting(inspector, quarantine(config)),
        engine_options(config),
        memory,
    );
    let mut outcome = engine
        .run(&mut plan, &mut state, &mut reporter, interrupts.cancel())
        .await;
    let Tally {
        screen: bars,
        delivered,
    } = reporter;
    drop(bars);

    let lists = playlists::write(&plan, config, layout, &publisher);
    let mut warnings = lists.problems;
    if let Some(cause) = lists.stopped {
        outcome.early.get_or_insert(EarlyEnd::Disk { cause });
    }
    if let Err(error) = publisher.sweep() {
        warnings.push(error.to_string());
    }
    let exit = exit_of(&plan, &findings, selection, &outcome, &interrupts);
    let early = early_failure(&outcome);
    let report = Report::new(Parts {
        exit,
        started_at,
        plan: &plan,
        findings: &findings,
        outcome: &outcome,
        delivered: delivered
            .into_iter()
            .map(|(source, tracks)| Delivered { source, tracks })
            .collect(),
        playlists: lists.files,
        warnings,
    });
    keep(&report, &config.state.join(selection.report_name()), screen);
    let end = RunEnd {
        outcome: exit.as_str(),
        early: outcome.early.is_some(),
    };
    if let Err(error) = state.end_run(end) {
        screen.warnings(&[error.to_string()]);
    }
    screen.report(&report);
    match early {
        Some(failure) => Err(failure),
        None => Ok(exit),
    }
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

/// What becomes of fetched files, by the config.
fn finishing(config: &Config, ffmpeg: &Result<Ffmpeg, Missing>) -> Result<Finishing, Failure> {
    let (embedded, beside) = match config.tags.lyrics {
        LyricsPlace::Both => (true, true),
        LyricsPlace::Embedded => (true, false),
        LyricsPlace::Beside => (false, true),
        LyricsPlace::Nowhere => (false, false),
    };
    let convert = config.download.format.map(|encoding| convert::Conversion {
        encoding,
        keep_lossless: config.download.keep_lossless,
    });
    let needed_for = match (convert, config.tags.replaygain) {
        (Some(wish), _) => Some(format!("`download.format: {}`", wish.encoding)),
        (None, ReplayGain::Track) => Some("`tags.replaygain: track`".to_owned()),
        (None, ReplayGain::Album) => Some("`tags.replaygain: album`".to_owned()),
        (None, ReplayGain::None) => None,
    };
    if let (Some(what), Err(missing)) = (needed_for, ffmpeg) {
        return Err(
            Failure::new(Exit::Usage, format!("{what} needs ffmpeg, and {missing}"))
                .with_hint("install it, or name it by `ffmpeg_path` in the config"),
        );
    }
    Ok(Finishing {
        cover_file: config.library.cover_file,
        quality: config.download.quality,
        id3: id3_of(config),
        cover: cover_wish(config),
        together: config.download.publish == Publish::Albums,
        lyrics: LyricsWish { embedded, beside },
        source_comment: config.tags.source_comment,
        replaygain: config.tags.replaygain != ReplayGain::None,
        album_gain: config.tags.replaygain == ReplayGain::Album,
        convert,
        ffmpeg: ffmpeg.as_ref().ok().cloned(),
    })
}

/// Which pictures go into files, by the config.
fn cover_wish(config: &Config) -> CoverEmbedding {
    let tags = &config.tags;
    let limits = CoverLimits {
        most_side: tags.cover_max_size,
        most_bytes: tags.cover_max_bytes,
    };
    match (tags.cover, limits == CoverLimits::default()) {
        (false, _) => CoverEmbedding::Nowhere,
        (true, true) => CoverEmbedding::AsTheyCome,
        (true, false) => CoverEmbedding::Within(limits),
    }
}

/// Where refused files are kept, by the config.
pub(super) fn quarantine(config: &Config) -> Quarantine {
    let kept = &config.quarantine;
    Quarantine::new(&kept.path, kept.max_size, kept.max_age)
}

/// How the engine is to work, by the config.
pub(super) fn engine_options(config: &Config) -> Options {
    Options {
        jobs: config.download.jobs,
        rules: Rules {
            accept: config.matching.accept,
            duration_tolerance: config.matching.duration_tolerance,
            quality: config.download.quality,
            aliases: config.matching.aliases.clone(),
        },
        retries: config.download.retries,
        max_wait: config.download.max_wait,
        hits_per_search: HITS_PER_SEARCH,
        search: match config.download.search {
            config::SearchOrder::Priority => SearchOrder::Priority,
            config::SearchOrder::Best => SearchOrder::Best,
        },
        cache_age: config.download.search_cache,
        extra_files: match config.download.extra_files {
            config::ExtraFiles::Discard => ExtraFiles::Discard,
            config::ExtraFiles::Keep => ExtraFiles::Keep,
        },
    }
}

fn exit_of(
    plan: &Plan,
    findings: &Findings,
    selection: &Selection,
    outcome: &Outcome,
    interrupts: &Interrupts,
) -> Exit {
    // Who asked for some tracks did not ask for the entries of the want-list.
    let lacks_some = match selection.run_kind() {
        RunKind::Plan => !findings.failed.is_empty(),
        RunKind::Retry => selection.lacks(plan),
    };
    let statistics = plan.statistics();
    match &outcome.early {
        Some(EarlyEnd::Interrupted) => interrupts.exit(),
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

/// The report beside the journal, for scripts and for later.
fn keep(report: &Report, path: &Path, screen: &Screen) {
    let written = whole_file::replace(path, |out| {
        let mut buffered = BufWriter::new(out);
        serde_json::to_writer_pretty(&mut buffered, report)?;
        buffered.flush()
    });
    if let Err(error) = written {
        screen.warnings(&[format!(
            "the report `{}` was not written: {error}",
            path.display()
        )]);
    }
}

/// Counts who delivered what, and passes every event on.
struct Tally {
    screen: Box<dyn Reporter>,
    delivered: BTreeMap<SourceName, usize>,
}

impl Reporter for Tally {
    fn event(&mut self, event: &Event) {
        if let Event::ItemFinished {
            source: Some(source),
            ..
        } = event
        {
            *self.delivered.entry(source.clone()).or_default() += 1;
        }
        self.screen.event(event);
    }
}
