//! What the engine itself costs, measured from within; run by `cargo xtask bench`.

mod figures;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use musicdl::engine::{
    Cancel, Command, CurrentDownload, Deadlines, Engine, Entry, Event, ExtraFiles, Finisher,
    Finishing, Journal, JournalError, NoMemory, Options, PaceWish, Reporter, SearchOrder,
    SourceHandle,
};
use musicdl::layout::RelPath;
use musicdl::matching::Rules;
use musicdl::music::{SourceName, Track, TrackId};
use musicdl::plan::{Plan, PlanItem};
use musicdl::publish::Publisher;
use musicdl::state::State;
use musicdl_plugin_api::{
    Capabilities, Connection, Download, DownloadRequest, Hit, Limits, Progress, Query, Source,
    SourceError,
};

use figures::figure;

const ITEMS: usize = 100_000;
/// Items that end between two commits, as with many jobs on small files.
const BATCH: usize = 64;
const CHANGES: usize = 20_000;
const CHANGES_PER_SECOND: f64 = 5_000.0;
/// Microseconds.
const CPU_PER_ITEM: f64 = 200.0;

fn main() {
    overhead();
    journal();
}

/// Status changes in batches, each batch durable before the next begins.
fn journal() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let mut state = State::open(dir.path()).expect("the state is ours");
    let plan = plan(CHANGES);
    state.save_plan(&plan).expect("the plan is saved");
    let entries: Vec<Entry> = plan
        .items
        .iter()
        .map(|item| Entry::Started {
            id: item.id().clone(),
        })
        .collect();
    let began = Instant::now();
    for batch in entries.chunks(BATCH) {
        state.record(batch).expect("the batch is written");
    }
    let took = began.elapsed();
    let per_second = CHANGES as f64 / took.as_secs_f64();
    figure(
        &format!("{CHANGES} status changes, durable in batches of {BATCH}"),
        &format!("{per_second:.0} a second"),
        &format!("{CHANGES_PER_SECOND:.0} a second"),
        per_second >= CHANGES_PER_SECOND,
    );
}

/// A source that answers at once, and has nothing.
struct Nothing;

impl Source for Nothing {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, _: &Query) -> Result<Vec<Hit>, SourceError> {
        Ok(Vec::new())
    }

    fn download_raw(&self, _: &DownloadRequest, _: &Progress) -> Result<Download, SourceError> {
        Err(SourceError::not_found("nothing"))
    }

    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

/// A memory and an ear that keep nothing: what is measured is the engine.
struct Void;

impl Journal for Void {
    fn record(&mut self, _: &[Entry]) -> Result<(), JournalError> {
        Ok(())
    }

    fn downloads(&mut self, _: &[CurrentDownload]) -> Result<(), JournalError> {
        Ok(())
    }

    fn commands(&mut self) -> Result<Vec<Command>, JournalError> {
        Ok(Vec::new())
    }
}

impl Reporter for Void {
    fn event(&mut self, _: &Event) {}
}

/// Walks 100,000 items through a source that has none.
fn overhead() {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let limits = Limits {
        search_concurrency: 64,
        ..Limits::default()
    };
    let second = Duration::from_secs(60);
    let handle = SourceHandle::new(
        SourceName::parse("nothing").expect("a name"),
        Arc::new(Nothing),
        Capabilities::OWN_QUERIES,
        limits,
        PaceWish::default(),
        Deadlines {
            search: second,
            stall: second,
            queue: second,
            follow: second,
        },
    );
    let publisher = Publisher::open(dir.path()).expect("the library is ours");
    let options = Options {
        jobs: 16,
        rules: Rules::default(),
        retries: 0,
        max_wait: Duration::ZERO,
        hits_per_search: 10,
        search: SearchOrder::Priority,
        cache_age: Duration::ZERO,
        extra_files: ExtraFiles::Discard,
    };
    let finisher = Finisher::new(Arc::new(publisher), Finishing::default());
    let engine = Engine::new(vec![handle], finisher, options, Arc::new(NoMemory));
    // What others needed before is not what this needs (proc(5), clear_refs).
    std::fs::write("/proc/self/clear_refs", "5").ok();
    let memory_before = memory("VmRSS:");
    let mut plan = plan(ITEMS);
    let (before, wall) = (processor_time(), Instant::now());
    let outcome = runtime.block_on(engine.run(&mut plan, &mut Void, &mut Void, &Cancel::new()));
    let wall = wall.elapsed();
    let spent = match (before, processor_time()) {
        (Some(before), Some(after)) => after - before,
        _ => wall,
    };
    assert_eq!(plan.statistics().failed, ITEMS, "{:?}", outcome.early);
    let each = spent.as_secs_f64() * 1e6 / ITEMS as f64;
    figure(
        &format!("engine, {ITEMS} items of which none is found, CPU an item"),
        &format!("{each:.0} µs, {:.1} s in all", wall.as_secs_f64()),
        &format!("{CPU_PER_ITEM:.0} µs"),
        each <= CPU_PER_ITEM,
    );
    if let (Some(before), Some(most)) = (memory_before, memory("VmHWM:")) {
        let each = most.saturating_sub(before) as f64 * 1024.0 / ITEMS as f64;
        figure(
            "the same: memory, plan and outcome included",
            &format!("{each:.0} bytes an item"),
            "1500 bytes",
            each <= 1_500.0,
        );
    }
}

/// Memory of this process in KiB, as that line of proc_pid_status(5) has it.
fn memory(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|found| found.strip_prefix(line))?;
    found.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Of all threads of this process. `None` where the system does not tell.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may hold spaces: user and system time are fields 14 and 15.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let per_second = rustix::param::clock_ticks_per_second();
    Some(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

fn plan(count: usize) -> Plan {
    let item = |n: usize| {
        let id = TrackId::from_saved(format!("spotify:{n:022}"));
        let mut item = PlanItem::new(Track {
            artists: vec!["Ann Example".to_owned()],
            duration_ms: Some(180_000),
            ..Track::new(id, format!("Song number {n}"))
        });
        let target = format!("Ann Example/{n}");
        item.targets
            .push(RelPath::from_saved(&target).expect("a path inside the library"));
        item
    };
    let items = (0..count).map(item).collect();
    Plan::new(items, Vec::new(), Timestamp::now(), "1".to_owned())
}
