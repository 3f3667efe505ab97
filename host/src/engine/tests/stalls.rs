//! A source that stalls, or that counts: what others are asked for goes on beside it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant as Moment;

use musicdl_plugin_api::{
    Connection, Download, DownloadRequest, ErrorKind, Hit, Progress, Query, SourceError,
};

use super::shop::{Manner, Shop};
use super::*;

/// Titles that are not like each other.
fn titles(count: usize) -> Vec<String> {
    let birds = ["Bluebird", "Owl", "Kestrel", "Heron", "Wren", "Crane"];
    let times = ["Morning", "Noon", "Evening", "Night", "Spring", "Summer"];
    let pairs = times
        .iter()
        .flat_map(|time| birds.map(|bird| format!("{time} {bird}")));
    pairs.take(count).collect()
}

fn wanting(count: usize) -> (Desk, Shop) {
    let titles = titles(count);
    let desk = Desk::wanting(titles.iter().map(|title| track(title)));
    let all: Vec<&str> = titles.iter().map(String::as_str).collect();
    (desk, Shop::with(&all))
}

#[tokio::test(flavor = "multi_thread")]
async fn while_every_call_of_one_source_stalls_the_other_delivers_all_that_is_left() {
    const TRACKS: usize = 30;
    let (mut desk, stuck) = wanting(TRACKS);
    let (_, other) = wanting(TRACKS);
    desk.limits.download_concurrency = 2;
    let (stuck, other) = (Arc::new(stuck.who(Manner::Holds)), Arc::new(other));
    let (held, delivers) = (Arc::clone(&stuck), Arc::clone(&other));
    let watch = tokio::task::spawn_blocking(move || {
        held.wait_for_held(2);
        // All of them, while the stalled calls have not moved.
        delivers.wait_for_fetched(TRACKS - 2);
        held.wait_for_held(2);
        held.let_go();
    });
    desk.run(vec![
        ("stuck", stuck.clone(), Capabilities::NONE),
        ("other", other, Capabilities::NONE),
    ])
    .await;
    watch.await.unwrap();
    let of = |source: &str| {
        let ends = desk.ends();
        let of = |end: &&String| end.ends_with(&format!("completed, {source}"));
        ends.iter().filter(of).count()
    };
    assert_eq!((of("stuck"), of("other")), (2, TRACKS - 2));
    assert_eq!(stuck.fetched().len(), 2);
}

/// A shop whose service counts: so many downloads in a burst and a second, then it refuses
/// everybody for a while.
struct Counting {
    shop: Shop,
    per_second: f64,
    bucket: Mutex<Bucket>,
    refused: AtomicUsize,
    /// Downloads that were asked for before the service had said.
    early: AtomicUsize,
    windows: AtomicUsize,
}

struct Bucket {
    left: f64,
    filled: Moment,
    closed_until: Option<Moment>,
}

/// How long it refuses everybody.
const CLOSED: Duration = Duration::from_secs(1);

impl Counting {
    fn around(shop: Shop, per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self {
            shop,
            per_second,
            bucket: Mutex::new(Bucket {
                left: per_second,
                filled: Moment::now(),
                closed_until: None,
            }),
            refused: AtomicUsize::new(0),
            early: AtomicUsize::new(0),
            windows: AtomicUsize::new(0),
        }
    }

    fn admit(&self) -> Result<(), SourceError> {
        let now = Moment::now();
        let mut bucket = self.bucket.lock().unwrap();
        let refused = |wait: Duration| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Err(SourceError::new(ErrorKind::RateLimited, "too many").with_retry_after(wait))
        };
        if let Some(until) = bucket.closed_until {
            if now < until {
                self.early.fetch_add(1, Ordering::Relaxed);
                return refused(until - now);
            }
            bucket.closed_until = None;
            (bucket.left, bucket.filled) = (self.per_second, now);
        }
        let more = now.duration_since(bucket.filled).as_secs_f64() * self.per_second;
        bucket.left = (bucket.left + more).min(self.per_second);
        bucket.filled = now;
        if bucket.left < 1.0 {
            bucket.closed_until = Some(now + CLOSED);
            self.windows.fetch_add(1, Ordering::Relaxed);
            return refused(CLOSED);
        }
        bucket.left -= 1.0;
        Ok(())
    }
}

impl Source for Counting {
    fn is_configured(&self) -> bool {
        true
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        self.shop.check_connection()
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        self.shop.search_raw(query)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        self.admit()?;
        self.shop.download_raw(request, progress)
    }

    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        self.shop.cancel_raw(target_id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_whose_rate_is_declared_never_has_to_refuse() {
    let (mut desk, shop) = wanting(36);
    desk.options.jobs = 8;
    desk.limits.download_spacing = Duration::from_millis(50);
    let service = Arc::new(Counting::around(shop, 20));
    desk.run(vec![("service", service.clone(), Capabilities::NONE)])
        .await;
    assert_eq!(desk.plan.statistics().completed, 36);
    assert_eq!(service.refused.load(Ordering::Relaxed), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_one_is_asked_too_early_by_none_but_those_on_their_way() {
    let (mut desk, shop) = wanting(36);
    desk.options.jobs = 8;
    desk.options.retries = 20;
    let service = Arc::new(Counting::around(shop, 10));
    desk.run(vec![("service", service.clone(), Capabilities::NONE)])
        .await;
    assert_eq!(desk.plan.statistics().completed, 36, "{:?}", desk.ends());
    let windows = service.windows.load(Ordering::Relaxed);
    let early = service.early.load(Ordering::Relaxed);
    assert!(windows > 0, "it never had to refuse");
    let allowed = windows * (desk.options.jobs - 1);
    assert!(
        early <= allowed,
        "{early} of {allowed} in {windows} windows"
    );
}
