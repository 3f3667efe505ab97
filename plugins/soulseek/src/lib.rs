//! The Soulseek network as a source for musicdl, through a
//! [slskd](https://github.com/slskd/slskd) that its user runs: version 0.22 or later.
//!
//! It finds files of other users by the words in their paths, lets slskd fetch them, and
//! copies the finished file. slskd's own copy stays, unless `remove_finished` is set. It
//! never speaks the Soulseek protocol itself and holds no Soulseek login.
//!
//! `url` and `api_key` configure it. `path_map` says where this machine sees slskd's downloads
//! directory, which slskd may know by another name: every path below slskd's name for it is
//! looked for below that one. See `docs/sources/soulseek.md`.
//!
//! Known limits: single tracks, no folders as a whole. 34 searches per 220 s, because the
//! network bans who searches faster; a text searched for in the last 220 s is answered from
//! memory. Peers' words on length, bitrate and sample rate are passed on unverified, and
//! title, artist and album are read from paths. Locked files are skipped. A peer that
//! failed twice is left alone for the run.
//!
//! Downloads are handed over ([`Download::Following`]): one thread, `follow`, asks slskd
//! about all of them, begins with the first and ends with the last. It cancels and removes
//! only downloads and searches that this plugin began; those of a run that was killed are
//! noted in the host's store and taken up or cleaned up by the next.

mod api;
mod clock;
mod config;
mod copy;
mod core;
mod download;
mod enqueue;
mod error;
mod follow;
mod guid;
mod job;
mod landing;
mod ledger;
mod names;
mod offer;
mod peers;
mod record;
mod search;
mod server;
mod state;
mod target;
mod watch;
mod words;

use std::sync::Arc;
use std::time::Duration;

use musicdl_plugin_api::{
    Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host, Limits, Plugin,
    Progress, Query, SettingKind, SettingSpec, Settings, Source, SourceError, Window,
};

use crate::config::Configured;
use crate::core::Core;
use crate::follow::Follower;
use crate::search::Searches;

/// Practice of other clients; above it the server bans an account for 30 minutes.
const SEARCHES: Window = Window {
    requests: 34,
    per: Duration::from_secs(220),
};
/// slskd runs two searches at once, and lets others wait.
const SEARCHES_AT_ONCE: u32 = 2;
/// Downloads come from many peers, of which most wait in a queue.
const DOWNLOADS_AT_ONCE: u32 = 6;
/// 45 s for the search itself, and some for its turn and for reading what it found.
const SEARCH: Duration = Duration::from_secs(80);
/// A peer may let an enqueue wait, and a slow disk a copy.
const STALL: Duration = Duration::from_secs(180);

/// One slskd.
pub struct SoulseekSource {
    /// The parts, or what is missing from the settings for them.
    parts: Result<Parts, String>,
}

struct Parts {
    core: Arc<Core>,
    searches: Searches,
    follower: Follower,
}

impl SoulseekSource {
    fn parts(&self) -> Result<&Parts, SourceError> {
        self.parts
            .as_ref()
            .map_err(|missing| SourceError::not_configured(missing.as_str()))
    }
}

impl Source for SoulseekSource {
    fn is_configured(&self) -> bool {
        self.parts.is_ok()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        let core = &self.parts()?.core;
        core.server.connection(&core.api)
    }

    /// One search of the network, of artist and title; see `search.rs`.
    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        let parts = self.parts()?;
        parts.searches.run(&parts.core, query)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        let parts = self.parts()?;
        download::download(&parts.core, &parts.follower, request, progress)
    }

    /// Answers at once; the download is ended and removed at slskd by the thread that
    /// follows it.
    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError> {
        Ok(self.parts()?.follower.cancel(target_id))
    }
}

impl Plugin for SoulseekSource {
    fn declaration() -> Declaration {
        Declaration {
            name: "soulseek".to_owned(),
            display_name: "Soulseek (slskd)".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::FOLLOWS.with(Capabilities::OWN_QUERIES),
            limits: Limits {
                search_concurrency: SEARCHES_AT_ONCE,
                download_concurrency: DOWNLOADS_AT_ONCE,
                search_window: Some(SEARCHES),
                search_deadline: Some(SEARCH),
                stall_deadline: Some(STALL),
                ..Limits::default()
            },
            settings: settings(),
            ..Declaration::default()
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        let parts = match config::read(&settings)? {
            Configured::Complete(options) => {
                let core = Arc::new(Core::new(host, options));
                Ok(Parts {
                    follower: Follower::new(Arc::clone(&core)),
                    searches: Searches::default(),
                    core,
                })
            }
            Configured::Incomplete(missing) => Err(missing),
        };
        Ok(Self { parts })
    }
}

fn settings() -> Vec<SettingSpec> {
    vec![
        SettingSpec::text(
            "url",
            "Address of your slskd, as you open it in a browser: http://127.0.0.1:5030.",
        )
        .kind(SettingKind::URL)
        .required(),
        SettingSpec::text(
            "api_key",
            "A key from `web.authentication.api_keys` of slskd's configuration, 16 characters or \
             more.",
        )
        .secret()
        .required(),
        SettingSpec::text(
            "path_map",
            "slskd's downloads directory, as slskd names it and where it is on this machine: \
             `/app/downloads => /srv/slskd/downloads`, or one path where both are the same. It is \
             only read. Not set: slskd's own path, which a confined plugin cannot read (Linux).",
        )
        .kind(SettingKind::PATH_MAP)
        .list(),
        SettingSpec::text(
            "search_silence",
            "Seconds without an answer from any peer after which a search ends, 1 to 40.",
        )
        .kind(SettingKind::NUMBER)
        .default_value("15"),
        SettingSpec::text(
            "queue_limit",
            "Seconds a download may wait in queues before another peer is tried.",
        )
        .kind(SettingKind::NUMBER)
        .default_value("600"),
        SettingSpec::text(
            "stall_limit",
            "Seconds without a new byte after which another peer is tried, up to 3600.",
        )
        .kind(SettingKind::NUMBER)
        .default_value("60"),
        SettingSpec::text(
            "remove_finished",
            "Whether slskd's own copy of a file is deleted once musicdl has it. Needs slskd's \
             option `remote_file_management`.",
        )
        .kind(SettingKind::FLAG)
        .default_value("false"),
    ]
}

musicdl_plugin_api::export_source!(SoulseekSource);
