//! What happens in a run, as it happens. Bars, lines and JSON are printed from this.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::Postponed;
use super::album::together::HeldAlbum;
use super::inspect::Findings;
use super::policy::counts::SourceTotals;
use crate::music::{SourceName, TrackId};
use crate::plan::{Overview, Statistics, Status};

/// One thing that happened. In JSON each is an object whose `event` names it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The plan is complete; nothing is fetched yet.
    Planned(Overview),
    /// Something worth knowing that stops nothing.
    Warning {
        /// What happened.
        message: String,
    },
    /// The engine has the plan and starts.
    RunStarted {
        /// How the items stand.
        statistics: Statistics,
    },
    /// An item was handed to a worker.
    ItemStarted {
        /// Which.
        id: TrackId,
        /// Its name for people.
        name: String,
    },
    /// A source answered a search.
    Searched {
        /// For which item.
        id: TrackId,
        /// Who answered.
        source: SourceName,
        /// How much it found.
        hits: usize,
        /// How much of that may be the wanted recording.
        accepted: usize,
    },
    /// Bytes of a download arrived.
    Fetching {
        /// For which item.
        id: TrackId,
        /// From whom.
        source: SourceName,
        /// Bytes so far.
        done: u64,
        /// Bytes in all; `None` while unknown.
        total: Option<u64>,
    },
    /// A source waits for something, in its own words.
    SourceState {
        /// For which item.
        id: TrackId,
        /// Who.
        source: SourceName,
        /// Its words.
        text: String,
    },
    /// A call failed and will be made again.
    Retrying {
        /// For which item.
        id: TrackId,
        /// At whom.
        source: SourceName,
        /// When, from now.
        #[serde(serialize_with = "seconds")]
        after: Duration,
        /// What failed.
        reason: String,
    },
    /// A source or one of its candidates lost.
    Lost(Tried),
    /// A source is left out for the rest of the run.
    SourceDropped {
        /// Which.
        source: SourceName,
        /// Why.
        reason: String,
    },
    /// A source is left alone for a while; items go elsewhere, and may come back to it.
    SourceRests {
        /// Which.
        source: SourceName,
        /// When it is asked again.
        until: Timestamp,
        /// Why.
        reason: String,
    },
    /// Nobody had an item, but a source that rests may have it: it waits for another run.
    ItemPostponed(Postponed),
    /// A delivered file was checked, and is taken.
    Verified {
        /// For which item.
        id: TrackId,
        /// From whom.
        source: SourceName,
        /// What it is.
        #[serde(flatten)]
        findings: Findings,
    },
    /// A delivered file was refused, and is kept for a while.
    Quarantined {
        /// For which item.
        id: TrackId,
        /// From whom.
        source: SourceName,
        /// The candidate, as the source names it.
        target: String,
        /// Why it was refused.
        reason: String,
        /// Where it is; its note stands beside it.
        path: PathBuf,
    },
    /// An item succeeded with a flaw that should be known.
    Flaw {
        /// Which item.
        id: TrackId,
        /// What is wrong.
        message: String,
    },
    /// An item is done, and the journal has it.
    ItemFinished {
        /// Which.
        id: TrackId,
        /// Its name for people.
        name: String,
        /// How it ended.
        status: Status,
        /// Who delivered it; `None` if nobody had to, or nobody did.
        source: Option<SourceName>,
        /// Where it is.
        path: Option<PathBuf>,
        /// Why it failed.
        error: Option<String>,
        /// Items finished in this run.
        done: usize,
        /// Items this run set out to do.
        of: usize,
    },
    /// An item is ready, and waits for the others of its album.
    ItemHeld {
        /// Which.
        id: TrackId,
        /// Its name for people.
        name: String,
    },
    /// An album is not whole at the end of the run; what is ready of it waits for another one.
    AlbumHeld(HeldAlbum),
    /// The loudness of an album is in its files, or cannot be yet.
    AlbumGain {
        /// Title of the album.
        album: String,
        /// Its artist, as far as known.
        artist: String,
        /// How many of its tracks are there.
        tracks: usize,
        /// How many of them are wanted.
        of: usize,
        /// The gain: `-7.12 dB`; `None` when it was not written.
        gain: Option<String>,
        /// Why not.
        why: Option<String>,
    },
    /// The run was told to end; what runs may finish for a moment.
    Stopping,
    /// What a source was asked for in this run and what came of it; one for each, at the end.
    SourceFinished {
        /// The numbers.
        #[serde(flatten)]
        totals: SourceTotals,
    },
    /// The engine is done.
    RunFinished {
        /// How the items stand.
        statistics: Statistics,
        /// How long it took.
        #[serde(serialize_with = "seconds")]
        took: Duration,
    },
}

/// What was tried for an item and why it lost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// For which item.
    pub id: TrackId,
    /// At whom.
    pub source: SourceName,
    /// The candidate, as the source names it; `None` when the search itself came to nothing.
    pub target: Option<String>,
    /// The candidate for people: `Ann Example - Bluebird (Live)`.
    pub title: Option<String>,
    /// How well it fits, 0 to 1.
    pub score: Option<f64>,
    /// Why it lost.
    pub reason: String,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Learns what happens. Called by the coordinating task only, one event after the other; must
/// not block.
pub trait Reporter: Send {
    /// Takes note of an event.
    fn event(&mut self, event: &Event);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each; a new event is missed here by the match and in the docs by the test.
    fn every() -> Vec<Event> {
        let id = || TrackId::text("x");
        let name = || "Ann - Bluebird".to_owned();
        let source = || SourceName::parse("folder").unwrap();
        let statistics = Statistics::default();
        let after = Duration::from_millis(1500);
        let all = vec![
            Event::Planned(Overview::default()),
            Event::Warning {
                message: String::new(),
            },
            Event::RunStarted { statistics },
            Event::ItemStarted {
                id: id(),
                name: name(),
            },
            Event::Searched {
                id: id(),
                source: source(),
                hits: 2,
                accepted: 1,
            },
            Event::Fetching {
                id: id(),
                source: source(),
                done: 1,
                total: None,
            },
            Event::SourceState {
                id: id(),
                source: source(),
                text: String::new(),
            },
            Event::Retrying {
                id: id(),
                source: source(),
                after,
                reason: String::new(),
            },
            Event::Lost(Tried {
                id: id(),
                source: source(),
                target: None,
                title: None,
                score: None,
                reason: String::new(),
            }),
            Event::SourceDropped {
                source: source(),
                reason: String::new(),
            },
            Event::SourceRests {
                source: source(),
                until: Timestamp::UNIX_EPOCH,
                reason: String::new(),
            },
            Event::ItemPostponed(Postponed {
                id: id(),
                name: name(),
                until: Timestamp::UNIX_EPOCH,
                reason: String::new(),
            }),
            Event::Verified {
                id: id(),
                source: source(),
                findings: Findings::default(),
            },
            Event::Quarantined {
                id: id(),
                source: source(),
                target: String::new(),
                reason: String::new(),
                path: PathBuf::new(),
            },
            Event::Flaw {
                id: id(),
                message: String::new(),
            },
            Event::ItemFinished {
                id: id(),
                name: name(),
                status: Status::Completed,
                source: None,
                path: None,
                error: None,
                done: 1,
                of: 1,
            },
            Event::ItemHeld {
                id: id(),
                name: name(),
            },
            Event::AlbumHeld(HeldAlbum {
                album: String::new(),
                artist: String::new(),
                tracks: 1,
                of: 2,
                missing: Vec::new(),
            }),
            Event::AlbumGain {
                album: String::new(),
                artist: String::new(),
                tracks: 1,
                of: 2,
                gain: None,
                why: None,
            },
            Event::Stopping,
            Event::SourceFinished {
                totals: super::super::policy::counts::Counts::default().totals(&source()),
            },
            Event::RunFinished {
                statistics,
                took: after,
            },
        ];
        for event in &all {
            match event {
                Event::Planned(_)
                | Event::Warning { .. }
                | Event::RunStarted { .. }
                | Event::ItemStarted { .. }
                | Event::Searched { .. }
                | Event::Fetching { .. }
                | Event::SourceState { .. }
                | Event::Retrying { .. }
                | Event::Lost(_)
                | Event::SourceDropped { .. }
                | Event::SourceRests { .. }
                | Event::ItemPostponed(_)
                | Event::Verified { .. }
                | Event::Quarantined { .. }
                | Event::Flaw { .. }
                | Event::ItemFinished { .. }
                | Event::ItemHeld { .. }
                | Event::AlbumHeld(_)
                | Event::AlbumGain { .. }
                | Event::Stopping
                | Event::SourceFinished { .. }
                | Event::RunFinished { .. } => {}
            }
        }
        all
    }

    #[test]
    fn every_event_and_every_key_of_it_is_described() {
        let docs = include_str!("../../../docs/events.md");
        for event in every() {
            let json = serde_json::to_value(&event).unwrap();
            let name = json["event"].as_str().unwrap();
            let row = docs
                .lines()
                .find(|line| line.starts_with(&format!("| `{name}` |")))
                .unwrap_or_else(|| panic!("docs/events.md lacks `{name}`"));
            for key in json
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| *key != "event")
            {
                assert!(row.contains(&format!("`{key}`")), "{name} lacks `{key}`");
            }
        }
    }
}
