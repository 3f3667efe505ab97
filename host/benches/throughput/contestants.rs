//! The engine with everything on, the least that can be written, and what the engine does to
//! audio by itself. Each tells on stdout what it took: seconds, seconds of processor, MiB.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use musicdl::engine::{
    Cancel, Deadlines, Engine, Event, ExtraFiles, Finisher, Finishing, Lane, Options, PaceWish,
    Reporter, SearchOrder,
};
use musicdl::layout::RelPath;
use musicdl::matching::Rules;
use musicdl::music::{SourceName, Track, TrackId};
use musicdl::plan::{Plan, PlanItem};
use musicdl::plugin::services::{Ground, HostNet, NetOptions, Route, SourceFacts};
use musicdl::publish::Publisher;
use musicdl::state::{SourceNotes, State};
use musicdl::tagging::{self, Id3, Tags};
use musicdl::verify::{self, Expected};
use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{
    Capabilities, Connection, Download, DownloadRequest, DownloadedFile, Files, Hit, HostServices,
    Limits, Progress, Query, Source, SourceError, TargetKind,
};
use tokio::runtime::Runtime;

/// At once, for everybody.
const JOBS: usize = 8;

/// Does it, and tells what it took.
#[expect(clippy::print_stdout, reason = "it is how the figures are told")]
pub(crate) fn compete(who: &str, url: &str, files: usize, dir: &Path) {
    let runtime = Runtime::new().expect("there are threads for a runtime");
    let began = Instant::now();
    let mut before = Duration::ZERO;
    let mut since = began;
    match who {
        "ours" => runtime.block_on(ours(url, files, dir)),
        "bare" => runtime.block_on(bare(url, files, dir)),
        _ => {
            runtime.block_on(bare(url, files, dir));
            (before, since) = (processor_time(), Instant::now());
            audio(files, dir);
        }
    }
    let (wall, cpu) = (since.elapsed(), processor_time() - before);
    println!(
        "{} {} {}",
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
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

async fn ours(url: &str, files: usize, dir: &Path) {
    let options = NetOptions {
        route: Route::Direct,
        allow_hosts: vec!["127.0.0.1".to_owned()],
        ..NetOptions::default()
    };
    let net = HostNet::new(options, tokio::runtime::Handle::current()).expect("there is a network");
    let ground = Ground {
        net,
        store_dir: dir.join("stores"),
        temp_root: dir.join("temp"),
    };
    let name = SourceName::parse("shop").expect("a name");
    let shop = Shop {
        url: url.to_owned(),
        services: ground.services(name.clone(), SourceFacts::default()),
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
    let lane = Lane::new(
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
    state.begin_run(&library).expect("the state is ours");
    state.save_plan(&plan).expect("the plan is saved");
    let notes = SourceNotes::open(&dir.join("state")).expect("the state is ours");
    let publisher = Publisher::open(&library).expect("the library is ours");
    let finisher = Finisher::new(Arc::new(publisher), Finishing::default());
    let engine = Engine::new(vec![lane], finisher, options, Arc::new(notes));
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

/// A part file, synced and renamed: what the engine does for every body, and nothing else.
async fn bare(url: &str, files: usize, dir: &Path) {
    let (client, next) = (reqwest_client(), Arc::new(AtomicUsize::new(0)));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..JOBS {
        let (client, next) = (client.clone(), Arc::clone(&next));
        let (url, dir) = (url.to_owned(), dir.to_owned());
        workers.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= files {
                    return;
                }
                save_bare(
                    &client,
                    &format!("{url}/{n}"),
                    &dir.join(format!("{n}.wav")),
                )
                .await;
            }
        });
    }
    workers.join_all().await;
}

async fn save_bare(client: &reqwest::Client, url: &str, dest: &Path) {
    let answer = client.get(url).send().await;
    let mut answer = answer.expect("the server answers");
    let part = dest.with_extension("part");
    let mut file = File::create(&part).expect("a file can be made");
    while let Some(chunk) = answer.chunk().await.expect("the body is whole") {
        file.write_all(&chunk).expect("there is room");
    }
    file.sync_all().expect("the disk takes it");
    std::fs::rename(&part, dest).expect("the directory is ours");
}

/// What the engine does to the audio of each of these files, as many at once: checks it, looks
/// for a cover in it, and tags a copy.
fn audio(files: usize, dir: &Path) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= files {
                        return;
                    }
                    let one = dir.join(format!("{n}.wav"));
                    let verified = verify::check(&one, &Expected::default());
                    let container = verified.expect("it is whole").container;
                    let cover = tagging::embedded_cover(&one).expect("it has tags or none");
                    let tags = Tags::from_track(&track(n));
                    let copy = dir.join(format!("copy-{n}.wav"));
                    let cover = cover.as_ref();
                    tagging::write_copy(&one, &copy, &tags, cover, container, Id3::default())
                        .expect("there is room for a copy");
                }
            });
        }
    });
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
