//! The five calls.

use crate::{
    Connection, Declaration, Download, DownloadRequest, Hit, Host, Progress, Query, Settings,
    SourceError,
};

/// A source of music, as its author writes it and as the host uses it.
///
/// **Threads.** Every call may come from any thread, several at once, as many as the
/// [limits](crate::Limits) allow. Calls block; a source starts no threads that outlive them,
/// except to follow downloads it handed over.
///
/// **What the host does**, so that no source needs to: retrying, pacing, caching, ranking,
/// fallback to the next source, verification, tags, names, state.
///
/// **After an error** the source is as usable as before. A panic inside a call reaches the
/// host as [`ErrorKind::Internal`](crate::ErrorKind::Internal) with the panic's message.
pub trait Source: Send + Sync {
    /// Whether every setting it needs is there. Answers at once: no network, no disk scan.
    fn is_configured(&self) -> bool;

    /// One cheap probe of the service: is it there, is the login good?
    ///
    /// # Errors
    /// `NotConfigured`, `Auth`, `Transient`, `RateLimited`; the message says what is missing.
    fn check_connection(&self) -> Result<Connection, SourceError>;

    /// One request to the service's search. No retry, no filter, no ranking.
    ///
    /// Nothing found is an empty list, not an error.
    ///
    /// # Errors
    /// Any kind but `Cancelled`.
    fn search_raw(&self, query: &Query) -> Result<Vec<Hit>, SourceError>;

    /// Fetches one target into [`request.dest_dir`](DownloadRequest::dest_dir) and returns
    /// when it is there. No threads, no pacing, no state that outlives the call.
    ///
    /// On an error or a cancel nothing of use needs to be left in the directory; the host
    /// empties it.
    ///
    /// # Errors
    /// Any kind. `Cancelled` only after [`Progress::is_cancelled`] said so.
    fn download_raw(
        &self,
        request: &DownloadRequest,
        progress: &Progress,
    ) -> Result<Download, SourceError>;

    /// Makes a running download of that target return soon. Best effort: `Ok(false)` when
    /// there was nothing to cancel.
    ///
    /// Two downloads of one target may run at once, for two tracks of a list that are the same
    /// recording. The call names the target, not the download: it may end both, or neither.
    /// [`Progress::is_cancelled`] tells them apart, and says `true` for the one that the host
    /// wants to end; one that ends without that is asked for again.
    ///
    /// A source that looks at [`Progress::is_cancelled`] often enough has nothing to do here.
    ///
    /// # Errors
    /// When the service must be told and cannot be reached.
    fn cancel_raw(&self, target_id: &str) -> Result<bool, SourceError>;
}

/// A [`Source`] that a library can export with [`export_source!`](crate::export_source).
pub trait Plugin: Source + Sized + 'static {
    /// What the library says of itself. Called before any setting is known, at any time.
    fn declaration() -> Declaration;

    /// A source with those settings. Changed settings mean a new instance.
    ///
    /// No network and no disk scan here; a setting that is missing is no error but makes
    /// [`Source::is_configured`] answer `false`.
    ///
    /// # Errors
    /// `NotConfigured` when a setting is present but invalid; `Internal` otherwise.
    fn create(settings: Settings, host: Host) -> Result<Self, SourceError>;
}
