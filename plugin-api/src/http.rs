//! Requests and answers of the host's HTTP service.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{Extra, SourceError};

/// One request. `Debug` leaves out the query, the header values and the body, because any
/// of them may carry a secret.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Request {
    /// `GET`, `POST` and so on, in upper case.
    pub method: String,
    /// Absolute `http` or `https` URL.
    pub url: String,
    /// Names and values, sent as they are; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// Longest time for the whole exchange; an answer may take all of it to begin. `None`: no
    /// limit but the host's, for an answer to begin (30 s unless its user says otherwise) and
    /// for silence within it.
    pub timeout: Option<Duration>,
    /// Facts without a field of their own.
    pub extra: Extra,
}

impl Request {
    /// A `GET` of that URL.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: "GET".to_owned(),
            url: url.into(),
            ..Self::default()
        }
    }

    /// A `POST` of a form, percent-encoded; keeps secrets out of access logs.
    ///
    /// ```
    /// use musicdl_plugin_api::http::Request;
    /// let request = Request::post_form("http://127.0.0.1/rest/ping", &[("u", "ann b"), ("c", "ü")]);
    /// assert_eq!(request.body, b"u=ann+b&c=%C3%BC");
    /// ```
    pub fn post_form(url: impl Into<String>, pairs: &[(&str, &str)]) -> Self {
        Self {
            method: "POST".to_owned(),
            url: url.into(),
            headers: vec![(
                "Content-Type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            )],
            body: encode_pairs(pairs).into_bytes(),
            ..Self::default()
        }
    }

    /// The same request with a query of percent-encoded pairs added to its URL.
    #[must_use]
    pub fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        self.url
            .push(if self.url.contains('?') { '&' } else { '?' });
        self.url.push_str(&encode_pairs(pairs));
        self
    }

    /// The same request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request with a limit for the whole exchange.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.url.split(['?', '#']).next().unwrap_or_default();
        let shown = match shown.split_once("://") {
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let host = authority.rsplit('@').next().unwrap_or(authority);
                format!("{scheme}://{host}{path}")
            }
            None => shown.to_owned(),
        };
        write!(f, "{} {shown}", self.method)
    }
}

/// `a=b&c=d`, encoded as HTML forms are.
fn encode_pairs(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        encode(&mut out, name);
        out.push('=');
        encode(&mut out, value);
    }
    out
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                out.push(byte.into())
            }
            b' ' => out.push('+'),
            other => {
                out.push('%');
                for digit in [other >> 4, other & 15] {
                    out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                }
            }
        }
    }
}

/// Status and headers of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Head {
    /// HTTP status, 100 to 599.
    pub status: u16,
    /// Names in lower case with their values, in the server's order.
    pub headers: Vec<(String, String)>,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Facts without a field of their own.
    pub extra: Extra,
}

impl Head {
    /// The first value of that header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `Retry-After`, said in seconds or as a date, which is counted from the server's own
    /// `Date` if it sent one. More than a day is a day; a date that has passed and garbage are
    /// `None`.
    pub fn retry_after(&self) -> Option<Duration> {
        let said = self.header("retry-after")?.trim();
        let seconds: u64 = match seconds_since_1970(said) {
            Some(until) => {
                let now = self.header("date").and_then(seconds_since_1970);
                let wait = until.checked_sub(now.unwrap_or_else(seconds_now))?;
                Some(wait).filter(|&wait| wait > 0)?
            }
            // `parse` alone would take a sign.
            None if said.starts_with(|c: char| c.is_ascii_digit()) => said.parse().ok()?,
            None => return None,
        };
        Some(LONGEST_WAIT.min(Duration::from_secs(seconds)))
    }
}

/// A moment as HTTP writes them (RFC 9110, section 5.6.7), in seconds since 1970.
fn seconds_since_1970(text: &str) -> Option<u64> {
    let moment = httpdate::parse_http_date(text.trim()).ok()?;
    Some(moment.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// Longer than any limit that a service means.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// By this machine's clock; one that stands before 1970 has no better answer than 1970.
fn seconds_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Response {
    /// Status and headers.
    pub head: Head,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// HTTP status, 100 to 599.
    pub fn status(&self) -> u16 {
        self.head.status
    }
}

/// What came of [`Host::http_save`](crate::Host::http_save).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Saved {
    /// Status and headers.
    pub head: Head,
    /// Bytes in the file; 0 when there is none.
    pub bytes: u64,
    /// The first 64 KiB of an answer that was not 2xx; else empty.
    pub body: Vec<u8>,
}

/// What stands behind a [`Body`]; implemented by the host and by test kits.
pub trait BodyReader: Send {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// `Transient` when the body ended early or stalled.
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError>;
}

/// An answer whose body is read in chunks.
pub struct Body {
    /// Status and headers.
    pub head: Head,
    reader: Box<dyn BodyReader>,
}

impl Body {
    /// An answer with that body.
    pub fn new(head: Head, reader: Box<dyn BodyReader>) -> Self {
        Self { head, reader }
    }

    /// The next bytes, as they come from the network; `None` at the end.
    ///
    /// # Errors
    /// `Transient` when the body ended early or stalled.
    pub fn chunk(&mut self) -> Result<Option<Vec<u8>>, SourceError> {
        self.reader.chunk()
    }

    /// Status and headers, and what reads the rest.
    pub fn into_parts(self) -> (Head, Box<dyn BodyReader>) {
        (self.head, self.reader)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("head", &self.head)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_in_a_log_shows_neither_query_nor_user() {
        let request = Request::get("https://ann:pw@example.org/rest/ping?p=secret")
            .header("Authorization", "Bearer secret");
        assert_eq!(format!("{request:?}"), "GET https://example.org/rest/ping");
    }
    #[test]
    fn a_wait_is_a_number_or_a_date_and_never_more_than_a_day() {
        const NOON: &str = "Sat, 21 Nov 2026 12:00:00 GMT";
        for (said, date, seconds) in [
            ("7", NOON, Some(7)),
            (" 0 ", NOON, Some(0)),
            ("86400", NOON, Some(86_400)),
            ("86401", NOON, Some(86_400)),
            ("18446744073709551615", NOON, Some(86_400)),
            ("18446744073709551616", NOON, None),
            ("-7", NOON, None),
            ("+7", NOON, None),
            ("7.5", NOON, None),
            ("soon", NOON, None),
            ("", NOON, None),
            ("Sat, 21 Nov 2026 12:01:30 GMT", NOON, Some(90)),
            ("Tue, 21 Nov 2056 12:00:00 GMT", NOON, Some(86_400)),
            ("Sat, 21 Nov 2026 12:00:00 GMT", NOON, None),
            ("Sat, 21 Nov 2026 11:59:59 GMT", NOON, None),
            // The two forms that clients still have to read.
            ("Saturday, 21-Nov-26 12:01:30 GMT", NOON, Some(90)),
            ("Sat Nov 21 12:01:30 2026", NOON, Some(90)),
            ("Sat, 29 Feb 2027 12:00:00 GMT", NOON, None),
            ("Sat, 21 Nov 2026 24:00:00 GMT", NOON, None),
            ("Sat, 21 Nov 2026 12:01:30 CET", NOON, None),
            // Counted by this machine's clock, which both are far from.
            ("Fri, 31 Dec 9999 23:59:59 GMT", "today", Some(86_400)),
            ("Thu, 01 Jan 1970 00:00:01 GMT", "today", None),
        ] {
            let head = Head {
                headers: [("retry-after", said), ("date", date)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .to_vec(),
                ..Head::default()
            };
            let wait = head.retry_after().map(|wait| wait.as_secs());
            assert_eq!(wait, seconds, "{said:?} at {date}");
        }
    }
}
