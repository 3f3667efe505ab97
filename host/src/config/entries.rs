//! The want-list sections: from what was said under `songs`, `albums`, `artists` and
//! `playlists` to [`Wanted`]. Whether a link leads anywhere and a file exists is the catalog's
//! to find out.

use super::error::{Problem, Report};
use super::file::{ConfigFile, Key, Node, Said, Spot};
use super::paths::Base;
use super::section::{Section, word};
use super::value::{self, Refusal};
use super::wanted::{EntryLayout, Wanted, WantedInput, WantedKind};

/// The keys of an entry that is written out.
pub(super) const KEYS: [&str; 5] = ["name", "url", "file", "create_m3u", "layout"];

/// Endings by which a word is taken for a playlist file.
const PLAYLIST_ENDINGS: [&str; 9] = [
    ".csv", ".m3u", ".m3u8", ".txt", ".xspf", ".jspf", ".json", ".pls", ".xml",
];

/// Reads one section of the want-list.
pub(super) struct Entries<'a> {
    pub(super) file: &'a ConfigFile,
    pub(super) base: &'a Base,
    pub(super) kind: WantedKind,
    /// The section's key.
    pub(super) section: &'static str,
}

impl Entries<'_> {
    /// The entries of the section, a list, or a map from names to links and files.
    pub(super) fn read(&self, node: Node, report: &mut Report) -> Vec<Wanted> {
        match node.said {
            Said::Nothing => Vec::new(),
            Said::List(items) => items
                .into_iter()
                .filter_map(|item| self.item(item, report))
                .collect(),
            Said::Map(entries) if is_written_out(&entries) => {
                let message = format!(
                    "`{}` is a list, and this is an entry without its dash",
                    self.section
                );
                let hint = "write `- ` before the entry's first key and indent the others below it";
                report.add(self.problem(node.spot, message).hint(hint));
                Vec::new()
            }
            Said::Map(entries) => entries
                .into_iter()
                .filter_map(|(key, value)| self.named(key, value, report))
                .collect(),
            Said::Word(word) => {
                let message = format!("`{}` is a list, not a single value", self.section);
                let hint = format!(
                    "write it as a list of one: `{}: [\"{word}\"]`",
                    self.section
                );
                report.add(self.problem(node.spot, message).hint(hint));
                Vec::new()
            }
        }
    }

    /// One item of a list.
    fn item(&self, node: Node, report: &mut Report) -> Option<Wanted> {
        match node.said {
            Said::Word(_) => {
                let spot = node.spot;
                let input = self.input(node, report)?;
                Some(self.wanted(None, input, spot))
            }
            Said::Map(mut entries) if entries.len() == 1 && !is_written_out(&entries) => {
                let (key, value) = entries.pop()?;
                self.named(key, value, report)
            }
            Said::Map(entries) => {
                let spot = node.spot;
                let node = Node {
                    said: Said::Map(entries),
                    spot,
                };
                self.written_out(None, node, spot, report)
            }
            Said::Nothing => {
                let hint = "remove the dash, or put a title such as \"null\" in quotes";
                let message = format!("an entry of `{}` says nothing", self.section);
                report.add(self.problem(node.spot, message).hint(hint));
                None
            }
            Said::List(_) => {
                let message = format!("an entry of `{}` is a list itself", self.section);
                report.add(
                    self.problem(node.spot, message)
                        .hint("one dash for each entry"),
                );
                None
            }
        }
    }

    /// `NAME: link-or-file`, or `NAME:` with the keys of an entry below it.
    fn named(&self, key: Key, node: Node, report: &mut Report) -> Option<Wanted> {
        let name = Some(key.text);
        match node.said {
            Said::Map(_) => self.written_out(name, node, key.spot, report),
            Said::Word(ref typed) if self.is_words(typed) => {
                // A title with a colon in it is the likelier reading: `- Ann - Part 2: Dawn`.
                let message = format!("`{typed}` is neither a link nor a playlist file");
                report.add(self.problem(node.spot, message).hint(
                    "after a name comes a link or a file; put words with `: ` in them in quotes",
                ));
                None
            }
            Said::Word(_) => {
                let input = self.input(node, report)?;
                Some(self.wanted(name, input, key.spot))
            }
            said @ (Said::Nothing | Said::List(_)) => {
                let message = format!("after a name comes a link or a file, not {}", said.kind());
                report.add(self.problem(node.spot, message));
                None
            }
        }
    }

    /// An entry with `url` or `file`.
    fn written_out(
        &self,
        name: Option<String>,
        node: Node,
        spot: Spot,
        report: &mut Report,
    ) -> Option<Wanted> {
        let known = match name {
            None => &KEYS[..],
            // The name was said already.
            Some(_) => &KEYS[1..],
        };
        let mut entry = Section::open(self.file, self.section, node, known, report);
        let name = name.or(entry.read("name", report, value::text));
        let create_m3u = entry.read("create_m3u", report, value::flag);
        let layout = entry.read("layout", report, layout);
        let input = match (entry.take("url"), entry.take("file")) {
            (Some(node), None) => {
                let key = entry.name_of("url");
                word(self.file, &key, node, report, |text| match kind_of(text) {
                    Kind::Link => link(text),
                    Kind::File | Kind::Words => {
                        Err(Refusal::must_be("a link").hint("a playlist file is named by `file`"))
                    }
                })
            }
            (None, Some(node)) => {
                let key = entry.name_of("file");
                word(self.file, &key, node, report, |text| match kind_of(text) {
                    Kind::Link => Err(Refusal::must_be("a path").hint("a link is named by `url`")),
                    Kind::File | Kind::Words => self.base.absolute(text).map(WantedInput::File),
                })
            }
            (Some(_), Some(_)) => {
                let message = "an entry has either `url` or `file`, not both";
                report.add(self.problem(spot, message).hint("make it two entries"));
                None
            }
            (None, None) => {
                let message = "the entry names neither a link (`url`) nor a playlist file (`file`)";
                report.add(self.problem(spot, message).accepted("", &KEYS));
                None
            }
        }?;
        Some(Wanted {
            create_m3u,
            layout,
            ..self.wanted(name, input, spot)
        })
    }

    /// A single value: link, file or words, as it looks.
    fn input(&self, node: Node, report: &mut Report) -> Option<WantedInput> {
        word(self.file, self.section, node, report, |text| {
            let text = value::text(text)?;
            match kind_of(&text) {
                Kind::Link => link(&text),
                Kind::File => self.base.absolute(&text).map(WantedInput::File),
                // No catalog finds a list by what its owner calls it.
                Kind::Words if self.kind == WantedKind::Playlist => {
                    Err(Refusal::must_be("a link or a playlist file").hint(format!(
                        "a file is recognised by `./` before it or by its ending: {}",
                        PLAYLIST_ENDINGS.join(" ")
                    )))
                }
                Kind::Words => Ok(WantedInput::Text(text.trim().to_owned())),
            }
        })
    }

    fn is_words(&self, text: &str) -> bool {
        matches!(kind_of(text), Kind::Words)
    }

    fn wanted(&self, name: Option<String>, input: WantedInput, spot: Spot) -> Wanted {
        Wanted {
            kind: self.kind,
            name,
            input,
            create_m3u: None,
            layout: None,
            line: Some(spot.line),
        }
    }

    fn problem(&self, spot: Spot, message: impl Into<String>) -> Problem {
        Problem::new(self.file.place(spot), message).key(self.section)
    }
}

/// Whether the map is an entry with its keys, and not names of entries.
fn is_written_out(entries: &[(Key, Node)]) -> bool {
    entries
        .iter()
        .any(|(key, _)| matches!(key.text.as_str(), "url" | "file" | "name"))
}

enum Kind {
    Link,
    File,
    Words,
}

fn kind_of(text: &str) -> Kind {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    if text.contains("://") && !text.contains(' ') || is_uri(text) {
        Kind::Link
    } else if ["./", "../", "/", "~/"]
        .iter()
        .any(|start| text.starts_with(start))
        || PLAYLIST_ENDINGS
            .iter()
            .any(|ending| lower.ends_with(ending))
    {
        Kind::File
    } else {
        Kind::Words
    }
}

/// `spotify:track:4uLU6hMCjMI75M1A2tKUQC` and its like: a service, a kind, an id.
fn is_uri(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let lower = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let id = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic());
    parts.len() >= 3 && lower(parts[0]) && parts[1..].iter().all(|part| id(part))
}

fn link(text: &str) -> Result<WantedInput, Refusal> {
    let text = text.trim();
    if text.contains("://") {
        let url = reqwest::Url::parse(text).ok();
        let is_web = url.is_some_and(|url| matches!(url.scheme(), "http" | "https"));
        if !is_web {
            return Err(Refusal::must_be(
                "a link that starts with https:// or http://",
            ));
        }
    }
    Ok(WantedInput::Link(text.to_owned()))
}

/// Where the tracks of an entry go.
fn layout(text: &str) -> Result<EntryLayout, Refusal> {
    match text {
        "library" => Ok(EntryLayout::Library),
        "playlist" => Ok(EntryLayout::Playlist),
        _ if text.contains('{') => Ok(EntryLayout::Template(text.to_owned())),
        _ => Err(Refusal::one_of(&[
            "library",
            "playlist",
            "a template such as \"{artist}/{title}\"",
        ])),
    }
}
