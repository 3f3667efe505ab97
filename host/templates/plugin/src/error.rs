//! What went wrong at the service, and what musicdl is to make of it: one table.

use std::time::Duration;

use musicdl_plugin_api::http::Head;
use musicdl_plugin_api::{ErrorKind, SourceError};

/// Why a call did not deliver.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A status that is no success.
    #[error("HTTP status {status}")]
    Http {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// Something else answered, or the answer was cut.
    #[error("the answer is no JSON of this service: {0}")]
    Broken(#[from] serde_json::Error),
    /// Success, and not a byte.
    #[error("the file is empty")]
    Empty,
    /// The host could not carry the request, or was told to stop.
    #[error("{}", .0.message)]
    Host(#[from] SourceError),
}

impl Failure {
    /// The failure in that head.
    pub(crate) fn of(head: &Head) -> Self {
        Failure::Http {
            status: head.status,
            retry_after: head.retry_after(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Failure::Http { status, .. } => http_kind(*status),
            Failure::Broken(_) | Failure::Empty => ErrorKind::Transient,
            Failure::Host(error) => error.kind,
        }
    }

    /// What musicdl gets to see; `doing` says what the service was asked for.
    pub(crate) fn report(self, doing: &str) -> SourceError {
        let kind = self.kind();
        let message = format!("{doing}: {self}");
        match self {
            // The host's own words and facts, which the engine may act on.
            Failure::Host(error) => error,
            Failure::Http {
                retry_after: Some(wait),
                ..
            } => SourceError::new(kind, message).with_retry_after(wait),
            Failure::Http { .. } | Failure::Broken(_) | Failure::Empty => {
                SourceError::new(kind, message)
            }
        }
    }
}

fn http_kind(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Auth,
        404 | 410 => ErrorKind::NotFound,
        429 => ErrorKind::RateLimited,
        408 | 425 | 500.. => ErrorKind::Transient,
        _ => ErrorKind::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_its_meaning() {
        for (status, kind) in [
            (400, ErrorKind::Permanent),
            (401, ErrorKind::Auth),
            (403, ErrorKind::Auth),
            (404, ErrorKind::NotFound),
            (408, ErrorKind::Transient),
            (410, ErrorKind::NotFound),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Transient),
            (503, ErrorKind::Transient),
        ] {
            assert_eq!(http_kind(status), kind, "{status}");
        }
    }
}
