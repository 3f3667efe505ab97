//! Where a finished file lies. Asked in this order: slskd's event of that very download,
//! the destination of its batch, the rule by which slskd places files. A guess that leaves
//! two files to choose from is none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use musicdl_plugin_api::SourceError;

use crate::api::Api;
use crate::clock;
use crate::enqueue::OWN_DIRECTORIES;
use crate::error::{Asked, Failure};
use crate::names;
use crate::record::{FileComplete, Transfer};
use crate::server::Setup;
use crate::target::Target;

/// Files are dated by the clock of the disk they are on, downloads by slskd's.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// An event comes with the file. Before this is over no other way is tried, because a file of
/// the same name and size may be there from a minute ago.
const EVENT_WITHIN: Duration = Duration::from_secs(10);

/// What there is of a finished file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// Whole.
    There(Landed),
    /// So many bytes, or nothing yet: slskd moves files after it calls them done.
    Partly(u64),
    /// Several files that could be it.
    Unclear(Vec<PathBuf>),
}

/// A whole file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Landed {
    /// On this machine.
    pub(crate) path: PathBuf,
    /// Below the downloads directory, with `/`.
    pub(crate) relative: String,
    /// Below the downloads directory: one that holds this file alone.
    pub(crate) own_directory: Option<String>,
}

/// Looks for the file of a download that succeeded, `waited` after it did.
///
/// # Errors
/// What slskd says, `NotConfigured` when it puts files where this machine cannot follow.
pub(crate) fn look(
    api: &Api,
    setup: &Setup,
    target: &Target,
    transfer: &Transfer,
    waited: Duration,
) -> Result<Landing, SourceError> {
    let event = event(api, &transfer.id)?;
    if let Event::Came(path) = event {
        let Some(parts) = setup.downloads.below(&path) else {
            return Err(SourceError::not_configured(format!(
                "slskd put a file at `{path}`, which is not below its downloads directory"
            )));
        };
        let parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
        let destination = destination(api, transfer)?;
        let local = local(setup, &parts);
        return Ok(match fs::metadata(&local) {
            Ok(found) if found.is_file() && found.len() == target.size => {
                Landing::There(landed(local, &parts, destination.as_deref()))
            }
            Ok(found) => Landing::Partly(found.len()),
            Err(_) => Landing::Partly(0),
        });
    }
    let destination = destination(api, transfer)?;
    let is_ours_alone = destination.as_deref().is_some_and(is_own);
    if matches!(event, Event::Awaited) && !is_ours_alone && waited < EVENT_WITHIN {
        return Ok(Landing::Partly(0));
    }
    let directory = match &destination {
        Some(destination) => destination
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
        None => match by_rule(setup.pattern.as_deref(), target) {
            Some(directory) => directory,
            None => return Ok(Landing::Partly(0)),
        },
    };
    Ok(in_directory(
        setup,
        &directory,
        target,
        transfer,
        destination.as_deref(),
    ))
}

/// What slskd's events say of a download.
enum Event {
    /// It is complete, and lies at that path of slskd's.
    Came(String),
    /// Nothing yet.
    Awaited,
    /// This slskd has no events to ask for.
    Unknown,
}

fn event(api: &Api, id: &str) -> Result<Event, SourceError> {
    let events = match api.events() {
        Ok(events) => events,
        // Only the shortest way to know: the others follow.
        Err(Failure::Status { status: 404, .. } | Failure::Broken(_)) => {
            return Ok(Event::Unknown);
        }
        Err(failure) => return Err(api.report(failure, Asked::Events)),
    };
    Ok(events
        .iter()
        .filter(|event| event.kind == "DownloadFileComplete")
        .filter_map(|event| serde_json::from_str::<FileComplete>(&event.data).ok())
        .find(|complete| complete.transfer.id == id)
        .map_or(Event::Awaited, |complete| {
            Event::Came(complete.local_filename)
        }))
}

/// Whether a destination was made for one download: see `enqueue`.
fn is_own(destination: &str) -> bool {
    destination.starts_with(OWN_DIRECTORIES)
}

/// Where the batch of a download puts its files, relative to the downloads directory.
fn destination(api: &Api, transfer: &Transfer) -> Result<Option<String>, SourceError> {
    let Some(batch) = &transfer.batch_id else {
        return Ok(None);
    };
    match api.batch(batch) {
        Ok(batch) => Ok(batch
            .options
            .and_then(|options| options.destination)
            .filter(|destination| is_plain(destination))),
        Err(failure) if failure.status() == Some(404) => Ok(None),
        Err(failure) => Err(api.report(failure, Asked::Transfer)),
    }
}

fn is_plain(destination: &str) -> bool {
    !destination.is_empty()
        && destination
            .split('/')
            .all(|part| !matches!(part, "." | ".."))
}

/// The subdirectory slskd makes for a file, in parts; `None` for a pattern whose result
/// cannot be known from here.
fn by_rule(pattern: Option<&str>, target: &Target) -> Option<Vec<String>> {
    const DIRECTORY: &str = "${SOURCE_DIRECTORY}";
    let pattern = match pattern.unwrap_or(DIRECTORY) {
        "{}" => "",
        pattern => pattern,
    };
    let folder = names::folder(&target.filename);
    let mut parts = Vec::new();
    for part in pattern.split('/') {
        let part = part
            .replace(DIRECTORY, names::base(folder))
            .replace("${SOURCE_USERNAME}", &target.username);
        match part.as_str() {
            "" => {}
            "." | ".." => return None,
            part if part.contains("${") => return None,
            part => parts.push(sanitized(part)),
        }
    }
    Some(parts)
}

/// The file in that directory: by name, exact size, and not older than the download.
fn in_directory(
    setup: &Setup,
    directory: &[String],
    target: &Target,
    transfer: &Transfer,
    destination: Option<&str>,
) -> Landing {
    let wanted = sanitized(names::base(&target.filename));
    let since = transfer
        .requested_at
        .as_deref()
        .and_then(clock::instant)
        .and_then(|at| at.checked_sub(CLOCKS_APART));
    let mut whole = Vec::new();
    let mut most = 0;
    let entries = fs::read_dir(local(setup, directory)).into_iter().flatten();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(found) = entry.metadata().ok().filter(fs::Metadata::is_file) else {
            continue;
        };
        if !is_named(&name, &wanted) || !is_since(&found, since) {
            continue;
        }
        most = most.max(found.len());
        if found.len() == target.size {
            whole.push((entry.path(), name));
        }
    }
    match whole.pop() {
        None => Landing::Partly(most),
        Some((path, name)) if whole.is_empty() => {
            let mut parts = directory.to_vec();
            parts.push(name);
            Landing::There(landed(path, &parts, destination))
        }
        Some((path, _)) => {
            let mut paths = vec![path];
            paths.extend(whole.into_iter().map(|(path, _)| path));
            paths.sort();
            Landing::Unclear(paths)
        }
    }
}

fn is_since(found: &fs::Metadata, since: Option<SystemTime>) -> bool {
    match (found.modified(), since) {
        (Ok(modified), Some(since)) => modified >= since,
        // Nothing to compare with.
        _ => true,
    }
}

/// `Song.flac`, or `Song_638000000000000000.flac` where another was there before: the number
/// counts ticks of 100 ns.
fn is_named(name: &str, wanted: &str) -> bool {
    if name == wanted {
        return true;
    }
    let (stem, extension) = wanted
        .rsplit_once('.')
        .map_or((wanted, String::new()), |(stem, extension)| {
            (stem, format!(".{extension}"))
        });
    name.strip_prefix(stem)
        .and_then(|rest| rest.strip_suffix(extension.as_str()))
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|ticks| {
            (17..=19).contains(&ticks.len()) && ticks.bytes().all(|b| b.is_ascii_digit())
        })
}

/// As slskd makes names on Linux; a name it changed further is found by its event.
fn sanitized(part: &str) -> String {
    part.replace(['\0', '/', '\\'], "_")
}

fn local(setup: &Setup, parts: &[String]) -> PathBuf {
    let mut path = setup.downloads.local().to_owned();
    path.extend(parts.iter().map(Path::new));
    path
}

fn landed(path: PathBuf, parts: &[String], destination: Option<&str>) -> Landed {
    let relative = parts.join("/");
    let own_directory = destination
        .filter(|destination| is_own(destination))
        .filter(|destination| relative.starts_with(&format!("{destination}/")))
        .map(str::to_owned);
    Landed {
        path,
        relative,
        own_directory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_with_and_without_the_number_of_a_collision() {
        for (name, expected) in [
            ("Song.flac", true),
            ("Song_638000000000000000.flac", true),
            ("Song_6380000000000000.flac", false),
            ("Song_63800000000000000000.flac", false),
            ("Song_63800000000000000x.flac", false),
            ("Song_638000000000000000.mp3", false),
            ("Songs.flac", false),
            ("Song.flac.part", false),
        ] {
            assert_eq!(is_named(name, "Song.flac"), expected, "{name}");
        }
        assert!(is_named("Song_638000000000000000", "Song"));
    }

    #[test]
    fn the_rule_of_the_subdirectory_is_followed_as_far_as_it_can_be_known() {
        let target = |filename: &str| Target {
            username: "ann/b".to_owned(),
            filename: filename.to_owned(),
            size: 1,
            search: None,
        };
        const SONG: &str = r"@@abc\Music\First Album\01.flac";
        for (pattern, filename, expected) in [
            (None, SONG, Some(vec!["First Album"])),
            (None, "Music/First Album/01.flac", Some(vec!["First Album"])),
            (None, "01.flac", Some(vec![])),
            (None, r"Music\..\01.flac", None),
            (Some("{}"), SONG, Some(vec![])),
            (Some("${SOURCE_DIRECTORY}"), SONG, Some(vec!["First Album"])),
            (
                Some("${SOURCE_USERNAME}/${SOURCE_DIRECTORY}"),
                SONG,
                Some(vec!["ann_b", "First Album"]),
            ),
            (Some("music/x"), SONG, Some(vec!["music", "x"])),
            (Some("${SEARCH_TEXT}"), SONG, None),
            (Some("../${SOURCE_DIRECTORY}"), SONG, None),
        ] {
            let found = by_rule(pattern, &target(filename));
            let expected =
                expected.map(|parts| parts.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(found, expected, "{pattern:?} {filename}");
        }
    }
}
