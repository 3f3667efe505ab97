//! Reviews and descriptions of plugins, for people.

use std::fmt::Write as _;

use crate::kit::review::{Review, Verdict};
use crate::plugin::PluginInfo;
use crate::text::{counted, plain};

/// A list of verdicts, one line each, and what it comes to.
pub(super) fn review(review: &Review) -> String {
    let mut text = format!("{}\n", plain(&review.file));
    for item in &review.items {
        line(
            &mut text,
            format_args!(
                "  {:<4} {:<16} {}",
                item.verdict.as_str(),
                plain(&item.item),
                plain(&item.says)
            ),
        );
    }
    let verdict = match review.verdict {
        Verdict::Ok => "ready to be used by everybody",
        Verdict::Warn => "works; see the warnings before you give it to others",
        Verdict::Fail => "not to be used as it is",
    };
    line(&mut text, format_args!("{verdict}"));
    text
}

/// A source with its settings.
pub(super) fn info(info: &PluginInfo) -> String {
    let mut text = String::new();
    line(
        &mut text,
        format_args!(
            "{} ({}) {}, plugin API {}\n  {}",
            plain(&info.name),
            plain(&info.display_name),
            plain(&info.version),
            info.api_version,
            plain(&info.file)
        ),
    );
    let state = match (&info.refused, info.configured, info.missing.as_slice()) {
        (Some(why), _, _) => format!("cannot be used as it is set: {why}"),
        (None, true, _) => "configured".to_owned(),
        (None, false, []) => "not configured".to_owned(),
        (None, false, missing) => format!("not configured: set `{}`", missing.join("`, `")),
    };
    line(&mut text, format_args!("  {}", plain(&state)));
    line(
        &mut text,
        format_args!(
            "capabilities: {}",
            or(&info.capabilities.join(", "), "none")
        ),
    );
    line(
        &mut text,
        format_args!(
            "hosts: {}",
            or(&plain(&info.hosts.join(", ")), "not limited to any")
        ),
    );
    line(
        &mut text,
        format_args!(
            "needs: {}",
            or(&plain(&info.needs.join(", ")), "nothing of the system")
        ),
    );
    line(&mut text, format_args!("best quality: {}", quality(info)));
    line(&mut text, format_args!("limits: {}", limits(info)));
    text.push_str("settings:\n");
    for setting in &info.settings {
        let mut marks = vec![setting.kind.to_owned()];
        for (set, mark) in [
            (setting.list, "list"),
            (setting.required, "required"),
            (setting.secret, "secret"),
        ] {
            if set {
                marks.push(mark.to_owned());
            }
        }
        if !setting.choices.is_empty() {
            marks.push(format!("one of {}", setting.choices.join(", ")));
        }
        if let Some(default) = &setting.default {
            marks.push(format!("default {default}"));
        }
        line(
            &mut text,
            format_args!(
                "  {} ({})\n    {}",
                plain(&setting.key),
                plain(&marks.join("; ")),
                plain(&setting.doc)
            ),
        );
    }
    if info.settings.is_empty() {
        text.push_str("  none\n");
    }
    text
}

fn quality(info: &PluginInfo) -> String {
    let best = &info.best_quality;
    let parts: Vec<String> = [
        best.codec.clone(),
        best.bitrate.map(|bits| format!("{} kbit/s", bits / 1000)),
        best.sample_rate.map(|hz| format!("{hz} Hz")),
        best.bit_depth.map(|bits| format!("{bits} bit")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match parts.as_slice() {
        [] => "it depends".to_owned(),
        parts => plain(&parts.join(", ")),
    }
}

fn limits(info: &PluginInfo) -> String {
    let limits = &info.limits;
    let mut text = format!(
        "{} and {} at once",
        counted(limits.search_concurrency, "search", "searches"),
        counted(limits.download_concurrency, "download", "downloads")
    );
    for (ms, what) in [
        (limits.search_spacing_ms, "searches"),
        (limits.download_spacing_ms, "downloads"),
    ] {
        if ms > 0 {
            write!(text, "; {} between {what}", time(ms)).expect("a string takes any text");
        }
    }
    if let Some((requests, ms)) = limits.search_window {
        let searches = counted(requests, "search", "searches");
        write!(text, "; {searches} in {}", time(ms)).expect("a string takes any text");
    }
    text
}

/// In seconds, as users say it in a config, where that is a whole number.
fn time(ms: u128) -> String {
    match ms % 1000 {
        0 => format!("{} s", ms / 1000),
        _ => format!("{ms} ms"),
    }
}

fn or<'a>(text: &'a str, nothing: &'a str) -> &'a str {
    if text.is_empty() { nothing } else { text }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a string takes any text");
}
