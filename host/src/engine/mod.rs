//! Carries the plan out.
//!
//! Every source is wrapped in its policies (`lane`, `policy`); a track walks through them
//! alone (`job`, which asks by `look` and fetches by `fetch`), tracks of an album that a source
//! has as a whole walk together (`album`).
//!
//! One task, [`Engine::run`], owns the plan and the journal and speaks to the reporter. It
//! starts up to `jobs` jobs, each a task. One that only waits, for a source's pace or for a
//! service that downloads by itself, gives its place to another. Jobs share nothing but the
//! sources and speak to the coordinator by their return value and by letters over an unbounded
//! channel: sending never blocks, so no job waits for the coordinator while the coordinator
//! waits for a job.
//!
//! What became of items is written first and told second: all ends that have arrived are one
//! commit, and only then does the reporter hear of them.
//!
//! Albums that are published as a whole (`album::together`, `hold`): their tracks come back
//! ready instead of placed, and are in progress until the last one is. What waits at the end of
//! a run is pending again; its files stay for the next one.
//!
//! Ending early: [`Cancel::stop`] takes no new work and gives running jobs `FINISH_TIME`;
//! [`Cancel::abort`] ends them at once. Both leave their items pending in the journal.

mod album;
mod art;
mod book;
mod cancel;
mod choose;
mod delivered;
mod event;
mod explain;
mod fallback;
mod fetch;
mod finish;
mod hold;
mod inspect;
mod job;
mod journal;
mod ladder;
mod lane;
mod look;
mod policy;
mod post;
mod space;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use album::ExtraFiles;
pub use album::together::HeldAlbum;
pub use art::CoverWish;
pub use book::{NoBook, SourceBook};
pub use cancel::Cancel;
pub use event::{Event, Reporter, Tried};
pub use explain::{Asked, Explained, Weighed, explain};
pub use finish::{Finisher, Finishing, LyricsWish};
pub use inspect::{Examine, Findings, Inspector, Policy};
pub use journal::{Attempt, Entry, Journal, JournalError, Wish};
pub use lane::Lane;
pub use policy::call::Deadlines;
pub use policy::counts::{Failures, SourceTotals};
pub use policy::pace::PaceWish;

use crate::matching::Rules;
use crate::music::{SourceName, TrackId};
use crate::plan::{ItemKind, ItemState, Plan, SkipReason, Status};
use album::gain::{self, Levelled, Levelling};
use album::together::{self, Together, Waiting};
use album::{AlbumKey, Claim, Member};
use fallback::Patience;
use finish::Finished;
use job::{Before, Context, End, Report};
use policy::Rest;
use post::{Errand, Letter, Post};
use space::Space;

/// After a polite stop, running jobs have this long (promises A5).
const FINISH_TIME: Duration = Duration::from_secs(5);
/// After an abort, running jobs have this long to clean up.
const ABORT_TIME: Duration = Duration::from_secs(1);

/// So many items may be on their way for each that really works: the others wait for sources
/// that are slow for reasons of their own.
const WAITING_PER_JOB: usize = 4;
/// How often a run looks whether somebody asks something of it.
const WISHES_EVERY: Duration = Duration::from_millis(250);
/// An item that was put off so often in one run waits for the next one.
const PUT_OFF_AT_MOST: u32 = 5;

/// In which order sources are asked for a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchOrder {
    /// One after the other; the first that delivers decides.
    #[default]
    Priority,
    /// All at once; the best of everything they found.
    Best,
}

/// What the user decided about a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Items carried out at once, at least 1.
    pub jobs: usize,
    /// What counts as the wanted recording.
    pub rules: Rules,
    /// Further tries of a source after a temporary failure.
    pub retries: u32,
    /// The longest wait a source may ask for.
    pub max_wait: Duration,
    /// Hits asked for in one search.
    pub hits_per_search: u32,
    /// In which order sources are asked.
    pub search: SearchOrder,
    /// For how long an answer to a search is good.
    pub cache_age: Duration,
    /// What becomes of files of an album that nobody wanted.
    pub extra_files: ExtraFiles,
}

/// Sources, library and rules, ready to carry a plan out.
pub struct Engine {
    lanes: Vec<Lane>,
    finisher: Finisher,
    options: Options,
    book: Arc<dyn SourceBook>,
}

/// How a run ended, besides what the plan says of each item.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended before the plan did.
    pub early: Option<EarlyEnd>,
    /// Everything that lost, in order of time.
    pub tried: Vec<Tried>,
    /// Sources left out on the way, with the reason.
    pub dropped: Vec<(SourceName, String)>,
    /// Items that wait for a source that rests.
    pub postponed: Vec<Postponed>,
    /// Albums that wait for tracks they lack.
    pub held: Vec<HeldAlbum>,
    /// What each source was asked for and what came of it.
    pub sources: Vec<SourceTotals>,
    /// Items that succeeded with a flaw.
    pub flaws: Vec<(TrackId, String)>,
    /// Wall time.
    pub took: Duration,
}

/// An item that waits for a source that rests.
#[derive(Clone, Debug, Serialize)]
pub struct Postponed {
    /// Which.
    pub id: TrackId,
    /// Its name for people.
    pub name: String,
    /// When the source can be asked again.
    pub until: Timestamp,
    /// Why it rests.
    pub reason: String,
}

/// Why a run ended before its plan did.
#[derive(Debug)]
pub enum EarlyEnd {
    /// The user stopped it.
    Interrupted,
    /// The disk does not take files.
    Disk {
        /// What it said, to which file.
        cause: String,
    },
    /// The journal cannot be written.
    Journal(JournalError),
}

impl Engine {
    /// Sources in order of preference, and what is kept of them between runs.
    pub fn new(
        lanes: Vec<Lane>,
        finisher: Finisher,
        options: Options,
        book: Arc<dyn SourceBook>,
    ) -> Self {
        Self {
            lanes,
            finisher,
            options,
            book,
        }
    }

    /// Carries out every pending item and returns when all are done, or the run was ended.
    /// One item's failure never stops the others.
    pub async fn run(
        self,
        plan: &mut Plan,
        journal: &mut dyn Journal,
        reporter: &mut dyn Reporter,
        cancel: &Cancel,
    ) -> Outcome {
        let clock = Instant::now();
        let (post, inbox) = Post::new();
        let options = self.options;
        let patience = Patience {
            retries: options.retries,
            max_wait: options.max_wait,
            stopping: false,
        };
        let now = Timestamp::now();
        let wrap = |lane: Lane| Arc::new(lane.wrap(&self.book, patience, options.cache_age, now));
        let context = Arc::new(Context {
            lanes: self.lanes.into_iter().map(wrap).collect(),
            finisher: self.finisher,
            rules: options.rules,
            patience,
            hits_per_search: options.hits_per_search,
            order: options.search,
            extra_files: options.extra_files,
            book: Arc::clone(&self.book),
            space: Arc::new(Space::default()),
        });
        if context.finisher.finishing.together {
            together::join_in(plan, |item| context.finisher.has_held(item));
        }
        let pending = plan.items_by_status(Status::Pending).count();
        if pending == 0 {
            tracing::info!("nothing to do: no item is pending");
        }
        reporter.event(&Event::RunStarted {
            statistics: plan.statistics(),
        });
        let finishing = &context.finisher.finishing;
        let together = finishing.together.then(|| Together::of(plan));
        let levels = finishing.album_gain && finishing.ffmpeg.is_some();
        let levelling = levels.then(|| Levelling::of(plan));
        let mut run = Run {
            plan,
            journal,
            reporter,
            context: Arc::clone(&context),
            cancel: cancel.clone(),
            post,
            most: options.jobs.max(1),
            jobs: JoinSet::new(),
            levelling,
            together,
            held: Vec::new(),
            running: HashMap::new(),
            returned: VecDeque::new(),
            albums: None,
            cancels: HashMap::new(),
            cancelled: HashSet::new(),
            waits: HashSet::new(),
            next: 0,
            dependent: Vec::new(),
            put_off: Vec::new(),
            before: HashMap::new(),
            book: Vec::new(),
            news: Vec::new(),
            done: 0,
            of: pending,
            early: None,
            tried: Vec::new(),
            flaws: Vec::new(),
            postponed: Vec::new(),
        };
        run.coordinate(inbox).await;
        let Run {
            early,
            tried,
            flaws,
            postponed,
            held,
            ..
        } = run;
        let took = clock.elapsed();
        let sources: Vec<SourceTotals> = context.lanes.iter().map(|lane| lane.totals()).collect();
        for totals in &sources {
            reporter.event(&Event::SourceFinished {
                totals: totals.clone(),
            });
        }
        reporter.event(&Event::RunFinished {
            statistics: plan.statistics(),
            took,
        });
        let dropped = context
            .lanes
            .iter()
            .filter_map(|lane| Some((lane.name().clone(), lane.dropped()?)))
            .collect();
        Outcome {
            early,
            tried,
            dropped,
            postponed,
            held,
            sources,
            flaws,
            took,
        }
    }
}

/// The coordinator's state during one run.
struct Run<'a> {
    plan: &'a mut Plan,
    journal: &'a mut dyn Journal,
    reporter: &'a mut dyn Reporter,
    context: Arc<Context>,
    cancel: Cancel,
    post: Post,
    /// Jobs that may work at once.
    most: usize,
    jobs: JoinSet<Done>,
    /// Albums whose loudness is wanted; `None`: it is not.
    levelling: Option<Levelling>,
    /// Albums that are published as a whole; `None`: none are.
    together: Option<Together>,
    held: Vec<HeldAlbum>,
    /// What was handed out and has not come back, by task.
    running: HashMap<tokio::task::Id, Work>,
    /// Plan positions that a claim gave back.
    returned: VecDeque<usize>,
    /// Plan positions by album; made when the first claim is.
    albums: Option<HashMap<AlbumKey, Vec<usize>>>,
    /// Plan positions of those among them that only wait.
    waits: HashSet<usize>,
    /// How to end what was handed out, by the plan position that leads it.
    cancels: HashMap<usize, Cancel>,
    /// Plan positions that the user cancelled while they were on their way.
    cancelled: HashSet<usize>,
    /// Where the search for the next pending item goes on.
    next: usize,
    /// Plan positions passed over because they wait for another item.
    dependent: Vec<usize>,
    /// Plan positions that wait for a source that rests, and when it can be asked.
    put_off: Vec<(Instant, usize)>,
    /// What is known of items that came back unfinished, by plan position.
    before: HashMap<usize, Before>,
    /// Entries for the next commit.
    book: Vec<Entry>,
    /// Events that wait for that commit.
    news: Vec<Event>,
    done: usize,
    of: usize,
    early: Option<EarlyEnd>,
    tried: Vec<Tried>,
    flaws: Vec<(TrackId, String)>,
    postponed: Vec<Postponed>,
}

impl Run<'_> {
    async fn coordinate(&mut self, mut inbox: mpsc::UnboundedReceiver<Letter>) {
        let cancel = self.cancel.clone();
        // Set once each, so that no flood of events moves them.
        let (mut deadline, mut last_call) = (None, None);
        let mut ear = tokio::time::interval(WISHES_EVERY);
        ear.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            while self.early.is_none() && self.has_room() && !cancel.is_stopping() {
                if let Some(waiting) = self.next_to_publish() {
                    self.publish(waiting);
                    continue;
                }
                if let Some(album) = self.next_to_level() {
                    self.level(album);
                    continue;
                }
                let Some(at) = self.take_next() else { break };
                self.start(at);
            }
            self.commit();
            let due = self.next_due();
            if self.running.is_empty() && due.is_none() {
                break;
            }
            tokio::select! {
                biased;
                Some(letter) = inbox.recv() => self.read(letter),
                Some(ended) = self.jobs.join_next_with_id() => {
                    self.settle(ended);
                    while let Some(ended) = self.jobs.try_join_next_with_id() {
                        self.settle(ended);
                    }
                }
                () = cancel.stopping(), if deadline.is_none() => {
                    self.reporter.event(&Event::Stopping);
                    self.early.get_or_insert(EarlyEnd::Interrupted);
                    deadline = Some(Instant::now() + FINISH_TIME);
                }
                () = until(due), if due.is_some() => {}
                _ = ear.tick() => self.hear_wishes(),
                () = until(deadline), if deadline.is_some() && !cancel.is_aborting() => cancel.abort(),
                () = cancel.aborting(), if last_call.is_none() => {
                    last_call = Some(Instant::now() + ABORT_TIME);
                }
                () = until(last_call), if last_call.is_some() => self.give_up_waiting(),
            }
        }
        while let Ok(letter) = inbox.try_recv() {
            self.read(letter);
        }
        if cancel.is_stopping() {
            self.early.get_or_insert(EarlyEnd::Interrupted);
        }
        self.leave_what_waits();
        self.tell_of_incomplete_albums();
        self.commit();
    }

    fn next_to_publish(&mut self) -> Option<Vec<Waiting>> {
        self.together.as_mut()?.next(self.plan)
    }

    fn publish(&mut self, waiting: Vec<Waiting>) {
        let positions = waiting.iter().map(|one| one.at).collect();
        let job = together::publish(waiting, Arc::clone(&self.context));
        let task = self.jobs.spawn(async move { Done::Items(job.await) });
        self.running.insert(task.id(), Work::Publish(positions));
    }

    /// The item is ready, and in progress until its album is.
    fn hold(&mut self, at: usize, finished: Finished, source: Option<SourceName>) {
        let item = &self.plan.items[at];
        let (id, name) = (item.id().clone(), item.display_name());
        self.flawed(&id, finished.flaws);
        self.news.push(Event::ItemHeld { id, name });
        if let Some(together) = &mut self.together {
            together.hold(at, source);
        }
    }

    /// Albums that are not whole wait for another run.
    fn leave_what_waits(&mut self) {
        let Some(together) = self.together.take() else {
            return;
        };
        self.held = together.not_whole(self.plan);
        for album in &self.held {
            self.news.push(Event::AlbumHeld(album.clone()));
        }
        for at in together.left() {
            self.give_back(at);
        }
    }

    fn flawed(&mut self, id: &TrackId, flaws: Vec<String>) {
        for message in flaws {
            self.news.push(Event::Flaw {
                id: id.clone(),
                message: message.clone(),
            });
            self.flaws.push((id.clone(), message));
        }
    }

    fn next_to_level(&mut self) -> Option<gain::Album> {
        self.levelling.as_mut()?.next(self.plan)
    }

    fn level(&mut self, album: gain::Album) {
        let cancel = self.cancel.clone();
        let job = gain::even_out(album, Arc::clone(&self.context), cancel);
        let task = self.jobs.spawn(async move { Done::Levelled(job.await) });
        self.running.insert(task.id(), Work::Gain);
    }

    fn settle_levelled(&mut self, levelled: Levelled) {
        let Levelled {
            album,
            artist,
            tracks,
            gain,
            rewritten,
            flaws,
        } = levelled;
        if !rewritten.is_empty() {
            self.book.push(Entry::Rewritten { placed: rewritten });
        }
        self.news.push(Event::AlbumGain {
            album,
            artist,
            tracks,
            of: tracks,
            gain: gain.map(|gain| gain.to_string()),
            why: flaws.first().map(|(_, why)| why.clone()),
        });
        for (id, message) in flaws {
            self.flawed(&id, vec![message]);
        }
    }

    fn tell_of_incomplete_albums(&mut self) {
        let Some(levelling) = &mut self.levelling else {
            return;
        };
        for (album, of) in levelling.incomplete(self.plan) {
            let tracks = album.len();
            let why = format!("{tracks} of {of} tracks are there");
            let (album, artist) = (album.title(), album.artist());
            tracing::info!(%artist, %album, %why, "no album gain yet");
            self.news.push(Event::AlbumGain {
                album,
                artist,
                tracks,
                of,
                gain: None,
                why: Some(why),
            });
        }
    }

    /// Whether another job may start. One after the other stays one after the other, whatever
    /// the one waits for.
    fn has_room(&self) -> bool {
        let working = self.running.len().saturating_sub(self.waits.len());
        working < self.most
            && (self.running.is_empty()
                || self.most > 1 && self.running.len() < self.most * WAITING_PER_JOB)
    }

    /// When an item that was put off can be tried again. `None`: nothing waits, or the run
    /// ends before.
    fn next_due(&self) -> Option<Instant> {
        if self.early.is_some() || self.cancel.is_stopping() || !self.has_room() {
            return None;
        }
        self.put_off.iter().map(|(due, _)| *due).min()
    }

    /// The position of the next item that can start. Items that wait for others, or for a
    /// source, are looked at again first.
    fn take_next(&mut self) -> Option<usize> {
        let now = Instant::now();
        while let Some(slot) = self.put_off.iter().position(|(due, _)| *due <= now) {
            let (_, at) = self.put_off.remove(slot);
            // The user may have cancelled it meanwhile.
            if self.plan.items[at].status() == Status::Pending {
                return Some(at);
            }
        }
        while let Some(at) = self.returned.pop_front() {
            // Another claim may have taken it meanwhile.
            if self.plan.items[at].status() == Status::Pending {
                return Some(at);
            }
        }
        for slot in 0..self.dependent.len() {
            let at = self.dependent[slot];
            match self.readiness(at) {
                Readiness::Ready => {
                    self.dependent.remove(slot);
                    return Some(at);
                }
                Readiness::Waits => {}
                Readiness::Never => {
                    self.dependent.remove(slot);
                    self.skip(at, SkipReason::Dependency);
                    return self.take_next();
                }
            }
        }
        while self.next < self.plan.items.len() {
            let at = self.next;
            self.next += 1;
            let item = &self.plan.items[at];
            if item.status() != Status::Pending {
                continue;
            }
            if item.kind != ItemKind::Track {
                tracing::warn!(id = %item.id(), kind = ?item.kind, "only tracks can be fetched");
                self.skip(at, SkipReason::NotATrack);
                continue;
            }
            match self.readiness(at) {
                Readiness::Ready => return Some(at),
                Readiness::Waits => self.dependent.push(at),
                Readiness::Never => self.skip(at, SkipReason::Dependency),
            }
        }
        None
    }

    fn readiness(&self, at: usize) -> Readiness {
        let mut readiness = Readiness::Ready;
        for dependency in &self.plan.items[at].dependencies {
            match self.plan.get_item(dependency).map(|item| item.status()) {
                Some(Status::Pending | Status::InProgress) => readiness = Readiness::Waits,
                Some(Status::Failed) => return Readiness::Never,
                Some(Status::Completed | Status::Skipped) | None => {}
            }
        }
        readiness
    }

    fn start(&mut self, at: usize) {
        let errand = self.errand(at);
        let item = &mut self.plan.items[at];
        let before = self.before.remove(&at).unwrap_or_default();
        let job = job::carry_out(item.clone(), Arc::clone(&self.context), errand, before);
        item.state = ItemState::InProgress;
        let (id, name) = (item.id().clone(), item.display_name());
        self.book.push(Entry::Started { id: id.clone() });
        self.reporter.event(&Event::ItemStarted { id, name });
        let task = self
            .jobs
            .spawn(async move { Done::Items(vec![(at, job.await)]) });
        self.running.insert(task.id(), Work::Track(at));
    }

    fn errand(&mut self, at: usize) -> Errand {
        let cancel = self.cancel.of_one_item();
        self.cancels.insert(at, cancel.clone());
        Errand {
            at,
            id: self.plan.items[at].id().clone(),
            cancel,
            post: self.post.clone(),
            fresh: false,
        }
    }

    fn read(&mut self, letter: Letter) {
        match letter {
            Letter::Event(event) => self.reporter.event(&event),
            Letter::Waits(at) => {
                // One that has come back in the meantime waits for nothing.
                if self.running.values().any(|work| work.leads(at)) {
                    self.waits.insert(at);
                }
            }
            Letter::GoesOn(at) => {
                self.waits.remove(&at);
            }
        }
    }

    fn settle(&mut self, ended: Result<(tokio::task::Id, Done), tokio::task::JoinError>) {
        let reports = match ended {
            Ok((task, done)) => {
                self.running.remove(&task);
                match done {
                    Done::Items(reports) => reports,
                    Done::Levelled(levelled) => {
                        return levelled.map_or((), |levelled| self.settle_levelled(levelled));
                    }
                }
            }
            Err(error) => {
                // A panic of ours: it costs the item, and the item only.
                let Some(work) = self.running.remove(&error.id()) else {
                    return;
                };
                if matches!(work, Work::Gain) {
                    tracing::error!(%error, "an album has no gain: internal error");
                }
                let report = |at| {
                    let error = format!("internal error: {error}");
                    (at, Report::bare(End::Failed { error }, Before::default()))
                };
                work.positions().into_iter().map(report).collect()
            }
        };
        for (at, report) in reports {
            self.settle_item(at, report);
        }
    }

    fn settle_item(&mut self, at: usize, report: Report) {
        self.waits.remove(&at);
        self.cancels.remove(&at);
        self.book
            .extend(report.attempts.into_iter().map(Entry::Attempt));
        self.tried.extend(report.tried);
        let id = self.plan.items[at].id().clone();
        if self.cancelled.remove(&at) {
            return self.settle_cancelled(at, report.end);
        }
        match report.end {
            End::Completed { finished, source } if finished.held => {
                self.hold(at, finished, source);
            }
            End::Completed { finished, source } => {
                self.flawed(&id, finished.flaws);
                let path = finished.placed[0].path.clone();
                if let Some(levelling) = &mut self.levelling {
                    levelling.placed(at, &finished.placed);
                }
                self.book.push(Entry::Completed {
                    id,
                    placed: finished.placed,
                    audio_hash: finished.audio_hash,
                });
                self.end(at, ItemState::Completed { path }, source);
            }
            End::Failed { error } => {
                self.plan.items[at].retry_count += 1;
                self.book.push(Entry::Failed {
                    id,
                    error: error.clone(),
                });
                self.end(at, ItemState::Failed { error }, None);
            }
            End::Kept { path, why } => {
                self.news.push(Event::Flaw {
                    id: id.clone(),
                    message: why.clone(),
                });
                self.flaws.push((id, why));
                self.skip_with(at, SkipReason::Exists, Some(path));
            }
            End::WantsAlbum(lane) => self.claim(at, lane, report.before),
            End::Returned => {
                self.give_back(at);
                self.before.insert(at, report.before);
                self.returned.push_back(at);
            }
            End::Postponed(rest) => self.postpone(at, rest, report.before),
            End::GivenBack => self.give_back(at),
            End::Stop { cause } => {
                self.give_back(at);
                self.early.get_or_insert(EarlyEnd::Disk { cause });
                self.cancel.stop();
            }
        }
    }

    /// The item joins the claim on its album at that source, or makes one of all tracks of the
    /// album that nobody works on.
    fn claim(&mut self, at: usize, lane: usize, before: Before) {
        let Some(key) = AlbumKey::of(&self.plan.items[at].track) else {
            // Only an item with an album asks for one.
            return self.give_back(at);
        };
        let mut first = self.member(at, before);
        for work in self.running.values() {
            if let Work::Album(claim) = work
                && claim.lane == lane
                && claim.key == key
            {
                match claim.join(first) {
                    Ok(()) => return,
                    // Its files are being matched already; this one comes too late.
                    Err(late) => first = late,
                }
            }
        }
        let mut members = vec![first];
        for other in self.of_album(&key) {
            let asked = self.before.get(&other);
            let may_have_it = asked.is_none_or(|before| !before.asked.contains(&lane));
            let item = &self.plan.items[other];
            let free = item.status() == Status::Pending
                && item.needs_source()
                && !self.context.finisher.has_held(item);
            if other == at || !free || !may_have_it || self.readiness(other) != Readiness::Ready {
                continue;
            }
            self.put_off.retain(|(_, waiting)| *waiting != other);
            let before = self.before.remove(&other).unwrap_or_default();
            let item = &mut self.plan.items[other];
            item.state = ItemState::InProgress;
            let (id, name) = (item.id().clone(), item.display_name());
            self.book.push(Entry::Started { id: id.clone() });
            self.news.push(Event::ItemStarted { id, name });
            members.push(self.member(other, before));
        }
        let claim = Arc::new(Claim::new(lane, key, members));
        let errand = self.errand(at);
        let job = album::carry_out(Arc::clone(&claim), Arc::clone(&self.context), errand);
        let task = self.jobs.spawn(async move { Done::Items(job.await) });
        self.running.insert(task.id(), Work::Album(claim));
    }

    fn member(&self, at: usize, before: Before) -> Member {
        Member {
            at,
            item: Arc::new(self.plan.items[at].clone()),
            before,
        }
    }

    /// Plan positions of the tracks of an album.
    fn of_album(&mut self, key: &AlbumKey) -> Vec<usize> {
        let albums = self.albums.get_or_insert_with(|| {
            let mut albums: HashMap<AlbumKey, Vec<usize>> = HashMap::new();
            for (at, item) in self.plan.items.iter().enumerate() {
                if let Some(key) = AlbumKey::of(&item.track) {
                    albums.entry(key).or_default().push(at);
                }
            }
            albums
        });
        albums.get(key).cloned().unwrap_or_default()
    }

    /// Whatever became of an item after its cancel, cancelled it stays. Only what is in the
    /// library already is written down as well.
    fn settle_cancelled(&mut self, at: usize, end: End) {
        let path = match end {
            End::Completed { finished, .. } if finished.held => {
                self.forget_held(at);
                None
            }
            End::Completed { finished, .. } => {
                let path = finished.placed[0].path.clone();
                self.book.push(Entry::Completed {
                    id: self.plan.items[at].id().clone(),
                    placed: finished.placed,
                    audio_hash: finished.audio_hash,
                });
                Some(path)
            }
            End::Stop { cause } => {
                self.early.get_or_insert(EarlyEnd::Disk { cause });
                self.cancel.stop();
                None
            }
            End::Failed { .. }
            | End::Kept { .. }
            | End::WantsAlbum(_)
            | End::Returned
            | End::Postponed(_)
            | End::GivenBack => None,
        };
        self.skip_with(at, SkipReason::Cancelled, path);
    }

    /// Does what others have asked for.
    fn hear_wishes(&mut self) {
        let wishes = match self.journal.wishes() {
            Ok(wishes) => wishes,
            Err(error) => {
                self.early.get_or_insert(EarlyEnd::Journal(error));
                return self.cancel.stop();
            }
        };
        for wish in wishes {
            match wish {
                Wish::CancelItem(id) => self.cancel_item(&id),
                Wish::DropSource(name) => {
                    let lanes = self.context.lanes.iter();
                    for lane in lanes.filter(|lane| *lane.name() == name) {
                        lane.end("cancelled");
                        self.news.push(Event::SourceDropped {
                            source: name.clone(),
                            reason: "cancelled".to_owned(),
                        });
                    }
                }
            }
        }
    }

    fn cancel_item(&mut self, id: &TrackId) {
        let Some(at) = self.plan.position_of(id) else {
            return;
        };
        match self.plan.items[at].status() {
            Status::Pending => self.skip(at, SkipReason::Cancelled),
            Status::InProgress if self.lets_go(at) => {
                self.forget_held(at);
                self.skip(at, SkipReason::Cancelled);
            }
            Status::InProgress => {
                self.cancelled.insert(at);
                if let Some(cancel) = self.cancels.get(&at).filter(|_| !self.leads_others(at)) {
                    cancel.abort();
                }
            }
            // Its end came first.
            Status::Completed | Status::Failed | Status::Skipped => {}
        }
    }

    /// Whether the item waited, and does not any more.
    fn lets_go(&mut self, at: usize) -> bool {
        let together = self.together.as_mut();
        together.is_some_and(|together| together.let_go(at))
    }

    fn forget_held(&self, at: usize) {
        let publisher = self.context.finisher.publisher();
        if let Err(error) = publisher.forget_held(self.plan.items[at].id()) {
            tracing::warn!(%error, "a file that nobody wants any more is left");
        }
    }

    /// Whether others are served by the same grab and are still wanted.
    fn leads_others(&self, at: usize) -> bool {
        let work = self.running.values().find(|work| work.leads(at));
        let positions = work.map(Work::positions).unwrap_or_default();
        positions
            .iter()
            .any(|other| !self.cancelled.contains(other))
    }

    /// The item is pending again.
    fn give_back(&mut self, at: usize) {
        let item = &mut self.plan.items[at];
        item.state = ItemState::Pending;
        self.book.push(Entry::Parked {
            id: item.id().clone(),
        });
    }

    /// The item waits for a source that rests: in this run if the user's patience goes so
    /// far, else for another one.
    fn postpone(&mut self, at: usize, rest: Rest, mut before: Before) {
        self.give_back(at);
        before.postponed += 1;
        let left = rest.until.saturating_duration_since(Instant::now());
        if left <= self.context.patience.max_wait && before.postponed < PUT_OFF_AT_MOST {
            self.put_off.push((rest.until, at));
            self.before.insert(at, before);
            return;
        }
        let item = &self.plan.items[at];
        let postponed = Postponed {
            id: item.id().clone(),
            name: item.display_name(),
            until: Timestamp::now().checked_add(left).unwrap_or(Timestamp::MAX),
            reason: rest.why,
        };
        self.news.push(Event::ItemPostponed(postponed.clone()));
        self.postponed.push(postponed);
    }

    fn skip(&mut self, at: usize, reason: SkipReason) {
        self.skip_with(at, reason, None);
    }

    fn skip_with(&mut self, at: usize, reason: SkipReason, path: Option<PathBuf>) {
        self.book.push(Entry::Skipped {
            id: self.plan.items[at].id().clone(),
            reason,
        });
        self.end(at, ItemState::Skipped { reason, path }, None);
    }

    /// Puts an item into its last state; the reporter hears of it after the commit.
    fn end(&mut self, at: usize, state: ItemState, source: Option<SourceName>) {
        self.done += 1;
        if let Some(levelling) = &mut self.levelling {
            levelling.settle(at);
        }
        if let Some(together) = &mut self.together {
            together.settle(at);
        }
        let item = &mut self.plan.items[at];
        item.state = state;
        self.news.push(Event::ItemFinished {
            id: item.id().clone(),
            name: item.display_name(),
            status: item.status(),
            source,
            path: item.state.output_path().map(std::path::Path::to_owned),
            error: item.state.error().map(str::to_owned),
            done: self.done,
            of: self.of,
        });
    }

    /// Writes the book, then spreads the news.
    fn commit(&mut self) {
        if !self.book.is_empty() {
            // The coordinator may block here: a commit takes a millisecond, and nothing may
            // be told before it is durable.
            if let Err(error) = self.journal.record(&self.book) {
                self.early.get_or_insert(EarlyEnd::Journal(error));
                self.cancel.stop();
            }
            self.book.clear();
        }
        for event in self.news.drain(..) {
            self.reporter.event(&event);
        }
    }

    /// Jobs that did not end in time are left behind; their items are pending again.
    fn give_up_waiting(&mut self) {
        self.jobs.abort_all();
        self.jobs.detach_all();
        for work in std::mem::take(&mut self.running).into_values() {
            for at in work.positions() {
                self.give_back(at);
            }
        }
        self.waits.clear();
    }
}

/// What was handed out.
enum Work {
    /// The item at that plan position.
    Track(usize),
    /// The tracks of an album.
    Album(Arc<Claim>),
    /// An album whose tracks are there.
    Gain,
    /// The tracks at those plan positions, which get their places.
    Publish(Vec<usize>),
}

/// What a task brings back.
enum Done {
    /// How items ended.
    Items(Vec<(usize, Report)>),
    /// What became of an album's loudness; `None`: there was nothing to do.
    Levelled(Option<Levelled>),
}

impl Work {
    fn positions(&self) -> Vec<usize> {
        match self {
            Work::Track(at) => vec![*at],
            Work::Album(claim) => claim.positions(),
            Work::Gain => Vec::new(),
            Work::Publish(positions) => positions.clone(),
        }
    }

    /// Whether the item at that position speaks for it.
    fn leads(&self, at: usize) -> bool {
        self.positions().first() == Some(&at)
    }
}

#[derive(PartialEq)]
enum Readiness {
    Ready,
    Waits,
    Never,
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
