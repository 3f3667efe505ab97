//! Plain lists: one song a line.

use super::report::{Doubt, Report, untitled};
use super::{FileError, Limits, Positions, numbered};
use crate::catalog::Entry;
use crate::catalog::link::Link;
use crate::catalog::words::{Split, Words};

pub(super) fn read(
    text: &str,
    limits: Limits,
    report: &mut Report,
) -> Result<Vec<Entry>, FileError> {
    let mut entries = Vec::new();
    let mut positions = Positions::new(limits);
    for (number, line) in numbered(text).filter(|(_, line)| !is_comment(line)) {
        let position = positions.next()?;
        match song(line, limits) {
            Ok(words) => {
                match words.split {
                    Split::Mark => {}
                    Split::ByWord => report.doubt(number, Doubt::SplitAtBy),
                    Split::None => report.doubt(number, Doubt::NoArtist),
                }
                entries.push(Entry {
                    track: words.into_track().into(),
                    position,
                    line: Some(number),
                });
            }
            Err(reason) => report.left_out(number, line, reason),
        }
    }
    Ok(entries)
}

fn song(line: &str, limits: Limits) -> Result<Words, String> {
    if line.len() > limits.max_cell {
        return Err(too_long(line.len()));
    }
    if let Some(link) = Link::parse(line) {
        return Err(untitled(&link));
    }
    if line.starts_with("https://") || line.starts_with("http://") {
        return Err("an address that no known catalog has".to_owned());
    }
    Words::parse(line).ok_or_else(|| "no words".to_owned())
}

/// Why a row of that many bytes is left out.
pub(super) fn too_long(bytes: usize) -> String {
    format!("{bytes} bytes long, more than any title")
}

/// `# words` and `// words`. A number right behind the mark counts songs: `#3 Ann - Owl`.
pub(super) fn is_comment(line: &str) -> bool {
    match line.strip_prefix('#') {
        Some(rest) => !rest.starts_with(|c: char| c.is_ascii_digit()),
        None => line.starts_with("//"),
    }
}
