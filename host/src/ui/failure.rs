//! The one reporter of errors: what happened, to what, and what to do.

use crate::text::plain;
use owo_colors::OwoColorize;

use super::out;
use crate::app::Failure;

pub(super) fn print(failure: &Failure) {
    let mut text = format!("{} {}", "error:".red().bold(), lines(&failure.message));
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n{} {}", "hint:".cyan().bold(), lines(hint)));
    }
    out::talk(&text);
}

pub(super) fn warning(text: &str) -> String {
    format!("{} {}", "warning:".yellow().bold(), lines(text))
}

/// Messages may have several lines; each is made harmless for itself.
fn lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
