//! What went wrong at a source: a kind the host acts on, and words for its user.

use std::fmt;
use std::time::Duration;

use crate::Extra;

/// How the host reacts to a failure.
///
/// The kind decides alone; the host never reads the words of a message. On the wire a kind
/// is its [code](ErrorKind::code), and an unknown code counts as [`ErrorKind::Internal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "u32", into = "u32"))]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing or invalid. The source is not asked again in this run.
    NotConfigured,
    /// The service refused the account. The source is left out of the run.
    Auth,
    /// The target does not exist or is not to be had here. The host tries elsewhere.
    NotFound,
    /// Too many requests. The host waits [`SourceError::retry_after`], or its own back-off.
    RateLimited,
    /// May work the next time: network, time-out, a failing server. The host tries again.
    Transient,
    /// The service has it in a form that this plugin does not deliver, e.g. encrypted.
    Unsupported,
    /// The host asked for the call to end, see [`Progress::is_cancelled`](crate::Progress::is_cancelled).
    Cancelled,
    /// Will not work the next time either, for this target.
    Permanent,
    /// A fault of the plugin itself.
    Internal,
}

impl ErrorKind {
    /// Every kind of API 1.
    pub const ALL: [ErrorKind; 9] = [
        ErrorKind::NotConfigured,
        ErrorKind::Auth,
        ErrorKind::NotFound,
        ErrorKind::RateLimited,
        ErrorKind::Transient,
        ErrorKind::Unsupported,
        ErrorKind::Cancelled,
        ErrorKind::Permanent,
        ErrorKind::Internal,
    ];

    /// The number that crosses the boundary.
    pub const fn code(self) -> u32 {
        match self {
            ErrorKind::NotConfigured => 1,
            ErrorKind::Auth => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::RateLimited => 4,
            ErrorKind::Transient => 5,
            ErrorKind::Unsupported => 6,
            ErrorKind::Cancelled => 7,
            ErrorKind::Permanent => 8,
            ErrorKind::Internal => 9,
        }
    }

    /// The kind with that code; [`ErrorKind::Internal`] if there is none.
    ///
    /// ```
    /// use musicdl_plugin_api::ErrorKind;
    /// assert_eq!(ErrorKind::from_code(ErrorKind::Auth.code()), ErrorKind::Auth);
    /// assert_eq!(ErrorKind::from_code(4711), ErrorKind::Internal);
    /// ```
    pub fn from_code(code: u32) -> ErrorKind {
        Self::ALL
            .into_iter()
            .find(|kind| kind.code() == code)
            .unwrap_or(ErrorKind::Internal)
    }

    /// The kind in words, for messages and reports: `rate limited`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorKind::NotConfigured => "not configured",
            ErrorKind::Auth => "login refused",
            ErrorKind::NotFound => "not found",
            ErrorKind::RateLimited => "rate limited",
            ErrorKind::Transient => "temporary failure",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::Permanent => "permanent failure",
            ErrorKind::Internal => "plugin failure",
        }
    }
}

impl From<ErrorKind> for u32 {
    fn from(kind: ErrorKind) -> u32 {
        kind.code()
    }
}

impl From<u32> for ErrorKind {
    fn from(code: u32) -> ErrorKind {
        ErrorKind::from_code(code)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a call of a source did not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SourceError {
    /// What the host is to make of it.
    pub kind: ErrorKind,
    /// One sentence for the user: what was done to what, and what came back. Never a
    /// secret, never a URL that carries one.
    pub message: String,
    /// How long the service asked to be left alone. `None` if it did not say.
    pub retry_after: Option<Duration>,
    /// Facts without a field of their own.
    pub extra: Extra,
}

impl SourceError {
    /// A failure of that kind with its sentence.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
            extra: Extra::new(),
        }
    }

    /// The same failure, with the wait the service asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// [`ErrorKind::NotConfigured`]: name the setting and what it should be.
    pub fn not_configured(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotConfigured, message)
    }

    /// [`ErrorKind::Auth`].
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Auth, message)
    }

    /// [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// [`ErrorKind::Transient`].
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient, message)
    }

    /// [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// [`ErrorKind::Permanent`].
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Permanent, message)
    }

    /// [`ErrorKind::Internal`].
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// [`ErrorKind::Cancelled`].
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

impl std::error::Error for SourceError {}
/// Words of a service as the end of a message: on one line, at most 200 characters of them, after
/// a colon. Empty if there are none.
///
/// ```
/// use musicdl_plugin_api::quoted;
/// assert_eq!(format!("HTTP status 503{}", quoted("busy,\ntry later")), "HTTP status 503: busy, try later");
/// assert_eq!(quoted("  "), "");
/// ```
pub fn quoted(words: &str) -> String {
    let words: String = words
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect();
    match words.trim() {
        "" => String::new(),
        words => format!(": {words}"),
    }
}
