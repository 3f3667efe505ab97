//! What slow, stalling and counting sources cost a run, measured from within; run by `cargo
//! xtask bench`. Each figure is a ratio of two runs of the same program, one after the other.

mod figures;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
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
use musicdl_plugin_api::{
    Capabilities, Connection, Download, DownloadRequest, DownloadedFile, ErrorKind, Files, Hit,
    Limits, Progress, Query, Source, SourceError, TargetKind,
};

use figures::figure;

const JOBS: usize = 8;
/// What the network costs a call of a source that is far away: much more than the engine, so
/// that a busy machine tells in no figure.
const LATENCY: Duration = Duration::from_millis(100);

fn main() {
    parallel();
    beside_a_stalled_one();
    declared();
}

/// Many items at once hide the latency of a source (M105).
fn parallel() {
    const TRACKS: usize = 40;
    let one = run(
        TRACKS,
        1,
        vec![("far", Arc::new(Far::default()), limits(8))],
    );
    let many = run(
        TRACKS,
        JOBS,
        vec![("far", Arc::new(Far::default()), limits(8))],
    );
    let less = 100.0 * (1.0 - many.as_secs_f64() / one.as_secs_f64());
    figure(
        &format!("{TRACKS} tracks of a source {LATENCY:?} away: {JOBS} jobs against 1"),
        &format!("{less:.0} % less of {:.1} s", one.as_secs_f64()),
        "60 % less",
        less >= 60.0,
    );
}

/// A source that stalls in every call, asked first, leaves the other its throughput (D7).
fn beside_a_stalled_one() {
    const TRACKS: usize = 400;
    /// The stalled calls hold so many items, which come last.
    const STALLED: usize = 2;
    let rate = |far: &Far| {
        let at = far.delivered.lock().expect("nobody panics");
        let between = at[TRACKS - STALLED - 1].duration_since(at[0]);
        (TRACKS - STALLED - 1) as f64 / between.as_secs_f64()
    };
    let alone = Arc::new(Far::default());
    run(TRACKS, JOBS, vec![("far", alone.clone(), limits(8))]);
    let (far, stalled) = (Arc::new(Far::default()), Arc::new(Stalled::default()));
    let (watched, held) = (Arc::clone(&far), Arc::clone(&stalled));
    let watch = std::thread::spawn(move || {
        watched.wait_for(TRACKS - STALLED);
        held.let_go();
    });
    run(
        TRACKS,
        JOBS,
        vec![
            ("stalled", stalled, limits(STALLED)),
            ("far", far.clone(), limits(8)),
        ],
    );
    watch.join().expect("nobody panics");
    let (alone, beside) = (rate(&alone), rate(&far));
    let part = 100.0 * beside / alone;
    figure(
        "throughput of a source beside one that stalls in every call and is asked first",
        &format!("{part:.1} % of {alone:.0} tracks a second"),
        "95 %",
        part >= 95.0,
    );
}

/// A service that allows 20 a second, and a plugin that says so (D6).
fn declared() {
    const TRACKS: usize = 300;
    const PER_SECOND: usize = 20;
    let counting = Arc::new(Counting::default());
    let limits = Limits {
        download_spacing: Duration::from_secs(1) / u32::try_from(PER_SECOND).expect("a few"),
        ..limits(8)
    };
    let took = run(TRACKS, JOBS, vec![("counting", counting.clone(), limits)]);
    let ideal = (TRACKS - PER_SECOND) as f64 / PER_SECOND as f64;
    let times = took.as_secs_f64() / ideal;
    let refused = counting.refused.load(Ordering::Relaxed);
    figure(
        &format!(
            "{TRACKS} tracks of a service that allows {PER_SECOND} a second and is declared so"
        ),
        &format!("{times:.2} times the ideal {ideal:.1} s, {refused} refused"),
        "1.15 times, 0 refused",
        times <= 1.15 && refused == 0,
    );
}

fn limits(at_once: usize) -> Limits {
    let at_once = u32::try_from(at_once).expect("a few");
    Limits {
        search_concurrency: at_once,
        download_concurrency: at_once,
        ..Limits::default()
    }
}

/// Has everything, and takes its time for it.
#[derive(Default)]
struct Far {
    delivered: Mutex<Vec<Instant>>,
    more: Condvar,
}

impl Far {
    fn wait_for(&self, count: usize) {
        let delivered = self.delivered.lock().expect("nobody panics");
        let fewer = |delivered: &mut Vec<Instant>| delivered.len() < count;
        drop(self.more.wait_while(delivered, fewer));
    }
}

impl Source for Far {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        std::thread::sleep(LATENCY);
        Ok(vec![hit(query)])
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        _: &Progress,
    ) -> Result<Download, SourceError> {
        std::thread::sleep(LATENCY);
        let files = deliver(&request.dest_dir);
        let mut delivered = self.delivered.lock().expect("nobody panics");
        delivered.push(Instant::now());
        self.more.notify_all();
        Ok(files)
    }

    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

/// Does not come back from any call until it is let go, and then has nothing.
#[derive(Default)]
struct Stalled {
    let_go: Mutex<bool>,
    changed: Condvar,
}

impl Stalled {
    fn let_go(&self) {
        *self.let_go.lock().expect("nobody panics") = true;
        self.changed.notify_all();
    }

    fn stall(&self) {
        let let_go = self.let_go.lock().expect("nobody panics");
        drop(self.changed.wait_while(let_go, |let_go| !*let_go));
    }
}

impl Source for Stalled {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, _: &Query) -> Result<Vec<Hit>, SourceError> {
        self.stall();
        Ok(Vec::new())
    }

    fn download_raw(&self, _: &DownloadRequest, _: &Progress) -> Result<Download, SourceError> {
        self.stall();
        Err(SourceError::not_found("nothing"))
    }

    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

/// Has everything at once, and refuses whoever comes too often: so many in a burst, and so
/// many a second.
struct Counting {
    bucket: Mutex<(f64, Instant)>,
    refused: AtomicUsize,
}

impl Counting {
    const PER_SECOND: f64 = 20.0;
}

impl Default for Counting {
    fn default() -> Self {
        Self {
            bucket: Mutex::new((Self::PER_SECOND, Instant::now())),
            refused: AtomicUsize::new(0),
        }
    }
}

impl Source for Counting {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        Ok(Connection::default())
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        Ok(vec![hit(query)])
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        _: &Progress,
    ) -> Result<Download, SourceError> {
        let mut bucket = self.bucket.lock().expect("nobody panics");
        let now = Instant::now();
        let more = now.duration_since(bucket.1).as_secs_f64() * Self::PER_SECOND;
        *bucket = ((bucket.0 + more).min(Self::PER_SECOND), now);
        if bucket.0 < 1.0 {
            self.refused.fetch_add(1, Ordering::Relaxed);
            let error = SourceError::new(ErrorKind::RateLimited, "too many");
            return Err(error.with_retry_after(Duration::from_secs(2)));
        }
        bucket.0 -= 1.0;
        drop(bucket);
        Ok(deliver(&request.dest_dir))
    }

    fn cancel_raw(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

fn hit(query: &Query) -> Hit {
    let title = query.title.clone().unwrap_or_default();
    Hit {
        target_id: title.clone(),
        kind: TargetKind::TRACK,
        title,
        artists: query.artists.clone(),
        ..Hit::default()
    }
}

/// A second of silence, nearly.
fn deliver(dir: &Path) -> Download {
    const SAMPLES: u32 = 8_000;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + 2 * SAMPLES).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(SAMPLES.to_le_bytes());
    wav.extend((2 * SAMPLES).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((2 * SAMPLES).to_le_bytes());
    wav.extend((0..SAMPLES).flat_map(|n| ((n % 100) as i16 * 90).to_le_bytes()));
    std::fs::write(dir.join("audio.wav"), wav).expect("there is room");
    Download::Files(Files::one(DownloadedFile::at("audio.wav")))
}

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

/// Carries out so many tracks, and says how long it took.
fn run(tracks: usize, jobs: usize, sources: Vec<(&str, Arc<dyn Source>, Limits)>) -> Duration {
    let minute = Duration::from_secs(60);
    let handle = |(name, source, limits): (&str, Arc<dyn Source>, Limits)| {
        SourceHandle::new(
            SourceName::parse(name).expect("a name"),
            source,
            // One query a track.
            Capabilities::OWN_QUERIES,
            limits,
            PaceWish::default(),
            Deadlines {
                search: 10 * minute,
                stall: 10 * minute,
                queue: minute,
                follow: minute,
            },
        )
    };
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let publisher = Publisher::open(dir.path()).expect("the library is ours");
    let options = Options {
        jobs,
        rules: Rules::default(),
        retries: 5,
        max_wait: minute,
        hits_per_search: 10,
        search: SearchOrder::Priority,
        cache_age: Duration::ZERO,
        extra_files: ExtraFiles::Discard,
    };
    let engine = Engine::new(
        sources.into_iter().map(handle).collect(),
        Finisher::new(Arc::new(publisher), Finishing::default()),
        options,
        Arc::new(NoMemory),
    );
    let mut plan = plan(tracks);
    let runtime = tokio::runtime::Runtime::new().expect("there are threads for a runtime");
    let began = Instant::now();
    let outcome = runtime.block_on(engine.run(&mut plan, &mut Void, &mut Void, &Cancel::new()));
    let took = began.elapsed();
    let completed = plan.statistics().completed;
    assert_eq!(completed, tracks, "{:?}", outcome.tried.last());
    took
}

fn plan(count: usize) -> Plan {
    let item = |n: usize| {
        let id = TrackId::from_saved(format!("spotify:{n:022}"));
        let mut item = PlanItem::new(Track {
            artists: vec!["Ann Example".to_owned()],
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
