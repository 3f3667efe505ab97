//! Plans, reports and lists in words.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

use crate::app::{Check, Report, Status as WholeStatus};
use crate::engine::{HeldAlbum, SourceTotals};
use crate::plan::renewal::Renewal;
use crate::plan::{ItemKind, Overview, Plan, SkipReason, Statistics, Status};
use crate::plugin::PluginReport;
use crate::state::{FailedItem, Fetching, LastRun, StatusReport};
use crate::text::{counted, plain};

/// So many failed tracks are named by `status`; its JSON has them all.
const FAILED_SHOWN: usize = 20;
/// Of the others, so many reasons are named.
const REASONS_SHOWN: usize = 5;
/// So many missing tracks of an album are named; the report has them all.
const MISSING_SHOWN: usize = 5;

/// One line on what a plan came to.
pub(super) fn planned(plan: &Overview) -> String {
    let mut text = format!("{} wanted", counted(plan.wanted, "track", "tracks"));
    if plan.duplicates > 0 {
        write_to(
            &mut text,
            format_args!(" ({} duplicates merged)", plan.duplicates),
        );
    }
    write_to(
        &mut text,
        format_args!(
            ": {} already in the library, {} to do",
            plan.in_library, plan.to_do
        ),
    );
    for (count, words) in [
        (plan.cancelled, "cancelled"),
        (plan.not_in_run, "not in this run"),
        (plan.blocked, "that cannot be fetched"),
        (plan.to_link, "of them by linking"),
        (plan.to_tag, "of them to be tagged anew"),
        (plan.to_replace, "of them there and fetched again"),
        (
            plan.to_upgrade,
            "of them there and wanted in better quality",
        ),
    ] {
        if count > 0 {
            write_to(&mut text, format_args!(", {count} {words}"));
        }
    }
    text
}

/// A plan before anything is done: what goes where, and what is there.
pub(super) fn plan(plan: &Plan, duplicates: usize) -> String {
    let mut text = String::new();
    for item in &plan.items {
        let mark = match item.status() {
            Status::Pending => match item.renewal {
                Some(Renewal::Tags) => "tag",
                Some(Renewal::Audio) => "again",
                Some(Renewal::Better) => "raise",
                None if item.owned.is_some() => "link",
                None => "fetch",
            },
            Status::Skipped if item.state.output_path().is_none() => "skip",
            Status::Skipped => "have",
            Status::InProgress => "busy",
            Status::Completed => "have",
            Status::Failed => "fail",
        };
        for (at, target) in item.targets.iter().enumerate() {
            let mark = if at == 0 { mark } else { "also" };
            write_to(
                &mut text,
                format_args!("{mark:5} {}\n", plain(target.as_str())),
            );
        }
    }
    for collection in &plan.collections {
        let kind = match collection.kind {
            ItemKind::Track => "songs",
            ItemKind::Album => "album",
            ItemKind::Playlist => "playlist",
            ItemKind::Artist => "artist",
        };
        let m3u = if collection.create_m3u {
            ", with M3U"
        } else {
            ""
        };
        write_to(
            &mut text,
            format_args!(
                "{kind} {}: {} entries{m3u}\n",
                plain(&collection.name),
                collection.members.len()
            ),
        );
    }
    text.push_str(&planned(&Overview::of(plan, duplicates)));
    text
}

/// What a run came to.
pub(super) fn report(report: &Report) -> String {
    let mut text = String::new();
    for failed in &report.failed {
        write_to(
            &mut text,
            format_args!("\nfailed: {}\n", plain(&failed.name)),
        );
        for tried in &failed.tried {
            let what = match (&tried.title, tried.score) {
                (Some(title), Some(score)) => format!("`{}` ({score:.2})", plain(title)),
                (Some(title), None) => format!("`{}`", plain(title)),
                (None, _) => "search".to_owned(),
            };
            write_to(
                &mut text,
                format_args!("  {}: {what}: {}\n", tried.source, plain(&tried.reason)),
            );
        }
        if failed.tried.is_empty() {
            write_to(&mut text, format_args!("  {}\n", plain(&failed.error)));
        }
    }
    for dropped in &report.dropped {
        write_to(
            &mut text,
            format_args!("left out: {}: {}\n", dropped.source, plain(&dropped.reason)),
        );
    }
    for item in &report.postponed {
        write_to(
            &mut text,
            format_args!(
                "waits until {:.0}: {}: {}\n",
                item.until,
                plain(&item.name),
                plain(&item.reason)
            ),
        );
    }
    for album in &report.held {
        write_to(&mut text, format_args!("{}\n", held(album)));
    }
    for flaw in &report.flaws {
        write_to(
            &mut text,
            format_args!("note: {}: {}\n", plain(&flaw.name), plain(&flaw.message)),
        );
    }
    for warning in &report.warnings {
        write_to(&mut text, format_args!("note: {}\n", plain(warning)));
    }
    for path in &report.playlists {
        write_to(
            &mut text,
            format_args!("playlist: {}\n", plain(&path.display().to_string())),
        );
    }
    if !report.delivered.is_empty() {
        let list: Vec<String> = report
            .delivered
            .iter()
            .map(|by| format!("{} from {}", by.tracks, by.source))
            .collect();
        write_to(&mut text, format_args!("fetched: {}\n", list.join(", ")));
    }
    for source in &report.sources {
        if let Some(line) = totals(source) {
            write_to(&mut text, format_args!("{line}\n"));
        }
    }
    write_to(
        &mut text,
        format_args!(
            "{}: {} in {:.1} s",
            report.outcome,
            counts(&report.statistics),
            report.seconds
        ),
    );
    text
}

/// An album that is not whole.
fn held(album: &HeldAlbum) -> String {
    let missing = album.missing.iter().take(MISSING_SHOWN);
    let mut names: Vec<String> = missing.map(|name| plain(name)).collect();
    if album.missing.len() > MISSING_SHOWN {
        names.push(format!("{} more", album.missing.len() - MISSING_SHOWN));
    }
    format!(
        "held: {} - {}: {} of {} tracks are ready and wait for {}",
        plain(&album.artist),
        plain(&album.album),
        album.tracks,
        album.of,
        names.join(", ")
    )
}

/// What a source was asked for. `None`: for nothing.
fn totals(source: &SourceTotals) -> Option<String> {
    let asked = source.searches + source.downloads + source.cache_hits;
    if asked == 0 {
        return None;
    }
    let mut parts = vec![
        counted(source.searches, "search", "searches"),
        counted(source.downloads, "download", "downloads"),
        megabytes(source.bytes),
    ];
    if source.cache_hits > 0 {
        parts.push(format!("{} answered from memory", source.cache_hits));
    }
    if source.waits > 0 {
        parts.push(format!("waited {:.1} s", source.waited_seconds));
    }
    if let Some(left) = source.searches_left {
        parts.push(counted(left, "search left", "searches left"));
    }
    let failures = source.failures.iter();
    parts.extend(failures.map(|failures| format!("{} times {}", failures.count, failures.kind)));
    Some(format!("{}: {}", source.source, parts.join(", ")))
}

fn counts(statistics: &Statistics) -> String {
    let tracks = counted(statistics.total, "track", "tracks");
    let mut text = format!(
        "{tracks}, {} completed, {} skipped{}, {} failed",
        statistics.completed,
        statistics.skipped,
        skipped_split(statistics),
        statistics.failed
    );
    let to_do = statistics.pending + statistics.in_progress;
    if to_do > 0 {
        write_to(&mut text, format_args!(", {to_do} to do"));
    }
    text
}

/// ` (3 already there, 1 cancelled)`
fn skipped_split(statistics: &Statistics) -> String {
    let parts = [
        (statistics.existing, "already there"),
        (statistics.cancelled, "cancelled"),
        (statistics.left_out, "not in this run"),
        (statistics.blocked, "cannot be fetched"),
    ];
    let named = parts.iter().filter(|(count, _)| *count > 0);
    let named: Vec<String> = named.map(|(count, why)| format!("{count} {why}")).collect();
    match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join(", ")),
    }
}

/// Why a track is skipped, in a sentence.
pub(super) fn skipped_because(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Exists => "already in the library",
        SkipReason::NotATrack => "only tracks can be fetched",
        SkipReason::Cancelled => "cancelled; `musicdl retry` fetches it",
        SkipReason::LeftOut => "not in the last run",
        SkipReason::Dependency => "something it depends on did not complete",
    }
}

/// `30.1 MB`
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// How things stand.
pub(super) fn status(status: &WholeStatus) -> String {
    let WholeStatus { state, quarantine } = status;
    let mut text = format!("{}\n", counts(&state.statistics));
    write_to(
        &mut text,
        format_args!(
            "{} placed, {} tried\n",
            counted(state.files, "file", "files"),
            counted(state.attempts, "download", "downloads")
        ),
    );
    if let Some(holder) = &state.held_by {
        write_to(&mut text, format_args!("in use by {holder}\n"));
    }
    if let Some(run) = &state.last_run {
        write_to(&mut text, format_args!("{}\n", last_run(run, state)));
    }
    text.push_str(&fetching(&state.fetching));
    text.push_str(&failures(&state.failed));
    if let Some(kept) = quarantine.as_ref().filter(|kept| kept.files > 0) {
        let (files, path) = (kept.files, kept.path.display().to_string());
        let mib = kept.bytes as f64 / (1024.0 * 1024.0);
        write_to(
            &mut text,
            format_args!(
                "{files} refused files ({mib:.1} MiB) are kept in {}\n",
                plain(&path)
            ),
        );
    }
    text
}

fn last_run(run: &LastRun, state: &StatusReport) -> String {
    let end = match (&run.ended_at, &run.outcome) {
        (Some(ended), Some(outcome)) => format!("ended {ended:.0}: {outcome}"),
        _ if state.held_by.is_some() => "still going on".to_owned(),
        _ => "did not end by itself; the next run goes on from there".to_owned(),
    };
    let what = if run.retry {
        "last run, a retry"
    } else {
        "last run"
    };
    format!("{what}: began {:.0}, {end}", run.started_at)
}

/// The first failures in full; of the rest, how many there are for the commonest reasons.
fn failures(failed: &[FailedItem]) -> String {
    let mut text = String::new();
    let (shown, rest) = failed.split_at(failed.len().min(FAILED_SHOWN));
    for item in shown {
        let (tries, name, why) = (item.retry_count, plain(&item.name), plain(&item.error));
        write_to(&mut text, format_args!("failed {tries}x: {name}: {why}\n"));
    }
    if rest.is_empty() {
        return text;
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for item in rest {
        *reasons.entry(&item.error).or_default() += 1;
    }
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| Reverse(*count));
    for (why, count) in reasons.iter().take(REASONS_SHOWN) {
        write_to(&mut text, format_args!("{count} more: {}\n", plain(why)));
    }
    let more = counted(rest.len(), "more failure", "more failures");
    write_to(
        &mut text,
        format_args!("{more} in all; `musicdl status --json` names each\n"),
    );
    text
}

/// What is being fetched, by source.
fn fetching(downloads: &[Fetching]) -> String {
    let mut text = String::new();
    let mut source = None;
    for download in downloads {
        if source != Some(&download.source) {
            write_to(
                &mut text,
                format_args!("fetching from {}:\n", download.source),
            );
            source = Some(&download.source);
        }
        let of = match download.total {
            Some(total) => format!(" of {}", megabytes(total)),
            None => String::new(),
        };
        let (name, bytes) = (plain(&download.name), megabytes(download.bytes));
        write_to(&mut text, format_args!("  {name}: {bytes}{of}\n"));
    }
    text
}

/// What became of the plugin files.
pub(super) fn plugins(report: &[PluginReport], checks: Option<&[Check]>) -> String {
    let mut text = String::new();
    for file in report {
        match file {
            PluginReport::Loaded {
                name,
                version,
                api_version,
                capabilities,
                configured,
                missing,
                load_time_ms,
                file,
                ..
            } => {
                let state = match (configured, missing.as_slice()) {
                    (true, _) => "configured".to_owned(),
                    (false, []) => "not configured".to_owned(),
                    (false, missing) => format!("needs `{}`", missing.join("`, `")),
                };
                let can = if capabilities.is_empty() {
                    String::new()
                } else {
                    format!(" [{}]", capabilities.join(", "))
                };
                write_to(
                    &mut text,
                    format_args!(
                        "{} {} (api {api_version}, {load_time_ms:.1} ms){can}: {state}\n  {}\n",
                        plain(name),
                        plain(version),
                        plain(file)
                    ),
                );
            }
            PluginReport::Refused { file, reason } => {
                write_to(
                    &mut text,
                    format_args!("refused: {}: {}\n", plain(file), plain(reason)),
                );
            }
        }
    }
    if report.is_empty() {
        text.push_str("no plugins\n");
    }
    for check in checks.unwrap_or_default() {
        let state = if check.reachable {
            "reachable"
        } else {
            "unreachable"
        };
        write_to(
            &mut text,
            format_args!("{}: {state}: {}\n", check.name, plain(&check.message)),
        );
        for warning in &check.warnings {
            write_to(&mut text, format_args!("  note: {}\n", plain(warning)));
        }
    }
    text
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(number: usize, error: &str) -> FailedItem {
        FailedItem {
            id: number.to_string(),
            name: format!("Ann Example - Track {number}"),
            error: error.to_owned(),
            retry_count: 1,
        }
    }

    #[test]
    fn beyond_a_screenful_failures_are_counted_by_reason() {
        let few: Vec<_> = (0..FAILED_SHOWN).map(|n| failed(n, "gone")).collect();
        assert_eq!(failures(&few).lines().count(), FAILED_SHOWN);

        let nothing = (0..1_000).map(|n| failed(n, "folder: found nothing"));
        let refused = (0..3).map(|n| failed(n, "folder: a preview"));
        let many: Vec<_> = few.into_iter().chain(refused).chain(nothing).collect();
        let text = failures(&many);
        let lines: Vec<_> = text.lines().skip(FAILED_SHOWN).collect();
        assert_eq!(
            lines,
            [
                "1000 more: folder: found nothing",
                "3 more: folder: a preview",
                "1003 more failures in all; `musicdl status --json` names each",
            ]
        );
    }
}
