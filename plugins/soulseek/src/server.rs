//! Is slskd there, which version is it, and where do its files lie as this machine sees them?
//! What it is asked beyond that is in `search` and `enqueue`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use musicdl_plugin_api::{Connection, PathMap, SourceError};

use crate::api::Api;
use crate::clock;
use crate::error::Asked;

/// The first version with events, by which a finished file is found.
const OLDEST: Version = Version(0, 22);
/// Batches have a destination of their own.
const BATCHES: Version = Version(0, 26);
/// A longer ban than this is not known: <https://www.slsknet.org>, 30 minutes for searching
/// too fast.
pub(crate) const LONGEST_BAN: Duration = Duration::from_secs(1_800);

/// Major and minor number; what comes after them never changed the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32);

impl Version {
    /// A text that says no version counts as the newest.
    fn parse(text: &str) -> Self {
        let mut numbers = text.trim().trim_start_matches('v').split('.');
        let mut next = || numbers.next().and_then(|number| number.parse().ok());
        match (next(), next()) {
            (Some(major), Some(minor)) => Self(major, minor),
            _ => Self(u32::MAX, 0),
        }
    }

    pub(crate) fn has_batches(self) -> bool {
        self >= BATCHES
    }

    /// An enqueue that succeeded may say so without a word: whether a transfer is new is then
    /// only known by what was there before.
    pub(crate) fn enqueues_silently(self) -> bool {
        self < Version(0, 24)
    }
}

/// How one slskd is set up.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) version: Version,
    /// Its downloads directory, under both of its names.
    pub(crate) downloads: Mapping,
    /// The pattern for subdirectories of it, where there is one.
    pub(crate) pattern: Option<String>,
}

/// A directory that slskd knows by one path and this machine by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    remote: String,
    local: PathBuf,
}

impl Mapping {
    /// # Errors
    /// `NotConfigured` for a directory that the user's map does not have.
    fn new(remote: &str, paths: Option<&PathMap>) -> Result<Self, SourceError> {
        let remote = remote.trim_end_matches(['/', '\\']);
        let local = match paths {
            None => PathBuf::from(remote),
            Some(map) => map.local(remote).ok_or_else(|| {
                SourceError::not_configured(format!(
                    "slskd's downloads directory `{remote}` is in none of the directories of \
                     `path_map`: add `{remote} => ` and where it is on this machine"
                ))
            })?,
        };
        Ok(Self {
            remote: remote.to_owned(),
            local,
        })
    }

    /// The directory on this machine.
    pub(crate) fn local(&self) -> &Path {
        &self.local
    }

    /// What stands behind the directory in one of slskd's paths, in parts; `None` for a path
    /// that is not below it or climbs out of it.
    pub(crate) fn below<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let rest = path.strip_prefix(self.remote.as_str())?;
        if !rest.starts_with(['/', '\\']) {
            return None;
        }
        // Where it uses `/`, a `\` is part of a name.
        let separators: &[char] = if self.remote.contains('\\') && !self.remote.contains('/') {
            &['/', '\\']
        } else {
            &['/']
        };
        let parts: Vec<&str> = rest
            .split(separators)
            .filter(|part| !part.is_empty())
            .collect();
        let sound = !parts.is_empty() && parts.iter().all(|part| !matches!(*part, "." | ".."));
        sound.then_some(parts)
    }

    /// # Errors
    /// `NotConfigured`, with both paths and what to set.
    pub(crate) fn check(&self) -> Result<(), SourceError> {
        std::fs::read_dir(&self.local).map(drop).map_err(|error| {
            let local = self.local.display();
            SourceError::not_configured(format!(
                "slskd's downloads directory `{}` cannot be read here as `{local}` ({error}): \
                 set `path_map: [{0} => ..]` with where this machine sees that directory",
                self.remote
            ))
        })
    }
}

/// What was learned of slskd, kept for the run.
pub(crate) struct Server {
    paths: Option<PathMap>,
    setup: Mutex<Option<Arc<Setup>>>,
}

impl Server {
    pub(crate) fn new(paths: Option<PathMap>) -> Self {
        Self {
            paths,
            setup: Mutex::new(None),
        }
    }

    /// How slskd is set up; asked once.
    ///
    /// # Errors
    /// What slskd says; `NotConfigured` when its directory cannot be read here.
    pub(crate) fn setup(&self, api: &Api) -> Result<Arc<Setup>, SourceError> {
        let mut known = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(setup) = &*known {
            return Ok(Arc::clone(setup));
        }
        let (setup, _) = self.ask(api)?;
        let setup = Arc::new(setup);
        *known = Some(Arc::clone(&setup));
        Ok(setup)
    }

    fn ask(&self, api: &Api) -> Result<(Setup, String), SourceError> {
        let asked = |failure| api.report(failure, Asked::Server);
        let text = api.version().map_err(asked)?;
        let version = Version::parse(&text);
        if version < OLDEST {
            return Err(SourceError::unsupported(format!(
                "slskd {text} is too old, 0.22 or later is needed"
            )));
        }
        let options = api.options().map_err(asked)?;
        let downloads = Mapping::new(&options.directories.downloads, self.paths.as_ref())?;
        downloads.check()?;
        let setup = Setup {
            version,
            downloads,
            pattern: options.transfers.download.destination.subdirectory,
        };
        Ok((setup, text))
    }

    /// Answers `check_connection`.
    ///
    /// # Errors
    /// `Auth`, `NotConfigured`, `Unsupported`, and `Transient` while slskd is not logged in
    /// to Soulseek.
    pub(crate) fn connection(&self, api: &Api) -> Result<Connection, SourceError> {
        let state = api
            .server()
            .map_err(|failure| api.report(failure, Asked::Server))?;
        if !state.is_logged_in {
            return Err(logged_out(api, &state.state));
        }
        let (_, version) = self.ask(api)?;
        // Only words for the user: a slskd that keeps them to itself works as well.
        let application = api.application().unwrap_or_default();
        let shares_nothing = application.shares.files == Some(0);
        let warnings = [
            api.overheard(),
            shares_nothing.then(|| {
                "slskd shares no files: many peers send nothing to those who share nothing"
                    .to_owned()
            }),
        ];
        Ok(Connection {
            service: Some(format!("slskd {version}")),
            account: application.user.username,
            warnings: warnings.into_iter().flatten().collect(),
            ..Connection::default()
        })
    }
}

/// What to say while slskd is not logged in, with the time of its next attempt.
pub(crate) fn logged_out(api: &Api, state: &str) -> SourceError {
    let state = if state.is_empty() { "offline" } else { state };
    let message = format!("slskd is not logged in to Soulseek ({state})");
    match until_next_login(api) {
        Some(wait) => {
            let seconds = wait.as_secs();
            SourceError::transient(format!("{message}; it tries again in {seconds} s"))
                .with_retry_after(wait)
        }
        None => SourceError::transient(message),
    }
}

/// How long until slskd tries to log in again, if it plans to.
pub(crate) fn until_next_login(api: &Api) -> Option<Duration> {
    let application = api.application().ok()?;
    let at = clock::instant(&application.connection_watchdog.next_attempt_at?)?;
    at.duration_since(api.host().now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart_by_two_numbers_and_an_unknown_one_is_the_newest() {
        for (text, old, silent, batches) in [
            ("0.21.4", true, true, false),
            ("0.22.0", false, true, false),
            ("0.23.2.65534-local", false, true, false),
            ("0.24.2", false, false, false),
            ("0.25.0", false, false, false),
            ("0.26.0", false, false, true),
            ("v1.0.0", false, false, true),
            ("next", false, false, true),
        ] {
            let version = Version::parse(text);
            assert_eq!(version < OLDEST, old, "{text}");
            assert_eq!(version.enqueues_silently(), silent, "{text}");
            assert_eq!(version.has_batches(), batches, "{text}");
        }
    }

    fn mapping(remote: &str, entries: &[&str]) -> Result<Mapping, SourceError> {
        let entries: Vec<String> = entries.iter().map(|&entry| entry.to_owned()).collect();
        Mapping::new(remote, PathMap::parse(&entries).unwrap().as_ref())
    }

    #[test]
    fn a_path_of_slskds_is_known_by_what_stands_behind_its_directory() {
        for (remote, path, expected) in [
            (
                "/downloads",
                "/downloads/A/b.flac",
                Some(vec!["A", "b.flac"]),
            ),
            ("/downloads/", "/downloads/b.flac", Some(vec!["b.flac"])),
            (
                "/downloads",
                "/downloads/A\\B/c.mp3",
                Some(vec!["A\\B", "c.mp3"]),
            ),
            (
                "C:\\slskd\\dl",
                "C:\\slskd\\dl\\A\\b.mp3",
                Some(vec!["A", "b.mp3"]),
            ),
            ("/downloads", "/downloads2/b.flac", None),
            ("/downloads", "/downloads", None),
            ("/downloads", "/other/b.flac", None),
            ("/downloads", "/downloads/../etc/passwd", None),
        ] {
            let mapping = mapping(remote, &[&format!("{remote} => /mnt")]).unwrap();
            assert_eq!(mapping.below(path), expected, "{path}");
        }
    }

    #[test]
    fn without_a_local_name_the_path_is_slskds_own() {
        let mapping = mapping("/downloads/", &[]).unwrap();
        assert_eq!(mapping.local(), Path::new("/downloads"));
    }

    #[test]
    fn a_map_of_a_directory_above_has_those_below_it() {
        let entries = ["/app => /srv/slskd", "/app/downloads/x => /other"];
        let known = mapping("/app/downloads", &entries).unwrap();
        assert_eq!(known.local(), Path::new("/srv/slskd/downloads"));
        let error = mapping("/downloads", &entries).unwrap_err();
        assert!(error.message.contains("add `/downloads => `"), "{error}");
    }
}
