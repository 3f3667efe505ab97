//! A run as bars: one for the whole, one for each item that is being carried out, finished
//! items as lines above.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::lines::line;
use super::out::plain;
use crate::engine::{Event, Reporter};
use crate::music::TrackId;

/// Draws bars on stderr.
pub(super) struct Bars {
    bars: MultiProgress,
    whole: ProgressBar,
    running: HashMap<TrackId, ProgressBar>,
}

impl Bars {
    pub(super) fn new(bars: MultiProgress, total: usize) -> Self {
        let whole = bars.add(ProgressBar::new(total as u64));
        whole.set_style(style("{bar:30} {pos}/{len} {elapsed_precise} {msg}"));
        Self {
            bars,
            whole,
            running: HashMap::new(),
        }
    }

    fn show(&self, id: &TrackId, change: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.running.get(id) {
            change(bar);
        }
    }
}

impl Reporter for Bars {
    fn event(&mut self, event: &Event) {
        if let Some(line) = line(event, false) {
            self.bars.suspend(|| super::out::talk(&line));
        }
        match event {
            Event::RunStarted { statistics } => {
                let settled = statistics.completed + statistics.skipped + statistics.failed;
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
                self.running.insert(id.clone(), bar);
            }
            Event::Searched {
                id, source, hits, ..
            } => {
                self.show(id, |bar| bar.set_message(format!("{source}: {hits} hits")));
            }
            Event::Fetching {
                id,
                source,
                done,
                total,
            } => self.show(id, |bar| {
                match total {
                    Some(total) => bar.set_length(*total),
                    None => bar.unset_length(),
                }
                bar.set_position(*done);
                bar.set_style(style(
                    "  {spinner} {prefix} {msg} {bytes}/{total_bytes} {bytes_per_sec}",
                ));
                bar.set_message(source.to_string());
            }),
            Event::SourceState { id, source, text } => {
                self.show(id, |bar| {
                    bar.set_message(format!("{source}: {}", plain(text)))
                });
            }
            Event::Retrying { id, source, .. } => {
                self.show(id, |bar| bar.set_message(format!("{source}: waiting")));
            }
            Event::ItemFinished { id, .. } => {
                if let Some(bar) = self.running.remove(id) {
                    bar.finish_and_clear();
                    self.bars.remove(&bar);
                }
                self.whole.inc(1);
            }
            Event::RunFinished { .. } => {
                for (_, bar) in self.running.drain() {
                    bar.finish_and_clear();
                }
                self.whole.finish_and_clear();
            }
            Event::Lost(_) | Event::SourceDropped { .. } | Event::Flaw { .. } | Event::Stopping => {
            }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are valid")
}
