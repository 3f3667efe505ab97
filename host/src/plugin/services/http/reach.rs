//! Which hosts one source may talk to, judged by name before a request is made and by address
//! when its connection is.
//!
//! A plugin, and whoever answers it, may name any host: a redirect or a cover's URL could lead
//! to the router, to a service of the machine that asks no password, or to a cloud's metadata.
//! So addresses outside the public internet are reached only under names, or at addresses,
//! that the user's config names. The addresses that are checked are those that are connected
//! to: a name that resolves differently a moment later gains nothing.
//!
//! Behind a proxy it is the proxy that resolves names, and its rules decide what they may be.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use musicdl_plugin_api::SourceError;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::closed_kind;
use super::net::Lookup;

/// What one source may reach.
#[derive(Debug)]
pub(super) struct Reach {
    /// Named by the user: at whatever address, whatever the plugin declares.
    named: Vec<String>,
    /// Where the plugin says it goes; empty: anywhere.
    declared: Vec<String>,
    /// Of the connections to them somebody else is the end.
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
        named: impl IntoIterator<Item = String>,
        declared: impl IntoIterator<Item = String>,
        proxies: &[String],
        lookup: &Lookup,
    ) -> Self {
        let plain = |hosts: &mut dyn Iterator<Item = String>| {
            hosts.map(|host| plain(&host)).collect::<Vec<_>>()
        };
        Self {
            named: plain(&mut named.into_iter()),
            declared: plain(&mut declared.into_iter()),
            proxies: plain(&mut proxies.iter().cloned()),
            lookup: lookup.clone(),
        }
    }

    /// Whether a request may be sent to that URL, as far as its words tell. Addresses in it are
    /// judged here, because nothing is looked up for them.
    pub(super) fn check(&self, url: &Url, leg: Leg) -> Result<(), OutOfReach> {
        let host = plain(url.host_str().unwrap_or_default());
        if self.is_named(&host) {
            return Ok(());
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
            Err(_) if host == "localhost" || host.ends_with(".localhost") => {
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

    /// Of the addresses of a host those that may be connected to.
    fn admit(&self, host: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, OutOfReach> {
        if self.is_named(host) || self.proxies.iter().any(|proxy| proxy == host) {
            return Ok(addresses);
        }
        let mut closed = None;
        let open: Vec<_> = addresses
            .into_iter()
            .filter(|&address| {
                let kind = closed_kind(address).filter(|_| !self.is_named(&address.to_string()));
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

    fn is_named(&self, host: &str) -> bool {
        self.named.iter().any(|named| named == host)
    }
}

/// A host as it is compared: URLs have brackets around IPv6, and names may end with the dot of
/// the root.
pub(super) fn plain(host: &str) -> String {
    host.trim_start_matches('[')
        .trim_end_matches([']', '.'])
        .to_ascii_lowercase()
}

/// The end of a connection: [`Reach`] where reqwest asks for addresses.
pub(super) struct Resolver(pub(super) Arc<Reach>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let host = plain(name.as_str());
            let found = reach.lookup.addresses(&host).await?;
            let admitted = reach.admit(&host, found)?;
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

    fn reach(named: &[&str], declared: &[&str]) -> Reach {
        let owned = |hosts: &[&str]| {
            hosts
                .iter()
                .map(|&host| host.to_owned())
                .collect::<Vec<_>>()
        };
        let proxies = ["Proxy.example".to_owned()];
        Reach::new(owned(named), owned(declared), &proxies, &Lookup::System)
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
            ("nas.lan", &["10.0.0.1"], Some(&["10.0.0.1"])),
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
