//! `matching.aliases`: other names of artists, each below the name it belongs to.

use super::error::{Problem, Report};
use super::file::{Key, Node, Said};
use super::section::Section;
use super::value::{self, Refusal};
use crate::matching::Aliases;

/// The key below `matching`.
const KEY: &str = "aliases";

/// What was said under the key; `None`: nothing.
pub(super) fn read(section: &mut Section<'_>, report: &mut Report) -> Option<Aliases> {
    let place = section.place_of(KEY);
    let node = section.take(KEY)?;
    let name = section.name_of(KEY);
    let entries = match node.said {
        Said::Map(entries) => entries,
        said @ (Said::Nothing | Said::Word(_) | Said::List(_)) => {
            let message = format!(
                "`{name}` is a set of artists with their other names, not {}",
                said.kind()
            );
            let hint = format!("e.g. `{name}: {{Prince: [The Artist, Love Symbol]}}`");
            report.add(Problem::new(place, message).key(name).hint(hint));
            return None;
        }
    };
    let rows = entries.into_iter().map(|(key, node)| {
        let mut row = artist(section, &name, &key, report);
        row.extend(others(section, &name, node, report));
        row
    });
    let rows: Vec<Vec<String>> = rows.collect();
    Some(Aliases::of(&rows))
}

fn artist(section: &Section<'_>, name: &str, key: &Key, report: &mut Report) -> Vec<String> {
    let word = Node {
        said: Said::Word(key.text.clone()),
        spot: key.spot,
    };
    section
        .word(name, word, report, an_artist)
        .into_iter()
        .collect()
}

/// One other name, or several.
fn others(section: &Section<'_>, name: &str, node: Node, report: &mut Report) -> Vec<String> {
    let spot = node.spot;
    let items = match node.said {
        Said::List(items) if !items.is_empty() => items,
        Said::List(_) | Said::Nothing => vec![Node {
            said: Said::Word(String::new()),
            spot,
        }],
        said @ (Said::Word(_) | Said::Map(_)) => vec![Node { said, spot }],
    };
    items
        .into_iter()
        .filter_map(|item| section.word(name, item, report, an_artist))
        .collect()
}

fn an_artist(word: &str) -> Result<String, Refusal> {
    let name = value::text(word).map_err(|_| Refusal::must_be("another name of the artist"))?;
    if Aliases::can_name(&name) {
        Ok(name)
    } else {
        Err(Refusal::must_be(
            "the name of an artist, and not of nobody or anybody",
        ))
    }
}
