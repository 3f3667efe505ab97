//! What went wrong, and what the host is to make of it. yt-dlp says why only in words, so
//! that here alone words decide: one table, of the texts yt-dlp 2026.10.26 has.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use musicdl_plugin_api::{ErrorKind, LogLevel, SourceError, extra};

use crate::desk::Desk;
use crate::process::Broken;

/// What yt-dlp was asked, for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To start.
    Start,
    /// What is installed.
    Tools,
    /// For the results of a search.
    Search,
    /// For the file of one track.
    Audio,
}

impl Asked {
    fn doing(self) -> &'static str {
        match self {
            Asked::Start => "starting yt-dlp",
            Asked::Tools => "looking at what is installed",
            Asked::Search => "searching",
            Asked::Audio => "fetching the file",
        }
    }
}

/// What an error text of yt-dlp means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The site takes us for a robot.
    Bot,
    /// Too many requests.
    Throttled,
    /// Only for those who are logged in and old enough, or paid.
    NeedsLogin,
    /// Gone, or never there.
    Gone,
    /// Not in this country.
    Region,
    /// No format that may be taken: a preview, or what only newer yt-dlp finds.
    NoFormat,
    /// Not begun yet.
    NotYet,
    /// Encrypted; not taken here, ever.
    Drm,
    /// The data was refused although its address had just been given.
    Forbidden,
    /// A login of yt-dlp's own has run out; it gets another.
    Unauthorized,
    /// The network or the server failed.
    Network,
    /// The certificate is not trusted.
    Certificate,
    /// ffmpeg is missing.
    NoFfmpeg,
    /// The cookie file cannot be read.
    BadCookies,
    /// The disk is full, or what we may have of it.
    DiskFull,
    /// No file may be that large here.
    FileLimit,
    /// The disk does not let us write.
    DiskRefuses,
    /// The site changed and this yt-dlp does not know it.
    TooOld,
    /// Nothing known.
    Unknown,
}

/// The words of yt-dlp and the sites, in lower case and with `'` for every apostrophe. The
/// first row that fits decides, so that the particular stands before the general.
const TABLE: [(&str, Meaning); 63] = {
    use Meaning::*;
    [
        ("not a bot", Bot),
        ("http error 429", Throttled),
        ("too many requests", Throttled),
        ("rate-limited by youtube", Throttled),
        ("confirm your age", NeedsLogin),
        ("age-restricted", NeedsLogin),
        ("inappropriate for some users", NeedsLogin),
        ("private video", NeedsLogin),
        ("video is private", NeedsLogin),
        ("members-only", NeedsLogin),
        ("members on level", NeedsLogin),
        ("join this channel", NeedsLogin),
        ("music premium", NeedsLogin),
        ("requires payment", NeedsLogin),
        ("premium members", NeedsLogin),
        ("login required", NeedsLogin),
        ("available in your country", Region),
        ("not made this video available", Region),
        ("geo restrict", Region),
        ("geo-restrict", Region),
        ("from your location", Region),
        ("drm protected", Drm),
        ("video unavailable", Gone),
        ("video is unavailable", Gone),
        ("video is not available", Gone),
        ("has been removed", Gone),
        ("no longer available", Gone),
        ("has been terminated", Gone),
        ("account associated with this video", Gone),
        ("http error 404", Gone),
        ("http error 410", Gone),
        ("incomplete youtube id", Gone),
        ("unsupported url", Gone),
        ("no suitable extractor", Gone),
        ("requested format is not available", NoFormat),
        ("no video formats found", NoFormat),
        ("premieres in", NotYet),
        ("live event will begin", NotYet),
        ("http error 403", Forbidden),
        ("http error 401", Unauthorized),
        ("certificate_verify_failed", Certificate),
        ("http error 5", Network),
        ("timed out", Network),
        ("connection refused", Network),
        ("connection reset", Network),
        ("connection aborted", Network),
        ("remote end closed connection", Network),
        ("temporary failure", Network),
        ("name or service not known", Network),
        ("network is unreachable", Network),
        ("tunnel connection failed", Network),
        ("incompleteread", Network),
        ("bytes, expected", Network),
        ("did not get any data", Network),
        ("downloaded file is empty", Network),
        ("giving up after", Network),
        ("netscape format", BadCookies),
        ("failed to load cookies", BadCookies),
        ("ffmpeg not found", NoFfmpeg),
        ("no space left", DiskFull),
        ("disk quota exceeded", DiskFull),
        ("file too large", FileLimit),
        ("unable to extract", TooOld),
    ]
};

/// Rows that are looked at last: yt-dlp adds such words to errors of any cause.
const LAST: [(&str, Meaning); 5] = [
    ("permission denied", Meaning::DiskRefuses),
    ("unable to create directory", Meaning::DiskRefuses),
    ("unable to open for writing", Meaning::DiskRefuses),
    ("read-only file system", Meaning::DiskRefuses),
    ("please report this issue", Meaning::TooOld),
];

/// The one table: an error text and what it means.
pub fn meaning_of(text: &str) -> Meaning {
    let text = text.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
    TABLE
        .iter()
        .chain(&LAST)
        .find(|(words, _)| text.contains(words))
        .map_or(Meaning::Unknown, |(_, meaning)| *meaning)
}

/// What is known when a meaning becomes a kind.
#[derive(Clone, Copy, Debug)]
struct Known {
    cookies: bool,
    /// Errors of that meaning before this one, with no success between.
    before: u32,
}

/// Kind, and what the user can do.
fn consequence(meaning: Meaning, known: Known) -> (ErrorKind, &'static str) {
    use ErrorKind::{
        Auth, Internal, NotConfigured, NotFound, Permanent, RateLimited, Transient, Unsupported,
    };
    const UPDATE: &str = "update yt-dlp (`pipx upgrade yt-dlp`)";
    match meaning {
        Meaning::Bot if known.cookies && known.before == 0 => {
            (RateLimited, "the cookies may be old: export them again")
        }
        Meaning::Bot if known.cookies => (
            Auth,
            "export the cookies again from a browser that is logged in, or wait some hours",
        ),
        Meaning::Bot => (
            Auth,
            "set `cookies_file` to cookies of a browser that is logged in",
        ),
        Meaning::Throttled => (RateLimited, "fewer at once, or wait"),
        Meaning::NeedsLogin if known.cookies => {
            (Permanent, "the account of `cookies_file` may not have it")
        }
        // Of this one track; the others need no login.
        Meaning::NeedsLogin => (
            Permanent,
            "set `cookies_file` to cookies of an account that may have it",
        ),
        Meaning::Gone | Meaning::NotYet => (NotFound, ""),
        Meaning::NoFormat => (
            NotFound,
            "only a preview, or a format that needs a JavaScript runtime or a newer yt-dlp",
        ),
        Meaning::Region => (
            Unsupported,
            "not in this country; `proxy` may lead elsewhere",
        ),
        Meaning::Drm => (Unsupported, "protected streams are not taken"),
        Meaning::Forbidden if known.before == 0 => (Transient, ""),
        Meaning::Forbidden => (Unsupported, UPDATE),
        Meaning::Unauthorized if known.before == 0 => (Transient, ""),
        Meaning::Unauthorized => (Auth, "the site wants a login: set `cookies_file`"),
        Meaning::Network => (Transient, ""),
        Meaning::Certificate => (
            NotConfigured,
            "where a proxy has certificates of its own, set `ca_file`",
        ),
        Meaning::NoFfmpeg => (NotConfigured, "install ffmpeg, or set `ffmpeg_location`"),
        Meaning::BadCookies => (
            NotConfigured,
            "`cookies_file` has to be in Netscape format (cookies.txt)",
        ),
        Meaning::DiskFull | Meaning::FileLimit => (Internal, ""),
        Meaning::DiskRefuses => (Permanent, ""),
        Meaning::TooOld => (Unsupported, UPDATE),
        Meaning::Unknown => (Permanent, ""),
    }
}

/// Why a call did not deliver.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// yt-dlp says so.
    #[error("{}", cleaned(.0))]
    Said(String),
    /// The process is of no more use.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// It is content, and there is no file.
    #[error("{}", if *.live { "it is a live stream" } else { "yt-dlp left it out: too large, or filtered by `extra_args`" })]
    NoFile { live: bool },
    /// There is a file, and nothing in it.
    #[error("the file is empty")]
    EmptyFile,
}

impl Failure {
    /// Whether the process' memory of the site is a likely cause.
    pub(crate) fn wants_a_fresh_start(&self) -> bool {
        match self {
            Failure::Said(text) => matches!(
                meaning_of(text),
                Meaning::Forbidden | Meaning::Unauthorized | Meaning::Bot
            ),
            Failure::Broken(_) | Failure::NoFile { .. } | Failure::EmptyFile => false,
        }
    }
}

/// For a 429, as yt-dlp does not pass on how long it should be.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// 60 s doubled so often is half an hour.
const MOST_DOUBLINGS: u32 = 5;

/// How often the site complained, with no success between.
#[derive(Default)]
pub(crate) struct Strikes {
    bot: AtomicU32,
    throttled: AtomicU32,
    forbidden: AtomicU32,
    unauthorized: AtomicU32,
}

impl Strikes {
    /// Something worked. A search that did says nothing of who may fetch.
    pub(crate) fn forget(&self, asked: Asked) {
        let complaints: &[&AtomicU32] = match asked {
            Asked::Start | Asked::Tools => &[],
            Asked::Search => &[&self.throttled, &self.unauthorized],
            Asked::Audio => &[
                &self.bot,
                &self.throttled,
                &self.forbidden,
                &self.unauthorized,
            ],
        };
        for count in complaints {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Counts one, and says how many were before.
    fn before(&self, meaning: Meaning) -> u32 {
        let count = match meaning {
            Meaning::Bot => &self.bot,
            Meaning::Throttled => &self.throttled,
            Meaning::Forbidden => &self.forbidden,
            Meaning::Unauthorized => &self.unauthorized,
            _ => return 0,
        };
        count.fetch_add(1, Ordering::Relaxed)
    }

    /// What the host gets to see.
    pub(crate) fn report(&self, failure: Failure, asked: Asked, desk: &Desk) -> SourceError {
        let doing = asked.doing();
        let site = desk.site.name;
        let said = |text: &str, error: SourceError| {
            desk.host.log(
                LogLevel::DEBUG,
                "yt-dlp failed",
                &[("said", &cut(text, 4_000))],
            );
            error
        };
        match &failure {
            Failure::Said(text) => said(text, self.judge(text, &failure, asked, desk)),
            Failure::Broken(broken) => match broken {
                Broken::Cancelled => SourceError::cancelled(),
                Broken::Start { .. } => SourceError::not_configured(format!(
                    "{failure}: check the installation, or set `ytdlp_path`"
                )),
                Broken::Ended { said: text, .. } if asked == Asked::Start => {
                    said(text, not_started(&failure, text))
                }
                Broken::Ended { said: text, .. } => said(
                    text,
                    SourceError::transient(format!("{site}, {doing}: {failure}")),
                ),
                Broken::Nonsense(_) if asked == Asked::Start => {
                    SourceError::not_configured(format!("this is not yt-dlp: {failure}"))
                }
                Broken::Nonsense(_) | Broken::Overdue(_) | Broken::Stalled(_) => {
                    SourceError::transient(format!("{site}, {doing}: {failure}"))
                }
            },
            Failure::NoFile { .. } => SourceError::not_found(format!("{site}, {doing}: {failure}")),
            Failure::EmptyFile => SourceError::transient(format!("{site}, {doing}: {failure}")),
        }
    }

    fn judge(&self, text: &str, failure: &Failure, asked: Asked, desk: &Desk) -> SourceError {
        let meaning = meaning_of(text);
        let known = Known {
            cookies: desk.options.cookies.is_some(),
            before: self.before(meaning),
        };
        let (kind, advice) = consequence(meaning, known);
        let mut message = format!("{}, {}: {failure}", desk.site.name, asked.doing());
        if !advice.is_empty() {
            message.push_str(&format!(" ({advice})"));
        }
        let mut error = SourceError::new(kind, message);
        if kind == ErrorKind::RateLimited {
            let doublings = known.before.min(MOST_DOUBLINGS);
            error = error.with_retry_after(FIRST_WAIT * (1 << doublings));
        }
        // The host knows by this that no other file will fit either.
        let disk = match meaning {
            Meaning::DiskFull => Some(io::ErrorKind::StorageFull),
            Meaning::FileLimit => Some(io::ErrorKind::FileTooLarge),
            _ => None,
        };
        error.extra.extend(disk.map(extra::io_error));
        error
    }
}

/// It ended before it took a call: its arguments are the cause, or its age.
fn not_started(failure: &Failure, said: &str) -> SourceError {
    let why = last_error(said);
    SourceError::not_configured(match meaning_of(said) {
        Meaning::BadCookies => {
            format!("{failure}: {why}; `cookies_file` has to be in Netscape format (cookies.txt)")
        }
        Meaning::Gone => {
            format!("{failure}: it takes no plugins; 2025.11.12 or later is needed ({why})")
        }
        _ => format!(
            "{failure}: {why}; check `extra_args`, and whether yt-dlp is 2025.11.12 or later"
        ),
    })
}

/// The last error in what a process wrote, or the last line of it.
fn last_error(said: &str) -> String {
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines
        .iter()
        .rposition(|line| line.contains("rror: ") || line.starts_with("ERROR:"));
    match last.or(lines.len().checked_sub(1)) {
        Some(at) => cleaned(lines[at]),
        None => "it said nothing".to_owned(),
    }
}

/// Where the unhelpful part begins.
const NOISE: [&str; 5] = [
    " (caused by",
    "; please report this issue",
    " Confirm you are on the latest version",
    ". Use --cookies",
    " See  https://",
];

/// yt-dlp's words without what its own users would need, in one line of 300 characters.
fn cleaned(text: &str) -> String {
    let text = text.trim().trim_start_matches("ERROR: ");
    let end = NOISE
        .iter()
        .filter_map(|noise| text.find(noise))
        .min()
        .unwrap_or(text.len());
    let line: String = text[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    cut(line.trim(), 300)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
