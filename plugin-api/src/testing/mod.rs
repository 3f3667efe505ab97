//! What the tests of a plugin stand on, behind the feature `testing`.
//!
//! [`conformance!`](crate::conformance) is the contract itself as tests; the rest is for what
//! only this one plugin does.
//!
//! Nothing here imitates a type of the contract: [`Loopback`] is a real server on
//! 127.0.0.1, [`TestHost`] a real host with HTTP, a log, a store and scratch space, and
//! [`ProgressRecord`] the host's end of a download. No test leaves the machine, because
//! [`TestHost`] connects to loopback addresses only.
//!
//! ```
//! use musicdl_plugin_api::http::Request;
//! use musicdl_plugin_api::testing::{Answer, Loopback, TestHost};
//!
//! let server = Loopback::start(|request| match request.path.as_str() {
//!     "/song" => Answer::ok("la la la"),
//!     _ => Answer::status(404),
//! });
//! let host = TestHost::new().host();
//! let answer = host.http_send(&Request::get(server.url("/song")))?;
//! assert_eq!(answer.body, b"la la la");
//! assert_eq!(server.requests().len(), 1);
//! # Ok::<(), musicdl_plugin_api::SourceError>(())
//! ```

mod exchange;
mod host;
mod loopback;
mod names;
mod progress;
mod suite;

pub use exchange::{Answer, Received};
pub use host::{LogLine, TestHost};
pub use loopback::Loopback;
pub use progress::ProgressRecord;
pub use suite::{CHECKS, Check, Reach, Subject, Trial};
