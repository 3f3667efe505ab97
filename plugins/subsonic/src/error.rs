//! What went wrong at the server, and what the host is to make of it: one table.
//!
//! Codes: <https://opensubsonic.netlify.app/docs/responses/error/>

use std::time::Duration;

use musicdl_plugin_api::{ErrorKind, SourceError, quoted};

/// What the server was asked, because the same answer means another thing to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether it is there and lets us in.
    Connection,
    /// For songs.
    Search,
    /// For the file of one song.
    Audio,
    /// For a picture.
    Cover,
}

impl Asked {
    fn doing(self) -> &'static str {
        match self {
            Asked::Connection => "logging in",
            Asked::Search => "searching",
            Asked::Audio => "fetching the file",
            Asked::Cover => "fetching the cover",
        }
    }
}

/// Why a call did not deliver.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server understood and says no.
    #[error("{} (error {code}{})", meaning(*.code), quoted(.message))]
    Service { code: i64, message: String },
    /// No form of login was understood.
    #[error("the server knows none of the forms of login tried ({}): {last}", .tried.join(", "))]
    LoginNotUnderstood {
        tried: Vec<&'static str>,
        last: Box<Failure>,
    },
    /// A status and nothing that explains it.
    #[error("HTTP status {status}")]
    Http {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// A redirect turned our POST into a GET, and the login in it was lost.
    #[error(
        "the address redirects to {answered} and loses the login on the way: set `url` to that address"
    )]
    LostForm { answered: String },
    /// Something answered that is not a Subsonic server.
    #[error(
        "{0} answered instead of a Subsonic server: check `url`, and whether a proxy asks for a login of its own"
    )]
    Foreign(&'static str),
    /// The server does not know `f=json`.
    #[error("the server answers only in XML, it is too old")]
    OnlyXml,
    /// JSON that ends early or is not JSON.
    #[error("the answer is broken: {0}")]
    Broken(String),
    /// Success, and not a byte.
    #[error("the answer is empty")]
    Empty,
    /// Less than the server said the file has, and nothing else says that it is whole.
    #[error("the file ended after {bytes} of {expected} bytes")]
    Short { bytes: u64, expected: u64 },
    /// The host could not carry the request, or was asked to stop.
    #[error("{}", .0.message)]
    Host(#[from] SourceError),
}

impl Failure {
    /// The one table: what the host is to make of it.
    fn kind(&self, asked: Asked) -> ErrorKind {
        match self {
            Failure::Service { code, .. } => service_kind(*code, asked),
            Failure::Http { status, .. } => http_kind(*status, asked),
            Failure::LoginNotUnderstood { .. } => ErrorKind::Auth,
            Failure::LostForm { .. } | Failure::Foreign(_) => ErrorKind::NotConfigured,
            Failure::OnlyXml => ErrorKind::Unsupported,
            Failure::Broken(_) | Failure::Empty | Failure::Short { .. } => ErrorKind::Transient,
            Failure::Host(error) => error.kind,
        }
    }

    /// The same failure, with the server's own words passed through `clean`.
    pub(crate) fn cleaned(self, clean: &dyn Fn(&str) -> String) -> Failure {
        match self {
            Failure::Service { code, message } => Failure::Service {
                code,
                message: clean(&message),
            },
            Failure::LoginNotUnderstood { tried, last } => Failure::LoginNotUnderstood {
                tried,
                last: Box::new(last.cleaned(clean)),
            },
            ours @ (Failure::Http { .. }
            | Failure::LostForm { .. }
            | Failure::Foreign(_)
            | Failure::OnlyXml
            | Failure::Broken(_)
            | Failure::Empty
            | Failure::Short { .. }
            | Failure::Host(_)) => ours,
        }
    }

    /// What the host gets to see. `server` is the address the user configured.
    pub(crate) fn report(self, asked: Asked, server: &str) -> SourceError {
        let kind = self.kind(asked);
        match self {
            Failure::Host(error) => error,
            failure => {
                let message = format!("{server}, {}: {failure}", asked.doing());
                let error = SourceError::new(kind, message);
                match failure {
                    Failure::Http {
                        retry_after: Some(wait),
                        ..
                    } => error.with_retry_after(wait),
                    _ => error,
                }
            }
        }
    }
}

fn service_kind(code: i64, asked: Asked) -> ErrorKind {
    match (code, asked) {
        (10, _) => ErrorKind::Internal,
        (20 | 30, _) => ErrorKind::Unsupported,
        (40..=44 | 60, _) => ErrorKind::Auth,
        // The account is good enough to search; it may not have this one.
        (50, Asked::Audio | Asked::Cover) => ErrorKind::Permanent,
        (50, Asked::Connection | Asked::Search) => ErrorKind::Auth,
        (70, _) => ErrorKind::NotFound,
        // Generic, or unknown to us. For a file it is a malformed id or a file that is gone
        // from the server's disk, and asking again helps neither.
        (_, Asked::Audio | Asked::Cover) => ErrorKind::Permanent,
        (_, Asked::Connection | Asked::Search) => ErrorKind::Transient,
    }
}

fn http_kind(status: u16, asked: Asked) -> ErrorKind {
    match (status, asked) {
        (403, Asked::Audio | Asked::Cover) => ErrorKind::Permanent,
        (401 | 403, _) => ErrorKind::Auth,
        (404, Asked::Audio | Asked::Cover) => ErrorKind::NotFound,
        (404, Asked::Connection) | (300..=399 | 407, _) => ErrorKind::NotConfigured,
        (404, Asked::Search) | (405 | 410 | 501, _) => ErrorKind::Unsupported,
        (429, _) => ErrorKind::RateLimited,
        (408 | 425 | 500.., _) => ErrorKind::Transient,
        _ => ErrorKind::Permanent,
    }
}

/// A code in words; servers leave theirs out or write an exception's text.
fn meaning(code: i64) -> &'static str {
    match code {
        10 => "a parameter is missing",
        20 => "the server wants a newer client",
        30 => "the server is too old",
        40 => "wrong user name or password",
        41 => "the server does not take tokens for this account: set `auth: password`",
        42 => "the server does not take this form of login",
        43 => "two forms of login at once",
        44 => "the API key is not valid",
        50 => "this user is not allowed to do that",
        60 => "the server's trial period is over",
        70 => "not on the server",
        _ => "the server failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_code_means_to_the_host_depends_on_what_was_asked() {
        use {Asked::*, ErrorKind::*};
        for (code, connection, search, audio) in [
            (0, Transient, Transient, Permanent),
            (10, Internal, Internal, Internal),
            (20, Unsupported, Unsupported, Unsupported),
            (30, Unsupported, Unsupported, Unsupported),
            (40, Auth, Auth, Auth),
            (41, Auth, Auth, Auth),
            (42, Auth, Auth, Auth),
            (43, Auth, Auth, Auth),
            (44, Auth, Auth, Auth),
            (50, Auth, Auth, Permanent),
            (60, Auth, Auth, Auth),
            (70, NotFound, NotFound, NotFound),
            (4711, Transient, Transient, Permanent),
        ] {
            let kinds = [Connection, Search, Audio].map(|asked| service_kind(code, asked));
            assert_eq!(kinds, [connection, search, audio], "{code}");
        }
    }

    #[test]
    fn what_a_status_means_to_the_host_depends_on_what_was_asked() {
        use {Asked::*, ErrorKind::*};
        for (status, connection, search, audio) in [
            (302, NotConfigured, NotConfigured, NotConfigured),
            (400, Permanent, Permanent, Permanent),
            (401, Auth, Auth, Auth),
            (403, Auth, Auth, Permanent),
            (404, NotConfigured, Unsupported, NotFound),
            (405, Unsupported, Unsupported, Unsupported),
            (408, Transient, Transient, Transient),
            (410, Unsupported, Unsupported, Unsupported),
            (429, RateLimited, RateLimited, RateLimited),
            (500, Transient, Transient, Transient),
            (501, Unsupported, Unsupported, Unsupported),
            (502, Transient, Transient, Transient),
            (503, Transient, Transient, Transient),
        ] {
            let kinds = [Connection, Search, Audio].map(|asked| http_kind(status, asked));
            assert_eq!(kinds, [connection, search, audio], "{status}");
        }
    }

    #[test]
    fn the_message_says_where_what_and_the_servers_own_words() {
        let failure = Failure::Service {
            code: 70,
            message: "Track or Album\nnot found".into(),
        };
        let error = failure.report(Asked::Audio, "http://h");
        assert_eq!(
            error.to_string(),
            "not found: http://h, fetching the file: not on the server \
             (error 70: Track or Album not found)"
        );
    }
}
