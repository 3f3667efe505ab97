//! The coordinator: starts jobs, receives their messages, writes the journal, then emits events. Which
//! item is next is in `queue`, what becomes of one that came back in `settle`, how tracks join a
//! claim in `albums`, what waits for the rest of its album in `held`, whose loudness is measured in
//! `levels`, what others ask of the run in `commands`, and which downloads they see in `downloads`.

mod albums;
mod commands;
mod downloads;
mod held;
#[cfg(test)]
mod interleavings;
mod levels;
mod queue;
mod settle;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::album::gain::{Levelled, Levelling};
use super::album::together::{HeldAlbum, Together};
use super::album::{AlbumKey, Claim};
use super::cancel::Cancel;
use super::event::{Event, Reporter, Tried};
use super::executor::{Executor, JobId};
use super::job::{Context, History, JobReport};
use super::journal::{Entry, Journal};
use super::mailbox::{ControlMessage, Mailbox, MailboxSender};
use super::{EarlyEnd, Postponed};
use crate::music::TrackId;
use crate::plan::{ItemState, Plan, PlanItem, SkipReason, Status};
use downloads::Downloads;
use queue::Dependents;

/// After a polite stop, running jobs have this long (promises A5).
const FINISH_TIME: Duration = Duration::from_secs(5);
/// After an abort, running jobs have this long to clean up.
const ABORT_TIME: Duration = Duration::from_secs(1);

/// So many items may be on their way for each that really works: the others wait for sources
/// that are slow for reasons of their own.
const WAITING_PER_JOB: usize = 4;
/// What is to be written waits so long for more of it: a commit takes as long for one entry as for
/// a hundred, and nobody is served while it does.
const GATHER: Duration = Duration::from_millis(20);
/// How often events of running jobs reach the reporter.
const EVENTS_EVERY: Duration = Duration::from_millis(50);
/// How often a run looks whether somebody asks something of it.
const COMMANDS_EVERY: Duration = Duration::from_millis(250);
/// How often the journal is told which downloads are going on.
const DOWNLOADS_EVERY: Duration = Duration::from_secs(1);

/// The coordinator's state during one run.
pub(super) struct Run<'a> {
    plan: &'a mut Plan,
    journal: &'a mut dyn Journal,
    reporter: &'a mut dyn Reporter,
    context: Arc<Context>,
    cancel: Cancel,
    mailbox: MailboxSender,
    /// Jobs that may work at once.
    most: usize,
    jobs: Executor<Done>,
    /// Albums whose loudness is wanted; `None`: it is not.
    levelling: Option<Levelling>,
    /// Albums that are published as a whole; `None`: none are.
    together: Option<Together>,
    /// What was handed out and has not come back, by job.
    running: HashMap<JobId, Work>,
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
    /// Items that wait for others to end.
    dependents: Dependents,
    /// Plan positions that wait for a source that rests, and when it can be asked.
    put_off: Vec<(Instant, usize)>,
    /// What is known of items that came back unfinished, by plan position.
    history: HashMap<usize, History>,
    /// Downloads that are going on.
    downloads: Downloads,
    /// Entries for the next commit.
    entries: Vec<Entry>,
    /// Events that wait for that commit.
    events: Vec<Event>,
    done: usize,
    of: usize,
    pub(super) early: Option<EarlyEnd>,
    pub(super) tried: Vec<Tried>,
    pub(super) flaws: Vec<(TrackId, String)>,
    pub(super) postponed: Vec<Postponed>,
    pub(super) held: Vec<HeldAlbum>,
}

impl<'a> Run<'a> {
    /// A run that has not begun; at most `most` jobs work at once.
    pub(super) fn new(
        (plan, journal, reporter): (&'a mut Plan, &'a mut dyn Journal, &'a mut dyn Reporter),
        context: Arc<Context>,
        (cancel, mailbox): (Cancel, MailboxSender),
        most: usize,
    ) -> Self {
        let of = plan.items_by_status(Status::Pending).count();
        let finishing = &context.finisher.finishing;
        let together = finishing.together.then(|| Together::of(plan));
        let levels = finishing.album_gain && finishing.ffmpeg.is_some();
        let levelling = levels.then(|| Levelling::of(plan));
        Self {
            plan,
            journal,
            reporter,
            context,
            cancel,
            mailbox,
            most,
            jobs: Executor::new(),
            levelling,
            together,
            running: HashMap::new(),
            returned: VecDeque::new(),
            albums: None,
            cancels: HashMap::new(),
            cancelled: HashSet::new(),
            waits: HashSet::new(),
            next: 0,
            dependents: Dependents::default(),
            put_off: Vec::new(),
            history: HashMap::new(),
            downloads: Downloads::default(),
            entries: Vec::new(),
            events: Vec::new(),
            done: 0,
            of,
            early: None,
            tried: Vec::new(),
            flaws: Vec::new(),
            postponed: Vec::new(),
            held: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// Carries out everything that is pending.
    pub(super) async fn coordinate(&mut self, mut inbox: Mailbox) {
        let cancel = self.cancel.clone();
        // Set once each, so that no flood of events moves them.
        let (mut deadline, mut last_call) = (None, None);
        let mut commit_at = None;
        let mut command_tick = tokio::time::interval(COMMANDS_EVERY);
        command_tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut event_tick = tokio::time::interval(EVENTS_EVERY);
        event_tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut download_tick = tokio::time::interval(DOWNLOADS_EVERY);
        download_tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
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
            if commit_at.is_none() && !(self.entries.is_empty() && self.events.is_empty()) {
                commit_at = Some(Instant::now() + GATHER);
            }
            let due = self.next_due();
            if self.running.is_empty() && due.is_none() {
                break;
            }
            tokio::select! {
                biased;
                () = until(commit_at), if commit_at.is_some() => {
                    commit_at = None;
                    self.commit();
                }
                Some(message) = inbox.control.recv() => self.handle(message),
                (job, ended) = self.jobs.next() => {
                    self.settle(job, ended);
                    while let Some((job, ended)) = self.jobs.try_next() {
                        self.settle(job, ended);
                    }
                    // What they told on the way comes before their ends.
                    self.flush_events(&mut inbox);
                }
                () = cancel.stopping(), if deadline.is_none() => {
                    self.reporter.event(&Event::Stopping);
                    self.early.get_or_insert(EarlyEnd::Interrupted);
                    deadline = Some(Instant::now() + FINISH_TIME);
                }
                () = until(due), if due.is_some() => {}
                _ = command_tick.tick() => self.poll_commands(),
                _ = event_tick.tick() => self.flush_events(&mut inbox),
                _ = download_tick.tick() => self.note_downloads(),
                () = until(deadline), if deadline.is_some() && !cancel.is_aborting() => cancel.abort(),
                () = cancel.aborting(), if last_call.is_none() => {
                    last_call = Some(Instant::now() + ABORT_TIME);
                }
                () = until(last_call), if last_call.is_some() => self.give_up_waiting(),
            }
        }
        self.flush_events(&mut inbox);
        if cancel.is_stopping() {
            self.early.get_or_insert(EarlyEnd::Interrupted);
        }
        // A cancel that came after the last look was confirmed as well.
        self.poll_commands();
        self.leave_what_waits();
        self.tell_of_incomplete_albums();
        self.commit();
    }

    /// Whether another job may start. One after the other stays one after the other, whatever
    /// the one waits for.
    fn has_room(&self) -> bool {
        let working = self.running.len().saturating_sub(self.waits.len());
        working < self.most
            && (self.running.is_empty()
                || self.most > 1 && self.running.len() < self.most * WAITING_PER_JOB)
    }

    /// Emits what jobs have sent.
    fn flush_events(&mut self, inbox: &mut Mailbox) {
        while let Ok(event) = inbox.events.try_recv() {
            let status_of = |id: &TrackId| self.plan.get_item(id).map(PlanItem::status);
            self.downloads
                .hear(&event, |id| status_of(id) == Some(Status::InProgress));
            self.reporter.event(&event);
        }
    }

    /// Lets other processes see which downloads are going on.
    fn note_downloads(&mut self) {
        let Some(downloads) = self.downloads.take_changed() else {
            return;
        };
        if let Err(error) = self.journal.downloads(&downloads) {
            // The next entry that matters will say whether the run can go on.
            tracing::warn!(%error, "what is being fetched cannot be seen by others");
        }
    }

    fn handle(&mut self, message: ControlMessage) {
        match message {
            ControlMessage::Waits(at) => {
                // One that has come back in the meantime waits for nothing.
                if self.running.values().any(|work| work.leads(at)) {
                    self.waits.insert(at);
                }
            }
            ControlMessage::GoesOn(at) => {
                self.waits.remove(&at);
            }
        }
    }

    /// Writes the journal, then emits what waited for it. An end that could not be written is
    /// not reported: its item is pending again, and the next run sees what is on disk.
    fn commit(&mut self) {
        let mut unwritten = self.sync_names();
        if !self.entries.is_empty() {
            // The coordinator may block here: a commit takes a millisecond, and nothing may
            // be reported before it is durable.
            if let Err(error) = self.journal.record(&self.entries) {
                self.early.get_or_insert(EarlyEnd::Journal(error));
                self.cancel.stop();
                unwritten.extend(self.entries.iter().filter_map(Entry::ended).cloned());
            }
            self.entries.clear();
        }
        self.take_back_ends(&unwritten);
        for event in self.events.drain(..) {
            self.reporter.event(&event);
        }
    }

    /// What is to be written down as done has its name on disk before. The items of which that
    /// is not so: their entries are dropped.
    fn sync_names(&mut self) -> HashSet<TrackId> {
        let is_done = |entry: &Entry| matches!(entry, Entry::Completed { .. });
        if !self.entries.iter().any(is_done) {
            return HashSet::new();
        }
        let Err(error) = self.context.finisher.publisher().sync_names() else {
            return HashSet::new();
        };
        let cause = error.to_string();
        self.early.get_or_insert(EarlyEnd::Disk { cause });
        self.cancel.stop();
        let nameless = self.entries.extract_if(.., |entry| is_done(entry));
        let mut nameless: HashSet<TrackId> = nameless
            .filter_map(|entry| entry.ended().cloned())
            .collect();
        // A cancelled item whose file arrived all the same stays cancelled.
        for entry in &self.entries {
            entry.ended().map(|id| nameless.remove(id));
        }
        nameless
    }

    /// Items whose end is not in the journal are pending again.
    fn take_back_ends(&mut self, unwritten: &HashSet<TrackId>) {
        if unwritten.is_empty() {
            return;
        }
        self.events.retain(|event| match event {
            Event::ItemFinished { id, .. } => !unwritten.contains(id),
            _ => true,
        });
        for id in unwritten {
            let Some(at) = self.plan.position_of(id) else {
                continue;
            };
            let item = &mut self.plan.items[at];
            if item.status().is_end() {
                item.state = ItemState::Pending;
                self.done -= 1;
            }
        }
    }

    /// Jobs that did not end in time are left behind; their items are pending again.
    fn give_up_waiting(&mut self) {
        self.jobs.leave_all();
        for work in std::mem::take(&mut self.running).into_values() {
            for at in work.positions() {
                match self.cancelled.remove(&at) {
                    true => self.skip(at, SkipReason::Cancelled),
                    false => self.give_back(at),
                }
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
    Items(Vec<(usize, JobReport)>),
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

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
