//! Where names lead in a test: to this machine or nowhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Keeps every connection on this machine.
#[derive(Debug)]
pub(super) struct LoopbackNames {
    names: Vec<(String, SocketAddr)>,
}

impl LoopbackNames {
    /// Each of those names leads to that address.
    pub(super) fn new(names: Vec<(String, SocketAddr)>) -> Self {
        Self { names }
    }
}

impl Resolver for LoopbackNames {
    fn resolve(
        &self,
        uri: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let name = uri.host().unwrap_or_default();
        let given = self.names.iter().find(|(known, _)| known == name);
        let addr = match given {
            Some((_, addr)) => *addr,
            None => {
                let ip = if name == "localhost" {
                    Ok(IpAddr::V4(Ipv4Addr::LOCALHOST))
                } else {
                    name.trim_matches(['[', ']']).parse()
                };
                let ip = ip.map_err(|_| ureq::Error::HostNotFound)?;
                SocketAddr::new(ip, uri.port_u16().unwrap_or(80))
            }
        };
        if !addr.ip().is_loopback() {
            let refusal = format!("{addr} is not on this machine, and a test stays on it");
            return Err(ureq::Error::Other(refusal.into()));
        }
        let mut addrs = self.empty();
        addrs.push(addr);
        Ok(addrs)
    }
}
