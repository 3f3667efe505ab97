//! Config and catalogs -> the plan, through all its steps. Used by `run`, `plan` and a dry
//! run, so that what is shown is what is done.

use std::path::Path;

use jiff::Timestamp;

use super::exit::{Exit, Failure};
use crate::catalog::playlist_file::Limits;
use crate::catalog::{Catalogs, PlaylistFiles};
use crate::config::{Config, Overwrite};
use crate::layout::Layout;
use crate::plan::generate::{Findings, generate};
use crate::plan::order::IgnoredDependency;
use crate::plan::renewal::Renewals;
use crate::plan::{self, ItemState, Plan, SkipReason};
use crate::publish::Existing;
use crate::state::Memory;
use crate::tagging::{self, Tags};

/// A plan, and what making it found.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) plan: Plan,
    pub(crate) findings: Findings,
    /// Items removed because another is the same recording, beyond repeated rows.
    pub(crate) duplicates: usize,
    /// What items of a saved plan do not wait for.
    pub(crate) ignored: Vec<IgnoredDependency>,
}

/// The layout that the config asks for.
pub(crate) fn layout(config: &Config) -> Result<Layout, Failure> {
    Layout::new(&config.library.layout).map_err(|error| {
        let file = config
            .file
            .as_deref()
            .map(|file| format!("{}: ", file.display()));
        Failure::new(
            Exit::Usage,
            format!("{}library.layout: {error}", file.unwrap_or_default()),
        )
    })
}

/// The plan of the want-list, or the saved one.
pub(crate) async fn plan(
    config: &Config,
    layout: &Layout,
    memory: &Memory,
    saved: Option<&Path>,
) -> Result<Drawn, Failure> {
    let Some(file) = saved else {
        return draw_up(config, layout, memory).await;
    };
    let mut plan = Plan::load(file)?;
    revive(&mut plan);
    let ignored = finish(&mut plan, config, layout, memory)?;
    Ok(Drawn {
        plan,
        findings: Findings::default(),
        duplicates: 0,
        ignored,
    })
}

/// Makes the plan: generate, de-duplicate, place, look what is there, sort.
async fn draw_up(config: &Config, layout: &Layout, memory: &Memory) -> Result<Drawn, Failure> {
    if config.wanted.is_empty() {
        return Err(Failure::new(Exit::Usage, "nothing is wanted").with_hint(
            "add `songs`, `albums`, `artists` or `playlists` to the config, or name a file with --playlist",
        ));
    }
    let limits = Limits {
        max_bytes: config.limits.max_playlist_bytes,
        max_rows: u32::try_from(config.limits.max_playlist_rows).unwrap_or(u32::MAX),
        ..Limits::default()
    };
    let catalogs = Catalogs::new(vec![Box::new(PlaylistFiles::with_limits(limits))]);
    let (mut plan, findings) =
        generate(&config.wanted, &catalogs, &config.version, Timestamp::now()).await;
    tracing::info!(statistics = ?plan.statistics(), "plan generated");
    if plan.items.is_empty() && !findings.failed.is_empty() {
        let reasons: Vec<String> = findings
            .failed
            .iter()
            .map(|failed| format!("{}: {}", failed.entry, failed.error))
            .collect();
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "nothing of the want-list could be read\n  {}",
                reasons.join("\n  ")
            ),
        ));
    }
    let duplicates = plan::dedup::dedup(&mut plan);
    let ignored = finish(&mut plan, config, layout, memory)?;
    Ok(Drawn {
        plan,
        findings,
        duplicates,
        ignored,
    })
}

/// The steps after de-duplication, also for a plan that was loaded.
fn finish(
    plan: &mut Plan,
    config: &Config,
    layout: &Layout,
    memory: &Memory,
) -> Result<Vec<IgnoredDependency>, Failure> {
    plan::place::place(plan, layout, memory.stems())
        .map_err(|error| Failure::new(Exit::Usage, error))?;
    let library = &config.library.path;
    let mut existing = Existing::new(library);
    plan::existing::existing(
        plan,
        |stem| existing.find(stem),
        |id| memory.finished(id, library),
    )?;
    let renewals = renewals(config);
    if renewals != Renewals::default() {
        plan::renewal::renew(
            plan,
            renewals,
            // A file that nobody can read is not known to be bad.
            |path| tagging::sound(path).ok(),
            |item, path| {
                tagging::read(path)
                    .is_ok_and(|has| has.say_all_of(&Tags::from_track(&item.track.unpack())))
            },
            |item| memory.is_done_by_unended_run(item.id()),
        );
    }
    for item in &mut plan.items {
        if item.state == ItemState::Pending && memory.is_cancelled(item.id()) {
            item.state = ItemState::Skipped {
                reason: SkipReason::Cancelled,
                path: None,
            };
        }
    }
    let ignored = plan::order::order(plan);
    for item in &mut plan.items {
        item.retry_count = item.retry_count.max(memory.retries(item.id()));
    }
    tracing::info!(statistics = ?plan.statistics(), "plan optimised");
    Ok(ignored)
}

/// What of the files that are there is wanted again.
fn renewals(config: &Config) -> Renewals {
    Renewals {
        audio: config.download.overwrite == Overwrite::Replace,
        tags: config.download.overwrite == Overwrite::Metadata,
        better: config.download.upgrade.then_some(config.download.quality),
    }
}

/// A loaded plan: how its items stood when it was saved means nothing now. What is there is
/// looked up anew, everything else is to be done.
fn revive(plan: &mut Plan) {
    for item in &mut plan.items {
        item.owned = None;
        item.renewal = None;
        item.state = ItemState::Pending;
    }
}
