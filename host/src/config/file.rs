//! The config file as a tree of what was said, each word with its place. What the words mean
//! is decided elsewhere; this is the only file that knows YAML.
//!
//! Every scalar keeps the characters the user typed (`1.10` stays `1.10`, `007` stays `007`,
//! `no` is a song title), so that nothing is lost before somebody knows what it should be.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_saphyr::granit_parser::ErrorKind;
use serde_saphyr::{
    Error as YamlError, ExternalMessageSource, Location, NonFiniteFloatPolicy, Options, Spanned,
};

use super::error::{ConfigError, Line, Place, Problem};
use super::excerpt::excerpt;

/// A want-list of millions of words is a playlist file, not a config.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Deeper than any config is; keeps the recursion below far from the end of the stack.
const MAX_DEPTH: usize = 32;

/// A config file that was read, for showing its lines.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    text: String,
}

/// Where a node stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// From 1.
    pub(super) line: u64,
    /// From 1, in characters.
    pub(super) column: u64,
    /// In characters.
    pub(super) width: usize,
}

/// A piece of the config as it was written. Without `Debug`: it may hold a secret.
pub(super) struct Node {
    pub(super) said: Said,
    pub(super) spot: Spot,
}

/// What was written.
pub(super) enum Said {
    /// Nothing, or `null`.
    Nothing,
    /// One value, as typed.
    Word(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Said {
    /// For messages: what it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Said::Nothing => "nothing",
            Said::Word(_) => "a single value",
            Said::List(_) => "a list",
            Said::Map(_) => "a set of keys",
        }
    }
}

/// A key of a map.
pub(super) struct Key {
    pub(super) text: String,
    pub(super) spot: Spot,
}

impl ConfigFile {
    /// Reads the file at an absolute path.
    pub(super) fn open(path: PathBuf) -> Result<Self, ConfigError> {
        let bytes = read(&path).map_err(|problem| ConfigError::one(*problem))?;
        let text = decode(&path, bytes).map_err(|problem| ConfigError::one(*problem))?;
        Ok(Self { path, text })
    }

    /// The tree of the whole file.
    pub(super) fn parse(&self) -> Result<Node, ConfigError> {
        let nobody_said_a_thing = self
            .text
            .lines()
            .map(str::trim)
            .all(|line| line.is_empty() || line.starts_with('#') || line == "---");
        if nobody_said_a_thing {
            let problem = Problem::new(Place::File(self.path.clone()), "the config file is empty")
                .hint("say at least what is wanted, e.g. `playlists: [./roadtrip.csv]`, and where the library is");
            return Err(ConfigError::one(problem));
        }
        let raw: Spanned<Raw> = serde_saphyr::from_str_with_options(&self.text, options())
            .map_err(|error| ConfigError::one(self.refusal(error.without_snippet())))?;
        Ok(self.node(raw))
    }

    /// The place of a node, with its line as far as it may be shown.
    pub(super) fn place(&self, spot: Spot) -> Place {
        Place::Line(Line {
            file: self.path.clone(),
            line: spot.line,
            column: spot.column,
            width: spot.width.max(1),
            text: excerpt(&self.text, spot.line),
        })
    }

    fn node(&self, raw: Spanned<Raw>) -> Node {
        let said = match raw.value {
            Raw::Null => Said::Nothing,
            Raw::Text(text) => Said::Word(text),
            // Read as a number or truth value; what was typed still stands in the file. An
            // alias stands for the words at its anchor.
            Raw::Typed(value) => Said::Word(self.typed(&raw.defined).unwrap_or(value)),
            Raw::List(items) => Said::List(items.into_iter().map(|item| self.node(item)).collect()),
            Raw::Map(entries) => Said::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let spot = spot(&key.referenced, Some(&key.value));
                        let text = key.value;
                        (Key { text, spot }, self.node(value))
                    })
                    .collect(),
            ),
        };
        let word = match &said {
            Said::Word(word) => Some(word.as_str()),
            Said::Nothing | Said::List(_) | Said::Map(_) => None,
        };
        let spot = spot(&raw.referenced, word);
        Node { said, spot }
    }

    fn typed(&self, at: &Location) -> Option<String> {
        let start = usize::try_from(at.span().byte_offset()?).ok()?;
        let length = usize::try_from(at.span().byte_len()?).ok()?;
        let typed = self.text.get(start..start.checked_add(length)?)?.trim();
        let typed = typed.trim_matches(['"', '\'']);
        (!typed.is_empty()).then(|| typed.to_owned())
    }

    /// Why the text is no YAML, or more than a config may be.
    /// Why the text is no YAML, or more than a config may be.
    fn refusal(&self, mut error: &YamlError) -> Problem {
        // Inside an alias the alias is the place, and what it stands for is the reason.
        let at = error.location();
        while let YamlError::AliasError { error: inner, .. } = error {
            error = inner;
        }
        let place = match at {
            Some(at) => self.place(spot(&at, None)),
            None => Place::File(self.path.clone()),
        };
        match error {
            YamlError::DuplicateMappingKey { key: Some(key), .. } => {
                let message = format!("`{key}` was said before; it may be said once");
                Problem::new(place, message)
                    .key(key.clone())
                    .hint("put both under one key, or remove one of the two")
            }
            YamlError::MultipleDocuments { .. } => {
                Problem::new(place, "a second document starts here; a config is one")
                    .hint("remove the line `---` and what follows, or make it a file of its own")
            }
            YamlError::UnknownAnchor { .. } => {
                Problem::new(place, "`*` refers to an anchor that nobody defined")
                    .hint("put a text that starts with `*` in quotes")
            }
            error if asks_too_much(error) => {
                let message = format!(
                    "the config is nested deeper than {MAX_DEPTH} levels, or has too many words or repetitions"
                );
                Problem::new(place, message)
                    .hint("write it out without `&` and `*`, and long lists as playlist files")
            }
            _ => {
                let line = at.and_then(|at| self.line(at.line())).unwrap_or_default();
                let problem = |hint| Problem::new(place, syntax_message(error)).maybe_hint(hint);
                let indent = line.len() - line.trim_start().len();
                if line[..indent].contains('\t') {
                    problem(Some(
                        "indent by spaces; YAML takes no tabs there".to_owned(),
                    ))
                } else if line.contains(": {") || line.contains("- {") {
                    let hint = "put a text that starts with `{`, such as a template, in quotes";
                    problem(Some(hint.to_owned()))
                } else {
                    problem(None)
                }
            }
        }
    }

    fn line(&self, number: u64) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.text.lines().nth(index)
    }
}

/// Whether a limit of ours or of the parser was hit, which guards memory and stack.
fn asks_too_much(error: &YamlError) -> bool {
    match error {
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. } => true,
        YamlError::ExternalMessage { source, .. } => matches!(
            &**source,
            ExternalMessageSource::Parser(error)
                if matches!(error.kind(), ErrorKind::RecursionLimitExceeded)
        ),
        _ => false,
    }
}

fn syntax_message(error: &YamlError) -> String {
    let words = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    // The place is said by ours.
    let words = words.split(" at line ").next().unwrap_or_default();
    format!("this is no YAML: {words}")
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_merge_keys: 100,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 8,
        },
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

fn spot(at: &Location, word: Option<&str>) -> Spot {
    let width = match word {
        Some(word) => word.lines().next().unwrap_or_default().chars().count(),
        None => 1,
    };
    let quoted = usize::try_from(at.span().len()).unwrap_or(1);
    Spot {
        line: at.line().max(1),
        column: at.column().max(1),
        // A word in quotes is longer in the file; a block text or a list ends lines below.
        width: if quoted <= width + 2 { quoted } else { width }.max(1),
    }
}

/// The bytes of the file. Boxed: a problem is large, and rare.
fn read(path: &Path) -> Result<Vec<u8>, Box<Problem>> {
    let problem = |message: String| Problem::new(Place::File(path.to_owned()), message);
    let unreadable = |error: io::Error| {
        Box::new(match error.kind() {
            io::ErrorKind::NotFound => problem("there is no such config file".to_owned()).hint(
                "name another by --config FILE, or do without: --playlist FILE --library DIR",
            ),
            _ => problem(format!("the config file cannot be read: {error}")),
        })
    };
    let file = open_without_waiting(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(Box::new(
            problem("this is a directory, not a config file".to_owned())
                .hint("name the file in it: --config DIR/musicdl.yaml"),
        ));
    }
    if !metadata.is_file() {
        return Err(Box::new(
            problem("this is no regular file, so it is not read as a config".to_owned())
                .hint("write its content to a file first"),
        ));
    }
    let mut bytes = Vec::new();
    // A file may grow while it is read; what was asked of its size before does not bind it.
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Box::new(
            problem(format!(
                "the config file is larger than {} MiB",
                MAX_BYTES / 1024 / 1024
            ))
            .hint("move long lists into playlist files and name those under `playlists`"),
        ));
    }
    Ok(bytes)
}

/// Opens for reading; a FIFO without a writer opens at once instead of when one comes.
fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Bits of open(2) are few; they fit.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    options.open(path)
}

/// UTF-8 with or without byte-order mark, or UTF-16 with one.
fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Problem>> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(&bytes) {
        let (text, broken) = encoding.decode_without_bom_handling(&bytes[mark..]);
        if !broken {
            return Ok(text.into_owned());
        }
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count();
        let start = good
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let column = 1 + String::from_utf8_lossy(&good[start..]).chars().count();
        let place = Place::Line(Line {
            file: path.to_owned(),
            line: line as u64,
            column: column as u64,
            width: 1,
            text: None,
        });
        Box::new(Problem::new(place, "this is not UTF-8 text").hint("save the file as UTF-8"))
    })
}

/// The tree as serde hands it over.
enum Raw {
    Null,
    /// A truth value or number, in serde's reading.
    Typed(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a set of keys")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Typed(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
