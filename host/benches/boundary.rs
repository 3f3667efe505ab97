//! What it costs that a plugin lives in a process of its own, measured from within; run by
//! `cargo xtask bench`. The processes are confined as those of a run are.

#![expect(
    clippy::expect_used,
    reason = "a figure without its scenery is none, and says which part is missing"
)]

mod clock;
mod download;
mod figures;
#[path = "../tests/fixtures/full.rs"]
mod full;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl::music::SourceName;
use musicdl::plugin::services::{HostNet, NetOptions, Route, ServiceContext, SourceFacts};
use musicdl::plugin::{LoadedLibrary, ProcessOptions, Sandbox, load_in_process};
use musicdl_plugin_api::{Hit, HostServices, Query, Settings, Source};
use tokio::runtime::Runtime;

use clock::{cpu_of, ms};
use figures::figure;

const ROUNDS: usize = 7;
const ROUND_TRIPS: usize = 2_000;
const SEARCHES: usize = 300;
const HITS: u32 = 50;
const STARTS: usize = 20;

fn main() {
    let scene = Scene::new();
    let library = scene.library("echo");
    starts(&scene, &library);
    for plugin in ["folder", "subsonic"] {
        memory(&scene, &scene.library(plugin), plugin);
    }
    let source = scene.source(&library);
    round_trips(&*source);
    hits(&*source);
    drop(source);
    let services: Arc<dyn HostServices> = scene.context.services(name(), SourceFacts::default());
    download::downloads(&services, &scene.runtime, 2 * ROUNDS + 1);
}

/// What processes and services stand on.
struct Scene {
    context: ServiceContext,
    options: Arc<ProcessOptions>,
    /// Carries the requests.
    runtime: Runtime,
    _dir: tempfile::TempDir,
}

fn name() -> SourceName {
    SourceName::parse("bench").expect("it is a good name")
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let runtime = Runtime::new().expect("there are threads for a runtime");
        let options = NetOptions {
            route: Route::Direct,
            allow_hosts: vec!["127.0.0.1".to_owned()],
            ..NetOptions::default()
        };
        let net = HostNet::new(options, runtime.handle().clone()).expect("a client can be made");
        let sandbox = Sandbox::new(dir.path().join("caches"), None);
        Self {
            context: ServiceContext {
                net,
                store_dir: dir.path().join("store"),
                temp_root: dir.path().join("temp"),
            },
            options: Arc::new(ProcessOptions {
                sandbox: Some(Arc::new(sandbox)),
                ..ProcessOptions::of_program(env!("CARGO_BIN_EXE_musicdl").into())
            }),
            runtime,
            _dir: dir,
        }
    }

    fn library(&self, plugin: &str) -> LoadedLibrary {
        let file = format!("{DLL_PREFIX}musicdl_{plugin}{DLL_SUFFIX}");
        let own = std::env::current_exe().expect("the system says which program this is");
        load_in_process(&own.with_file_name(file), &self.options).expect("the plugin is good")
    }

    /// In a process of its own, which was started for it.
    fn source(&self, library: &LoadedLibrary) -> Arc<dyn Source> {
        let services = self.context.services(name(), SourceFacts::default());
        let settings = Settings::from_pairs([("paths", ["/music"])]);
        library
            .create(settings, services)
            .expect("the source is good")
    }
}

/// From the decision to start a process until its source takes calls.
fn starts(scene: &Scene, library: &LoadedLibrary) {
    let mut walls = Vec::with_capacity(STARTS);
    let mut cpus = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let started = Instant::now();
        let source = scene.source(library);
        walls.push(started.elapsed());
        cpus.extend(child().and_then(|pid| cpu_of_all(&pid.to_string())));
        drop(source);
    }
    let wall = median(walls);
    let cpu = (!cpus.is_empty()).then(|| median(cpus));
    let cpu = cpu.map_or_else(String::new, |cpu| format!(", its CPU {:.1} ms", ms(cpu)));
    figure(
        "start a plugin's process, until its source takes calls",
        &format!("{:.1} ms{cpu}", ms(wall)),
        "10 ms",
        wall <= Duration::from_millis(10),
    );
}

/// Of a process that has answered a call.
fn memory(scene: &Scene, library: &LoadedLibrary, plugin: &str) {
    let source = scene.source(library);
    source.is_configured();
    let memory = child()
        .and_then(Memory::of)
        .expect("the system tells of its processes in /proc");
    drop(source);
    let mib = |kib: u64| kib as f64 / 1024.0;
    figure(
        &format!("memory of a plugin's process (`{plugin}`): its own; all it sees"),
        &format!(
            "{:.1} MiB; {:.1} MiB",
            mib(memory.own_kib),
            mib(memory.seen_kib)
        ),
        "8 MiB",
        memory.own_kib <= 8 * 1024,
    );
}

struct Memory {
    /// What no other process has, and its part of the library's copy.
    own_kib: u64,
    seen_kib: u64,
}

impl Memory {
    /// Fields: proc_pid_smaps(5).
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let kib = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        };
        Some(Self {
            own_kib: kib("Anonymous:")? + kib("Pss_Shmem:")?,
            seen_kib: kib("Rss:")?,
        })
    }
}

/// The smallest call: a message each way, and three threads to wake.
fn round_trips(source: &dyn Source) {
    let (wall, cpu) = each(ROUND_TRIPS, || assert!(source.is_configured()));
    figure(
        "round trip to a plugin's process and back, median",
        &format!("{:.0} µs{}", ms(wall) * 1_000.0, and_cpu(cpu)),
        "100 µs",
        wall <= Duration::from_micros(100),
    );
}

/// Against the least that could be done with them.
fn hits(source: &dyn Source) {
    let many = Query {
        text: "many".to_owned(),
        limit: HITS,
        ..Query::default()
    };
    let (json, _) = each(SEARCHES, || {
        // The source makes them anew for each search as well.
        let made = vec![full::hit(); HITS as usize];
        let text = serde_json::to_vec(&made).expect("a hit can be written");
        let read: Vec<Hit> = serde_json::from_slice(&text).expect("and read");
        assert_eq!(read.len(), made.len());
    });
    let (crossed, cpu) = each(SEARCHES, || {
        let found = source.search_raw(&many).expect("echo answers");
        assert_eq!(found.len(), HITS as usize);
    });
    let times = ms(crossed) / ms(json);
    figure(
        "50 hits made in a plugin's process, against making them here, and to JSON and back",
        &format!(
            "{:.0} µs{}, {times:.1} times {:.0} µs",
            ms(crossed) * 1_000.0,
            and_cpu(cpu),
            ms(json) * 1_000.0
        ),
        "2 times",
        times <= 2.0,
    );
}

/// Median time of a step, and processor time of both processes in all rounds by step.
fn each(times: usize, mut step: impl FnMut()) -> (Duration, Option<Duration>) {
    let all = ROUNDS * times;
    let before = cpu_of_both();
    let mut walls = Vec::with_capacity(all);
    for _ in 0..all {
        let started = Instant::now();
        step();
        walls.push(started.elapsed());
    }
    let cpu = cpu_of_both().zip(before).map(|(after, before)| {
        let steps = u32::try_from(all).expect("they are few");
        after.saturating_sub(before) / steps
    });
    (median(walls), cpu)
}

fn and_cpu(cpu: Option<Duration>) -> String {
    cpu.map_or_else(String::new, |cpu| {
        format!(", CPU of both {:.0} µs", ms(cpu) * 1_000.0)
    })
}

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all[all.len() / 2]
}

fn cpu_of_both() -> Option<Duration> {
    let child = child().and_then(|pid| cpu_of_all(&pid.to_string()));
    Some(cpu_of_all("self")? + child.unwrap_or_default())
}

fn cpu_of_all(process: &str) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    Some(
        threads
            .filter_map(|thread| cpu_of(thread.ok()?.path()))
            .sum(),
    )
}

/// The process of the only source there is; `None` where the system does not tell. That of a
/// source before it may take a moment to be gone.
fn child() -> Option<u32> {
    for _ in 0..200 {
        match children()?.as_slice() {
            [only] => return Some(*only),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    None
}

fn children() -> Option<Vec<u32>> {
    let own = std::process::id();
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, behind_name) = stat.rsplit_once(')')?;
        behind_name.split_whitespace().nth(1)?.parse::<u32>().ok()
    };
    let all = fs::read_dir("/proc").ok()?;
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Some(pids.filter(|&pid| parent(pid) == Some(own)).collect())
}
