//! What the user configured for each source, before any plugin is known: names, order and
//! raw settings. What the settings mean is decided when the plugin has declared them, in
//! `settings`.

mod check;
mod given;
mod pace;
pub(super) mod secret_input;
mod settings;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::music::SourceName;

use super::error::{Place, Problem, Report};
use super::file::{ConfigFile, Key, Node, Said};
use super::inputs::{Environment, SOURCES};
use super::paths::Base;
use super::section::{refused, word};
use super::value::{self, Refusal};

pub(super) use check::passwords_in;
pub use pace::PaceConfig;
pub use settings::ResolvedSettings;
pub(super) use settings::mode_if_others_can_read;

/// Downloads at once at one source; more is no use to anybody.
const CONCURRENCY: std::ops::RangeInclusive<u64> = 1..=64;

/// The keys of a source that are the host's and reach no plugin.
const RESERVED: [&str; 6] = {
    let [at_once, searches, downloads, window] = pace::KEYS;
    [
        "enabled",
        "concurrency",
        at_once,
        searches,
        downloads,
        window,
    ]
};

/// One source as the user configured it.
///
/// `Debug` shows no setting: which of them are secret is known to the plugin only.
#[derive(Clone)]
pub struct SourceConfig {
    /// The plugin's name.
    pub name: SourceName,
    /// Whether it may be used; `true` unless the user says otherwise.
    pub enabled: bool,
    /// Most downloads at once, 1 to 64. `None`: as the plugin declares.
    pub concurrency: Option<u32>,
    /// How fast it is asked.
    pub pace: PaceConfig,
    /// Line in the config file, from 1. `None`: not listed there.
    pub line: Option<u64>,
    said: Vec<Setting>,
    /// A reserved key with a bad value in the environment, told with the other settings.
    flaws: Vec<Problem>,
    around: Arc<Around>,
}

impl fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.said.iter().map(|said| said.key.as_str()).collect();
        f.debug_struct("SourceConfig")
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .field("concurrency", &self.concurrency)
            .field("line", &self.line)
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}

/// A setting as it was written. Without `Debug`: it may be a secret.
#[derive(Clone)]
struct Setting {
    key: String,
    value: Value,
    /// Of the key.
    place: Place,
}

#[derive(Clone)]
enum Value {
    One(String),
    Many(Vec<String>),
    /// A map, or a list of anything but words.
    Nested,
}

/// What all sources of one configuration share.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) environment: Environment,
    /// Of paths in the config file, and of the plugins' own defaults.
    pub(super) config: Base,
    /// Of paths in the environment.
    pub(super) current: Base,
    /// The config file, if there is one.
    pub(super) file: Option<PathBuf>,
    /// Every source the file lists.
    pub(super) listed: Vec<SourceName>,
}

impl Around {
    /// See [`Config::stray_variables`](super::Config::stray_variables).
    pub(super) fn stray_variables<'a>(
        &self,
        loaded: impl Iterator<Item = &'a SourceName>,
    ) -> Vec<String> {
        let start = |name: &SourceName| format!("{}_", name.as_str().to_ascii_uppercase());
        let mut starts: Vec<String> = loaded.map(start).collect();
        starts.extend(self.listed.iter().map(start));
        self.environment
            .of_sources()
            .filter(|name| !starts.iter().any(|start| name.starts_with(start)))
            .map(|name| {
                format!(
                    "the environment variable {SOURCES}{name} was ignored: no plugin was loaded \
                     that it could be for"
                )
            })
            .collect()
    }
}

impl SourceConfig {
    /// A source the config file does not list; the environment may still have settings for it.
    pub(super) fn unlisted(name: SourceName, around: Arc<Around>) -> Self {
        Listed {
            name,
            enabled: None,
            concurrency: None,
            pace: PaceConfig::default(),
            line: None,
            said: Vec::new(),
        }
        .in_its_place(around)
    }

    /// The variable that sets `key`: `MUSICDL_SOURCES_SUBSONIC_URL`.
    fn variable(&self, key: &str) -> String {
        variable(&self.name, key)
    }
}

fn variable(name: &SourceName, key: &str) -> String {
    format!(
        "{SOURCES}{}_{}",
        name.as_str().to_ascii_uppercase(),
        key.to_ascii_uppercase()
    )
}

/// A setting's key with its sections, as in messages.
fn full_key(name: &SourceName, key: &str) -> String {
    format!("sources.{name}.{key}")
}

/// One item of `sources`, as the file alone has it.
pub(super) struct Listed {
    pub(super) name: SourceName,
    enabled: Option<bool>,
    concurrency: Option<u32>,
    pace: PaceConfig,
    line: Option<u64>,
    said: Vec<Setting>,
}

impl Listed {
    /// The source with what environment and defaults add.
    pub(super) fn in_its_place(self, around: Arc<Around>) -> SourceConfig {
        let mut flaws = Report::default();
        let enabled = around.reserved(&self.name, "enabled", value::flag, &mut flaws);
        let most = around.reserved(&self.name, "concurrency", concurrency, &mut flaws);
        let pace = self.pace.with_environment(&around, &self.name, &mut flaws);
        SourceConfig {
            pace,
            enabled: enabled.or(self.enabled).unwrap_or(true),
            concurrency: most.or(self.concurrency),
            line: self.line,
            said: self.said,
            flaws: flaws.into_problems(),
            name: self.name,
            around,
        }
    }
}

impl Around {
    /// A key of the host's, as the environment has it.
    fn reserved<T>(
        &self,
        name: &SourceName,
        key: &str,
        read: impl Fn(&str) -> Result<T, Refusal>,
        flaws: &mut Report,
    ) -> Option<T> {
        let variable = variable(name, key);
        let word = self.environment.get(&variable)?;
        match read(word) {
            Ok(value) => Some(value),
            Err(refusal) => {
                let place = Place::Variable(variable);
                flaws.add(refused(place, &full_key(name, key), word, refusal));
                None
            }
        }
    }
}

fn concurrency(word: &str) -> Result<u32, Refusal> {
    let number = value::whole(CONCURRENCY)(word)?;
    Ok(u32::try_from(number).expect("the range ends at 64"))
}

/// Reads the section `sources`.
pub(super) fn read(file: &ConfigFile, node: Node, report: &mut Report) -> Vec<Listed> {
    let items = match node.said {
        Said::Nothing => Vec::new(),
        Said::List(items) => items,
        said @ (Said::Word(_) | Said::Map(_)) => {
            let message = format!(
                "`sources` is a list in order of preference, not {}",
                said.kind()
            );
            report.add(
                Problem::new(file.place(node.spot), message)
                    .key("sources")
                    .hint("write each source as `- NAME:` with its settings indented below"),
            );
            Vec::new()
        }
    };
    let mut seen = HashSet::new();
    let mut sources = Vec::new();
    for item in items {
        let spot = item.spot;
        let Some(source) = read_one(file, item, report) else {
            continue;
        };
        if seen.insert(source.name.clone()) {
            sources.push(source);
        } else {
            let message = format!("the source `{}` is listed twice", source.name);
            report.add(
                Problem::new(file.place(spot), message)
                    .key("sources")
                    .hint("put its settings into one entry"),
            );
        }
    }
    sources
}

/// `- NAME`, or `- NAME:` with its settings below.
fn read_one(file: &ConfigFile, node: Node, report: &mut Report) -> Option<Listed> {
    let place = file.place(node.spot);
    let (name, spot, settings) = match node.said {
        Said::Word(word) => (word, node.spot, Vec::new()),
        Said::Map(mut entries) if entries.len() == 1 => {
            let (key, node) = entries.pop()?;
            let settings = match node.said {
                Said::Nothing => Vec::new(),
                Said::Map(settings) => settings,
                said @ (Said::Word(_) | Said::List(_)) => {
                    let message = format!(
                        "the settings of `{}` are keys with values, not {}",
                        key.text,
                        said.kind()
                    );
                    report.add(Problem::new(file.place(key.spot), message).key("sources"));
                    Vec::new()
                }
            };
            (key.text, key.spot, settings)
        }
        Said::Map(entries) => {
            let message =
                "an entry of `sources` has several keys and should have one, the source's name";
            let indented = entries
                .first()
                .is_some_and(|(_, first)| matches!(first.said, Said::Nothing));
            let hint =
                indented.then(|| "indent the settings deeper than the source's name".to_owned());
            report.add(Problem::new(place, message).key("sources").maybe_hint(hint));
            return None;
        }
        said @ (Said::Nothing | Said::List(_)) => {
            let message = format!(
                "an entry of `sources` is a source's name, not {}",
                said.kind()
            );
            report.add(Problem::new(place, message).key("sources"));
            return None;
        }
    };
    let name = match SourceName::parse(&name) {
        Ok(name) => name,
        Err(invalid) => {
            report.add(Problem::new(file.place(spot), invalid.to_string()).key("sources"));
            return None;
        }
    };
    let mut source = Listed {
        name,
        enabled: None,
        concurrency: None,
        pace: PaceConfig::default(),
        line: Some(spot.line),
        said: Vec::new(),
    };
    for (key, node) in settings {
        source.add(file, key, node, report);
    }
    Some(source)
}

impl Listed {
    fn add(&mut self, file: &ConfigFile, key: Key, node: Node, report: &mut Report) {
        if matches!(node.said, Said::Nothing) {
            return;
        }
        let name = full_key(&self.name, &key.text);
        match key.text.as_str() {
            "enabled" => self.enabled = word(file, &name, node, report, value::flag),
            "concurrency" => {
                self.concurrency = word(file, &name, node, report, concurrency);
            }
            known if pace::KEYS.contains(&known) => self.set_pace(file, known, node, report),
            _ => self.said.push(Setting {
                place: file.place(key.spot),
                key: key.text,
                value: value_of(node),
            }),
        }
    }
}

fn value_of(node: Node) -> Value {
    match node.said {
        Said::Word(word) => Value::One(word),
        Said::List(items) => {
            let words = items.into_iter().map(|item| match item.said {
                Said::Word(word) => Some(word),
                Said::Nothing | Said::List(_) | Said::Map(_) => None,
            });
            words
                .collect::<Option<_>>()
                .map_or(Value::Nested, Value::Many)
        }
        Said::Nothing | Said::Map(_) => Value::Nested,
    }
}
