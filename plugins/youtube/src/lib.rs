//! YouTube Music and YouTube as a source for musicdl, by yt-dlp.
//!
//! It finds single tracks and fetches the best audio there is of one, as it is: Opus of some
//! 130 kbit/s in Ogg, or AAC in M4A. Tracks that labels and artists published come before
//! what anybody uploaded. It needs no account; see `docs/sources/youtube.md` for what has to
//! be installed, for cookies, and for what can go wrong.
//!
//! | setting | |
//! |---|---|
//! | `search` | `official_first` (default), `official` or `videos` |
//! | `player_clients` | as which of its apps to ask YouTube, in yt-dlp's words |
//! | `js_runtime`, `js_runtime_path` | the JavaScript runtime, if it is not deno on the `PATH` |
//! | `ytdlp_path`, `ffmpeg_location` | programs that are not on the `PATH` |
//! | `cookies_file` | cookies of a browser that is logged in; only ever read |
//! | `proxy`, `ca_file`, `extra_args` | how yt-dlp reaches the net, and further arguments for it |
//!
//! Known limits: lossy audio only, no albums as a whole, nothing that is encrypted, no live
//! streams. How yt-dlp is run is `musicdl-ytdlp`'s.

mod config;
mod download;
mod music;
mod search;
mod video;

use std::time::Duration;

use musicdl_plugin_api::{
    BestQuality, Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host,
    Limits, Plugin, Progress, Query, SettingSpec, Settings, Source, SourceError,
};
use musicdl_ytdlp::Desk;

use crate::config::Order;

/// YouTube, by a yt-dlp of this machine.
pub struct YoutubeSource {
    desk: Desk,
    order: Order,
}

impl YoutubeSource {
    /// So many yt-dlp were started so far: what they cost is their start.
    pub fn processes_started(&self) -> u32 {
        self.desk.started()
    }
}

impl Source for YoutubeSource {
    /// Always: no setting is required. A missing yt-dlp is not a missing setting, and every
    /// call that needs it says what to install; a mere `false` could not.
    fn is_configured(&self) -> bool {
        true
    }

    /// Asks yt-dlp what is installed; YouTube itself is not asked.
    fn check_connection(&self) -> Result<Connection, SourceError> {
        self.desk.check()
    }

    /// One request to YouTube Music, and one to YouTube only if no official track fits: see
    /// `search.rs`.
    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        search::search(&self.desk, self.order, query)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        download::download(&self.desk, request, progress)
    }

    /// Always `false`: a running download looks at its `Progress` many times a second, and
    /// YouTube keeps nothing that has to be notified.
    fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

impl Plugin for YoutubeSource {
    fn declaration() -> Declaration {
        let mut settings = vec![
            SettingSpec::text(
                "search",
                "`official_first` asks YouTube for anybody's uploads only if YouTube Music has \
                 no official track that fits; `official` never does; `videos` asks only YouTube.",
            )
            .choices(&["official_first", "official", "videos"])
            .default_value("official_first"),
            SettingSpec::text(
                "player_clients",
                "As which of its apps to ask YouTube, in the order and words of yt-dlp's \
                 player_client. Without it, as yt-dlp thinks best.",
            )
            .list(),
        ];
        settings.extend(musicdl_ytdlp::javascript_settings());
        settings.extend(musicdl_ytdlp::settings());
        Declaration {
            name: "youtube".to_owned(),
            display_name: "YouTube".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::OWN_QUERIES,
            limits: Limits {
                search_concurrency: 1,
                download_concurrency: 2,
                // YouTube takes the machine for a robot if it is asked too fast.
                download_spacing: Duration::from_secs(3),
                ..Limits::default()
            },
            best_quality: BestQuality {
                codec: Some("opus".to_owned()),
                bitrate: Some(160_000),
                sample_rate: Some(48_000),
                bit_depth: None,
            },
            settings,
            hosts: ["youtube.com", "googlevideo.com"].map(str::to_owned).into(),
            extra: musicdl_ytdlp::needs(&["deno", "node", "bun", "qjs"]),
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        let config = config::read(&settings)?;
        Ok(Self {
            desk: Desk::new(config.site, config.options, host),
            order: config.order,
        })
    }
}

musicdl_plugin_api::export_source!(YoutubeSource);
