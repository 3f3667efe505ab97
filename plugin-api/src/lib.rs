//! The contract between musicdl and its source plugins.
//!
//! A plugin is a shared library that knows one service: how to search it and how to fetch
//! one thing from it. Everything that services have in common is the host's.
//!
//! ```
//! use musicdl_plugin_api::{
//!     Connection, Declaration, Download, DownloadRequest, DownloadedFile, Files, Hit, Host, Plugin,
//!     Progress, Query, SettingSpec, Settings, Source, SourceError, TargetKind,
//! };
//!
//! /// One file, whatever is asked for.
//! struct Jukebox {
//!     file: Option<String>,
//! }
//!
//! impl Source for Jukebox {
//!     fn is_configured(&self) -> bool {
//!         self.file.is_some()
//!     }
//!     fn check_connection(&self) -> Result<Connection, SourceError> {
//!         Ok(Connection::default())
//!     }
//!     fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError> {
//!         let title = query.title.clone().unwrap_or_default();
//!         Ok(vec![Hit { target_id: "1".into(), kind: TargetKind::TRACK, title, ..Hit::default() }])
//!     }
//!     fn download_raw(&self, request: &DownloadRequest, progress: &Progress) -> Result<Download, SourceError> {
//!         progress.check()?;
//!         let from = self.file.as_deref().ok_or_else(|| SourceError::not_configured("set `file`"))?;
//!         let to = request.dest_dir.join("song.flac");
//!         std::fs::copy(from, &to).map_err(|e| SourceError::not_found(format!("{from}: {e}")))?;
//!         Ok(Download::Files(Files::one(DownloadedFile::at(to))))
//!     }
//!     fn cancel_raw(&self, _target_id: &str) -> Result<bool, SourceError> {
//!         Ok(false)
//!     }
//! }
//!
//! impl Plugin for Jukebox {
//!     fn declaration() -> Declaration {
//!         Declaration {
//!             name: "jukebox".into(),
//!             display_name: "Jukebox".into(),
//!             version: "0.1.0".into(),
//!             settings: vec![SettingSpec::text("file", "The song it plays.").required()],
//!             ..Declaration::default()
//!         }
//!     }
//!     fn create(settings: Settings, _host: Host) -> Result<Self, SourceError> {
//!         Ok(Self { file: settings.text("file").map(str::to_owned) })
//!     }
//! }
//!
//! musicdl_plugin_api::export_source!(Jukebox);
//! # fn main() {}
//! ```
//!
//! The crate of a plugin is a `cdylib`, depends on this crate and on `abi_stable` (which the
//! export macro names), and keeps `panic = "unwind"`.
//!
//! # The rules
//!
//! - **Threads**: see [`Source`]. Calls block, and several run at once.
//! - **Deadlines**: `is_configured` 5 s, `check_connection` 15 s, `search_raw` 60 s,
//!   `cancel_raw` 5 s; a download must show a sign of life every 60 s. Past that the host
//!   cancels and goes elsewhere.
//! - **Cancelling**: [`Progress::is_cancelled`] turns true, then `cancel_raw` is called.
//! - **Files**: only below [`DownloadRequest::dest_dir`], the [temp dir](Host::temp_dir) and
//!   paths the user configured.
//! - **Programs, connections, caches**: only what the declaration [`needs`]; a host may shut
//!   off the rest.
//! - **Secrets**: never in a message, a log line or a target id.
//! - **Network**: through [`Host::http_send`] and its siblings, so that proxy, certificates,
//!   time limits and redaction are the user's and in one place.
//!
//! # Compatibility
//!
//! API 1 is frozen: a plugin built against any 1.x loads into any host of API 1. Every record
//! carries [`Extra`] pairs, kinds and capabilities are numbers with named values, and a value
//! that one side does not know has a defined meaning.

mod declaration;
mod download;
mod error;
pub mod extra;
mod hit;
mod host;
pub mod http;
pub mod needs;
mod path_map;
mod progress;
mod query;
#[cfg(feature = "serde")]
pub mod raw_path;
mod server_url;
mod settings;
mod soundness;
mod source;

pub mod abi;
#[cfg(feature = "testing")]
pub mod testing;

pub use declaration::{
    BestQuality, Capabilities, Connection, Declaration, Limits, SettingKind, SettingSpec, Window,
};
pub use download::{
    Download, DownloadRequest, DownloadedFile, Files, MissingTrack, QualityCeiling,
};
pub use error::{ErrorKind, SourceError, quoted};
pub use extra::{Extra, extra_value};
pub use hit::{Hit, Provenance};
pub use host::{Host, HostServices, LogLevel};
pub use path_map::{PathMap, path_map_entry};
pub use progress::{Progress, ProgressSink};
pub use query::{Query, TargetKind};
pub use server_url::{Configured, Secret, ServerUrl};
pub use settings::Settings;
pub use source::{Plugin, Source};

/// Version of this contract.
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");
