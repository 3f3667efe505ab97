//! What the HTTP clients of all sources have in common: limits, way out, trust.

use std::collections::BTreeMap;
use std::env;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, Url, redirect};
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio::runtime::Handle;

use super::reach::plain;
use super::roots::{self, Roots};
use super::traffic::Traffic;
use super::wait::wait_for;

/// Largest header section of an answer, in bytes (announced by HTTP/2; measured by HTTP/1).
pub(super) const MAX_HEADERS: u32 = 64 * 1024;

/// A runtime that lives does a task that does nothing within this time.
const A_LOT_TO_DO: Duration = Duration::from_secs(1);

/// How connections leave this machine.
#[derive(Clone, Debug)]
pub enum Route {
    /// By the proxy of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, ...) or of the
    /// system, if there is one.
    SystemProxy,
    /// Straight to the server.
    Direct,
    /// By the proxy with that URL: `http`, `https`, `socks5` or `socks5h`, maybe with a login.
    /// Hosts in `NO_PROXY` are reached directly.
    Proxy(SecretString),
}

/// How names become addresses.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// As the system does it.
    System,
    /// By this table alone, names in lower case: for tests, which ask no server.
    Table(BTreeMap<String, Vec<IpAddr>>),
}

/// A body is given up when it comes slower than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowLimit {
    /// Bytes a second, on average over [`SlowLimit::over`].
    pub bytes_per_second: u64,
    /// How long to look before judging.
    pub over: Duration,
}

/// What holds for every exchange of every plugin.
#[derive(Clone, Debug)]
pub struct NetOptions {
    /// Longest time until a connection stands, name lookup and TLS included. Default 10 s.
    pub connect: Duration,
    /// Longest time from the start of a request to the head of its answer, connecting
    /// included. Counted anew after a redirect. Default 30 s.
    pub first_byte: Duration,
    /// Longest time without a byte of a body that has begun. Default 60 s.
    pub stall: Duration,
    /// Slowest body. Default 1 KiB a second over 120 s.
    pub slow: SlowLimit,
    /// Default: by the system's proxy.
    pub route: Route,
    /// Certificates, as PEM, that are trusted beside the system's. Default: none.
    pub ca_file: Option<PathBuf>,
    /// What a request says it is from, unless its plugin says otherwise. Default:
    /// `musicdl/VERSION`.
    pub user_agent: String,
    /// What every plugin may reach, wherever it is: `HOST` with all its ports, or `HOST:PORT`.
    /// Default: none.
    pub allow_hosts: Vec<String>,
    /// Default: the system's.
    pub lookup: Lookup,
    /// Whether what is said is kept. Default: not.
    pub traffic: Traffic,
}

impl Default for NetOptions {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            slow: SlowLimit {
                bytes_per_second: 1024,
                over: Duration::from_secs(120),
            },
            route: Route::SystemProxy,
            ca_file: None,
            user_agent: concat!("musicdl/", env!("CARGO_PKG_VERSION")).to_owned(),
            allow_hosts: Vec::new(),
            lookup: Lookup::System,
            traffic: Traffic::Live,
        }
    }
}

/// Why there is no HTTP for plugins. No variant holds the proxy's URL, in which a login may be.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The file of further certificates cannot be read.
    #[error("cannot read the certificates in {}: {source}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is in that file is not a certificate.
    #[error("{} has no certificate that can be used: {reason}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The proxy is not a URL, or of an unknown scheme.
    #[error("the proxy is not the URL of an http, https or socks5 proxy")]
    Proxy,
    /// The user agent has signs that no header may have.
    #[error("the user agent has characters that cannot be sent")]
    UserAgent,
    /// TLS or the proxy settings of the environment cannot be used.
    #[error("cannot set up HTTP; look at the proxy settings of the environment")]
    Client(#[source] reqwest::Error),
}

/// What all sources' clients are made from: one policy, one set of trusted roots, read once.
#[derive(Debug)]
pub struct HostNet {
    pub(super) options: NetOptions,
    pub(super) runtime: Handle,
    pub(super) roots: Roots,
    tls: ClientConfig,
    /// The hosts of the proxies in use, whose addresses are the user's choice.
    pub(super) proxies: Vec<String>,
}

impl HostNet {
    /// Makes what clients share whose exchanges run on that runtime, which needs IO, time and a
    /// worker thread of its own: a current-thread runtime moves only while a thread blocks on
    /// it.
    ///
    /// On a machine without root certificates this warns and goes on: servers at home are
    /// often plain `http`, and `https` then fails with a sentence that says why.
    ///
    /// # Errors
    /// When the options cannot be carried out: see [`NetError`].
    pub fn new(options: NetOptions, runtime: Handle) -> Result<Arc<Self>, NetError> {
        if HeaderValue::from_str(&options.user_agent).is_err() {
            return Err(NetError::UserAgent);
        }
        let (tls, roots) = roots::trust(options.ca_file.as_deref())?;
        let net = Self {
            proxies: proxy_hosts(&options.route)?,
            options,
            runtime,
            roots,
            tls,
        };
        // The first of many alike: where this one can be made, every source's can.
        net.builder()?.build().map_err(NetError::Client)?;
        Ok(Arc::new(net))
    }

    /// Whether the runtime has ended, or is about to: then its connections have ended with it,
    /// and not by a fault of a server.
    pub(super) fn is_over(&self) -> bool {
        let asked = Instant::now();
        let task = self.runtime.spawn(std::future::ready(()));
        // A runtime that is too busy to do anything for this long has not ended.
        let done = wait_for(pin!(task), || match asked.elapsed() < A_LOT_TO_DO {
            true => Ok(None),
            false => Err(()),
        });
        matches!(done, Ok(Err(_)))
    }

    /// A client in the making.
    pub(super) fn builder(&self) -> Result<ClientBuilder, NetError> {
        let options = &self.options;
        let builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(options.user_agent.as_str())
            .connect_timeout(options.connect)
            .http2_max_header_list_size(MAX_HEADERS)
            // By hand in `redirect`: reqwest would drop only the standard headers.
            .redirect(redirect::Policy::none())
            .referer(false);
        Ok(match &options.route {
            Route::SystemProxy => builder,
            Route::Direct => builder.no_proxy(),
            Route::Proxy(url) => {
                let proxy = Proxy::all(url.expose_secret()).map_err(|_| NetError::Proxy)?;
                builder.proxy(proxy.no_proxy(NoProxy::from_env()))
            }
        })
    }
}

/// The hosts of the proxies in use, as far as they are known: what a system keeps elsewhere
/// than in the environment is not, and a proxy of that kind in a private network must be named
/// in `allow_hosts`.
fn proxy_hosts(route: &Route) -> Result<Vec<String>, NetError> {
    let host = |url: &str| {
        let url = Url::parse(url).ok()?;
        let known = matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h");
        url.host_str().filter(|_| known).map(plain)
    };
    match route {
        Route::Direct => Ok(Vec::new()),
        Route::Proxy(url) => {
            let host = host(url.expose_secret()).ok_or(NetError::Proxy)?;
            Ok(vec![host])
        }
        Route::SystemProxy => Ok(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]
            .into_iter()
            .flat_map(|name| [name.to_owned(), name.to_ascii_lowercase()])
            .filter_map(|name| env::var(name).ok())
            .filter_map(|url| match url.contains("://") {
                true => host(&url),
                false => host(&format!("http://{url}")),
            })
            .collect()),
    }
}
