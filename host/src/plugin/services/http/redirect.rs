//! Where a redirect leads, and what goes along.

use bytes::Bytes;
use musicdl_plugin_api::SourceError;
use reqwest::header::{HeaderMap, HeaderName, LOCATION};
use reqwest::{Method, StatusCode, Url};

use super::outgoing::{Outgoing, check_scheme, host_of, may_cross};

/// Most redirects of one request.
const MAX_REDIRECTS: u32 = 10;

/// The request that answers a redirect; `None` if the answer is none. `followed` counts
/// the redirects before this one.
///
/// Once dropped, a header does not come back, also not for a server that had seen it.
///
/// # Errors
/// `Permanent` when it may not be followed.
pub(super) fn next(
    outgoing: &Outgoing,
    status: StatusCode,
    headers: &HeaderMap,
    followed: u32,
) -> Result<Option<Outgoing>, SourceError> {
    // 300 offers a choice, 304 and 305 mean other things (RFC 9110, section 15.4).
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(LOCATION) else {
        return Ok(None);
    };
    let refused = |why: &str| {
        let host = outgoing.host();
        Err(SourceError::permanent(format!("{host} redirects {why}")))
    };
    if followed == MAX_REDIRECTS {
        return refused(&format!("more than {MAX_REDIRECTS} times"));
    }
    let url = str::from_utf8(location.as_bytes())
        .ok()
        .and_then(|location| outgoing.url.join(location).ok());
    let Some(url) = url else {
        return refused("to something that is not a URL");
    };
    if let Err(error) = check_scheme(&url) {
        return refused(&format!("to {}", error.message));
    }
    if outgoing.url.scheme() == "https" && url.scheme() == "http" {
        return refused("from https to http");
    }
    let mut next = outgoing.clone();
    if becomes_get(status, &outgoing.method) {
        next.method = Method::GET;
        next.body = Bytes::new();
        remove(&mut next.headers, |name| {
            name.as_str().starts_with("content-")
        });
    }
    if origin(&url) != origin(&outgoing.url) {
        remove(&mut next.headers, |name| !may_cross(name));
        // A login may travel in the body as well as in a header.
        if !next.body.is_empty() && !is_upgrade(&outgoing.url, &url) {
            return refused(&format!(
                "a request with a body to {}; if that is right, name it in the settings",
                host_of(&url)
            ));
        }
    }
    next.url = url;
    Ok(Some(next))
}

/// 301 and 302 turn a POST into a GET because every browser did (RFC 9110, sections 15.4.2
/// and 15.4.3); 303 means it; 307 and 308 were made to forbid it.
fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        _ => false,
    }
}

fn origin(url: &Url) -> (&str, Option<&str>, Option<u16>) {
    (url.scheme(), url.host_str(), url.port_or_known_default())
}

/// From http to https on the ports of these schemes: the same server, found safer.
fn is_upgrade(from: &Url, to: &Url) -> bool {
    from.host_str() == to.host_str()
        && (from.scheme(), to.scheme()) == ("http", "https")
        && from.port().is_none()
        && to.port().is_none()
}

fn remove(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) {
    let names: Vec<_> = headers
        .keys()
        .filter(|name| unwanted(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::ErrorKind;
    use musicdl_plugin_api::http::Request;

    use super::*;

    fn outgoing(method: &str, url: &str) -> Outgoing {
        let body = if method == "POST" { "p=1" } else { "" };
        Outgoing::check(&Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: [
                ("Accept", "a"),
                ("Accept-Language", "a"),
                ("User-Agent", "a"),
                ("Range", "bytes=1-"),
                ("If-Range", "a"),
                ("Content-Type", "a"),
                ("Content-Language", "a"),
                ("Authorization", "a"),
                ("Cookie", "a"),
                ("X-Api-Key", "a"),
                ("X-Plex-Token", "a"),
                ("Referer", "a"),
                ("Whatever", "a"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
            body: body.into(),
            ..Request::default()
        })
        .unwrap()
    }

    fn redirected(from: &Outgoing, status: u16, to: &str) -> Result<Option<Outgoing>, SourceError> {
        let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
        next(from, StatusCode::from_u16(status).unwrap(), &headers, 0)
    }

    #[test]
    fn only_harmless_headers_go_to_another_scheme_host_or_port() {
        const SAME: usize = 13;
        const OTHER: usize = 6;
        for (from, to, kept) in [
            ("http://a.example/x", "/y", SAME),
            ("http://a.example/x", "http://a.example:80/y", SAME),
            ("https://a.example/x", "//A.EXAMPLE:443/y", SAME),
            ("http://a.example/x", "https://a.example/x", OTHER),
            ("http://a.example/x", "http://a.example:8080/x", OTHER),
            ("http://a.example/x", "http://b.example/x", OTHER),
            ("http://a.example/x", "http://www.a.example/x", OTHER),
            ("http://a.example/x", "//b.example/x", OTHER),
            ("http://127.0.0.1/x", "http://localhost/x", OTHER),
        ] {
            let next = redirected(&outgoing("GET", from), 307, to)
                .unwrap()
                .unwrap();
            assert_eq!(next.headers.len(), kept, "{from} -> {to}");
            let has_key = next.headers.contains_key("x-api-key");
            assert_eq!(has_key, kept == SAME, "{from} -> {to}");
        }
    }

    #[test]
    fn a_dropped_header_does_not_come_back_on_the_way_home() {
        let home = outgoing("GET", "http://a.example/x");
        let away = redirected(&home, 302, "http://b.example/")
            .unwrap()
            .unwrap();
        let back = redirected(&away, 302, "http://a.example/")
            .unwrap()
            .unwrap();
        assert!(!back.headers.contains_key("authorization"));
    }

    #[test]
    fn the_user_in_a_url_stays_with_his_server() {
        let home = outgoing("GET", "http://ann:pw@a.example/x");
        for (to, user) in [
            ("/y", "ann"),
            ("//b.example/y", ""),
            ("http://b.example", ""),
        ] {
            let next = redirected(&home, 302, to).unwrap().unwrap();
            assert_eq!(next.url.username(), user, "{to}");
        }
    }

    #[test]
    fn a_post_becomes_a_get_where_browsers_do_it() {
        for (method, status, expected) in [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("POST", 303, "GET"),
            ("POST", 307, "POST"),
            ("POST", 308, "POST"),
            ("PUT", 302, "PUT"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("GET", 301, "GET"),
        ] {
            let from = outgoing(method, "http://a.example/x");
            let next = redirected(&from, status, "/y").unwrap().unwrap();
            assert_eq!(next.method.as_str(), expected, "{method} {status}");
            let changed = method == "POST" && expected == "GET";
            if changed {
                assert!(next.body.is_empty(), "{status}");
                assert!(!next.headers.contains_key("content-type"), "{status}");
            } else if method == "POST" {
                assert_eq!(&next.body[..], b"p=1", "{status}");
                assert!(next.headers.contains_key("content-type"), "{status}");
            }
        }
    }

    #[test]
    fn a_body_goes_to_another_server_only_when_that_is_the_same_one_with_tls() {
        for (from, to, status, goes) in [
            ("http://a.example/x", "/y", 307, true),
            ("http://a.example/x", "https://a.example/x", 308, true),
            ("http://a.example/x", "https://a.example:8443/x", 308, false),
            ("http://a.example:4533/x", "https://a.example/x", 308, false),
            ("http://a.example/x", "http://b.example/x", 307, false),
            ("https://a.example/x", "https://b.example/x", 308, false),
            // Becomes a GET, which has none.
            ("https://a.example/x", "https://b.example/x", 303, true),
        ] {
            let next = redirected(&outgoing("POST", from), status, to);
            assert_eq!(next.is_ok(), goes, "{from} -> {to}");
            if let Err(refused) = next {
                assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
            }
        }
    }

    #[test]
    fn what_may_not_be_followed_is_refused() {
        let from = outgoing("GET", "https://ann:pw@a.example/x?p=hunter2");
        for (to, why) in [
            ("http://a.example/x", "from https to http"),
            ("file:///etc/passwd", "`file`"),
            ("ftp://a.example/", "`ftp`"),
            ("https://[a/", "not a URL"),
        ] {
            let refused = redirected(&from, 302, to).map(drop).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::Permanent, "{refused}");
            assert!(refused.message.contains(why), "{refused}");
            assert!(refused.message.starts_with("a.example "), "{refused}");
            assert!(!refused.message.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn an_answer_that_leads_nowhere_is_an_answer() {
        let from = outgoing("GET", "http://a.example/x");
        for status in [200, 206, 300, 304, 305, 404] {
            assert!(
                redirected(&from, status, "/y").unwrap().is_none(),
                "{status}"
            );
        }
        let nowhere = next(&from, StatusCode::FOUND, &HeaderMap::new(), 0);
        assert!(nowhere.unwrap().is_none());
    }
}
