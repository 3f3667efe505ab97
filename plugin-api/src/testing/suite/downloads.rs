//! Fetching and cancelling.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::Trial;
use crate::testing::ProgressRecord;
use crate::{Download, DownloadRequest, DownloadedFile, ErrorKind, Files, SourceError};

/// A followed download that has not ended by then has failed.
const FOLLOW_LIMIT: Duration = Duration::from_secs(60);
/// A cancel must be heard by then.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn delivers_what_it_found(trial: &Trial) {
    let dir = directory();
    let record = ProgressRecord::new();
    let files = fetch(trial, dir.path(), &record)
        .unwrap_or_else(|error| panic!("fetching what was found: {error}"));
    if !trial.is_album_only() {
        assert_eq!(files.files.len(), 1, "a track is exactly one file");
        assert!(files.missing.is_empty(), "a track has no missing tracks");
    }
    let mut named = BTreeSet::new();
    for file in &files.files {
        named.extend(checked(dir.path(), file));
    }
    let left: BTreeSet<PathBuf> = everything_in(dir.path());
    let extra: Vec<_> = left.difference(&named).collect();
    assert!(extra.is_empty(), "left behind and not named: {extra:?}");

    let mut last = 0;
    for (done, total) in record.bytes() {
        assert!(done >= last, "the progress went back from {last} to {done}");
        assert!(
            total.is_none_or(|total| done <= total),
            "{done} bytes of {total:?}"
        );
        last = done;
    }
}

pub(super) fn delivers_to_several_threads(trial: &Trial) {
    let sizes: Vec<u64> = thread::scope(|scope| {
        let all: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let dir = directory();
                    let files = fetch(trial, dir.path(), &ProgressRecord::new())
                        .unwrap_or_else(|error| panic!("fetching at once: {error}"));
                    let first = files.files.first().expect("a download without a file");
                    size(&dir.path().join(&first.path))
                })
            })
            .collect();
        all.into_iter()
            .map(|one| one.join().expect("a download panicked"))
            .collect()
    });
    assert!(
        sizes.windows(2).all(|pair| pair[0] == pair[1]),
        "sizes differ: {sizes:?}"
    );
}

pub(super) fn refuses_an_unknown_target(trial: &Trial) {
    let long = "x".repeat(4_096);
    for target in [
        "there-is-no-such-target",
        "../../../../etc/passwd",
        "\u{0}",
        &long,
    ] {
        let dir = directory();
        let request = DownloadRequest {
            target_id: target.to_owned(),
            ..request(trial, dir.path())
        };
        match finish(trial, &request, &ProgressRecord::new()) {
            Ok(files) => panic!("{} files for the target {target:?}", files.files.len()),
            Err(error) => assert!(
                matches!(error.kind, ErrorKind::NotFound | ErrorKind::Permanent),
                "the target {target:?}: {error}"
            ),
        }
        let left = everything_in(dir.path());
        assert!(
            left.is_empty(),
            "left behind by a failed download: {left:?}"
        );
    }
}

pub(super) fn ends_when_cancelled(trial: &Trial) {
    let dir = directory();
    let record = ProgressRecord::new();
    record.cancel();
    let request = request(trial, dir.path());
    let asked = Instant::now();
    // A source may be through before it looks; then the file is whole and no harm is done.
    match finish(trial, &request, &record) {
        Ok(files) => {
            for file in &files.files {
                checked(dir.path(), file);
            }
        }
        Err(error) => assert_eq!(error.kind, ErrorKind::Cancelled, "{error}"),
    }
    assert!(
        asked.elapsed() < CANCEL_LIMIT,
        "a cancel took {:?}",
        asked.elapsed()
    );
    let again = fetch(trial, directory().path(), &ProgressRecord::new());
    assert!(again.is_ok(), "no longer usable after a cancel: {again:?}");
}

pub(super) fn cancels_nothing_when_nothing_runs(trial: &Trial) {
    let asked = Instant::now();
    match trial.source.cancel_raw("there-is-no-such-target") {
        Ok(cancelled) => assert!(!cancelled, "cancelled what does not run"),
        Err(error) => assert_ne!(error.kind, ErrorKind::Internal, "{error}"),
    }
    assert!(
        asked.elapsed() < CANCEL_LIMIT,
        "a cancel took {:?}",
        asked.elapsed()
    );
}

pub(super) fn keeps_its_secrets(trial: &Trial) {
    let secrets: Vec<&String> = trial
        .declaration
        .settings
        .iter()
        .filter(|setting| setting.secret)
        .flat_map(|setting| trial.subject.settings.list(&setting.key))
        .filter(|value| !value.is_empty())
        .collect();
    let mut said = Vec::new();
    let mut hear = |error: Option<SourceError>| said.extend(error.map(|error| error.message));
    hear(trial.source.check_connection().err());
    for hit in trial.source.search_raw(&trial.known()).unwrap_or_default() {
        said.push(format!("{hit:?}"));
    }
    let dir = directory();
    let unknown = DownloadRequest {
        target_id: "none".to_owned(),
        ..request(trial, dir.path())
    };
    let mut hear = |error: Option<SourceError>| said.extend(error.map(|error| error.message));
    hear(finish(trial, &unknown, &ProgressRecord::new()).err());
    said.extend(
        trial
            .subject
            .host
            .log()
            .into_iter()
            .map(|line| format!("{line:?}")),
    );
    for text in &said {
        for secret in &secrets {
            assert!(
                !text.contains(secret.as_str()),
                "a secret is in `{}`",
                text.replace(secret.as_str(), "***")
            );
        }
    }
}

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}

fn request(trial: &Trial, dir: &Path) -> DownloadRequest {
    let hit = trial.hit();
    DownloadRequest {
        target_id: hit.target_id.clone(),
        kind: hit.kind,
        dest_dir: dir.to_owned(),
        hit,
        ..DownloadRequest::default()
    }
}

fn fetch(trial: &Trial, dir: &Path, record: &ProgressRecord) -> Result<Files, SourceError> {
    finish(trial, &request(trial, dir), record)
}

/// Downloads, and follows the download where the source hands it over.
fn finish(
    trial: &Trial,
    request: &DownloadRequest,
    record: &ProgressRecord,
) -> Result<Files, SourceError> {
    let follows = trial
        .declaration
        .capabilities
        .has(crate::Capabilities::FOLLOWS);
    match trial.source.download_raw(request, &record.progress())? {
        Download::Files(files) => Ok(files),
        Download::Following => {
            assert!(
                follows,
                "handed a download over without declaring `follows`"
            );
            let since = Instant::now();
            loop {
                if let Some(outcome) = record.outcome() {
                    return outcome;
                }
                assert!(
                    since.elapsed() < FOLLOW_LIMIT,
                    "a followed download never ended"
                );
                thread::yield_now();
            }
        }
    }
}

/// The paths of one delivered file, each a regular file with something in it, below `dir`.
fn checked(dir: &Path, file: &DownloadedFile) -> Vec<PathBuf> {
    let companions = file.cover.iter().chain(&file.lyrics);
    std::iter::once(&file.path)
        .chain(companions)
        .map(|path| {
            let full = dir.join(path);
            assert!(
                full.starts_with(dir),
                "{} is not in the download's directory",
                path.display()
            );
            let found = fs::symlink_metadata(&full)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(found.is_file(), "{} is not a regular file", path.display());
            assert!(found.len() > 0, "{} is empty", path.display());
            full
        })
        .collect()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

fn everything_in(dir: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}
