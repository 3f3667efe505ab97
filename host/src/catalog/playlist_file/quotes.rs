//! Quotation marks that nobody closed.
//!
//! A CSV reader takes everything behind such a mark for one cell, to the end of the file,
//! without an error. Here the rows are walked once beforehand, and the line where it begins
//! is blanked: it costs only itself.

use super::FileError;

/// What a row of the table looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) delimiter: u8,
    /// Whether a backslash takes the meaning from a quotation mark.
    pub(super) backslash: bool,
    /// Cells of the header.
    pub(super) width: usize,
    /// Most bytes of a cell that has line ends in it.
    pub(super) max_cell: usize,
}

/// A cell of more lines is taken for one that was not closed. It also bounds the work: a
/// file of nothing but open marks costs this many lines for each.
const MAX_LINES: u64 = 32;

/// Overwrites every line that opens a quotation mark and does not close it with spaces.
/// `seen` gets the lines with a fault, counted from `first_line`, with the text of those that
/// are blanked, and may end the walk.
pub(super) fn blank_unclosed(
    rows: &mut [u8],
    shape: Shape,
    first_line: u64,
    mut seen: impl FnMut(u64, &str, Fault) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let (mut at, mut line) = (0, first_line);
    while at < rows.len() {
        match row(&rows[at..], shape) {
            Some(row) => {
                if row.text_behind_mark {
                    seen(line, "", Fault::TextBehind)?;
                }
                at += row.bytes;
                line += row.lines;
            }
            None => {
                let length = rows[at..].iter().position(|&byte| byte == b'\n');
                let end = length.map_or(rows.len(), |length| at + length);
                let broken = &mut rows[at..end];
                seen(line, &String::from_utf8_lossy(broken), Fault::Open)?;
                broken.fill(b' ');
                at = end + 1;
                line += 1;
            }
        }
    }
    Ok(())
}

/// What is wrong with the marks of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// One is not closed; the line is blanked.
    Open,
    /// One ends a cell in its midst: `"Say "Owl" twice"`. The row stays, and a reader makes
    /// of it what it can.
    TextBehind,
}

struct Extent {
    bytes: usize,
    lines: u64,
    text_behind_mark: bool,
}

enum State {
    CellStart,
    Bare,
    Quoted,
    /// Behind a mark inside a quoted cell, which ends the cell or is the first of two.
    Mark,
}

/// How far the first row reaches; `None` if a mark in it is not closed.
///
/// A mark that a later row happens to close shows in the cells: there are too many or too
/// few, or text stands between the mark and the delimiter.
fn row(rows: &[u8], shape: Shape) -> Option<Extent> {
    let mut state = State::CellStart;
    let (mut cells, mut lines, mut cell_start) = (1_usize, 1_u64, 0_usize);
    let mut text_behind_mark = false;
    let mut bytes = rows.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        state = match (state, byte) {
            (State::Quoted, b'"') => State::Mark,
            (State::Quoted, b'\\') if shape.backslash => {
                bytes.next();
                State::Quoted
            }
            (State::Quoted, b'\n') => {
                lines += 1;
                if lines > MAX_LINES || at - cell_start > shape.max_cell {
                    return None;
                }
                State::Quoted
            }
            (State::Quoted, _) => State::Quoted,
            (State::CellStart, b'"') => {
                cell_start = at;
                State::Quoted
            }
            (State::Mark, b'"') => State::Quoted,
            (_, b'\n') => {
                let plausible = lines == 1 || (cells == shape.width && !text_behind_mark);
                return plausible.then_some(Extent {
                    bytes: at + 1,
                    lines,
                    text_behind_mark,
                });
            }
            (_, delimiter) if delimiter == shape.delimiter => {
                cells += 1;
                State::CellStart
            }
            (State::Mark, _) => {
                text_behind_mark = true;
                State::Bare
            }
            (State::CellStart | State::Bare, _) => State::Bare,
        };
    }
    let closed = !matches!(state, State::Quoted)
        && (lines == 1 || (cells == shape.width && !text_behind_mark));
    closed.then_some(Extent {
        bytes: rows.len(),
        lines,
        text_behind_mark,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(rows: &str, width: usize) -> Vec<u64> {
        let mut bytes = rows.as_bytes().to_vec();
        let shape = Shape {
            delimiter: b',',
            backslash: false,
            width,
            max_cell: 1 << 10,
        };
        let mut lines = Vec::new();
        blank_unclosed(&mut bytes, shape, 2, |line, _, fault| {
            assert_eq!(fault, Fault::Open);
            lines.push(line);
            Ok(())
        })
        .unwrap();
        assert_eq!(bytes.len(), rows.len());
        lines
    }

    #[test]
    fn an_open_mark_costs_its_own_line() {
        for (rows, width, expected) in [
            ("a,b,c\nd,e,f\n", 3, &[][..]),
            ("\"a\",\"b \"\"x\"\"\",c\n", 3, &[]),
            ("a,\"b\nb\",c\nd,e,f\n", 3, &[]),
            ("a,b\"b,c\nd,e,f\n", 3, &[]),
            ("a,\"b,c\nd,e,f\n", 3, &[2]),
            ("a,b,\"c\nd,e,f\n", 3, &[2]),
            ("a,\"b,c\n\"d\",\"e\",\"f\"\n", 3, &[2]),
            ("a,b,\"c\nd,e,f\ng,h,\"i\"\n", 3, &[2]),
            ("a,b,c\nd,\"e,f\ng,\"h,i\nj,k,l\n", 3, &[3, 4]),
            ("a,b,\"c", 3, &[2]),
            ("a,b,\"c\"", 3, &[]),
        ] {
            assert_eq!(broken(rows, width), expected, "{rows:?}");
        }
    }

    #[test]
    fn a_file_of_open_marks_is_walked_once() {
        let rows = "a,\"b,c\n".repeat(20_000);
        assert_eq!(broken(&rows, 3).len(), 20_000);
    }
}
