//! The calls we make of a server; its records are in `envelope` and `song`. Every call goes
//! the same way: as a form in a POST, so that no secret lands in an access log, with the
//! login the server understands.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use musicdl_plugin_api::http::{Head, Request, Saved};
use musicdl_plugin_api::{Connection, Host, LogLevel, Progress, ServerUrl, SourceError};

use crate::auth::{self, Ladder};
use crate::config::{Login, Options};
use crate::envelope::{self, Envelope};
use crate::error::{Asked, Failure};
use crate::lenient::Many;
use crate::song::Song;

/// Below the 15 s the contract gives a check of the connection.
const PING_LIMIT: Duration = Duration::from_secs(12);
/// A search over a big library on a small machine, twice within the contract's 60 s.
const SEARCH_LIMIT: Duration = Duration::from_secs(28);
/// A server may scale a picture on the way.
const COVER_LIMIT: Duration = Duration::from_secs(30);
/// How much of a file is read to see whether it is words instead of audio.
const START: u64 = 64 << 10;

/// One server, logged in to as far as it was needed.
pub(crate) struct Api {
    host: Host,
    server: ServerUrl,
    ladder: Ladder,
    /// The server takes no POST.
    by_get: AtomicBool,
    warned: AtomicBool,
}

impl Api {
    pub(crate) fn new(host: Host, options: Options) -> Self {
        Self {
            host,
            server: options.server,
            ladder: Ladder::new(options.logins),
            by_get: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// Is it there, and does it let us in?
    pub(crate) fn connection(&self) -> Result<Connection, SourceError> {
        let answer = self.call("ping", &[], PING_LIMIT, Asked::Connection)?;
        let version = answer.version.unwrap_or_default();
        let service = match (answer.server, answer.server_version) {
            (Some(name), Some(version)) => format!("{name} {version}"),
            (Some(name), None) => name,
            (None, _) => format!("Subsonic API {version}"),
        };
        let login = self.ladder.current();
        Ok(Connection {
            service: Some(service),
            account: login.username().map(str::to_owned),
            expires_at: None,
            warnings: self
                .overheard(login)
                .into_iter()
                .chain(self.logged())
                .collect(),
            extra: vec![
                ("auth".to_owned(), login.form().to_owned()),
                ("api_version".to_owned(), version),
            ],
        })
    }

    /// The songs that match `text` in the server's eyes, `count` at most.
    pub(crate) fn search(&self, text: &str, count: u32) -> Result<Many<Song>, SourceError> {
        let count = count.to_string();
        let parameters = [
            ("query", text),
            ("songCount", &count),
            ("albumCount", "0"),
            ("artistCount", "0"),
        ];
        let answer = self.call("search3", &parameters, SEARCH_LIMIT, Asked::Search)?;
        Ok(answer.search_result3.unwrap_or_default().song)
    }

    /// The picture of that id.
    pub(crate) fn cover(&self, id: &str) -> Result<Vec<u8>, SourceError> {
        let outcome = self.ladder.climb(|login| {
            let (head, body) = self.send("getCoverArt", &[("id", id)], COVER_LIMIT, login)?;
            let kind = head.header("content-type");
            if head.is_success() && !body.is_empty() && !envelope::is_words(kind, &body) {
                return Ok(body);
            }
            Err(self.refusal(&head, &body, "getCoverArt"))
        });
        outcome.map_err(|failure| self.report(failure, Asked::Cover))
    }

    /// The file behind `method` and `parameters`, saved as `dest`.
    pub(crate) fn save(
        &self,
        method: &str,
        parameters: &[(&str, &str)],
        dest: &Path,
        progress: &Progress,
    ) -> Result<Saved, Failure> {
        self.ladder.climb(|login| {
            let saved = self.by_post_or_get(method, parameters, login, |request| {
                let saved = self.host.http_save(&request, dest, progress)?;
                Ok((saved.head.status, saved))
            })?;
            let said = if saved.head.is_success() {
                self.words_in(&saved.head, dest)?
            } else {
                Some(saved.body.clone())
            };
            match said {
                Some(said) => Err(self.refusal(&saved.head, &said, method)),
                None if saved.bytes == 0 => Err(Failure::Empty),
                None => Ok(saved),
            }
        })
    }

    /// What the host gets to see of a failure, without secrets.
    pub(crate) fn report(&self, failure: Failure, asked: Asked) -> SourceError {
        failure
            .cleaned(&|words| self.ladder.scrub(words))
            .report(asked, self.server.base())
    }

    /// A method that answers with an envelope.
    fn call(
        &self,
        method: &str,
        parameters: &[(&str, &str)],
        limit: Duration,
        asked: Asked,
    ) -> Result<Envelope, SourceError> {
        let outcome = self.ladder.climb(|login| {
            let (head, body) = self.send(method, parameters, limit, login)?;
            envelope::read(&head, &body)
                .map_err(|failure| self.or_lost_form(failure, &head, method))
        });
        outcome.map_err(|failure| self.report(failure, asked))
    }

    fn send(
        &self,
        method: &str,
        parameters: &[(&str, &str)],
        limit: Duration,
        login: &Login,
    ) -> Result<(Head, Vec<u8>), Failure> {
        self.by_post_or_get(method, parameters, login, |request| {
            let answer = self.host.http_send(&request.timeout(limit))?;
            Ok((answer.status(), (answer.head, answer.body)))
        })
    }

    /// Sends by POST; by GET to a server that said 405 to a POST. `exchange` gives the
    /// status beside its answer.
    fn by_post_or_get<T>(
        &self,
        method: &str,
        parameters: &[(&str, &str)],
        login: &Login,
        exchange: impl Fn(Request) -> Result<(u16, T), SourceError>,
    ) -> Result<T, Failure> {
        self.warn(login);
        let own = auth::parameters(login)?;
        let all: Vec<(&str, &str)> = own
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(parameters.iter().copied())
            .collect();
        let url = self.address_of(method);
        if !self.by_get.load(Ordering::Relaxed) {
            let (status, answer) = exchange(Request::post_form(&url, &all))?;
            if status != 405 {
                return Ok(answer);
            }
            self.by_get.store(true, Ordering::Relaxed);
            if let Some(danger) = self.logged() {
                self.host.log(LogLevel::WARN, &danger, &[]);
            }
        }
        let (_, answer) = exchange(Request::get(&url).query(&all))?;
        Ok(answer)
    }

    /// The words in a file that was to be audio; the file is then removed.
    fn words_in(&self, head: &Head, path: &Path) -> Result<Option<Vec<u8>>, SourceError> {
        let disk = |error| SourceError::internal(format!("{}: {error}", path.display()));
        let mut start = Vec::new();
        let file = File::open(path).map_err(disk)?;
        file.take(START).read_to_end(&mut start).map_err(disk)?;
        if !envelope::is_words(head.header("content-type"), &start) {
            return Ok(None);
        }
        fs::remove_file(path).map_err(disk)?;
        Ok(Some(start))
    }

    /// What words in place of a file mean.
    fn refusal(&self, head: &Head, words: &[u8], method: &str) -> Failure {
        match envelope::read(head, words) {
            Err(failure) => self.or_lost_form(failure, head, method),
            Ok(_) => Failure::Empty,
        }
    }

    /// A server that misses parameters after a redirect has lost all of them: 301 and 302
    /// turn a POST into a GET without its body. Then no other form of login helps.
    fn or_lost_form(&self, failure: Failure, head: &Head, method: &str) -> Failure {
        let asked = self.address_of(method);
        let answered = head.url.split(['?', '#']).next().unwrap_or_default();
        match failure {
            // A name outside ASCII comes back in another spelling without any redirect.
            Failure::Service { code: 10, .. }
                if asked.is_ascii() && !answered.is_empty() && answered != asked =>
            {
                let base = answered
                    .rsplit_once("/rest/")
                    .map_or(answered, |(base, _)| base);
                Failure::LostForm {
                    answered: base.to_owned(),
                }
            }
            failure => failure,
        }
    }

    /// The URL of a method. With `.view`, the oldest spelling, which every server takes.
    fn address_of(&self, method: &str) -> String {
        format!("{}/rest/{method}.view", self.server.base())
    }

    /// That others on the way can read a secret, if they can.
    fn overheard(&self, login: &Login) -> Option<String> {
        let secret = match login {
            Login::Token(_) => return None,
            Login::Password(_) => "password",
            Login::ApiKey(_) => "API key",
        };
        let host = self.server.host();
        self.server
            .is_overheard()
            .then(|| format!("the {secret} goes unencrypted to {host}: use an https address"))
    }

    /// That the server's own log shows logins, if it does.
    fn logged(&self) -> Option<String> {
        self.by_get
            .load(Ordering::Relaxed)
            .then(|| "the server takes no POST, so logins are written to its access log".to_owned())
    }

    /// Says once that a secret travels in the open.
    fn warn(&self, login: &Login) {
        if let Some(danger) = self.overheard(login)
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            self.host.log(LogLevel::WARN, &danger, &[]);
        }
    }
}
