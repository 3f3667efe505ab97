//! What went wrong at Lidarr, and what the host is to make of it: one table.

use std::path::PathBuf;
use std::time::Duration;

use musicdl_plugin_api::{ErrorKind, SourceError};

/// What Lidarr was asked, because the same answer means another thing to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Whether it is there and how it is set up.
    Connection,
    /// Its metadata service for albums.
    Lookup,
    /// To take an album into its library.
    Add,
    /// What is in its library.
    Library,
    /// To search the indexers.
    Search,
    /// How downloads stand.
    Queue,
    /// To undo something.
    Undo,
    /// For its files.
    Files,
}

impl Asked {
    fn doing(self) -> &'static str {
        match self {
            Asked::Connection => "looking at its settings",
            Asked::Lookup => "looking the album up",
            Asked::Add => "adding the album",
            Asked::Library => "looking into its library",
            Asked::Search => "searching its indexers",
            Asked::Queue => "following its queue",
            Asked::Undo => "taking our download back",
            Asked::Files => "taking over its files",
        }
    }
}

/// One complaint about what we sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// The field, `RootFolderPath`.
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Complaint {
    /// Whether the album is in the library already.
    pub(crate) fn is_already_added(&self) -> bool {
        self.message.contains("already been added")
    }
}

/// Why a call or a download did not deliver.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// 401.
    #[error("it refuses the `api_key`: compare it with Settings, General, Security in Lidarr")]
    Refused,
    /// The address misses something.
    #[error("the address redirects to {answered}: set `url` to that address")]
    Redirected { answered: String },
    /// Something answered that is not Lidarr.
    #[error(
        "{0} answered instead of Lidarr: check `url`, and whether a proxy asks for a login of its own"
    )]
    Foreign(String),
    /// Lidarr is not up yet.
    #[error("{0}")]
    Starting(String),
    /// Lidarr's own source of metadata does not answer.
    #[error("Lidarr's metadata service fails: {0}")]
    Metadata(String),
    /// 400, about what we sent.
    #[error("{}", sentences(.0))]
    Invalid(Vec<Complaint>),
    /// A status, with Lidarr's words for it if there were any.
    #[error("HTTP status {status}{}", quoted(.message))]
    Http {
        status: u16,
        message: String,
        retry_after: Option<Duration>,
    },
    /// JSON that ends early or has another shape.
    #[error("the answer is broken: {0}")]
    Broken(String),
    /// A setting names what is not there, or there is nothing to choose.
    #[error("{0}")]
    Setting(String),
    /// No file of the album can be read on this machine.
    #[error(
        "{} cannot be read ({why}), which is {remote} in Lidarr: let `path_map` say where \
         the directories of Lidarr are on this machine, and let musicdl read them", .local.as_ref().map_or("no local path".into(), |path| path.display().to_string())
    )]
    Unreadable {
        remote: String,
        local: Option<PathBuf>,
        why: String,
    },
    /// A copy could not be made.
    #[error("{}: {why}", .path.display())]
    Copy { path: PathBuf, why: String },
    /// Lidarr's metadata service has no such album.
    #[error("no album has the id {0}")]
    NoSuchAlbum(String),
    /// An added album never got its tracks.
    #[error("Lidarr has read no track list of the album in {}", span(*.0))]
    NoTracks(Duration),
    /// The search at the indexers broke off.
    #[error("the search {0}")]
    SearchFailed(String),
    /// It ended, and nothing came of it.
    #[error("no indexer has an acceptable release of the album")]
    NothingFound,
    /// A release was accepted, but no download of it was ever seen.
    #[error("Lidarr grabbed a release, and no download of it came into its queue in {}", span(*.0))]
    NothingCame(Duration),
    /// The download failed, and Lidarr took no other release.
    #[error("the download failed in Lidarr, and no other followed{}", quoted(.0))]
    DownloadFailed(String),
    /// Lidarr does not import what it fetched.
    #[error("Lidarr does not import the download; see its Activity page{}", quoted(.0))]
    NotImported(String),
    /// Gone from the queue without a file.
    #[error("the download left Lidarr's queue without a file; was it removed there?")]
    Removed,
    /// Through, with too few files.
    #[error("the release that Lidarr imported does not have it")]
    Incomplete,
    /// A track without a file, where nothing says why.
    #[error("Lidarr has no file of it")]
    NoFile,
    /// Not a byte more.
    #[error(
        "the download gained nothing in {}; it goes on in Lidarr, and a later run takes it over",
        span(*.0)
    )]
    Stalled(Duration),
    /// Longer than the user wants to wait.
    #[error(
        "the album took longer than {}; it goes on in Lidarr, and a later run takes it over",
        span(*.0)
    )]
    TooLong(Duration),
    /// Several tracks in each file.
    #[error("the album is one file for several tracks, which musicdl does not split")]
    Unsplit,
    /// The host could not carry the request, or was asked to stop.
    #[error("{}", .0.message)]
    Host(#[from] SourceError),
}

/// While Lidarr starts, as its contract has it: some seconds.
const STARTING: Duration = Duration::from_secs(10);
/// The metadata service can be down for hours.
const METADATA_FIRST: Duration = Duration::from_secs(60);
const METADATA_LAST: Duration = Duration::from_secs(15 * 60);

impl Failure {
    /// The one table: what the host is to make of it.
    pub(crate) fn kind(&self, asked: Asked) -> ErrorKind {
        match self {
            Failure::Refused => ErrorKind::Auth,
            Failure::Redirected { .. }
            | Failure::Foreign(_)
            | Failure::Setting(_)
            | Failure::Unreadable { .. } => ErrorKind::NotConfigured,
            Failure::Starting(_)
            | Failure::Metadata(_)
            | Failure::Broken(_)
            | Failure::NoTracks(_)
            | Failure::SearchFailed(_) => ErrorKind::Transient,
            Failure::Invalid(complaints) => invalid_kind(complaints, asked),
            Failure::Http { status, .. } => http_kind(*status, asked),
            Failure::NoSuchAlbum(_)
            | Failure::NothingFound
            | Failure::NothingCame(_)
            | Failure::DownloadFailed(_) => ErrorKind::NotFound,
            // The host tries a transient failure again at once, which for these would be
            // hours more. What Lidarr goes on with is there for a later run.
            Failure::NotImported(_)
            | Failure::Removed
            | Failure::Incomplete
            | Failure::NoFile
            | Failure::Stalled(_)
            | Failure::TooLong(_) => ErrorKind::Permanent,
            Failure::Unsplit => ErrorKind::Unsupported,
            Failure::Copy { .. } => ErrorKind::Internal,
            Failure::Host(error) => error.kind,
        }
    }

    /// What the host gets to see. `server` is the address the user configured, `in_a_row`
    /// how often the metadata service has failed now.
    pub(crate) fn report(self, asked: Asked, server: &str, in_a_row: u32) -> SourceError {
        let kind = self.kind(asked);
        let wait = match &self {
            Failure::Starting(_) => Some(STARTING),
            Failure::Metadata(_) => Some(metadata_wait(in_a_row)),
            Failure::Http { retry_after, .. } => *retry_after,
            Failure::Host(error) => return error.clone(),
            Failure::Refused
            | Failure::Redirected { .. }
            | Failure::Foreign(_)
            | Failure::Invalid(_)
            | Failure::Broken(_)
            | Failure::Setting(_)
            | Failure::Unreadable { .. }
            | Failure::Copy { .. }
            | Failure::NoSuchAlbum(_)
            | Failure::NoTracks(_)
            | Failure::SearchFailed(_)
            | Failure::NothingFound
            | Failure::NothingCame(_)
            | Failure::DownloadFailed(_)
            | Failure::NotImported(_)
            | Failure::Removed
            | Failure::Incomplete
            | Failure::NoFile
            | Failure::Stalled(_)
            | Failure::TooLong(_)
            | Failure::Unsplit => None,
        };
        let error = SourceError::new(kind, format!("{server}, {}: {self}", asked.doing()));
        match wait {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }
    }
}

fn metadata_wait(in_a_row: u32) -> Duration {
    let doubled = 2u32.saturating_pow(in_a_row.saturating_sub(1).min(16));
    METADATA_FIRST.saturating_mul(doubled).min(METADATA_LAST)
}

fn invalid_kind(complaints: &[Complaint], asked: Asked) -> ErrorKind {
    let about_settings = complaints.iter().any(|complaint| {
        let field = complaint.field.to_ascii_lowercase();
        ["rootfolder", "profile", "path"]
            .iter()
            .any(|word| field.contains(word))
    });
    let unknown = complaints
        .iter()
        .any(|complaint| complaint.message.contains("was not found"));
    match asked {
        Asked::Add if about_settings => ErrorKind::NotConfigured,
        Asked::Add if unknown => ErrorKind::NotFound,
        Asked::Connection
        | Asked::Lookup
        | Asked::Add
        | Asked::Library
        | Asked::Search
        | Asked::Queue
        | Asked::Undo
        | Asked::Files => ErrorKind::Permanent,
    }
}

fn http_kind(status: u16, asked: Asked) -> ErrorKind {
    match (status, asked) {
        (403, _) => ErrorKind::Auth,
        (300..=399 | 407, _) | (404 | 405, Asked::Connection) => ErrorKind::NotConfigured,
        (404, _) => ErrorKind::NotFound,
        (429, _) => ErrorKind::RateLimited,
        // To an unknown command Lidarr says 500, and asking again helps neither.
        (500, Asked::Search) => ErrorKind::Permanent,
        (408 | 409 | 425 | 500.., _) => ErrorKind::Transient,
        _ => ErrorKind::Permanent,
    }
}

fn sentences(complaints: &[Complaint]) -> String {
    let all: Vec<String> = complaints
        .iter()
        .map(|complaint| match complaint.field.as_str() {
            "" => one_line(&complaint.message),
            field => format!("{field}: {}", one_line(&complaint.message)),
        })
        .collect();
    all.join("; ")
}

/// The service's own message behind a colon, if there is one.
fn quoted(message: &str) -> String {
    match one_line(message).as_str() {
        "" => String::new(),
        words => format!(": {words}"),
    }
}

/// As the user wrote it, or would have.
pub(crate) fn span(time: Duration) -> String {
    match time.as_millis() {
        ms if ms % 1_000 != 0 => format!("{ms} ms"),
        ms if ms % 60_000 != 0 => format!("{} s", ms / 1_000),
        ms if ms % 3_600_000 != 0 => format!("{} min", ms / 60_000),
        ms => format!("{} h", ms / 3_600_000),
    }
}

/// The service's own message, cut to one line of limited length.
pub(crate) fn one_line(message: &str) -> String {
    let words: String = message
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    words.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_means_to_the_host_depends_on_what_was_asked() {
        use {Asked::*, ErrorKind::*};
        for (status, connection, lookup, search) in [
            (302, NotConfigured, NotConfigured, NotConfigured),
            (307, NotConfigured, NotConfigured, NotConfigured),
            (400, Permanent, Permanent, Permanent),
            (403, Auth, Auth, Auth),
            (404, NotConfigured, NotFound, NotFound),
            (405, NotConfigured, Permanent, Permanent),
            (408, Transient, Transient, Transient),
            (409, Transient, Transient, Transient),
            (429, RateLimited, RateLimited, RateLimited),
            (500, Transient, Transient, Permanent),
            (502, Transient, Transient, Transient),
            (503, Transient, Transient, Transient),
            (504, Transient, Transient, Transient),
        ] {
            let kinds = [Connection, Lookup, Search].map(|asked| http_kind(status, asked));
            assert_eq!(kinds, [connection, lookup, search], "{status}");
        }
    }

    #[test]
    fn a_complaint_about_settings_is_the_users_to_mend_and_another_is_not() {
        for (field, message, asked, kind) in [
            (
                "RootFolderPath",
                "Invalid path",
                Asked::Add,
                ErrorKind::NotConfigured,
            ),
            (
                "Artist.QualityProfileId",
                "does not exist",
                Asked::Add,
                ErrorKind::NotConfigured,
            ),
            (
                "ForeignAlbumId",
                "An album with this ID was not found",
                Asked::Add,
                ErrorKind::NotFound,
            ),
            (
                "Title",
                "must not be empty",
                Asked::Add,
                ErrorKind::Permanent,
            ),
            (
                "RootFolderPath",
                "Invalid path",
                Asked::Search,
                ErrorKind::Permanent,
            ),
        ] {
            let complaint = Complaint {
                field: field.to_owned(),
                message: message.to_owned(),
            };
            assert_eq!(invalid_kind(&[complaint], asked), kind, "{field} {asked:?}");
        }
    }

    #[test]
    fn the_metadata_service_is_left_alone_longer_each_time_up_to_a_quarter_of_an_hour() {
        for (in_a_row, seconds) in [(0, 60), (1, 60), (2, 120), (4, 480), (5, 900), (4711, 900)] {
            assert_eq!(metadata_wait(in_a_row).as_secs(), seconds, "{in_a_row}");
        }
    }

    #[test]
    fn the_message_says_where_what_and_lidarrs_own_words_in_one_line() {
        let failure = Failure::Http {
            status: 500,
            message: "Object reference\nnot set".to_owned(),
            retry_after: None,
        };
        let error = failure.report(Asked::Library, "http://h:8686", 0);
        assert_eq!(
            error.to_string(),
            "temporary failure: http://h:8686, looking into its library: HTTP status 500: \
             Object reference not set"
        );
    }
}
