//! Finds what the user said for a setting, and in which spelling: `password`, `password_file`
//! or `password_command`, in the environment or else in the config file.

use musicdl_plugin_api::{SettingKind, SettingSpec};

use super::{SourceConfig, Value, full_key};
use crate::config::error::{Place, Problem, Report};
use crate::config::inputs::path_list;
use crate::config::paths::Base;

/// How a secret's key ends when the secret stands elsewhere.
pub(super) const FILE: &str = "_file";
const COMMAND: &str = "_command";

/// What was said for one setting.
pub(super) struct Given<'a> {
    pub(super) how: How,
    pub(super) value: Value,
    pub(super) place: Place,
    /// Of a relative path in it.
    pub(super) base: &'a Base,
    /// The key as spelled, with its sections.
    pub(super) key: String,
}

/// What stands behind the key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// The value.
    Here,
    /// The file that holds it.
    InFile,
    /// The command that prints it.
    ByCommand,
}

/// The keys under which a setting may be given.
pub(super) fn spellings(spec: &SettingSpec) -> Vec<(String, How)> {
    let mut keys = vec![(spec.key.clone(), How::Here)];
    if spec.secret {
        keys.push((format!("{}{FILE}", spec.key), How::InFile));
        keys.push((format!("{}{COMMAND}", spec.key), How::ByCommand));
    }
    keys
}

/// Whether the key is one of a declared setting's.
pub(super) fn is_known(declared: &[SettingSpec], key: &str) -> bool {
    let mut known = declared.iter().flat_map(spellings);
    known.any(|(known, _)| known == key)
}

/// Whether the key would be one of a declared setting's, were that one a secret.
pub(super) fn needs_a_secret(declared: &[SettingSpec], key: &str) -> bool {
    [FILE, COMMAND]
        .iter()
        .filter_map(|ending| key.strip_suffix(ending))
        .any(|stem| declared.iter().any(|spec| spec.key == stem))
}

impl SourceConfig {
    /// What was said for `spec`; of several spellings the first, which is then reported.
    pub(super) fn given(&self, spec: &SettingSpec, report: &mut Report) -> Option<Given<'_>> {
        let mut given = self.in_environment(spec);
        if given.is_empty() {
            given = self.in_file(spec);
        }
        if let [_, second, ..] = given.as_slice() {
            let keys: Vec<String> = given
                .iter()
                .map(|given| format!("`{}`", given.key))
                .collect();
            let message = format!("one secret is given more than once: {}", keys.join(", "));
            report.add(
                Problem::new(second.place.clone(), message)
                    .key(full_key(&self.name, &spec.key))
                    .hint("keep one of them"),
            );
        }
        given.into_iter().next()
    }

    fn in_environment(&self, spec: &SettingSpec) -> Vec<Given<'_>> {
        let given = |(key, how): (String, How)| {
            let variable = self.variable(&key);
            let text = self.around.environment.get(&variable)?;
            let value = match spec.list && how == How::Here {
                true => Value::Many(listed(spec, text)),
                false => Value::One(text.to_owned()),
            };
            Some(Given {
                how,
                value,
                place: Place::Variable(variable),
                base: &self.around.current,
                key: full_key(&self.name, &key),
            })
        };
        spellings(spec).into_iter().filter_map(given).collect()
    }

    fn in_file(&self, spec: &SettingSpec) -> Vec<Given<'_>> {
        let given = |(key, how): (String, How)| {
            let said = self.said.iter().find(|said| said.key == key)?;
            Some(Given {
                how,
                value: said.value.clone(),
                place: said.place.clone(),
                base: &self.around.config,
                key: full_key(&self.name, &key),
            })
        };
        spellings(spec).into_iter().filter_map(given).collect()
    }
}

/// A list in a variable: paths separated as in `PATH`, other values by commas.
fn listed(spec: &SettingSpec, text: &str) -> Vec<String> {
    let trimmed = |value: &str| value.trim().to_owned();
    if matches!(spec.kind, SettingKind::PATH | SettingKind::PATH_MAP) {
        let paths = path_list(text).into_iter();
        paths
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    } else {
        text.split(',').map(trimmed).collect()
    }
}
