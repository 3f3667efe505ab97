//! The routes of the scripted slskd: requests to answers, one function each.

use std::fs;
use std::time::Instant;

use musicdl_plugin_api::testing::{Answer, Received};
use serde_json::{Value, json};

use super::{KEY, Lands, Offer, REMOTE, Step, World};

/// A search in slskd's list.
pub(crate) struct Search {
    pub(crate) id: String,
    pub(crate) text: String,
    readings: u32,
    stopped: bool,
}

/// A download in slskd's list.
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) filename: String,
    pub(crate) size: u64,
    pub(crate) removed: bool,
    batch: Option<String>,
    audio: Vec<u8>,
    /// How it goes on, from now.
    pub(crate) steps: &'static [Step],
    pub(crate) at: usize,
    cancelled: bool,
    /// Readings since it succeeded.
    since_done: u32,
    landed: bool,
}

impl Transfer {
    /// The state that is read now.
    pub(crate) fn state(&self) -> &'static str {
        self.steps[self.at].0
    }

    fn is_over(&self) -> bool {
        self.state().starts_with("Completed")
    }

    fn record(&self) -> Value {
        let (state, bytes, attempts, exception) = self.steps[self.at];
        let mut record = json!({
            "id": self.id, "username": self.username, "direction": "Download",
            "filename": self.filename, "size": self.size, "state": state,
            "requestedAt": "2026-11-01T10:00:20.1", "bytesTransferred": bytes,
            "averageSpeed": 1.0, "attempts": attempts, "removed": self.removed,
            "bytesRemaining": self.size.saturating_sub(bytes), "percentComplete": 0.0,
        });
        if !exception.is_empty() {
            record["exception"] = json!(exception);
            // Stays when the next try begins.
            record["endedAt"] = json!("2026-11-01T10:00:29Z");
        }
        if let Some(batch) = &self.batch {
            record["batchId"] = json!(batch);
        }
        record
    }
}

/// Downloads that were asked for together.
pub(crate) struct Batch {
    id: String,
    destination: Option<String>,
}

const CANCELLED: &[Step] = &[
    ("InProgress", 4, 1, ""),
    ("Completed, Cancelled", 4, 1, "Transfer cancelled"),
];

fn json_of(value: &Value) -> Answer {
    Answer::json(value.to_string())
}

/// Errors are bare texts.
fn refusal(status: u16, words: &str) -> Answer {
    Answer::status(status)
        .header("Content-Type", "application/json; charset=utf-8")
        .body(json!(words).to_string())
}

fn decoded(segment: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex: Vec<u8> = bytes.by_ref().take(2).collect();
            let hex = String::from_utf8(hex).expect("hex digits");
            out.push(u8::from_str_radix(&hex, 16).expect("hex digits"));
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).expect("names are UTF-8")
}

impl World {
    fn minor(&self) -> u32 {
        let minor = self.version.split('.').nth(1);
        minor.and_then(|minor| minor.parse().ok()).unwrap_or(99)
    }

    pub(crate) fn answer(&mut self, request: &Received) -> Answer {
        let Some(path) = request.path.strip_prefix("/api/v0/") else {
            return Answer::ok("<html>slskd</html>").header("Content-Type", "text/html");
        };
        if request.header("x-api-key") != Some(KEY) {
            return Answer::status(401);
        }
        if request.method == "POST" && request.header("content-type") != Some("application/json") {
            return Answer::status(415);
        }
        let segments: Vec<String> = path.trim_end_matches('/').split('/').map(decoded).collect();
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["server"]) => {
                let state = if self.logged_in {
                    "Connected, LoggedIn"
                } else {
                    "Disconnected"
                };
                json_of(&json!({ "state": state, "isConnected": self.logged_in,
                    "isLoggedIn": self.logged_in, "isTransitioning": false }))
            }
            ("GET", ["application"]) => json_of(&json!({
                "version": { "current": self.version }, "user": { "username": "our name" },
                "shares": { "files": 10 },
                "connectionWatchdog": { "isEnabled": true, "nextAttemptAt": "2999-01-01T00:00:00Z" },
            })),
            ("GET", ["application", "version"]) => json_of(&json!(self.version)),
            ("GET", ["options"]) => self.options(),
            ("POST", ["searches"]) => self.begin_search(&body),
            ("GET", ["searches", id]) => self.read_search(id),
            ("GET", ["searches", id, "responses"]) => self.responses(id),
            ("PUT", ["searches", id]) => self.stop_search(id),
            ("DELETE", ["searches", id]) => self.delete_search(id),
            ("POST", ["transfers", "downloads", "batches"]) if self.minor() >= 26 => {
                self.enqueue_batch(&body)
            }
            ("GET", ["transfers", "downloads", "batches", id]) if self.minor() >= 26 => {
                self.read_batch(id)
            }
            ("POST", ["transfers", "downloads", user]) => self.enqueue(user, &body),
            ("GET", ["transfers", "downloads", user]) => self.list(user),
            ("GET", ["transfers", "downloads", _, id]) => self.read_transfer(id),
            ("GET", ["transfers", "downloads", _, _, "position"]) => json_of(&json!(4)),
            ("DELETE", ["transfers", "downloads", _, id]) => {
                self.end(id, request.query.to_lowercase().contains("remove=true"))
            }
            ("GET", ["events"]) if self.has_events => {
                let latest: Vec<&Value> = self.events.iter().rev().collect();
                json_of(&json!(latest))
            }
            ("DELETE", ["files", "downloads", "directories" | "files", name]) => self.delete(name),
            _ => Answer::status(404),
        }
    }

    fn options(&self) -> Answer {
        let mut options = json!({ "directories": { "downloads": REMOTE, "incomplete": "/app/i" } });
        if self.minor() >= 26 {
            let pattern = self.pattern.unwrap_or("${SOURCE_DIRECTORY}");
            options["transfers"] = json!({ "download": { "destination":
                { "subdirectory": pattern, "exists": "rename" } } });
        }
        json_of(&options)
    }

    // ---- searches

    fn begin_search(&mut self, body: &Value) -> Answer {
        if !self.logged_in {
            return refusal(409, "The server connection must be connected and logged in");
        }
        if self.busy > 0 {
            self.busy -= 1;
            return refusal(429, "Only one concurrent operation is permitted");
        }
        if self
            .begun
            .is_some_and(|at| at.elapsed() < self.begins_within)
        {
            return refusal(429, "Only one concurrent operation is permitted");
        }
        self.begun = Some(Instant::now());
        let text = body["searchText"].as_str().unwrap_or_default().to_owned();
        if text.split(' ').all(|word| word.chars().count() < 2) {
            return refusal(400, "The search text is empty");
        }
        self.texts.push(text.clone());
        let id = body["id"]
            .as_str()
            .expect("the plugin names its searches")
            .to_owned();
        self.searches.push(Search {
            id: id.clone(),
            text,
            readings: 0,
            stopped: false,
        });
        let takes = self.begins_within;
        self.read_search(&id).after(takes)
    }

    fn search(&mut self, id: &str) -> Option<&mut Search> {
        self.searches.iter_mut().find(|search| search.id == id)
    }

    fn matching(&self, text: &str) -> Vec<(&super::Peer, Vec<&Offer>, Vec<&Offer>)> {
        let matches = |offer: &&Offer| {
            let path = offer.path.to_lowercase();
            text.split(' ').all(|word| path.contains(word))
        };
        self.peers
            .iter()
            .map(|peer| {
                let open: Vec<&Offer> = peer.offers.iter().filter(matches).collect();
                let locked: Vec<&Offer> = peer.locked.iter().filter(matches).collect();
                (peer, open, locked)
            })
            .filter(|(_, open, locked)| !open.is_empty() || !locked.is_empty())
            .collect()
    }

    fn read_search(&mut self, id: &str) -> Answer {
        let needed = self.search_readings;
        let Some(search) = self.search(id) else {
            return Answer::status(404);
        };
        search.readings += 1;
        let (readings, text, stopped) = (search.readings, search.text.clone(), search.stopped);
        let files: usize = self
            .matching(&text)
            .iter()
            .map(|(_, open, _)| open.len())
            .sum();
        let mut record = json!({ "id": id, "searchText": text, "token": 1, "state": "InProgress",
            "isComplete": false, "startedAt": "2026-11-01T10:00:00Z", "responseCount": 1,
            "fileCount": files, "lockedFileCount": 0, "responses": [] });
        // The first reading answers the creation; `isComplete` comes one reading early.
        if readings > needed + 1 || stopped {
            record["state"] = json!("Completed, TimedOut");
            record["isComplete"] = json!(true);
        }
        if readings > needed + 2 || stopped {
            record["endedAt"] = json!("2026-11-01T10:00:19Z");
        }
        json_of(&record)
    }

    fn responses(&mut self, id: &str) -> Answer {
        let needed = self.search_readings;
        let Some(search) = self.search(id) else {
            return Answer::status(404);
        };
        if search.readings <= needed + 2 && !search.stopped {
            return json_of(&json!([]));
        }
        let text = search.text.clone();
        let all: Vec<Value> = self
            .matching(&text)
            .into_iter()
            .map(|(peer, open, locked)| {
                json!({ "username": peer.name, "token": 1, "hasFreeUploadSlot": peer.free_slot,
                    "uploadSpeed": peer.speed, "queueLength": peer.queue,
                    "fileCount": open.len(), "lockedFileCount": locked.len(),
                    "files": open.into_iter().map(file).collect::<Vec<_>>(),
                    "lockedFiles": locked.into_iter().map(file).collect::<Vec<_>>() })
            })
            .collect();
        json_of(&json!(all))
    }

    fn stop_search(&mut self, id: &str) -> Answer {
        match self.search(id) {
            Some(search) => {
                search.stopped = true;
                Answer::status(200)
            }
            None => Answer::status(404),
        }
    }

    fn delete_search(&mut self, id: &str) -> Answer {
        let before = self.searches.len();
        self.searches.retain(|search| search.id != id);
        Answer::status(if self.searches.len() < before {
            204
        } else {
            404
        })
    }

    // ---- downloads

    fn enqueue(&mut self, user: &str, body: &Value) -> Answer {
        if self.busy > 0 {
            self.busy -= 1;
            return refusal(429, "Only two concurrent operations are permitted");
        }
        let Some(wanted) = body.as_array().filter(|files| !files.is_empty()) else {
            return refusal(400, "At least one file is required");
        };
        let Some(online) = self.online(user) else {
            return refusal(500, &format!("The user {user} does not exist"));
        };
        if !online {
            let status = if self.minor() >= 24 { 404 } else { 500 };
            return refusal(status, &format!("User {user} appears to be offline"));
        }
        let (mut enqueued, mut failed) = (Vec::new(), Vec::new());
        for file in wanted {
            match self.add(user, file, None) {
                Some(record) => enqueued.push(record),
                None => failed.push(file["filename"].clone()),
            }
        }
        match self.minor() {
            ..24 => Answer::status(201),
            24..26 => json_of(&json!({ "enqueued": enqueued, "failed": failed })),
            // Tuples that its serializer turns into empty objects.
            _ => json_of(&json!({ "enqueued": enqueued,
                "failed": failed.iter().map(|_| json!({})).collect::<Vec<_>>() })),
        }
    }

    fn enqueue_batch(&mut self, body: &Value) -> Answer {
        if self.busy > 0 {
            self.busy -= 1;
            return refusal(429, "Only two concurrent operations are permitted");
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, user) = (text(&body["id"]), text(&body["username"]));
        if self.batches.iter().any(|batch| batch.id == id) {
            return refusal(409, "A batch with this id exists");
        }
        match self.online(&user) {
            Some(true) => {}
            _ => return refusal(404, &format!("User {user} appears to be offline")),
        }
        let destination = body["options"]["destination"].as_str().map(str::to_owned);
        self.batches.push(Batch {
            id: id.clone(),
            destination,
        });
        let (mut transfers, mut failures) = (Vec::new(), Vec::new());
        for file in body["files"].as_array().into_iter().flatten() {
            match self.add(&user, file, Some(&id)) {
                Some(record) => transfers.push(record),
                None => failures.push(json!({ "filename": file["filename"],
                    "message": "A download of this file is in progress" })),
            }
        }
        let status = if transfers.is_empty() { 200 } else { 201 };
        let mut answer = json_of(&json!({ "failures": failures,
            "batch": { "id": id, "username": user, "transfers": transfers } }));
        if status == 201 {
            answer = Answer::status(201)
                .header("Content-Type", "application/json")
                .body(
                    json!({ "failures": failures, "batch": { "id": id, "username": user,
                    "transfers": transfers, "options": body["options"] } })
                    .to_string(),
                );
        }
        answer
    }

    fn read_batch(&self, id: &str) -> Answer {
        let Some(batch) = self.batches.iter().find(|batch| batch.id == id) else {
            return Answer::status(404);
        };
        let transfers: Vec<Value> = self
            .transfers
            .iter()
            .filter(|transfer| transfer.batch.as_deref() == Some(id))
            .map(Transfer::record)
            .collect();
        json_of(&json!({ "id": id, "transfers": transfers,
            "options": { "destination": batch.destination } }))
    }

    fn online(&self, user: &str) -> Option<bool> {
        let peer = self.peers.iter().find(|peer| peer.name == user)?;
        Some(peer.online)
    }

    /// `None` for a file that is being fetched.
    fn add(&mut self, user: &str, file: &Value, batch: Option<&str>) -> Option<Value> {
        let filename = file["filename"].as_str().unwrap_or_default();
        let under_way = self.transfers.iter().any(|transfer| {
            transfer.username == user && transfer.filename == filename && !transfer.is_over()
        });
        if under_way {
            return None;
        }
        let peer = self.peers.iter().find(|peer| peer.name == user)?;
        let offer = peer.offers.iter().find(|offer| offer.path == filename);
        const NOT_SHARED: &[Step] = &[(
            "Completed, Rejected",
            0,
            1,
            "Transfer rejected: File not shared.",
        )];
        let transfer = Transfer {
            id: format!(
                "{:08x}-0000-4000-8000-000000000000",
                self.transfers.len() + 1
            ),
            username: user.to_owned(),
            filename: filename.to_owned(),
            size: file["size"].as_u64().unwrap_or_default(),
            removed: false,
            batch: batch.map(str::to_owned),
            audio: offer.map(|offer| offer.audio.clone()).unwrap_or_default(),
            steps: offer.map_or(NOT_SHARED, |offer| offer.steps),
            at: 0,
            cancelled: false,
            since_done: 0,
            landed: false,
        };
        let record = transfer.record();
        self.transfers.push(transfer);
        Some(record)
    }

    fn list(&mut self, user: &str) -> Answer {
        let files: Vec<Value> = self
            .transfers
            .iter()
            .filter(|transfer| transfer.username == user && !transfer.removed)
            .map(Transfer::record)
            .collect();
        if files.is_empty() {
            return Answer::status(404);
        }
        json_of(&json!({ "username": user,
            "directories": [{ "directory": "x", "fileCount": files.len(), "files": files }] }))
    }

    fn read_transfer(&mut self, id: &str) -> Answer {
        let Some(at) = self.transfers.iter().position(|transfer| transfer.id == id) else {
            return Answer::status(404);
        };
        let transfer = &mut self.transfers[at];
        let record = transfer.record();
        if transfer.state() == "Completed, Succeeded" {
            transfer.since_done += 1;
            let lands = match self.lands {
                Lands::AtOnce | Lands::Short => true,
                Lands::Later(readings) => transfer.since_done > readings,
                Lands::Never => false,
            };
            if lands && !transfer.landed {
                transfer.landed = true;
                self.land(at);
            }
        } else if transfer.at + 1 < transfer.steps.len() {
            transfer.at += 1;
        }
        json_of(&record)
    }

    fn land(&mut self, at: usize) {
        let transfer = &self.transfers[at];
        let parts: Vec<&str> = transfer.filename.split(['\\', '/']).collect();
        let base = parts[parts.len() - 1];
        let by_rule = || match (self.pattern, parts.len()) {
            (Some("{}"), _) | (_, 1) => String::new(),
            (_, count) => parts[count - 2].to_owned(),
        };
        let batch = transfer.batch.as_deref();
        let destination = self
            .batches
            .iter()
            .find(|known| Some(known.id.as_str()) == batch)
            .and_then(|batch| batch.destination.clone());
        let below = destination.unwrap_or_else(by_rule);
        let dir = self.downloads.join(&below);
        fs::create_dir_all(&dir).expect("the downloads directory is ours");
        let mut name = base.to_owned();
        if dir.join(&name).exists() {
            let (stem, extension) = base.rsplit_once('.').expect("offers have extensions");
            name = format!("{stem}_{}.{extension}", 638_000_000_000_000_000 + at as u64);
        }
        let bytes = match self.lands {
            Lands::Short => &transfer.audio[..1],
            Lands::AtOnce | Lands::Later(_) | Lands::Never => transfer.audio.as_slice(),
        };
        fs::write(dir.join(&name), bytes).expect("the downloads directory is ours");
        let separator = if below.is_empty() { "" } else { "/" };
        let data = json!({ "version": 0, "remoteFilename": transfer.filename,
            "localFilename": format!("{REMOTE}{separator}{below}/{name}"),
            "transfer": transfer.record() });
        self.events.push(
            json!({ "id": format!("e{at}"), "timestamp": "2026-11-01T10:00:29Z",
            "type": "DownloadFileComplete", "data": data.to_string() }),
        );
    }

    fn end(&mut self, id: &str, remove: bool) -> Answer {
        let minor = self.minor();
        let Some(transfer) = self.transfers.iter_mut().find(|transfer| transfer.id == id) else {
            return Answer::status(if minor < 24 { 404 } else { 204 });
        };
        if remove && transfer.is_over() {
            transfer.removed = true;
        } else if remove && minor < 24 {
            return refusal(
                500,
                "Invalid attempt to remove a download before it is complete",
            );
        }
        if !transfer.is_over() && !transfer.cancelled {
            transfer.cancelled = true;
            transfer.steps = CANCELLED;
            transfer.at = 0;
        }
        Answer::status(204)
    }

    fn delete(&mut self, encoded: &str) -> Answer {
        use base64::Engine;
        let name = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .ok()
            .and_then(|name| String::from_utf8(name).ok())
            .expect("a name in base64");
        let path = self.downloads.join(name);
        let gone = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        Answer::status(if gone.is_ok() { 204 } else { 404 })
    }
}

fn file(offer: &Offer) -> Value {
    let mut record = json!({ "filename": offer.path, "size": offer.audio.len(), "code": 1,
        "extension": "", "isLocked": false });
    for (key, value) in offer.said.as_object().into_iter().flatten() {
        record[key] = value.clone();
    }
    record
}
