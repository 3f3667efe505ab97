//! Words by which an item is found: those of its name, then those of its album, in plain
//! lower-case letters. `Björk - Jóga` is found by `joga bjork`.

use deunicode::deunicode;
use rusqlite::{Connection, Transaction, params};

/// Between the words of the name and those of the album.
const THEN: char = '\n';

/// The words of a text, one blank between two.
pub(super) fn folded(text: &str) -> String {
    let plain = deunicode(text).to_lowercase().replace('\'', "");
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The words of an item, as they are kept.
pub(super) fn of_item(name: &str, album: Option<&str>) -> String {
    format!(
        "{}{THEN}{}",
        folded(name),
        folded(album.unwrap_or_default())
    )
}

/// How well an item meets what was asked for; the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// Every word is part of a word of its name or album.
    Parts,
    /// Every word is a word of its name.
    Words,
    /// The same words as its name, in any order.
    Name,
}

/// `asked` is [`folded`], `kept` as [`of_item`] makes it.
pub(super) fn fit(asked: &str, kept: &str) -> Option<Fit> {
    if asked.is_empty() || !asked.split(' ').all(|word| kept.contains(word)) {
        return None;
    }
    let name = kept.split(THEN).next().unwrap_or_default();
    let mut has: Vec<&str> = name.split(' ').collect();
    let mut wants: Vec<&str> = asked.split(' ').collect();
    has.sort_unstable();
    wants.sort_unstable();
    Some(if has == wants {
        Fit::Name
    } else if wants.iter().all(|word| has.binary_search(word).is_ok()) {
        Fit::Words
    } else {
        Fit::Parts
    })
}

/// Gives their words to items that an earlier program wrote, some at a time: a state may hold a
/// million.
pub(super) fn fill_in(connection: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let tx = connection.transaction()?;
        let filled = fill_in_some(&tx)?;
        tx.commit()?;
        if filled == 0 {
            return Ok(());
        }
    }
}

/// How many it filled in; 0 when none is left.
fn fill_in_some(tx: &Transaction<'_>) -> rusqlite::Result<usize> {
    // An item whose metadata cannot be read is found by its name.
    let mut lacking = tx.prepare_cached(
        "SELECT id, name, CASE WHEN json_valid(track) THEN json_extract(track, '$.album') END
         FROM item WHERE words IS NULL AND position IS NOT NULL LIMIT 10000",
    )?;
    let items = lacking.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let items: Vec<(String, String, Option<String>)> = items.collect::<rusqlite::Result<_>>()?;
    let mut update = tx.prepare_cached("UPDATE item SET words = ?2 WHERE id = ?1")?;
    for (id, name, album) in &items {
        update.execute(params![id, of_item(name, album.as_deref())])?;
    }
    Ok(items.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_in_any_order_without_accents_and_the_whole_name_fits_best() {
        let kept = of_item("Björk - Jóga", Some("Homogenic"));
        for (asked, expected) in [
            ("Bjork Joga", Some(Fit::Name)),
            ("JÓGA björk", Some(Fit::Name)),
            ("joga", Some(Fit::Words)),
            ("jog", Some(Fit::Parts)),
            ("joga homogenic", Some(Fit::Parts)),
            ("joga debut", None),
            ("!!", None),
        ] {
            assert_eq!(fit(&folded(asked), &kept), expected, "{asked}");
        }
        let kept = of_item("Кино - Don’t (Группа крови)", None);
        assert_eq!(fit(&folded("kino dont"), &kept), Some(Fit::Words));
        assert_eq!(fit(&folded("группа"), &kept), Some(Fit::Words));
    }
}
