//! Where a server of the user's own is, and the key to it, as its plugin takes both from its
//! settings. Whether they work is found out by asking.

use std::fmt;
use std::net::IpAddr;

/// A text that no log shows.
///
/// ```
/// use musicdl_plugin_api::Secret;
/// let key = Secret::new("hunter2");
/// assert_eq!(format!("{key:?} {}", key.reveal()), "[secret] hunter2");
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text as a secret.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What a source's settings come to. A setting that is missing is not an error: the source is
/// there and says what it lacks.
///
/// ```
/// use musicdl_plugin_api::{Configured, Settings};
/// fn read(settings: &Settings) -> Configured<String> {
///     match settings.text("url") {
///         Some(url) => Configured::Complete(url.to_owned()),
///         None => Configured::Incomplete("set `url` to the address of your server".to_owned()),
///     }
/// }
/// assert!(matches!(read(&Settings::default()), Configured::Incomplete(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Configured<T> {
    /// Everything is there.
    Complete(T),
    /// What the user still has to set, in a sentence.
    Incomplete(String),
}

/// The address of a server, without the path of its API and without a final `/`.
///
/// ```
/// use musicdl_plugin_api::ServerUrl;
/// let server = ServerUrl::parse("HTTP://Nas:80/music/api/v1/", &["/v1", "/api"])?;
/// assert_eq!(server.base(), "http://nas/music");
/// assert_eq!(server.host(), "nas");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    base: String,
    host: String,
    encrypted: bool,
}

impl ServerUrl {
    /// Takes an address as its user opens it in a browser. What users copy with it of the
    /// path of the API, `api` has, the last part first.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the address, without repeating what may be a
    /// secret in it.
    pub fn parse(text: &str, api: &[&str]) -> Result<Self, &'static str> {
        let (scheme, rest) = text
            .trim()
            .split_once("://")
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
            .filter(|(scheme, _)| scheme == "http" || scheme == "https")
            .ok_or("it does not begin with http:// or https://")?;
        if rest.contains(['?', '#']) || rest.contains(char::is_whitespace) {
            return Err("it has a query, a fragment or a blank in it");
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("a login in it is not used: there are settings for that");
        }
        let authority = authority.to_ascii_lowercase();
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        let host = host_of(authority);
        if host.is_empty() {
            return Err("it names no host");
        }
        let mut path = path.trim_end_matches('/');
        for part in api {
            path = path
                .strip_suffix(part)
                .unwrap_or(path)
                .trim_end_matches('/');
        }
        Ok(Self {
            base: format!("{scheme}://{authority}{path}"),
            host: host.to_owned(),
            encrypted: scheme == "https",
        })
    }

    /// As the user would write it.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Name or address of the machine.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether others on the way can read along: plain HTTP to another machine.
    pub fn is_overheard(&self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_users_write_it() {
        for (text, base) in [
            ("http://h:5030", "http://h:5030"),
            (" http://h:5030/ ", "http://h:5030"),
            ("HTTP://Music.Example:80/", "http://music.example"),
            ("https://h:443", "https://h"),
            ("http://h:443", "http://h:443"),
            ("https://h:4533/Music//", "https://h:4533/Music"),
            ("http://h/sub/api/v1/", "http://h/sub"),
            ("http://h/api", "http://h"),
            ("http://h/v1", "http://h"),
            ("http://h/api/v2", "http://h/api/v2"),
            ("http://[::1]:5030", "http://[::1]:5030"),
        ] {
            let server = ServerUrl::parse(text, &["/v1", "/api"]).unwrap();
            assert_eq!(server.base(), base, "{text}");
        }
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for text in [
            "music.example",
            "nas:5030",
            "ftp://music.example",
            "http://",
            "http://:4533",
            "http://ann:s3cret@music.example",
            "http://music.example/?p=s3cret",
            "http://music example",
        ] {
            let why = ServerUrl::parse(text, &[]).unwrap_err();
            assert!(!why.contains("s3cret"), "{text}: {why}");
        }
    }

    #[test]
    fn only_plain_http_to_another_machine_is_overheard() {
        for (text, overheard) in [
            ("http://music.example", true),
            ("http://192.168.1.2:4533", true),
            ("http://localhost.example", true),
            ("https://music.example", false),
            ("http://localhost:4533", false),
            ("http://nas.localhost", false),
            ("http://127.8.0.1", false),
            ("http://[::1]:4533", false),
        ] {
            let server = ServerUrl::parse(text, &[]).unwrap();
            assert_eq!(server.is_overheard(), overheard, "{text}");
        }
    }
}
