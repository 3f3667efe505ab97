//! Which servers one source may talk to, judged by name before a request is made and by address
//! when its connection is.
//!
//! A plugin, and a server that answers it, may name any host: a redirect or a cover's URL could lead
//! to the router, to a service of the machine that asks no password, or to a cloud's metadata.
//! So addresses outside the public internet are reached only at servers that the user's config
//! names: a URL among the settings grants that scheme, host and port ([`Grant`]), not the other
//! services of its machine. The addresses that are checked are those that are connected to: a
//! name that resolves differently a moment later gains nothing.
//!
//! Behind a proxy it is the proxy that resolves names, and its rules decide what they may be.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use musicdl_plugin_api::SourceError;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::closed_kind;
use super::grant::Grant;
use super::net::Lookup;

/// What one source may reach.
#[derive(Debug)]
pub(super) struct Reach {
    /// Named by the user: reached at any address, whatever the plugin declares.
    granted: Vec<Grant>,
    /// Where the plugin says it goes; empty: anywhere.
    declared: Vec<String>,
    /// Connections to these hosts end at the proxy.
    proxies: Vec<String>,
    lookup: Lookup,
}

/// How a plugin came to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// It asked for it.
    Asked,
    /// A server it asked sent it there.
    Redirected,
}

/// Why a host is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OutOfReach {
    #[error(
        "{host} is at {address}, an address {kind}; a plugin reaches such hosts only if the \
         config names them: write `{host}` into `network.allow_hosts`, or into a URL among the \
         source's settings"
    )]
    Closed {
        host: String,
        address: IpAddr,
        kind: &'static str,
    },
    #[error(
        "{host} is this machine itself; a plugin reaches it only if the config names it: write \
         `{host}` into `network.allow_hosts`, or into a URL among the source's settings"
    )]
    ThisMachine { host: String },
    #[error(
        "{asked} is not the server that the config names ({granted}); to let plugins reach \
         another port of {host}, write `{asked}` into `network.allow_hosts`"
    )]
    OtherPort {
        asked: String,
        host: String,
        granted: String,
    },
    #[error(
        "{host} is the proxy; a plugin reaches it only if the config names it in \
         `network.allow_hosts`"
    )]
    Proxy { host: String },
    #[error(
        "{host} is none of the hosts that the plugin declares ({declared}); if it is right, \
         write `{host}` into `network.allow_hosts`"
    )]
    Undeclared { host: String, declared: String },
}

impl From<OutOfReach> for SourceError {
    fn from(refusal: OutOfReach) -> Self {
        SourceError::permanent(refusal.to_string())
    }
}

impl Reach {
    pub(super) fn new(
        granted: impl IntoIterator<Item = Grant>,
        declared: impl IntoIterator<Item = String>,
        proxies: &[String],
        lookup: &Lookup,
    ) -> Self {
        Self {
            granted: granted.into_iter().collect(),
            declared: declared.into_iter().map(|host| plain(&host)).collect(),
            proxies: proxies.iter().map(|host| plain(host)).collect(),
            lookup: lookup.clone(),
        }
    }

    /// Whether the user named the server of that URL. Then its address does not matter.
    pub(super) fn is_granted(&self, url: &Url) -> bool {
        self.granted.iter().any(|grant| grant.covers(url))
    }

    /// Whether a request may be sent to that URL, as far as its words tell. Addresses in it are
    /// judged here, because nothing is looked up for them.
    pub(super) fn check(&self, url: &Url, leg: Leg) -> Result<(), OutOfReach> {
        if self.is_granted(url) {
            return Ok(());
        }
        let host = plain(url.host_str().unwrap_or_default());
        if let Some(refusal) = self.other_port(&host, url) {
            return Err(refusal);
        }
        match host.parse() {
            Ok(address) => {
                if let Some(kind) = closed_kind(address) {
                    return Err(OutOfReach::Closed {
                        host,
                        address,
                        kind,
                    });
                }
            }
            // By name too, because a proxy would look it up on its own machine.
            Err(_) if is_loopback(&host) => {
                return Err(OutOfReach::ThisMachine { host });
            }
            Err(_) => {}
        }
        if self.proxies.contains(&host) {
            return Err(OutOfReach::Proxy { host });
        }
        let is_declared = self.declared.is_empty()
            || self.declared.iter().any(|known| {
                let rest = host.strip_suffix(known.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            });
        match leg {
            Leg::Asked if !is_declared => Err(OutOfReach::Undeclared {
                host,
                declared: self.declared.join(", "),
            }),
            Leg::Asked | Leg::Redirected => Ok(()),
        }
    }

    /// The refusal of another port of a machine at home that the user named. A public host is
    /// not refused: its ports are open to all.
    fn other_port(&self, host: &str, url: &Url) -> Option<OutOfReach> {
        let is_home = host.parse().is_ok_and(|ip| closed_kind(ip).is_some()) || is_loopback(host);
        let granted: Vec<_> = self.granted.iter().filter(|g| g.host == host).collect();
        let port = url.port_or_known_default().unwrap_or_default();
        (is_home && !granted.is_empty()).then(|| OutOfReach::OtherPort {
            asked: format!("{}:{port}", url.host_str().unwrap_or_default()),
            host: host.to_owned(),
            granted: joined(&granted),
        })
    }

    /// Of the addresses of a host those that may be connected to, if the user did not name the
    /// server.
    fn admit(&self, host: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, OutOfReach> {
        if self.proxies.iter().any(|proxy| proxy == host) {
            return Ok(addresses);
        }
        let mut closed = None;
        let open: Vec<_> = addresses
            .into_iter()
            .filter(|&address| {
                let kind = closed_kind(address).filter(|_| !self.has_every_port(address));
                closed = closed.or(kind.map(|kind| (address, kind)));
                kind.is_none()
            })
            .collect();
        match closed {
            Some((address, kind)) if open.is_empty() => Err(OutOfReach::Closed {
                host: host.to_owned(),
                address,
                kind,
            }),
            Some(_) | None => Ok(open),
        }
    }

    /// Whether the user named the address without a port. One with a port says nothing here:
    /// names are looked up before the port is known.
    fn has_every_port(&self, address: IpAddr) -> bool {
        let address = address.to_string();
        let mut all = self.granted.iter();
        all.any(|grant| grant.port.is_none() && grant.host == address)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

fn joined(grants: &[&Grant]) -> String {
    let names: Vec<_> = grants.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// A host as it is compared: URLs have brackets around IPv6, and names may end with the dot of
/// the root.
pub(super) fn plain(host: &str) -> String {
    host.trim_start_matches('[')
        .trim_end_matches([']', '.'])
        .to_ascii_lowercase()
}

/// The end of a connection: [`Reach`] where reqwest asks for addresses.
pub(super) struct Resolver {
    pub(super) reach: Arc<Reach>,
    /// Whether it is asked only for servers that the user named.
    pub(super) granted: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, granted) = (Arc::clone(&self.reach), self.granted);
        Box::pin(async move {
            let host = plain(name.as_str());
            let found = reach.lookup.addresses(&host).await?;
            let admitted = match granted {
                true => found,
                false => reach.admit(&host, found)?,
            };
            // Port 0 stands for the one of the URL.
            let addresses = admitted.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

impl Lookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => {
                let found = tokio::net::lookup_host((host, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
            Self::Table(table) => table.get(host).cloned().ok_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, "the table has no such name")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allowed: &[&str], declared: &[&str]) -> Reach {
        let granted: Vec<_> = allowed.iter().map(|host| Grant::of_host(host)).collect();
        reach_of(granted, declared)
    }

    fn reach_of(granted: Vec<Grant>, declared: &[&str]) -> Reach {
        let declared = declared.iter().map(|&host| host.to_owned());
        let proxies = ["Proxy.example".to_owned()];
        Reach::new(granted, declared, &proxies, &Lookup::System)
    }

    #[test]
    fn a_server_that_the_user_named_opens_no_other_port_of_its_machine() {
        let named = [
            "http://127.0.0.1:4533",
            "http://nas.lan",
            "http://localhost:1",
        ];
        let named = named.map(|url| url.parse().unwrap());
        let reach = reach_of(named.iter().map(Grant::of_server).collect(), &[]);
        for (url, goes) in [
            ("http://127.0.0.1:4533/rest", true),
            ("http://127.0.0.1:4534/admin", false),
            ("http://127.0.0.1/", false),
            ("https://127.0.0.1:4533/", false),
            ("http://localhost:4533/", false),
            ("http://localhost:1/", true),
            ("http://nas.lan/", true),
            ("https://nas.lan/", true),
        ] {
            let url: Url = url.parse().unwrap();
            for leg in [Leg::Asked, Leg::Redirected] {
                assert_eq!(reach.check(&url, leg).is_ok(), goes, "{url} {leg:?}");
            }
        }
        // By its name it may be public; its addresses decide.
        assert!(!reach.is_granted(&"http://nas.lan:8080/".parse().unwrap()));
        let other = reach.admit("nas.lan", vec!["10.0.0.1".parse().unwrap()]);
        assert!(matches!(other, Err(OutOfReach::Closed { .. })), "{other:?}");
        let other: Url = "http://127.0.0.1:4534/admin".parse().unwrap();
        assert_eq!(
            reach
                .check(&other, Leg::Redirected)
                .unwrap_err()
                .to_string(),
            "127.0.0.1:4534 is not the server that the config names (http://127.0.0.1:4533); to \
             let plugins reach another port of 127.0.0.1, write `127.0.0.1:4534` into \
             `network.allow_hosts`"
        );
    }

    #[test]
    fn a_url_is_judged_by_its_host_however_it_is_written() {
        let reach = reach(&["nas.lan", "192.168.1.4", "fd00::7"], &[]);
        for (url, goes) in [
            ("https://music.example/x", true),
            ("https://8.8.8.8/", true),
            ("http://nas.lan:4533/", true),
            ("http://NAS.lan./", true),
            ("http://192.168.1.4/", true),
            ("http://[fd00::7]:80/", true),
            ("http://[FD00:0::7]/", true),
            ("http://192.168.1.5/", false),
            ("http://[fd00::8]/", false),
            ("http://127.0.0.1/", false),
            ("http://127.1/", false),
            ("http://2130706433/", false),
            ("http://0x7f.0.0.1/", false),
            ("http://0177.0.0.1/", false),
            ("http://0/", false),
            ("http://127.0.0.1./", false),
            ("http://%31%32%37.0.0.1/", false),
            ("http://１２７.０.０.１/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://[::ffff:c0a8:104]/", false),
            ("http://localhost/", false),
            ("http://LocalHost./", false),
            ("http://a.localhost/", false),
            ("http://proxy.example:3128/", false),
        ] {
            let url: Url = url.parse().unwrap();
            for leg in [Leg::Asked, Leg::Redirected] {
                assert_eq!(reach.check(&url, leg).is_ok(), goes, "{url} {leg:?}");
            }
        }
    }

    #[test]
    fn a_plugin_asks_where_it_declares_and_is_sent_anywhere_public() {
        let reach = reach(&["nas.lan"], &["Example.org", "example.com"]);
        for (url, asked, redirected) in [
            ("https://example.org/", true, true),
            ("https://api.example.org/", true, true),
            ("https://example.com./", true, true),
            ("http://nas.lan/", true, true),
            ("https://badexample.org/", false, true),
            ("https://example.org.evil.example/", false, true),
            ("https://8.8.8.8/", false, true),
            ("http://10.0.0.1/", false, false),
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(reach.check(&url, Leg::Asked).is_ok(), asked, "{url}");
            let sent = reach.check(&url, Leg::Redirected);
            assert_eq!(sent.is_ok(), redirected, "{url}");
        }
    }

    #[test]
    fn of_the_addresses_of_a_name_the_closed_ones_are_left_out() {
        let reach = reach(&["nas.lan", "192.168.1.4"], &[]);
        for (host, found, admitted) in [
            ("a.example", &["8.8.8.8", "::1"][..], Some(&["8.8.8.8"][..])),
            ("a.example", &["10.0.0.1", "fe80::1"], None),
            (
                "a.example",
                &["192.168.1.4", "10.0.0.1"],
                Some(&["192.168.1.4"]),
            ),
            ("a.example", &[], Some(&[])),
            ("proxy.example", &["10.0.0.1"], Some(&["10.0.0.1"])),
        ] {
            let parsed = |list: &[&str]| -> Vec<IpAddr> {
                list.iter()
                    .map(|address| address.parse().unwrap())
                    .collect()
            };
            let outcome = reach.admit(host, parsed(found));
            assert_eq!(outcome.ok(), admitted.map(parsed), "{host} {found:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_write_where() {
        let reach = reach(&[], &["example.org"]);
        for (url, says) in [
            (
                "http://192.168.1.4:5030/x?p=hunter2",
                &["192.168.1.4", "private network", "network.allow_hosts"][..],
            ),
            ("http://localhost/", &["localhost", "network.allow_hosts"]),
            (
                "https://evil.example/",
                &["evil.example", "(example.org)", "network.allow_hosts"],
            ),
        ] {
            let url: Url = url.parse().unwrap();
            let refusal = reach.check(&url, Leg::Asked).unwrap_err().to_string();
            for word in says {
                assert!(refusal.contains(word), "{refusal}");
            }
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
    }
}
