//! Rows below a header: CSV of the exporters, spreadsheets and converters.
//!
//! Walks the rows and keeps their lines and places; what the cells of one mean is [`Row`]'s.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord};

use super::artists::Joiner;
use super::columns::{Column, Dialect, Head};
use super::quotes::{Fault, Shape, blank_unclosed};
use super::report::{Doubt, Report};
use super::row::{Row, first_cell};
use super::{FileError, Limits, Positions};
use crate::catalog::Entry;
use crate::catalog::facts::one_line;

/// The playlist's name, where rows or the exporter's file name say it, and the rows.
pub(super) fn read(
    text: String,
    head: &Head,
    stem: &str,
    limits: Limits,
    report: &mut Report,
) -> Result<(Option<String>, Vec<Entry>), FileError> {
    let mut bytes = text.into_bytes();
    let rows = &mut bytes[head.start..];
    let broken = without_open_quotes(rows, head, limits, report)?;
    let rows = &*rows;
    let joiner = joiner(head, rows);

    let mut entries = Vec::new();
    let mut playlists = BTreeSet::new();
    let mut positions = Positions::new(limits);
    let mut lines = Lines::new(rows, head.start_line);
    let mut reader = reader(head, rows);
    let mut record = StringRecord::new();
    while next(&mut reader, &mut record) {
        let start = record.position().map_or(0, csv::Position::byte);
        let (start, line) = lines.at(start);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            // Nothing but delimiters says nothing; a blanked row has its place in the list.
            if broken.binary_search(&line).is_ok() {
                positions.next()?;
            }
            continue;
        }
        let position = positions.next()?;
        let row = Row {
            cells: &record,
            head,
            joiner,
        };
        match row.facts(line, limits, report) {
            Ok(facts) => {
                if let Some(playlist) = row.get(Column::Playlist)
                    && !playlists.contains(playlist)
                {
                    playlists.insert(one_line(playlist));
                }
                let track = facts.into_track();
                if track.artists.is_empty() {
                    report.doubt(line, Doubt::NoArtist);
                }
                entries.push(Entry {
                    track: track.into(),
                    position,
                    line: Some(line),
                });
            }
            Err(reason) => {
                let end = usize::try_from(reader.position().byte()).unwrap_or(rows.len());
                report.left_out(line, &String::from_utf8_lossy(&rows[start..end]), reason);
            }
        }
    }
    Ok((name(playlists, head, stem, report), entries))
}

/// Blanks the rows whose quotation marks are not closed, and gives their lines in order.
fn without_open_quotes(
    rows: &mut [u8],
    head: &Head,
    limits: Limits,
    report: &mut Report,
) -> Result<Vec<u64>, FileError> {
    let shape = Shape {
        delimiter: head.delimiter,
        backslash: head.backslash,
        width: head.width,
        max_cell: limits.max_cell,
    };
    let mut broken = Vec::new();
    blank_unclosed(rows, shape, head.start_line, |line, row, fault| {
        match fault {
            Fault::Open => broken.push(line),
            Fault::TextBehind => {
                report.doubt(line, Doubt::OddQuotes);
                return Ok(());
            }
        }
        let reason = "a quotation mark is opened and not closed; \
                      its cells cannot be told apart";
        report.left_out(line, row, reason);
        report.within(limits)
    })?;
    Ok(broken)
}

fn reader<'a>(head: &Head, rows: &'a [u8]) -> csv::Reader<&'a [u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(head.delimiter)
        .escape(head.backslash.then_some(b'\\'))
        .from_reader(rows)
}

fn next(reader: &mut csv::Reader<&[u8]>, record: &mut StringRecord) -> bool {
    reader
        .read_record(record)
        .expect("rows in memory are UTF-8, of any length, and always readable")
}

/// How this file joins artists.
fn joiner(head: &Head, rows: &[u8]) -> Joiner {
    match head.dialect {
        Dialect::Other => Joiner::None,
        Dialect::ExportifyApp => Joiner::EscapedComma,
        Dialect::ExportifyNet {
            joins_by_semicolon: false,
        } => Joiner::Comma,
        // One `;` among all artists proves it. Without one, the file may still be of the few
        // weeks in between; there a comma in a name is told by the space behind it.
        Dialect::ExportifyNet {
            joins_by_semicolon: true,
        } => {
            let mut reader = reader(head, rows);
            let mut record = StringRecord::new();
            while next(&mut reader, &mut record) {
                let artists = first_cell(&record, head, Column::Artists);
                if artists.is_some_and(|cell| cell.contains(';')) {
                    return Joiner::Semicolon;
                }
            }
            Joiner::Comma
        }
    }
}

/// What the rows call their playlist; for Exportify the file's name, in which it wrote `_`
/// for spaces.
fn name(
    playlists: BTreeSet<String>,
    head: &Head,
    stem: &str,
    report: &mut Report,
) -> Option<String> {
    let count = playlists.len();
    if count > 1 {
        let named: Vec<&str> = playlists.iter().take(3).map(String::as_str).collect();
        let more = if count > 3 { ", \u{2026}" } else { "" };
        report.general(format!(
            "it holds {count} playlists ({}{more}), which were read as one",
            named.join(", ")
        ));
    }
    match head.dialect {
        _ if count == 1 => playlists.into_iter().next(),
        Dialect::ExportifyApp | Dialect::ExportifyNet { .. } => Some(stem.replace('_', " ")),
        Dialect::Other => None,
    }
}

/// Finds the line of a byte; bytes are asked for in rising order.
struct Lines<'a> {
    rows: &'a [u8],
    byte: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(rows: &'a [u8], first: u64) -> Self {
        Self {
            rows,
            byte: 0,
            line: first,
        }
    }

    /// Where the row behind that byte begins, past empty lines: byte and line.
    fn at(&mut self, byte: u64) -> (usize, u64) {
        let target = usize::try_from(byte).map_or(self.rows.len(), |at| at.min(self.rows.len()));
        while self.byte < target || self.rows.get(self.byte) == Some(&b'\n') {
            self.line += u64::from(self.rows[self.byte] == b'\n');
            self.byte += 1;
        }
        (self.byte, self.line)
    }
}
