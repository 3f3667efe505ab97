//! A query -> one search of the network -> hits. How a search is begun, followed and cleaned
//! up; what a hit carries is `offer`'s.
//!
//! The network bans accounts that search too fast or for the same text again and again. How
//! fast is the host's to keep (see the declared limits); a text that was searched for in the
//! last minutes is answered from memory here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{ErrorKind, Hit, Query, SourceError, TargetKind};

use crate::api::Api;
use crate::core::Core;
use crate::error::{Asked, Failure};
use crate::record::{PeerResponse, SearchRecord};
use crate::server::{self, LONGEST_BAN};
use crate::state::says;
use crate::{guid, offer, words};

/// The whole search, once begun, is stopped after three of the user's silences, and after
/// this at the latest. slskd's own limit is only silence.
const DEADLINE: Duration = Duration::from_secs(45);
/// After a stop the responses are stored within this.
const STOPPED: Duration = Duration::from_secs(2);
/// slskd takes one new search at a time; the user's own count too.
const BUSY: Duration = Duration::from_millis(250);
const BUSY_TRIES: u32 = 20;
/// Responses may be stored a little after the search says that it ended.
const REREADS: u32 = 3;
/// The window in which the network counts searches.
const REMEMBERED: Duration = Duration::from_secs(220);
/// Searches kept in memory: some thousand files each.
const MOST_REMEMBERED: usize = 16;
/// Not being logged in for so long is a ban, not a reconnect.
const BANNED_AFTER: Duration = Duration::from_secs(60);

/// What one search found.
#[derive(Debug)]
pub(crate) struct Found {
    /// slskd's id of the search.
    pub(crate) id: String,
    pub(crate) responses: Vec<PeerResponse>,
    at: Instant,
}

type Slot = Arc<Mutex<Option<Arc<Found>>>>;

/// All searches of a run.
#[derive(Default)]
pub(crate) struct Searches {
    /// Held while one is begun.
    beginning: Mutex<()>,
    /// By text. A slot is held while its text is searched for, so that two threads that want
    /// the same search share it.
    remembered: Mutex<HashMap<String, Slot>>,
    outage: Mutex<Outage>,
}

/// Since when slskd refuses searches because it is not logged in.
#[derive(Debug, Default)]
struct Outage(Option<Instant>);

impl Outage {
    /// `true` when it lasts so long that it is a ban.
    fn refused(&mut self, now: Instant) -> bool {
        let since = *self.0.get_or_insert(now);
        now.duration_since(since) > BANNED_AFTER
    }

    fn over(&mut self) {
        self.0 = None;
    }
}

impl Searches {
    /// Hits for a track, best peers first.
    ///
    /// # Errors
    /// `Unsupported` for anything but tracks, `Permanent` for a text that cannot be searched
    /// for, else what slskd says.
    pub(crate) fn run(&self, core: &Core, query: &Query) -> Result<Vec<Hit>, SourceError> {
        if query.kind != TargetKind::TRACK {
            return Err(SourceError::unsupported(
                "Soulseek is searched for tracks only",
            ));
        }
        let text = words::search_text(query)?;
        let slot = self.slot(&text);
        let mut found = lock(&slot);
        let recent = found.take().filter(|found| found.at.elapsed() < REMEMBERED);
        let answer = match recent {
            Some(answer) => answer,
            None => Arc::new(self.search(core, &text)?),
        };
        *found = Some(Arc::clone(&answer));
        drop(found);
        Ok(offer::hits(&answer, query, &core.peers, core.api.host()))
    }

    fn slot(&self, text: &str) -> Slot {
        let mut remembered = lock(&self.remembered);
        if remembered.len() >= MOST_REMEMBERED && !remembered.contains_key(text) {
            // Those in use live on in the hands of who uses them.
            remembered.clear();
        }
        Arc::clone(remembered.entry(text.to_owned()).or_default())
    }

    fn search(&self, core: &Core, text: &str) -> Result<Found, SourceError> {
        let id = guid::new()?;
        core.ledger.search_began(&id);
        let outcome = self.begin(core, &id, text).and_then(|()| follow(core, &id));
        // Also after a failure: whether the search began is not always known.
        core.delete_search(&id);
        Ok(Found {
            id,
            responses: outcome?,
            at: Instant::now(),
        })
    }

    fn begin(&self, core: &Core, id: &str, text: &str) -> Result<(), SourceError> {
        let _alone = lock(&self.beginning);
        let mut tries = 0;
        loop {
            let failure = match core
                .api
                .start_search(id, text, core.patience.search_silence)
            {
                Ok(()) => {
                    lock(&self.outage).over();
                    return Ok(());
                }
                Err(failure) => failure,
            };
            tries += 1;
            if failure.is_busy() && tries < BUSY_TRIES {
                thread::sleep(jittered(BUSY));
                continue;
            }
            // The answer was lost, and maybe not the request.
            if failure.is_lost() && core.api.search(id).is_ok() {
                return Ok(());
            }
            return Err(self.refusal(&core.api, failure));
        }
    }

    fn refusal(&self, api: &Api, failure: Failure) -> SourceError {
        if failure.status() != Some(409) {
            return api.report(failure, Asked::Search);
        }
        let error = api.report(failure, Asked::Search);
        if !lock(&self.outage).refused(Instant::now()) {
            return error;
        }
        SourceError::new(ErrorKind::RateLimited, error.message)
            .with_retry_after(ban(server::until_next_login(api)))
    }
}

/// How long a ban lasts, by what slskd plans.
fn ban(until_next_login: Option<Duration>) -> Duration {
    until_next_login.map_or(LONGEST_BAN, |wait| wait.min(LONGEST_BAN))
}

/// Waits for the end of a search and reads what it found.
fn follow(core: &Core, id: &str) -> Result<Vec<PeerResponse>, SourceError> {
    let api = &core.api;
    let deadline = DEADLINE.min(core.patience.search_silence * 3);
    let failed = |failure| api.report(failure, Asked::Found);
    let mut record = until_ended(api, id, deadline)?;
    if record.ended_at.is_none() {
        // A user may have deleted it in between; then the next reading says so.
        match api.stop_search(id) {
            Err(failure) if failure.status() != Some(404) => return Err(failed(failure)),
            _ => record = until_ended(api, id, STOPPED)?,
        }
    }
    if says(&record.state, "Errored") {
        return Err(SourceError::transient("the search failed in slskd"));
    }
    let mut responses = api.responses(id).map_err(failed)?;
    for _ in 0..REREADS {
        if !responses.is_empty() || record.file_count == 0 {
            break;
        }
        thread::sleep(BUSY);
        responses = api.responses(id).map_err(failed)?;
    }
    if responses.is_empty() && record.ended_at.is_none() {
        return Err(SourceError::transient(
            "slskd did not come to this search: others were before it",
        ));
    }
    Ok(responses)
}

/// The record when the search has ended, or as it is after `limit`.
fn until_ended(api: &Api, id: &str, limit: Duration) -> Result<SearchRecord, SourceError> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(500);
    loop {
        let record = api
            .search(id)
            .map_err(|failure| api.report(failure, Asked::Found))?;
        // `isComplete` comes before the responses can be read; this comes with them.
        if record.ended_at.is_some() || began.elapsed() >= limit {
            return Ok(record);
        }
        thread::sleep(pause.min(limit));
        pause = Duration::from_secs(1);
    }
}

/// Up to half longer, so that two clients that collided do not again.
fn jittered(pause: Duration) -> Duration {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.subsec_nanos());
    pause + pause * (nanos / 1_000 % 100) / 200
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn being_refused_for_more_than_a_minute_is_a_ban() {
        let mut outage = Outage::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!outage.refused(after(0)));
        assert!(!outage.refused(after(60)));
        assert!(outage.refused(after(61)));
        outage.over();
        assert!(!outage.refused(after(62)));
    }

    #[test]
    fn a_ban_lasts_until_the_next_login_and_half_an_hour_at_most() {
        let seconds = Duration::from_secs;
        for (until, wait) in [
            (None, 1_800),
            (Some(seconds(90)), 90),
            (Some(seconds(9_999)), 1_800),
        ] {
            assert_eq!(ban(until), seconds(wait));
        }
    }
}
