//! The plugin as a host uses it: made from settings, asked for a song, followed to the end.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Hit, Plugin, Query, Settings, Source, SourceError,
    TargetKind,
};
use musicdl_soulseek::SoulseekSource;

use super::{KEY, REMOTE};

/// A download that has not ended by then has failed.
const LIMIT: Duration = Duration::from_secs(40);

pub(crate) fn source_at(
    url: &str,
    downloads: &Path,
    kit: &TestHost,
    more: &[(&str, &str)],
) -> SoulseekSource {
    let map = format!("{REMOTE} => {}", downloads.display());
    let mut settings = vec![("url", url), ("api_key", KEY), ("path_map", &map)];
    settings.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    settings.extend(more.iter().copied().filter(|(_, value)| !value.is_empty()));
    let settings = Settings::from_pairs(settings.into_iter().map(|(key, value)| (key, [value])));
    SoulseekSource::create(settings, kit.host()).expect("the settings can be meant")
}

pub(crate) fn wanted(title: &str) -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: format!("Ann Example {title}"),
        title: Some(title.to_owned()),
        artists: vec!["Ann Example".to_owned()],
        album: Some("First Album".to_owned()),
        limit: 50,
        ..Query::default()
    }
}

pub(crate) fn request(hit: &Hit, dir: &Path) -> DownloadRequest {
    DownloadRequest {
        target_id: hit.target_id.clone(),
        kind: hit.kind,
        dest_dir: dir.to_owned(),
        hit: hit.clone(),
        ..DownloadRequest::default()
    }
}

/// Downloads and follows to the end.
pub(crate) fn fetch_with(
    source: &SoulseekSource,
    hit: &Hit,
    dir: &Path,
    record: &ProgressRecord,
) -> Result<DownloadedFile, SourceError> {
    let handed = source.download_raw(&request(hit, dir), &record.progress())?;
    assert_eq!(handed, Download::Following);
    let files = ended(record)?;
    assert_eq!(files.files.len(), 1);
    Ok(files.files[0].clone())
}

pub(crate) fn fetch(
    source: &SoulseekSource,
    hit: &Hit,
    dir: &Path,
) -> Result<DownloadedFile, SourceError> {
    fetch_with(source, hit, dir, &ProgressRecord::new())
}

/// How a followed download ends.
pub(crate) fn ended(record: &ProgressRecord) -> Result<musicdl_plugin_api::Files, SourceError> {
    until("the download ends", || record.outcome())
}

/// Waits for what has no event of its own to wait for.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < LIMIT, "waiting until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Checks every case, all at once: most of what a download does is waiting.
pub(crate) fn all_at_once<T: Send>(
    cases: impl IntoIterator<Item = T>,
    check: impl Fn(T) + Send + Sync,
) {
    thread::scope(|scope| {
        for case in cases {
            let check = &check;
            scope.spawn(move || check(case));
        }
    });
}

/// Every pair of both lists.
pub(crate) fn pairs<A: Copy, B: Copy>(left: &[A], right: &[B]) -> Vec<(A, B)> {
    let with_all = |&a: &A| right.iter().map(move |&b| (a, b));
    left.iter().flat_map(with_all).collect()
}
