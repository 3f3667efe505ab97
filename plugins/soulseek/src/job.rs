//! One download that was handed over, from its first reading to the last trace of it at
//! slskd. Each step asks slskd once or twice and says when to look again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use musicdl_plugin_api::{DownloadedFile, ErrorKind, Files, LogLevel, Progress, SourceError};

use crate::copy::copy;
use crate::core::{Core, ENDS_WITHIN};
use crate::error::{Asked, Failure};
use crate::follow::Mark;
use crate::landing::{self, Landed, Landing};
use crate::record::Transfer;
use crate::server::Setup;
use crate::state::{Stage, says};
use crate::target::Target;
use crate::watch::{Loss, Verdict, Watch};

/// Between two readings: at first and while bytes flow, and at most.
const OFTEN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(5);
/// A small file of a near peer is there at once: the first readings follow each other faster.
const FIRST: Duration = Duration::from_millis(250);
/// The peer is asked for our place no more often than this.
const PLACE: Duration = Duration::from_secs(30);
/// slskd moves a finished file within this, or while it still grows; sooner for a user who
/// has less patience with stalls.
const MOVED_WITHIN: Duration = Duration::from_secs(30);
/// slskd may restart meanwhile, and picks its downloads up again.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// What follows a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Again,
    Done,
}

/// How far a job is.
enum Phase {
    Following,
    /// The host knows the end; slskd still has to let go of the download.
    Clearing {
        since: Instant,
    },
}

/// One download.
pub(crate) struct Job {
    mark: Arc<Mark>,
    target: Target,
    setup: Arc<Setup>,
    ours: bool,
    /// Where the copy goes.
    to: PathBuf,
    codec: Option<String>,
    progress: Progress,
    watch: Watch,
    phase: Phase,
    began: Instant,
    due: Instant,
    place_asked: Option<Instant>,
    /// Since when slskd does not answer.
    silent: Option<Instant>,
    /// Since when it is called a success.
    done: Option<Instant>,
    /// After success: since when the file is waited for, and how much of it is there.
    landing: Option<(Instant, u64)>,
}

/// What a job begins with.
pub(crate) struct Handed {
    pub(crate) mark: Mark,
    pub(crate) target: Target,
    pub(crate) setup: Arc<Setup>,
    pub(crate) ours: bool,
    pub(crate) to: PathBuf,
    pub(crate) codec: Option<String>,
    pub(crate) progress: Progress,
}

impl Job {
    pub(crate) fn new(handed: Handed, core: &Core) -> Self {
        let now = Instant::now();
        Self {
            mark: Arc::new(handed.mark),
            target: handed.target,
            setup: handed.setup,
            ours: handed.ours,
            to: handed.to,
            codec: handed.codec,
            progress: handed.progress,
            watch: Watch::new(core.patience, now),
            phase: Phase::Following,
            began: now,
            due: now + FIRST,
            place_asked: None,
            silent: None,
            done: None,
            landing: None,
        }
    }

    pub(crate) fn mark(&self) -> &Arc<Mark> {
        &self.mark
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        now >= self.due || (self.is_followed() && self.is_cancelled())
    }

    fn is_followed(&self) -> bool {
        matches!(self.phase, Phase::Following)
    }

    fn is_cancelled(&self) -> bool {
        self.mark.is_cancelled() || self.progress.is_cancelled()
    }

    /// Tells the host that it came to nothing.
    pub(crate) fn fail(&self, error: SourceError) {
        self.progress.failed(error);
    }

    /// Looks once. `shares` says whether another job follows the same download.
    pub(crate) fn step(&mut self, core: &Core, shares: &dyn Fn() -> bool) -> Next {
        match self.phase {
            Phase::Following if self.is_cancelled() => {
                self.fail(SourceError::cancelled());
                self.let_go(core, shares, false)
            }
            Phase::Following => self.read(core, shares),
            Phase::Clearing { since } => self.clear(core, since),
        }
    }

    fn read(&mut self, core: &Core, shares: &dyn Fn() -> bool) -> Next {
        let transfer = match core
            .api
            .transfer(&self.target.username, &self.mark.transfer)
        {
            Ok(transfer) => transfer,
            Err(failure) if failure.status() == Some(404) => {
                return self.lose(core, shares, &Loss::Vanished);
            }
            Err(failure) => return self.no_answer(core, shares, failure),
        };
        self.silent = None;
        let verdict = self.watch.read(&transfer, Instant::now());
        let size = self.target.size;
        if self.watch.bytes() > 0 {
            self.progress
                .bytes(self.watch.bytes().min(size), Some(size));
        }
        match verdict {
            Verdict::UnderWay(stage) => {
                (self.done, self.landing) = (None, None);
                self.tell(core, stage, &transfer);
                self.again_in(self.pause(stage))
            }
            Verdict::Doubtful => {
                self.progress.state("failed once, slskd may try again");
                self.again_in(OFTEN)
            }
            Verdict::Succeeded => self.land(core, shares, &transfer),
            Verdict::Lost(loss) => self.lose(core, shares, &loss),
        }
    }

    fn again_in(&mut self, pause: Duration) -> Next {
        self.due = Instant::now() + pause;
        Next::Again
    }

    fn pause(&self, stage: Stage) -> Duration {
        let age = self.began.elapsed();
        let most = match stage {
            Stage::Running | Stage::Starting => OFTEN,
            Stage::QueuedHere | Stage::QueuedThere | Stage::Succeeded | Stage::Failed(_) => SELDOM,
        };
        let early = (age / 2).clamp(FIRST, OFTEN);
        (age / 10).clamp(early, most.max(early))
    }

    fn tell(&mut self, core: &Core, stage: Stage, transfer: &Transfer) {
        let peer = &self.target.username;
        match stage {
            Stage::QueuedHere => self.progress.state("queued in slskd"),
            Stage::QueuedThere => {
                let asked = self.place_asked.is_none_or(|at| at.elapsed() >= PLACE);
                let place = if asked {
                    self.place_asked = Some(Instant::now());
                    // The peer may not say, or take its time; slskd keeps the last answer.
                    let place = core.api.position(peer, &self.mark.transfer);
                    place.ok().or(transfer.place_in_queue)
                } else {
                    transfer.place_in_queue
                };
                let words = match place {
                    Some(place) if place > 0 => {
                        format!("queued at {peer}, {} before us", place - 1)
                    }
                    _ => format!("queued at {peer}"),
                };
                self.progress.state(&words);
            }
            Stage::Starting => self.progress.state(&format!("{peer} begins")),
            Stage::Running | Stage::Succeeded | Stage::Failed(_) => {}
        }
    }

    fn no_answer(&mut self, core: &Core, shares: &dyn Fn() -> bool, failure: Failure) -> Next {
        let error = core.api.report(failure, Asked::Transfer);
        let since = *self.silent.get_or_insert_with(Instant::now);
        let passing = matches!(error.kind, ErrorKind::Transient | ErrorKind::RateLimited);
        if passing && since.elapsed() < SILENT_FOR {
            self.progress.state("slskd does not answer");
            return self.again_in(OFTEN);
        }
        self.fail(error);
        self.let_go(core, shares, false)
    }

    fn lose(&mut self, core: &Core, shares: &dyn Fn() -> bool, loss: &Loss) -> Next {
        let peer = &self.target.username;
        if loss.is_the_peers() && core.peers.failed(peer) {
            let fields = [("peer", peer.as_str())];
            core.api.host().log(
                LogLevel::INFO,
                "left alone for the rest of the run",
                &fields,
            );
        }
        self.fail(loss.report(peer));
        self.let_go(core, shares, loss.is_over())
    }

    // ---- the finished file

    fn land(&mut self, core: &Core, shares: &dyn Fn() -> bool, transfer: &Transfer) -> Next {
        let done = *self.done.get_or_insert_with(Instant::now);
        let (target, waited) = (&self.target, done.elapsed());
        let landing = match landing::look(&core.api, &self.setup, target, transfer, waited) {
            Ok(landing) => landing,
            Err(error) if error.kind == ErrorKind::Transient && waited < SILENT_FOR => {
                self.progress.state("slskd does not answer");
                return self.again_in(OFTEN);
            }
            Err(error) => {
                self.fail(error);
                return self.let_go(core, shares, true);
            }
        };
        match landing {
            Landing::There(landed) => self.deliver(core, shares, &landed),
            Landing::Partly(bytes) => {
                let now = Instant::now();
                let (since, most) = *self.landing.get_or_insert((now, bytes));
                if bytes > most {
                    self.landing = Some((now, bytes));
                } else if since.elapsed() >= MOVED_WITHIN.min(core.patience.stall) {
                    self.fail(self.no_file(bytes));
                    return self.let_go(core, shares, true);
                }
                self.progress.state("slskd puts the file into place");
                self.again_in(FIRST.max(since.elapsed()).min(OFTEN))
            }
            Landing::Unclear(paths) => {
                let paths: Vec<String> = paths
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect();
                self.fail(SourceError::permanent(format!(
                    "several files may be the one slskd fetched: {}",
                    paths.join(", ")
                )));
                self.let_go(core, shares, true)
            }
        }
    }

    fn no_file(&self, bytes: u64) -> SourceError {
        if let Err(error) = self.setup.downloads.check() {
            return error;
        }
        let size = self.target.size;
        let local = self.setup.downloads.local().display();
        SourceError::transient(match bytes {
            0 => format!("slskd is done, but there is no such file below {local}"),
            _ => format!("the file below {local} has {bytes} bytes, the peer announced {size}"),
        })
    }

    /// Other downloads wait for the copy: it takes seconds, and their limit of silence is
    /// minutes.
    fn deliver(&mut self, core: &Core, shares: &dyn Fn() -> bool, landed: &Landed) -> Next {
        let size = self.target.size;
        if let Err(error) = copy(&landed.path, &self.to, size, &self.progress) {
            self.fail(error);
            return self.let_go(core, shares, true);
        }
        core.peers.delivered(&self.target.username);
        self.progress.bytes(size, Some(size));
        self.progress.finished(Files::one(DownloadedFile {
            codec: self.codec.clone(),
            ..DownloadedFile::at(self.to.clone())
        }));
        if core.remove_finished && self.ours && !shares() {
            remove(core, landed);
        }
        self.let_go(core, shares, true)
    }

    // ---- letting go

    /// Takes our download off slskd's list, after it ended or was told to. `is_over`: it did.
    fn let_go(&mut self, core: &Core, shares: &dyn Fn() -> bool, is_over: bool) -> Next {
        if !self.ours || shares() {
            return Next::Done;
        }
        let (username, id) = (&self.target.username, &self.mark.transfer);
        if is_over {
            core.forget(username, id);
            return Next::Done;
        }
        if !core.cancel(username, id) {
            return Next::Done;
        }
        self.phase = Phase::Clearing {
            since: Instant::now(),
        };
        self.again_in(FIRST)
    }

    /// A cancel takes a moment, and only what is over can be removed.
    fn clear(&mut self, core: &Core, since: Instant) -> Next {
        let (username, id) = (&self.target.username, &self.mark.transfer);
        match core.api.transfer(username, id) {
            Ok(transfer)
                if !says(&transfer.state, "Completed") && since.elapsed() < ENDS_WITHIN =>
            {
                self.again_in(OFTEN / 2)
            }
            _ => {
                core.forget(username, id);
                Next::Done
            }
        }
    }
}

/// Removes slskd's copy, as the user asked for, by slskd itself: its directory may not be
/// ours to write to.
fn remove(core: &Core, landed: &Landed) {
    let outcome = match &landed.own_directory {
        Some(directory) => core.api.delete_directory(directory),
        None => core.api.delete_file(&landed.relative),
    };
    if let Err(failure) = outcome {
        let error = core.api.report(failure, Asked::Transfer);
        core.api.host().log(
            LogLevel::WARN,
            "slskd's copy stays: `remove_finished` needs slskd's `remote_file_management`",
            &[("file", &landed.relative), ("why", &error.message)],
        );
    }
}
