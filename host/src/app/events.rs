//! The events of a run in their order, for whoever listens to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::report::Delivered;
use crate::engine::{Event, Reporter};
use crate::music::SourceName;

/// Tells one run from all others, in events and for a listener that comes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RunId(Arc<str>);

impl RunId {
    /// The id of a run that starts now in this process: the time in milliseconds and the id of
    /// the process, both in hexadecimal.
    pub(super) fn starting_at(now: Timestamp) -> Self {
        let milliseconds = now.as_millisecond();
        Self(format!("{milliseconds:x}-{:x}", std::process::id()).into())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event with its place in the run.
#[derive(Clone, Debug, Serialize)]
pub struct RunEvent {
    /// Which run.
    pub run: RunId,
    /// Counts from 1; a number that is missing was dropped for a listener that was too slow.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Learns what happens in a run, in order. Called by the task that coordinates the run, so it
/// must not block.
pub trait Listener: Send {
    /// Takes note of an event.
    fn event(&mut self, event: RunEvent);
}

/// Numbers events and passes them on; counts who delivered what.
pub(super) struct Numbering<'a> {
    listener: &'a mut dyn Listener,
    run: RunId,
    last: u64,
    delivered: BTreeMap<SourceName, usize>,
}

impl<'a> Numbering<'a> {
    pub(super) fn new(run: RunId, listener: &'a mut dyn Listener) -> Self {
        Self {
            listener,
            run,
            last: 0,
            delivered: BTreeMap::new(),
        }
    }

    /// Reports something worth knowing that stops nothing.
    pub(super) fn warning(&mut self, message: impl Into<String>) {
        self.event(&Event::Warning {
            message: message.into(),
        });
    }

    pub(super) fn warnings(&mut self, messages: impl IntoIterator<Item = String>) {
        for message in messages {
            self.warning(message);
        }
    }

    pub(super) fn delivered(&self) -> Vec<Delivered> {
        let delivered = self.delivered.iter();
        delivered
            .map(|(source, tracks)| Delivered {
                source: source.clone(),
                tracks: *tracks,
            })
            .collect()
    }
}

impl Reporter for Numbering<'_> {
    fn event(&mut self, event: &Event) {
        if let Event::ItemFinished {
            source: Some(source),
            ..
        } = event
        {
            *self.delivered.entry(source.clone()).or_default() += 1;
        }
        self.last += 1;
        self.listener.event(RunEvent {
            run: self.run.clone(),
            seq: self.last,
            event: event.clone(),
        });
    }
}
