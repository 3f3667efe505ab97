//! {{title}} as a source for musicdl.
//!
//! It finds and fetches {{things}}. `url` configures it, and `token` where the service asks
//! for one. Which addresses the service has stands in `api`.

mod api;
mod config;
mod download;
mod error;
mod search;

use musicdl_plugin_api::{
    Capabilities, Connection, Declaration, Download, DownloadRequest, Hit, Host, Limits, Plugin,
    Progress, Query, SettingKind, SettingSpec, Settings, Source, SourceError,
};

use crate::api::Api;
use crate::config::Configured;

/// One service, as its user set it up.
pub struct {{Type}}Source {
    /// The service, or what is missing from the settings to reach it.
    api: Result<Api, String>,
}

impl {{Type}}Source {
    fn api(&self) -> Result<&Api, SourceError> {
        self.api
            .as_ref()
            .map_err(|missing| SourceError::not_configured(missing.as_str()))
    }
}

impl Source for {{Type}}Source {
    fn is_configured(&self) -> bool {
        self.api.is_ok()
    }

    fn check_connection(&self) -> Result<Connection, SourceError> {
        let status = self.api()?.status()?;
        Ok(Connection {
            service: Some(format!("{} {}", status.name, status.version)),
            ..Connection::default()
        })
    }

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
    /// and the service has nothing that could be told.
    fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
        Ok(false)
    }
}

impl Plugin for {{Type}}Source {
    fn declaration() -> Declaration {
        Declaration {
            name: "{{name}}".to_owned(),
            display_name: "{{title}}".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Capabilities::{{capability}},
            limits: Limits {
                search_concurrency: 2,
                download_concurrency: 2,
                ..Limits::default()
            },
            settings: vec![
                SettingSpec::text("url", "Address of the service: http://127.0.0.1:8080.")
                    .kind(SettingKind::URL)
                    .required(),
                SettingSpec::text("token", "What the service asks for at login, if it does.")
                    .secret(),
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

musicdl_plugin_api::export_source!({{Type}}Source);
