//! What is installed beside yt-dlp, and what of it is missing or too old. yt-dlp itself says
//! what it finds and which versions it takes.

use std::time::{Duration, UNIX_EPOCH};

use musicdl_plugin_api::{Connection, SourceError};
use serde::Deserialize;

use crate::desk::Desk;

/// The first that runs YouTube's own scripts in a program beside it, without which YouTube
/// gives away little. <https://github.com/yt-dlp/yt-dlp/wiki/EJS>
const OLDEST: [u64; 3] = [2025, 11, 12];
/// yt-dlp itself warns of an age like this.
const OLD: Duration = Duration::from_secs(90 * 24 * 3600);

/// What yt-dlp finds.
#[derive(Debug, Deserialize)]
pub(crate) struct Tools {
    ffmpeg: Option<String>,
    ffprobe: Option<String>,
    #[serde(default)]
    js_runtimes: Vec<Runtime>,
    /// Version of the scripts that the runtime is to run.
    js_scripts: Option<String>,
    python: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Runtime {
    name: String,
    version: Option<String>,
    supported: bool,
}

/// # Errors
/// `NotConfigured` when it cannot work like that.
pub(crate) fn report(desk: &Desk, version: &str, tools: &Tools) -> Result<Connection, SourceError> {
    let date = date_of(version);
    if date.is_some_and(|date| date < OLDEST) {
        return Err(SourceError::not_configured(format!(
            "yt-dlp {version} is too old, {}.{:02}.{:02} or later is needed: update it \
             (`pipx upgrade yt-dlp`), or set `ytdlp_path` to a newer one",
            OLDEST[0], OLDEST[1], OLDEST[2]
        )));
    }
    let (Some(ffmpeg), Some(_)) = (&tools.ffmpeg, &tools.ffprobe) else {
        return Err(SourceError::not_configured(
            "no ffmpeg with ffprobe was found: install ffmpeg, or set `ffmpeg_location`",
        ));
    };
    let mut warnings = Vec::new();
    let now = desk.host().now();
    match date.and_then(moment) {
        Some(made) => {
            let age = now.duration_since(made).unwrap_or_default();
            if age > OLD {
                warnings.push(format!(
                    "yt-dlp {version} is {} days old; sites change, so update it",
                    age.as_secs() / 86_400
                ));
            }
        }
        None => warnings.push(format!(
            "yt-dlp calls itself `{version}`, which is not a date"
        )),
    }
    let runtime = tools.js_runtimes.iter().find(|runtime| runtime.supported);
    if desk.site.needs_javascript {
        warnings.extend(javascript_warning(tools, runtime));
    }
    if desk.site.needs_javascript && desk.options.cookies.is_none() {
        warnings.push(
            "no `cookies_file`: what is for adults or members only cannot be had, and \
             YouTube may take the machine for a robot"
                .to_owned(),
        );
    }
    let mut service = vec![format!("yt-dlp {version}")];
    if desk.site.needs_javascript {
        service.extend(runtime.map(shown));
    }
    service.push(format!("ffmpeg {ffmpeg}"));
    let extra = [
        ("yt_dlp", Some(version.to_owned())),
        ("ffmpeg", tools.ffmpeg.clone()),
        ("js_runtime", runtime.map(shown)),
        ("js_scripts", tools.js_scripts.clone()),
        ("python", tools.python.clone()),
    ];
    Ok(Connection {
        service: Some(service.join(", ")),
        warnings,
        extra: extra
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect(),
        ..Connection::default()
    })
}

fn shown(runtime: &Runtime) -> String {
    let version = runtime.version.as_deref().unwrap_or("of unknown version");
    format!("{} {version}", runtime.name)
}

/// Without such a program yt-dlp works, but YouTube gives it fewer formats and refuses more.
fn javascript_warning(tools: &Tools, runtime: Option<&Runtime>) -> Option<String> {
    let consequence = "YouTube will refuse some tracks";
    if runtime.is_some() {
        return tools.js_scripts.is_none().then(|| {
            format!("yt-dlp's scripts for YouTube are missing, {consequence}: install `yt-dlp-ejs`")
        });
    }
    let old: Vec<String> = tools
        .js_runtimes
        .iter()
        .filter(|runtime| runtime.version.is_some())
        .map(shown)
        .collect();
    Some(if old.is_empty() {
        format!(
            "no JavaScript runtime was found, {consequence}: install deno 2.3 or later, or set \
             `js_runtime`"
        )
    } else {
        format!(
            "{} is too old for yt-dlp, {consequence}: deno 2.3, node 22, bun 1.2.11 or later \
             is needed",
            old.join(", ")
        )
    })
}

/// `2026.10.26` or `2026.10.26.123` as numbers.
fn date_of(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    match (parts.next()??, parts.next()??, parts.next()??) {
        (year @ 2000..=9999, month @ 1..=12, day @ 1..=31) => Some([year, month, day]),
        _ => None,
    }
}

/// Good enough to tell 90 days from 10: every month has 30.44 days.
fn moment([year, month, day]: [u64; 3]) -> Option<std::time::SystemTime> {
    let days = (year.checked_sub(1970)? * 36_525 + (month - 1) * 3_044) / 100 + day;
    UNIX_EPOCH.checked_add(Duration::from_secs(days * 86_400))
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;
    use musicdl_plugin_api::testing::TestHost;

    use super::*;
    use crate::{Options, Site};

    fn checked(version: &str, tools: &str) -> Result<Connection, SourceError> {
        let site = Site {
            name: "YouTube",
            extractors: "youtube.*",
            format: "bestaudio",
            arguments: Vec::new(),
            needs_javascript: true,
        };
        let options = Options {
            cookies: Some("cookies.txt".into()),
            ..Options::default()
        };
        let desk = Desk::new(site, options, TestHost::new().host());
        report(&desk, version, &serde_json::from_str(tools).unwrap())
    }

    const RECENT: &str = "2999.01.01";
    const ALL: &str = r#"{"ffmpeg": "7.1", "ffprobe": "7.1", "js_scripts": "0.8.0",
        "js_runtimes": [{"name": "deno", "version": "2.9.8", "supported": true}]}"#;

    #[test]
    fn everything_there_is_named_with_its_version() {
        let connection = checked(RECENT, ALL).unwrap();
        assert_eq!(
            connection.service.as_deref(),
            Some("yt-dlp 2999.01.01, deno 2.9.8, ffmpeg 7.1")
        );
        assert_eq!(connection.warnings, [""; 0]);
    }

    #[test]
    fn what_cannot_work_is_not_configured() {
        for (version, tools, word) in [
            ("2025.11.11", ALL, "2025.11.12 or later"),
            ("2023.03.04", ALL, "too old"),
            (
                RECENT,
                r#"{"ffmpeg": null, "ffprobe": "7.1"}"#,
                "install ffmpeg",
            ),
            (RECENT, r#"{"ffmpeg": "7.1", "ffprobe": null}"#, "ffprobe"),
        ] {
            let error = checked(version, tools).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotConfigured, "{error}");
            assert!(error.message.contains(word), "{error}");
        }
    }

    #[test]
    fn what_works_less_well_is_a_warning() {
        let js = |runtimes: &str, scripts: &str| {
            format!(
                r#"{{"ffmpeg": "7.1", "ffprobe": "7.1", "js_scripts": {scripts},
                    "js_runtimes": [{runtimes}]}}"#
            )
        };
        let node = r#"{"name": "node", "version": "20.20.2", "supported": false}"#;
        let none = r#"{"name": "deno", "version": null, "supported": false}"#;
        let deno = r#"{"name": "deno", "version": "2.9.8", "supported": true}"#;
        for (version, tools, word) in [
            ("2025.11.12", ALL.to_owned(), "days old"),
            ("nightly", ALL.to_owned(), "not a date"),
            (RECENT, js(none, "null"), "no JavaScript runtime"),
            (RECENT, js(node, "null"), "node 20.20.2 is too old"),
            (RECENT, js(deno, "null"), "yt-dlp-ejs"),
        ] {
            let connection = checked(version, &tools).unwrap();
            assert!(
                connection
                    .warnings
                    .iter()
                    .any(|warning| warning.contains(word)),
                "{word}: {:?}",
                connection.warnings
            );
        }
    }

    #[test]
    fn a_version_is_a_date() {
        for (text, date) in [
            ("2026.10.26", Some([2026, 10, 26])),
            ("2026.10.26.232815", Some([2026, 10, 26])),
            ("2026.13.1", None),
            ("1.2", None),
        ] {
            assert_eq!(date_of(text), date, "{text}");
        }
    }
}
