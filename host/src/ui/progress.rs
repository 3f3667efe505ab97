//! A run as bars: one for the whole, one for each item that is being carried out, finished
//! items as lines above.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::lines::line;
use super::printer::View;
use crate::app::RunEvent;
use crate::engine::Event;
use crate::music::{SourceName, TrackId};
use crate::text::{counted, plain};

/// The bar of an item whose bytes arrive.
const COUNTING: &str = "  {spinner} {prefix} {msg} {bytes}/{total_bytes} {bytes_per_sec}";

/// Draws bars on stderr.
pub(super) struct Bars {
    bars: MultiProgress,
    whole: ProgressBar,
    running: HashMap<TrackId, Row>,
}

/// One item that is being carried out.
struct Row {
    bar: ProgressBar,
    /// Whether its bar counts bytes yet.
    counts: bool,
}

impl Bars {
    pub(super) fn new(bars: MultiProgress) -> Self {
        let whole = bars.add(ProgressBar::new(0));
        whole.set_style(style("{bar:30} {pos}/{len} {elapsed_precise} {msg}"));
        Self {
            bars,
            whole,
            running: HashMap::new(),
        }
    }

    fn say(&self, id: &TrackId, message: String) {
        if let Some(row) = self.running.get(id) {
            row.bar.set_message(message);
        }
    }

    fn clear(&mut self, id: &TrackId) {
        if let Some(Row { bar, .. }) = self.running.remove(id) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
    }

    fn count(&mut self, id: &TrackId, source: &SourceName, done: u64, total: Option<u64>) {
        let Some(row) = self.running.get_mut(id) else {
            return;
        };
        if !std::mem::replace(&mut row.counts, true) {
            row.bar.set_style(style(COUNTING));
        }
        match total {
            Some(total) => row.bar.set_length(total),
            None => row.bar.unset_length(),
        }
        row.bar.set_position(done);
        row.bar.set_message(source.to_string());
    }
}

impl View for Bars {
    fn show(&mut self, RunEvent { event, .. }: &RunEvent) {
        if let Some(line) = line(event, false) {
            self.bars.suspend(|| super::out::talk(&line));
        }
        match event {
            Event::RunStarted { statistics } => {
                let settled = statistics.completed + statistics.skipped + statistics.failed;
                self.whole.set_length(statistics.total as u64);
                self.whole.set_position(settled as u64);
                self.whole.enable_steady_tick(Duration::from_millis(200));
            }
            Event::ItemStarted { id, name } => {
                let bar = self
                    .bars
                    .insert_before(&self.whole, ProgressBar::no_length());
                bar.set_style(style("  {spinner} {prefix} {msg}"));
                bar.set_prefix(plain(name));
                bar.set_message("searching");
                // One that waited for a source has its row already.
                self.clear(id);
                self.running.insert(id.clone(), Row { bar, counts: false });
            }
            Event::Searched {
                id, source, hits, ..
            } => {
                self.say(id, format!("{source}: {}", counted(hits, "hit", "hits")));
            }
            Event::Fetching {
                id,
                source,
                done,
                total,
            } => self.count(id, source, *done, *total),
            Event::SourceState { id, source, text } => {
                self.say(id, format!("{source}: {}", plain(text)));
            }
            Event::Retrying { id, source, .. } => self.say(id, format!("{source}: waiting")),
            Event::ItemFinished { id, .. } => {
                self.clear(id);
                self.whole.inc(1);
            }
            Event::ItemPostponed(item) => self.clear(&item.id),
            Event::ItemHeld { id, .. } => self.clear(id),
            Event::RunFinished { .. } => {
                for (_, Row { bar, .. }) in self.running.drain() {
                    bar.finish_and_clear();
                }
                self.whole.finish_and_clear();
            }
            Event::Planned(_)
            | Event::Warning { .. }
            | Event::Lost(_)
            | Event::SourceDropped { .. }
            | Event::SourceRests { .. }
            | Event::SourceFinished { .. }
            | Event::Verified { .. }
            | Event::Quarantined { .. }
            | Event::Flaw { .. }
            | Event::AlbumHeld(_)
            | Event::AlbumGain { .. }
            | Event::Stopping => {}
        }
    }

    fn log(&mut self, line: &[u8]) {
        self.bars.suspend(|| super::out::log(line));
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are valid")
}
