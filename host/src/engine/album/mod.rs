//! Sources that have whole albums only. One grab serves every wanted track of the album.
//!
//! The first track that comes to such a source makes a [`Claim`]: the coordinator adds every
//! pending track of the album to it, so that no other source is asked for them meanwhile, and
//! tracks that come later join until the files are there. Then each file is matched to the
//! track it is (`files`), verified, tagged and placed like any other; a track without its file
//! goes back to the queue and is fetched elsewhere. No file is ever taken for a track because
//! it is the only one left.

mod files;
mod find;
pub(super) mod gain;
mod roll;
pub(super) mod together;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use musicdl_plugin_api::{DownloadRequest, Files, Hit, TargetKind};

use super::choose::ceiling;
use super::delivered::{Delivered, all_files};
use super::event::{Event, Tried};
use super::executor::blocking;
use super::fallback::Step;
use super::fetch::prepare;
use super::fetch::told;
use super::finish::{FinishError, Finished, Origin};
use super::job::{Context, FailureEffect, History, JobOutcome, JobReport};
use super::journal::Attempt;
use super::mailbox::CallContext;
use super::source_handle::SourceStack;
use crate::layout::RelPath;
use crate::matching::Normalized;
use crate::music::{Track, TrackId};
use crate::plan::PlanItem;
use crate::publish::Staging;
use files::Named;
use find::Offer;

/// So many albums of one search are fetched, then the source has had its turn.
const ALBUMS_PER_CLAIM: usize = 3;

/// What becomes of files that nobody wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtraFiles {
    /// They are not kept.
    #[default]
    Discard,
    /// They go beside the others of their album, if they are whole.
    Keep,
}

/// Under which name the tracks of one album meet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AlbumKey(Normalized, Normalized);

impl AlbumKey {
    /// `None` for a track of no album.
    pub(super) fn of(track: &Track) -> Option<Self> {
        let album = track
            .album
            .as_deref()
            .filter(|album| !album.trim().is_empty())?;
        let artist = track.album_artist_or_artist().unwrap_or_default();
        Some(Self(Normalized::new(artist), Normalized::new(album)))
    }
}

/// A track of a claim.
pub(super) struct Member {
    /// Plan position.
    pub(super) at: usize,
    pub(super) item: Arc<PlanItem>,
    pub(super) history: History,
}

/// The tracks of one album that one grab is to serve.
pub(super) struct Claim {
    /// Position of the source.
    pub(super) handle: usize,
    pub(super) key: AlbumKey,
    /// Plan positions and tracks of the album that did not join when it was made.
    others: Vec<(usize, Track)>,
    roster: Mutex<Roster>,
}

struct Roster {
    /// `None` once the files are there and are being matched.
    open: Option<Vec<Member>>,
    /// Plan positions of all who ever joined.
    positions: Vec<usize>,
}

impl Claim {
    pub(super) fn new(
        handle: usize,
        key: AlbumKey,
        members: Vec<Member>,
        others: Vec<(usize, Track)>,
    ) -> Self {
        let positions = members.iter().map(|member| member.at).collect();
        Self {
            handle,
            key,
            others,
            roster: Mutex::new(Roster {
                open: Some(members),
                positions,
            }),
        }
    }

    /// One more track. It is given back when the files are being matched already.
    pub(super) fn join(&self, member: Member) -> Result<(), Member> {
        let mut roster = self.lock();
        let at = member.at;
        match &mut roster.open {
            Some(members) => members.push(member),
            None => return Err(member),
        }
        roster.positions.push(at);
        Ok(())
    }

    /// Plan positions of its tracks.
    pub(super) fn positions(&self) -> Vec<usize> {
        self.lock().positions.clone()
    }

    /// The tracks so far, to ask for.
    fn tracks(&self) -> Vec<Track> {
        let roster = self.lock();
        let members = roster.open.iter().flatten();
        members.map(|member| member.item.track.unpack()).collect()
    }

    /// The tracks; nobody joins from now on.
    fn close(&self) -> Vec<Member> {
        self.lock().open.take().unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Roster> {
        self.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The files of an offer, in that staging directory, before anybody looked at them.
type Grab = (Offer, Staging, Files);

/// Carries a claim out; one report for each of its tracks.
pub(super) async fn carry_out(
    claim: Arc<Claim>,
    context: Arc<Context>,
    call_context: CallContext,
) -> Vec<(usize, JobReport)> {
    let handle = Arc::clone(&context.handles[claim.handle]);
    let (started_at, clock) = (Timestamp::now(), Instant::now());
    let grab = grab(&claim, &handle, &context, &call_context).await;
    let members = claim.close();
    let (offer, staging, files) = match grab {
        Ok(grab) => grab,
        Err(failure_effect) => {
            let without = |member| {
                without_any(
                    member,
                    &failure_effect,
                    claim.handle,
                    &handle,
                    &call_context,
                )
            };
            return members.into_iter().map(without).collect();
        }
    };
    let grabbed = Grabbed {
        claim,
        handle,
        offer,
        started_at,
        clock,
        call_context,
    };
    grabbed.share(members, staging, files, &context).await
}

/// A track of a claim that came to nothing.
fn without_any(
    member: Member,
    failure_effect: &FailureEffect,
    at_source: usize,
    handle: &SourceStack,
    call_context: &CallContext,
) -> (usize, JobReport) {
    let end = match failure_effect {
        FailureEffect::Lost(why) => {
            return not_there(member, at_source, handle, None, why, call_context);
        }
        // Its end was told; the other sources have their turn.
        FailureEffect::Dropped => JobOutcome::Returned,
        FailureEffect::Rests(rest) => JobOutcome::Postponed(rest.clone()),
        FailureEffect::Ended => JobOutcome::GivenBack,
        FailureEffect::DiskStops(cause) => JobOutcome::Stop {
            cause: cause.clone(),
        },
    };
    (member.at, JobReport::bare(end, member.history))
}

/// Asks for the album and fetches the first offer that comes.
async fn grab(
    claim: &Claim,
    handle: &SourceStack,
    context: &Arc<Context>,
    call_context: &CallContext,
) -> Result<Grab, FailureEffect> {
    let tracks = claim.tracks();
    let Some(first) = tracks.first() else {
        return Err(FailureEffect::Ended);
    };
    let query = find::query(first, context.hits_per_search);
    let hits = match handle.search(&query, call_context).await {
        Ok(found) => found.hits,
        Err(fault) => return Err(context.failure_effect(Step::Search, fault, call_context)),
    };
    let found = hits.len();
    let (offers, why) = find::choose(first, tracks.len(), hits);
    call_context.mailbox.emit(Event::Searched {
        id: call_context.id.clone(),
        source: handle.name().clone(),
        hits: found,
        accepted: offers.len(),
    });
    let mut last = FailureEffect::Lost(why);
    for offer in offers.into_iter().take(ALBUMS_PER_CLAIM) {
        // The album's own directory, apart from those of its tracks.
        let id = TrackId::from_saved(format!("album:{}:{}", handle.name(), offer.hit.target_id));
        let (staging, _room) = match prepare(id, handle, offer.hit.size, context).await {
            Ok(prepared) => prepared,
            Err(unprepared) if unprepared.stops => {
                return Err(FailureEffect::DiskStops(unprepared.why));
            }
            Err(unprepared) => return Err(FailureEffect::Lost(unprepared.why)),
        };
        let request = DownloadRequest {
            target_id: offer.hit.target_id.clone(),
            kind: TargetKind::ALBUM,
            dest_dir: staging.fetch().to_owned(),
            ceiling: ceiling(&context.rules.quality),
            hit: offer.hit.clone(),
            extra: Vec::new(),
        };
        let fault = match handle.download(&request, call_context).await {
            Ok(files) => return Ok((offer, staging, files)),
            Err(fault) => fault,
        };
        last = context.failure_effect(Step::Download, fault, call_context);
        if !matches!(last, FailureEffect::Lost(_)) {
            break;
        }
    }
    Err(last)
}

/// An album that is there.
struct Grabbed {
    claim: Arc<Claim>,
    handle: Arc<SourceStack>,
    offer: Offer,
    started_at: Timestamp,
    clock: Instant,
    call_context: CallContext,
}

impl Grabbed {
    /// Gives each track its file, and back what has none.
    async fn share(
        &self,
        members: Vec<Member>,
        staging: Staging,
        delivered: Files,
        context: &Arc<Context>,
    ) -> Vec<(usize, JobReport)> {
        let missing = delivered.missing.clone();
        let (dir, hit) = (staging.fetch().to_owned(), self.offer.hit.clone());
        let (named, refused) = blocking(move || {
            let (good, refused) = all_files(delivered, &dir);
            (files::name_all(good, &dir, &hit), refused)
        })
        .await;
        for why in &refused {
            tracing::warn!(source = %self.handle.name(), %why, "a file of an album is not taken");
        }
        let tracks: Vec<Track> = members
            .iter()
            .map(|member| member.item.track.unpack())
            .collect();
        let wanted: Vec<&Track> = tracks.iter().collect();
        let of_track = files::pair(&wanted, &named, &context.rules);
        let mut left: Vec<Option<Named>> = named.into_iter().map(Some).collect();
        let staging = Arc::new(staging);
        let mut reports = Vec::new();
        let mut home = None;
        let mut stopped: Option<String> = None;
        for (member, file) in members.into_iter().zip(of_track) {
            if let Some(cause) = stopped.clone() {
                reports.push((
                    member.at,
                    JobReport::bare(JobOutcome::Stop { cause }, member.history),
                ));
                continue;
            }
            let Some(file) = file.and_then(|file| left[file].take()) else {
                let why = files::why_missing(&member.item.track.unpack(), &missing);
                reports.push(self.without(member, &why));
                continue;
            };
            let bytes = file.delivered.audio.bytes;
            let item = Arc::clone(&member.item);
            let finished = finish(&staging, file.delivered, item, self.origin(), context).await;
            let hit = &self.offer.hit;
            let finding = told(
                &finished,
                member.item.id(),
                self.handle.name(),
                hit,
                &self.call_context,
            );
            match finished {
                Ok(finished) => {
                    // One that waits has no place yet, and nothing goes beside it.
                    if let Some(first) = finished.placed.first() {
                        home.get_or_insert_with(|| first.relative.parent());
                    }
                    reports.push(self.with(member, finished, bytes, finding));
                }
                Err(error) if error.is_disk_stop() => {
                    let cause = error.to_string();
                    stopped = Some(cause.clone());
                    reports.push((
                        member.at,
                        JobReport::bare(JobOutcome::Stop { cause }, member.history),
                    ));
                }
                Err(error @ FinishError::NotBetter) => {
                    reports.push(self.without(member, &error.to_string()));
                }
                Err(FinishError::Refused { why, .. }) => {
                    let (at, mut report) = self.without(member, &why.to_string());
                    if let Some(attempt) = report.attempts.last_mut() {
                        attempt.finding = finding;
                    }
                    reports.push((at, report));
                }
                Err(
                    error @ (FinishError::Publish(_) | FinishError::Tag(_) | FinishError::Unheld),
                ) => {
                    let error = error.to_string();
                    let attempt = self.attempt(&member.item, bytes, Some(error.clone()));
                    let mut report = JobReport::bare(JobOutcome::Failed { error }, member.history);
                    report.attempts.push(attempt);
                    reports.push((member.at, report));
                }
            }
        }
        if stopped.is_none() && context.extra_files == ExtraFiles::Keep {
            self.keep_extras(
                left.into_iter().flatten().collect(),
                home.flatten(),
                &staging,
                context,
            )
            .await;
        }
        if let Some(staging) = Arc::into_inner(staging) {
            let removed = blocking(move || staging.remove()).await;
            if let Err(error) = removed {
                // The sweep at the end meets it again.
                tracing::warn!(%error, "an album's directory is left");
            }
        }
        reports
    }

    /// A track with its file.
    fn with(
        &self,
        member: Member,
        finished: Finished,
        bytes: u64,
        finding: Option<String>,
    ) -> (usize, JobReport) {
        self.handle.delivered(bytes);
        let attempt = Attempt {
            finding,
            ..self.attempt(&member.item, bytes, None)
        };
        let end = JobOutcome::Completed {
            finished,
            source: Some(self.handle.name().clone()),
        };
        let mut report = JobReport::bare(end, member.history);
        report.attempts.push(attempt);
        (member.at, report)
    }

    /// A track without.
    fn without(&self, member: Member, why: &str) -> (usize, JobReport) {
        let attempt = self.attempt(&member.item, 0, Some(why.to_owned()));
        let hit = Some(&self.offer.hit);
        let (at, mut report) = not_there(
            member,
            self.claim.handle,
            &self.handle,
            hit,
            why,
            &self.call_context,
        );
        report.attempts.push(attempt);
        (at, report)
    }

    fn attempt(&self, item: &PlanItem, bytes: u64, failure: Option<String>) -> Attempt {
        Attempt {
            id: item.id().clone(),
            source: self.handle.name().clone(),
            target: self.offer.hit.target_id.clone(),
            score: self.offer.score,
            bytes,
            started_at: self.started_at,
            took: self.clock.elapsed(),
            failure,
            finding: None,
        }
    }

    fn origin(&self) -> Origin {
        Origin {
            source: self.handle.name().clone(),
            hit: self.offer.hit.clone(),
        }
    }

    /// Files that nobody asked for go where the others are; one that cannot is no loss.
    async fn keep_extras(
        &self,
        extras: Vec<Named>,
        home: Option<RelPath>,
        staging: &Arc<Staging>,
        context: &Arc<Context>,
    ) {
        let Some(home) = home else { return };
        // What is wanted and comes from elsewhere must find its place free.
        let members = self.claim.positions();
        let others = self.claim.others.iter();
        let others: Vec<&Track> = others
            .filter(|(at, _)| !members.contains(at))
            .map(|(_, track)| track)
            .collect();
        let wanted: HashSet<usize> = files::pair(&others, &extras, &context.rules)
            .into_iter()
            .flatten()
            .collect();
        for (at, extra) in extras.into_iter().enumerate() {
            if wanted.contains(&at) {
                continue;
            }
            let Some(item) = extra.as_item(&home) else {
                continue;
            };
            let name = item.display_name();
            let item = Arc::new(item);
            let kept = finish(staging, extra.delivered, item, self.origin(), context).await;
            match kept {
                Ok(_) => tracing::info!(%name, "kept, though nobody asked for it"),
                Err(_) => tracing::info!(%name, "not kept"),
            }
        }
    }
}

/// Verifies, tags and places one file of the album, and leaves nothing for the next to trip
/// over.
async fn finish(
    staging: &Arc<Staging>,
    delivered: Delivered,
    item: Arc<PlanItem>,
    origin: Origin,
    context: &Arc<Context>,
) -> Result<Finished, FinishError> {
    let (staging, context) = (Arc::clone(staging), Arc::clone(context));
    blocking(move || {
        let finished = context
            .finisher
            .finish(&staging, &delivered, &item, &origin);
        if let Ok(left) = std::fs::read_dir(staging.tag()) {
            for entry in left.flatten() {
                // What cannot be removed makes the next copy fail, and that is told.
                drop(std::fs::remove_file(entry.path()));
            }
        }
        finished
    })
    .await
}

/// The track goes back to the queue, and that source is not asked for it again.
fn not_there(
    mut member: Member,
    at_source: usize,
    handle: &SourceStack,
    hit: Option<&Hit>,
    why: &str,
    call_context: &CallContext,
) -> (usize, JobReport) {
    let tried = Tried {
        id: member.item.id().clone(),
        source: handle.name().clone(),
        target: hit.map(|hit| hit.target_id.clone()),
        title: hit.map(|hit| hit.title.clone()),
        score: None,
        reason: why.to_owned(),
    };
    call_context.mailbox.emit(Event::Lost(tried.clone()));
    member.history.asked.insert(at_source);
    let mut report = JobReport::bare(JobOutcome::Returned, member.history);
    report.tried.push(tried);
    (member.at, report)
}

#[cfg(test)]
mod tests {
    use shuttle::thread;

    use super::*;

    fn member(at: usize) -> Member {
        let title = format!("Song {at}");
        let track = Track::new(TrackId::text(&title), &title);
        Member {
            at,
            item: Arc::new(PlanItem::new(track)),
            history: History::default(),
        }
    }

    #[test]
    fn whoever_comes_while_a_claim_closes_is_served_or_sent_back_and_never_both() {
        let all_orders = || {
            let key = AlbumKey(Normalized::new("Ann"), Normalized::new("Birds"));
            let claim = Arc::new(Claim::new(0, key, vec![member(0)], Vec::new()));
            let joining: Vec<_> = (1..4)
                .map(|at| {
                    let claim = Arc::clone(&claim);
                    thread::spawn(move || claim.join(member(at)).err().map(|late| late.at))
                })
                .collect();
            let closing = Arc::clone(&claim);
            let close = thread::spawn(move || closing.close());
            let late: Vec<usize> = joining
                .into_iter()
                .filter_map(|one| one.join().unwrap())
                .collect();
            let served: Vec<usize> = close.join().unwrap().iter().map(|one| one.at).collect();
            let mut all = [served.clone(), late].concat();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3]);
            // Those are the ones whose end the coordinator waits for.
            assert_eq!(claim.positions(), served);
            assert!(claim.close().is_empty());
        };
        shuttle::check_dfs(all_orders, None);
    }
}
