//! A library in words: its tree, its tags, its playlists.

use std::collections::BTreeMap;

use super::library::Library;

/// The tree below a folder, as `tree` draws it; an empty name is the library itself.
pub(crate) fn tree(library: &Library, below: &str) -> Vec<String> {
    let mut root = Folder::default();
    let inside = |name: &'_ str| {
        name.strip_prefix(below)
            .map(|name| name.trim_start_matches('/').to_owned())
    };
    for name in library.files.keys().filter_map(|name| inside(name)) {
        let mut folder = &mut root;
        let mut parts = name.split('/').peekable();
        while let Some(part) = parts.next() {
            let next = folder.0.entry(part.to_owned()).or_default();
            if parts.peek().is_none() {
                break;
            }
            folder = next;
        }
    }
    let mut lines = Vec::new();
    root.draw("", &mut lines);
    lines
}

/// A file is a folder of nothing.
#[derive(Default)]
struct Folder(BTreeMap<String, Folder>);

impl Folder {
    fn draw(&self, indent: &str, lines: &mut Vec<String>) {
        let last = self.0.len();
        for ((name, inside), number) in self.0.iter().zip(1..) {
            let (branch, below) = if number == last {
                ("└── ", "    ")
            } else {
                ("├── ", "│   ")
            };
            lines.push(format!("{indent}{branch}{name}"));
            inside.draw(&format!("{indent}{below}"), lines);
        }
    }
}

/// One line for each audio file.
pub(crate) fn tags(library: &Library) -> Vec<String> {
    library
        .songs
        .iter()
        .map(|(name, song)| {
            let file = name.rsplit('/').next().unwrap_or(name);
            let mut facts = vec![format!("{} - {}", song.artists, song.title)];
            let number = if song.number.is_empty() {
                String::new()
            } else {
                format!(" #{}", song.number)
            };
            if !song.album.is_empty() {
                facts.push(format!("{}{number}", song.album));
            }
            facts.extend(
                [&song.date, &song.isrc]
                    .into_iter()
                    .filter(|fact| !fact.is_empty())
                    .cloned(),
            );
            facts.push(match song.cover {
                Some(size) => format!("cover {:.1} KB", size as f64 / 1000.0),
                None => "no cover".to_owned(),
            });
            format!("{file}\n    {}", facts.join(" | "))
        })
        .collect()
}

/// Each playlist file with its entries in order.
pub(crate) fn playlists(library: &Library) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, entries) in &library.playlists {
        lines.push(name.clone());
        for (entry, number) in entries.iter().zip(1..) {
            let file = entry.file.as_deref().unwrap_or("leads nowhere");
            lines.push(format!("  {number}. {}  ->  {file}", entry.shown));
        }
    }
    lines
}
