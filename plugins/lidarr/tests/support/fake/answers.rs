//! What the fake answers to each request, in the shapes of the vendor's description: null
//! members and ids of 0 left out, 201 to a POST, 202 to a PUT.

use std::fs;

use musicdl_plugin_api::testing::{Answer, Received};
use serde_json::{Value, json};

use super::life::{Life, Step};
use super::{ARTIST, ArtistEntry, Entry, FIRST, Item, KEY, Known, SECOND, Search, State, audio};

const NAME: &str = "Ann Example";

impl State {
    pub(super) fn new(music: std::path::PathBuf) -> Self {
        State {
            music,
            url_base: "",
            version: "2.14.5.4836",
            app: "Lidarr",
            roots: vec![("Music", "/music/")],
            health: Vec::new(),
            known: vec![
                Known::new(
                    FIRST,
                    "First Album",
                    vec![
                        (1, "1", "Bluebird"),
                        (1, "2", "Nightjar"),
                        (2, "A1", "Kingfisher"),
                    ],
                ),
                Known::new(
                    SECOND,
                    "Second Album",
                    vec![(1, "1", "Owls"), (1, "2", "Lark")],
                ),
            ],
            library: Vec::new(),
            artists: Vec::new(),
            scan_looks: 2,
            search_looks: 2,
            search_end: ("completed", ""),
            reports: 1,
            life: Life::good(3),
            also: Vec::new(),
            commands: Vec::new(),
            queue: Vec::new(),
            history: Vec::new(),
            removed: Vec::new(),
            tracks_per_file: 1,
            faults: Vec::new(),
        }
    }

    /// Puts an album into the library, as if its user had done so long ago.
    pub(crate) fn own(&mut self, mbid: &'static str, tracks: usize) -> i64 {
        let id = self.next_album();
        self.library.push(Entry {
            id,
            mbid,
            monitored: false,
            scan: 0,
            listed: true,
            files: Vec::new(),
        });
        if self.artists.is_empty() {
            self.artists.push(ArtistEntry {
                id: 7,
                mbid: ARTIST,
                monitored: true,
            });
        }
        self.import(id, tracks);
        id
    }

    pub(super) fn answer(&mut self, request: &Received) -> Answer {
        let Some(path) = request
            .path
            .strip_prefix(self.url_base)
            .and_then(|path| path.strip_prefix("/api/v1/"))
        else {
            if request.path.starts_with("/api/") {
                let to = format!("{}{}?{}", self.url_base, request.path, request.query);
                return Answer::redirect(307, &to);
            }
            return Answer::ok("<!doctype html><title>Lidarr</title>")
                .header("Content-Type", "text/html");
        };
        if let Some(answer) = self.fault(&request.method, path) {
            return answer;
        }
        let key = request.header("x-api-key").map(str::to_owned);
        if key.or_else(|| request.param("apikey")).as_deref() != Some(KEY) {
            return Answer::status(401);
        }
        let (route, id) = match path.rsplit_once('/') {
            Some((route, id)) => match id.parse::<i64>() {
                Ok(id) => (route, Some(id)),
                Err(_) => (path, None),
            },
            None => (path, None),
        };
        match (request.method.as_str(), route, id) {
            ("GET", "system/status", None) => self.status(),
            ("GET", "rootfolder", None) => self.root_folders(),
            ("GET", "qualityprofile", None) => profiles(&["Any", "Lossless"]),
            ("GET", "metadataprofile", None) => profiles(&["Standard", "None"]),
            ("GET", "health", None) => self.health(),
            ("GET", "album/lookup", None) => self.lookup(request),
            ("GET", "album", None) => self.albums(request),
            ("GET", "album", Some(id)) => match self.entry(id) {
                Some(entry) => ok(&self.album(entry)),
                None => Answer::status(404),
            },
            ("GET", "artist", None) => self.artists_of(request),
            ("POST", "album", None) => self.add(request),
            ("PUT", "album/monitor", None) => self.monitor(request),
            ("DELETE", "album", Some(id)) => self.remove_album(id),
            ("DELETE", "artist", Some(id)) => {
                self.artists.retain(|artist| artist.id != id);
                self.removed.push(format!("artist {id}"));
                ok(&json!({}))
            }
            ("POST", "command", None) => self.command(request),
            ("GET", "command", Some(id)) => self.look_at_command(id),
            ("DELETE", "command", Some(id)) => self.drop_command(id),
            ("GET", "queue/details", None) => self.look_at_queue(request),
            ("DELETE", "queue", Some(id)) => self.drop_download(id),
            ("GET", "history/artist", None) => self.history(request),
            ("GET", "track", None) => self.tracks(request),
            ("GET", "trackfile", None) => self.track_files(request),
            _ => Answer::status(405),
        }
    }

    fn fault(&mut self, method: &str, path: &str) -> Option<Answer> {
        let fault = self.faults.iter_mut().find(|fault| {
            fault.method == method && path.starts_with(fault.path) && !fault.answers.is_empty()
        })?;
        if fault.forever {
            return fault.answers.first().cloned();
        }
        Some(fault.answers.remove(0))
    }

    fn next_album(&self) -> i64 {
        42 + self
            .library
            .iter()
            .map(|entry| entry.id)
            .max()
            .map_or(0, |id| id - 41)
    }

    fn entry(&self, id: i64) -> Option<&Entry> {
        self.library.iter().find(|entry| entry.id == id)
    }

    fn facts(&self, mbid: &str) -> Option<&Known> {
        self.known.iter().find(|known| known.mbid == mbid)
    }

    fn status(&self) -> Answer {
        ok(
            &json!({"appName": self.app, "instanceName": "Lidarr", "version": self.version,
                   "isDocker": true, "urlBase": self.url_base}),
        )
    }

    fn root_folders(&self) -> Answer {
        let folders = self.roots.iter().zip(1..).map(|((name, path), id)| {
            json!({"id": id, "name": name, "path": path, "accessible": true,
                   "defaultQualityProfileId": 2, "defaultMetadataProfileId": 1,
                   "defaultMonitorOption": "all", "defaultNewItemMonitorOption": "all",
                   "freeSpace": 1_000_000_000u64})
        });
        ok(&folders.collect())
    }

    fn health(&self) -> Answer {
        let all = self.health.iter().map(
            |(kind, message)| json!({"source": "SomeCheck", "type": kind, "message": message}),
        );
        ok(&all.collect())
    }

    fn lookup(&self, request: &Received) -> Answer {
        let term = request.param("term").unwrap_or_default();
        let id = term.split_once(':').map(|(_, id)| id.to_owned());
        let found = self.known.iter().filter(|known| match &id {
            Some(id) => known.mbid == id,
            None => format!("{NAME} {}", known.title)
                .to_lowercase()
                .contains(&term.to_lowercase()),
        });
        ok(&found.map(|known| self.looked_up(known)).collect())
    }

    fn looked_up(&self, known: &Known) -> Value {
        let mut artist = json!({"artistName": NAME, "foreignArtistId": ARTIST,
            "sortName": "example, ann", "status": "continuing", "nextAlbum": null});
        let mut album = match self.library.iter().find(|entry| entry.mbid == known.mbid) {
            Some(entry) => self.album(entry),
            None => self.bare(known),
        };
        if let Some(there) = self.artists.first() {
            artist["id"] = json!(there.id);
        }
        album["artist"] = artist;
        album
    }

    fn bare(&self, known: &Known) -> Value {
        let discs = known.tracks.iter().map(|track| track.0).max().unwrap_or(1);
        let media = (1..=discs)
            .map(|disc| json!({"mediumNumber": disc, "mediumName": "", "mediumFormat": "CD"}));
        let release = json!({"foreignReleaseId": "3ab0e2a0-5ba5-4f39-8dbf-8a0ad0b8b0d4",
            "title": known.title, "status": "Official", "duration": 240_000,
            "trackCount": known.tracks.len(), "mediumCount": discs,
            "media": media.collect::<Vec<_>>(), "country": ["Norway"], "label": [],
            "format": "CD", "monitored": true});
        json!({"title": known.title, "disambiguation": "", "foreignAlbumId": known.mbid,
               "albumType": "Album", "secondaryTypes": [], "duration": 240_000,
               "releaseDate": "1998-04-20T00:00:00Z", "monitored": false, "anyReleaseOk": true,
               "releases": [release], "images": [], "genres": []})
    }

    /// An album of the library.
    fn album(&self, entry: &Entry) -> Value {
        let Some(known) = self.facts(entry.mbid) else {
            return json!({});
        };
        let (all, there) = (known.tracks.len(), entry.files.len());
        // Only tracks of monitored albums, and those with files.
        let counted = if entry.monitored { all } else { there };
        let percent = (there * 100).checked_div(counted).unwrap_or(0);
        let scanned = entry.scan == 0;
        let mut album = self.bare(known);
        album["id"] = json!(entry.id);
        album["artistId"] = json!(7);
        album["monitored"] = json!(entry.monitored);
        album["statistics"] = json!({"trackFileCount": there, "trackCount": counted,
            "totalTrackCount": if scanned { all } else { 0 }, "sizeOnDisk": 0,
            "percentOfTracks": percent});
        album
    }

    fn albums(&self, request: &Received) -> Answer {
        let mbid = request.param("foreignAlbumId");
        let of_artist = request.param("artistId").is_some();
        let found = self
            .library
            .iter()
            .filter(|entry| of_artist || mbid.as_deref() == Some(entry.mbid));
        ok(&found.map(|entry| self.album(entry)).collect())
    }

    fn artists_of(&self, request: &Received) -> Answer {
        let mbid = request.param("mbId");
        let found = self
            .artists
            .iter()
            .filter(|artist| mbid.as_deref() == Some(artist.mbid));
        let found = found.map(|artist| {
            json!({"id": artist.id, "artistName": NAME, "foreignArtistId": artist.mbid,
                   "monitored": artist.monitored})
        });
        ok(&found.collect())
    }

    fn add(&mut self, request: &Received) -> Answer {
        let wish = super::body(request);
        let artist = &wish["artist"];
        let mut complaints = Vec::new();
        let mut complain = |bad: bool, field: &str, message: &str| {
            if bad {
                complaints.push(json!({"propertyName": field, "errorMessage": message,
                                       "severity": "error"}));
            }
        };
        let mbid = wish["foreignAlbumId"].as_str().unwrap_or_default();
        let known = self.known.iter().map(|known| known.mbid);
        let known = known.into_iter().find(|known| *known == mbid);
        let there = self.library.iter().any(|entry| entry.mbid == mbid);
        let root = artist["rootFolderPath"].as_str().unwrap_or_default();
        let profile = |key: &str| artist[key].as_i64().is_some_and(|id| (1..=2).contains(&id));
        complain(
            there,
            "ForeignAlbumId",
            "This album has already been added.",
        );
        complain(
            known.is_none(),
            "ForeignAlbumId",
            "An album with this ID was not found",
        );
        let is_root = self.roots.iter().any(|(_, path)| *path == root);
        complain(
            !is_root,
            "Artist.RootFolderPath",
            "Root folder does not exist",
        );
        complain(
            !profile("qualityProfileId"),
            "Artist.QualityProfileId",
            "Quality Profile does not exist",
        );
        complain(
            !profile("metadataProfileId"),
            "Artist.MetadataProfileId",
            "Metadata Profile does not exist",
        );
        let Some(mbid) = known.filter(|_| complaints.is_empty()) else {
            return said(400, &Value::Array(complaints));
        };
        let options = &artist["addOptions"];
        let listed = options["albumsToMonitor"]
            .as_array()
            .is_some_and(|albums| albums.iter().any(|album| album == mbid));
        let is_new = self.artists.is_empty();
        if is_new {
            self.artists.push(ArtistEntry {
                id: 7,
                mbid: ARTIST,
                monitored: artist["monitored"] == true,
            });
        }
        let entry = Entry {
            id: self.next_album(),
            mbid,
            monitored: wish["monitored"] == true,
            scan: self.scan_looks,
            listed: listed || !is_new,
            files: Vec::new(),
        };
        let album = self.album(&entry);
        self.library.push(entry);
        said(201, &album)
    }

    fn monitor(&mut self, request: &Received) -> Answer {
        let wish = super::body(request);
        for entry in &mut self.library {
            let meant = wish["albumIds"].as_array();
            if meant.is_some_and(|ids| ids.iter().any(|id| *id == entry.id)) {
                entry.monitored = wish["monitored"] == true;
            }
        }
        said(202, &json!([]))
    }

    fn remove_album(&mut self, id: i64) -> Answer {
        let before = self.library.len();
        self.library.retain(|entry| entry.id != id);
        if self.library.len() == before {
            return Answer::status(404);
        }
        self.removed.push(format!("album {id}"));
        ok(&json!({}))
    }

    fn command(&mut self, request: &Received) -> Answer {
        let wish = super::body(request);
        let album = wish["albumIds"][0].as_i64();
        let (Some(album), "AlbumSearch") = (album, wish["name"].as_str().unwrap_or_default())
        else {
            return message(500, "Unknown command");
        };
        let running = self
            .commands
            .iter()
            .find(|search| search.album == album && !search.ended);
        let id = match running {
            Some(search) => search.id,
            None => {
                let id = 311 + self.commands.len() as i64;
                self.commands.push(Search {
                    id,
                    album,
                    looks: 0,
                    ended: false,
                    forgotten: false,
                });
                id
            }
        };
        said(201, &command(id, album, "queued", ""))
    }

    fn look_at_command(&mut self, id: i64) -> Answer {
        let (limit, end, reports) = (self.search_looks, self.search_end, self.reports);
        let Some(search) = self.commands.iter_mut().find(|search| search.id == id) else {
            return Answer::status(404);
        };
        let album = search.album;
        search.looks += 1;
        if search.looks <= limit {
            return ok(&command(id, album, "started", ""));
        }
        let first = !search.ended;
        search.ended = true;
        let forgotten = search.forgotten;
        if first && end.0 == "completed" {
            self.grab(album);
        }
        if forgotten {
            return Answer::status(404);
        }
        let words = match end.0 {
            "completed" => format!("Album search completed. {reports} reports downloaded."),
            _ => end.1.to_owned(),
        };
        ok(&command(id, album, end.0, &words))
    }

    /// Puts what the indexers have into the queue.
    pub(crate) fn grab(&mut self, album: i64) {
        let albums: Vec<i64> = std::iter::once(album).chain(self.also.clone()).collect();
        let own = self.entry(album).and_then(|entry| self.facts(entry.mbid));
        let life = own.and_then(|known| known.life.clone());
        let life = life.unwrap_or_else(|| self.life.clone());
        for _ in 0..self.reports {
            let release = format!("RELEASE{}", self.queue.len() + 1);
            for &album in &albums {
                self.queue.push(Item {
                    id: 1_912_345 + self.queue.len() as i64,
                    album,
                    release: release.clone(),
                    age: 0,
                    life: life.clone(),
                });
            }
        }
    }

    fn drop_command(&mut self, id: i64) -> Answer {
        let Some(search) = self.commands.iter_mut().find(|search| search.id == id) else {
            return Answer::status(404);
        };
        if search.looks > 0 || search.ended {
            return message(409, "the command is running");
        }
        search.ended = true;
        self.removed.push(format!("command {id}"));
        ok(&json!({}))
    }

    fn look_at_queue(&mut self, request: &Received) -> Answer {
        let album = number(request, "albumIds");
        let mut shown = Vec::new();
        for at in 0..self.queue.len() {
            if self.queue[at].album != album {
                continue;
            }
            let item = &mut self.queue[at];
            let step = item.life.at(item.age).clone();
            item.age += 1;
            shown.extend(self.take(at, step));
        }
        ok(&Value::Array(shown))
    }

    /// One step of the item at `at`: its row, and what the step does beside.
    fn take(&mut self, at: usize, step: Step) -> Option<Value> {
        let item = &self.queue[at];
        let (id, album, release) = (item.id, item.album, item.release.clone());
        match step {
            Step::Absent => None,
            Step::Import(tracks, then) => {
                self.import(album, tracks);
                self.take(at, *then)
            }
            Step::Event(kind, then) => {
                if !self
                    .history
                    .iter()
                    .any(|event| (event.0, event.1) == (kind, album))
                {
                    self.history.push((kind, album, release));
                }
                self.take(at, *then)
            }
            Step::Shown(status, tracked, state, left, words) => {
                let messages = match words {
                    "" => json!([]),
                    words => json!([{"title": "First Album", "messages": [words]}]),
                };
                Some(
                    json!({"id": id, "artistId": 7, "albumId": album, "title": release,
                    "size": 1_000_000.0, "sizeleft": f64::from(left) * 10_000.0,
                    "timeleft": "00:03:10", "status": status, "trackedDownloadStatus": tracked,
                    "trackedDownloadState": state, "statusMessages": messages,
                    "downloadId": release, "protocol": "usenet", "downloadClient": "client",
                    "indexer": "indexer", "trackFileCount": 3, "trackHasFileCount": 0,
                    "quality": quality()}),
                )
            }
        }
    }

    fn import(&mut self, album: i64, tracks: usize) {
        let per_file = self.tracks_per_file;
        let Some(entry) = self.library.iter_mut().find(|entry| entry.id == album) else {
            return;
        };
        let known = self.known.iter().find(|known| known.mbid == entry.mbid);
        let sounds = known.map_or(&[][..], |known| &known.files);
        for track in entry.files.len()..tracks {
            let file = track / per_file + 1;
            let path = format!("{NAME}/{album}/{file:02} - Song.flac");
            let real = self.music.join(&path);
            fs::create_dir_all(real.parent().expect("an album has a directory"))
                .expect("the disk is ours");
            let sound = sounds.get(track).map_or(audio(), Vec::as_slice);
            fs::write(&real, sound).expect("the disk is ours");
            entry.files.push((track, path.into()));
        }
    }

    fn drop_download(&mut self, id: i64) -> Answer {
        let before = self.queue.len();
        self.queue.retain(|item| item.id != id);
        if self.queue.len() == before {
            return Answer::status(404);
        }
        self.removed.push(format!("download {id}"));
        ok(&json!({}))
    }

    fn history(&self, request: &Received) -> Answer {
        let album = number(request, "albumId");
        let events = self
            .history
            .iter()
            .zip(1..)
            .filter(|(event, _)| event.1 == album);
        let events = events.map(|((kind, album, release), id)| {
            json!({"id": id, "eventType": kind, "albumId": album, "artistId": 7,
                   "sourceTitle": release, "downloadId": release,
                   "date": "2026-11-21T12:00:00Z", "data": {}, "quality": quality()})
        });
        ok(&events.collect())
    }

    fn tracks(&mut self, request: &Received) -> Answer {
        let album = number(request, "albumId");
        if let Some(entry) = self.library.iter_mut().find(|entry| entry.id == album)
            && entry.scan > 0
        {
            entry.scan -= 1;
            if entry.scan == 0 {
                // Only now the options of a new artist are applied.
                entry.monitored &= entry.listed;
            }
            return ok(&json!([]));
        }
        let Some(entry) = self.entry(album) else {
            return ok(&json!([]));
        };
        let known = self
            .facts(entry.mbid)
            .expect("the library holds known albums");
        let tracks = known
            .tracks
            .iter()
            .enumerate()
            .map(|(at, (disc, number, title))| {
                let mut track = json!({"id": 900 + at, "artistId": 7, "albumId": album,
                "foreignTrackId": format!("00000000-0000-4000-8000-00000000000{at}"),
                "foreignRecordingId": format!("10000000-0000-4000-8000-00000000000{at}"),
                "explicit": false, "absoluteTrackNumber": at + 1, "trackNumber": number,
                "title": title, "duration": known.track_ms, "mediumNumber": disc, "hasFile": false});
                if let Some(file) = entry.files.iter().find(|(track, _)| *track == at) {
                    track["trackFileId"] = json!(file_id(entry, file));
                    track["hasFile"] = json!(true);
                }
                track
            });
        ok(&tracks.collect())
    }

    fn track_files(&self, request: &Received) -> Answer {
        let Some(entry) = self.entry(number(request, "albumId")) else {
            return message(
                400,
                "artistId, albumId, trackFileIds or unmapped must be provided",
            );
        };
        let mut files: Vec<Value> = Vec::new();
        for file in &entry.files {
            let id = json!(file_id(entry, file));
            if files.iter().any(|known| known["id"] == id) {
                continue;
            }
            let path = format!("/music/{}", file.1.display());
            let size = fs::metadata(self.music.join(&file.1)).map_or(0, |found| found.len());
            files.push(
                json!({"id": id, "artistId": 7, "albumId": entry.id, "path": path,
                "size": size, "dateAdded": "2026-11-21T12:00:00Z",
                "quality": quality(), "mediaInfo": {"audioChannels": 1,
                    "audioBitRate": "320 kbps", "audioCodec": "FLAC", "audioBits": "16bit",
                    "audioSampleRate": "44.1kHz"}}),
            );
        }
        ok(&Value::Array(files))
    }
}

/// Tracks of one path are of one file.
fn file_id(entry: &Entry, file: &(usize, std::path::PathBuf)) -> usize {
    let first = entry.files.iter().find(|other| other.1 == file.1);
    entry.id as usize * 100 + first.map_or(0, |first| first.0)
}

fn quality() -> Value {
    json!({"quality": {"id": 6, "name": "FLAC"}, "revision": {"version": 1, "real": 0}})
}

fn command(id: i64, album: i64, status: &str, message: &str) -> Value {
    let mut command = json!({"id": id, "name": "AlbumSearch", "commandName": "Album Search",
        "status": status, "result": "unknown", "priority": "normal", "trigger": "manual",
        "queued": "2026-11-21T12:00:00Z", "body": {"name": "AlbumSearch"}});
    command["body"]["albumIds"] = json!([album]);
    if !message.is_empty() {
        command["message"] = json!(message);
    }
    command
}

fn profiles(names: &[&str]) -> Answer {
    let all = names.iter().zip(1..);
    ok(&all
        .map(|(name, id)| json!({"id": id, "name": name}))
        .collect())
}

fn number(request: &Received, name: &str) -> i64 {
    let value = request.param(name).unwrap_or_default();
    value
        .parse()
        .unwrap_or_else(|_| panic!("{name}={value} in {request:?}"))
}

pub(crate) fn ok(value: &Value) -> Answer {
    said(200, value)
}

pub(crate) fn message(status: u16, words: &str) -> Answer {
    said(
        status,
        &json!({"message": words, "description": "at Lidarr.Api.V1 .."}),
    )
}

pub(crate) fn said(status: u16, value: &Value) -> Answer {
    Answer::status(status)
        .header("Content-Type", "application/json")
        .body(value.to_string())
}
