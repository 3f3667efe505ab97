//! Settings -> where slskd is, how it is spoken to, and how patient we are with peers.
//! Whether any of it works is found out by `server`.

use std::time::Duration;

use musicdl_plugin_api::{PathMap, Secret, ServerUrl, Settings, SourceError};

/// What users copy with an address.
const API: [&str; 1] = ["/api/v0"];
/// slskd's own default, which its network got used to.
const SILENCE: u64 = 15;
/// Beyond it a search would be stopped before it is silent: see `search`.
const LONGEST_SILENCE: u64 = 40;
const QUEUE_LIMIT: u64 = 600;
const STALL_LIMIT: u64 = 60;

/// What the settings come to.
pub(crate) type Configured = musicdl_plugin_api::Configured<Options>;

/// One slskd, and what is asked of it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) address: ServerUrl,
    pub(crate) key: Secret,
    /// Where slskd's downloads directory is on this machine. `None`: under slskd's own name.
    pub(crate) paths: Option<PathMap>,
    pub(crate) patience: Patience,
    /// Whether slskd's copy of a finished file is removed once ours is whole.
    pub(crate) remove_finished: bool,
}

/// How long a peer, or all of them, may keep us waiting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// A search ends when no peer answered for so long.
    pub(crate) search_silence: Duration,
    /// In queues before the first byte, altogether.
    pub(crate) queue: Duration,
    /// Without a new byte.
    pub(crate) stall: Duration,
}

/// Reads the settings. A setting that is missing makes them incomplete.
///
/// # Errors
/// `NotConfigured` when a setting is present but invalid.
pub(crate) fn read(settings: &Settings) -> Result<Configured, SourceError> {
    let Some(url) = settings.text("url") else {
        return Ok(Configured::Incomplete(
            "set `url` to the address of your slskd".to_owned(),
        ));
    };
    let address = ServerUrl::parse(url, &API)
        .map_err(|why| SourceError::not_configured(format!("`url` is not an address: {why}")))?;
    let Some(key) = settings.text("api_key") else {
        return Ok(Configured::Incomplete(
            "set `api_key` to a key from slskd's `web.authentication.api_keys`".to_owned(),
        ));
    };
    let seconds = |key: &str, default: u64, most: u64| match settings.text(key) {
        None => Ok(Duration::from_secs(default)),
        Some(_) => settings
            .number(key)
            .filter(|seconds| (1..=most).contains(seconds))
            .map(Duration::from_secs)
            .ok_or_else(|| {
                SourceError::not_configured(format!("`{key}` has to be 1 to {most} seconds"))
            }),
    };
    Ok(Configured::Complete(Options {
        address,
        key: Secret::new(key),
        paths: PathMap::parse(settings.list("path_map")).map_err(SourceError::not_configured)?,
        patience: Patience {
            search_silence: seconds("search_silence", SILENCE, LONGEST_SILENCE)?,
            queue: seconds("queue_limit", QUEUE_LIMIT, 7 * 24 * 3600)?,
            stall: seconds("stall_limit", STALL_LIMIT, 3600)?,
        },
        remove_finished: settings.flag("remove_finished").unwrap_or(false),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_copied_with_the_path_of_the_api_is_the_servers() {
        for text in ["http://h/x/api/v0/", "http://h/x"] {
            let settings = Settings::from_pairs([("url", [text]), ("api_key", ["k"])]);
            match read(&settings).unwrap() {
                Configured::Complete(options) => assert_eq!(options.address.base(), "http://h/x"),
                Configured::Incomplete(missing) => panic!("{text}: {missing}"),
            }
        }
    }

    #[test]
    fn a_setting_that_cannot_be_meant_is_refused_without_repeating_a_secret() {
        for (key, value) in [
            ("url", "nas:5030"),
            ("url", "ftp://nas"),
            ("url", "http://"),
            ("url", "http://ann:s3cret@nas:5030"),
            ("url", "http://nas/?k=s3cret"),
            ("search_silence", "0"),
            ("search_silence", "41"),
            ("queue_limit", "0"),
            ("stall_limit", "x"),
            ("path_map", "downloads => /srv"),
        ] {
            let mut pairs = vec![("url", "http://nas:5030"), ("api_key", "s3cret")];
            pairs.retain(|(known, _)| *known != key);
            pairs.push((key, value));
            let settings = Settings::from_pairs(pairs.into_iter().map(|(k, v)| (k, [v])));
            let error = read(&settings).unwrap_err();
            assert_eq!(error.kind, musicdl_plugin_api::ErrorKind::NotConfigured);
            assert!(!error.message.contains("s3cret"), "{error}");
        }
    }
}
