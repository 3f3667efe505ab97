//! Settings -> which Lidarr, where its files are on this machine, and how long to wait for
//! what. Whether they hold is found out by `setup`.

use std::time::Duration;

use musicdl_plugin_api::{PathMap, Secret, ServerUrl, Settings, SourceError};

/// What users copy with an address, the last part first.
const API: [&str; 2] = ["/v1", "/api"];

/// What the settings come to.
pub(crate) type Configured = musicdl_plugin_api::Configured<Box<Options>>;

/// One Lidarr and how to use it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) server: ServerUrl,
    pub(crate) key: Secret,
    pub(crate) choice: Choice,
    pub(crate) paths: PathMap,
    /// A cancel takes our download out of Lidarr's queue and its download client.
    pub(crate) cancel_removes: bool,
    /// An album that we added leaves Lidarr's library again, without its files.
    pub(crate) cleanup: bool,
    pub(crate) patience: Patience,
}

/// What new albums get in Lidarr, by name; `None`: Lidarr's own default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub(crate) root_folder: Option<String>,
    pub(crate) quality_profile: Option<String>,
    pub(crate) metadata_profile: Option<String>,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// Between two looks at first; they grow rarer while nothing happens.
    pub(crate) poll: Duration,
    /// For a step of Lidarr's own: the track list of a new album, a download in the queue.
    pub(crate) step: Duration,
    /// For the search at the indexers.
    pub(crate) search: Duration,
    /// Until an empty queue or a refused import counts.
    pub(crate) settle: Duration,
    /// For a download that gains not a byte.
    pub(crate) stall: Duration,
    /// For the album as a whole.
    pub(crate) album: Duration,
}

/// The settings of [`Patience`] with their defaults, in the order of its fields.
pub(crate) const WAITS: [(&str, &str); 6] = [
    ("poll_interval", "2s"),
    ("step_timeout", "3m"),
    ("search_timeout", "10m"),
    ("settle_time", "2m"),
    ("stall_timeout", "1h"),
    ("album_timeout", "12h"),
];

/// Reads the settings. A setting that is missing makes them incomplete.
///
/// # Errors
/// `NotConfigured` when a setting is present but invalid.
pub(crate) fn read(settings: &Settings) -> Result<Configured, SourceError> {
    let patience = patience(settings)?;
    let paths = PathMap::parse(settings.list("path_map")).map_err(SourceError::not_configured)?;
    let server = match settings.text("url") {
        None => None,
        Some(url) => Some(ServerUrl::parse(url, &API).map_err(|why| {
            SourceError::not_configured(format!("`url` is not an address of a Lidarr: {why}"))
        })?),
    };
    let (Some(server), Some(key), Some(paths)) = (server, settings.text("api_key"), paths) else {
        let missing: Vec<&str> = ["url", "api_key", "path_map"]
            .into_iter()
            .filter(|key| settings.text(key).is_none())
            .map(|key| match key {
                "url" => "`url` to the address of your Lidarr",
                "api_key" => "`api_key` to the key of its Settings, General",
                _ => "`path_map` to where its music is on this machine",
            })
            .collect();
        return Ok(Configured::Incomplete(format!(
            "set {}",
            missing.join(", and ")
        )));
    };
    let text = |key: &str| settings.text(key).map(str::trim).map(str::to_owned);
    Ok(Configured::Complete(Box::new(Options {
        server,
        key: Secret::new(key),
        choice: Choice {
            root_folder: text("root_folder"),
            quality_profile: text("quality_profile"),
            metadata_profile: text("metadata_profile"),
        },
        paths,
        cancel_removes: settings.flag("cancel_removes").unwrap_or(true),
        cleanup: settings.flag("cleanup").unwrap_or(false),
        patience,
    })))
}

fn patience(settings: &Settings) -> Result<Patience, SourceError> {
    let mut waits = [Duration::ZERO; WAITS.len()];
    for (wait, (key, default)) in waits.iter_mut().zip(WAITS) {
        let text = settings.text(key).unwrap_or(default);
        *wait = duration(text).ok_or_else(|| {
            SourceError::not_configured(format!(
                "`{key}` is `{text}`, and has to be a time above 0 such as 90s, 10m or 12h"
            ))
        })?;
    }
    let [poll, step, search, settle, stall, album] = waits;
    Ok(Patience {
        poll,
        step,
        search,
        settle,
        stall,
        album,
    })
}

/// `500ms`, `90s`, `10m`, `12h`; at most 30 days.
fn duration(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let milliseconds = match text[unit..].trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let wait = Duration::from_millis(number.checked_mul(milliseconds)?);
    (!wait.is_zero() && wait <= LONGEST).then_some(wait)
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;

    use super::*;

    #[test]
    fn an_address_copied_with_the_path_of_the_api_is_the_servers() {
        for text in ["http://h/x/api/v1/", "http://h/x/api", "http://h/x"] {
            let settings =
                Settings::from_pairs([("url", [text]), ("api_key", ["k"]), ("path_map", ["/m"])]);
            match read(&settings).unwrap() {
                Configured::Complete(options) => assert_eq!(options.server.base(), "http://h/x"),
                Configured::Incomplete(missing) => panic!("{text}: {missing}"),
            }
        }
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_refused_without_repeating_it() {
        for text in [
            "nas",
            "http://ann:hunter2@nas",
            "http://nas/?apikey=hunter2",
        ] {
            let settings = Settings::from_pairs([("url", [text])]);
            let error = read(&settings).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotConfigured, "{text}");
            assert!(!error.message.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let all = [
            ("url", "http://h"),
            ("api_key", "k"),
            ("path_map", "/music"),
        ];
        for (left_out, named) in [
            (&[0][..], "set `url` to the address of your Lidarr"),
            (&[1], "set `api_key` to the key of its Settings, General"),
            (&[2], "set `path_map` to where its music is on this machine"),
            (
                &[0, 1],
                "set `url` to the address of your Lidarr, and `api_key` to the key of its \
                 Settings, General",
            ),
        ] {
            let pairs = all
                .iter()
                .enumerate()
                .filter(|(at, _)| !left_out.contains(at))
                .map(|(_, (key, value))| (*key, [*value]));
            match read(&Settings::from_pairs(pairs)).unwrap() {
                Configured::Incomplete(missing) => assert_eq!(missing, named),
                Configured::Complete(options) => panic!("{named}: {options:?}"),
            }
        }
    }

    #[test]
    fn a_wait_is_a_number_with_a_unit() {
        let milliseconds = |text| duration(text).map(|wait| wait.as_millis());
        for (text, read) in [
            ("250ms", Some(250)),
            ("2s", Some(2_000)),
            (" 10 m ", Some(600_000)),
            ("12h", Some(43_200_000)),
            ("720h", Some(2_592_000_000)),
            ("721h", None),
            ("0s", None),
            ("12", None),
            ("h", None),
            ("-1s", None),
            ("1.5h", None),
            ("1d", None),
            ("99999999999999999999s", None),
            ("99999999999999999h", None),
        ] {
            assert_eq!(milliseconds(text), read, "{text}");
        }
    }

    #[test]
    fn the_defaults_are_times() {
        let patience = patience(&Settings::default()).unwrap();
        assert_eq!(patience.poll, Duration::from_secs(2));
        assert_eq!(patience.album, Duration::from_secs(12 * 3600));
        let settings = Settings::from_pairs([("stall_timeout", ["soon"])]);
        let error = read(&settings).unwrap_err();
        assert!(
            error.message.contains("`stall_timeout` is `soon`"),
            "{error}"
        );
    }

    #[test]
    fn the_key_shows_in_no_debug_text() {
        let settings = Settings::from_pairs([
            ("url", ["http://h"]),
            ("api_key", ["hunter2"]),
            ("path_map", ["/music"]),
        ]);
        let text = format!("{:?}", read(&settings).unwrap());
        assert!(
            text.contains("Complete") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
