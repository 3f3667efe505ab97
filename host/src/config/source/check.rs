//! One value against what the plugin declares of the setting. A message repeats the value only
//! where it cannot be a secret.

use musicdl_plugin_api::{SettingKind, SettingSpec, path_map_entry};

use crate::config::paths::Base;
use crate::config::value::{Refusal, digits, flag};

/// The value as the plugin gets it: paths absolute, flags `true` or `false`.
pub(super) fn check(spec: &SettingSpec, value: &str, base: &Base) -> Result<String, Refusal> {
    let value = match spec.kind {
        SettingKind::PATH => path(value, base)?,
        SettingKind::PATH_MAP => match path_map_entry(value) {
            (Some(remote), local) => format!("{remote} => {}", path(local, base)?),
            (None, both) => path(both, base)?,
        },
        SettingKind::URL => url(value)?,
        SettingKind::NUMBER => digits(value)
            .ok_or_else(|| Refusal::must_be("a whole number, 0 or more"))?
            .to_string(),
        SettingKind::FLAG => flag(value)?.to_string(),
        // Text, and kinds of a later API, which the contract says are taken as text.
        _ => value.to_owned(),
    };
    if spec.choices.is_empty() || spec.choices.contains(&value) {
        Ok(value)
    } else {
        Err(Refusal::must_be("one of the accepted words"))
    }
}

fn path(value: &str, base: &Base) -> Result<String, Refusal> {
    let path = base.absolute(value)?;
    path.into_os_string()
        .into_string()
        .map_err(|_| Refusal::must_be("a path of which every folder's name is UTF-8"))
}

fn url(value: &str) -> Result<String, Refusal> {
    let refusal = || Refusal::must_be("a URL that starts with https:// or http://");
    let url = reqwest::Url::parse(value).map_err(|_| refusal())?;
    match url.scheme() {
        "http" | "https" => Ok(value.to_owned()),
        _ => Err(refusal()),
    }
}

/// The server of a URL: scheme, host and port, without login and path.
pub(super) fn server_of(url: &str) -> Option<reqwest::Url> {
    let url = reqwest::Url::parse(url).ok()?;
    reqwest::Url::parse(&url.origin().ascii_serialization()).ok()
}

/// The password in `http://ann:password@host/`, which is as secret as one in a setting of its
/// own; as written, and decoded if that differs.
pub(in crate::config) fn passwords_in(url: &str) -> Vec<String> {
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return Vec::new();
    };
    let Some(password) = parsed.password() else {
        return Vec::new();
    };
    let decoded = percent_decoded(password);
    let mut passwords = vec![password.to_owned()];
    if decoded != password {
        passwords.push(decoded);
    }
    passwords
}

fn percent_decoded(text: &str) -> String {
    // A query value is the one place where the URL library decodes for us; `+` would be a
    // blank there.
    let query = format!("p={}", text.replace('+', "%2B"));
    let mut url = reqwest::Url::parse("http://host/").expect("it is a URL");
    url.set_query(Some(&query));
    let decoded = url.query_pairs().next();
    decoded.map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_kind_takes_its_values_and_no_others() {
        let kind = |kind| SettingSpec::text("x", "").kind(kind);
        let text = || SettingSpec::text("x", "");
        for (spec, value, expected) in [
            (text(), " any thing ", Some(" any thing ")),
            (kind(SettingKind(99)), "later", Some("later")),
            (text().choices(&["flac", "mp3"]), "mp3", Some("mp3")),
            (text().choices(&["flac", "mp3"]), "MP3", None),
            (kind(SettingKind::PATH), "./mine", Some("/base/mine")),
            (kind(SettingKind::PATH), "/mine", Some("/mine")),
            (kind(SettingKind::PATH), "~/mine", Some("/home/ann/mine")),
            (
                kind(SettingKind::PATH_MAP),
                "/music=>./mine",
                Some("/music => /base/mine"),
            ),
            (kind(SettingKind::PATH_MAP), "/mine", Some("/mine")),
            (
                kind(SettingKind::URL),
                "http://127.0.0.1:4040",
                Some("http://127.0.0.1:4040"),
            ),
            (
                kind(SettingKind::URL),
                "HTTPS://host/rest",
                Some("HTTPS://host/rest"),
            ),
            (kind(SettingKind::URL), "host:4040", None),
            (kind(SettingKind::URL), "ftp://host", None),
            (kind(SettingKind::URL), "http://", None),
            (kind(SettingKind::NUMBER), "0", Some("0")),
            (kind(SettingKind::NUMBER), "007", Some("7")),
            (kind(SettingKind::NUMBER), "-1", None),
            (kind(SettingKind::NUMBER), "1.5", None),
            (kind(SettingKind::FLAG), "true", Some("true")),
            (kind(SettingKind::FLAG), "False", Some("false")),
            (kind(SettingKind::FLAG), "yes", None),
        ] {
            let base = Base::new(Path::new("/base"), Some(Path::new("/home/ann")));
            let checked = check(&spec, value, &base).ok();
            assert_eq!(checked.as_deref(), expected, "{value} as {:?}", spec.kind);
        }
    }

    #[test]
    fn the_server_of_a_url_has_neither_login_nor_path() {
        for (url, server) in [
            ("http://127.0.0.1:4040/rest?p=1", "http://127.0.0.1:4040/"),
            ("https://ann:pw@NAS.lan/", "https://nas.lan/"),
            ("http://[::1]:80", "http://[::1]/"),
        ] {
            let found = server_of(url).map(|server| server.to_string());
            assert_eq!(found.as_deref(), Some(server), "{url}");
        }
    }

    #[test]
    fn a_password_inside_a_url_is_found_in_both_its_spellings() {
        for (url, passwords) in [
            ("http://ann:s3cret@host/", &["s3cret"][..]),
            ("http://ann:p%40ss@host/", &["p%40ss", "p@ss"]),
            ("http://ann:a+b@host/", &["a+b"]),
            ("http://ann@host/", &[]),
            ("http://host/", &[]),
        ] {
            assert_eq!(passwords_in(url), passwords, "{url}");
        }
    }
}
