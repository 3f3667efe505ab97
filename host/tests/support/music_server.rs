//! A server that speaks as much of the Subsonic API as the plugin asks for, and delivers as
//! the test says: whole, something else, or half of a file until the test lets go of it. What
//! a real server does is supysonic's part.

#![allow(dead_code, reason = "no test program needs all of it")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use super::server::{Answer, Heard, Server, ok, raw, whole};
use super::song::Song;

/// Longest time to wait for somebody before the test fails.
const HANGS: Duration = Duration::from_secs(60);

/// A server with songs.
pub(crate) struct MusicServer {
    http: Server,
    desk: Arc<Desk>,
}

/// A song on offer.
struct Offer {
    song: Song,
    body: Vec<u8>,
}

#[derive(Default)]
struct Desk {
    offers: Vec<Offer>,
    state: Mutex<State>,
    changed: Condvar,
    /// How long it says that its songs are, in seconds; 0: as long as songs are.
    seconds: AtomicU32,
}

#[derive(Default)]
struct State {
    /// Downloads that are still served whole; `None`: all.
    whole: Option<usize>,
    /// Titles that downloads were asked for, in order.
    asked: Vec<String>,
    /// Downloads that stand at their half.
    stuck: usize,
    /// Counts the times all of them were let go.
    released: usize,
    /// Whether a body breaks off at its half, and its rest comes when it is asked for.
    cut: bool,
    /// Bytes of bodies that were sent.
    sent: usize,
    /// Body instead of the song's own, by title.
    instead: HashMap<String, Vec<u8>>,
}

impl MusicServer {
    /// Offers songs that lie below `dir`.
    pub(crate) fn offering(dir: &Path, songs: &[Song]) -> Self {
        let offers = songs.iter().map(|song| Offer {
            song: song.clone(),
            body: std::fs::read(dir.join(&song.file)).unwrap(),
        });
        let desk = Arc::new(Desk {
            offers: offers.collect(),
            ..Desk::default()
        });
        let answering = Arc::clone(&desk);
        Self {
            http: Server::start(move |heard| answer(&answering, heard)),
            desk,
        }
    }

    /// Its address, as a user would configure it.
    pub(crate) fn url(&self) -> &str {
        &self.http.origin
    }

    /// The lines of a config that make it a source.
    pub(crate) fn config(&self) -> String {
        format!(
            "  - subsonic: {{url: \"{}\", username: ann, password: pw1}}\n",
            self.url()
        )
    }

    /// Delivers those bytes in place of the song of that title.
    pub(crate) fn instead(&self, title: &str, body: impl Into<Vec<u8>>) {
        let mut state = self.desk.lock();
        state.instead.insert(title.to_owned(), body.into());
    }

    /// From now on every body breaks off at its half; its rest can be asked for.
    pub(crate) fn cuts_every_body(&self) {
        self.desk.lock().cut = true;
    }

    /// Bytes of bodies that were sent so far.
    pub(crate) fn sent(&self) -> usize {
        self.desk.lock().sent
    }

    /// Says that each of its songs is so long, whatever it delivers.
    pub(crate) fn says_that_songs_last(&self, seconds: u32) {
        self.desk.seconds.store(seconds, Ordering::Relaxed);
    }

    /// Serves so many more downloads whole; those after them get stuck at their half.
    pub(crate) fn gets_stuck_after(&self, downloads: usize) {
        self.desk.lock().whole = Some(downloads);
    }

    /// Waits until so many downloads are stuck at the same time.
    pub(crate) fn wait_for_stuck(&self, downloads: usize) {
        let state = self.desk.lock();
        let fewer = |state: &mut State| state.stuck < downloads;
        let (state, waited) = self
            .desk
            .changed
            .wait_timeout_while(state, HANGS, fewer)
            .unwrap();
        assert!(
            !waited.timed_out(),
            "{} stuck of {downloads}, asked for {:?}",
            state.stuck,
            state.asked
        );
    }

    /// Lets go of what is stuck, and serves everything whole from now on.
    pub(crate) fn runs_freely(&self) {
        let mut state = self.desk.lock();
        state.whole = None;
        state.stuck = 0;
        state.released += 1;
        self.desk.changed.notify_all();
    }

    /// The titles that downloads were asked for since the last call, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.desk.lock().asked)
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn wait_for_release(&self) {
        let mut state = self.lock();
        state.stuck += 1;
        self.changed.notify_all();
        let before = state.released;
        // Somebody killed leaves it standing here; the end of the tests is its end as well.
        drop(
            self.changed
                .wait_while(state, |state| state.released == before),
        );
    }
}

fn answer(desk: &Arc<Desk>, heard: &Heard) -> Answer {
    let form = String::from_utf8_lossy(&heard.body);
    let form = Url::parse(&format!("form:?{form}")).unwrap();
    let field = |name: &str| {
        let pair = form.query_pairs().find(|(key, _)| key == name);
        pair.map(|(_, value)| value.into_owned())
    };
    match heard.target.as_str() {
        "/rest/ping.view" => said(json!({})),
        "/rest/search3.view" => {
            let query = field("query").unwrap();
            let offers = desk.offers.iter().enumerate();
            let songs: Vec<Value> = offers
                .filter(|(_, offer)| offer.matches(&query))
                .map(|(id, offer)| offer.shown(id, desk.seconds.load(Ordering::Relaxed)))
                .collect();
            said(json!({ "searchResult3": { "song": songs } }))
        }
        "/rest/download.view" => download(desk, heard, &field("id").unwrap()),
        // No picture: "not found".
        _ => said(json!({ "status": "failed", "error": { "code": 70 } })),
    }
}

fn download(desk: &Arc<Desk>, heard: &Heard, id: &str) -> Answer {
    let offer = &desk.offers[id.parse::<usize>().unwrap()];
    let mut state = desk.lock();
    state.asked.push(offer.song.title.clone());
    let other = state.instead.get(&offer.song.title);
    let body = other.unwrap_or(&offer.body).clone();
    if state.cut {
        let (answer, sent) = in_halves(heard, &body);
        state.sent += sent;
        return answer;
    }
    state.sent += body.len();
    match &mut state.whole {
        Some(0) => {
            let length = body.len().to_string();
            let (first, rest) = body.split_at(body.len() / 2);
            let start = raw("200 OK", &[("Content-Length", &length)], first);
            let desk = Arc::clone(desk);
            Answer::InTwo(
                start,
                Box::new(move || desk.wait_for_release()),
                rest.to_owned(),
            )
        }
        Some(more) => {
            *more -= 1;
            audio(&body)
        }
        None => audio(&body),
    }
}

/// The first half of a body that says to be whole, or the rest that is asked for; and how many
/// bytes that is.
fn in_halves(heard: &Heard, body: &[u8]) -> (Answer, usize) {
    const VERSION: (&str, &str) = ("ETag", "\"1\"");
    let range = heard.header("range").and_then(|range| {
        let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        from.parse::<usize>().ok()
    });
    match range {
        None => {
            let (length, half) = (body.len().to_string(), body.len() / 2);
            let headers = [("Content-Length", length.as_str()), VERSION];
            (Answer::Bytes(raw("200 OK", &headers, &body[..half])), half)
        }
        Some(from) => {
            assert_eq!(heard.header("if-range"), Some(VERSION.1));
            let which = format!("bytes {from}-{}/{}", body.len() - 1, body.len());
            let headers = [("Content-Range", which.as_str()), VERSION];
            let rest = &body[from..];
            (whole("206 Partial Content", &headers, rest), rest.len())
        }
    }
}

fn audio(body: &[u8]) -> Answer {
    whole("200 OK", &[("Content-Type", "audio/flac")], body)
}

/// A whole answer of the API; `what` may have another status than ok.
fn said(what: Value) -> Answer {
    let mut response = json!({ "status": "ok", "version": "1.16.1", "type": "scripted" });
    let fields = what.as_object().unwrap().clone();
    response.as_object_mut().unwrap().extend(fields);
    ok(json!({ "subsonic-response": response })
        .to_string()
        .as_bytes())
}

impl Offer {
    /// As most servers do: every word is somewhere.
    fn matches(&self, query: &str) -> bool {
        let text = self.song.words().to_lowercase();
        let mut words = query.split_whitespace();
        words.all(|word| text.contains(&word.to_lowercase()))
    }

    fn shown(&self, id: usize, seconds: u32) -> Value {
        let (album, number) = self.song.album.clone().unzip();
        let suffix = Path::new(&self.song.file).extension().unwrap();
        json!({
            "id": id.to_string(),
            "title": self.song.title,
            "artist": self.song.artist,
            "album": album,
            "track": number,
            "duration": if seconds == 0 { Song::SECONDS } else { seconds },
            "suffix": suffix.to_str().unwrap(),
        })
    }
}
