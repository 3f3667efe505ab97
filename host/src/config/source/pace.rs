//! How fast a source is asked, where its user knows better than its plugin: an account with
//! fewer rights, a server of one's own.

use std::ops::RangeInclusive;
use std::time::Duration;

use musicdl_plugin_api::Window;

use super::{Around, Listed, concurrency, full_key};
use crate::config::error::Report;
use crate::config::file::{ConfigFile, Node};
use crate::config::section::word;
use crate::config::value::{self, Refusal};
use crate::music::SourceName;

/// The keys.
pub(super) const KEYS: [&str; 4] = [
    "search_concurrency",
    "search_spacing",
    "download_spacing",
    "search_window",
];

const SPACING: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(3600);
const REQUESTS: RangeInclusive<u64> = 1..=100_000;
const PER: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

/// What the user says of a source's pace; `None`: as the plugin declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaceConfig {
    /// Searches at once, 1 to 64.
    pub search_concurrency: Option<u32>,
    /// Least time between the starts of two searches, 0 s to 1 h.
    pub search_spacing: Option<Duration>,
    /// Least time between the starts of two downloads, 0 s to 1 h.
    pub download_spacing: Option<Duration>,
    /// Searches per window.
    pub search_window: Option<Window>,
}

impl PaceConfig {
    /// What the environment says counts more.
    pub(super) fn with_environment(
        self,
        around: &Around,
        name: &SourceName,
        flaws: &mut Report,
    ) -> Self {
        let [concurrent, searches, downloads, per] = KEYS;
        let at_once = around.reserved(name, concurrent, concurrency, flaws);
        let spacing = around.reserved(name, searches, spacing, flaws);
        let between_downloads = around.reserved(name, downloads, self::spacing, flaws);
        let search_window = around.reserved(name, per, window, flaws);
        Self {
            search_concurrency: at_once.or(self.search_concurrency),
            search_spacing: spacing.or(self.search_spacing),
            download_spacing: between_downloads.or(self.download_spacing),
            search_window: search_window.or(self.search_window),
        }
    }
}

impl Listed {
    /// One of [`KEYS`], as the file has it.
    pub(super) fn set_pace(
        &mut self,
        file: &ConfigFile,
        key: &str,
        node: Node,
        report: &mut Report,
    ) {
        let name = full_key(&self.name, key);
        let pace = &mut self.pace;
        match key {
            "search_concurrency" => {
                pace.search_concurrency = word(file, &name, node, report, concurrency);
            }
            "search_spacing" => pace.search_spacing = word(file, &name, node, report, spacing),
            "download_spacing" => pace.download_spacing = word(file, &name, node, report, spacing),
            _ => pace.search_window = word(file, &name, node, report, window),
        }
    }
}

fn spacing(word: &str) -> Result<Duration, Refusal> {
    value::duration(SPACING)(word)
}

/// `34/220s`
fn window(word: &str) -> Result<Window, Refusal> {
    let refusal = || {
        Refusal::must_be("a number of searches, a slash and a time from 1s to 24h")
            .hint("e.g. 34/220s")
    };
    let (requests, per) = word.split_once('/').ok_or_else(refusal)?;
    let requests = value::whole(REQUESTS)(requests.trim()).map_err(|_| refusal())?;
    let per = value::duration(PER)(per.trim()).map_err(|_| refusal())?;
    Ok(Window {
        requests: u32::try_from(requests).expect("the range ends at 100,000"),
        per,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_searches_and_a_time() {
        let seconds = Duration::from_secs;
        for (word, expected) in [
            ("34/220s", Some((34, seconds(220)))),
            ("1 / 1s", Some((1, seconds(1)))),
            ("100/1h", Some((100, seconds(3600)))),
            ("0/1s", None),
            ("34/0s", None),
            ("34", None),
            ("34/220", None),
            ("/", None),
        ] {
            let read = window(word)
                .ok()
                .map(|window| (window.requests, window.per));
            assert_eq!(read, expected, "{word}");
        }
    }
}
