//! Plans, reports and lists in words.

use std::fmt::Write;

use crate::app::{Check, Report};
use crate::engine::{HeldAlbum, SourceTotals};
use crate::plan::generate::Findings;
use crate::plan::renewal::Renewal;
use crate::plan::{ItemKind, ItemState, Plan, SkipReason, Statistics, Status};
use crate::plugin::PluginReport;
use crate::state::StatusReport;
use crate::text::{counted, plain};

/// So many rows of one file are printed; the report has them all.
const ROWS_SHOWN: usize = 10;

/// So many missing tracks of an album are named; the report has them all.
const MISSING_SHOWN: usize = 5;

/// One line on what a plan came to.
pub(super) fn planned(plan: &Plan, findings: &Findings, duplicates: usize) -> String {
    let counts = plan.statistics();
    let owned = plan
        .items_by_status(Status::Pending)
        .filter(|item| item.owned.is_some() && item.renewal.is_none())
        .count();
    let mut text = format!("{} wanted", counted(counts.total, "track", "tracks"));
    let repeated = findings.repeated + duplicates;
    if repeated > 0 {
        write_to(&mut text, format_args!(" ({repeated} duplicates merged)"));
    }
    let skipped = plan.items_by_status(Status::Skipped);
    let there = skipped
        .filter(|item| {
            matches!(
                item.state,
                ItemState::Skipped {
                    reason: SkipReason::Exists,
                    ..
                }
            )
        })
        .count();
    write_to(
        &mut text,
        format_args!(": {there} already in the library, {} to do", counts.pending),
    );
    let others = counts.skipped - there;
    if others > 0 {
        write_to(&mut text, format_args!(", {others} not in this run"));
    }
    if owned > 0 {
        write_to(&mut text, format_args!(", {owned} of them by linking"));
    }
    for (renewal, words) in [
        (Renewal::Tags, "to be tagged anew"),
        (Renewal::Audio, "there and fetched again"),
        (Renewal::Better, "there and wanted in better quality"),
    ] {
        let pending = plan.items_by_status(Status::Pending);
        let count = pending.filter(|item| item.renewal == Some(renewal)).count();
        if count > 0 {
            write_to(&mut text, format_args!(", {count} of them {words}"));
        }
    }
    text
}

/// Entries and rows that could not be read, one warning each.
pub(super) fn findings(findings: &Findings) -> Vec<String> {
    let mut warnings: Vec<String> = findings
        .failed
        .iter()
        .map(|failed| match failed.line {
            Some(line) => format!("left out (config line {line}): {}", failed.error),
            None => format!("left out: {}", failed.error),
        })
        .collect();
    for of_entry in &findings.rows {
        for row in of_entry.rows.iter().take(ROWS_SHOWN) {
            warnings.push(match row.line {
                Some(line) => format!("{}:{line}: {} [{}]", of_entry.entry, row.reason, row.text),
                None => format!("{}: {}", of_entry.entry, row.reason),
            });
        }
        if of_entry.rows.len() > ROWS_SHOWN {
            warnings.push(format!(
                "{}: {} more rows; all are in the report of the run",
                of_entry.entry,
                of_entry.rows.len() - ROWS_SHOWN
            ));
        }
    }
    warnings
}

/// A plan before anything is done: what goes where, and what is there.
pub(super) fn plan(plan: &Plan, found: &Findings, duplicates: usize) -> String {
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
    text.push_str(&planned(plan, found, duplicates));
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
        format!("{:.1} MB", source.bytes as f64 / 1e6),
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
    let Statistics {
        total,
        pending,
        in_progress,
        completed,
        failed,
        skipped,
    } = *statistics;
    let tracks = counted(total, "track", "tracks");
    let mut text = format!("{tracks}, {completed} completed, {skipped} skipped, {failed} failed");
    if pending + in_progress > 0 {
        write_to(&mut text, format_args!(", {} to do", pending + in_progress));
    }
    text
}

/// How things stand.
pub(super) fn status(status: &StatusReport) -> String {
    let mut text = format!("{}\n", counts(&status.statistics));
    write_to(
        &mut text,
        format_args!(
            "{} placed, {} tried\n",
            counted(status.files, "file", "files"),
            counted(status.attempts, "download", "downloads")
        ),
    );
    if let Some(holder) = &status.held_by {
        write_to(&mut text, format_args!("in use by {holder}\n"));
    }
    if let Some(run) = &status.last_run {
        let end = match (&run.ended_at, &run.outcome) {
            (Some(ended), Some(outcome)) => format!("ended {ended:.0}: {outcome}"),
            _ if status.held_by.is_some() => "still going on".to_owned(),
            _ => "did not end by itself; the next run goes on from there".to_owned(),
        };
        write_to(
            &mut text,
            format_args!("last run: began {:.0}, {end}\n", run.started_at),
        );
    }
    for failed in &status.failed {
        write_to(
            &mut text,
            format_args!(
                "failed {}x: {}: {}\n",
                failed.retry_count,
                plain(&failed.name),
                plain(&failed.error)
            ),
        );
    }
    if let Some(kept) = status.quarantine.as_ref().filter(|kept| kept.files > 0) {
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
