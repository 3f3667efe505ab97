//! The calls we make of Lidarr; its records are in `records`, the reading of its answers in
//! `answer`. Which call follows on which is `grab`'s.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use musicdl_plugin_api::http::Request;
use musicdl_plugin_api::{Host, Secret, ServerUrl, SourceError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer;

use crate::error::{Asked, Failure};
use crate::records::{
    Album, AlbumSearch, Artist, Command, Health, HistoryEntry, Monitoring, Profile, QueueItem,
    RootFolder, Status, Track, TrackFile,
};

/// Lidarr asks its metadata service in the meantime, which takes up to half a minute.
const LOOKUP_LIMIT: Duration = Duration::from_secs(60);
/// Answered from Lidarr's own database, on small machines and big libraries.
const LOCAL_LIMIT: Duration = Duration::from_secs(20);
/// Several of them have to fit into the 5 s that a cancel may take.
const UNDO_LIMIT: Duration = Duration::from_secs(2);

/// What came of adding an album.
pub(crate) enum Added {
    /// It was taken in.
    Now(Box<Album>),
    /// It was added by another client in the meantime.
    Before,
    /// Lidarr's database had two writers at once.
    InConflict,
}

/// One Lidarr.
pub(crate) struct Api {
    host: Host,
    server: ServerUrl,
    key: Secret,
    /// How often in a row the metadata service has failed.
    metadata_failures: AtomicU32,
}

impl Api {
    pub(crate) fn new(host: Host, server: ServerUrl, key: Secret) -> Self {
        Self {
            host,
            server,
            key,
            metadata_failures: AtomicU32::new(0),
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// What the host gets to see of a failure, without the key.
    pub(crate) fn report(&self, failure: Failure, asked: Asked) -> SourceError {
        let in_a_row = match failure {
            Failure::Metadata(_) => self.metadata_failures.fetch_add(1, Ordering::Relaxed) + 1,
            _ => 0,
        };
        let mut error = failure.report(asked, self.server.base(), in_a_row);
        let key = self.key.reveal();
        // Lidarr's keys have 32 characters; what is too short to be one is in any word.
        if key.len() >= 8 {
            error.message = error.message.replace(key, "***");
        }
        error
    }

    /// Who answers. Fails when that is at another address than the user configured: a GET
    /// would find its way, a change would not.
    pub(crate) fn status(&self, limit: Duration) -> Result<Status, SourceError> {
        let request = self.get("system/status", &[]).timeout(limit);
        let response = self.host.http_send(&request)?;
        let status = answer::read(&request, &response, Asked::Connection);
        match answer::moved_base(&request, &response) {
            Some(failure) => Err(self.report(failure, Asked::Connection)),
            None => status.map_err(|failure| self.report(failure, Asked::Connection)),
        }
    }

    pub(crate) fn root_folders(&self, limit: Duration) -> Result<Vec<RootFolder>, SourceError> {
        self.read(
            self.get("rootfolder", &[]).timeout(limit),
            Asked::Connection,
        )
    }

    pub(crate) fn quality_profiles(&self, limit: Duration) -> Result<Vec<Profile>, SourceError> {
        self.read(
            self.get("qualityprofile", &[]).timeout(limit),
            Asked::Connection,
        )
    }

    pub(crate) fn metadata_profiles(&self, limit: Duration) -> Result<Vec<Profile>, SourceError> {
        self.read(
            self.get("metadataprofile", &[]).timeout(limit),
            Asked::Connection,
        )
    }

    pub(crate) fn health(&self, limit: Duration) -> Result<Vec<Health>, SourceError> {
        self.read(self.get("health", &[]).timeout(limit), Asked::Connection)
    }

    /// Albums of the metadata service. The raw records go along, because adding an album means
    /// handing back what the look-up said.
    pub(crate) fn lookup(&self, term: &str) -> Result<Vec<Value>, SourceError> {
        let request = self
            .get("album/lookup", &[("term", term)])
            .timeout(LOOKUP_LIMIT);
        let found = self.read(request, Asked::Lookup)?;
        self.metadata_failures.store(0, Ordering::Relaxed);
        Ok(found)
    }

    /// The album of that MusicBrainz id, if it is in the library.
    pub(crate) fn find_album(&self, mbid: &str) -> Result<Option<Album>, SourceError> {
        let request = self
            .get("album", &[("foreignAlbumId", mbid)])
            .timeout(LOCAL_LIMIT);
        let found: Vec<Album> = self.read(request, Asked::Library)?;
        Ok(found.into_iter().find(|album| album.id != 0))
    }

    /// The artist of that MusicBrainz id, if it is in the library.
    pub(crate) fn find_artist(&self, mbid: &str) -> Result<Option<Artist>, SourceError> {
        let request = self.get("artist", &[("mbId", mbid)]).timeout(LOCAL_LIMIT);
        let found: Vec<Artist> = self.read(request, Asked::Library)?;
        Ok(found.into_iter().find(|artist| artist.id != 0))
    }

    /// The album of that id in the library.
    pub(crate) fn album(&self, id: i64) -> Result<Album, SourceError> {
        let request = self.get(&format!("album/{id}"), &[]).timeout(LOCAL_LIMIT);
        self.read(request, Asked::Library)
    }

    /// Takes an album into the library, as the look-up said it and with what it is to get.
    pub(crate) fn add_album(&self, album: &Value) -> Result<Added, SourceError> {
        let request = self.send("POST", "album", album)?.timeout(LOOKUP_LIMIT);
        let response = self.host.http_send(&request)?;
        match answer::read(&request, &response, Asked::Add) {
            Ok(album) => Ok(Added::Now(Box::new(album))),
            Err(Failure::Http { status: 409, .. }) => Ok(Added::InConflict),
            Err(Failure::Invalid(complaints))
                if complaints
                    .iter()
                    .any(|complaint| complaint.is_already_added()) =>
            {
                Ok(Added::Before)
            }
            Err(failure) => Err(self.report(failure, Asked::Add)),
        }
    }

    /// Searches the indexers for that album. A search that runs already is returned instead.
    pub(crate) fn search(&self, album: i64) -> Result<Command, SourceError> {
        let request = self.send("POST", "command", &AlbumSearch::of(album))?;
        self.read(request.timeout(LOCAL_LIMIT), Asked::Search)
    }

    /// How a command stands; `None` when Lidarr has forgotten it, as it does some minutes
    /// after the end.
    pub(crate) fn command(&self, id: i64) -> Result<Option<Command>, SourceError> {
        let request = self.get(&format!("command/{id}"), &[]).timeout(LOCAL_LIMIT);
        match self.try_read(&request, Asked::Queue) {
            Ok(command) => Ok(Some(command)),
            Err(Failure::Http { status: 404, .. }) => Ok(None),
            Err(failure) => Err(self.report(failure, Asked::Queue)),
        }
    }

    /// What is being downloaded of that album.
    pub(crate) fn queue(&self, album: i64) -> Result<Vec<QueueItem>, SourceError> {
        self.queue_within(album, LOCAL_LIMIT, Asked::Queue)
    }

    /// The same while undoing.
    pub(crate) fn queue_to_undo(&self, album: i64) -> Result<Vec<QueueItem>, SourceError> {
        self.queue_within(album, UNDO_LIMIT, Asked::Undo)
    }

    fn queue_within(
        &self,
        album: i64,
        limit: Duration,
        asked: Asked,
    ) -> Result<Vec<QueueItem>, SourceError> {
        let id = album.to_string();
        let parameters = [
            ("albumIds", id.as_str()),
            ("includeAlbum", "false"),
            ("includeArtist", "false"),
        ];
        let request = self.get("queue/details", &parameters).timeout(limit);
        let items: Vec<QueueItem> = self.read(request, asked)?;
        // A Lidarr that does not know the filter answers with its whole queue.
        Ok(items
            .into_iter()
            .filter(|item| item.album_id == album)
            .collect())
    }

    /// What happened to that album, in no particular order.
    pub(crate) fn history(
        &self,
        artist: i64,
        album: i64,
    ) -> Result<Vec<HistoryEntry>, SourceError> {
        let (artist, album) = (artist.to_string(), album.to_string());
        let parameters = [("artistId", artist.as_str()), ("albumId", album.as_str())];
        let request = self.get("history/artist", &parameters).timeout(LOCAL_LIMIT);
        self.read(request, Asked::Queue)
    }

    pub(crate) fn tracks(&self, album: i64) -> Result<Vec<Track>, SourceError> {
        let id = album.to_string();
        let request = self.get("track", &[("albumId", &id)]).timeout(LOCAL_LIMIT);
        self.read(request, Asked::Files)
    }

    pub(crate) fn track_files(&self, album: i64) -> Result<Vec<TrackFile>, SourceError> {
        let id = album.to_string();
        let request = self
            .get("trackfile", &[("albumId", &id)])
            .timeout(LOCAL_LIMIT);
        self.read(request, Asked::Files)
    }

    /// Cancels a command that has not begun. One that has begun is not an error.
    pub(crate) fn drop_command(&self, id: i64) -> Result<(), SourceError> {
        self.delete(&format!("command/{id}"), &[], &[404, 409])
    }

    /// Takes a download out of the queue and out of its download client.
    pub(crate) fn drop_download(&self, id: i64) -> Result<(), SourceError> {
        let parameters = [
            ("removeFromClient", "true"),
            ("blocklist", "false"),
            ("skipRedownload", "true"),
        ];
        self.delete(&format!("queue/{id}"), &parameters, &[404])
    }

    /// Lidarr no longer looks for that album by itself.
    pub(crate) fn unmonitor(&self, album: i64) -> Result<(), SourceError> {
        let wish = Monitoring {
            album_ids: [album],
            monitored: false,
        };
        let request = self.send("PUT", "album/monitor", &wish)?;
        self.change(&request.timeout(UNDO_LIMIT), &[404])
    }

    /// Takes an album out of the library; its files stay.
    pub(crate) fn drop_album(&self, id: i64) -> Result<(), SourceError> {
        self.delete(&format!("album/{id}"), &[("deleteFiles", "false")], &[404])
    }

    /// Whether anybody has a use for that artist of the library: an album of it has files, or
    /// is looked for.
    pub(crate) fn is_of_use(&self, artist: i64) -> Result<bool, SourceError> {
        let id = artist.to_string();
        let request = self.get("album", &[("artistId", &id)]).timeout(UNDO_LIMIT);
        let albums: Vec<Album> = self.read(request, Asked::Undo)?;
        Ok(albums.iter().any(|album| {
            let there = album.statistics.unwrap_or_default();
            album.monitored == Some(true) || there.track_file_count > 0
        }))
    }

    /// Takes an artist out of the library; the files stay.
    pub(crate) fn drop_artist(&self, id: i64) -> Result<(), SourceError> {
        self.delete(&format!("artist/{id}"), &[("deleteFiles", "false")], &[404])
    }

    fn delete(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        fine: &[u16],
    ) -> Result<(), SourceError> {
        let mut request = self.get(path, parameters).timeout(UNDO_LIMIT);
        request.method = "DELETE".to_owned();
        self.change(&request, fine)
    }

    /// A change whose answer does not matter; the statuses in `fine` say that there is nothing
    /// left to change.
    fn change(&self, request: &Request, fine: &[u16]) -> Result<(), SourceError> {
        let response = self.host.http_send(request)?;
        if fine.contains(&response.status()) {
            return Ok(());
        }
        answer::succeeded(request, &response, Asked::Undo)
            .map_err(|failure| self.report(failure, Asked::Undo))
    }

    fn read<T: DeserializeOwned>(&self, request: Request, asked: Asked) -> Result<T, SourceError> {
        self.try_read(&request, asked)
            .map_err(|failure| self.report(failure, asked))
    }

    /// A record, with one more try where Lidarr's database had two writers at once.
    fn try_read<T: DeserializeOwned>(&self, request: &Request, asked: Asked) -> Result<T, Failure> {
        let mut response = self.host.http_send(request)?;
        if response.status() == 409 {
            response = self.host.http_send(request)?;
        }
        answer::read(request, &response, asked)
    }

    fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Request {
        let request = Request::get(format!("{}/api/v1/{path}", self.server.base()))
            .header("X-Api-Key", self.key.reveal())
            .header("Accept", "application/json");
        match parameters {
            [] => request,
            parameters => request.query(parameters),
        }
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Request, SourceError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| SourceError::internal(format!("{path}: {error}")))?;
        let mut request = self
            .get(path, &[])
            .header("Content-Type", "application/json");
        request.method = method.to_owned();
        request.body = body;
        Ok(request)
    }
}
