//! A set of keys of the config file, read key by key. What nobody knows is reported when the
//! section is opened, so that no reader can forget it.

use super::error::{Place, Problem, Report};
use super::file::{ConfigFile, Key, Node, Said};
use super::value::Refusal;

/// The keys of one map.
pub(super) struct Section<'f> {
    file: &'f ConfigFile,
    /// With a dot behind it; empty at the top.
    prefix: String,
    entries: Vec<(Key, Node)>,
}

impl<'f> Section<'f> {
    /// A section without keys, as when there is no file.
    pub(super) fn empty(file: &'f ConfigFile) -> Self {
        Self {
            file,
            prefix: String::new(),
            entries: Vec::new(),
        }
    }

    /// The map `node`, of which `known` are the keys; `name` is empty at the top.
    pub(super) fn open(
        file: &'f ConfigFile,
        name: &str,
        node: Node,
        known: &[&'static str],
        report: &mut Report,
    ) -> Self {
        let mut section = Self::empty(file);
        if !name.is_empty() {
            section.prefix = format!("{name}.");
        }
        let entries = match node.said {
            Said::Nothing => Vec::new(),
            Said::Map(entries) => entries,
            said @ (Said::Word(_) | Said::List(_)) => {
                let what = match name {
                    "" => "a config".to_owned(),
                    _ => format!("`{name}`"),
                };
                let message = format!(
                    "{what} is a set of keys such as `{}:`, not {}",
                    known[0],
                    said.kind()
                );
                report.add(Problem::new(file.place(node.spot), message).key(name));
                Vec::new()
            }
        };
        for (key, value) in entries {
            if known.contains(&key.text.as_str()) {
                section.entries.push((key, value));
            } else {
                report.add(section.unknown(&key, known));
            }
        }
        section
    }

    fn unknown(&self, key: &Key, known: &[&'static str]) -> Problem {
        let section = match self.prefix.strip_suffix('.') {
            Some(name) => format!("`{name}`"),
            None => "the config".to_owned(),
        };
        Problem::new(
            self.file.place(key.spot),
            format!("{section} has no key `{}`", key.text),
        )
        .key(self.name_of(&key.text))
        .accepted(&key.text, known)
    }

    /// The key with its section, as in messages.
    pub(super) fn name_of(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Whether anything was said under `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries
            .iter()
            .any(|(known, node)| known.text == key && !matches!(node.said, Said::Nothing))
    }

    /// Where `key` stands.
    pub(super) fn place_of(&self, key: &str) -> Place {
        let found = self.entries.iter().find(|(known, _)| known.text == key);
        found.map_or(Place::Nowhere, |(key, _)| self.file.place(key.spot))
    }

    /// What was said under `key`; `None`: nothing.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let index = self
            .entries
            .iter()
            .position(|(known, _)| known.text == key)?;
        let (_, node) = self.entries.swap_remove(index);
        (!matches!(node.said, Said::Nothing)).then_some(node)
    }

    /// The section below `key`, empty if nothing was said.
    pub(super) fn below(
        &mut self,
        key: &str,
        known: &[&'static str],
        report: &mut Report,
    ) -> Section<'f> {
        match self.take(key) {
            Some(node) => Section::open(self.file, &self.name_of(key), node, known, report),
            None => Section::empty(self.file),
        }
    }

    /// The single value under `key`, as `read` understands it. `None`: nothing was said, or
    /// nothing sensible.
    pub(super) fn read<T>(
        &mut self,
        key: &str,
        report: &mut Report,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let node = self.take(key)?;
        let name = self.name_of(key);
        word(self.file, &name, node, report, read)
    }

    /// The same for a value that may hold a password: no message repeats it.
    pub(super) fn read_secret<T>(
        &mut self,
        key: &str,
        report: &mut Report,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let node = self.take(key)?;
        let name = self.name_of(key);
        let place = self.file.place(node.spot);
        match node.said {
            Said::Word(word) => match read(&word) {
                Ok(value) => return Some(value),
                Err(refusal) => {
                    let message = format!("`{name}` must be {}", refusal.must_be);
                    let problem = Problem::new(place, message).key(name);
                    report.add(problem.maybe_hint(refusal.hint));
                }
            },
            said @ (Said::Nothing | Said::List(_) | Said::Map(_)) => {
                let message = format!("`{name}` takes a single value, not {}", said.kind());
                report.add(Problem::new(place, message).key(name));
            }
        }
        None
    }

    /// The single value `node`, said somewhere below `key`.
    pub(super) fn word<T>(
        &self,
        key: &str,
        node: Node,
        report: &mut Report,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        word(self.file, key, node, report, read)
    }

    /// The list under `key`, each value as `read` understands it. A single value is a list of
    /// one.
    pub(super) fn read_list<T>(
        &mut self,
        key: &str,
        report: &mut Report,
        read: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<Vec<T>> {
        let node = self.take(key)?;
        let name = self.name_of(key);
        let items = match node.said {
            Said::List(items) => items,
            said => vec![Node {
                said,
                spot: node.spot,
            }],
        };
        let values = items
            .into_iter()
            .filter_map(|item| word(self.file, &name, item, report, &read));
        Some(values.collect())
    }
}

/// The single value `node`, said under `key`.
pub(super) fn word<T>(
    file: &ConfigFile,
    key: &str,
    node: Node,
    report: &mut Report,
    read: impl Fn(&str) -> Result<T, Refusal>,
) -> Option<T> {
    let place = file.place(node.spot);
    match node.said {
        Said::Word(word) => match read(&word) {
            Ok(value) => return Some(value),
            Err(refusal) => report.add(refused(place, key, &word, refusal)),
        },
        said @ (Said::Nothing | Said::List(_) | Said::Map(_)) => {
            let message = format!("`{key}` takes a single value, not {}", said.kind());
            let hint = matches!(said, Said::Map(_))
                .then(|| "put a text with `{` or `: ` in it in quotes".to_owned());
            report.add(Problem::new(place, message).key(key).maybe_hint(hint));
        }
    }
    None
}

/// The problem of a word that is not taken.
pub(super) fn refused(place: Place, key: &str, word: &str, refusal: Refusal) -> Problem {
    let message = format!("`{key}` is `{word}`; it must be {}", refusal.must_be);
    Problem::new(place, message)
        .key(key)
        .accepted(word, &refusal.accepted)
        .maybe_hint(refusal.hint)
}
