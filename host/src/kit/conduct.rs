//! The half of the review that runs the library: what it says of itself, and how it behaves
//! without settings and without a network. A library may end, hang or corrupt the process
//! it runs in, so this is called in a child only ([`child`](super::child)), and every item
//! is told as soon as it is known.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use musicdl_plugin_api::{
    Capabilities, Declaration, DownloadRequest, ErrorKind, Progress, Query, Settings, Source,
    SourceError, TargetKind,
};

use super::offline::Offline;
use super::review::Item;
use crate::plugin::services::SourceServices;
use crate::plugin::{LoadFailure, LoadedLibrary, load};

/// A call and how long the contract gives it.
#[derive(Clone, Copy)]
struct Call {
    name: &'static str,
    limit: Duration,
}

const fn call(name: &'static str, seconds: u64) -> Call {
    Call {
        name,
        limit: Duration::from_secs(seconds),
    }
}

const CREATE: Call = call("create", 10);
const IS_CONFIGURED: Call = call("is_configured", 5);
const CHECK_CONNECTION: Call = call("check_connection", 15);
const SEARCH: Call = call("search_raw", 60);
const DOWNLOAD: Call = call("download_raw", 60);
const CANCEL: Call = call("cancel_raw", 5);

/// Longer than all calls together may take.
pub const LONGEST: Duration = Duration::from_secs(300);

/// Whether there is a point in going on.
type Step = Result<(), Stop>;

/// An item was told that makes the rest pointless.
struct Stop;

/// Loads the library and tells every item of its conduct. `doing` hears what is about to
/// be run, so that somebody knows what ended the process.
pub fn of_library(path: &Path, tell: &mut dyn FnMut(Item), doing: &mut dyn FnMut(&str)) {
    let mut trial = Trial { tell, doing };
    // Where it stopped has been told.
    let (Ok(()) | Err(Stop)) = trial.run(path);
}

struct Trial<'a> {
    tell: &'a mut dyn FnMut(Item),
    doing: &'a mut dyn FnMut(&str),
}

impl Trial<'_> {
    fn run(&mut self, path: &Path) -> Step {
        (self.doing)("while it was loaded");
        let library = match load(path) {
            Ok(library) => library,
            Err(error) => {
                (self.tell)(refused(&error.reason));
                return Err(Stop);
            }
        };
        (self.tell)(Item::ok(
            "api",
            format!("built against plugin API {}", library.api_version),
        ));
        (self.tell)(Item::ok("layout", "its records are laid out as ours"));
        for item in declared(&library.declaration) {
            (self.tell)(item);
        }
        self.behaviour(&Arc::new(library))
    }

    fn behaviour(&mut self, library: &Arc<LoadedLibrary>) -> Step {
        let host = Arc::new(Offline::default());
        let declaration = &library.declaration;
        let source = self.created(library, &host)?;
        let configured = self.timed(IS_CONFIGURED, &source, |source| source.is_configured())?;
        self.configured(declaration, configured);
        let kind = kind_of(declaration);
        let asked = query(kind);
        let probe = self.timed(CHECK_CONNECTION, &source, |source| {
            source.check_connection().map(drop)
        })?;
        self.without_settings(CHECK_CONNECTION, configured, probe);
        let search = self.timed(SEARCH, &source, move |source| {
            source.search_raw(&asked).map(drop)
        })?;
        self.without_settings(SEARCH, configured, search);
        let download = self.timed(DOWNLOAD, &source, move |source| download(source, kind))?;
        self.without_settings(DOWNLOAD, configured, download);
        let strange = self.timed(SEARCH, &source, |source| {
            let hits = source.search_raw(&query(TargetKind(4_711)))?;
            Ok(hits.len())
        })?;
        (self.tell)(strange_kind(&strange));
        let cancelled = self.timed(CANCEL, &source, |source| {
            source.cancel_raw("there-is-no-such-target")
        })?;
        (self.tell)(cancelled_nothing(&cancelled));
        if !configured {
            (self.tell)(silence(host.requests()));
        }
        Ok(())
    }

    fn created(
        &mut self,
        library: &Arc<LoadedLibrary>,
        host: &Arc<Offline>,
    ) -> Result<Arc<dyn Source>, Stop> {
        let settings = defaults(&library.declaration);
        let services = Arc::clone(host) as Arc<dyn SourceServices>;
        let library = Arc::clone(library);
        let made = self.within(CREATE, move || library.create(settings, services))?;
        match made {
            Ok(source) => {
                (self.tell)(Item::ok(CREATE.name, "a source is made without settings"));
                Ok(source)
            }
            Err(error) => {
                let says = format!(
                    "fails without settings ({error}); a missing setting is no error but makes \
                     `is_configured` answer false"
                );
                (self.tell)(Item::fail(CREATE.name, says));
                Err(Stop)
            }
        }
    }

    fn timed<T: Send + 'static>(
        &mut self,
        call: Call,
        source: &Arc<dyn Source>,
        body: impl FnOnce(&dyn Source) -> T + Send + 'static,
    ) -> Result<T, Stop> {
        let source = Arc::clone(source);
        self.within(call, move || body(source.as_ref()))
    }

    /// Runs one call on a thread of its own, which is left behind when it does not answer.
    fn within<T: Send + 'static>(
        &mut self,
        call: Call,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stop> {
        (self.doing)(&format!("in `{}` without settings", call.name));
        let (send, receive) = mpsc::channel();
        thread::spawn(move || send.send(body()));
        receive.recv_timeout(call.limit).map_err(|_| {
            let says = format!("no answer within {} s", call.limit.as_secs());
            (self.tell)(Item::fail(call.name, says));
            Stop
        })
    }

    fn configured(&mut self, declaration: &Declaration, configured: bool) {
        let required = declaration
            .settings
            .iter()
            .find(|setting| setting.required && setting.default.is_none());
        let item = match (configured, required) {
            (true, Some(setting)) => Item::fail(
                IS_CONFIGURED.name,
                format!("answers true without the required `{}`", setting.key),
            ),
            (true, None) => Item::ok(IS_CONFIGURED.name, "it needs no settings"),
            (false, Some(_)) => Item::ok(IS_CONFIGURED.name, "answers false without settings"),
            (false, None) => Item::warn(
                IS_CONFIGURED.name,
                "answers false, and no setting is declared as required: its users will have to \
                 guess",
            ),
        };
        (self.tell)(item);
    }

    /// A call of a source that has not what it needs. One that needs nothing may answer as
    /// a service does that cannot be reached.
    fn without_settings(&mut self, call: Call, configured: bool, said: Result<(), SourceError>) {
        let item = match said {
            Ok(()) if configured => Item::ok(call.name, "answers without settings"),
            Ok(()) => Item::fail(call.name, "works though it is not configured"),
            Err(error) if error.kind == ErrorKind::Internal => {
                Item::fail(call.name, format!("fails without settings: {error}"))
            }
            Err(error) if configured => {
                Item::ok(call.name, format!("answers offline: {}", error.kind))
            }
            Err(error) if error.kind != ErrorKind::NotConfigured => Item::fail(
                call.name,
                format!("answers {error} without settings, instead of `not configured`"),
            ),
            Err(error) if error.message.trim().is_empty() => {
                Item::warn(call.name, "does not say which setting is missing")
            }
            Err(error) => Item::ok(call.name, error.to_string()),
        };
        (self.tell)(item);
    }
}

fn refused(reason: &LoadFailure) -> Item {
    let item = match reason {
        LoadFailure::PluginTooOld { .. } | LoadFailure::HostTooOld { .. } => "api",
        LoadFailure::NotAPlugin => "symbols",
        LoadFailure::Open(error) if error.report().is_some() => "layout",
        LoadFailure::Declaration(_) | LoadFailure::Name(_) | LoadFailure::Version { .. } => {
            "declaration"
        }
        LoadFailure::NotAFile(_)
        | LoadFailure::Untrusted(_)
        | LoadFailure::TooLarge { .. }
        | LoadFailure::Unreadable(_)
        | LoadFailure::NotALibrary(_)
        | LoadFailure::Linker(_)
        | LoadFailure::Refused { .. }
        | LoadFailure::Process(_)
        | LoadFailure::Open(_) => "loading",
    };
    Item::fail(item, reason.to_string())
}

fn declared(declaration: &Declaration) -> [Item; 2] {
    let of_settings = declaration.setting_problems();
    let mut of_itself = declaration.problems();
    of_itself.retain(|problem| !of_settings.contains(problem));
    let (name, version) = (&declaration.name, &declaration.version);
    let item = |item: &str, problems: &[String], sound: String| match problems {
        [] => Item::ok(item, sound),
        problems => Item::fail(item, problems.join("; ")),
    };
    [
        item("declaration", &of_itself, format!("{name} {version}")),
        item(
            "settings",
            &of_settings,
            format!("{} declared", declaration.settings.len()),
        ),
    ]
}

fn strange_kind(said: &Result<usize, SourceError>) -> Item {
    match said {
        Ok(hits) => Item::fail(
            "kind",
            format!("{hits} hits for a kind that does not exist, instead of `unsupported`"),
        ),
        Err(error) => match error.kind {
            ErrorKind::Unsupported | ErrorKind::NotConfigured => {
                Item::ok("kind", "an unknown kind of target is refused")
            }
            kind => Item::fail(
                "kind",
                format!("`{kind}` for a kind that does not exist, instead of `unsupported`"),
            ),
        },
    }
}

fn cancelled_nothing(said: &Result<bool, SourceError>) -> Item {
    match said {
        Ok(false) => Item::ok(CANCEL.name, "nothing runs, and nothing is cancelled"),
        Ok(true) => Item::fail(CANCEL.name, "says that it cancelled what does not run"),
        Err(error) if error.kind == ErrorKind::Internal => {
            Item::fail(CANCEL.name, error.to_string())
        }
        Err(error) => Item::ok(CANCEL.name, error.to_string()),
    }
}

fn silence(requests: usize) -> Item {
    match requests {
        0 => Item::ok("network", "no request without settings"),
        requests => Item::fail(
            "network",
            format!("{requests} requests though it is not configured"),
        ),
    }
}

/// What the host gives a source whose user configured nothing.
fn defaults(declaration: &Declaration) -> Settings {
    let given = declaration
        .settings
        .iter()
        .filter_map(|setting| Some((setting.key.clone(), [setting.default.clone()?])));
    Settings::from_pairs(given)
}

fn kind_of(declaration: &Declaration) -> TargetKind {
    if declaration.capabilities.has(Capabilities::ALBUM_ONLY) {
        TargetKind::ALBUM
    } else {
        TargetKind::TRACK
    }
}

fn query(kind: TargetKind) -> Query {
    Query {
        kind,
        text: "Bluebird".to_owned(),
        title: Some("Bluebird".to_owned()),
        limit: 20,
        ..Query::default()
    }
}

fn download(source: &dyn Source, kind: TargetKind) -> Result<(), SourceError> {
    let dir = tempfile::tempdir()
        .map_err(|error| SourceError::permanent(format!("no directory to try it in: {error}")))?;
    let request = DownloadRequest {
        target_id: "there-is-no-such-target".to_owned(),
        kind,
        dest_dir: dir.path().to_owned(),
        ..DownloadRequest::default()
    };
    source
        .download_raw(&request, &Progress::ignored())
        .map(drop)
}
