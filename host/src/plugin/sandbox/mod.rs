//! What the process of a plugin may do to files, network and other processes: the policy
//! ([`Sandbox`]), what it comes to for one source (`Rules`), and who holds the process to it
//! (`enter`, in that process, before anything of a library runs there).
//!
//! Every plugin may read the system. A source may also read the paths in its settings, write in
//! the directories of its own downloads and in its scratch directory, and has what it
//! [declares to need](musicdl_plugin_api::needs); `programs` finds the files that belong to
//! a needed program. The rest of the disk, TCP connections, other programs and processes
//! outside are shut off by Landlock, as far as the kernel has it. The environment is made
//! anew in `Rules::surroundings`.

#[cfg(target_os = "linux")]
mod landlock;
#[cfg(not(target_os = "linux"))]
#[path = "elsewhere.rs"]
mod landlock;
mod programs;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use musicdl_plugin_api::{Declaration, SettingKind, Settings, path_map_entry, raw_path};
use serde::{Deserialize, Serialize};

use crate::music::SourceName;

pub(super) use self::landlock::enter;
pub use self::landlock::{Strength, strength};

/// Handles a plugin process may have open, unless the user says otherwise.
pub const HANDLES: u64 = 1024;

/// The directory in which every download of that source gets its own, made if need be.
pub type DownloadRoom = dyn Fn(&SourceName) -> io::Result<PathBuf> + Send + Sync;

/// The policy, the same for all plugins.
pub struct Sandbox {
    /// Directory below which a source that needs one has its cache.
    pub caches: PathBuf,
    /// Address space of a plugin process and of each program it starts, bytes. `None`: no limit.
    pub memory: Option<u64>,
    /// Handles each of them may have open.
    pub handles: u64,
    downloads: OnceLock<Box<DownloadRoom>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("caches", &self.caches)
            .field("memory", &self.memory)
            .field("handles", &self.handles)
            .field("has_downloads", &self.downloads.get().is_some())
            .finish()
    }
}

impl Sandbox {
    /// Nothing can be downloaded yet.
    pub fn new(caches: PathBuf, memory: Option<u64>) -> Self {
        Self {
            caches,
            memory,
            handles: HANDLES,
            downloads: OnceLock::new(),
        }
    }

    /// From now on sources may write into the directory that `room` gives them. Only the
    /// first call counts; a process that runs already is replaced when it is used next.
    pub fn allow_downloads(&self, room: Box<DownloadRoom>) {
        let _ = self.downloads.set(room);
    }

    /// Whether downloads are allowed.
    pub(super) fn has_downloads(&self) -> bool {
        self.downloads.get().is_some()
    }

    /// For a library of which nothing is known yet: it may read the system.
    pub(super) fn of_stranger(&self) -> Rules {
        Rules {
            read: Vec::new(),
            run: Vec::new(),
            write: Vec::new(),
            programs: false,
            network: false,
            home: None,
            scratch: None,
            handles: self.handles,
            memory: self.memory,
        }
    }

    /// For a source with those settings and that scratch directory.
    ///
    /// # Errors
    /// When a directory of its own cannot be made.
    pub(super) fn of_source(
        &self,
        name: &SourceName,
        declaration: &Declaration,
        settings: &Settings,
        scratch: PathBuf,
    ) -> io::Result<Rules> {
        let needs = declaration.needs();
        let named: Vec<PathBuf> = declaration
            .settings
            .iter()
            .flat_map(|spec| {
                settings
                    .list(&spec.key)
                    .iter()
                    .map(|value| (spec.kind, value))
            })
            .filter_map(|(kind, value)| match kind {
                SettingKind::PATH => Some(value.as_str()),
                SettingKind::PATH_MAP => Some(path_map_entry(value).1),
                _ => None,
            })
            .map(PathBuf::from)
            .collect();
        let mut rules = Rules {
            programs: !needs.programs.is_empty(),
            network: needs.network,
            write: vec![scratch.clone()],
            ..self.of_stranger()
        };
        if rules.programs {
            let wanted = needs.programs.iter().map(PathBuf::from);
            let there = programs::in_places_of(&named, &needs.programs);
            for program in wanted.chain(named.iter().cloned()).chain(there) {
                rules.run.extend(programs::files_of(&program));
            }
        }
        rules.read = named;
        if let Some(room) = self.downloads.get() {
            rules.write.push(room(name)?);
        }
        rules.home = Some(scratch.clone());
        rules.scratch = Some(scratch);
        let cache = std::path::absolute(self.caches.join(name.as_str()))?;
        // Looking at plugins does not make a state directory.
        if needs.cache && (self.has_downloads() || cache.is_dir()) {
            std::fs::create_dir_all(&cache)?;
            rules.write.push(cache.clone());
            rules.home = Some(cache);
        }
        Ok(rules)
    }
}

/// The rules of a library that is only tried and whose needs are not known yet: it may
/// start programs and write in `scratch`, and has no network.
fn of_trial(library: &Path, scratch: &Path) -> Rules {
    let programs = std::env::var_os("PATH").unwrap_or_default();
    Rules {
        read: vec![library.to_owned()],
        run: std::env::split_paths(&programs).collect(),
        write: vec![scratch.to_owned()],
        programs: true,
        network: false,
        home: Some(scratch.to_owned()),
        scratch: Some(scratch.to_owned()),
        handles: HANDLES,
        memory: None,
    }
}

/// The environment of a process that is going to try a library with that scratch directory.
pub fn surroundings_of_trial(library: &Path, scratch: &Path) -> Vec<(OsString, OsString)> {
    of_trial(library, scratch).surroundings(std::env::vars_os())
}

/// Confines this process, for good, to what a library that is only tried may do. Counts for
/// this thread and those it makes, so there must not be others yet.
///
/// # Errors
/// When the kernel could and does not.
pub fn enter_trial(library: &Path, scratch: &Path) -> io::Result<()> {
    enter(&of_trial(library, scratch)).map_err(io::Error::other)
}

/// What one process may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rules {
    /// Files, or directories with everything below, beyond the system's.
    #[serde(with = "paths")]
    read: Vec<PathBuf>,
    /// The same, of which programs may be started as well.
    #[serde(with = "paths")]
    run: Vec<PathBuf>,
    /// Directories in which it may do anything but start programs.
    #[serde(with = "paths")]
    write: Vec<PathBuf>,
    /// Whether it may start programs of the system.
    programs: bool,
    /// Whether it may open connections.
    network: bool,
    #[serde(with = "maybe_path")]
    home: Option<PathBuf>,
    #[serde(with = "maybe_path")]
    scratch: Option<PathBuf>,
    handles: u64,
    memory: Option<u64>,
}

/// Variables that say where programs and certificates are, and how the user writes.
const KEPT: [&str; 9] = [
    "PATH",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TZDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    // Where the system's libraries are not where its loader looks (Nix, Guix).
    "LD_LIBRARY_PATH",
    "NIX_LD_LIBRARY_PATH",
];
/// .. and, for who opens connections itself, the way out.
const OF_NETWORK: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

impl Rules {
    /// The environment of the process, complete; `ours` is our own. What is not listed here
    /// may be another plugin's password, or the way to an agent that holds keys.
    pub(super) fn surroundings(
        &self,
        ours: impl Iterator<Item = (OsString, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let kept = ours.filter(|(key, _)| {
            key.to_str().is_some_and(|key| {
                KEPT.contains(&key)
                    || key.starts_with("LC_")
                    || (self.network && OF_NETWORK.contains(&key))
            })
        });
        let mut all: Vec<(OsString, OsString)> = kept.collect();
        let mut own = |key: &str, value: &Option<PathBuf>| {
            if let Some(value) = value {
                all.push((key.into(), value.clone().into_os_string()));
            }
        };
        own("HOME", &self.home);
        own("XDG_CACHE_HOME", &self.home);
        own("TMPDIR", &self.scratch);
        all
    }

    /// Where the process is.
    pub(super) fn working_directory(&self) -> &Path {
        self.scratch.as_deref().unwrap_or(Path::new("/"))
    }
}

/// Paths as bytes; not every path is text.
mod paths {
    use super::{Deserialize, PathBuf, Serialize, raw_path};
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Raw(#[serde(with = "raw_path")] PathBuf);

    pub(super) fn serialize<S: Serializer>(
        paths: &[PathBuf],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(paths.iter().cloned().map(Raw))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<PathBuf>, D::Error> {
        let raw = Vec::<Raw>::deserialize(deserializer)?;
        Ok(raw.into_iter().map(|Raw(path)| path).collect())
    }
}

/// The same for one that may be missing.
mod maybe_path {
    use super::{PathBuf, paths};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        path: &Option<PathBuf>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        paths::serialize(path.as_slice(), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<PathBuf>, D::Error> {
        Ok(paths::deserialize(deserializer)?.pop())
    }
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::{SettingSpec, needs};

    use super::*;

    fn name() -> SourceName {
        SourceName::parse("jukebox").unwrap()
    }

    #[test]
    fn of_the_environment_only_what_is_needed_is_left() {
        let sandbox = Sandbox::new("/caches".into(), None);
        let ours = [
            ("PATH", "/usr/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("HOME", "/home/ann"),
            ("HTTPS_PROXY", "http://ann:secret@proxy"),
            ("MUSICDL_SOURCES_QOBUZ_PASSWORD", "secret"),
            ("SSH_AUTH_SOCK", "/run/agent"),
            ("LD_PRELOAD", "/tmp/x.so"),
        ];
        let kept = |rules: &Rules| {
            let ours = ours.map(|(key, value)| (key.into(), value.into()));
            let kept = rules.surroundings(ours.into_iter());
            let words = kept
                .into_iter()
                .map(|(key, value)| format!("{}={}", key.display(), value.display()));
            words.collect::<Vec<_>>().join(" ")
        };
        let stranger = sandbox.of_stranger();
        assert_eq!(kept(&stranger), "PATH=/usr/bin LC_ALL=C.UTF-8");
        let declaration = Declaration {
            extra: vec![needs::network()],
            ..Declaration::default()
        };
        let rules = sandbox
            .of_source(
                &name(),
                &declaration,
                &Settings::default(),
                "/scratch".into(),
            )
            .unwrap();
        assert_eq!(
            kept(&rules),
            "PATH=/usr/bin LC_ALL=C.UTF-8 HTTPS_PROXY=http://ann:secret@proxy HOME=/scratch \
             XDG_CACHE_HOME=/scratch TMPDIR=/scratch"
        );
    }

    #[test]
    fn what_is_declared_is_opened_and_nothing_else() {
        let state = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(state.path().join("caches"), None);
        let spec = |key: &str| SettingSpec::text(key, "");
        let mut declaration = Declaration {
            settings: vec![
                spec("mine").kind(SettingKind::PATH).list(),
                spec("other"),
                spec("path_map").kind(SettingKind::PATH_MAP).list(),
            ],
            ..Declaration::default()
        };
        let settings = Settings::from_pairs([
            ("mine", vec!["/a", "/b"]),
            ("other", vec!["/c"]),
            ("path_map", vec!["/d => /e", "/f"]),
        ]);
        let rules = |declaration: &Declaration| {
            sandbox
                .of_source(&name(), declaration, &settings, "/scratch".into())
                .unwrap()
        };
        let plain = rules(&declaration);
        assert_eq!(plain.read, ["/a", "/b", "/e", "/f"].map(Path::new));
        assert_eq!(plain.write, [Path::new("/scratch")]);
        assert!(plain.run.is_empty() && !plain.programs && !plain.network);
        assert!(!state.path().join("caches").exists());

        sandbox.allow_downloads(Box::new(|name| Ok(format!("/staging/{name}").into())));
        declaration.extra = vec![needs::cache()];
        let cache = state.path().join("caches/jukebox");
        let expected: [&Path; 3] = ["/scratch".as_ref(), "/staging/jukebox".as_ref(), &cache];
        assert_eq!(rules(&declaration).write, expected);
        assert!(cache.is_dir());
    }

    #[test]
    fn terms_arrive_as_they_were_sent() {
        use std::os::unix::ffi::OsStringExt;
        let rules = Rules {
            read: vec![OsString::from_vec(vec![b'/', 0xff]).into()],
            scratch: Some("/scratch".into()),
            memory: Some(1),
            ..Sandbox::new("/caches".into(), None).of_stranger()
        };
        let sent = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<Rules>(&sent).unwrap(), rules);
    }
}
