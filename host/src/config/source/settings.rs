//! The settings of a source, checked against what its plugin declares: environment over file
//! over the plugin's defaults, secrets fetched from where they stand.

use std::path::Path;

use musicdl_plugin_api::{SettingKind, SettingSpec, Settings};

use super::check::{check, passwords_in};
use super::secret_input::{self, COMMAND_LIMIT};
use super::{RESERVED, Setting, SourceConfig, Value};
use crate::config::error::{ConfigError, Place, Problem, Report};
use crate::config::inputs::{SOURCES, path_list};
use crate::config::paths::Base;
use crate::config::secret::Secret;

/// What a plugin is created with.
#[derive(Clone, Debug)]
pub struct ResolvedSettings {
    /// Every setting that has a value, by the plugin's keys.
    pub settings: Settings,
    /// The required keys without a value; the source cannot work without them.
    pub missing: Vec<String>,
    /// Every secret among the values, for those who redact.
    pub secrets: Vec<Secret>,
    /// What works but should be known: one sentence each.
    pub warnings: Vec<String>,
}

/// How a secret's key is spelled when the secret stands elsewhere.
const FILE: &str = "_file";
const COMMAND: &str = "_command";

/// One spelling of a setting, with what was said.
struct Given<'a> {
    how: How,
    value: Value,
    place: Place,
    base: &'a Base,
    /// As the user spelled it.
    key: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Here,
    InFile,
    ByCommand,
}

impl SourceConfig {
    /// The settings as the plugin that declares `declared` gets them. Reads the files and runs
    /// the commands that secrets come from, so it may take 10 s for each of those.
    ///
    /// # Errors
    /// Unknown keys, values of another kind or outside the choices, and secrets that could not
    /// be had: all of them at once.
    pub fn settings(&self, declared: &[SettingSpec]) -> Result<ResolvedSettings, ConfigError> {
        let mut report = Report::default();
        for flaw in &self.flaws {
            report.add(flaw.clone());
        }
        for said in &self.said {
            if spelled(declared, &said.key).is_none() {
                report.add(self.unknown(said, declared));
            }
        }
        let mut resolved = Resolving {
            source: self,
            report,
            pairs: Vec::new(),
            missing: Vec::new(),
            secrets: Vec::new(),
            warnings: self.unknown_variables(declared),
        };
        for spec in declared {
            resolved.resolve(spec);
        }
        let Resolving {
            report,
            pairs,
            missing,
            secrets,
            warnings,
            ..
        } = resolved;
        report.finish(ResolvedSettings {
            settings: Settings::from_pairs(pairs),
            missing,
            secrets,
            warnings,
        })
    }

    fn unknown(&self, said: &Setting, declared: &[SettingSpec]) -> Problem {
        let hint = [FILE, COMMAND]
            .iter()
            .filter_map(|ending| said.key.strip_suffix(ending))
            .any(|stem| declared.iter().any(|spec| spec.key == stem))
            .then(|| "only a secret can come from a file or a command".to_owned());
        let mut accepted: Vec<String> = declared.iter().flat_map(spellings).collect();
        accepted.extend(RESERVED.map(str::to_owned));
        Problem::new(
            said.place.clone(),
            format!("the source `{}` has no setting `{}`", self.name, said.key),
        )
        .key(format!("sources.{}.{}", self.name, said.key))
        .accepted(&said.key, &accepted)
        .maybe_hint(hint)
    }

    /// A variable may belong to another source whose name goes on with `_`; if the config lists
    /// such a source, it is that one's.
    fn unknown_variables(&self, declared: &[SettingSpec]) -> Vec<String> {
        let start = format!("{}_", self.name.as_str().to_ascii_uppercase());
        let others: Vec<String> = self
            .around
            .listed
            .iter()
            .map(|name| format!("{}_", name.as_str().to_ascii_uppercase()))
            .filter(|other| *other != start && other.starts_with(&start))
            .collect();
        self.around
            .environment
            .of_sources()
            .filter(|name| !others.iter().any(|other| name.starts_with(other)))
            .filter_map(|name| Some((name, name.strip_prefix(&start)?.to_ascii_lowercase())))
            .filter(|(_, key)| {
                spelled(declared, key).is_none() && !RESERVED.contains(&key.as_str())
            })
            .map(|(name, key)| {
                format!(
                    "{SOURCES}{name} was ignored: the source `{}` has no setting `{key}`",
                    self.name
                )
            })
            .collect()
    }
}

/// The keys under which a setting may be given.
fn spellings(spec: &SettingSpec) -> Vec<String> {
    let mut keys = vec![spec.key.clone()];
    if spec.secret {
        keys.push(format!("{}{FILE}", spec.key));
        keys.push(format!("{}{COMMAND}", spec.key));
    }
    keys
}

/// The setting that `key` spells, and how. A key the plugin declares itself goes first.
fn spelled<'a>(declared: &'a [SettingSpec], key: &str) -> Option<(&'a SettingSpec, How)> {
    if let Some(spec) = declared.iter().find(|spec| spec.key == key) {
        return Some((spec, How::Here));
    }
    [(FILE, How::InFile), (COMMAND, How::ByCommand)]
        .into_iter()
        .filter_map(|(ending, how)| Some((key.strip_suffix(ending)?, how)))
        .find_map(|(stem, how)| {
            let spec = declared
                .iter()
                .find(|spec| spec.secret && spec.key == stem)?;
            Some((spec, how))
        })
}

struct Resolving<'a> {
    source: &'a SourceConfig,
    report: Report,
    pairs: Vec<(String, Vec<String>)>,
    missing: Vec<String>,
    secrets: Vec<Secret>,
    warnings: Vec<String>,
}

impl<'a> Resolving<'a> {
    fn resolve(&mut self, spec: &SettingSpec) {
        let given = match self.in_environment(spec) {
            Some(given) => Some(given),
            None => self.in_file(spec),
        };
        let base = given
            .as_ref()
            .map_or(&self.source.around.config, |g| g.base);
        let place = given.as_ref().map_or(Place::Nowhere, |g| g.place.clone());
        let values = match given {
            Some(given) => match self.values(spec, given) {
                Some(values) => values,
                None => return,
            },
            None => spec.default.iter().cloned().collect(),
        };
        let mut checked = Vec::new();
        for value in values.into_iter().filter(|value| !value.is_empty()) {
            match check(spec, &value, base) {
                Ok(value) => checked.push(value),
                Err(refusal) => {
                    let mut problem = self.problem(&place, spec, &value, &refusal.must_be);
                    problem.hint = refusal.hint;
                    self.report.add(problem);
                }
            }
        }
        if spec.secret {
            self.secrets.extend(checked.iter().map(Secret::new));
        } else if spec.kind == SettingKind::URL {
            let passwords = checked.iter().flat_map(|url| passwords_in(url));
            self.secrets.extend(passwords.map(Secret::new));
        }
        if checked.is_empty() {
            if spec.required {
                self.missing.push(spec.key.clone());
            }
        } else {
            self.pairs.push((spec.key.clone(), checked));
        }
    }

    /// The problem of a value that is refused; the value itself is shown where it is no secret.
    fn problem(&self, place: &Place, spec: &SettingSpec, value: &str, must_be: &str) -> Problem {
        // A URL may hold a password.
        let may_be_shown = !spec.secret && spec.kind != SettingKind::URL;
        let (key, name) = (&spec.key, &self.source.name);
        let message = match may_be_shown {
            true => format!("`{key}` of the source `{name}` is `{value}`; it must be {must_be}"),
            false => format!("`{key}` of the source `{name}` must be {must_be}"),
        };
        let typed = if may_be_shown { value } else { "" };
        Problem::new(place.clone(), message)
            .key(format!("sources.{name}.{key}"))
            .accepted(typed, &spec.choices)
    }

    fn in_environment(&mut self, spec: &SettingSpec) -> Option<Given<'a>> {
        let source = self.source;
        let given: Vec<Given<'a>> = spellings(spec)
            .into_iter()
            .filter_map(|key| {
                let variable = source.variable(&key);
                let text = source.around.environment.get(&variable)?;
                let how = how(spec, &key);
                let value = match spec.list && how == How::Here {
                    true => Value::Many(listed(spec, text)),
                    false => Value::One(text.to_owned()),
                };
                Some(Given {
                    how,
                    value,
                    place: Place::Variable(variable),
                    base: &source.around.current,
                    key,
                })
            })
            .collect();
        self.only(spec, given)
    }

    fn in_file(&mut self, spec: &SettingSpec) -> Option<Given<'a>> {
        let source = self.source;
        let keys = spellings(spec);
        let given: Vec<Given<'a>> = source
            .said
            .iter()
            .filter(|said| keys.contains(&said.key))
            .map(|said| Given {
                how: how(spec, &said.key),
                value: said.value.clone(),
                place: said.place.clone(),
                base: &source.around.config,
                key: said.key.clone(),
            })
            .collect();
        self.only(spec, given)
    }

    /// The one spelling that was used; with several nobody knows which was meant.
    fn only(&mut self, spec: &SettingSpec, mut given: Vec<Given<'a>>) -> Option<Given<'a>> {
        if let [_, second, ..] = given.as_slice() {
            let keys: Vec<String> = given.iter().map(|g| format!("`{}`", g.key)).collect();
            let message = format!(
                "`{}` of the source `{}` is given more than once: {}",
                spec.key,
                self.source.name,
                keys.join(", ")
            );
            let key = format!("sources.{}.{}", self.source.name, spec.key);
            let problem = Problem::new(second.place.clone(), message).key(key);
            self.report.add(problem.hint("keep one of them"));
        }
        (!given.is_empty()).then(|| given.swap_remove(0))
    }

    /// The values, fetched from where they stand. `None`: reported.
    fn values(&mut self, spec: &SettingSpec, given: Given<'_>) -> Option<Vec<String>> {
        let words = match given.value {
            Value::One(word) => vec![word],
            Value::Many(words) if spec.list && given.how == How::Here => words,
            Value::Many(_) => {
                return self.refuse(&given.place, &given.key, "takes a single value, not a list");
            }
            Value::Nested => {
                return self.refuse(
                    &given.place,
                    &given.key,
                    match spec.list {
                        true => "takes values or a list of values",
                        false => "takes a single value",
                    },
                );
            }
        };
        let fetched = match given.how {
            How::Here => {
                if spec.secret && matches!(given.place, Place::Line(_)) {
                    self.warn_if_others_can_read_the_config(spec);
                }
                return Some(words);
            }
            How::InFile => match given.base.absolute(&words[0]) {
                Ok(path) => {
                    self.warn_if_others_can_read(&path, &given.key);
                    secret_input::from_file(&path)
                }
                Err(refusal) => {
                    let message = format!("must be {}", refusal.must_be);
                    return self.refuse(&given.place, &given.key, &message);
                }
            },
            How::ByCommand => {
                secret_input::from_command(&words[0], given.base.directory(), COMMAND_LIMIT)
            }
        };
        match fetched {
            Ok(text) if spec.list => Some(text.lines().map(str::to_owned).collect()),
            Ok(text) => Some(vec![text]),
            Err(error) => {
                let (key, name) = (&given.key, &self.source.name);
                let message = format!("`{key}` of the source `{name}` gave no secret: {error}");
                let problem =
                    Problem::new(given.place, message).key(format!("sources.{name}.{key}"));
                self.report.add(match given.how {
                    How::Here | How::InFile => problem,
                    How::ByCommand => {
                        problem.hint("run the command in a shell to see what it says")
                    }
                });
                None
            }
        }
    }

    fn refuse<T>(&mut self, place: &Place, key: &str, message: &str) -> Option<T> {
        let name = &self.source.name;
        let problem = Problem::new(
            place.clone(),
            format!("`{key}` of the source `{name}` {message}"),
        );
        self.report
            .add(problem.key(format!("sources.{name}.{key}")));
        None
    }

    fn warn_if_others_can_read_the_config(&mut self, spec: &SettingSpec) {
        let Some(file) = &self.source.around.file else {
            return;
        };
        if let Some(mode) = mode_if_others_can_read(file) {
            let (key, file) = (&spec.key, file.display());
            self.warnings.push(format!(
                "{file} holds `{key}` of the source `{}` and can be read by others (mode {mode:04o}); \
                 run `chmod 600 {file}`, or keep the secret elsewhere by `{key}{FILE}`",
                self.source.name
            ));
        }
    }

    fn warn_if_others_can_read(&mut self, path: &Path, key: &str) {
        if let Some(mode) = mode_if_others_can_read(path) {
            let path = path.display();
            self.warnings.push(format!(
                "{path}, named by `{key}` of the source `{}`, can be read by others (mode {mode:04o}); \
                 run `chmod 600 {path}`",
                self.source.name
            ));
        }
    }
}

fn how(spec: &SettingSpec, key: &str) -> How {
    match key.strip_prefix(spec.key.as_str()) {
        Some(FILE) => How::InFile,
        Some(COMMAND) => How::ByCommand,
        _ => How::Here,
    }
}

/// A list in a variable: paths separated as in `PATH`, other values by commas.
fn listed(spec: &SettingSpec, text: &str) -> Vec<String> {
    if spec.kind == SettingKind::PATH {
        let paths = path_list(text).into_iter();
        paths
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    } else {
        text.split(',')
            .map(|value| value.trim().to_owned())
            .collect()
    }
}

/// The permission bits of a file that group or world can read.
#[cfg(unix)]
fn mode_if_others_can_read(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & 0o044 != 0).then_some(mode)
}

/// Other systems guard files by lists of names, which the file's own folder is given by its
/// owner.
#[cfg(not(unix))]
fn mode_if_others_can_read(_: &Path) -> Option<u32> {
    None
}
