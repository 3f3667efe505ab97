//! Takes secrets out of what is kept: those that are known by value, and those that are known
//! by the name they stand under. The latter are known by value from then on, so that a token is
//! found in the path that it is sent in later, and in a reply that repeats a request.

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};

use super::super::outgoing::{Outgoing, may_cross};
use crate::plugin::services::secrets::{CUT, Secrets};

/// Names, without `-` and `_` and in lower case, whose values are secret.
const SECRET_NAMES: [&str; 11] = [
    "arl",
    "auth",
    "codeverifier",
    "devicecode",
    "hmac",
    "jwt",
    "pw",
    "session",
    "sessionid",
    "sid",
    "sig",
];

/// Parts of such names.
const SECRET_PARTS: [&str; 9] = [
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "passw",
    "pwd",
    "secret",
    "signature",
    "token",
];

/// A secret in a query, and in JSON anything: a path, the key of a tune.
const SECRET_IN_QUERY: &str = "key";

/// The login of Subsonic's API in a query: password, or its salted digest and the salt. So
/// short that they are secret only beside the user `u`.
const BESIDE_USER: [&str; 3] = ["p", "t", "s"];

/// Headers of answers that say nothing of a login, beside all `content-..` and `..ratelimit..`.
const HARMLESS: [&str; 9] = [
    "accept-ranges",
    "age",
    "cache-control",
    "date",
    "etag",
    "expires",
    "last-modified",
    "retry-after",
    "server",
];

/// Knows the secrets of one source.
pub(super) struct Mask {
    secrets: Arc<Secrets>,
}

impl Mask {
    pub(super) fn new(secrets: Arc<Secrets>) -> Self {
        // What a replayed answer has in place of a token comes back in later requests, and may
        // be encoded then.
        secrets.learn(CUT);
        Self { secrets }
    }

    /// Learns the secrets that a request names as such. To be done before any of it is masked,
    /// by a recording as by its replay, so that both know the same.
    pub(super) fn learn_from(&self, outgoing: &Outgoing) {
        for (name, value) in &outgoing.headers {
            if let (true, Ok(value)) = (is_secret(name.as_str()), value.to_str()) {
                self.secrets.learn(value);
                // `Bearer TOKEN`
                if let Some((_, credentials)) = value.split_once(' ') {
                    self.secrets.learn(credentials);
                }
            }
        }
        let mut form = Url::parse("http://form/").expect("it is a URL");
        if outgoing.headers.get(CONTENT_TYPE).is_some_and(is_form) {
            form.set_query(str::from_utf8(&outgoing.body).ok());
        }
        for (name, value) in outgoing.url.query_pairs().chain(form.query_pairs()) {
            if is_secret_in_query(&name) {
                self.secrets.learn(&value);
            }
        }
    }

    pub(super) fn text(&self, text: &str) -> String {
        self.secrets.cut_from(text)
    }

    /// The URL without user, fragment and secret values of its query.
    pub(super) fn url(&self, url: &Url) -> String {
        let mut shown = url.clone();
        // Neither can fail: every URL here has a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_fragment(None);
        shown.set_query(None);
        let mut shown = shown.to_string();
        if let Some(query) = url.query() {
            shown.push('?');
            shown.push_str(&pairs(query));
        }
        self.text(&shown)
    }

    /// The value of a header that the plugin sent.
    pub(super) fn request_header(&self, name: &HeaderName, value: &[u8]) -> String {
        self.header(may_cross(name), value)
    }

    /// The value of a header that it got. `name` is in lower case.
    pub(super) fn answer_header(&self, name: &str, value: &str) -> String {
        let harmless =
            HARMLESS.contains(&name) || name.starts_with("content-") || name.contains("ratelimit");
        self.header(harmless, value.as_bytes())
    }

    fn header(&self, harmless: bool, value: &[u8]) -> String {
        match harmless {
            true => self.text(&String::from_utf8_lossy(value)),
            false => CUT.to_owned(),
        }
    }

    /// A body of that content type.
    pub(super) fn body(&self, content_type: Option<&str>, body: &[u8]) -> Vec<u8> {
        let Ok(text) = str::from_utf8(body) else {
            return self.secrets.cut_from_bytes(body);
        };
        let text = match content_type.is_some_and(|kind| kind.starts_with(FORM)) {
            true => pairs(text),
            false => self.members(text),
        };
        self.text(&text).into_bytes()
    }

    /// `{"token": "x"}` without the texts that stand under secret names. Looks at strings and
    /// colons only, so that the rest of the text stays as its server wrote it.
    fn members(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(quote) = rest.find('"') {
            let (before, string) = rest.split_at(quote + 1);
            kept.push_str(before);
            rest = string;
            let Some(name) = string_at_start(string) else {
                break;
            };
            kept.push_str(name);
            kept.push('"');
            rest = &string[name.len() + 1..];
            let Some(value) = rest.trim_start().strip_prefix(':').map(str::trim_start) else {
                continue;
            };
            let value = value.strip_prefix('"').filter(|_| is_secret(name));
            if let Some(secret) = value.and_then(string_at_start) {
                let start = rest.len() - value.map_or(0, str::len);
                self.secrets.learn(secret);
                kept.push_str(&rest[..start]);
                kept.push_str(CUT);
                rest = &rest[start + secret.len()..];
                kept.push('"');
                rest = &rest[1..];
            }
        }
        kept.push_str(rest);
        kept
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn is_form(content_type: &HeaderValue) -> bool {
    content_type.as_bytes().starts_with(FORM.as_bytes())
}

/// `a=b&token=c` without the values of secret names.
fn pairs(query: &str) -> String {
    let pairs = || query.split('&').map(|pair| pair.split_once('='));
    let has_user = pairs().flatten().any(|(name, _)| name == "u");
    let masked = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _))
            if is_secret_in_query(name) || (has_user && BESIDE_USER.contains(&name)) =>
        {
            format!("{name}={CUT}")
        }
        Some(_) | None => pair.to_owned(),
    });
    masked.collect::<Vec<_>>().join("&")
}

/// What stands before the closing quote of a JSON string whose opening quote is left out.
fn string_at_start(text: &str) -> Option<&str> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some(&text[..end])
}

fn is_secret_in_query(name: &str) -> bool {
    plain(name) == SECRET_IN_QUERY || is_secret(name)
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn is_secret(name: &str) -> bool {
    let name = plain(name);
    SECRET_NAMES.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::http::Request;

    use super::*;

    fn mask() -> Mask {
        Mask::new(Arc::new(Secrets::new(vec!["hunter2".into()])))
    }

    #[test]
    fn a_url_is_shown_without_user_and_secret_values() {
        for (url, shown) in [
            ("http://ann:pw@a.example/x#frag", "http://a.example/x"),
            ("http://a.example", "http://a.example/"),
            (
                "http://a.example/x?q=blue+bird&api_key=k&X-Plex-Token=t",
                "http://a.example/x?q=blue+bird&api_key=[secret]&X-Plex-Token=[secret]",
            ),
            (
                "http://a.example/rest/ping?u=ann&t=26719a&s=c19b2d&v=1",
                "http://a.example/rest/ping?u=ann&t=[secret]&s=[secret]&v=1",
            ),
            (
                "http://a.example/api?t=search&author=x&keyword=y&s",
                "http://a.example/api?t=search&author=x&keyword=y&s",
            ),
            (
                "http://a.example/hunter2/x?q=hunter%32&h=aHVudGVyMg",
                "http://a.example/[secret]/x?q=[secret]&h=[secret]",
            ),
            (
                "http://a.example/f?X-Amz-Signature=1&Expires=2&key=3",
                "http://a.example/f?X-Amz-Signature=[secret]&Expires=2&key=[secret]",
            ),
        ] {
            assert_eq!(mask().url(&url.parse().unwrap()), shown, "{url}");
        }
    }

    #[test]
    fn only_harmless_headers_are_shown() {
        let sent = |name: &str, value: &str| {
            let name: HeaderName = name.parse().unwrap();
            mask().request_header(&name, value.as_bytes())
        };
        assert_eq!(sent("accept", "audio/hunter2"), "audio/[secret]");
        assert_eq!(sent("x-api-key", "k"), CUT);
        for (name, value, shown) in [
            ("content-type", "text/html", "text/html"),
            ("x-ratelimit-left", "7", "7"),
            ("retry-after", "7", "7"),
            ("set-cookie", "a=b", CUT),
            ("location", "http://a/?token=1", CUT),
        ] {
            assert_eq!(mask().answer_header(name, value), shown, "{name}");
        }
    }

    #[test]
    fn a_body_is_shown_without_what_stands_under_secret_names() {
        let form = Some("application/x-www-form-urlencoded; charset=utf-8");
        let json = Some("application/json");
        for (kind, body, shown) in [
            (
                form,
                "u=ann&p=x&refresh_token=y&q=1",
                "u=ann&p=[secret]&refresh_token=[secret]&q=1",
            ),
            (
                json,
                r#"{"access_token" : "a\"b", "n":[{"Password":"x"}], "token":7, "q":"token"}"#,
                r#"{"access_token" : "[secret]", "n":[{"Password":"[secret]"}], "token":7, "q":"token"}"#,
            ),
            (json, r#"{"user":"hunter2"}"#, r#"{"user":"[secret]"}"#),
            (json, r#"{"key":"C minor"}"#, r#"{"key":"C minor"}"#),
            (json, r#"{"token":"never ends"#, r#"{"token":"never ends"#),
            (json, r#"{"token"#, r#"{"token"#),
            (json, r#"{"token":"#, r#"{"token":"#),
            (None, "<p pass=\"x\">ü</p>", "<p pass=\"x\">ü</p>"),
        ] {
            let masked = mask().body(kind, body.as_bytes());
            assert_eq!(String::from_utf8(masked).unwrap(), shown, "{body}");
        }
        assert_eq!(mask().body(json, b"\xff hunter2"), b"\xff [secret]");
    }

    #[test]
    fn what_stood_under_a_secret_name_is_a_secret_from_then_on() {
        let mask = mask();
        let form = Request::post_form(
            "http://a.example/?token=from+query",
            &[("refresh_token", "from form")],
        )
        .header("Authorization", "Bearer from-header")
        .header("Referer", "http://a.example/");
        mask.learn_from(&Outgoing::check(&form).unwrap());
        mask.body(None, br#"{"sid":"from-answer"}"#);
        for secret in ["from+query", "from%20form", "from-header", "from-answer"] {
            assert_eq!(mask.text(secret), CUT, "{secret}");
        }
        assert_eq!(mask.text("http://a.example/"), "http://a.example/");
        assert_eq!(mask.text("/%5Bsecret%5D/x"), "/[secret]/x");
    }
}
