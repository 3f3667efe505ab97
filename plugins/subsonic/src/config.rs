//! Settings -> which server, and the logins to try there in order. Whether they work is
//! found out by `auth`.

use musicdl_plugin_api::{Secret, ServerUrl, Settings, SourceError};

/// What users copy with an address.
const API: [&str; 1] = ["/rest"];

/// What the settings come to.
pub(crate) type Configured = musicdl_plugin_api::Configured<Options>;

/// One server and how to log in.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) server: ServerUrl,
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

/// Reads the settings. A setting that is missing makes them incomplete.
///
/// # Errors
/// `NotConfigured` when a setting is present but invalid.
pub(crate) fn read(settings: &Settings) -> Result<Configured, SourceError> {
    let Some(url) = settings.text("url") else {
        return Ok(Configured::Incomplete(
            "set `url` to the address of your server".to_owned(),
        ));
    };
    let server = ServerUrl::parse(url, &API).map_err(|why| {
        SourceError::not_configured(format!("`url` is not a server address: {why}"))
    })?;

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
    fn an_address_copied_with_the_path_of_the_api_is_the_servers() {
        for text in ["http://h/x/rest/", "http://h/x"] {
            let settings = Settings::from_pairs([("url", [text]), ("api_key", ["k"])]);
            match read(&settings).unwrap() {
                Configured::Complete(options) => assert_eq!(options.server.base(), "http://h/x"),
                Configured::Incomplete(missing) => panic!("{text}: {missing}"),
            }
        }
    }

    #[test]
    fn an_address_that_cannot_be_meant_is_refused_without_repeating_it() {
        for text in ["nas", "http://ann:s3cret@nas", "http://nas/?p=s3cret"] {
            let settings = Settings::from_pairs([("url", [text])]);
            let error = read(&settings).unwrap_err();
            assert_eq!(error.kind, musicdl_plugin_api::ErrorKind::NotConfigured);
            assert!(!error.message.contains("s3cret"), "{error}");
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
