//! `musicdl explain`: every candidate for a track, its scores, and the rule that decided.

use std::sync::Arc;

use serde::Serialize;

use super::cancel::one_item;
use super::environment::Environment;
use super::run::{engine_options, runtime};
use crate::app::exit::{Exit, Failure};
use crate::app::sources;
use crate::engine::{Explained, SourceMemory, explain};
use crate::state::{PastAttempt, ReadOnlyState, SourceNotes};
use crate::text::{counted, plain};
use crate::ui::Screen;

/// Everything about one item.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: &'a str,
    name: &'a str,
    status: &'a str,
    /// What sources have now.
    sources: &'a [Explained],
    /// What was fetched for it, oldest first.
    attempts: &'a [PastAttempt],
}

pub(super) fn explain_item(
    environment: &Environment,
    words: &str,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let config = environment.config_to_look()?;
    screen.warnings(&config.warnings);
    let state = ReadOnlyState::open(&config.state)?;
    let item = one_item(&state, words)?;
    let attempts = state.attempts_of(&item.id)?;
    let runtime = runtime()?;
    let explained = runtime.block_on(async {
        let sources = sources::load(&config)?;
        sources.refuse_mistakes()?;
        screen.refused(&sources.registry.refused);
        let memory: Arc<dyn SourceMemory> = Arc::new(SourceNotes::open(&config.state)?);
        let options = engine_options(&config);
        Ok::<_, Failure>(explain(&item.track, sources.handles(&config), &options, &memory).await)
    });
    // A plugin call that does not return must not keep the program alive.
    runtime.shutdown_background();
    let explained = explained?;
    let answer = Answer {
        id: item.id.as_str(),
        name: &item.name,
        status: &item.status,
        sources: &explained,
        attempts: &attempts,
    };
    screen.answer(&answer, &in_words(&answer));
    Ok(Exit::Success)
}

fn in_words(answer: &Answer<'_>) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    line(format!(
        "{} ({}): {}",
        plain(answer.name),
        answer.id,
        answer.status
    ));
    for source in answer.sources {
        line(format!("{}:", source.source));
        for asked in &source.asked {
            let kept = if asked.kept { ", from memory" } else { "" };
            line(format!(
                "  `{}`: {}{kept}",
                plain(&asked.text),
                counted(asked.hits, "hit", "hits")
            ));
        }
        for candidate in &source.candidates {
            let end = match (&candidate.refused, &candidate.known_to_be_bad) {
                (Some(why), _) => format!("refused: {}", plain(why)),
                (None, Some(why)) => format!("known to be bad: {}", plain(why)),
                (None, None) => "fits".to_owned(),
            };
            line(format!("  {}: {end}", plain(&candidate.title)));
            line(format!("    {}", parts(&candidate.score)));
        }
        if let Some(failure) = &source.failure {
            line(format!("  {}", plain(failure)));
        }
    }
    for attempt in answer.attempts {
        let end = attempt.failure.as_deref().map_or_else(
            || format!("delivered {} bytes", attempt.bytes),
            |why| plain(why).clone(),
        );
        line(format!("fetched from {}: {end}", attempt.source));
        if let Some(finding) = &attempt.finding {
            line(format!("  {}", plain(finding)));
        }
    }
    text.trim_end().to_owned()
}

/// The parts of a score, by the names they have as data.
fn parts(score: &crate::matching::Score) -> String {
    let Ok(serde_json::Value::Object(parts)) = serde_json::to_value(score) else {
        return format!("total {:.2}", score.total);
    };
    let shown = parts.iter().filter_map(|(name, value)| {
        let number = value.as_f64()?;
        Some(format!("{name} {number:.2}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}
