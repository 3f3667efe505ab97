//! A server, or a host, that the user's config lets a plugin reach wherever it is.

use std::fmt;

use reqwest::Url;

use super::reach::plain;

/// What the user named: an origin where it is a URL, a host where it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// `None`: either.
    scheme: Option<String>,
    pub(super) host: String,
    /// `None`: every port.
    pub(super) port: Option<u16>,
}

impl Grant {
    /// The server of that URL: its scheme, host and port.
    pub(super) fn of_server(url: &Url) -> Self {
        Self {
            scheme: Some(url.scheme().to_owned()),
            host: plain(url.host_str().unwrap_or_default()),
            port: url.port_or_known_default(),
        }
    }

    /// `HOST`, every port of it, or `HOST:PORT`; an address of IPv6 has brackets before a port.
    pub(super) fn of_host(text: &str) -> Self {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().ok())
            }
            Some(_) | None => (text, None),
        };
        Self {
            scheme: None,
            // What has no port that can be read is a host as a whole, which none is called.
            host: plain(if port.is_some() { host } else { text }),
            port,
        }
    }

    pub(super) fn covers(&self, url: &Url) -> bool {
        plain(url.host_str().unwrap_or_default()) == self.host
            && (self.is_origin_of(url) || self.is_upgraded_by(url))
    }

    fn is_origin_of(&self, url: &Url) -> bool {
        let scheme = self.scheme.as_deref();
        scheme.is_none_or(|scheme| scheme == url.scheme())
            && self
                .port
                .is_none_or(|port| Some(port) == url.port_or_known_default())
    }

    /// From http to https on the ports of these schemes: the same server, found safer.
    fn is_upgraded_by(&self, url: &Url) -> bool {
        let (scheme, port) = (self.scheme.as_deref(), self.port);
        (scheme, port) == (Some("http"), Some(80))
            && (url.scheme(), url.port_or_known_default()) == ("https", Some(443))
    }
}

/// As the user would write it.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        match (self.scheme.as_deref(), self.port) {
            (Some("http"), Some(80)) | (Some("https"), Some(443)) | (_, None) => Ok(()),
            (_, Some(port)) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_covers_every_port_and_a_server_its_own() {
        for (grant, shown, covered, others) in [
            (
                Grant::of_host("NAS.lan."),
                "nas.lan",
                &["http://nas.lan", "https://nas.lan:5030"][..],
                &["http://nas.example"][..],
            ),
            (
                Grant::of_host("nas.lan:5030"),
                "nas.lan:5030",
                &["http://nas.lan:5030", "https://nas.lan:5030"],
                &["http://nas.lan", "http://nas.lan:5031"],
            ),
            (
                Grant::of_host("fd00::7"),
                "[fd00::7]",
                &["http://[fd00::7]:80"],
                &["http://[fd00::8]"],
            ),
            (
                Grant::of_host("[fd00::7]:81"),
                "[fd00::7]:81",
                &["http://[fd00::7]:81"],
                &["http://[fd00::7]"],
            ),
            (
                Grant::of_server(&"http://nas.lan:80/music".parse().unwrap()),
                "http://nas.lan",
                &["http://nas.lan", "https://nas.lan"],
                &[
                    "http://nas.lan:443",
                    "https://nas.lan:80",
                    "http://nas.lan:8080",
                ],
            ),
            (
                Grant::of_server(&"https://nas.lan".parse().unwrap()),
                "https://nas.lan",
                &["https://nas.lan:443"],
                &["http://nas.lan", "http://nas.lan:443"],
            ),
        ] {
            assert_eq!(grant.to_string(), shown);
            for url in covered {
                assert!(grant.covers(&url.parse().unwrap()), "{grant} {url}");
            }
            for url in others {
                assert!(!grant.covers(&url.parse().unwrap()), "{grant} {url}");
            }
        }
    }
}
