//! The engine and the least that can be written, each without and with what is done to audio.
//! Each tells on stdout what it took: seconds, seconds of processor, MiB.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use musicdl::engine::{
    Cancel, Deadlines, Engine, Event, Examine, ExtraFiles, Finisher, Finishing, Inspector, Options,
    PaceWish, Reporter, SearchOrder, SourceHandle,
};
use musicdl::layout::RelPath;
use musicdl::matching::Rules;
use musicdl::music::{Codec, Container, SourceName, Track, TrackId};
use musicdl::plan::{Plan, PlanItem};
use musicdl::plugin::services::{HostNet, NetOptions, Route, ServiceContext, SourceFacts};
use musicdl::publish::{Publisher, Quarantine};
use musicdl::state::{RunKind, SourceStore, State};
use musicdl::tagging::{self, Art, Id3, Tags};
use musicdl::verify::{self, Check, Expected, Verified, VerifyError};
use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{
    Capabilities, Connection, Download, DownloadRequest, DownloadedFile, Files, Hit, HostServices,
    Limits, Progress, Query, Source, SourceError, TargetKind,
};
use tokio::runtime::Runtime;

/// At once, for everybody.
const JOBS: usize = 8;

/// Who fetches the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Engine,
    Bare,
}

/// What is done to the audio of each file that was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audio {
    /// Nothing: its size is looked at.
    Apart,
    /// It is checked, and a copy is tagged.
    Included,
}

/// So many files of that size, from that server into that directory.
pub(crate) struct Task<'a> {
    pub(crate) url: &'a str,
    pub(crate) files: usize,
    pub(crate) bytes: usize,
    pub(crate) dir: &'a Path,
}

/// Does it, and tells what it took.
#[expect(clippy::print_stdout, reason = "it is how the figures are told")]
pub(crate) fn compete(who: Who, audio: Audio, task: &Task<'_>) {
    let runtime = Runtime::new().expect("there are threads for a runtime");
    let began = Instant::now();
    match who {
        Who::Engine => runtime.block_on(engine(task, audio)),
        Who::Bare => runtime.block_on(bare(task, audio)),
    }
    println!(
        "{} {} {}",
        began.elapsed().as_secs_f64(),
        processor_time().as_secs_f64(),
        most_memory_mib()
    );
}

/// A source whose only service is a URL.
struct Shop {
    url: String,
    services: Arc<dyn HostServices>,
}

impl Source for Shop {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        let title = query.title.clone().unwrap_or_default();
        Ok(vec![Hit {
            target_id: title.clone(),
            kind: TargetKind::TRACK,
            title,
            artists: query.artists.clone(),
            ..Hit::default()
        }])
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        let path = request.dest_dir.join("audio.wav");
        let url = format!("{}/{}", self.url, request.target_id.replace(' ', "-"));
        self.services
            .http_save(&Request::get(&url), &path, progress)?;
        Ok(Download::Files(Files::one(DownloadedFile::at(path))))
    }

    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

struct Nobody;

impl Reporter for Nobody {
    fn event(&mut self, _: &Event) {}
}

/// Looks at the size, and takes the file for one that the engine leaves as it came.
#[derive(Debug)]
struct Size(u64);

impl Examine for Size {
    fn examine(&self, path: &Path, _: &Expected) -> Result<Verified, VerifyError> {
        let found = std::fs::metadata(path).map_err(|source| VerifyError::Io {
            path: path.to_owned(),
            source,
        })?;
        assert_eq!(found.len(), self.0, "{}", path.display());
        Ok(Verified {
            container: Container::Mp4,
            codec: Codec::Aac,
            extension: "m4a",
            duration_ms: 180_000,
            sample_rate: 44_100,
            channels: 2,
            bit_depth: None,
            bitrate: 256_000,
            size: found.len(),
            check: Check::Decoded,
            cutoff: None,
            used_bits: None,
            fingerprint: None,
            audio_hash: "0".repeat(64),
        })
    }
}

fn inspector(audio: Audio, bytes: usize) -> Inspector {
    match audio {
        Audio::Included => Inspector::default(),
        Audio::Apart => Inspector {
            verifier: Box::new(Size(bytes as u64)),
            ..Inspector::default()
        },
    }
}

async fn engine(task: &Task<'_>, audio: Audio) {
    let &Task {
        url,
        files,
        bytes,
        dir,
    } = task;
    let options = NetOptions {
        route: Route::Direct,
        allow_hosts: vec!["127.0.0.1".to_owned()],
        ..NetOptions::default()
    };
    let net = HostNet::new(options, tokio::runtime::Handle::current()).expect("there is a network");
    let context = ServiceContext {
        net,
        store_dir: dir.join("stores"),
        temp_root: dir.join("temp"),
    };
    let name = SourceName::parse("shop").expect("a name");
    let shop = Shop {
        url: url.to_owned(),
        services: context.services(name.clone(), SourceFacts::default()),
    };
    let at_once = u32::try_from(JOBS).expect("a few");
    let limits = Limits {
        search_concurrency: at_once,
        download_concurrency: at_once,
        ..Limits::default()
    };
    let long = Duration::from_secs(60);
    let deadlines = Deadlines {
        search: long,
        stall: long,
        queue: long,
        follow: long,
    };
    let handle = SourceHandle::new(
        name,
        Arc::new(shop),
        Capabilities::NONE,
        limits,
        PaceWish::default(),
        deadlines,
    );
    let options = Options {
        jobs: JOBS,
        rules: Rules::default(),
        retries: 0,
        max_wait: Duration::ZERO,
        hits_per_search: 10,
        search: SearchOrder::Priority,
        cache_age: Duration::ZERO,
        extra_files: ExtraFiles::Discard,
    };
    let mut plan = plan(files);
    let mut state = State::open(&dir.join("state")).expect("the state is ours");
    let library = dir.join("library");
    std::fs::create_dir(&library).expect("the directory is ours");
    state
        .begin_run(&library, RunKind::Plan)
        .expect("the state is ours");
    state.save_plan(&plan).expect("the plan is saved");
    let notes = SourceStore::open(&dir.join("state")).expect("the state is ours");
    let publisher = Publisher::open(&library).expect("the library is ours");
    let quarantine = Quarantine::new(&dir.join("refused"), 0, Duration::ZERO);
    let finisher = Finisher::new(Arc::new(publisher), Finishing::default())
        .inspecting(inspector(audio, bytes), quarantine);
    let engine = Engine::new(vec![handle], finisher, options, Arc::new(notes));
    let outcome = engine
        .run(&mut plan, &mut state, &mut Nobody, &Cancel::new())
        .await;
    let completed = plan.statistics().completed;
    assert_eq!(completed, files, "{:?}", outcome.tried.first());
}

fn track(n: usize) -> Track {
    let id = TrackId::from_saved(format!("spotify:{n:022}"));
    Track {
        artists: vec!["Ann Example".to_owned()],
        ..Track::new(id, format!("Song number {n}"))
    }
}

fn plan(count: usize) -> Plan {
    let item = |n: usize| {
        let mut item = PlanItem::new(track(n));
        let target = format!("Ann Example/{n}");
        item.targets
            .push(RelPath::from_saved(&target).expect("a path inside the library"));
        item
    };
    let items = (0..count).map(item).collect();
    Plan::new(items, Vec::new(), Timestamp::now(), "1".to_owned())
}

fn reqwest_client() -> reqwest::Client {
    // Somebody has to name the cryptography, also for a client that needs none; a second time
    // changes nothing.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let client = reqwest::Client::builder().no_proxy().build();
    client.expect("a client can be made")
}

/// A part file, synced and renamed: what the engine does for every body, and nothing else but
/// what is done to audio.
async fn bare(task: &Task<'_>, audio: Audio) {
    let (client, next) = (reqwest_client(), Arc::new(AtomicUsize::new(0)));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..JOBS {
        let (client, next, files) = (client.clone(), Arc::clone(&next), task.files);
        let (url, dir) = (task.url.to_owned(), task.dir.to_owned());
        workers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= files {
                    return;
                }
                let (url, dest) = (format!("{url}/{n}"), dir.join(format!("{n}.wav")));
                save_bare(&client, &url, &dest, audio, n).await;
            }
        });
    }
    workers.join_all().await;
}

async fn save_bare(client: &reqwest::Client, url: &str, dest: &Path, audio: Audio, n: usize) {
    let answer = client.get(url).send().await;
    let mut answer = answer.expect("the server answers");
    let part = dest.with_extension("part");
    let mut file = File::create(&part).expect("a file can be made");
    while let Some(chunk) = answer.chunk().await.expect("the body is whole") {
        file.write_all(&chunk).expect("there is room");
    }
    let dest = dest.to_owned();
    // Off the workers of the runtime, or it would be two files at once and not eight.
    let finish = move || {
        let ready = match audio {
            Audio::Apart => part,
            Audio::Included => {
                let copy = tagged(&part, n);
                file = File::open(&copy).expect("it was just made");
                copy
            }
        };
        file.sync_all().expect("the disk takes it");
        std::fs::rename(&ready, dest).expect("the directory is ours");
    };
    let finished = tokio::task::spawn_blocking(finish).await;
    finished.expect("it does not panic");
}

/// What the engine does to the audio of a file, by the same calls: a tagged copy in its place.
fn tagged(file: &Path, n: usize) -> PathBuf {
    let verified = verify::check(file, &Expected::default());
    let container = verified.expect("it is whole").container;
    let (copy, tags) = (file.with_extension("copy"), Tags::from_track(&track(n)));
    tagging::write_copy(file, &copy, &tags, Art::AsItIs, container, Id3::default())
        .expect("there is room for a copy");
    std::fs::remove_file(file).expect("it is ours");
    copy
}

/// Of all threads of this process so far.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("this is Linux");
    // Behind the name, which may hold spaces: user and system time are fields 14 and 15.
    let (_, after_name) = stat.rsplit_once(')').expect("the name is in brackets");
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<u64>().expect("ticks are numbers");
    let per_second = rustix::param::clock_ticks_per_second();
    Duration::from_secs_f64((ticks(11) + ticks(12)) as f64 / per_second as f64)
}

/// `VmHWM` of proc_pid_status(5).
fn most_memory_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kib: f64 = kib
        .expect("Linux tells it")
        .trim()
        .parse()
        .expect("a number");
    kib / 1024.0
}
