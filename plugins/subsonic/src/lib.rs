//! Any Subsonic or OpenSubsonic server (Navidrome, gonic, LMS, Airsonic, supysonic and so
//! on) as a source for musicdl.
//!
//! It finds single tracks and fetches the original file as it lies on the server, with the
//! cover the server shows for it. `url`, `username` and `password`, or `url` and
//! `api_key`, configure it; see `docs/sources/subsonic.md`.
//!
//! Known limits: no albums as a whole, no transcoding, and where a server says less of a
//! track (old ones know no ISRC, artist list or sample rate) a hit says less too.
//!
//! The API is described at <https://opensubsonic.netlify.app/docs/>.

mod api;
mod auth;
mod config;
mod download;
mod envelope;
mod error;
mod lenient;
mod search;
mod song;

use musicdl_plugin_api::{
    Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host, Limits, Plugin,
    Progress, Query, SettingKind, SettingSpec, Settings, Source, SourceError,
};

use crate::api::Api;
use crate::config::Configured;

/// One server and one account on it.
pub struct SubsonicSource {
    /// The server, or what is missing from the settings to reach it.
    api: Result<Api, String>,
}

impl SubsonicSource {
    fn api(&self) -> Result<&Api, SourceError> {
        self.api
            .as_ref()
            .map_err(|missing| SourceError::not_configured(missing.as_str()))
    }
}

impl Source for SubsonicSource {
    fn is_configured(&self) -> bool {
        self.api.is_ok()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        self.api()?.connection()
    }

    /// One request, and a second one only if the first found nothing: see `search.rs`.
    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
        search::search(self.api()?, query)
    }

    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError> {
        download::download(self.api()?, request, progress)
    }

    /// Always `false`: the host itself carries the download and ends it by its `Progress`,
    /// and the server keeps nothing that has to be notified.
    fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

impl Plugin for SubsonicSource {
    fn declaration() -> Declaration {
        Declaration {
            name: "subsonic".to_owned(),
            display_name: "Subsonic".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::OWN_QUERIES,
            limits: Limits {
                search_concurrency: 4,
                download_concurrency: 4,
                ..Limits::default()
            },
            settings: vec![
                SettingSpec::text(
                    "url",
                    "Address of the server, as you open it in a browser: http://127.0.0.1:4533. \
                     Without the /rest of the API.",
                )
                .kind(SettingKind::URL)
                .required(),
                SettingSpec::text("username", "Your user name on the server."),
                SettingSpec::text("password", "The password of that user.").secret(),
                SettingSpec::text(
                    "api_key",
                    "An API key made in the server's settings, instead of user name and password.",
                )
                .secret(),
                SettingSpec::text(
                    "auth",
                    "How to log in. `auto` begins with the safest form for which there are \
                     settings and goes on to the next if the server does not know it.",
                )
                .choices(&["auto", "token", "password", "api_key"])
                .default_value("auto"),
            ],
            ..Declaration::default()
        }
    }

    fn create(settings: Settings, host: Host) -> Result<Self, SourceError> {
        let api = match config::read(&settings)? {
            Configured::Complete(options) => Ok(Api::new(host, options)),
            Configured::Incomplete(missing) => Err(missing),
        };
        Ok(Self { api })
    }
}

musicdl_plugin_api::export_source!(SubsonicSource);
