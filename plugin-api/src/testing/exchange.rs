//! One request as a [`Loopback`](super::Loopback) got it, and what it is to answer. How
//! either travels is `loopback`'s.

use std::time::Duration;

/// A request that reached the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Path as it was sent, without the query: `/rest/ping.view`.
    pub path: String,
    /// What stood behind the `?`, still encoded; empty if there was none.
    pub query: String,
    /// Names in lower case with their values, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Received {
    /// The first value of that header, whose name is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value of that parameter, decoded: from the query, else from a body that
    /// is a form.
    pub fn param(&self, name: &str) -> Option<String> {
        let is_form = self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let body: &[u8] = if is_form { &self.body } else { &[] };
        let form = String::from_utf8_lossy(body);
        [self.query.as_str(), form.as_ref()]
            .into_iter()
            .flat_map(|pairs| pairs.split('&'))
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .find(|(known, _)| decode(known) == name)
            .map(|(_, value)| decode(value))
    }
}

/// Undoes the encoding of HTML forms; a `%` that no two hex digits follow stays.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where it should, with its length announced.
    Announced,
    /// Where it should, but only the end of the connection says so.
    Unannounced,
    /// After this number of bytes, fewer than announced.
    Cut(usize),
    /// Before the first byte of an answer: the connection is reset.
    Reset,
}

/// What the server answers to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
    pub(super) end: End,
}

impl Answer {
    /// That status, without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            end: End::Announced,
        }
    }

    /// 200 with that body, of no particular type.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// 200 with that body as `application/json`.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::ok(body).header("Content-Type", "application/json")
    }

    /// A redirect of that status to `location`.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("Location", location)
    }

    /// The connection is reset as soon as the request is there.
    pub fn reset() -> Self {
        Self {
            end: End::Reset,
            ..Self::status(200)
        }
    }

    /// The same answer with that body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same answer, begun that much later, or never if the server ends before.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same answer, announced whole but ended after `bytes` of its body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.end = End::Cut(bytes);
        self
    }

    /// The same answer without its length: the end of the connection ends it.
    #[must_use]
    pub fn unannounced(mut self) -> Self {
        self.end = End::Unannounced;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_from_query_and_form() {
        let received = Received {
            method: "POST".into(),
            path: "/".into(),
            query: "a=1+2&b=%C3%BC".into(),
            headers: vec![(
                "content-type".into(),
                "application/x-www-form-urlencoded".into(),
            )],
            body: b"c=50%25&d&e=%zz".to_vec(),
        };
        for (name, value) in [
            ("a", Some("1 2")),
            ("b", Some("\u{fc}")),
            ("c", Some("50%")),
            ("d", Some("")),
            ("e", Some("%zz")),
            ("f", None),
        ] {
            assert_eq!(received.param(name).as_deref(), value, "{name}");
        }
    }
}
