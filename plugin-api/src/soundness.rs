//! Whether a declaration is one that a host can work with. Asked by the conformance suite
//! of an author and by a host that reviews a library, so that both say the same.

use crate::{Declaration, Limits, SettingSpec};

/// The host's own words beside the settings of a source.
const HOSTS_WORDS: [&str; 2] = ["enabled", "concurrency"];

impl Declaration {
    /// What is wrong with it, one sentence each; empty for a sound one.
    ///
    /// ```
    /// use musicdl_plugin_api::Declaration;
    /// let declaration = Declaration {
    ///     name: "Juke Box".into(),
    ///     display_name: "Jukebox".into(),
    ///     version: "1.0.0".into(),
    ///     ..Declaration::default()
    /// };
    /// let [problem] = declaration.problems().try_into().unwrap();
    /// assert!(problem.starts_with("name `Juke Box`"), "{problem}");
    /// ```
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.identity_problems();
        problems.extend(limit_problems(&self.limits));
        problems.extend(self.setting_problems());
        problems
    }

    /// Those of the [problems](Declaration::problems) that are about its settings.
    pub fn setting_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (at, setting) in self.settings.iter().enumerate() {
            problems.extend(problems_of(setting));
            if self.settings[..at]
                .iter()
                .any(|other| other.key == setting.key)
            {
                problems.push(format!("setting `{}` is declared twice", setting.key));
            }
        }
        problems
    }

    fn identity_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !is_word(&self.name) {
            problems.push(format!(
                "name `{}`: lower-case letters, digits and `_`, at most 32",
                self.name
            ));
        }
        if self.display_name.trim().is_empty() {
            problems.push("the display name is empty".to_owned());
        }
        if !is_version(&self.version) {
            problems.push(format!(
                "version `{}` is no MAJOR.MINOR.PATCH",
                self.version
            ));
        }
        for host in &self.hosts {
            if host.is_empty() || host.contains(['/', ':', ' ']) {
                problems.push(format!("host `{host}` is no plain host name"));
            }
        }
        problems
    }
}

fn limit_problems(limits: &Limits) -> Vec<String> {
    let mut problems = Vec::new();
    if limits.search_concurrency == 0 {
        problems.push("no search may ever run: `search_concurrency` is 0".to_owned());
    }
    if limits.download_concurrency == 0 {
        problems.push("no download may ever run: `download_concurrency` is 0".to_owned());
    }
    if let Some(window) = limits.search_window
        && (window.requests == 0 || window.per.is_zero())
    {
        problems.push("nothing fits into its `search_window`".to_owned());
    }
    problems
}

fn problems_of(setting: &SettingSpec) -> Vec<String> {
    let key = &setting.key;
    let mut problems = Vec::new();
    if !is_word(key) {
        problems.push(format!(
            "setting `{key}`: lower-case letters, digits and `_`, at most 32"
        ));
    }
    if setting.doc.trim().is_empty() {
        problems.push(format!("setting `{key}` has no doc"));
    }
    if setting.required && setting.default.is_some() {
        problems.push(format!("setting `{key}` is required and has a default"));
    }
    if let Some(default) = &setting.default
        && !setting.choices.is_empty()
        && !setting.choices.contains(default)
    {
        problems.push(format!("setting `{key}`: its default is no choice"));
    }
    if HOSTS_WORDS.contains(&key.as_str()) {
        problems.push(format!("setting `{key}` is the host's"));
    }
    problems
}

fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn is_version(text: &str) -> bool {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = numbers.split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Window;

    fn sound() -> Declaration {
        Declaration {
            name: "jukebox".to_owned(),
            display_name: "Jukebox".to_owned(),
            version: "0.1.0-rc.1".to_owned(),
            settings: vec![SettingSpec::text("file", "The song it plays.").required()],
            hosts: vec!["example.org".to_owned()],
            ..Declaration::default()
        }
    }

    #[test]
    fn each_fault_of_a_declaration_is_named() {
        type Spoil = fn(&mut Declaration);
        let rows: &[(&str, Spoil)] = &[
            ("name `Juke box`", |d| d.name = "Juke box".to_owned()),
            ("name ``", |d| d.name.clear()),
            ("the display name", |d| d.display_name = " ".to_owned()),
            ("version `1.0`", |d| d.version = "1.0".to_owned()),
            ("no search may ever run", |d| {
                d.limits.search_concurrency = 0;
            }),
            ("no download may ever run", |d| {
                d.limits.download_concurrency = 0;
            }),
            ("nothing fits", |d| {
                d.limits.search_window = Some(Window {
                    requests: 1,
                    per: Duration::ZERO,
                });
            }),
            ("host `http://x`", |d| d.hosts.push("http://x".to_owned())),
            ("setting `a b`:", |d| {
                d.settings.push(SettingSpec::text("a b", "x"));
            }),
            ("setting `x` has no doc", |d| {
                d.settings.push(SettingSpec::text("x", ""));
            }),
            ("setting `file` is declared twice", |d| {
                d.settings.push(SettingSpec::text("file", "x"));
            }),
            ("setting `x` is required and has a default", |d| {
                let x = SettingSpec::text("x", "x").required().default_value("1");
                d.settings.push(x);
            }),
            ("setting `x`: its default is no choice", |d| {
                let x = SettingSpec::text("x", "x").choices(&["a"]);
                d.settings.push(x.default_value("b"));
            }),
            ("setting `enabled` is the host's", |d| {
                d.settings.push(SettingSpec::text("enabled", "x"));
            }),
        ];
        assert_eq!(sound().problems(), [""; 0]);
        for (expected, spoil) in rows {
            let mut spoilt = sound();
            spoil(&mut spoilt);
            let problems = spoilt.problems();
            assert_eq!(problems.len(), 1, "{expected}: {problems:?}");
            assert!(
                problems[0].starts_with(expected),
                "{expected}: {problems:?}"
            );
            let of_settings = spoilt.setting_problems() == problems;
            assert_eq!(of_settings, expected.starts_with("setting"), "{expected}");
        }
    }
}
