//! One source's end of the network: its own clients, its own connections, its own reach.
//!
//! Every source has clients of its own, though all are made alike. What a source may reach is
//! decided when a connection is made; from a pool that all share, a source could be handed a
//! connection to a host at home that another one was allowed to open. Judging each request
//! before it goes to a shared pool would not do either: between the judgement and the
//! connection a name may change its address. The price is small, because sources talk to
//! different servers anyway, and trusted roots are read once and shared ([`HostNet`]).
//!
//! There are two for the same reason: one for the servers that the user named, which are reached
//! at any address, and one for all others. A name is looked up without its port, so a single
//! client could not tell the named server from another port of the same host.

use std::sync::Arc;

use reqwest::{Client, Url};

use super::grant::Grant;
use super::net::HostNet;
use super::reach::{Reach, Resolver};
use super::traffic::Tape;
use crate::music::SourceName;
use crate::plugin::services::SourceFacts;
use crate::plugin::services::secrets::Secrets;

/// The HTTP clients of one source.
pub(in crate::plugin::services) struct SourceNet {
    pub(super) host: Arc<HostNet>,
    /// For servers that the user named.
    granted: Client,
    /// For all others.
    open: Client,
    pub(super) reach: Arc<Reach>,
    pub(super) tape: Tape,
}

impl SourceNet {
    /// Touches neither disk nor network.
    pub(in crate::plugin::services) fn new(
        host: Arc<HostNet>,
        name: &SourceName,
        facts: &SourceFacts,
        secrets: Arc<Secrets>,
    ) -> Self {
        let allowed = host.options.allow_hosts.iter();
        let reach = Arc::new(Reach::new(
            allowed
                .map(|host| Grant::of_host(host))
                .chain(facts.named_servers.iter().map(Grant::of_server)),
            facts.declared_hosts.iter().cloned(),
            &host.proxies,
            &host.options.lookup,
        ));
        let client = |granted| {
            let reach = Arc::clone(&reach);
            host.builder()
                .map(|builder| builder.dns_resolver(Resolver { reach, granted }))
                .expect("the proxy was understood when `host` was made")
                .build()
                .expect("a client like this one was made when `host` was")
        };
        Self {
            tape: Tape::of(&host.options.traffic, name, secrets),
            granted: client(true),
            open: client(false),
            host,
            reach,
        }
    }

    /// The client for that URL, which [`Reach::check`] has let pass.
    pub(super) fn client(&self, url: &Url) -> &Client {
        match self.reach.is_granted(url) {
            true => &self.granted,
            false => &self.open,
        }
    }
}
