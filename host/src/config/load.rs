//! Puts the layers on top of each other: defaults, file, environment, flags.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{ConfigError, Place, Problem, Report};
use super::file::ConfigFile;
use super::inputs::{Environment, Inputs, path_list};
use super::meaning::{self, FromFile};
use super::paths::Base;
use super::section::refused;
use super::source::Around;
use super::verify::{KeyFrom, KeySaid, VerifyConfig, VerifySaid};
use super::wanted::{Wanted, WantedInput, WantedKind};
use super::{Config, LibraryConfig};

/// The config files that are found without being named.
const USUAL_NAMES: [&str; 2] = ["musicdl.yaml", "musicdl.yml"];

/// A setting that flag and environment may say instead of the file.
#[derive(Clone, Copy)]
struct Setting {
    flag: &'static str,
    variable: &'static str,
    /// In the file, and in messages.
    key: &'static str,
}

const CONFIG: Setting = Setting {
    flag: "--config",
    variable: "MUSICDL_CONFIG",
    key: "the config file",
};
const LIBRARY: Setting = Setting {
    flag: "--library",
    variable: "MUSICDL_LIBRARY",
    key: "library.path",
};
const STATE: Setting = Setting {
    flag: "--state",
    variable: "MUSICDL_STATE",
    key: "state",
};
const PLUGINS: Setting = Setting {
    flag: "--plugins",
    variable: "MUSICDL_PLUGINS",
    key: "plugins",
};
const JOBS: Setting = Setting {
    flag: "--jobs",
    variable: "MUSICDL_JOBS",
    key: "download.jobs",
};

/// The configuration of a run.
///
/// # Errors
/// Everything wrong with file, environment and flags at once; also when there is neither a
/// config file nor a playlist by flag, or when nobody said where the library is.
pub fn load(inputs: &Inputs) -> Result<Config, ConfigError> {
    Layers::of(inputs).read(Purpose::Music)
}

/// The configuration of a command that places nothing, such as listing the plugins. There need
/// be no config file, and where nobody named a library the directory `music` beside the config
/// stands in for it.
///
/// # Errors
/// Everything wrong with file, environment and flags at once.
pub fn load_without_library(inputs: &Inputs) -> Result<Config, ConfigError> {
    Layers::of(inputs).read(Purpose::Inspection)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Music,
    Inspection,
}

/// What is stronger than the file.
struct Layers<'a> {
    inputs: &'a Inputs,
    environment: Environment,
    /// Of the paths in it.
    current: Base,
    report: Report,
}

impl<'a> Layers<'a> {
    fn of(inputs: &'a Inputs) -> Self {
        let environment = Environment::of(&inputs.env);
        Self {
            inputs,
            current: Base::new(&inputs.cwd, environment.home.as_deref()),
            environment,
            report: Report::default(),
        }
    }

    fn read(mut self, purpose: Purpose) -> Result<Config, ConfigError> {
        let file = match self.config_path(purpose)? {
            Some(path) => Some(ConfigFile::open(path)?),
            None => None,
        };
        let config = match file.as_ref().and_then(|file| file.path.parent()) {
            Some(directory) => Base::new(directory, self.environment.home.as_deref()),
            None => self.current.clone(),
        };
        let said = match &file {
            Some(file) => FromFile::read(file, &config, &mut self.report)?,
            None => FromFile::default(),
        };
        let file = file.map(|file| file.path);
        let flags = &self.inputs.flags;
        let library = self
            .path(LIBRARY, flags.library.as_deref())
            .or(said.library)
            .unwrap_or_else(|| {
                if purpose == Purpose::Music {
                    self.report.add(no_library(file.as_deref()));
                }
                config.directory().join("music")
            });
        let state = self
            .path(STATE, flags.state.as_deref())
            .or(said.state)
            .unwrap_or_else(|| config.directory().join(".musicdl"));
        let plugins = self.plugins().or(said.plugins).unwrap_or_default();
        let verify = self.verify(said.verify, &config, file.as_deref(), purpose);
        let quarantine = said.quarantine.in_state(&state);
        let mut download = said.download;
        download.jobs = self.jobs().unwrap_or(download.jobs);
        let mut wanted = said.wanted;
        wanted.extend(self.playlists());
        let mut warnings = self.environment.warnings();
        warnings.extend(file.as_deref().and_then(|file| said.network.warning(file)));
        warnings.extend(verify.warnings.iter().cloned());
        let around = Arc::new(Around {
            environment: self.environment,
            config,
            current: self.current,
            file: file.clone(),
            listed: said
                .sources
                .iter()
                .map(|listed| listed.name.clone())
                .collect(),
        });
        let in_place = |listed: super::source::Listed| listed.in_its_place(Arc::clone(&around));
        let sources = said.sources.into_iter().map(in_place).collect();
        self.report.finish(Config {
            file,
            version: said.version,
            wanted,
            library: LibraryConfig {
                path: library,
                cover_file: said.cover_file,
                layout: said.layout,
            },
            download,
            tags: said.tags,
            ffmpeg_path: said.ffmpeg_path,
            matching: said.matching,
            verify,
            quarantine,
            sources,
            plugins,
            isolation: said.isolation,
            state,
            limits: said.limits,
            network: said.network,
            warnings,
            around,
        })
    }

    /// The config file to read; `None`: none is needed.
    fn config_path(&mut self, purpose: Purpose) -> Result<Option<PathBuf>, ConfigError> {
        let named = self.inputs.file.as_deref();
        if let Some(path) = self.path(CONFIG, named) {
            // Without the file there is nothing to check the rest against.
            return std::mem::take(&mut self.report).finish(Some(path));
        }
        if !self.inputs.flags.playlists.is_empty() {
            return Ok(None);
        }
        for name in USUAL_NAMES {
            let path = self.inputs.cwd.join(name);
            // A broken link counts as there: its owner wants to hear of it.
            if path.symlink_metadata().is_ok() {
                let path = self.current.absolute(name).unwrap_or(path);
                return Ok(Some(path));
            }
        }
        match purpose {
            Purpose::Inspection => Ok(None),
            Purpose::Music => {
                let directory = self.inputs.cwd.display();
                let message = format!("there is no {} in {directory}", USUAL_NAMES[0]);
                Err(ConfigError::one(
                    Problem::new(Place::Nowhere, message).hint(
                        "write one, name another by --config FILE, or do without: --playlist FILE --library DIR",
                    ),
                ))
            }
        }
    }

    /// A path by flag, else by variable. A bad one is reported as such, and counts as given.
    fn path(&mut self, setting: Setting, flag: Option<&Path>) -> Option<PathBuf> {
        let (place, path) = match flag {
            Some(path) => (Place::Flag(setting.flag), path.to_owned()),
            None => {
                let path = self.environment.get(setting.variable)?;
                (
                    Place::Variable(setting.variable.to_owned()),
                    PathBuf::from(path),
                )
            }
        };
        Some(self.absolute(place, setting.key, &path))
    }

    fn plugins(&mut self) -> Option<Vec<PathBuf>> {
        let flags = &self.inputs.flags.plugins;
        let (place, paths) = match self.environment.get(PLUGINS.variable) {
            _ if !flags.is_empty() => (Place::Flag(PLUGINS.flag), flags.clone()),
            Some(list) => (
                Place::Variable(PLUGINS.variable.to_owned()),
                path_list(list),
            ),
            None => return None,
        };
        let absolute = |path: &PathBuf| self.absolute(place.clone(), PLUGINS.key, path);
        Some(paths.iter().map(absolute).collect())
    }

    fn jobs(&mut self) -> Option<usize> {
        let (place, word) = match self.inputs.flags.jobs {
            Some(jobs) => (Place::Flag(JOBS.flag), jobs.to_string()),
            None => {
                let word = self.environment.get(JOBS.variable)?;
                (Place::Variable(JOBS.variable.to_owned()), word.to_owned())
            }
        };
        match meaning::jobs(&word) {
            Ok(jobs) => Some(jobs),
            Err(refusal) => {
                self.report.add(refused(place, JOBS.key, &word, refusal));
                None
            }
        }
    }

    /// The playlists of the command line.
    fn playlists(&mut self) -> Vec<Wanted> {
        let inputs = self.inputs;
        let place = Place::Flag("--playlist");
        let entry = |path: &PathBuf| Wanted {
            kind: WantedKind::Playlist,
            name: None,
            input: WantedInput::File(self.absolute(place.clone(), "playlists", path)),
            create_m3u: None,
            layout: None,
            line: None,
        };
        inputs.flags.playlists.iter().map(entry).collect()
    }

    /// The key of AcoustID by variable, in any of its spellings, else what the file says.
    fn verify(
        &mut self,
        said: VerifySaid,
        config: &Base,
        file: Option<&Path>,
        purpose: Purpose,
    ) -> VerifyConfig {
        if purpose == Purpose::Inspection {
            // Nobody is asked, so no keyring has to be opened.
            return said.without_key();
        }
        let given = KeyFrom::ALL.into_iter().find_map(|from| {
            let variable = from.variable();
            let text = self.environment.get(variable)?.to_owned();
            let place = Place::Variable(variable.to_owned());
            Some(KeySaid::new(from, text, place))
        });
        let base = if given.is_some() {
            &self.current
        } else {
            config
        };
        said.resolve(given, base, file, &mut self.report)
    }

    fn absolute(&mut self, place: Place, key: &str, path: &Path) -> PathBuf {
        match self.current.absolute(path) {
            Ok(absolute) => absolute,
            Err(refusal) => {
                let word = path.to_string_lossy();
                self.report.add(refused(place, key, &word, refusal));
                path.to_owned()
            }
        }
    }
}

fn no_library(file: Option<&Path>) -> Problem {
    let place = file.map_or(Place::Nowhere, |file| Place::File(file.to_owned()));
    Problem::new(place, "nobody said where the music goes")
        .key(LIBRARY.key)
        .hint("set `library.path` in the config, or MUSICDL_LIBRARY, or give --library DIR")
}
