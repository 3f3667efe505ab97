//! Settings -> where slskd is, how it is spoken to, and how patient we are with peers.
//! Whether any of it works is found out by `server`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use musicdl_plugin_api::{Settings, SourceError};

/// slskd's own default, which its network got used to.
const SILENCE: u64 = 15;
/// Beyond it a search would be stopped before it is silent: see `search`.
const LONGEST_SILENCE: u64 = 40;
const QUEUE_LIMIT: u64 = 600;
const STALL_LIMIT: u64 = 60;

/// What the settings come to.
#[derive(Debug)]
pub(crate) enum Configured {
    /// Everything is there.
    Complete(Options),
    /// What the user still has to set, in a sentence.
    Incomplete(String),
}

/// One slskd, and what is asked of it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) address: Address,
    pub(crate) key: Secret,
    /// slskd's downloads directory as this machine sees it. `None`: under slskd's own name.
    pub(crate) downloads_dir: Option<PathBuf>,
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

/// A text that no log shows.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The address of slskd as its user opens it in a browser, without a final `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    base: String,
    host: String,
    encrypted: bool,
}

impl Address {
    /// # Errors
    /// A sentence that says what is wrong, without repeating what may be a secret in it.
    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
            .filter(|(scheme, _)| scheme == "http" || scheme == "https")
            .ok_or("it does not begin with http:// or https://")?;
        if rest.contains(['?', '#']) || rest.contains(char::is_whitespace) {
            return Err("it has a query, a fragment or a blank in it".to_owned());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("a login in it is not used: set `api_key`".to_owned());
        }
        let authority = authority.to_ascii_lowercase();
        let host = host_of(&authority);
        if host.is_empty() {
            return Err("it names no host".to_owned());
        }
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix("/api/v0").unwrap_or(path);
        Ok(Self {
            base: format!("{scheme}://{authority}{}", path.trim_end_matches('/')),
            host: host.to_owned(),
            encrypted: scheme == "https",
        })
    }

    /// The URL of a route below the API.
    pub(crate) fn route(&self, path: &str) -> String {
        format!("{}/api/v0/{path}", self.base)
    }

    /// As the user would write it.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Name or address of the machine.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether others on the way can read along.
    pub(crate) fn is_overheard(&self) -> bool {
        let loopback = self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        !self.encrypted && !loopback
    }
}

/// The host of `host:port` or `[v6]:port`, without the brackets.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Reads the settings. A setting that is missing makes them incomplete.
///
/// # Errors
/// `NotConfigured` when a setting is there and cannot be meant.
pub(crate) fn read(settings: &Settings) -> Result<Configured, SourceError> {
    let Some(url) = settings.text("url") else {
        return Ok(Configured::Incomplete(
            "set `url` to the address of your slskd".to_owned(),
        ));
    };
    let address = Address::parse(url)
        .map_err(|why| SourceError::not_configured(format!("`url` is no address: {why}")))?;
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
        key: Secret(key.to_owned()),
        downloads_dir: settings.text("downloads_dir").map(PathBuf::from),
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
    fn an_address_is_taken_as_users_write_it() {
        for (text, route) in [
            ("http://h:5030", "http://h:5030/api/v0/server"),
            ("http://h:5030/", "http://h:5030/api/v0/server"),
            ("HTTP://NAS:5030", "http://nas:5030/api/v0/server"),
            ("https://h/slskd//", "https://h/slskd/api/v0/server"),
            ("https://h/slskd/api/v0/", "https://h/slskd/api/v0/server"),
            ("http://[::1]:5030", "http://[::1]:5030/api/v0/server"),
        ] {
            assert_eq!(
                Address::parse(text).unwrap().route("server"),
                route,
                "{text}"
            );
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

    #[test]
    fn only_plain_http_to_another_machine_is_overheard() {
        for (text, overheard) in [
            ("http://nas:5030", true),
            ("http://192.168.1.2:5030", true),
            ("https://nas", false),
            ("http://localhost:5030", false),
            ("http://127.0.0.1:5030", false),
            ("http://[::1]:5030", false),
        ] {
            assert_eq!(
                Address::parse(text).unwrap().is_overheard(),
                overheard,
                "{text}"
            );
        }
    }
}
