//! Is this an answer of a Subsonic server, and what does it say? HTTP tells little: most
//! failures come with status 200, and a proxy before the server answers in its own words.

use musicdl_plugin_api::http::Head;
use serde::Deserialize;

use crate::error::Failure;
use crate::lenient;
use crate::song::SearchResult;

/// What every JSON answer is wrapped in.
#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "subsonic-response")]
    response: Envelope,
}

/// The answer: who speaks, and the parts of those methods we call.
/// <https://opensubsonic.netlify.app/docs/responses/subsonic-response/>
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope {
    #[serde(default, deserialize_with = "lenient::text")]
    status: Option<String>,
    /// The protocol the server speaks.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) version: Option<String>,
    /// The server's name; OpenSubsonic only.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub(crate) server: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) server_version: Option<String>,
    #[serde(default)]
    error: Option<ServiceError>,
    /// Of `search3`.
    #[serde(default)]
    pub(crate) search_result3: Option<SearchResult>,
}

#[derive(Debug, Default, Deserialize)]
struct ServiceError {
    #[serde(default, deserialize_with = "lenient::integer")]
    code: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    message: Option<String>,
}

/// Reads a whole answer, of whatever status.
///
/// # Errors
/// What the server says went wrong, or what answered in its place.
pub(crate) fn read(head: &Head, body: &[u8]) -> Result<Envelope, Failure> {
    let said = said(body);
    match said {
        // The generic error with a status that says more, such as 429 or 503.
        Err(Failure::Service { code: 0, .. }) if !head.is_success() => Err(http(head)),
        Err(Failure::Service { .. }) => said,
        _ if !head.is_success() => Err(http(head)),
        said => said,
    }
}

fn http(head: &Head) -> Failure {
    Failure::Http {
        status: head.status,
        retry_after: head.retry_after(),
    }
}

fn said(body: &[u8]) -> Result<Envelope, Failure> {
    match serde_json::from_slice::<Wrapped>(body) {
        Ok(Wrapped { response }) => match (&response.status, response.error) {
            (_, Some(error)) => Err(Failure::Service {
                code: error.code.unwrap_or(0),
                message: error.message.unwrap_or_default(),
            }),
            (Some(status), None) if status == "failed" => Err(Failure::Service {
                code: 0,
                message: "the answer gives no reason".to_owned(),
            }),
            (_, None) => Ok(Envelope {
                error: None,
                ..response
            }),
        },
        Err(error) => Err(foreign(body, &error)),
    }
}

/// What an answer that is not ours to read most likely is.
fn foreign(body: &[u8], error: &serde_json::Error) -> Failure {
    match first_visible(body) {
        None => Failure::Empty,
        Some(b'{') if error.is_data() => Failure::Foreign("JSON of some other service"),
        Some(b'{') => Failure::Broken(error.to_string()),
        Some(b'<') => xml(&String::from_utf8_lossy(body)),
        Some(_) => Failure::Foreign("a text of some other program"),
    }
}

/// A server that was asked for JSON and answers XML does not know `f`; its failures are
/// worth knowing all the same.
fn xml(text: &str) -> Failure {
    if !text.contains("<subsonic-response") {
        return Failure::Foreign("a web page");
    }
    let code = text
        .split_once("<error")
        .and_then(|(_, rest)| rest.split_once("code="))
        .map(|(_, rest)| rest.trim_start_matches(['"', '\'']))
        .and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok());
    match code {
        Some(code) => Failure::Service {
            code,
            message: "said in XML".to_owned(),
        },
        None => Failure::OnlyXml,
    }
}

/// Whether a file that was to be audio is an answer in words instead: by its first bytes,
/// because not every server says the right type, and by the type where those leave it open.
/// No audio format begins with `{` or `<`.
pub(crate) fn is_words(content_type: Option<&str>, start: &[u8]) -> bool {
    let of_text = content_type.is_some_and(|kind| {
        kind.starts_with("text/") || kind.contains("json") || kind.contains("xml")
    });
    matches!(first_visible(start), Some(b'{' | b'<')) || (of_text && !start.contains(&0))
}

/// The first byte after a byte order mark and white space.
fn first_visible(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().copied().find(|b| !b.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_place_of_audio_are_seen_whatever_they_are_called() {
        for (content_type, start, words) in [
            (
                Some("application/json"),
                &b"{\"subsonic-response\""[..],
                true,
            ),
            (Some("audio/flac"), b"{\"subsonic-response\"", true),
            (None, b"\n<?xml version", true),
            (None, b"\xef\xbb\xbf<html>", true),
            (Some("application/octet-stream"), b"<!doctype html>", true),
            (Some("text/plain"), b"Not implemented", true),
            (Some("audio/flac"), b"fLaC\0\0\0\x22", false),
            (Some("text/plain"), b"fLaC\0\0\0\x22", false),
            (None, b"ID3\x04\0", false),
            (None, b"", false),
        ] {
            assert_eq!(
                is_words(content_type, start),
                words,
                "{content_type:?} {start:?}"
            );
        }
    }
}
