//! How large an answer of a plugin may be. What is longer is cut, not refused: a title of a
//! megabyte is a fault of one hit and no reason to lose the others.
//!
//! Applied twice: in the plugin process, so that a huge answer of an honest plugin fits
//! through the connection, and in the host, which trusts nothing that came through it.

use std::time::Duration;

use musicdl_plugin_api::{
    Connection, Declaration, Download, DownloadedFile, Files, Hit, MissingTrack, SettingSpec,
    SourceError, Window,
};

/// Hits of one search, files of one album.
const MOST_RESULTS: usize = 1_000;
/// Bytes of a text.
const MOST_TEXT: usize = 4 * 1024;
/// Entries of a list within a record: artists, facts, settings.
const MOST_ENTRIES: usize = 256;
/// No wait and no deadline is longer; keeps sums of times within the clock's range.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A value that is cut to what the host takes.
pub(super) trait Cut {
    fn cut(&mut self);
}

impl Cut for String {
    fn cut(&mut self) {
        if self.len() > MOST_TEXT {
            self.truncate(self.floor_char_boundary(MOST_TEXT));
            self.shrink_to_fit();
        }
    }
}

impl Cut for Duration {
    fn cut(&mut self) {
        *self = (*self).min(LONGEST);
    }
}

impl<T: Cut> Cut for Option<T> {
    fn cut(&mut self) {
        if let Some(value) = self {
            value.cut();
        }
    }
}

impl<T: Cut> Cut for Vec<T> {
    fn cut(&mut self) {
        self.truncate(MOST_ENTRIES);
        self.iter_mut().for_each(Cut::cut);
    }
}

impl Cut for (String, String) {
    fn cut(&mut self) {
        self.0.cut();
        self.1.cut();
    }
}

/// Cuts those fields.
macro_rules! cut {
    ($record:ident: $($field:ident)*) => {{ $($record.$field.cut();)* }};
}

/// The hits of one search. A cut target would name nothing, so a hit with such a long one is
/// left out.
pub(super) fn hits(hits: &mut Vec<Hit>) {
    hits.truncate(MOST_RESULTS);
    hits.retain(|hit| hit.target_id.len() <= MOST_TEXT);
    hits.iter_mut().for_each(Cut::cut);
}

impl Cut for Hit {
    fn cut(&mut self) {
        cut!(self: title version artists album album_artist isrc recording_mbid codec extra);
    }
}

impl Cut for SourceError {
    fn cut(&mut self) {
        cut!(self: message retry_after extra);
    }
}

impl Cut for Connection {
    fn cut(&mut self) {
        cut!(self: service account warnings extra);
    }
}

impl Cut for Download {
    fn cut(&mut self) {
        if let Download::Files(files) = self {
            files.cut();
        }
    }
}

impl Cut for Files {
    fn cut(&mut self) {
        self.files.truncate(MOST_RESULTS);
        self.files.iter_mut().for_each(Cut::cut);
        self.missing.truncate(MOST_RESULTS);
        self.missing.iter_mut().for_each(Cut::cut);
        self.extra.cut();
    }
}

impl Cut for DownloadedFile {
    /// Its paths stay: a cut one would be another file.
    fn cut(&mut self) {
        cut!(self: title artists codec extra);
    }
}

impl Cut for MissingTrack {
    fn cut(&mut self) {
        cut!(self: title reason extra);
    }
}

impl Cut for Declaration {
    fn cut(&mut self) {
        cut!(self: name display_name version settings hosts extra);
        self.best_quality.codec.cut();
        let limits = &mut self.limits;
        cut!(limits: search_spacing download_spacing search_window search_deadline stall_deadline extra);
    }
}

impl Cut for Window {
    fn cut(&mut self) {
        self.per.cut();
    }
}

impl Cut for SettingSpec {
    fn cut(&mut self) {
        cut!(self: key doc default choices extra);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_lists_at_their_limit() {
        let mut hit = Hit {
            target_id: "1".to_owned(),
            title: "ü€".repeat(2_000),
            artists: vec!["x".repeat(10_000); 1_000],
            extra: vec![("k".repeat(5_000), "v".repeat(5_000))],
            ..Hit::default()
        };
        hit.cut();
        assert!((4_093..=4_096).contains(&hit.title.len()));
        assert!("ü€".repeat(2_000).starts_with(&hit.title));
        assert_eq!(hit.artists, vec!["x".repeat(4_096); 256]);
        assert_eq!(hit.extra, [("k".repeat(4_096), "v".repeat(4_096))]);
    }

    #[test]
    fn of_too_many_hits_the_first_thousand_stay_and_a_hit_without_a_usable_target_does_not() {
        let hit = |target_id: String| Hit {
            target_id,
            ..Hit::default()
        };
        let mut found: Vec<Hit> = (0..1_500).map(|n| hit(n.to_string())).collect();
        found[3].target_id = "x".repeat(4_097);
        hits(&mut found);
        assert_eq!(found.len(), 999);
        assert_eq!(found[998].target_id, "999");
        assert!(found.iter().all(|hit| hit.target_id.len() <= 4_096));
    }

    #[test]
    fn no_wait_is_longer_than_a_year() {
        let mut error = SourceError::transient("later").with_retry_after(Duration::MAX);
        error.cut();
        assert_eq!(error.retry_after, Some(LONGEST));
    }
}
