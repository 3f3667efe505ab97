//! What of a delivered file is refused and what only reported, whether AcoustID is asked, and
//! what becomes of refused files.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Place, Problem, Report};
use super::paths::Base;
use super::secret::Secret;
use super::section::Section;
use super::source::mode_if_others_can_read;
use super::source::secret_input::{COMMAND_LIMIT, from_command, from_file};
use super::value::{self, Refusal};

pub(super) const VERIFY: [&str; 7] = [
    "fake_lossless",
    "broken_claims",
    "acoustid",
    "acoustid_key",
    "acoustid_key_file",
    "acoustid_key_command",
    "acoustid_url",
];
pub(super) const QUARANTINE: [&str; 3] = ["path", "max_size", "max_age"];

const ACOUSTID_URL: &str = "https://api.acoustid.org";
const MAX_SIZE: RangeInclusive<u64> = 0..=1 << 40;
const HOUR: Duration = Duration::from_secs(3600);
const MAX_AGE: RangeInclusive<Duration> = HOUR..=Duration::from_secs(8760 * 3600);

/// What a finding leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The file is taken, and the finding told.
    Report,
    /// The next candidate is tried.
    Refuse,
}

/// What of a delivered file is refused.
#[derive(Clone, Debug)]
pub struct VerifyConfig {
    /// Of lossless files that look transcoded. Default: report.
    pub fake_lossless: Policy,
    /// Of files that are far less than their source promised. Default: refuse.
    pub broken_claims: Policy,
    /// How AcoustID is asked. Default: not at all.
    pub acoustid: Option<AcoustIdConfig>,
    /// What works but should be known: one sentence each.
    pub(super) warnings: Vec<String>,
}

/// How AcoustID is asked.
#[derive(Clone, Debug)]
pub struct AcoustIdConfig {
    /// Of files that it knows as another recording. Default: refuse.
    pub disagreement: Policy,
    /// The user's own key.
    pub key: Secret,
    /// Where it is, without a slash at the end. Default: `https://api.acoustid.org`.
    pub url: String,
}

/// What becomes of refused files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineConfig {
    /// Where they are kept. Default: `quarantine` in the state directory.
    pub path: PathBuf,
    /// Most bytes, 0 to 1 TiB; 0: none is kept. Default 1 GiB.
    pub max_size: u64,
    /// Longest time, 1 h to 8760 h. Default 720 h.
    pub max_age: Duration,
}

/// Where the key of AcoustID comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFrom {
    Here,
    File,
    Command,
}

impl KeyFrom {
    pub(super) const ALL: [KeyFrom; 3] = [KeyFrom::Here, KeyFrom::File, KeyFrom::Command];

    fn key(self) -> &'static str {
        match self {
            KeyFrom::Here => "acoustid_key",
            KeyFrom::File => "acoustid_key_file",
            KeyFrom::Command => "acoustid_key_command",
        }
    }

    pub(super) fn variable(self) -> &'static str {
        match self {
            KeyFrom::Here => "MUSICDL_ACOUSTID_KEY",
            KeyFrom::File => "MUSICDL_ACOUSTID_KEY_FILE",
            KeyFrom::Command => "MUSICDL_ACOUSTID_KEY_COMMAND",
        }
    }
}

/// What somebody said of the key.
pub(super) struct KeySaid {
    from: KeyFrom,
    /// The key, or where it is.
    text: Secret,
    place: Place,
}

impl KeySaid {
    pub(super) fn new(from: KeyFrom, text: String, place: Place) -> Self {
        let text = Secret::new(text);
        Self { from, text, place }
    }

    fn fetch(&self, base: &Base, report: &mut Report) -> Option<Secret> {
        let text = self.text.expose();
        let fetched = match self.from {
            KeyFrom::Here => return Some(self.text.clone()),
            KeyFrom::File => match base.absolute(text) {
                Ok(path) => from_file(&path),
                Err(refusal) => {
                    let must_be = refusal.must_be;
                    let message = format!("`{}` must be {must_be}", self.from.key());
                    report.add(Problem::new(self.place.clone(), message));
                    return None;
                }
            },
            KeyFrom::Command => from_command(text, base.directory(), COMMAND_LIMIT),
        };
        match fetched {
            Ok(key) => Some(Secret::new(key)),
            Err(why) => {
                let key = format!("verify.{}", self.from.key());
                let message = format!("the key of AcoustID could not be had: {why}");
                report.add(Problem::new(self.place.clone(), message).key(key));
                None
            }
        }
    }
}

/// The section `verify`, as the file alone has it.
#[derive(Default)]
pub(super) struct VerifySaid {
    fake_lossless: Option<Policy>,
    broken_claims: Option<Policy>,
    acoustid: Option<Policy>,
    key: Option<KeySaid>,
    url: Option<String>,
}

impl VerifySaid {
    pub(super) fn read(mut section: Section<'_>, report: &mut Report) -> Self {
        let fake_lossless = section.read("fake_lossless", report, policy);
        let broken_claims = section.read("broken_claims", report, policy);
        let acoustid = section.read("acoustid", report, policy);
        let url = section.read("acoustid_url", report, web_address);
        let mut keys = Vec::new();
        for from in KeyFrom::ALL {
            let place = section.place_of(from.key());
            if let Some(text) = section.read_secret(from.key(), report, value::text) {
                keys.push(KeySaid::new(from, text, place));
            }
        }
        if let [first, second, ..] = keys.as_slice() {
            let message = format!(
                "one secret is given more than once: `verify.{}`, `verify.{}`",
                first.from.key(),
                second.from.key()
            );
            report.add(Problem::new(second.place.clone(), message).hint("keep one of them"));
        }
        Self {
            fake_lossless,
            broken_claims,
            acoustid,
            key: keys.into_iter().next(),
            url,
        }
    }

    /// Without AcoustID.
    pub(super) fn without_key(self) -> VerifyConfig {
        self.with(None, Vec::new())
    }

    /// With the key that the environment gives instead; `base` is of the paths in it. Reads
    /// the file or runs the command that it comes from.
    pub(super) fn resolve(
        mut self,
        given: Option<KeySaid>,
        base: &Base,
        file: Option<&Path>,
        report: &mut Report,
    ) -> VerifyConfig {
        let in_file = given.is_none();
        let said = given.or(self.key.take());
        let warnings = said
            .as_ref()
            .filter(|said| in_file && said.from == KeyFrom::Here)
            .and_then(|_| shown_to_others(file?));
        let key = said.and_then(|said| said.fetch(base, report));
        self.with(key, warnings.into_iter().collect())
    }

    fn with(self, key: Option<Secret>, warnings: Vec<String>) -> VerifyConfig {
        VerifyConfig {
            fake_lossless: self.fake_lossless.unwrap_or(Policy::Report),
            broken_claims: self.broken_claims.unwrap_or(Policy::Refuse),
            acoustid: key.map(|key| AcoustIdConfig {
                disagreement: self.acoustid.unwrap_or(Policy::Refuse),
                key,
                url: self.url.unwrap_or_else(|| ACOUSTID_URL.to_owned()),
            }),
            warnings,
        }
    }
}

fn shown_to_others(file: &Path) -> Option<String> {
    let mode = mode_if_others_can_read(file)?;
    let file = file.display();
    Some(format!(
        "{file} holds `verify.acoustid_key` and can be read by others (mode {mode:04o}); run \
         `chmod 600 {file}`, or use `acoustid_key_file`"
    ))
}

/// The section `quarantine`, as the file alone has it.
#[derive(Default)]
pub(super) struct QuarantineSaid {
    path: Option<PathBuf>,
    max_size: Option<u64>,
    max_age: Option<Duration>,
}

impl QuarantineSaid {
    pub(super) fn read(mut section: Section<'_>, base: &Base, report: &mut Report) -> Self {
        Self {
            path: section.read("path", report, |path| base.absolute(path)),
            max_size: section.read("max_size", report, value::size(MAX_SIZE)),
            max_age: section.read("max_age", report, value::duration(MAX_AGE)),
        }
    }

    /// With its defaults, for that state directory.
    pub(super) fn in_state(self, state: &Path) -> QuarantineConfig {
        QuarantineConfig {
            path: self.path.unwrap_or_else(|| state.join("quarantine")),
            max_size: self.max_size.unwrap_or(1 << 30),
            max_age: self.max_age.unwrap_or(720 * HOUR),
        }
    }
}

fn policy(word: &str) -> Result<Policy, Refusal> {
    match word {
        "report" => Ok(Policy::Report),
        "refuse" => Ok(Policy::Refuse),
        _ => Err(Refusal::one_of(&["report", "refuse"])),
    }
}

fn web_address(word: &str) -> Result<String, Refusal> {
    let url = reqwest::Url::parse(word).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.host().is_some()
    });
    match url {
        Some(_) => Ok(word.trim_end_matches('/').to_owned()),
        None => Err(Refusal::must_be(
            "a URL that starts with http:// or https://",
        )),
    }
}
