//! A plugin on the bench: loaded, given settings, and called by hand, one line at a time.
//! Runs in a child process of its own for every build ([`child`](super::child)); [`mod@build`]
//! makes the library, [`watched`] shows what it asks of the network.

pub mod build;
pub mod watched;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{
    Capabilities, Download, DownloadRequest, Files, Hit, Progress, ProgressSink, Query, Settings,
    Source, SourceError, TargetKind,
};
use tempfile::TempDir;

use crate::plugin::services::SourceServices;
use crate::plugin::{LoadedLibrary, load};
use crate::text::counted;

/// How many hits a search asks for.
const HITS: u32 = 20;

/// What the user can say.
pub const HELP: &str = "\
settings KEY=VALUE ..   set something and begin anew; without a value show what is declared
check                   is it configured, and does its service answer?
search WORDS            search, and number the hits
download N [DIR]        fetch hit N, into DIR or into a directory that is gone afterwards
reload                  build again and begin anew
quit                    end";

/// Where a line for the user goes.
pub type Say = Arc<dyn Fn(String) + Send + Sync>;

/// Makes the settings of a plugin, with those that were given on the bench; the error is a
/// sentence for the user.
pub type MakeSettings<'a> =
    dyn Fn(&LoadedLibrary, &[(String, String)]) -> Result<Settings, String> + 'a;

/// What surrounds the plugin.
pub struct Around<'a> {
    /// The settings it gets.
    pub settings: &'a MakeSettings<'a>,
    /// What the host does for it.
    pub services: &'a dyn Fn(&LoadedLibrary) -> Arc<dyn SourceServices>,
    /// Lines for the user.
    pub say: Say,
}

/// One loaded plugin.
pub struct Bench<'a> {
    around: Around<'a>,
    library: LoadedLibrary,
    given: Vec<(String, String)>,
    source: Option<Arc<dyn Source>>,
    hits: Vec<Hit>,
    scratch: Option<TempDir>,
}

impl<'a> Bench<'a> {
    /// Loads the library and makes a source of it.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn open(file: &Path, around: Around<'a>) -> Result<Self, String> {
        let started = Instant::now();
        let library = load(file).map_err(|error| error.to_string())?;
        let took = started.elapsed();
        (around.say)(format!(
            "{} {} loaded in {}",
            library.name,
            library.version,
            ms(took)
        ));
        let mut bench = Self {
            around,
            library,
            given: Vec::new(),
            source: None,
            hits: Vec::new(),
            scratch: None,
        };
        bench.begin();
        Ok(bench)
    }

    /// Does what a line says.
    pub fn run(&mut self, line: &str) {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let done = match word {
            "settings" if rest.is_empty() => self.show_settings(),
            "settings" => self.set(rest),
            "check" => self.check(),
            "search" if !rest.is_empty() => self.search(rest),
            "download" => self.download(rest),
            _ => Err(format!("`{line}` is none of these:\n{HELP}")),
        };
        if let Err(problem) = done {
            self.say(problem);
        }
    }

    fn say(&self, text: impl Into<String>) {
        (self.around.say)(text.into());
    }

    /// A new source with the settings of now.
    fn begin(&mut self) {
        self.source = None;
        self.hits.clear();
        let made = (self.around.settings)(&self.library, &self.given).and_then(|settings| {
            let services = (self.around.services)(&self.library);
            let started = Instant::now();
            self.library
                .create(settings, services)
                .map(|source| (source, started.elapsed()))
                .map_err(|error| format!("it cannot start: {error}"))
        });
        match made {
            Ok((source, took)) => {
                let configured = source.is_configured();
                let state = if configured { "" } else { "not " };
                self.say(format!("created in {}, {state}configured", ms(took)));
                self.source = Some(source);
            }
            Err(problem) => self.say(problem),
        }
    }

    fn source(&self) -> Result<&Arc<dyn Source>, String> {
        self.source
            .as_ref()
            .ok_or_else(|| "there is no source: mend its settings, or `reload`".to_owned())
    }

    fn show_settings(&self) -> Result<(), String> {
        for setting in &self.library.declaration.settings {
            let marks: String = [(setting.required, " required"), (setting.secret, " secret")]
                .into_iter()
                .filter_map(|(set, mark)| set.then_some(mark))
                .collect();
            self.say(format!("{}{marks}: {}", setting.key, setting.doc));
        }
        Ok(())
    }

    /// `key=value`; a word without `=` goes on with the value before it.
    fn set(&mut self, rest: &str) -> Result<(), String> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for word in rest.split_whitespace() {
            match (word.split_once('='), pairs.last_mut()) {
                (Some((key, value)), _) => pairs.push((key.to_owned(), value.to_owned())),
                (None, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(word);
                }
                (None, None) => return Err(format!("`{word}` is not KEY=VALUE")),
            }
        }
        for (key, value) in pairs {
            let declared = &self.library.declaration.settings;
            if !declared.iter().any(|setting| setting.key == key) {
                return Err(format!("it declares no setting `{key}`"));
            }
            self.given.retain(|(known, _)| *known != key);
            self.given.push((key, value));
        }
        self.begin();
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let source = self.source()?;
        self.say(format!("is_configured: {}", source.is_configured()));
        let (answer, took) = timed(|| source.check_connection());
        let connection = answer.map_err(|error| failed("check_connection", &error, took))?;
        let facts: Vec<String> = [connection.service, connection.account]
            .into_iter()
            .flatten()
            .collect();
        self.say(format!("reached in {}: {}", ms(took), facts.join(", ")));
        for warning in connection.warnings {
            self.say(format!("  note: {warning}"));
        }
        Ok(())
    }

    fn kind(&self) -> TargetKind {
        let capabilities = self.library.declaration.capabilities;
        if capabilities.has(Capabilities::ALBUM_ONLY) {
            TargetKind::ALBUM
        } else {
            TargetKind::TRACK
        }
    }

    fn search(&mut self, words: &str) -> Result<(), String> {
        let query = Query {
            kind: self.kind(),
            text: words.to_owned(),
            limit: HITS,
            ..Query::default()
        };
        let source = self.source()?;
        let (answer, took) = timed(|| source.search_raw(&query));
        let hits = answer.map_err(|error| failed("search_raw", &error, took))?;
        self.say(format!(
            "{} in {}",
            counted(hits.len(), "hit", "hits"),
            ms(took)
        ));
        for (hit, number) in hits.iter().zip(1..) {
            self.say(described(number, hit));
        }
        self.hits = hits;
        Ok(())
    }

    fn download(&mut self, rest: &str) -> Result<(), String> {
        let (number, dir) = rest.split_once(' ').unwrap_or((rest, ""));
        let hit = number
            .parse()
            .ok()
            .and_then(|number: usize| self.hits.get(number.checked_sub(1)?))
            .cloned()
            .ok_or_else(|| format!("`{number}` is no hit of the last search"))?;
        let dest_dir = self.destination(dir.trim())?;
        let request = DownloadRequest {
            target_id: hit.target_id.clone(),
            kind: hit.kind,
            dest_dir: dest_dir.clone(),
            hit,
            ..DownloadRequest::default()
        };
        let progress = Progress::new(Arc::new(Told(Arc::clone(&self.around.say))));
        let source = self.source()?;
        let (answer, took) = timed(|| source.download_raw(&request, &progress));
        match answer.map_err(|error| failed("download_raw", &error, took))? {
            Download::Files(files) => self.delivered(&dest_dir, &files, took),
            Download::Following => self.say("handed over; what it says follows as it comes"),
            _ => self.say("an answer of a later plugin API"),
        }
        Ok(())
    }

    /// Absolute, there, and this download's alone.
    fn destination(&mut self, dir: &str) -> Result<PathBuf, String> {
        if dir.is_empty() {
            let made = tempfile::tempdir().map_err(|error| format!("no directory: {error}"))?;
            return Ok(self.scratch.insert(made).path().to_owned());
        }
        let made =
            std::path::absolute(dir).and_then(|path| std::fs::create_dir_all(&path).map(|()| path));
        made.map_err(|error| format!("{dir}: {error}"))
    }

    fn delivered(&self, dir: &Path, files: &Files, took: Duration) {
        self.say(format!(
            "{} in {}",
            counted(files.files.len(), "file", "files"),
            ms(took)
        ));
        for file in &files.files {
            let path = dir.join(&file.path);
            let size = match std::fs::symlink_metadata(&path) {
                Ok(found) if found.is_file() => format!("{} bytes", found.len()),
                Ok(_) => "NOT a regular file".to_owned(),
                Err(error) => format!("NOT there: {error}"),
            };
            self.say(format!("  {}: {size}", path.display()));
        }
        for missing in &files.missing {
            self.say(format!("  missing: {}: {}", missing.title, missing.reason));
        }
    }
}

fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let answer = call();
    (answer, started.elapsed())
}

fn ms(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1e3)
}

fn failed(call: &str, error: &SourceError, took: Duration) -> String {
    let wait = error.retry_after.map_or_else(String::new, |wait| {
        format!(" (asks for {} s of rest)", wait.as_secs())
    });
    format!("{call} failed after {}: {error}{wait}", ms(took))
}

/// `1  Ann Example - Bluebird (First Album) 3:20 flac [7.flac]`
fn described(number: usize, hit: &Hit) -> String {
    let mut text = format!("{number:3}  {} - {}", hit.artists.join(", "), hit.title);
    if let Some(album) = &hit.album {
        write!(text, " ({album})").expect("a string takes any text");
    }
    if let Some(ms) = hit.duration_ms {
        let seconds = ms / 1000;
        write!(text, " {}:{:02}", seconds / 60, seconds % 60).expect("a string takes any text");
    }
    if let Some(codec) = &hit.codec {
        write!(text, " {codec}").expect("a string takes any text");
    }
    write!(text, " [{}]", hit.target_id).expect("a string takes any text");
    text
}

/// Shows states and ends of a download; bytes would only flood the bench.
struct Told(Say);

impl ProgressSink for Told {
    fn bytes(&self, _: u64, _: Option<u64>) {}

    fn state(&self, text: &str) {
        (self.0)(format!("  {text}"));
    }

    fn finished(&self, files: Files) {
        (self.0)(format!(
            "  finished with {}",
            counted(files.files.len(), "file", "files")
        ));
    }

    fn failed(&self, error: SourceError) {
        (self.0)(format!("  failed: {error}"));
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
