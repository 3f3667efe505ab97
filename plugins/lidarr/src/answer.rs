//! An HTTP answer -> what Lidarr says in it, or what it means that Lidarr says something else.

use musicdl_plugin_api::http::{Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Asked, Complaint, Failure};

/// Reads a record.
///
/// # Errors
/// What Lidarr says went wrong, or what answered in its place.
pub(crate) fn read<T: DeserializeOwned>(
    request: &Request,
    response: &Response,
    asked: Asked,
) -> Result<T, Failure> {
    succeeded(request, response, asked)?;
    let page = response
        .head
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("text/html"));
    if page || first_visible(&response.body) == Some(b'<') {
        return Err(Failure::Foreign("a web page".to_owned()));
    }
    serde_json::from_slice(&response.body).map_err(|error| Failure::Broken(error.to_string()))
}

/// Looks at an answer whose body does not matter.
///
/// # Errors
/// As [`read`].
pub(crate) fn succeeded(
    request: &Request,
    response: &Response,
    asked: Asked,
) -> Result<(), Failure> {
    let head = &response.head;
    // A GET finds its way; anything else is a change made at an address nobody configured,
    // or one that lost its body on the way.
    if request.method != "GET" && moved(&request.url, &head.url) {
        return Err(redirected(&head.url));
    }
    match head.status {
        200..=299 => Ok(()),
        300..=399 => Err(redirected(head.header("location").unwrap_or("nowhere"))),
        401 => Err(Failure::Refused),
        status => Err(refusal(response, status, asked)),
    }
}

/// Where a `GET` was answered, if that is another Lidarr address than it was sent to.
pub(crate) fn moved_base(request: &Request, response: &Response) -> Option<Failure> {
    moved(&request.url, &response.head.url).then(|| redirected(&response.head.url))
}

fn moved(asked: &str, answered: &str) -> bool {
    let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    // A name outside ASCII comes back in another spelling without any redirect.
    !answered.is_empty() && asked.is_ascii() && path(asked) != path(answered)
}

fn redirected(answered: &str) -> Failure {
    let base = answered.split(['?', '#']).next().unwrap_or_default();
    let base = base.split_once("/api/v1").map_or(base, |(base, _)| base);
    Failure::Redirected {
        answered: base.to_owned(),
    }
}

/// The shapes of Lidarr's errors.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    message: Option<String>,
    /// Only while it starts.
    error_message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Invalid {
    property_name: Option<String>,
    error_message: Option<String>,
}

fn refusal(response: &Response, status: u16, asked: Asked) -> Failure {
    // No words at all are as good as words nobody can read: the status remains.
    let said = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    if said.is_array() {
        let complaints: Vec<Invalid> = serde_json::from_value(said).unwrap_or_default();
        return Failure::Invalid(complaints.into_iter().map(complaint).collect());
    }
    let said: Said = serde_json::from_value(said).unwrap_or_default();
    match (status, said.error_message, said.message, asked) {
        (503, Some(starting), _, _) => Failure::Starting(starting),
        (503, None, Some(message), Asked::Lookup | Asked::Add) => Failure::Metadata(message),
        (_, _, message, _) => Failure::Http {
            status,
            message: message.unwrap_or_default(),
            retry_after: response.head.retry_after(),
        },
    }
}

fn complaint(said: Invalid) -> Complaint {
    Complaint {
        field: said.property_name.unwrap_or_default(),
        message: said.error_message.unwrap_or_default(),
    }
}

/// The first byte after a byte order mark and white space.
fn first_visible(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().copied().find(|b| !b.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use musicdl_plugin_api::http::Head;

    use super::*;

    fn answer(status: u16, url: &str, body: &str) -> Response {
        Response {
            head: Head {
                status,
                url: url.to_owned(),
                ..Head::default()
            },
            body: body.into(),
        }
    }

    #[test]
    fn each_shape_of_an_error_is_understood() {
        let request = Request::get("http://h/api/v1/album");
        for (status, body, asked, shown) in [
            (401, "", Asked::Library, "it refuses the `api_key`"),
            (
                400,
                r#"[{"propertyName":"A","errorMessage":"b"},{"propertyName":"C","errorMessage":"d"}]"#,
                Asked::Add,
                "A: b; C: d",
            ),
            (
                400,
                r#"{"message":"x","description":"stack"}"#,
                Asked::Add,
                "HTTP status 400: x",
            ),
            (404, "", Asked::Library, "HTTP status 404"),
            (500, "<html>", Asked::Library, "HTTP status 500"),
            (
                503,
                r#"{"errorMessage":"Lidarr is starting up, please try again later"}"#,
                Asked::Lookup,
                "Lidarr is starting up",
            ),
            (
                503,
                r#"{"message":"Search for 'x' failed."}"#,
                Asked::Lookup,
                "Lidarr's metadata service fails: Search for 'x' failed.",
            ),
            (
                503,
                r#"{"message":"x"}"#,
                Asked::Queue,
                "HTTP status 503: x",
            ),
            (
                200,
                "<!doctype html>",
                Asked::Library,
                "a web page answered",
            ),
            (200, "[1,", Asked::Library, "the answer is broken"),
            (307, "", Asked::Library, "the address redirects to nowhere"),
        ] {
            let outcome: Result<Value, Failure> = read(&request, &answer(status, "", body), asked);
            let failure = outcome.unwrap_err().to_string();
            assert!(failure.starts_with(shown), "{status} {body}: {failure}");
        }
    }

    #[test]
    fn a_change_made_elsewhere_than_asked_is_told_with_the_right_address() {
        let elsewhere = answer(201, "http://h/lidarr/api/v1/command", "{}");
        let mut request = Request::get("http://h/api/v1/command");
        assert!(read::<Value>(&request, &elsewhere, Asked::Search).is_ok());
        assert!(moved_base(&request, &elsewhere).is_some());
        request.method = "POST".to_owned();
        let failure = read::<Value>(&request, &elsewhere, Asked::Search).unwrap_err();
        let shown = failure.to_string();
        assert!(
            shown.contains("redirects to http://h/lidarr: set `url`"),
            "{shown}"
        );
    }
}
