//! slskd's records, as far as they are used: <https://github.com/slskd/slskd>, 0.22 to 0.26.
//! Every field that a version may leave out is optional (nulls are never written), and
//! numbers that peers supply may be anything.

use serde::Deserialize;

/// `GET server`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerState {
    #[serde(default)]
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) is_logged_in: bool,
}

/// `GET application`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Application {
    pub(crate) connection_watchdog: Watchdog,
    pub(crate) shares: Shares,
    pub(crate) user: User,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Watchdog {
    /// When slskd tries to log in again.
    pub(crate) next_attempt_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Shares {
    pub(crate) files: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User {
    pub(crate) username: Option<String>,
}

/// `GET options`
#[derive(Debug, Deserialize)]
pub(crate) struct OptionsRecord {
    pub(crate) directories: Directories,
    #[serde(default)]
    pub(crate) transfers: Transfers,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Directories {
    pub(crate) downloads: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Transfers {
    pub(crate) download: DownloadOptions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DownloadOptions {
    pub(crate) destination: Destination,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Destination {
    /// From 0.26: a pattern with tokens.
    pub(crate) subdirectory: Option<String>,
}

/// `GET searches/{id}`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchRecord {
    #[serde(default)]
    pub(crate) state: String,
    /// Present once the responses are stored; `isComplete` comes before that.
    pub(crate) ended_at: Option<String>,
    #[serde(default)]
    pub(crate) file_count: u64,
}

/// One entry of `GET searches/{id}/responses`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeerResponse {
    pub(crate) username: String,
    pub(crate) has_free_upload_slot: Option<bool>,
    /// Bytes per second.
    pub(crate) upload_speed: Option<i64>,
    pub(crate) queue_length: Option<i64>,
    #[serde(default)]
    pub(crate) files: Vec<PeerFile>,
    /// Cannot be downloaded by us.
    #[serde(default)]
    pub(crate) locked_files: Vec<PeerFile>,
}

/// A file of a peer, with what the peer says of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeerFile {
    pub(crate) filename: String,
    pub(crate) size: i64,
    /// Kilobits per second.
    pub(crate) bit_rate: Option<i64>,
    pub(crate) sample_rate: Option<i64>,
    pub(crate) bit_depth: Option<i64>,
    /// Seconds.
    pub(crate) length: Option<i64>,
}

/// One download, as every route of `transfers/downloads` writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    pub(crate) batch_id: Option<String>,
    pub(crate) filename: String,
    pub(crate) size: u64,
    pub(crate) state: String,
    /// From slskd's database without a zone; it is UTC.
    pub(crate) requested_at: Option<String>,
    pub(crate) bytes_transferred: u64,
    pub(crate) attempts: u64,
    pub(crate) place_in_queue: Option<i64>,
    pub(crate) exception: Option<String>,
}

/// Answer to an enqueue from 0.24 on.
#[derive(Debug, Deserialize)]
pub(crate) struct EnqueueAnswer {
    /// What became of `failed` is decided by what is *not* here: its entries are names up to
    /// 0.25 and empty objects from 0.26 on.
    #[serde(default)]
    pub(crate) enqueued: Vec<Transfer>,
}

/// Answer to `POST transfers/downloads/batches`
#[derive(Debug, Deserialize)]
pub(crate) struct BatchAnswer {
    pub(crate) batch: Batch,
    #[serde(default)]
    pub(crate) failures: Vec<BatchFailure>,
}

/// `GET transfers/downloads/batches/{id}`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Batch {
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) options: Option<BatchOptions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BatchOptions {
    /// Relative to the downloads directory.
    pub(crate) destination: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct BatchFailure {
    pub(crate) filename: String,
    pub(crate) message: String,
}

/// `GET transfers/downloads/{username}`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserDownloads {
    pub(crate) directories: Vec<DownloadDirectory>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DownloadDirectory {
    pub(crate) files: Vec<Transfer>,
}

/// One entry of `GET events`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// JSON in a string.
    pub(crate) data: String,
}

/// What [`Event::data`] of a `DownloadFileComplete` holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileComplete {
    pub(crate) local_filename: String,
    pub(crate) transfer: EventTransfer,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EventTransfer {
    pub(crate) id: String,
}
