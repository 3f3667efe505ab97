//! A run as lines: one for each finished item, and for what went wrong on the way.

use super::failure::warning;
use super::out::talk;
use super::printer::View;
use super::summary;
use crate::app::RunEvent;
use crate::engine::Event;
use crate::plan::Status;
use crate::text::plain;

/// Prints lines to stderr.
pub(super) struct Lines {
    pub(super) errors_only: bool,
}

impl View for Lines {
    fn show(&mut self, event: &RunEvent) {
        if let Some(line) = line(&event.event, self.errors_only) {
            talk(&line);
        }
    }
}

/// The line for an event that is worth one.
pub(super) fn line(event: &Event, errors_only: bool) -> Option<String> {
    match event {
        Event::ItemFinished {
            name,
            status,
            source,
            path,
            error,
            done,
            of,
            ..
        } => {
            if errors_only && *status != Status::Failed {
                return None;
            }
            let width = of.to_string().len();
            let mut line = format!("[{done:>width$}/{of}] {status}: {}", plain(name));
            match (source, path, error) {
                (_, _, Some(error)) => line.push_str(&format!(" ({})", plain(error))),
                (Some(source), _, None) => line.push_str(&format!(" (from {source})")),
                (None, Some(_), None) => line.push_str(" (from the library)"),
                (None, None, None) => {}
            }
            Some(line)
        }
        Event::Planned(overview) if !errors_only => Some(summary::planned(overview)),
        Event::Warning { message } if !errors_only => Some(warning(message)),
        Event::SourceDropped { source, reason } => Some(warning(&format!(
            "{source} is left out of this run: {reason}"
        ))),
        Event::SourceRests {
            source,
            until,
            reason,
        } => Some(warning(&format!(
            "{source} is left alone until {until:.0}: {}",
            plain(reason)
        ))),
        Event::ItemPostponed(item) => Some(warning(&format!(
            "{} waits until {:.0}: {}",
            plain(&item.name),
            item.until,
            plain(&item.reason)
        ))),
        Event::ItemHeld { name, .. } if !errors_only => Some(format!(
            "  {}: ready, waits for the others of its album",
            plain(name)
        )),
        Event::Flaw { message, .. } if !errors_only => Some(warning(message)),
        Event::Retrying {
            source,
            after,
            reason,
            ..
        } if !errors_only => Some(format!(
            "  {source}: again in {:.1} s: {}",
            after.as_secs_f64(),
            plain(reason)
        )),
        Event::Stopping => {
            Some("stopping: what runs may finish for 5 s; Ctrl-C again ends it at once".to_owned())
        }
        Event::Planned(_)
        | Event::Warning { .. }
        | Event::RunStarted { .. }
        | Event::ItemStarted { .. }
        | Event::Searched { .. }
        | Event::Fetching { .. }
        | Event::SourceState { .. }
        | Event::Retrying { .. }
        | Event::Lost(_)
        | Event::Verified { .. }
        | Event::Quarantined { .. }
        | Event::Flaw { .. }
        | Event::ItemHeld { .. }
        | Event::AlbumHeld(_)
        | Event::AlbumGain { .. }
        | Event::SourceFinished { .. }
        | Event::RunFinished { .. } => None,
    }
}
