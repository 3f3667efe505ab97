//! How an exporter joined the artists of a track, and taking them apart again.
//!
//! Only a joiner that is known of the exporter is undone. `&`, `+`, `/` and `,` are parts of
//! names everywhere else, so the cell then stays one artist.

/// How the artists stand in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joiner {
    /// Nobody knows: the cell is one artist.
    None,
    /// `A;B`: exportify.net since July 2025.
    Semicolon,
    /// `A,B`, with no space behind the comma: exportify.net before.
    Comma,
    /// `A, B`, with a comma inside a name written `\,`: exportify.app.
    EscapedComma,
}

/// The artists of a cell. `ids` is the cell with their ids, joined the same way; where there
/// are fewer ids than pieces, a name was cut and the cell stays whole.
pub(super) fn split(cell: &str, joiner: Joiner, ids: Option<&str>) -> Vec<String> {
    let pieces = match joiner {
        Joiner::None => vec![cell.to_owned()],
        Joiner::Semicolon => cell.split(';').map(str::to_owned).collect(),
        Joiner::Comma => at_bare_commas(cell),
        Joiner::EscapedComma => {
            let ids = ids.map(|ids| ids.split(", ").count());
            let pieces: Vec<String> = at_unescaped_commas(cell).map(unescaped).collect();
            match ids {
                Some(ids) if ids < pieces.len() => vec![unescaped(cell)],
                Some(_) | None => pieces,
            }
        }
    };
    pieces
        .into_iter()
        .map(|piece| piece.trim().to_owned())
        .filter(|piece| !piece.is_empty())
        .collect()
}

/// `A,B` are two, `A, B` is one: the exporter of that time took commas out of names and put
/// none of its own before a space.
fn at_bare_commas(cell: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for piece in cell.split(',') {
        match pieces.last_mut() {
            Some(last) if piece.starts_with(' ') => {
                last.push(',');
                last.push_str(piece);
            }
            Some(_) | None => pieces.push(piece.to_owned()),
        }
    }
    pieces
}

fn at_unescaped_commas(cell: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(cell);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text
            .match_indices(", ")
            .map(|(at, _)| at)
            .find(|&at| !text[..at].ends_with('\\'));
        rest = end.map(|at| &text[at + 2..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// A name as it is, without the marks of the exporter.
pub(super) fn unescaped(name: &str) -> String {
    name.replace("\\,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_joiner_of_the_exporter_is_undone() {
        use Joiner::{Comma, EscapedComma, None, Semicolon};
        for (cell, joiner, expected) in [
            ("Ann", None, &["Ann"][..]),
            ("Owl, Wren & Fire", None, &["Owl, Wren & Fire"]),
            ("Tyler, The Owl", None, &["Tyler, The Owl"]),
            ("X; Y", None, &["X; Y"]),
            ("AC/DC", None, &["AC/DC"]),
            ("Ann;Ben", Semicolon, &["Ann", "Ben"]),
            (
                "Owl, Wren & Fire;Ben",
                Semicolon,
                &["Owl, Wren & Fire", "Ben"],
            ),
            ("Tyler, The Owl", Semicolon, &["Tyler, The Owl"]),
            ("10,000 Owls", Semicolon, &["10,000 Owls"]),
            ("Ann,Ben", Comma, &["Ann", "Ben"]),
            ("Tyler, The Owl", Comma, &["Tyler, The Owl"]),
            (
                "Florence + The Owl,Ben",
                Comma,
                &["Florence + The Owl", "Ben"],
            ),
            ("Ann, Ben", EscapedComma, &["Ann", "Ben"]),
            (
                "Tyler\\, The Owl, Ben",
                EscapedComma,
                &["Tyler, The Owl", "Ben"],
            ),
            ("Tyler\\, The Owl", EscapedComma, &["Tyler, The Owl"]),
            ("Simon & Garfield", EscapedComma, &["Simon & Garfield"]),
            ("Ann, , Ben", EscapedComma, &["Ann", "Ben"]),
            (";", Semicolon, &[]),
        ] {
            let found = split(cell, joiner, Option::None);
            assert_eq!(found, expected, "{cell} {joiner:?}");
        }
    }

    #[test]
    fn fewer_ids_than_pieces_keep_a_name_whole() {
        let split = |cell, ids| split(cell, Joiner::EscapedComma, Some(ids));
        assert_eq!(
            split("Tyler, The Owl", "spotify:artist:1"),
            ["Tyler, The Owl"]
        );
        assert_eq!(
            split("Ann, Ben", "spotify:artist:1, spotify:artist:2"),
            ["Ann", "Ben"]
        );
    }
}
