//! slskd as it answers, scripted: what the network offers, how each download goes, and in
//! which version. It does what a naive client trips over: responses only once `endedAt` is
//! there, success before the file, nulls left out, answers of three kinds to an enqueue.
//!
//! `slskd-api`, a client that knows nothing of ours, drives it in `network.rs`, so that it is
//! not merely consistent with the plugin. The tests of the whole program take it in by its path.

#![allow(dead_code, reason = "no test program needs all of it")]

pub(crate) mod wire;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::testing::{Answer, Loopback, Received, TestHost};
use serde_json::Value;
use tempfile::TempDir;

use self::wire::Transfer;

/// The key that opens it.
pub(crate) const KEY: &str = "a key of sixteen letters or more";
/// slskd's name for its downloads directory, which is another on this machine.
pub(crate) const REMOTE: &str = "/app/downloads";

/// One reading of a download: state, bytes, try, exception.
pub(crate) type Step = (&'static str, u64, u64, &'static str);

/// A download without trouble.
pub(crate) const SMOOTH: &[Step] = &[
    ("Queued, Locally", 0, 1, ""),
    ("InProgress", 4, 1, ""),
    ("Completed, Succeeded", 12, 1, ""),
];

/// A file that a peer offers.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) path: &'static str,
    pub(crate) audio: Vec<u8>,
    /// Fields of the record beside name and size.
    pub(crate) said: Value,
    pub(crate) steps: &'static [Step],
}

/// A file of twelve bytes that comes without trouble.
pub(crate) fn offer(path: &'static str) -> Offer {
    Offer {
        path,
        audio: b"fLaC and so.".to_vec(),
        said: serde_json::json!({}),
        steps: SMOOTH,
    }
}

/// Somebody on the network.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) offers: Vec<Offer>,
    pub(crate) locked: Vec<Offer>,
    pub(crate) free_slot: bool,
    pub(crate) speed: i64,
    pub(crate) queue: i64,
    pub(crate) online: bool,
}

/// A peer with a free slot.
pub(crate) fn peer(name: &'static str, offers: Vec<Offer>) -> Peer {
    Peer {
        name,
        offers,
        locked: Vec::new(),
        free_slot: true,
        speed: 1_000_000,
        queue: 0,
        online: true,
    }
}

/// When and how a file that was fetched gets to its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lands {
    AtOnce,
    /// After so many further readings.
    Later(u32),
    Never,
    /// With fewer bytes than announced.
    Short,
}

type Intercept = dyn FnMut(&Received) -> Option<Answer> + Send;

/// What the scripted slskd is and what happened to it.
pub(crate) struct World {
    pub(crate) version: &'static str,
    pub(crate) logged_in: bool,
    pub(crate) peers: Vec<Peer>,
    pub(crate) lands: Lands,
    pub(crate) has_events: bool,
    pub(crate) pattern: Option<&'static str>,
    /// So many answers of 429 before the next success.
    pub(crate) busy: u32,
    /// So many answers to a `POST` are lost after it did its work.
    pub(crate) lost_answers: u32,
    /// How long a search takes to begin, in which slskd begins no other.
    pub(crate) begins_within: Duration,
    pub(crate) begun: Option<Instant>,
    /// Readings before a search has ended.
    pub(crate) search_readings: u32,
    /// Asked first; what it answers is sent.
    pub(crate) intercept: Option<Box<Intercept>>,
    pub(crate) downloads: PathBuf,
    pub(crate) searches: Vec<wire::Search>,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) batches: Vec<wire::Batch>,
    pub(crate) events: Vec<Value>,
    pub(crate) texts: Vec<String>,
}

/// A running one.
pub(crate) struct Fake {
    world: Arc<Mutex<World>>,
    server: Loopback,
    dir: TempDir,
}

impl Fake {
    /// A slskd of that version, on a network of those peers.
    pub(crate) fn start(version: &'static str, peers: Vec<Peer>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let downloads = dir.path().join("downloads");
        fs::create_dir(&downloads).expect("the temporary directory is ours");
        let world = Arc::new(Mutex::new(World {
            version,
            logged_in: true,
            peers,
            lands: Lands::AtOnce,
            has_events: true,
            pattern: None,
            busy: 0,
            lost_answers: 0,
            begins_within: Duration::ZERO,
            begun: None,
            search_readings: 0,
            intercept: None,
            downloads,
            searches: Vec::new(),
            transfers: Vec::new(),
            batches: Vec::new(),
            events: Vec::new(),
            texts: Vec::new(),
        }));
        let server = Loopback::start({
            let world = Arc::clone(&world);
            move |request| {
                let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
                let intercepted = match &mut world.intercept {
                    Some(intercept) => intercept(request),
                    None => None,
                };
                let answer = intercepted.unwrap_or_else(|| world.answer(request));
                if request.method == "POST" && world.lost_answers > 0 {
                    world.lost_answers -= 1;
                    return Answer::reset();
                }
                answer
            }
        });
        Self { world, server, dir }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends `answer` to requests for which it has one.
    pub(crate) fn intercept(
        &self,
        answer: impl FnMut(&Received) -> Option<Answer> + Send + 'static,
    ) {
        self.world().intercept = Some(Box::new(answer));
    }

    pub(crate) fn url(&self) -> String {
        self.server.url("")
    }

    /// Its downloads directory as this machine sees it.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.dir.path().join("downloads")
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.server.requests()
    }

    /// Asks it for something, as its user would by its web page.
    pub(crate) fn ask(&self, kit: &TestHost, method: &str, path: &str, body: &Value) {
        let request = Request {
            method: method.to_owned(),
            url: self.server.url(&format!("/api/v0/{path}")),
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        let request = request
            .header("X-API-Key", KEY)
            .header("Content-Type", "application/json");
        let answer = kit.host().http_send(&request).expect("it answers");
        assert!(answer.head.is_success(), "{}", answer.status());
    }

    /// How often something was asked, by method and the end of the path.
    pub(crate) fn asked(&self, method: &str, part: &str) -> usize {
        let is = |request: &&Received| request.method == method && request.path.contains(part);
        self.requests().iter().filter(is).count()
    }

    /// The state of each download it was ever asked for.
    pub(crate) fn states(&self) -> Vec<&'static str> {
        let world = self.world();
        world.transfers.iter().map(Transfer::state).collect()
    }

    /// Searches and downloads that are still in its lists.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let world = self.world();
        let transfers = world
            .transfers
            .iter()
            .filter(|transfer| !transfer.removed)
            .map(|transfer| format!("download {}: {}", transfer.id, transfer.state()));
        let searches = world.searches.iter().map(|search| search.id.clone());
        transfers.chain(searches).collect()
    }
}

/// Every file below a directory.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
