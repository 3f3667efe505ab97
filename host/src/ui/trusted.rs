//! What `musicdl plugins trust` did, in words.

use crate::plugin::trust::{Change, Renewal, Row};
use crate::text::plain;

/// A line for each lock and each file of it.
pub(super) fn words(renewals: &[Renewal]) -> String {
    let mut lines = Vec::new();
    for renewal in renewals {
        let file = plain(&renewal.file.display().to_string());
        if !renewal.written {
            lines.push(format!("{file}: not written, there is no plugin to list"));
            continue;
        }
        lines.push(file);
        let rows = renewal.rows.iter();
        lines.extend(rows.map(|row| format!("  {}", plain(&line(row)))));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn line(Row { file, change }: &Row) -> String {
    match change {
        Change::New { now } => format!("new: {file} ({now})"),
        Change::Changed { was, now } if was == now => {
            format!("changed: {file} ({now}, another build)")
        }
        Change::Changed { was, now } => format!("changed: {file} ({was} -> {now})"),
        Change::Same { now } => format!("as before: {file} ({now})"),
        Change::Gone { was } => format!("gone: {file} ({was})"),
        Change::Unlisted => format!("not trusted: {file}"),
    }
}

/// What should be known beside the list.
pub(super) fn warnings(renewal: &Renewal) -> Vec<String> {
    let replaced = renewal.replaced.iter();
    let replaced = replaced.map(|error| format!("the lock was replaced by a new one: {error}"));
    let refused = renewal.refused.iter();
    replaced
        .chain(refused.map(|error| format!("not trusted: {error}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::SourceName;
    use crate::plugin::trust::Identity;

    #[test]
    fn each_change_has_its_line() {
        let plugin = |version: &str| Identity {
            name: SourceName::parse("folder").unwrap(),
            version: version.parse().unwrap(),
            api_version: "1.0.0".parse().unwrap(),
        };
        let (was, now) = (plugin("0.1.0"), plugin("0.2.0"));
        let changed = |was: &Identity, now: &Identity| Change::Changed {
            was: was.clone(),
            now: now.clone(),
        };
        for (change, expected) in [
            (Change::New { now: now.clone() }, "new: x.so (folder 0.2.0)"),
            (
                changed(&was, &now),
                "changed: x.so (folder 0.1.0 -> folder 0.2.0)",
            ),
            (
                changed(&now, &now),
                "changed: x.so (folder 0.2.0, another build)",
            ),
            (Change::Same { now }, "as before: x.so (folder 0.2.0)"),
            (Change::Gone { was }, "gone: x.so (folder 0.1.0)"),
            (Change::Unlisted, "not trusted: x.so"),
        ] {
            let file = "x.so".to_owned();
            assert_eq!(line(&Row { file, change }), expected);
        }
    }
}
