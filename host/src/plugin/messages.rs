//! What the host and a plugin process say to each other. Both ends are the same program, so
//! no message needs to be understood by another release.
//!
//! Every call and every service has a number of its own, given by the side that asks; any
//! number of them are open at once. A download keeps its number for as long as the plugin
//! holds its progress handle.
//!
//! Before all that the host says in one frame what the process may do: `Option<Rules>`.
//!
//! | from the host | answered by |
//! |---|---|
//! | `Call` | one `Reply` of the same number |
//! | `Cancelled`: the download of that number is to end | nothing |
//! | `Close`: let go of the source, then end | the end of the process |
//!
//! | from the plugin | answered by |
//! |---|---|
//! | `Asked`: a service | one `Served`; for a `Save` any number of `Progress` messages before |
//! | `Cancelled`: the `Save` of that number is to end | nothing |
//! | `Progress`, `LetGo`: of a download | nothing |
//! | `CloseBody`, `Log` | nothing |
//!
//! HTTP bodies travel as the bytes of the frame; the records that own one are sent without.

use std::path::PathBuf;

use musicdl_plugin_api::http::{Head, Request, Saved};
use musicdl_plugin_api::{
    Connection, Declaration, Download, DownloadRequest, Files, Hit, LogLevel, Query, Settings,
    SourceError, raw_path,
};
use semver::Version;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) enum ToChild {
    Call {
        id: u64,
        call: Call,
    },
    Cancelled {
        id: u64,
    },
    Served {
        id: u64,
        result: Result<ServiceReply, SourceError>,
    },
    Progress {
        id: u64,
        update: ProgressUpdate,
    },
    Close,
}

#[derive(Serialize, Deserialize)]
pub(super) enum ToHost {
    Reply {
        id: u64,
        result: Result<Reply, SourceError>,
    },
    Asked {
        id: u64,
        service: ServiceRequest,
    },
    Cancelled {
        id: u64,
    },
    Progress {
        id: u64,
        update: ProgressUpdate,
    },
    LetGo {
        id: u64,
    },
    CloseBody {
        body: u64,
    },
    Log {
        level: LogLevel,
        message: String,
        fields: Vec<(String, String)>,
    },
}

/// The five calls, and the two before them.
#[derive(Serialize, Deserialize)]
pub(super) enum Call {
    Describe,
    Create {
        settings: Settings,
    },
    IsConfigured,
    CheckConnection,
    Search {
        query: Box<Query>,
    },
    Download {
        request: Box<DownloadRequest>,
        /// Whether it is to end before it begins.
        cancelled: bool,
    },
    Cancel {
        target: String,
    },
}

impl Call {
    /// As the contract calls it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Call::Describe => "declaration",
            Call::Create { .. } => "create",
            Call::IsConfigured => "is_configured",
            Call::CheckConnection => "check_connection",
            Call::Search { .. } => "search_raw",
            Call::Download { .. } => "download_raw",
            Call::Cancel { .. } => "cancel_raw",
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) enum Reply {
    Described(Box<Described>),
    Refused {
        reason: String,
        details: Option<String>,
    },
    Created,
    Configured(bool),
    Connected(Connection),
    Hits(Vec<Hit>),
    Downloaded(Download),
    Cancelled(bool),
}

/// A library that was let in.
#[derive(Serialize, Deserialize)]
pub(super) struct Described {
    pub(super) api_version: Version,
    pub(super) declaration: Declaration,
}

#[derive(Serialize, Deserialize)]
pub(super) enum ServiceRequest {
    Send {
        request: Request,
    },
    Save {
        request: Request,
        #[serde(with = "raw_path")]
        dest: PathBuf,
        /// Whether it is to end before it begins.
        cancelled: bool,
    },
    Open {
        request: Request,
    },
    Chunk {
        body: u64,
    },
    StoreGet {
        key: String,
    },
    StoreSet {
        key: String,
        value: Option<String>,
    },
    Now,
    TempDir,
}

#[derive(Serialize, Deserialize)]
pub(super) enum ServiceReply {
    Sent { head: Head },
    Saved(Saved),
    Opened { head: Head, body: u64 },
    Chunk { more: bool },
    Kept(Option<String>),
    Set,
    Now(u64),
    Dir(#[serde(with = "raw_path")] PathBuf),
}

/// What a download, or a body on its way to the disk, tells.
#[derive(Serialize, Deserialize)]
pub(super) enum ProgressUpdate {
    Bytes { done: u64, total: Option<u64> },
    State(String),
    Finished(Files),
    Failed(SourceError),
}
