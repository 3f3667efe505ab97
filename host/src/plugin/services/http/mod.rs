//! HTTP for plugins: a client for each, all made alike, and the rules every exchange keeps.
//!
//! An exchange begins as a task of the host's runtime ([`exchange`]), which hands the answer
//! to the calling thread ([`incoming`]). That thread reads the body ([`body`]) and does what
//! may block: it writes the file, reports progress and looks whether it is to stop. When the
//! runtime ends, its tasks and connections are dropped and the caller finds the other end
//! gone; nobody waits for a runtime that is no more.
//!
//! Which servers a source may talk to is judged in [`reach`]; what is said may be kept and
//! said again by [`mod@traffic`].
//!
//! A status is never an error here, and nothing is retried but the rest of a file
//! ([`save`]): what a failure leads to is the engine's decision.

mod address;
mod body;
mod client;
mod exchange;
mod failure;
mod grant;
mod incoming;
mod net;
mod outgoing;
mod part;
mod range;
mod reach;
mod redirect;
mod roots;
mod save;
mod traffic;
mod wait;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use musicdl_plugin_api::http::{Body, Request, Response, Saved};
use musicdl_plugin_api::{Progress, SourceError};

use crate::plugin::byte_budget::Held;
use incoming::Incoming;
use outgoing::Outgoing;

pub(super) use client::SourceNet;
pub use net::{HostNet, Lookup, NetError, NetOptions, Route, SlowLimit};
pub use traffic::Traffic;

/// Largest answer that is held in memory, decompressed.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

impl SourceNet {
    /// See [`HostServices::http_send`](musicdl_plugin_api::HostServices::http_send).
    pub(super) fn send(
        self: &Arc<Self>,
        request: &Request,
        held: &mut Held,
    ) -> Result<Response, SourceError> {
        let outgoing = Outgoing::check(request)?;
        let host = outgoing.host();
        let mut incoming = Incoming::start(self, outgoing, deadline(request))?;
        let nobody_cancels = Progress::ignored();
        let head = incoming.head(&nobody_cancels)?;
        let mut body = Vec::new();
        while let Some(chunk) = incoming.chunk(&nobody_cancels)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(SourceError::permanent(format!(
                    "the answer of {host} is larger than {} MiB",
                    MAX_ANSWER / 1024 / 1024
                )));
            }
            make_room(&mut body, chunk.len(), held)?;
            body.extend_from_slice(&chunk);
        }
        Ok(Response { head, body })
    }

    /// See [`HostServices::http_open`](musicdl_plugin_api::HostServices::http_open).
    pub(super) fn open(self: &Arc<Self>, request: &Request) -> Result<Body, SourceError> {
        let outgoing = Outgoing::check(request)?;
        let mut incoming = Incoming::start(self, outgoing, deadline(request))?;
        let head = incoming.head(&Progress::ignored())?;
        Ok(Body::new(head, Box::new(incoming)))
    }

    /// See [`HostServices::http_save`](musicdl_plugin_api::HostServices::http_save).
    pub(super) fn save(
        self: &Arc<Self>,
        request: &Request,
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, SourceError> {
        save::save(self, request, dest, progress)
    }
}

/// Room for `more` bytes, at least twice of what there was, counted before it is had.
fn make_room(body: &mut Vec<u8>, more: usize, held: &mut Held) -> Result<(), SourceError> {
    let needed = body.len() + more;
    if needed > body.capacity() {
        let room = needed.max((2 * body.capacity()).min(MAX_ANSWER));
        held.grow_to(room)?;
        body.reserve_exact(room - body.len());
    }
    Ok(())
}

/// When the whole exchange must be over. A limit beyond the clock's range is none.
fn deadline(request: &Request) -> Option<Instant> {
    Instant::now().checked_add(request.timeout?)
}
