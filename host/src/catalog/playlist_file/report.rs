//! Collects what the user should know of a file.
//!
//! A row that was left out is named on its own. Doubts about rows that were taken are
//! counted, so that a list of 10,000 titles without artists is one sentence.

use std::collections::BTreeMap;

use super::super::RowWarning;
use super::{FileError, Limits};
use crate::catalog::link::{Link, LinkKind};

/// What may be wrong with a row that was taken all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    NoArtist,
    SplitAtBy,
    NoIsrc,
    ExtraCells,
    OddQuotes,
}

impl Doubt {
    fn as_str(self) -> &'static str {
        match self {
            Doubt::NoArtist => "without an artist, taken as a title alone",
            Doubt::SplitAtBy => "read as `Title by Artist`, for want of a ` - `",
            Doubt::NoIsrc => "with an ISRC that is none; the code was ignored",
            Doubt::ExtraCells => {
                "with more cells than the header, perhaps for want of quotation marks"
            }
            Doubt::OddQuotes => {
                "with a quotation mark inside a quoted cell; its cells may be wrong"
            }
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    general: Vec<String>,
    /// How many rows, and the line of the first.
    doubts: BTreeMap<Doubt, (u64, u64)>,
    left_out: Vec<RowWarning>,
}

impl Report {
    /// Something about the file as a whole.
    pub(super) fn general(&mut self, reason: impl Into<String>) {
        self.general.push(reason.into());
    }

    pub(super) fn doubt(&mut self, line: u64, doubt: Doubt) {
        self.doubts.entry(doubt).or_insert((0, line)).0 += 1;
    }

    /// A row that gives no track.
    pub(super) fn left_out(&mut self, line: u64, row: &str, reason: impl Into<String>) {
        self.left_out.push(RowWarning {
            line: Some(line),
            text: cut(row),
            reason: reason.into(),
        });
    }

    /// Whether no more was left out than there may be rows: what is reported without being
    /// counted as a row is bounded as well.
    pub(super) fn within(&self, limits: Limits) -> Result<(), FileError> {
        let limit = limits.max_rows;
        if self.left_out.len() > limit as usize {
            return Err(FileError::TooManyRows { limit });
        }
        Ok(())
    }

    pub(super) fn left_out_nothing(&self) -> bool {
        self.left_out.is_empty()
    }

    /// The file as a whole first, then the rows in their order.
    pub(super) fn finish(self) -> Vec<RowWarning> {
        let doubts = self.doubts.into_iter().map(|(doubt, (count, first))| {
            let what = doubt.as_str();
            match count {
                1 => format!("1 row {what} (line {first})"),
                _ => format!("{count} rows {what} (the first in line {first})"),
            }
        });
        let mut warnings: Vec<RowWarning> = self
            .general
            .into_iter()
            .chain(doubts)
            .map(about_the_file)
            .collect();
        let mut left_out = self.left_out;
        left_out.sort_by_key(|warning| warning.line);
        warnings.append(&mut left_out);
        warnings
    }
}

/// A warning that belongs to no row.
pub(super) fn about_the_file(reason: String) -> RowWarning {
    RowWarning {
        line: None,
        text: String::new(),
        reason,
    }
}

/// Why a row whose link leads there gives no track, whatever else it says. `None`: the link
/// is no obstacle once there is a title.
pub(super) fn no_music(link: &Link) -> Option<&'static str> {
    match link.kind {
        LinkKind::Episode => Some("a podcast, not music"),
        LinkKind::LocalFile => Some("a file on a disk of the playlist's owner, without an id"),
        LinkKind::Track
        | LinkKind::Short
        | LinkKind::Album
        | LinkKind::Artist
        | LinkKind::Playlist => None,
    }
}

/// Why a link without a title gives no track.
pub(super) fn untitled(link: &Link) -> String {
    match (no_music(link), link.kind) {
        (Some(reason), _) => reason.to_owned(),
        (None, LinkKind::Album | LinkKind::Artist | LinkKind::Playlist) => {
            format!("a link ({}); give it as an entry of its own", link.kind)
        }
        (None, _) => format!(
            "a link without a title; it needs the catalog `{}`, which is not configured",
            link.catalog
        ),
    }
}

/// The row as one line of bounded length.
fn cut(row: &str) -> String {
    let mut chars = row
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut text: String = chars.by_ref().take(RowWarning::TEXT_CHARS).collect();
    if chars.next().is_some() {
        text.pop();
        text.push('\u{2026}');
    }
    text
}
