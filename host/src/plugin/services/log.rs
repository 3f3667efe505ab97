//! A plugin's line in the host's log: under its name, on one line, without secrets.

use musicdl_plugin_api::LogLevel;

use super::secrets::Secrets;
use crate::music::SourceName;

/// Longest message, and longest list of facts, in bytes. A plugin that logs a whole reply
/// must not fill the disk.
const MAX_BYTES: usize = 4096;

/// Writes the line as an event of target `musicdl::plugin`, with the fields `plugin` and,
/// if there are any, `facts`.
pub(super) fn write(
    name: &SourceName,
    secrets: &Secrets,
    level: LogLevel,
    message: &str,
    fields: &[(&str, &str)],
) {
    let message = clean(secrets, message);
    let facts = facts(secrets, fields);
    // `tracing` fixes the level of an event where it is written, hence one for each.
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(target: "musicdl::plugin", plugin = name.as_str(), facts, "{message}")
        };
    }
    match level {
        LogLevel::ERROR => event!(error),
        LogLevel::WARN => event!(warn),
        LogLevel::INFO => event!(info),
        // Also the level of a plugin newer than this host, which must not be lost.
        _ => event!(debug),
    }
}

/// `track=17 peer="ann b"`; `None` if there are no fields.
fn facts(secrets: &Secrets, fields: &[(&str, &str)]) -> Option<String> {
    if fields.is_empty() {
        return None;
    }
    let mut facts = String::new();
    for (key, value) in fields {
        if !facts.is_empty() {
            facts.push(' ');
        }
        facts.push_str(&clean(secrets, key));
        facts.push('=');
        let value = clean(secrets, value);
        if value.is_empty() || value.contains([' ', '=', '"']) {
            facts.push_str(&format!("\"{}\"", value.replace('"', "\\\"")));
        } else {
            facts.push_str(&value);
        }
    }
    shorten(&mut facts);
    Some(facts)
}

fn clean(secrets: &Secrets, text: &str) -> String {
    // One byte more than fits, so that what was left out shows.
    let mut clean = visible(&secrets.cut_from_start(text, MAX_BYTES + 1));
    shorten(&mut clean);
    clean
}

/// The text on one line, with everything that acts written out.
pub(in crate::plugin) fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            visible.extend(c.escape_default());
        } else {
            visible.push(c);
        }
    }
    visible
}

/// Whether a terminal or a log file would obey the character rather than show it: controls
/// (escape sequences start with one, lines end with one), line and paragraph separators,
/// and what turns the direction of writing (Unicode 16, section 23.2) or is invisible.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

fn shorten(text: &mut String) {
    if text.len() > MAX_BYTES {
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        text.push('…');
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a subscriber without colours and times makes of one call.
    fn line(level: LogLevel, message: &str, fields: &[(&str, &str)]) -> String {
        let name = SourceName::parse("subsonic").unwrap();
        let secrets = Secrets::new(vec!["hunter2".into(), "a b".into()]);
        lines(|| write(&name, &secrets, level, message, fields))
    }

    /// What it makes of everything logged meanwhile.
    pub(crate) fn lines(log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .without_time()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, log);
        let written = lines.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_line_has_level_target_plugin_and_facts() {
        for (level, shown) in [
            (LogLevel::ERROR, "ERROR"),
            (LogLevel::WARN, " WARN"),
            (LogLevel::INFO, " INFO"),
            (LogLevel::DEBUG, "DEBUG"),
            (LogLevel(77), "DEBUG"),
        ] {
            let line = line(
                level,
                "found it",
                &[("track", "17"), ("peer", "ann \"b\""), ("x", "")],
            );
            let expected = format!(
                "{shown} musicdl::plugin: found it plugin=\"subsonic\" \
                 facts=\"track=17 peer=\\\"ann \\\\\\\"b\\\\\\\"\\\" x=\\\"\\\"\"\n"
            );
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn a_line_without_facts_has_no_such_field() {
        let line = line(LogLevel::INFO, "ready", &[]);
        assert_eq!(line, " INFO musicdl::plugin: ready plugin=\"subsonic\"\n");
    }

    #[test]
    fn nothing_in_a_line_starts_another_or_commands_the_terminal() {
        let none = Secrets::new(Vec::new());
        for (said, shown) in [
            ("a\nERROR b", "a\\nERROR b"),
            ("a\r\tb", "a\\r\\tb"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("abc\u{202e}cba\u{200b}", "abc\\u{202e}cba\\u{200b}"),
            ("Sigur Rós 東京 🎵", "Sigur Rós 東京 🎵"),
        ] {
            assert_eq!(clean(&none, said), shown);
        }
        let facts = facts(&none, &[("k\n", "v\n")]);
        assert_eq!(facts.as_deref(), Some("k\\n=v\\n"));
    }

    #[test]
    fn secrets_are_cut_from_message_and_facts() {
        let line = line(
            LogLevel::WARN,
            "GET /ping?p=hunter2",
            &[("url", "/x?q=a%20b&p=hunter2"), ("hunter2", "key")],
        );
        assert!(
            !line.contains("hunter2") && !line.contains("a%20b"),
            "{line}"
        );
        assert!(line.contains("GET /ping?p=[secret]"), "{line}");
    }

    #[test]
    fn a_line_is_cut_at_four_kibibytes_between_characters() {
        let cut = clean(&Secrets::new(Vec::new()), &"ü€".repeat(2000));
        assert!((4090..=4100).contains(&cut.len()), "{}", cut.len());
        assert!(cut.ends_with('…'));
    }
}
