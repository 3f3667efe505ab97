//! One source's end of the network: its own client, its own connections, its own reach.
//!
//! Every source has a client of its own, though all are made alike. What a source may reach is
//! decided when a connection is made; from a pool that all share, a source could be handed a
//! connection to a host at home that another one was allowed to open. Judging each request
//! before it goes to a shared pool would not do either: between the judgement and the
//! connection a name may change its address. The price is small, because sources talk to
//! different servers anyway, and trusted roots are read once and shared ([`HostNet`]).

use std::sync::Arc;

use reqwest::Client;

use super::net::HostNet;
use super::reach::{Reach, Resolver};
use super::traffic::Tape;
use crate::music::SourceName;
use crate::plugin::services::SourceFacts;
use crate::plugin::services::secrets::Secrets;

/// The HTTP client of one source.
pub(in crate::plugin::services) struct SourceNet {
    pub(super) host: Arc<HostNet>,
    pub(super) client: Client,
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
        let named = host.options.allow_hosts.iter().chain(&facts.named_hosts);
        let reach = Arc::new(Reach::new(
            named.cloned(),
            facts.declared_hosts.iter().cloned(),
            &host.proxies,
            &host.options.lookup,
        ));
        let client = host
            .builder()
            .map(|builder| builder.dns_resolver(Resolver(Arc::clone(&reach))))
            .expect("the proxy was understood when `host` was made")
            .build()
            .expect("a client like this one was made when `host` was");
        Self {
            tape: Tape::of(&host.options.traffic, name, secrets),
            host,
            client,
            reach,
        }
    }
}
