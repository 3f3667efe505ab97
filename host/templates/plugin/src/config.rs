//! Settings -> where the service is and how to log in. Whether that works is found out by
//! the first call.

use std::fmt;

use musicdl_plugin_api::{Settings, SourceError};

/// What the settings come to.
pub(crate) type Configured = musicdl_plugin_api::Configured<Options>;

/// One service and how to log in.
#[derive(Debug)]
pub(crate) struct Options {
    /// Without a final `/`.
    pub(crate) base: String,
    pub(crate) token: Option<Secret>,
}

/// A text that no log shows.
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Reads the settings. A setting that is missing makes them incomplete.
///
/// # Errors
/// `NotConfigured` when a setting is there and cannot be meant.
pub(crate) fn read(settings: &Settings) -> Result<Configured, SourceError> {
    let Some(url) = settings.text("url") else {
        return Ok(Configured::Incomplete(
            "set `url` to the address of the service".to_owned(),
        ));
    };
    let base = base(url)
        .map_err(|why| SourceError::not_configured(format!("`url` is no address: {why}")))?;
    let token = settings.text("token").map(|token| Secret(token.to_owned()));
    Ok(Configured::Complete(Options { base, token }))
}

/// Says what is wrong without repeating the address: a password may be in it.
fn base(url: &str) -> Result<String, &'static str> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"))
        .ok_or("it does not begin with http:// or https://")?;
    if rest.is_empty() || rest.starts_with('/') {
        return Err("it names no host");
    }
    if rest.contains(['?', '#', '@']) || rest.contains(char::is_whitespace) {
        return Err("it has a login, a query, a fragment or a blank in it");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_with_or_without_a_final_slash() {
        for (url, expected) in [
            ("http://h", Ok("http://h")),
            ("https://h:8080/music//", Ok("https://h:8080/music")),
            ("h", Err("it does not begin with http:// or https://")),
            ("http:///x", Err("it names no host")),
            (
                "http://ann:pw@h",
                Err("it has a login, a query, a fragment or a blank in it"),
            ),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(base(url), expected, "{url}");
        }
    }
}
