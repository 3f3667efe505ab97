//! The settings of a source, checked against what its plugin declares: environment over file
//! over the plugin's defaults, secrets fetched from where they stand.

use std::path::Path;

use musicdl_plugin_api::{SettingKind, SettingSpec, Settings};

use super::check::{check, passwords_in, server_of};
use super::given::{FILE, Given, How, is_known, needs_a_secret, spellings};
use super::secret_input::{self, COMMAND_LIMIT};
use super::{RESERVED, Setting, SourceConfig, Value, full_key};
use crate::config::error::{ConfigError, Place, Problem, Report};
use crate::config::inputs::SOURCES;
use crate::config::secret::Secret;

/// What a plugin is created with.
#[derive(Clone, Debug)]
pub struct ResolvedSettings {
    /// Every setting that has a value, by the plugin's keys.
    pub settings: Settings,
    /// The required keys without a value; the source cannot work without them.
    pub missing: Vec<String>,
    /// Every secret among the values, for those who redact: the secret settings, and passwords
    /// inside URLs.
    pub secrets: Vec<Secret>,
    /// The servers of the URLs that the user wrote: scheme, host and port alone. Those of a
    /// plugin's own defaults are not among them.
    pub servers: Vec<reqwest::Url>,
    /// What works but should be known: one sentence each.
    pub warnings: Vec<String>,
}

impl SourceConfig {
    /// The settings as the plugin that declares `declared` gets them. Reads the files and runs
    /// the commands that secrets come from, so it may take 10 s for each of those.
    ///
    /// # Errors
    /// Unknown keys, values of another kind or outside the choices, and secrets that could not
    /// be had: all of them at once.
    pub fn settings(&self, declared: &[SettingSpec]) -> Result<ResolvedSettings, ConfigError> {
        let mut resolving = Resolving {
            source: self,
            report: Report::default(),
            pairs: Vec::new(),
            missing: Vec::new(),
            secrets: Vec::new(),
            servers: Vec::new(),
            warnings: self.unknown_variables(declared),
        };
        for flaw in &self.flaws {
            resolving.report.add(flaw.clone());
        }
        for said in &self.said {
            if !is_known(declared, &said.key) {
                resolving.report.add(self.unknown(said, declared));
            }
        }
        for spec in declared {
            resolving.resolve(spec);
        }
        resolving.report.finish(ResolvedSettings {
            settings: Settings::from_pairs(resolving.pairs),
            missing: resolving.missing,
            secrets: resolving.secrets,
            servers: resolving.servers,
            warnings: resolving.warnings,
        })
    }

    fn unknown(&self, said: &Setting, declared: &[SettingSpec]) -> Problem {
        let hint = needs_a_secret(declared, &said.key)
            .then(|| "only a secret can come from a file or a command".to_owned());
        let mut accepted: Vec<String> = declared
            .iter()
            .flat_map(spellings)
            .map(|(key, _)| key)
            .collect();
        accepted.extend(RESERVED.map(str::to_owned));
        Problem::new(
            said.place.clone(),
            format!("the source `{}` has no setting `{}`", self.name, said.key),
        )
        .key(full_key(&self.name, &said.key))
        .accepted(&said.key, &accepted)
        .maybe_hint(hint)
    }

    /// One sentence for each variable of this source that sets nothing. A variable may belong
    /// to another source whose name goes on with `_`; if the config lists one, it does.
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
            .filter(|(_, key)| !is_known(declared, key) && !RESERVED.contains(&key.as_str()))
            .map(|(name, key)| {
                format!(
                    "the environment variable {SOURCES}{name} was ignored: the source `{}` has no setting `{key}`",
                    self.name
                )
            })
            .collect()
    }
}

struct Resolving<'a> {
    source: &'a SourceConfig,
    report: Report,
    pairs: Vec<(String, Vec<String>)>,
    missing: Vec<String>,
    secrets: Vec<Secret>,
    servers: Vec<reqwest::Url>,
    warnings: Vec<String>,
}

impl Resolving<'_> {
    fn resolve(&mut self, spec: &SettingSpec) {
        let given = self.source.given(spec, &mut self.report);
        let is_the_users = given.is_some();
        let (values, place, base) = match given {
            Some(given) => {
                let (place, base) = (given.place.clone(), given.base);
                match self.values(spec, given) {
                    Ok(values) => (values, place, base),
                    Err(problem) => return self.report.add(*problem),
                }
            }
            None => {
                let default = spec.default.iter().cloned().collect();
                (default, Place::Nowhere, &self.source.around.config)
            }
        };
        let mut checked = Vec::new();
        for value in values.iter().filter(|value| !value.is_empty()) {
            match check(spec, value, base) {
                Ok(value) => checked.push(value),
                Err(refusal) => {
                    let problem = self.refused(&place, spec, value, &refusal.must_be);
                    self.report.add(problem.maybe_hint(refusal.hint));
                }
            }
        }
        if spec.secret {
            self.secrets.extend(checked.iter().map(Secret::new));
        } else if spec.kind == SettingKind::URL {
            let passwords = checked.iter().flat_map(|url| passwords_in(url));
            self.secrets.extend(passwords.map(Secret::new));
        }
        if is_the_users && spec.kind == SettingKind::URL {
            self.servers
                .extend(checked.iter().filter_map(|url| server_of(url)));
        }
        if !checked.is_empty() {
            self.pairs.push((spec.key.clone(), checked));
        } else if spec.required {
            self.missing.push(spec.key.clone());
        }
    }

    /// The values, fetched from where they stand. Boxed: a problem is large, and rare.
    fn values(
        &mut self,
        spec: &SettingSpec,
        given: Given<'_>,
    ) -> Result<Vec<String>, Box<Problem>> {
        let Given {
            how,
            value,
            place,
            base,
            key,
        } = given;
        let problem = |message: String| {
            let message = format!("`{key}` {message}");
            Box::new(Problem::new(place.clone(), message).key(&key))
        };
        let word = match value {
            Value::One(word) => word,
            Value::Many(words) if spec.list && how == How::Here => return Ok(words),
            Value::Many(_) => return Err(problem("takes a single value, not a list".to_owned())),
            Value::Nested => {
                let list = if spec.list {
                    " or a list of values"
                } else {
                    ""
                };
                return Err(problem(format!("takes a single value{list}")));
            }
        };
        let fetched = match how {
            How::Here => {
                if spec.secret && matches!(place, Place::Line(_)) {
                    self.warn_of_readable_config(spec);
                }
                return Ok(vec![word]);
            }
            How::InFile => {
                let path = base
                    .absolute(&word)
                    .map_err(|refusal| problem(format!("must be {}", refusal.must_be)))?;
                self.warn_of_readable_file(&path, &key);
                secret_input::from_file(&path)
            }
            How::ByCommand => secret_input::from_command(&word, base.directory(), COMMAND_LIMIT),
        };
        match fetched {
            Ok(text) if spec.list => Ok(text.lines().map(str::to_owned).collect()),
            Ok(text) => Ok(vec![text]),
            Err(error) => {
                let mut problem = problem(format!("gave no secret: {error}"));
                if how == How::ByCommand {
                    problem.hint =
                        Some("run the command in a shell to see what it says".to_owned());
                }
                Err(problem)
            }
        }
    }

    /// The problem of a value that is refused; the value is repeated where it is no secret.
    fn refused(&self, place: &Place, spec: &SettingSpec, value: &str, must_be: &str) -> Problem {
        let key = full_key(&self.source.name, &spec.key);
        // A URL may hold a password.
        let may_be_shown = !spec.secret && spec.kind != SettingKind::URL;
        let (typed, message) = match may_be_shown {
            true => (value, format!("`{key}` is `{value}`; it must be {must_be}")),
            false => ("", format!("`{key}` must be {must_be}")),
        };
        Problem::new(place.clone(), message)
            .key(key)
            .accepted(typed, &spec.choices)
    }

    fn warn_of_readable_config(&mut self, spec: &SettingSpec) {
        let Some(file) = &self.source.around.file else {
            return;
        };
        let Some(mode) = mode_if_others_can_read(file) else {
            return;
        };
        let (key, file) = (full_key(&self.source.name, &spec.key), file.display());
        self.warnings.push(format!(
            "{file} holds `{key}` and can be read by others (mode {mode:04o}); \
             run `chmod 600 {file}`, or keep the secret elsewhere by `{}{FILE}`",
            spec.key
        ));
    }

    fn warn_of_readable_file(&mut self, path: &Path, key: &str) {
        if let Some(mode) = mode_if_others_can_read(path) {
            let path = path.display();
            self.warnings.push(format!(
                "{path} holds the secret of `{key}` and can be read by others (mode {mode:04o}); \
                 run `chmod 600 {path}`"
            ));
        }
    }
}

/// The permission bits of a file that group or world can read.
pub(in crate::config) fn mode_if_others_can_read(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    (mode & 0o044 != 0).then_some(mode)
}
