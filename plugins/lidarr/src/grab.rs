//! One album from wish to files: find or add it, have the indexers searched, follow the
//! download, take over what was imported, and settle what we did in Lidarr meanwhile.
//!
//! Everything here may be broken off at any point and begun anew: an album that is there is
//! not added, a download that runs is followed instead of searched for, and an album that is
//! whole is taken as it is.

use std::time::{Duration, Instant};

use musicdl_plugin_api::{
    Download, DownloadRequest, ErrorKind, Files, LogLevel, Progress, SourceError, TargetKind,
};
use serde_json::{Map, Value};

use crate::Lidarr;
use crate::addition::addition;
use crate::api::{Added, Api};
use crate::deeds::{Deeds, Extent, Search};
use crate::deliver::deliver;
use crate::error::{Asked, Failure, one_line, span};
use crate::records::{Album, Command, QueueItem};
use crate::running::Run;
use crate::search::{exact_term, mbid_of};
use crate::watch::{Ending, Verdict, Watch, is_alive};

/// A proxy may ask for more patience than that between two looks, and is not given it: the
/// host wants a sign of life.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Looks grow rarer up to so many times the first distance.
const SLOWEST: u32 = 5;

/// Fetches one album.
///
/// # Errors
/// `Unsupported` for anything but an album, `Cancelled`, else what Lidarr says.
pub(crate) fn download(
    lidarr: &Lidarr,
    request: &DownloadRequest,
    progress: &Progress,
) -> Result<Download, SourceError> {
    if request.kind != TargetKind::ALBUM {
        return Err(SourceError::unsupported(
            "Lidarr delivers whole albums only",
        ));
    }
    progress.check()?;
    let Some(mbid) = mbid_of(&request.target_id) else {
        return Err(SourceError::not_found(
            "the target is not an album of Lidarr's",
        ));
    };
    let run = lidarr.running.enter(&mbid, progress)?;
    lidarr.finish_undoing();
    let mut grab = Grab {
        lidarr,
        run: &run,
        mbid: &mbid,
        began: Instant::now(),
        deeds: lidarr
            .book
            .recall(lidarr.api.host(), &mbid, lidarr.options.patience.album),
    };
    if std::mem::take(&mut grab.deeds.to_undo) {
        // An earlier cancel was not through; what it was to take back is wanted again.
        grab.keep();
    }
    let outcome = grab.carry_out(request);
    grab.settle(&outcome);
    outcome.map(Download::Files)
}

struct Grab<'a> {
    lidarr: &'a Lidarr,
    run: &'a Run<'a>,
    mbid: &'a str,
    began: Instant,
    deeds: Deeds,
}

/// What a search at the indexers came to.
enum Searched {
    Grabbed,
    Nothing,
}

impl Grab<'_> {
    fn carry_out(&mut self, request: &DownloadRequest) -> Result<Files, SourceError> {
        let album = self.find_or_add()?;
        let whole = album.statistics.unwrap_or_default().is_complete();
        let short = if whole { None } else { self.fetch(&album)? };
        deliver(
            self.api(),
            &self.lidarr.options.paths,
            album.id,
            short,
            &request.dest_dir,
            self.run.progress(),
        )
    }

    fn find_or_add(&mut self) -> Result<Album, SourceError> {
        self.run.progress().state("looking into Lidarr's library");
        for _ in 0..2 {
            if let Some(album) = self.api().find_album(self.mbid)? {
                return Ok(album);
            }
            let setup = self.lidarr.setup()?;
            let wish = self.looked_up()?;
            let artist = wish["artist"]["foreignArtistId"].as_str();
            let is_new = match artist {
                Some(artist) => self.api().find_artist(artist)?.is_none(),
                None => false,
            };
            self.run.progress().check()?;
            self.run.progress().state("adding the album to Lidarr");
            match self.api().add_album(&addition(wish, &setup, self.mbid))? {
                Added::Now(album) => {
                    self.deeds.added_album = Some(album.id);
                    self.deeds.added_artist = Some(album.artist_id).filter(|_| is_new);
                    self.keep();
                    return Ok(*album);
                }
                Added::Before | Added::InConflict => {}
            }
        }
        match self.api().find_album(self.mbid)? {
            Some(album) => Ok(album),
            None => {
                let failure = Failure::Http {
                    status: 409,
                    message: "two additions at once".to_owned(),
                    retry_after: None,
                };
                Err(self.api().report(failure, Asked::Add))
            }
        }
    }

    /// What the metadata service says of the album.
    fn looked_up(&self) -> Result<Map<String, Value>, SourceError> {
        self.run.progress().state("looking the album up");
        let found = self.api().lookup(&exact_term(self.mbid))?;
        found
            .into_iter()
            .find_map(|album| match album {
                Value::Object(album) => {
                    let id = album.get("foreignAlbumId")?.as_str()?;
                    id.eq_ignore_ascii_case(self.mbid).then_some(album)
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_) => None,
            })
            .ok_or_else(|| {
                let failure = Failure::NoSuchAlbum(self.mbid.to_owned());
                self.api().report(failure, Asked::Lookup)
            })
    }

    /// Has the album downloaded. `None` when it is whole, else why it is not.
    fn fetch(&mut self, album: &Album) -> Result<Option<Failure>, SourceError> {
        self.wait_for_tracks(album.id)?;
        let waiting = self.patiently(|api| api.queue(album.id))?;
        let newest = self.newest_event(album)?;
        let mut not_ours = Vec::new();
        if waiting.iter().any(is_alive) {
            self.run
                .progress()
                .state("a download runs in Lidarr already");
        } else {
            not_ours = waiting.iter().map(|item| item.id).collect();
            match self.search(album.id, &not_ours)? {
                Searched::Grabbed => {}
                Searched::Nothing => return Ok(Some(Failure::NothingFound)),
            }
        }
        self.follow(album, &not_ours, newest)
    }

    /// A search before the tracks are known would find or import nothing.
    fn wait_for_tracks(&self, album: i64) -> Result<(), SourceError> {
        let limit = self.patience().step;
        let since = Instant::now();
        while self.patiently(|api| api.tracks(album))?.is_empty() {
            if since.elapsed() >= limit {
                let failure = Failure::NoTracks(limit);
                return Err(self.api().report(failure, Asked::Library));
            }
            self.run
                .progress()
                .state("Lidarr reads the album's track list");
            self.run.pause(self.patience().poll)?;
        }
        Ok(())
    }

    fn newest_event(&self, album: &Album) -> Result<i64, SourceError> {
        let history = self.patiently(|api| api.history(album.artist_id, album.id))?;
        Ok(history.iter().map(|event| event.id).max().unwrap_or(0))
    }

    fn search(&mut self, album: i64, before: &[i64]) -> Result<Searched, SourceError> {
        self.run.progress().check()?;
        // Written before the request: whatever comes of it is ours, even if we die now.
        self.deeds.search = Some(Search {
            album,
            command: None,
            before: before.to_vec(),
            settled: false,
        });
        self.keep();
        let command = self.api().search(album)?;
        if let Some(search) = &mut self.deeds.search {
            search.command = Some(command.id);
        }
        self.keep();
        let limit = self.patience().search;
        let since = Instant::now();
        while since.elapsed() < limit {
            self.run.progress().state("Lidarr searches its indexers");
            // Forgotten commands have ended some time ago.
            let Some(command) = self.patiently(|api| api.command(command.id))? else {
                return Ok(Searched::Grabbed);
            };
            match command.status.as_deref().unwrap_or_default() {
                "completed" if reports(&command) == Some(0) => {
                    return self.look_for_held_back(album, before);
                }
                "completed" => return Ok(Searched::Grabbed),
                "failed" | "aborted" | "cancelled" | "orphaned" => {
                    let why = ended_badly(&command);
                    return Err(self.search_failed(why));
                }
                _ => self.run.pause(self.patience().poll)?,
            }
        }
        Err(self.search_failed(format!("takes longer than {}", span(limit))))
    }

    fn search_failed(&self, why: String) -> SourceError {
        self.api().report(Failure::SearchFailed(why), Asked::Search)
    }

    /// A release that a delay profile holds back counts as none in the search's own words.
    fn look_for_held_back(&mut self, album: i64, before: &[i64]) -> Result<Searched, SourceError> {
        let items = self.patiently(|api| api.queue(album))?;
        if items.iter().any(|item| !before.contains(&item.id)) {
            return Ok(Searched::Grabbed);
        }
        self.settled();
        Ok(Searched::Nothing)
    }

    fn follow(
        &mut self,
        album: &Album,
        not_ours: &[i64],
        newest: i64,
    ) -> Result<Option<Failure>, SourceError> {
        let patience = self.patience();
        let mut watch = Watch::new(patience, self.began.elapsed());
        let mut pause = patience.poll;
        loop {
            let mut items = self.patiently(|api| api.queue(album.id))?;
            items.retain(|item| !not_ours.contains(&item.id));
            // After the queue: what has left it is in the library by then.
            let now = self.patiently(|api| api.album(album.id))?;
            if !items.is_empty() {
                self.settled();
            }
            let there = now.statistics.unwrap_or_default();
            match watch.look(self.began.elapsed(), &items, there) {
                Verdict::Complete => return Ok(None),
                Verdict::Ended(ending) => {
                    return self.explain(ending, album, newest, &items).map(Some);
                }
                Verdict::Wait(words) => {
                    self.run.progress().state(&words);
                    self.run.pause(pause)?;
                    pause = (pause * 3 / 2).min(patience.poll * SLOWEST);
                }
            }
        }
    }

    /// Why the album did not become whole.
    fn explain(
        &self,
        ending: Ending,
        album: &Album,
        newest: i64,
        items: &[QueueItem],
    ) -> Result<Failure, SourceError> {
        let titles = items.iter().filter_map(|item| item.title.as_deref());
        let failure = match ending {
            Ending::NeverCame => Failure::NothingCame(self.patience().step),
            Ending::Failed(why) if why.is_empty() => {
                Failure::DownloadFailed(titles.collect::<Vec<_>>().join(", "))
            }
            Ending::Failed(why) => Failure::DownloadFailed(why),
            Ending::NotImported(why) => Failure::NotImported(why),
            Ending::Stalled => Failure::Stalled(self.patience().stall),
            Ending::TooLong => Failure::TooLong(self.patience().album),
            Ending::Gone => {
                let mut history = self.patiently(|api| api.history(album.artist_id, album.id))?;
                history.retain(|event| event.id > newest);
                let said = |kinds: &[&str]| {
                    history.iter().find(|event| {
                        event
                            .event_type
                            .as_deref()
                            .is_some_and(|kind| kinds.contains(&kind))
                    })
                };
                let imported = [
                    "trackFileImported",
                    "downloadImported",
                    "albumImportIncomplete",
                ];
                if said(&imported).is_some() {
                    Failure::Incomplete
                } else if let Some(event) = said(&["downloadFailed"]) {
                    Failure::DownloadFailed(event.source_title.clone().unwrap_or_default())
                } else {
                    Failure::Removed
                }
            }
        };
        Ok(failure)
    }

    /// A call that is repeated while Lidarr is away for a moment, as it is when it restarts.
    fn patiently<T>(
        &self,
        call: impl Fn(&Api) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let since = Instant::now();
        loop {
            let error = match call(self.api()) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let passing = matches!(error.kind, ErrorKind::Transient | ErrorKind::RateLimited);
            if !passing || since.elapsed() >= self.patience().step {
                return Err(error);
            }
            self.run
                .progress()
                .state("Lidarr does not answer, asking again");
            let asked_for = error.retry_after.unwrap_or_default().min(LONGEST_PAUSE);
            let left = self.patience().step.saturating_sub(since.elapsed());
            self.run
                .pause(asked_for.max(self.patience().poll).min(left))?;
        }
    }

    /// Settles what we did, by how it ended.
    fn settle(&mut self, outcome: &Result<Files, SourceError>) {
        let lidarr = self.lidarr;
        let host = lidarr.api.host();
        let Err(error) = outcome else {
            if lidarr.options.cleanup
                && let Some(album) = self.deeds.added_album
            {
                self.deeds.remove_album(&lidarr.api, album);
            }
            return lidarr.book.forget(host, self.mbid);
        };
        match error.kind {
            // An abandoned download must not be fetched later.
            ErrorKind::Cancelled | ErrorKind::NotFound => {
                // Written first: the host may end us before Lidarr has answered.
                self.deeds.to_undo = true;
                self.keep();
                if self.deeds.undo(&lidarr.api, lidarr.extent()) {
                    lidarr.book.forget(host, self.mbid);
                } else {
                    let fields = [("album", self.mbid)];
                    let words = "what is left in Lidarr is taken back at the next call";
                    host.log(LogLevel::INFO, words, &fields);
                }
            }
            // It is in the hands of Lidarr and its user now.
            ErrorKind::Permanent | ErrorKind::Unsupported => {
                lidarr.book.forget(host, self.mbid);
            }
            // The next try goes on from here, and what was done for this one is still ours.
            _ => {}
        }
    }

    fn settled(&mut self) {
        if let Some(search) = &mut self.deeds.search
            && !search.settled
        {
            search.settled = true;
            self.keep();
        }
    }

    fn keep(&self) {
        let host = self.api().host();
        self.lidarr.book.keep(host, self.mbid, &self.deeds);
    }

    fn api(&self) -> &Api {
        &self.lidarr.api
    }

    fn patience(&self) -> crate::config::Patience {
        self.lidarr.options.patience
    }
}

impl Lidarr {
    /// How far a cancel goes.
    fn extent(&self) -> Extent {
        Extent {
            downloads: self.options.cancel_removes,
            album: self.options.cleanup,
        }
    }

    /// Takes back what an earlier cancel could not, because Lidarr did not answer or had not
    /// yet shown what came of our search. Albums that are being fetched again are left alone.
    pub(crate) fn finish_undoing(&self) {
        let (host, progress) = (self.api.host(), Progress::ignored());
        for (mbid, deeds) in self.book.to_undo(host) {
            let Some(_run) = self.running.try_enter(&mbid, &progress) else {
                continue;
            };
            let old = deeds.age(host) >= self.options.patience.step;
            if deeds.undo(&self.api, self.extent()) || old {
                self.book.forget(host, &mbid);
            }
        }
    }
}

/// N of `Album search completed. N reports downloaded.`; `None` in other words.
fn reports(command: &Command) -> Option<u32> {
    let (before, _) = command.message.as_deref()?.split_once(" report")?;
    before.rsplit(' ').next()?.parse().ok()
}

fn ended_badly(command: &Command) -> String {
    let status = command.status.as_deref().unwrap_or_default();
    let why = [&command.exception, &command.message];
    let why = why.into_iter().flatten().map(|text| one_line(text));
    match why.into_iter().find(|text| !text.is_empty()) {
        Some(why) => format!("ended as {status}: {why}"),
        None => format!("ended as {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_grabbed_releases_is_read_from_the_searchs_own_words() {
        for (message, expected) in [
            (
                Some("Album search completed. 0 reports downloaded."),
                Some(0),
            ),
            (
                Some("Album search completed. 12 reports downloaded."),
                Some(12),
            ),
            (Some("Completed"), None),
            (None, None),
        ] {
            let command = Command {
                message: message.map(str::to_owned),
                ..Command::default()
            };
            assert_eq!(reports(&command), expected, "{message:?}");
        }
    }
}
