//! Settings -> which server, and the logins to try there in order. Whether they work is
//! found out by `auth`.

use std::fmt;
use std::net::IpAddr;

use musicdl_plugin_api::{Settings, SourceError};

/// What the settings come to.
#[derive(Debug)]
pub(crate) enum Configured {
    /// Everything is there.
    Complete(Options),
    /// What the user still has to set, in a sentence.
    Incomplete(String),
}

/// One server and how to log in.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) server: Server,
    /// Never empty; the first one is tried first.
    pub(crate) logins: Vec<Login>,
}

/// A form of login that the API knows, with what it needs.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// Proof of the password by a salted hash.
    Token(Account),
    /// The password itself, for servers that keep only hashes of it.
    Password(Account),
    /// A key that stands for user and password.
    ApiKey(Secret),
}

impl Login {
    /// The form's name in the setting `auth` and in reports.
    pub(crate) fn form(&self) -> &'static str {
        match self {
            Login::Token(_) => "token",
            Login::Password(_) => "password",
            Login::ApiKey(_) => "api_key",
        }
    }

    /// Whose login it is; a key does not tell.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Login::Token(account) | Login::Password(account) => Some(&account.username),
            Login::ApiKey(_) => None,
        }
    }

    /// What the form proves or is.
    pub(crate) fn secret(&self) -> &Secret {
        match self {
            Login::Token(account) | Login::Password(account) => &account.password,
            Login::ApiKey(key) => key,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) password: Secret,
}

/// A text that no log shows.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// The address of a server, without the `/rest` of its API and without a final `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    base: String,
    host: String,
    encrypted: bool,
}

impl Server {
    /// # Errors
    /// A sentence that says what is wrong with the address, without repeating what may be
    /// a secret in it.
    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest))
            .filter(|(scheme, _)| scheme == "http" || scheme == "https")
            .ok_or("it does not begin with http:// or https://")?;
        if rest.contains(['?', '#']) || rest.contains(char::is_whitespace) {
            return Err("it has a query, a fragment or a blank in it".to_owned());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("a login in it is not used: set `username` and `password`".to_owned());
        }
        let authority = authority.to_ascii_lowercase();
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        let host = host_of(authority);
        if host.is_empty() {
            return Err("it names no host".to_owned());
        }
        let path = path.trim_end_matches('/');
        let path = path.strip_suffix("/rest").unwrap_or(path);
        Ok(Self {
            base: format!("{scheme}://{authority}{}", path.trim_end_matches('/')),
            host: host.to_owned(),
            encrypted: scheme == "https",
        })
    }

    /// The URL of a method. With `.view`, the oldest spelling, which every server takes.
    pub(crate) fn method(&self, name: &str) -> String {
        format!("{}/rest/{name}.view", self.base)
    }

    /// As the user would write it.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Name or address of the machine.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether others on the way can read along.
    pub(crate) fn is_overheard(&self) -> bool {
        let loopback = self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        !self.encrypted && !loopback
    }
}

/// The host of `host:port` or `[v6]:port`, without the brackets.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Reads the settings. A setting that is missing makes them incomplete.
///
/// # Errors
/// `NotConfigured` when a setting is there and cannot be meant.
pub(crate) fn read(settings: &Settings) -> Result<Configured, SourceError> {
    let Some(url) = settings.text("url") else {
        return Ok(Configured::Incomplete(
            "set `url` to the address of your server".to_owned(),
        ));
    };
    let server = Server::parse(url)
        .map_err(|why| SourceError::not_configured(format!("`url` is no server address: {why}")))?;

    let account = match (settings.text("username"), settings.text("password")) {
        (Some(username), Some(password)) => Some(Account {
            username: username.to_owned(),
            password: Secret::new(password),
        }),
        _ => None,
    };
    let key = settings.text("api_key").map(Secret::new);
    let (logins, missing) = match settings.text("auth").unwrap_or("auto") {
        "auto" => (
            // A user who went and made a key wants it used.
            key.map(Login::ApiKey)
                .into_iter()
                .chain(account.clone().map(Login::Token))
                .chain(account.map(Login::Password))
                .collect(),
            "set `username` and `password`, or `api_key`",
        ),
        "token" => (
            Vec::from_iter(account.map(Login::Token)),
            "`auth: token` needs `username` and `password`",
        ),
        "password" => (
            Vec::from_iter(account.map(Login::Password)),
            "`auth: password` needs `username` and `password`",
        ),
        "api_key" => (
            Vec::from_iter(key.map(Login::ApiKey)),
            "`auth: api_key` needs `api_key`",
        ),
        other => {
            return Err(SourceError::not_configured(format!(
                "`auth` is `{other}`, and can be auto, token, password or api_key"
            )));
        }
    };
    if logins.is_empty() {
        return Ok(Configured::Incomplete(missing.to_owned()));
    }
    Ok(Configured::Complete(Options { server, logins }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_users_write_it() {
        for (text, ping) in [
            ("http://h", "http://h/rest/ping.view"),
            ("http://h/", "http://h/rest/ping.view"),
            (
                "HTTP://Music.Example:80/",
                "http://music.example/rest/ping.view",
            ),
            ("https://h:443", "https://h/rest/ping.view"),
            (
                "https://h:4533/Music//",
                "https://h:4533/Music/rest/ping.view",
            ),
            ("http://h/sub/rest/", "http://h/sub/rest/ping.view"),
            ("http://[::1]:4533", "http://[::1]:4533/rest/ping.view"),
        ] {
            assert_eq!(Server::parse(text).unwrap().method("ping"), ping, "{text}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_refused_without_repeating_it() {
        for text in [
            "music.example",
            "ftp://music.example",
            "http://",
            "http://:4533",
            "http://ann:s3cret@music.example",
            "http://music.example/?p=s3cret",
            "http://music example",
        ] {
            let settings = Settings::from_pairs([("url", [text])]);
            let error = read(&settings).unwrap_err();
            assert_eq!(error.kind, musicdl_plugin_api::ErrorKind::NotConfigured);
            assert!(!error.message.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn only_plain_http_to_another_machine_is_overheard() {
        for (text, overheard) in [
            ("http://music.example", true),
            ("http://192.168.1.2:4533", true),
            ("http://localhost.example", true),
            ("https://music.example", false),
            ("http://localhost:4533", false),
            ("http://nas.localhost", false),
            ("http://127.8.0.1", false),
            ("http://[::1]:4533", false),
        ] {
            let server = Server::parse(text).unwrap();
            assert_eq!(server.is_overheard(), overheard, "{text}");
        }
    }

    #[test]
    fn the_settings_decide_which_logins_are_tried_and_in_which_order() {
        let user = ("username", "ann");
        let password = ("password", "pw1");
        let key = ("api_key", "k1");
        let auth = |form| ("auth", form);
        for (settings, forms) in [
            (vec![user, password], vec!["token", "password"]),
            (
                vec![user, password, auth("auto")],
                vec!["token", "password"],
            ),
            (
                vec![user, password, key],
                vec!["api_key", "token", "password"],
            ),
            (vec![key], vec!["api_key"]),
            (vec![user, password, auth("token")], vec!["token"]),
            (
                vec![user, password, key, auth("password")],
                vec!["password"],
            ),
            (vec![user, password, key, auth("api_key")], vec!["api_key"]),
            (vec![user, password, auth("api_key")], vec![]),
            (vec![key, auth("token")], vec![]),
            (vec![user], vec![]),
            (vec![password], vec![]),
            (vec![user, ("password", "")], vec![]),
            (vec![], vec![]),
        ] {
            let pairs = [("url", "http://h")].into_iter().chain(settings.clone());
            let found = match read(&Settings::from_pairs(pairs.map(|(k, v)| (k, [v])))).unwrap() {
                Configured::Complete(options) => options.logins.iter().map(Login::form).collect(),
                Configured::Incomplete(_) => vec![],
            };
            assert_eq!(found, forms, "{settings:?}");
        }
    }

    #[test]
    fn options_in_a_log_show_no_secret() {
        let settings = Settings::from_pairs([
            ("url", ["http://h"]),
            ("username", ["ann"]),
            ("password", ["s3cret"]),
            ("api_key", ["s3cret"]),
        ]);
        assert!(!format!("{:?}", read(&settings).unwrap()).contains("s3cret"));
    }
}
