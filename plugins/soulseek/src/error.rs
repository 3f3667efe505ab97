//! What went wrong at slskd, and what the host is to make of it: one table. What went wrong
//! with one peer's file is `watch`'s.

use std::time::Duration;

use musicdl_plugin_api::{ErrorKind, SourceError, quoted};

/// What slskd was asked, because the same status means another thing to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether it is there, and how it is set up.
    Server,
    /// To search.
    Search,
    /// How a search stands, or what it found.
    Found,
    /// To download a file of a peer.
    Enqueue,
    /// How downloads stand, to end or to forget one.
    Transfer,
    /// What happened lately.
    Events,
}

impl Asked {
    fn doing(self) -> &'static str {
        match self {
            Asked::Server => "asking how it is",
            Asked::Search => "starting a search",
            Asked::Found => "following a search",
            Asked::Enqueue => "asking for a file",
            Asked::Transfer => "following a download",
            Asked::Events => "reading its events",
        }
    }
}

/// After slskd said that it does one such thing at a time: about as long as one takes.
const BUSY_SEARCH: Duration = Duration::from_millis(250);
const BUSY_ENQUEUE: Duration = Duration::from_millis(300);

/// Why a call did not deliver.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A status, and slskd's own words if it had any.
    #[error("HTTP status {status}{}{}", hint(*.status), quoted(.words))]
    Status { status: u16, words: String },
    /// The web page where JSON should be: slskd answers it to every path outside its API.
    #[error("a web page answered: `url` does not lead to slskd's API; is a path missing in it?")]
    WebPage,
    /// Twice JSON that ends early or is something else.
    #[error("the answer is not what slskd sends{}", quoted(.0))]
    Broken(String),
    /// The host could not carry the request.
    #[error("{}", .0.message)]
    Host(#[from] SourceError),
}

impl Failure {
    /// The status, if there was an answer with one.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Failure::Status { status, .. } => Some(*status),
            Failure::WebPage | Failure::Broken(_) | Failure::Host(_) => None,
        }
    }

    /// slskd says that it is at its limit, and may not be later.
    pub(crate) fn is_busy(&self) -> bool {
        self.status() == Some(429)
    }

    /// It is unknown whether the request arrived.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Failure::Host(error) => error.kind == ErrorKind::Transient,
            Failure::Status { status, .. } => matches!(status, 502..=504),
            Failure::WebPage | Failure::Broken(_) => false,
        }
    }

    /// The one table: what the host is to make of it.
    fn kind(&self, asked: Asked) -> ErrorKind {
        match self {
            Failure::Status { status, words } => status_kind(*status, words, asked),
            Failure::WebPage => ErrorKind::NotConfigured,
            Failure::Broken(_) => ErrorKind::Permanent,
            Failure::Host(error) => error.kind,
        }
    }

    /// What the host gets to see. `server` is the address the user configured.
    pub(crate) fn report(self, asked: Asked, server: &str) -> SourceError {
        let kind = self.kind(asked);
        match self {
            Failure::Host(error) => error,
            failure => {
                let message = format!("slskd at {server}, {}: {failure}", asked.doing());
                let error = SourceError::new(kind, message);
                match asked {
                    Asked::Search if kind == ErrorKind::RateLimited => {
                        error.with_retry_after(BUSY_SEARCH)
                    }
                    Asked::Enqueue if kind == ErrorKind::RateLimited => {
                        error.with_retry_after(BUSY_ENQUEUE)
                    }
                    _ => error,
                }
            }
        }
    }
}

fn status_kind(status: u16, words: &str, asked: Asked) -> ErrorKind {
    match (status, asked) {
        (401, _) => ErrorKind::Auth,
        (403, _) => ErrorKind::Unsupported,
        (404, Asked::Enqueue) => ErrorKind::NotFound,
        (404, Asked::Found | Asked::Transfer) => ErrorKind::Transient,
        (404, Asked::Server | Asked::Search | Asked::Events) | (300..=399 | 407, _) => {
            ErrorKind::NotConfigured
        }
        (409, Asked::Search) => ErrorKind::Transient,
        (429, _) => ErrorKind::RateLimited,
        (500, Asked::Enqueue) => refusal_kind(words),
        (408 | 425 | 500.., _) => ErrorKind::Transient,
        _ => ErrorKind::Permanent,
    }
}

/// Up to 0.23 an enqueue waits for the peer, and whatever the peer says comes as a 500 of
/// which only the words tell one thing from another.
fn refusal_kind(words: &str) -> ErrorKind {
    let words = words.to_lowercase();
    let has = |text: &str| words.contains(text);
    if has("appears to be offline") || has("does not exist") || has("not shared") {
        ErrorKind::NotFound
    } else if has("transfer rejected") {
        ErrorKind::Permanent
    } else {
        ErrorKind::Transient
    }
}

/// What slskd does not say itself: these come without a word.
fn hint(status: u16) -> &'static str {
    match status {
        401 => {
            ": `api_key` is wrong, or slskd does not take this key from this machine's address \
             (its `cidr`)"
        }
        403 => ": this slskd is the agent of a relay, set `url` to the relay's controller",
        404 => ": slskd does not know that",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_means_to_the_host_depends_on_what_was_asked() {
        use ErrorKind::{
            Auth, NotConfigured, NotFound, Permanent, RateLimited, Transient, Unsupported,
        };
        for (status, server, search, found, enqueue, transfer) in [
            (
                302,
                NotConfigured,
                NotConfigured,
                NotConfigured,
                NotConfigured,
                NotConfigured,
            ),
            (400, Permanent, Permanent, Permanent, Permanent, Permanent),
            (401, Auth, Auth, Auth, Auth, Auth),
            (
                403,
                Unsupported,
                Unsupported,
                Unsupported,
                Unsupported,
                Unsupported,
            ),
            (
                404,
                NotConfigured,
                NotConfigured,
                Transient,
                NotFound,
                Transient,
            ),
            (409, Permanent, Transient, Permanent, Permanent, Permanent),
            (415, Permanent, Permanent, Permanent, Permanent, Permanent),
            (
                429,
                RateLimited,
                RateLimited,
                RateLimited,
                RateLimited,
                RateLimited,
            ),
            (500, Transient, Transient, Transient, Transient, Transient),
            (502, Transient, Transient, Transient, Transient, Transient),
            (503, Transient, Transient, Transient, Transient, Transient),
            (504, Transient, Transient, Transient, Transient, Transient),
        ] {
            let asked = [
                Asked::Server,
                Asked::Search,
                Asked::Found,
                Asked::Enqueue,
                Asked::Transfer,
            ];
            let kinds = asked.map(|asked| status_kind(status, "", asked));
            assert_eq!(
                kinds,
                [server, search, found, enqueue, transfer],
                "{status}"
            );
        }
    }

    #[test]
    fn of_a_peers_refusal_only_the_words_tell() {
        for (words, kind) in [
            ("User ann b appears to be offline", ErrorKind::NotFound),
            ("The user ann does not exist", ErrorKind::NotFound),
            ("Transfer rejected: File not shared.", ErrorKind::NotFound),
            ("Transfer rejected: Too many files", ErrorKind::Permanent),
            (
                "The wait timed out after 5000 milliseconds",
                ErrorKind::Transient,
            ),
            ("", ErrorKind::Transient),
        ] {
            assert_eq!(refusal_kind(words), kind, "{words}");
        }
    }

    #[test]
    fn the_message_says_where_what_and_slskds_own_words() {
        let failure = Failure::Status {
            status: 400,
            words: "The text\nis empty".into(),
        };
        assert_eq!(
            failure.report(Asked::Search, "http://h:5030").to_string(),
            "permanent failure: slskd at http://h:5030, starting a search: \
             HTTP status 400: The text is empty"
        );
    }
}
