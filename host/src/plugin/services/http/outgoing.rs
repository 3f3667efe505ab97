//! A plugin's request, checked: what can be sent, and what may go along to another server.

use bytes::Bytes;
use musicdl_plugin_api::SourceError;
use musicdl_plugin_api::http::Request;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, IF_RANGE, RANGE, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use reqwest::{Method, Url};

use super::range::Resume;

/// What says where a message ends and what becomes of the connection. A plugin that got one
/// wrong would mix its answers with those of others on the same connection.
const OF_THE_CONNECTION: [HeaderName; 5] =
    [CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE];

/// A request that can be sent.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    /// `http` or `https`, with a host.
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// Not copied again by what sends it.
    pub(super) body: Bytes,
}

impl Outgoing {
    /// # Errors
    /// `Permanent`, in words that repeat neither the URL nor a header's value.
    pub(super) fn check(request: &Request) -> Result<Self, SourceError> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| SourceError::permanent("the request has no valid method"))?;
        let url = Url::parse(&request.url)
            .map_err(|error| SourceError::permanent(format!("the request has no URL: {error}")))?;
        check_scheme(&url)?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let bad = |what| SourceError::permanent(format!("a header of the request {what}"));
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| bad("has no valid name".to_owned()))?;
            if OF_THE_CONNECTION.contains(&name) {
                return Err(bad(format!("is the host's to set: `{name}`")));
            }
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| bad(format!("has no valid value: `{name}`")))?;
            // Keeps it out of HTTP/2's compression tables and of Debug.
            value.set_sensitive(!may_cross(&name));
            headers.append(name, value);
        }
        Ok(Self {
            method,
            url,
            headers,
            body: Bytes::copy_from_slice(&request.body),
        })
    }

    /// The server, for messages: `example.org` or `127.0.0.1:4533`.
    pub(super) fn host(&self) -> String {
        host_of(&self.url)
    }

    /// Whether the plugin itself asks for a part.
    pub(super) fn has_range(&self) -> bool {
        self.headers.contains_key(RANGE)
    }

    /// The same request, for a body as it is stored: a compressed one has no length and no
    /// place to go on from.
    pub(super) fn uncompressed(mut self) -> Self {
        self.headers
            .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        self
    }

    /// The same request, for what is still missing.
    ///
    /// # Errors
    /// `Transient` when the server's validator cannot be sent back.
    pub(super) fn resuming(mut self, resume: &Resume) -> Result<Self, SourceError> {
        let value = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|_| SourceError::transient("the answer cannot be continued"))
        };
        self.headers
            .insert(RANGE, value(&format!("bytes={}-", resume.from))?);
        self.headers
            .insert(IF_RANGE, value(resume.validator.as_str())?);
        Ok(self)
    }
}

/// # Errors
/// `Permanent` for anything but `http` and `https`.
pub(super) fn check_scheme(url: &Url) -> Result<(), SourceError> {
    match url.scheme() {
        "http" | "https" => Ok(()),
        other => Err(SourceError::permanent(format!(
            "a URL of scheme `{other}`; only http and https are fetched"
        ))),
    }
}

/// Host and, unless it is the scheme's own, port.
pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or("a server without a name");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Whether the header may go along to another scheme, host or port. A list of the harmless
/// ones: no list has all names that services give their keys.
pub(super) fn may_cross(name: &HeaderName) -> bool {
    [ACCEPT, USER_AGENT, RANGE, IF_RANGE, CONTENT_TYPE].contains(name)
        || name.as_str().starts_with("accept-")
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;

    use super::*;

    #[test]
    fn what_cannot_be_sent_is_refused_without_repeating_it() {
        let good = || Request::get("http://ann:hunter2@127.0.0.1/");
        for (request, says) in [
            (Request::get("hunter2"), "no URL"),
            (Request::get("http:///hunter2 x:y"), "no URL"),
            (Request::get("http://[hunter2/"), "no URL"),
            (Request::get("file:///etc/hunter2"), "`file`"),
            (Request::get("data:,hunter2"), "`data`"),
            (good().header("X-Key", "hunter2\r\nEvil: 1"), "`x-key`"),
            (good().header("hunter2 x", "1"), "valid name"),
            (good().header("Content-Length", "5"), "`content-length`"),
            (
                good().header("transfer-encoding", "chunked"),
                "host's to set",
            ),
            (
                Request {
                    method: "GE T".to_owned(),
                    ..good()
                },
                "method",
            ),
            (
                Request {
                    method: String::new(),
                    ..good()
                },
                "method",
            ),
        ] {
            let Err(refused) = Outgoing::check(&request) else {
                panic!("{says}: was not refused");
            };
            assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
            assert!(refused.message.contains(says), "{refused}");
            assert!(!refused.message.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_server_is_named_without_user_and_query() {
        for (url, host) in [
            ("https://ann:pw@Example.org/x?p=1", "example.org"),
            ("https://example.org:443/", "example.org"),
            ("http://127.0.0.1:4533/", "127.0.0.1:4533"),
            ("http://[::1]:80/", "[::1]"),
        ] {
            assert_eq!(
                Outgoing::check(&Request::get(url)).unwrap().host(),
                host,
                "{url}"
            );
        }
    }
}
