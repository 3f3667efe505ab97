//! One source in full, as data: what `musicdl plugins info` shows for setting it up.

use std::path::Path;

use musicdl_plugin_api::{Declaration, Limits, SettingKind, SettingSpec};
use semver::Version;
use serde::Serialize;

use super::registry::{LoadedSource, Refusal};
use crate::music::SourceName;

/// What a source declares, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PluginInfo {
    /// Name in the config.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// Version of the plugin.
    pub version: String,
    /// Version of plugin-api it was built against.
    pub api_version: String,
    /// Path of the library.
    pub file: String,
    /// Whether it has all the settings it needs.
    pub configured: bool,
    /// Why it cannot be used with the settings it has.
    pub refused: Option<String>,
    /// Keys of required settings that have no value.
    pub missing: Vec<String>,
    /// What it can do beyond searching and fetching tracks.
    pub capabilities: Vec<&'static str>,
    /// What it needs beyond the host's services: `program NAME`, `network`, `cache`.
    pub needs: Vec<String>,
    /// The settings it understands, in its order.
    pub settings: Vec<SettingInfo>,
    /// How hard it may be used.
    pub limits: LimitsInfo,
    /// The best it can deliver.
    pub best_quality: QualityInfo,
    /// Host names it talks to; empty when its settings name them, or nothing does.
    pub hosts: Vec<String>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingInfo {
    /// Its name in the config.
    pub key: String,
    /// What it is.
    pub doc: String,
    /// `text`, `path`, `url`, `number` or `flag`.
    pub kind: &'static str,
    /// Whether several values may be given.
    pub list: bool,
    /// Whether the source does nothing without it.
    pub required: bool,
    /// Whether it is never shown, and may come from a file or a command.
    pub secret: bool,
    /// What holds when the user says nothing.
    pub default: Option<String>,
    /// The values that are allowed; empty: any.
    pub choices: Vec<String>,
}

/// How hard a source may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitsInfo {
    /// Searches running at once.
    pub search_concurrency: u32,
    /// Downloads running at once.
    pub download_concurrency: u32,
    /// Least milliseconds between the starts of two searches.
    pub search_spacing_ms: u128,
    /// Least milliseconds between the starts of two downloads.
    pub download_spacing_ms: u128,
    /// Searches allowed in a window, and its milliseconds.
    pub search_window: Option<(u32, u128)>,
}

/// The best a source can deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QualityInfo {
    /// Codec; `None`: it depends.
    pub codec: Option<String>,
    /// Bits per second.
    pub bitrate: Option<u32>,
    /// Hz.
    pub sample_rate: Option<u32>,
    /// Bits per sample.
    pub bit_depth: Option<u32>,
}

impl PluginInfo {
    /// Of a library that was let in though its source could not be made; `None` for others.
    pub fn of_refused(refusal: &Refusal) -> Option<Self> {
        let declared = refusal.declared.as_deref()?;
        Some(Self {
            refused: Some(refusal.reason.to_string()),
            ..Self::declared(
                &declared.name,
                &declared.declaration,
                &declared.api_version,
                &refusal.file,
            )
        })
    }

    fn declared(
        name: &SourceName,
        declared: &Declaration,
        api_version: &Version,
        file: &Path,
    ) -> Self {
        let best = &declared.best_quality;
        Self {
            name: name.to_string(),
            display_name: declared.display_name.clone(),
            version: declared.version.clone(),
            api_version: api_version.to_string(),
            file: file.display().to_string(),
            configured: false,
            refused: None,
            missing: Vec::new(),
            capabilities: declared.capabilities.names(),
            needs: needs(declared),
            settings: declared.settings.iter().map(SettingInfo::from).collect(),
            limits: LimitsInfo::from(&declared.limits),
            best_quality: QualityInfo {
                codec: best.codec.clone(),
                bitrate: best.bitrate,
                sample_rate: best.sample_rate,
                bit_depth: best.bit_depth,
            },
            hosts: declared.hosts.clone(),
        }
    }
}

impl From<&LoadedSource> for PluginInfo {
    fn from(source: &LoadedSource) -> Self {
        Self {
            configured: source.configured,
            missing: source.missing.clone(),
            ..Self::declared(
                &source.name,
                &source.declaration,
                &source.api_version,
                &source.file,
            )
        }
    }
}

fn needs(declared: &Declaration) -> Vec<String> {
    let needs = declared.needs();
    let programs = needs.programs.iter().map(|name| format!("program {name}"));
    let others = [(needs.network, "network"), (needs.cache, "cache")];
    let others = others.into_iter().filter(|(needed, _)| *needed);
    programs
        .chain(others.map(|(_, name)| name.to_owned()))
        .collect()
}

impl From<&SettingSpec> for SettingInfo {
    fn from(setting: &SettingSpec) -> Self {
        Self {
            key: setting.key.clone(),
            doc: setting.doc.clone(),
            kind: kind(setting.kind),
            list: setting.list,
            required: setting.required,
            secret: setting.secret,
            default: setting.default.clone(),
            choices: setting.choices.clone(),
        }
    }
}

impl From<&Limits> for LimitsInfo {
    fn from(limits: &Limits) -> Self {
        Self {
            search_concurrency: limits.search_concurrency,
            download_concurrency: limits.download_concurrency,
            search_spacing_ms: limits.search_spacing.as_millis(),
            download_spacing_ms: limits.download_spacing.as_millis(),
            search_window: limits
                .search_window
                .map(|window| (window.requests, window.per.as_millis())),
        }
    }
}

/// A kind of a later API is taken as text, here as everywhere.
fn kind(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::PATH => "path",
        SettingKind::URL => "url",
        SettingKind::NUMBER => "number",
        SettingKind::FLAG => "flag",
        SettingKind::PATH_MAP => "path map",
        _ => "text",
    }
}
