//! What became of every file, as data: the list that `musicdl plugins` shows.

use serde::Serialize;

use super::registry::{LoadedSource, Refusal, Registry};

/// One file of the plugin directories.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum PluginReport {
    /// It gave a source.
    Loaded {
        /// Path of the library.
        file: String,
        /// Name in the config.
        name: String,
        /// Name for people.
        display_name: String,
        /// Version of the plugin.
        version: String,
        /// Version of plugin-api it was built against.
        api_version: String,
        /// What it can do beyond searching and fetching tracks.
        capabilities: Vec<&'static str>,
        /// Whether it has all the settings it needs.
        configured: bool,
        /// Keys of required settings that have no value.
        missing: Vec<String>,
        /// Milliseconds from opening the file to having the source.
        load_time_ms: f64,
    },
    /// It gave none.
    Refused {
        /// Path of the file.
        file: String,
        /// Why, in a sentence.
        reason: String,
    },
}

impl Registry {
    /// Every file: the sources in their order, then the refusals.
    pub fn report(&self) -> Vec<PluginReport> {
        let loaded = self.sources.iter().map(PluginReport::from);
        loaded
            .chain(self.refused.iter().map(PluginReport::from))
            .collect()
    }
}

impl From<&LoadedSource> for PluginReport {
    fn from(source: &LoadedSource) -> Self {
        PluginReport::Loaded {
            file: source.file.display().to_string(),
            name: source.name.to_string(),
            display_name: source.declaration.display_name.clone(),
            version: source.declaration.version.clone(),
            api_version: source.api_version.to_string(),
            capabilities: source.declaration.capabilities.names(),
            configured: source.configured,
            missing: source.missing.clone(),
            load_time_ms: (source.load_time.as_secs_f64() * 1e6).round() / 1e3,
        }
    }
}

impl From<&Refusal> for PluginReport {
    fn from(refusal: &Refusal) -> Self {
        PluginReport::Refused {
            file: refusal.file.display().to_string(),
            reason: refusal.reason.to_string(),
        }
    }
}
