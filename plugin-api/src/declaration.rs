//! What a source says of itself before anything runs.

use std::time::Duration;

use crate::Extra;

/// What a source can do beyond searching and fetching tracks, as a set of bits. Bits that a
/// host does not know are ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// A plain track source.
    pub const NONE: Capabilities = Capabilities(0);
    /// Searches and fetches whole albums only; never asked for a track.
    pub const ALBUM_ONLY: Capabilities = Capabilities(1);
    /// May answer [`Download::Following`](crate::Download::Following).
    pub const FOLLOWS: Capabilities = Capabilities(1 << 1);
    /// Builds its own queries from the facts in a [`Query`](crate::Query); the host asks once
    /// instead of walking its ladder of shorter texts.
    pub const OWN_QUERIES: Capabilities = Capabilities(1 << 2);
    /// Delivers files of the user's own; nothing leaves the machine.
    pub const LOCAL: Capabilities = Capabilities(1 << 3);

    /// Whether all bits of `other` are set.
    pub const fn has(self, other: Capabilities) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 | other.0)
    }

    /// The names of the known bits that are set, as shown to users.
    pub fn names(self) -> Vec<&'static str> {
        [
            (Self::ALBUM_ONLY, "album_only"),
            (Self::FOLLOWS, "follows"),
            (Self::OWN_QUERIES, "own_queries"),
            (Self::LOCAL, "local"),
        ]
        .into_iter()
        .filter_map(|(bit, name)| self.has(bit).then_some(name))
        .collect()
    }
}

/// A number of requests per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Window {
    /// Requests allowed.
    pub requests: u32,
    /// The time in which they are allowed.
    pub per: Duration,
}

/// How hard a source may be used. The host keeps to it over all workers; the plugin does no
/// pacing of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Searches running at once, at least 1.
    pub search_concurrency: u32,
    /// Downloads running at once, at least 1.
    pub download_concurrency: u32,
    /// Least time between the starts of two searches.
    pub search_spacing: Duration,
    /// Least time between the starts of two downloads.
    pub download_spacing: Duration,
    /// Searches per window. `None`: no such limit.
    pub search_window: Option<Window>,
    /// Longest time one search may take. `None`: the host's own limit, 60 s.
    pub search_deadline: Option<Duration>,
    /// Longest time a download may show no sign of life. `None`: the host's limit, 60 s.
    pub stall_deadline: Option<Duration>,
    /// Facts without a field of their own.
    pub extra: Extra,
}

impl Default for Limits {
    /// One search and one download at a time, no spacing, the host's deadlines.
    fn default() -> Self {
        Self {
            search_concurrency: 1,
            download_concurrency: 1,
            search_spacing: Duration::ZERO,
            download_spacing: Duration::ZERO,
            search_window: None,
            search_deadline: None,
            stall_deadline: None,
            extra: Extra::new(),
        }
    }
}

/// The best a source can deliver, for its user's eyes and for a host that looks for better.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BestQuality {
    /// Codec in lower case. `None`: it depends.
    pub codec: Option<String>,
    /// Bits per second, of lossy audio.
    pub bitrate: Option<u32>,
    /// Hz.
    pub sample_rate: Option<u32>,
    /// Bits per sample.
    pub bit_depth: Option<u32>,
}

/// What a setting's value looks like; a host that does not know a kind takes it as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SettingKind(pub u32);

impl SettingKind {
    /// Any text.
    pub const TEXT: SettingKind = SettingKind(0);
    /// A file or directory. The host makes it absolute, relative to the config file.
    pub const PATH: SettingKind = SettingKind(1);
    /// An `http` or `https` URL. Its host, if the user wrote it, is one that this plugin may
    /// reach even at a private or loopback address; a default of the plugin's own is not.
    pub const URL: SettingKind = SettingKind(2);
    /// A whole number, 0 or more.
    pub const NUMBER: SettingKind = SettingKind(3);
    /// `true` or `false`.
    pub const FLAG: SettingKind = SettingKind(4);
    /// `REMOTE => LOCAL`: a directory as another program names it, and where it is on this
    /// machine, or one path that is both. The host treats LOCAL as a [`PATH`](Self::PATH); see
    /// [`PathMap`](crate::PathMap).
    pub const PATH_MAP: SettingKind = SettingKind(5);
}

/// One setting a source understands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SettingSpec {
    /// Its name in the config: lower-case words joined by `_`.
    pub key: String,
    /// One or two sentences: what it is, its unit, where the user finds it.
    pub doc: String,
    /// What the value looks like.
    pub kind: SettingKind,
    /// Whether several values may be given.
    pub list: bool,
    /// Whether the value must never be shown; it may then come from a file or a command.
    pub secret: bool,
    /// Whether the source does nothing without it.
    pub required: bool,
    /// What holds when the user says nothing.
    pub default: Option<String>,
    /// The values that are allowed; empty: any.
    pub choices: Vec<String>,
    /// Facts without a field of their own.
    pub extra: Extra,
}

impl SettingSpec {
    /// An optional text.
    pub fn text(key: &str, doc: &str) -> Self {
        Self {
            key: key.to_owned(),
            doc: doc.to_owned(),
            kind: SettingKind::TEXT,
            list: false,
            secret: false,
            required: false,
            default: None,
            choices: Vec::new(),
            extra: Extra::new(),
        }
    }

    /// The same setting, of another kind.
    #[must_use]
    pub fn kind(mut self, kind: SettingKind) -> Self {
        self.kind = kind;
        self
    }

    /// The same setting, with any number of values.
    #[must_use]
    pub fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The same setting, never to be shown.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The same setting, without which the source does nothing.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same setting, with what holds when the user says nothing.
    #[must_use]
    pub fn default_value(mut self, value: &str) -> Self {
        self.default = Some(value.to_owned());
        self
    }

    /// The same setting, limited to those values.
    #[must_use]
    pub fn choices(mut self, choices: &[&str]) -> Self {
        self.choices = choices.iter().map(|&choice| choice.to_owned()).collect();
        self
    }
}

/// Everything a library says of itself; read without touching network or settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Declaration {
    /// Name in the config: lower-case letters, digits and `_`, e.g. `subsonic`.
    pub name: String,
    /// Name for people, e.g. `Subsonic`.
    pub display_name: String,
    /// Version of the plugin, semver.
    pub version: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How hard it may be used.
    pub limits: Limits,
    /// The best it can deliver.
    pub best_quality: BestQuality,
    /// What it understands.
    pub settings: Vec<SettingSpec>,
    /// Host names it talks to, without port or path; a name stands for its subdomains too.
    ///
    /// If there are any, the host sends this plugin's requests only there, and to the hosts
    /// that the user's settings name; redirects may lead to other public hosts, as those to a
    /// content network do. Empty when only the user knows the hosts, or when they cannot be
    /// known: then every public host may be asked.
    pub hosts: Vec<String>,
    /// Facts without a field of their own.
    pub extra: Extra,
}

/// What [`check_connection`](crate::Source::check_connection) learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Connection {
    /// Name and version of what answered: `Navidrome 0.58.0`.
    pub service: Option<String>,
    /// The account in use, as its owner would recognise it; never a secret.
    pub account: Option<String>,
    /// When the login ends, seconds since 1970-01-01 UTC.
    pub expires_at: Option<u64>,
    /// What works but should be known: one sentence each.
    pub warnings: Vec<String>,
    /// Facts without a field of their own.
    pub extra: Extra,
}
