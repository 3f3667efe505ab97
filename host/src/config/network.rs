//! How the program reaches the network: proxy, trust, hosts at home, time limits.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::Report;
use super::paths::Base;
use super::secret::Secret;
use super::section::Section;
use super::source::{mode_if_others_can_read, passwords_in};
use super::value::{self, Refusal};

pub(super) const NETWORK: [&str; 7] = [
    "proxy",
    "ca_file",
    "user_agent",
    "allow_hosts",
    "connect_timeout",
    "first_byte_timeout",
    "stall_timeout",
];

const LIMIT: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);

/// How the program reaches the network.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// By which proxy. Default: the system's.
    pub proxy: ProxyChoice,
    /// Certificates, as PEM, that are trusted beside the system's. Default: none.
    pub ca_file: Option<PathBuf>,
    /// What requests say they are from. Default: `musicdl/VERSION`.
    pub user_agent: Option<String>,
    /// What plugins may reach although it is at home (private, loopback or link-local): `HOST`
    /// with all its ports, or `HOST:PORT`. Names as URLs have them: in lower case, punycode.
    /// Default: none but the servers in the sources' own settings.
    pub allow_hosts: Vec<String>,
    /// Longest time until a connection stands, 1 s to 1 h. Default 10 s.
    pub connect_timeout: Duration,
    /// Longest time from a request to the first byte of its answer, 1 s to 1 h. Default 30 s.
    pub first_byte_timeout: Duration,
    /// Longest time without a byte of an answer that has begun, 1 s to 1 h. Default 60 s.
    pub stall_timeout: Duration,
}

/// By which proxy the network is reached.
#[derive(Clone, Debug)]
pub enum ProxyChoice {
    /// That of the environment or the system, if there is one.
    System,
    /// By none.
    Direct,
    /// The one with that URL, which may hold a login.
    Url(Secret),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            proxy: ProxyChoice::System,
            ca_file: None,
            user_agent: None,
            allow_hosts: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(60),
        }
    }
}

impl NetworkConfig {
    pub(super) fn read(mut section: Section<'_>, base: &Base, report: &mut Report) -> Self {
        let default = Self::default();
        let limit = || value::duration(LIMIT);
        Self {
            proxy: section
                .read_secret("proxy", report, proxy)
                .unwrap_or(default.proxy),
            ca_file: section.read("ca_file", report, |path| base.absolute(path)),
            user_agent: section.read("user_agent", report, user_agent),
            allow_hosts: section
                .read_list("allow_hosts", report, host)
                .unwrap_or_default(),
            connect_timeout: section
                .read("connect_timeout", report, limit())
                .unwrap_or(default.connect_timeout),
            first_byte_timeout: section
                .read("first_byte_timeout", report, limit())
                .unwrap_or(default.first_byte_timeout),
            stall_timeout: section
                .read("stall_timeout", report, limit())
                .unwrap_or(default.stall_timeout),
        }
    }

    /// One sentence if `file`, which this is from, shows others the proxy's password.
    pub(super) fn warning(&self, file: &Path) -> Option<String> {
        let ProxyChoice::Url(url) = &self.proxy else {
            return None;
        };
        if passwords_in(url.expose()).is_empty() {
            return None;
        }
        let mode = mode_if_others_can_read(file)?;
        let file = file.display();
        Some(format!(
            "{file} holds the password of `network.proxy` and can be read by others (mode \
             {mode:04o}); run `chmod 600 {file}`, or set HTTPS_PROXY in the environment instead"
        ))
    }
}

fn proxy(word: &str) -> Result<ProxyChoice, Refusal> {
    match word {
        "system" => return Ok(ProxyChoice::System),
        "none" => return Ok(ProxyChoice::Direct),
        _ => {}
    }
    let url = reqwest::Url::parse(word).ok().filter(|url| {
        let known = ["http", "https", "socks5", "socks5h"];
        known.contains(&url.scheme()) && url.host_str().is_some_and(|host| !host.is_empty())
    });
    match url {
        Some(_) => Ok(ProxyChoice::Url(Secret::new(word))),
        None => Err(Refusal::must_be(
            "`system`, `none` or a URL that starts with http://, https://, socks5:// or socks5h://",
        )),
    }
}

fn user_agent(word: &str) -> Result<String, Refusal> {
    let can_be_sent = |text: &String| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    Some(value::text(word)?)
        .filter(can_be_sent)
        .ok_or_else(|| Refusal::must_be("a text of plain letters, digits and signs"))
}

/// A host as a URL writes it, with its port if there is one.
fn host(word: &str) -> Result<String, Refusal> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let refusal = || {
        Refusal::must_be("a host name or address, maybe with a port, without scheme or path")
            .hint("e.g. nas.lan, nas.lan:4533, 192.168.1.4 or fd00::7")
    };
    if let Some((host_alone, port)) = word.rsplit_once(':').filter(|(host, _)| is_one(host)) {
        let port: u16 = port.parse().map_err(|_| refusal())?;
        let host = host(host_alone)?;
        return Ok(match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        });
    }
    let unfit = |c: char| c.is_whitespace() || "/:?#@\\*".contains(c);
    let in_brackets = word.starts_with('[') && word.ends_with(']');
    if word.is_empty() || (word.contains(unfit) && !in_brackets) {
        return Err(refusal());
    }
    let url = reqwest::Url::parse(&format!("http://{word}")).map_err(|_| refusal())?;
    let host = url.host_str().ok_or_else(refusal)?;
    Ok(host.trim_matches(['[', ']', '.']).to_owned())
}

/// Whether what stands before the last colon is a host, and not a part of an address of IPv6.
fn is_one(before: &str) -> bool {
    !before.contains(':') || before.ends_with(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_around_it() {
        for (word, expected) in [
            ("nas.lan", Some("nas.lan")),
            ("NAS.Lan.", Some("nas.lan")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("192.168.1.4", Some("192.168.1.4")),
            ("fd00:0::7", Some("fd00::7")),
            ("[fd00::7]", Some("fd00::7")),
            ("::1", Some("::1")),
            ("127.1", Some("127.0.0.1")),
            ("", None),
            ("NAS.lan:4533", Some("nas.lan:4533")),
            ("[fd00::7]:80", Some("[fd00::7]:80")),
            ("nas.lan:", None),
            ("nas.lan:x", None),
            (":80", None),
            ("http://nas.lan", None),
            ("nas.lan/music", None),
            ("ann@nas.lan", None),
            ("*.lan", None),
            ("192.168.1.0/24", None),
            ("two words", None),
        ] {
            assert_eq!(host(word).ok().as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn a_proxy_is_a_word_or_a_url_of_a_known_kind() {
        for (word, taken) in [
            ("system", true),
            ("none", true),
            ("http://proxy:3128", true),
            ("https://ann:pw@proxy", true),
            ("socks5h://127.0.0.1:9050", true),
            ("proxy:3128", false),
            ("ftp://proxy", false),
            ("http://", false),
            ("", false),
        ] {
            assert_eq!(proxy(word).is_ok(), taken, "{word}");
        }
    }

    #[test]
    fn a_user_agent_can_be_sent() {
        assert_eq!(user_agent("my agent/1.0").unwrap(), "my agent/1.0");
        for word in ["", " ", "a\nb", "ü"] {
            assert!(user_agent(word).is_err(), "{word:?}");
        }
    }
}
