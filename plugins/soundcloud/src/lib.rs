//! SoundCloud as a source for musicdl, by yt-dlp.
//!
//! It finds single tracks and fetches the best audio there is of one, as it is: MP3 of 128
//! kbit/s, AAC of 160 where SoundCloud has it, or the original where the artist lets
//! everybody have it. Tracks of which only a preview of 30 seconds is to be had are left
//! out. It needs no account; see `docs/sources/soundcloud.md` for what has to be installed
//! and for what can go wrong.
//!
//! | setting | |
//! |---|---|
//! | `ytdlp_path`, `ffmpeg_location` | programs that are not on the `PATH` |
//! | `cookies_file` | cookies of a browser that is logged in; only ever read |
//! | `proxy`, `ca_file`, `extra_args` | how yt-dlp reaches the net, and further arguments for it |
//!
//! Known limits: no albums as a whole, nothing that is encrypted. How yt-dlp is run is
//! `musicdl-ytdlp`'s.

mod config;
mod download;
mod search;
mod track;

use std::time::Duration;

use musicdl_plugin_api::{
    BestQuality, Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host,
    Limits, Plugin, Progress, Query, Settings, Source, SourceError,
};
use musicdl_ytdlp::Desk;

/// SoundCloud, by a yt-dlp of this machine.
pub struct SoundcloudSource {
    desk: Desk,
}

impl Source for SoundcloudSource {
    /// Always: no setting is required. A missing yt-dlp is not a missing setting, and every
    /// call that needs it says what to install; a mere `false` could not.
    fn is_configured(&self) -> bool {
        true
    }

    /// Asks yt-dlp what is installed; SoundCloud itself is not asked.
    fn check_connection(&self) -> Result<Connection, SourceError> {
        self.desk.check()
    }

    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        search::search(&self.desk, query)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        download::download(&self.desk, request, progress)
    }

    /// Always `false`: a running download looks at its `Progress` many times a second, and
    /// SoundCloud keeps nothing that has to be notified.
    fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

impl Plugin for SoundcloudSource {
    fn declaration() -> Declaration {
        Declaration {
            name: "soundcloud".to_owned(),
            display_name: "SoundCloud".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::OWN_QUERIES,
            limits: Limits {
                search_concurrency: 1,
                download_concurrency: 2,
                download_spacing: Duration::from_secs(1),
                ..Limits::default()
            },
            best_quality: BestQuality {
                codec: None,
                bitrate: Some(160_000),
                ..BestQuality::default()
            },
            settings: musicdl_ytdlp::settings(),
            hosts: ["soundcloud.com", "sndcdn.com"].map(str::to_owned).into(),
            extra: musicdl_ytdlp::needs(&[]),
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        let (site, options) = config::read(&settings)?;
        Ok(Self {
            desk: Desk::new(site, options, host),
        })
    }
}

musicdl_plugin_api::export_source!(SoundcloudSource);
