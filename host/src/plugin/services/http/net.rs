//! The one HTTP client of the host, and its limits.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};
use tokio::runtime::Handle;

/// Largest header section of an answer, in bytes (HTTP/2 is told; HTTP/1 is measured).
pub(super) const MAX_HEADERS: u32 = 64 * 1024;

/// How connections leave this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By the proxy of the environment (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, ...) or of the
    /// system, if there is one.
    SystemProxy,
    /// Straight to the server.
    Direct,
}

/// A body is given up when it comes slower than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowLimit {
    /// Bytes a second, on average over [`SlowLimit::over`].
    pub bytes_per_second: u64,
    /// How long to look before judging.
    pub over: Duration,
}

/// Limits of every exchange of every plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        }
    }
}

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// TLS or the proxy settings of the environment cannot be used.
    #[error("cannot set up HTTP; look at the proxy settings of the environment")]
    Client(#[source] reqwest::Error),
}

/// Whether the machine has root certificates, without which no `https` server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    OfTheSystem,
    None,
}

/// The HTTP client that all plugins share: one connection pool, one policy.
#[derive(Debug)]
pub struct HostNet {
    pub(super) client: Client,
    pub(super) options: NetOptions,
    pub(super) runtime: Handle,
    pub(super) roots: Roots,
}

impl HostNet {
    /// A client whose exchanges run on that runtime, which needs IO, time and a worker
    /// thread of its own: a current-thread runtime moves only while somebody blocks on it.
    ///
    /// On a machine without root certificates this warns and goes on: servers at home are
    /// often plain `http`, and `https` then fails with a sentence that says why.
    ///
    /// # Errors
    /// When not even a client without root certificates can be made.
    pub fn new(options: NetOptions, runtime: Handle) -> Result<Arc<Self>, NetError> {
        // Whoever came first, `main` or another library, installed the same provider: ring is
        // the only one in this program.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (client, roots) = match builder(&options).build() {
            Ok(client) => (client, Roots::OfTheSystem),
            // An empty store is the expected cause, but it has no kind of its own; any other
            // fails here again.
            Err(error) => {
                let client = builder(&options)
                    .tls_certs_only([])
                    .build()
                    .map_err(NetError::Client)?;
                tracing::warn!(
                    "https will not work: {}; install `ca-certificates` or set SSL_CERT_FILE",
                    super::failure::causes(&error)
                );
                (client, Roots::None)
            }
        };
        Ok(Arc::new(Self {
            client,
            options,
            runtime,
            roots,
        }))
    }
}

fn builder(options: &NetOptions) -> ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("musicdl/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect)
        .http2_max_header_list_size(MAX_HEADERS)
        // By hand in `redirect`: reqwest would drop only the standard headers.
        .redirect(redirect::Policy::none())
        .referer(false);
    match options.route {
        Route::SystemProxy => builder,
        Route::Direct => builder.no_proxy(),
    }
}
