//! Artists with several names, as the user lists them.

use super::*;
use crate::matching::Aliases;

fn names(rows: &[&[&str]]) -> Aliases {
    let owned = |names: &&[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Aliases::of(&rows.iter().map(owned).collect::<Vec<_>>())
}

#[test]
fn another_name_stands_alone_or_in_a_list() {
    let yaml = "\
matching:
  aliases:
    Prince: [The Artist Formerly Known as Prince, Love Symbol]
    Кино: Kino
    1999: '2000'
";
    let config = Scene::with_library(yaml).load();
    let expected = names(&[
        &[
            "Prince",
            "The Artist Formerly Known as Prince",
            "Love Symbol",
        ],
        &["Кино", "Kino"],
        &["1999", "2000"],
    ]);
    assert_eq!(config.matching.aliases, expected);
    let config = Scene::with_library("matching: {aliases: {}}\n").load();
    assert_eq!(config.matching.aliases, Aliases::default());
}

#[test]
fn what_is_no_other_name_is_told_with_its_line() {
    let yaml = "\
matching:
  aliases:
    Prince: []
    Ann:
    '...': Wren
    Bob: [Various Artists, {a: b}]
";
    let refusal = Scene::with_library(yaml).refusal();
    for line in [
        ":4:",
        "`matching.aliases` is ``; it must be another name of the artist",
        ":5:",
        ":6:",
        "`matching.aliases` is `...`; it must be the name of an artist, and not of nobody or anybody",
        ":7:",
        "`matching.aliases` is `Various Artists`; it must be",
        "`matching.aliases` takes a single value, not a set of keys",
    ] {
        assert!(refusal.contains(line), "{line}: {refusal}");
    }
    let refusal = Scene::with_library("matching: {aliases: [Prince]}\n").refusal();
    for words in [
        "`matching.aliases` is a set of artists with their other names, not a list",
        "e.g. `matching.aliases: {Prince: [The Artist, Love Symbol]}`",
    ] {
        assert!(refusal.contains(words), "{words}: {refusal}");
    }
}
