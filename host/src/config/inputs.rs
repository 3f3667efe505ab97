//! Everything a configuration is made from, gathered by the caller so that nothing here asks
//! the process for it.

use std::path::{Path, PathBuf};

use super::nearest::nearest;
use super::secret::Secret;

/// The start of every environment variable that is ours.
const OURS: &str = "MUSICDL_";

/// The start of those that set a source's setting: `MUSICDL_SOURCES_<NAME>_<KEY>`.
pub(super) const SOURCES: &str = "MUSICDL_SOURCES_";

/// Variables of ours that are not a source's setting.
pub(super) const VARIABLES: [&str; 9] = [
    "MUSICDL_CONFIG",
    "MUSICDL_LIBRARY",
    "MUSICDL_STATE",
    "MUSICDL_PLUGINS",
    "MUSICDL_JOBS",
    "MUSICDL_ACOUSTID_KEY",
    "MUSICDL_ACOUSTID_KEY_FILE",
    "MUSICDL_ACOUSTID_KEY_COMMAND",
    // Read by `ui`, before there is a config.
    "MUSICDL_LOG",
];

/// What the program was started with.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The config file named by `-c`. `None`: that of `MUSICDL_CONFIG`, else `musicdl.yaml` or
    /// `musicdl.yml` in [`cwd`](Self::cwd) if there, unless playlists are given by flag.
    pub file: Option<PathBuf>,
    /// The environment; `HOME` and what starts with `MUSICDL_` is looked at.
    pub env: Vec<(String, String)>,
    /// The current directory, absolute. Paths in flags and environment are relative to it.
    pub cwd: PathBuf,
    /// What was said on the command line.
    pub flags: Flags,
}

/// What was said on the command line; stronger than environment and file.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--library`: where the music goes.
    pub library: Option<PathBuf>,
    /// `--state`: where the journal is kept.
    pub state: Option<PathBuf>,
    /// `--plugins`: directories of plugins, instead of those of the config. Empty: not given.
    pub plugins: Vec<PathBuf>,
    /// `--jobs`: items worked on at once, 1 to 64.
    pub jobs: Option<usize>,
    /// `--playlist`: playlist files wanted beside what the config wants.
    pub playlists: Vec<PathBuf>,
}

/// Shows no value of the environment: there may be passwords in it.
impl std::fmt::Debug for Inputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs")
            .field("file", &self.file)
            .field("cwd", &self.cwd)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

/// The part of the environment that is meant for us.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    pub(super) home: Option<PathBuf>,
    variables: Vec<(String, Secret)>,
}

impl Environment {
    /// Takes what is ours; an empty variable counts as not set.
    pub(super) fn of(env: &[(String, String)]) -> Self {
        let set = || env.iter().filter(|(_, value)| !value.is_empty());
        let home = set().find(|(name, _)| name == "HOME");
        Self {
            home: home
                .map(|(_, value)| PathBuf::from(value))
                .filter(|home| home.is_absolute()),
            variables: set()
                .filter(|(name, _)| name.starts_with(OURS))
                .map(|(name, value)| (name.clone(), Secret::new(value.as_str())))
                .collect(),
        }
    }

    /// The value of a variable, if set.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.expose())
    }

    /// The names of the variables that set something of a source, without their start.
    pub(super) fn of_sources(&self) -> impl Iterator<Item = &str> {
        self.variables
            .iter()
            .filter_map(|(name, _)| name.strip_prefix(SOURCES))
    }

    /// One sentence for each variable of ours that nobody knows.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.variables
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !VARIABLES.contains(name) && !name.starts_with(SOURCES))
            .map(|name| {
                // Without their common start, which would make all of them alike.
                let known = VARIABLES.map(|known| known.trim_start_matches(OURS));
                let meant = nearest(name.trim_start_matches(OURS), known)
                    .map(|word| format!("; did you mean {OURS}{word}?"))
                    .unwrap_or_default();
                format!("the environment variable {name} is unknown and was ignored{meant}")
            })
            .collect()
    }
}

/// The paths in a variable, separated as in `PATH`.
pub(super) fn path_list(value: &str) -> Vec<PathBuf> {
    std::env::split_paths(value)
        .filter(|path| path != Path::new(""))
        .collect()
}
