//! A [Lidarr](https://lidarr.audio) of the user's own as a source of whole albums for musicdl.
//!
//! Lidarr finds and fetches albums through the user's own indexers and download clients and
//! imports them into *its* library. This plugin asks it to, waits, and hands out copies of the
//! files; Lidarr's library is read and never written to. `url`, `api_key` and `path_map`
//! configure it; see `docs/sources/lidarr.md`.
//!
//! An album is looked up by MusicBrainz id where there is one, added with its artist
//! unmonitored (so that nothing else of the artist is fetched) or used as it is in Lidarr's
//! library, searched for, and followed until as many files are there as the album has tracks.
//! What is lacking then is reported track by track, and the host looks for it elsewhere. A
//! cancel takes back what was done for the album, and nothing else.
//!
//! # Settings
//!
//! - `url`, `api_key`: where Lidarr is, and the key of its *Settings, General*.
//! - `path_map`: the directories of Lidarr's music, as Lidarr names them and where they are on
//!   this machine.
//! - `root_folder`, `quality_profile`, `metadata_profile`: what a new album gets in Lidarr, by
//!   name.
//! - `cancel_removes`, `cleanup`: what is taken back.
//! - `poll_interval`, `step_timeout`, `search_timeout`, `settle_time`, `stall_timeout`,
//!   `album_timeout`: how long is waited for what, as `90s`, `10m`, `12h`.
//!
//! Known limits: no single tracks, no choice among an indexer's releases (Lidarr's profiles
//! choose), and a file that holds several tracks (an image with a cue sheet) is not split.

mod addition;
mod answer;
mod api;
mod config;
mod copy;
mod deeds;
mod deliver;
mod error;
mod grab;
mod quality;
mod records;
mod running;
mod search;
mod setup;
mod watch;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use musicdl_plugin_api::{
    Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host, Limits, Plugin,
    Progress, Query, SettingKind, SettingSpec, Settings, Source, SourceError,
};

use crate::api::Api;
use crate::config::{Configured, Options, WAITS};
use crate::deeds::Book;
use crate::error::Asked;
use crate::running::Running;
use crate::setup::Setup;

/// One Lidarr.
pub struct LidarrSource {
    /// The Lidarr, or what is missing from the settings to reach it.
    lidarr: Result<Lidarr, String>,
}

/// What a configured source is made of.
pub(crate) struct Lidarr {
    api: Api,
    options: Options,
    running: Running,
    book: Book,
    /// How it is set up, once that has been looked at.
    known: Mutex<Option<(Setup, Connection)>>,
}

impl Lidarr {
    fn look(&self) -> Result<(Setup, Connection), SourceError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let looked = setup::look(&self.api, &self.options)
            .map_err(|failure| self.api.report(failure, Asked::Connection))?;
        Ok(known.insert(looked).clone())
    }

    /// What a new album gets.
    fn setup(&self) -> Result<Setup, SourceError> {
        self.look().map(|(setup, _)| setup)
    }
}

impl LidarrSource {
    fn lidarr(&self) -> Result<&Lidarr, SourceError> {
        self.lidarr
            .as_ref()
            .map_err(|missing| SourceError::not_configured(missing.as_str()))
    }
}

impl Source for LidarrSource {
    fn is_configured(&self) -> bool {
        self.lidarr.is_ok()
    }

    /// Asks once; what was fine then is the answer from then on.
    fn check_connection(&self) -> Result<Connection, SourceError> {
        let lidarr = self.lidarr()?;
        let (_, connection) = lidarr.look()?;
        lidarr.finish_undoing();
        Ok(connection)
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        search::search(&self.lidarr()?.api, query)
    }

    /// Returns after minutes or hours; see `grab.rs`.
    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        grab::download(self.lidarr()?, request, progress)
    }

    /// Wakes the download, which looks at its progress and takes back what it did in Lidarr.
    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        Ok(match &self.lidarr {
            Ok(lidarr) => lidarr.running.wake(target_id),
            Err(_) => false,
        })
    }
}

impl Plugin for LidarrSource {
    fn declaration() -> Declaration {
        Declaration {
            name: "lidarr".to_owned(),
            display_name: "Lidarr".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::ALBUM_ONLY.with(Capabilities::OWN_QUERIES),
            limits: Limits {
                search_concurrency: 1,
                // They mostly wait; with more of them Lidarr hears more than a request a second.
                download_concurrency: 4,
                // Lidarr's look-up takes up to a minute where its metadata service is busy.
                search_deadline: Some(Duration::from_secs(130)),
                stall_deadline: Some(Duration::from_secs(150)),
                ..Limits::default()
            },
            settings: settings(),
            ..Declaration::default()
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        let lidarr = match config::read(&settings)? {
            Configured::Complete(options) => Ok(Lidarr {
                api: Api::new(host, options.server.clone(), options.key.clone()),
                options: *options,
                running: Running::default(),
                book: Book::default(),
                known: Mutex::default(),
            }),
            Configured::Incomplete(missing) => Err(missing),
        };
        Ok(Self { lidarr })
    }
}

fn settings() -> Vec<SettingSpec> {
    let mut settings = vec![
        SettingSpec::text(
            "url",
            "Address of Lidarr, as you open it in a browser: http://127.0.0.1:8686, with its URL \
             base if it has one.",
        )
        .kind(SettingKind::URL)
        .required(),
        SettingSpec::text("api_key", "The API key, from Settings, General in Lidarr.")
            .secret()
            .required(),
        SettingSpec::text(
            "path_map",
            "The directories of Lidarr's music (its root folders), as Lidarr names them and where \
             they are on this machine: `/music => /mnt/nas/music`, or `/music` where both are the \
             same. They are only read.",
        )
        .kind(SettingKind::PATH_MAP)
        .list()
        .required(),
        SettingSpec::text(
            "root_folder",
            "Name or path of the root folder for new albums. Without it: the first one.",
        ),
        SettingSpec::text(
            "quality_profile",
            "Name of the quality profile for new artists. Without it: the root folder's default.",
        ),
        SettingSpec::text(
            "metadata_profile",
            "Name of the metadata profile for new artists. Without it: the root folder's default.",
        ),
        SettingSpec::text(
            "cancel_removes",
            "Whether a cancel takes our download out of Lidarr's queue and its download client. \
             If not, Lidarr goes on with it, and a later run takes it over.",
        )
        .kind(SettingKind::FLAG)
        .default_value("true"),
        SettingSpec::text(
            "cleanup",
            "Whether albums (and artists) that musicdl added leave Lidarr's library again at the \
             end. Their files stay where they are.",
        )
        .kind(SettingKind::FLAG)
        .default_value("false"),
    ];
    let docs = [
        "Time between two looks at Lidarr; it grows fivefold while nothing happens.",
        "Longest wait for a step of Lidarr's own: the track list of a new album, a grabbed \
         release in its queue, an answer while it restarts.",
        "Longest wait for Lidarr's search at its indexers.",
        "How long an empty queue or a refused import is watched before it counts.",
        "Longest time in which a download gains nothing.",
        "Longest time for an album as a whole.",
    ];
    settings.extend(
        WAITS
            .into_iter()
            .zip(docs)
            .map(|((key, default), doc)| SettingSpec::text(key, doc).default_value(default)),
    );
    settings
}

musicdl_plugin_api::export_source!(LidarrSource);
