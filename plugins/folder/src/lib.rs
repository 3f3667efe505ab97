//! The directories you already have, as a source.
//!
//! **What it offers.** Every audio file below the configured directories as a hit, with what
//! its tags say of the track and what its audio is made of; and a copy of that file, with the
//! cover and the lyrics that lie beside it. Nothing leaves the machine, and nothing below the
//! directories is ever written.
//!
//! **How to configure it.**
//!
//! ```yaml
//! sources:
//!   - folder:
//!       paths: [./my-music, /mnt/nas/flac]
//!       follow_links: false
//! ```
//!
//! **Known limits.** The files are read once, at the first search; what is added later is
//! found by the next run. A file counts as audio by its extension first (so that a scan opens
//! no pictures and videos) and by its content then. Hidden files and directories (`.name`) are skipped.
//! It offers tracks only, no albums.
//!
//! **The way through it.** `config` reads the settings. `collection` asks `directory` which
//! directories are there and has `walk` go through them, where `listing` names the files and
//! `tags` reads each (and `hints` its path, where the tags are silent); it keeps the `index`,
//! which compares by `words`.
//! `search` turns its tracks into hits, named by `target`; `download` takes such a name back,
//! `copy` moves the bytes, `companions` brings cover and lyrics. `format` says what a file is
//! by its content, `error` what a failure means to the host.

mod collection;
mod companions;
mod config;
mod copy;
mod directory;
mod download;
mod error;
mod format;
mod hints;
mod index;
mod listing;
mod search;
mod tags;
mod target;
mod walk;
mod words;

use std::time::Duration;

use musicdl_plugin_api::{
    Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host, Limits, Plugin,
    Progress, Query, SettingKind, SettingSpec, Settings, Source, SourceError,
};

use crate::collection::Collection;
use crate::directory::Directories;

/// Searches at once: they are memory look-ups once the files are read.
const SEARCHES_AT_ONCE: u32 = 4;
/// Copies at once: enough to keep a network share busy, few enough for one disk.
const DOWNLOADS_AT_ONCE: u32 = 4;
/// The first search reads every file's tags. 100,000 files on a network share at 5 ms each are
/// eight minutes on one thread.
const SEARCH_DEADLINE: Duration = Duration::from_secs(600);

/// The user's own files as a source.
#[derive(Debug)]
pub struct FolderSource {
    directories: Directories,
    collection: Collection,
    host: Host,
}

impl Source for FolderSource {
    fn is_configured(&self) -> bool {
        !self.directories.is_empty()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        let probed = self.directories.probe()?;
        let readable = probed.readable.len();
        Ok(Connection {
            service: Some(match readable {
                1 => "1 directory".to_owned(),
                several => format!("{several} directories"),
            }),
            warnings: probed.unreadable.iter().map(ToString::to_string).collect(),
            ..Connection::default()
        })
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        search::search(&self.collection, &self.directories, query, &self.host)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        download::download(&self.directories, request, progress, &self.host).map(Download::Files)
    }

    /// Nothing to do: a copy looks at its [`Progress`] between any two chunks of a mebibyte and
    /// has no other process or connection to notify.
    fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

impl Plugin for FolderSource {
    fn declaration() -> Declaration {
        Declaration {
            name: "folder".to_owned(),
            display_name: "Folder".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::LOCAL.with(Capabilities::OWN_QUERIES),
            limits: Limits {
                search_concurrency: SEARCHES_AT_ONCE,
                download_concurrency: DOWNLOADS_AT_ONCE,
                search_deadline: Some(SEARCH_DEADLINE),
                ..Limits::default()
            },
            settings: vec![
                SettingSpec::text(
                    config::PATHS,
                    "Directories with your own audio files; everything below them is searched.",
                )
                .kind(SettingKind::PATH)
                .list()
                .required(),
                SettingSpec::text(
                    config::FOLLOW_LINKS,
                    "Whether symbolic links below the directories are followed, also to \
                     places outside of them.",
                )
                .kind(SettingKind::FLAG)
                .default_value("false"),
            ],
            ..Declaration::default()
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        let options = config::Options::from_settings(&settings)?;
        Ok(Self {
            directories: Directories::new(options),
            collection: Collection::default(),
            host,
        })
    }
}

musicdl_plugin_api::export_source!(FolderSource);
