//! Why a track is taken from where it is, in words.

use std::fmt::Write;

use super::summary::{megabytes, skipped_because};
use crate::app::Explanation;
use crate::engine::{Explained, Weighed};
use crate::matching::Score;
use crate::state::PastAttempt;
use crate::text::{counted, plain};

/// Everything about one item.
pub(super) fn words(item: &Explanation) -> String {
    let mut lines = vec![head(item)];
    for source in &item.sources {
        lines.extend(of_source(source));
    }
    for attempt in &item.attempts {
        lines.extend(past(attempt));
    }
    lines.join("\n")
}

fn head(item: &Explanation) -> String {
    let mut head = format!("{} ({}): {}", plain(&item.name), item.id, item.status);
    if let Some(reason) = item.reason {
        // A string takes any text.
        let _ = write!(head, ": {}", skipped_because(reason));
    }
    head
}

fn of_source(source: &Explained) -> Vec<String> {
    let mut lines = vec![format!("{}:", source.source)];
    for asked in &source.asked {
        let kept = if asked.kept { ", from memory" } else { "" };
        let hits = counted(asked.hits, "hit", "hits");
        lines.push(format!("  `{}`: {hits}{kept}", plain(&asked.text)));
    }
    for candidate in &source.candidates {
        lines.extend(of_candidate(candidate));
    }
    if let Some(failure) = &source.failure {
        lines.push(format!("  {}", plain(failure)));
    }
    lines
}

fn of_candidate(candidate: &Weighed) -> [String; 3] {
    let end = match (&candidate.refused, &candidate.known_to_be_bad) {
        (Some(why), _) => format!("refused: {}", plain(why)),
        (None, Some(why)) => format!("known to be bad: {}", plain(why)),
        (None, None) => "fits".to_owned(),
    };
    let file = [Some(plain(&candidate.target)), format_of(candidate)];
    let file: Vec<String> = file.into_iter().flatten().collect();
    [
        format!("  {}. {}: {end}", candidate.number, plain(&candidate.title)),
        format!("     {}", file.join(": ")),
        format!("     {}", parts(&candidate.score)),
    ]
}

/// `flac, 16 bit, 44.1 kHz, 950 kbit/s, 30.1 MB`, as far as the source says.
fn format_of(candidate: &Weighed) -> Option<String> {
    let parts = [
        candidate.codec.as_deref().map(plain),
        candidate.bit_depth.map(|bits| format!("{bits} bit")),
        candidate
            .sample_rate
            .map(|rate| format!("{} kHz", f64::from(rate) / 1000.0)),
        candidate
            .bitrate
            .map(|rate| format!("{:.0} kbit/s", f64::from(rate) / 1000.0)),
        candidate.size.map(megabytes),
    ];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// The parts of a score, by the names they have as data.
fn parts(score: &Score) -> String {
    let Ok(serde_json::Value::Object(parts)) = serde_json::to_value(score) else {
        return format!("total {:.2}", score.total);
    };
    let shown = parts.iter().filter_map(|(name, value)| {
        let number = value.as_f64()?;
        Some(format!("{name} {number:.2}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn past(attempt: &PastAttempt) -> Vec<String> {
    let end = match &attempt.failure {
        Some(why) => plain(why),
        None => format!("delivered {} bytes", attempt.bytes),
    };
    let mut lines = vec![format!("fetched from {}: {end}", attempt.source)];
    if let Some(finding) = &attempt.finding {
        lines.push(format!("  {}", plain(finding)));
    }
    lines
}
