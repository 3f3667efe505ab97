//! What jobs, a user and late answers say to the coordinator, in the orders it can arrive in.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use shuttle::sync::mpsc as channel;
use shuttle::thread;
use tempfile::TempDir;

use super::*;
use crate::engine::fallback::Patience;
use crate::engine::finish::{Finished, Finisher, Finishing};
use crate::engine::job::JobOutcome;
use crate::engine::journal::{Command, CurrentDownload, JournalError};
use crate::engine::space::Space;
use crate::engine::{ExtraFiles, NoMemory, SearchOrder};
use crate::layout::RelPath;
use crate::matching::Rules;
use crate::music::Track;
use crate::plan::{ItemState, PlanItem};
use crate::publish::{Placed, Publisher};

/// Orders that are tried; there are too many for all.
const ORDERS: usize = 3_000;

/// What arrives at the coordinator.
enum Input {
    ControlMessage(ControlMessage),
    Ended(usize, JobOutcome),
    Cancelled(TrackId),
}

/// Everything that was written down, and told, in one order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn push(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Journal for Log {
    fn record(&mut self, entries: &[Entry]) -> Result<(), JournalError> {
        for entry in entries {
            let (what, id) = match entry {
                Entry::Started { id } => ("started", id),
                Entry::Parked { id } => ("parked", id),
                Entry::Completed { id, .. } => ("completed", id),
                Entry::Failed { id, .. } => ("failed", id),
                Entry::Skipped { id, .. } => ("skipped", id),
                Entry::Attempt(attempt) => ("attempt", &attempt.id),
                Entry::Rewritten { .. } => continue,
            };
            self.push(format!("written {what} {id}"));
        }
        Ok(())
    }

    fn downloads(&mut self, _: &[CurrentDownload]) -> Result<(), JournalError> {
        Ok(())
    }

    fn commands(&mut self) -> Result<Vec<Command>, JournalError> {
        Ok(Vec::new())
    }
}

impl Reporter for Log {
    fn event(&mut self, event: &Event) {
        if let Event::ItemFinished { id, status, .. } = event {
            self.push(format!("told {status} {id}"));
        }
    }
}

/// A library that nothing is put into, for all orders.
fn context() -> Arc<Context> {
    static CONTEXT: OnceLock<(TempDir, Arc<Context>)> = OnceLock::new();
    let (_, context) = CONTEXT.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let publisher = Arc::new(Publisher::open(dir.path()).unwrap());
        let context = Context {
            handles: Vec::new(),
            finisher: Finisher::new(publisher, Finishing::default()),
            rules: Rules::default(),
            patience: Patience {
                retries: 0,
                max_wait: Duration::ZERO,
                stopping: false,
            },
            hits_per_search: 1,
            order: SearchOrder::Priority,
            extra_files: ExtraFiles::Discard,
            memory: Arc::new(NoMemory),
            space: Arc::new(Space::default()),
        };
        (dir, Arc::new(context))
    });
    Arc::clone(context)
}

/// A coordinator to whom all items of the plan were handed out.
fn run<'a>(plan: &'a mut Plan, journal: &'a mut Log, reporter: &'a mut Log) -> Run<'a> {
    let (mailbox, _inbox) = MailboxSender::new();
    let mut run = Run::new(
        (plan, journal, reporter),
        context(),
        (Cancel::new(), mailbox),
        4,
    );
    for item in &mut run.plan.items {
        item.state = ItemState::InProgress;
    }
    run.next = run.of;
    run
}

fn delivered() -> JobOutcome {
    let relative = RelPath::from_saved("Ann/Owl.wav").unwrap();
    JobOutcome::Completed {
        finished: Finished {
            held: false,
            findings: None,
            placed: vec![Placed {
                path: PathBuf::from("Ann/Owl.wav"),
                relative,
                size: 1,
                mtime_ns: 1,
            }],
            audio_hash: None,
            flaws: Vec::new(),
        },
        source: None,
    }
}

/// Three tracks on their way: one that is delivered, one that ends when it is cancelled, one
/// that was given up. A user who cancels the first two, and answers that come after the end.
fn three_tracks_and_a_user() {
    let titles = ["Owl", "Wren", "Crane"];
    let items = titles.map(|title| PlanItem::new(Track::new(TrackId::text(title), title)));
    let mut plan = Plan::new(items.to_vec(), Vec::new(), Timestamp::now(), "1".to_owned());
    let log = Log::default();
    let (mut journal, mut reporter) = (log.clone(), log.clone());
    let mut run = run(&mut plan, &mut journal, &mut reporter);
    let cancels: Vec<Cancel> = (0..3).map(|at| run.call_context(at).cancel).collect();
    let (sender, inbox) = channel::channel();

    let owl = sender.clone();
    let delivers = thread::spawn(move || {
        owl.send(Input::ControlMessage(ControlMessage::Waits(0)))
            .unwrap();
        owl.send(Input::ControlMessage(ControlMessage::GoesOn(0)))
            .unwrap();
        owl.send(Input::Ended(0, delivered())).unwrap();
        // Its source speaks on.
        owl.send(Input::ControlMessage(ControlMessage::Waits(0)))
            .unwrap();
    });
    let (wren, cancel) = (sender.clone(), cancels[1].clone());
    let listens = thread::spawn(move || {
        thread::yield_now();
        let end = if cancel.is_aborting() {
            JobOutcome::GivenBack
        } else {
            JobOutcome::Failed {
                error: "found nothing".to_owned(),
            }
        };
        wren.send(Input::Ended(1, end)).unwrap();
    });
    let crane = sender.clone();
    let fails = thread::spawn(move || {
        crane
            .send(Input::ControlMessage(ControlMessage::Waits(2)))
            .unwrap();
        let error = "found nothing".to_owned();
        crane
            .send(Input::Ended(2, JobOutcome::Failed { error }))
            .unwrap();
    });
    let user = thread::spawn(move || {
        for title in ["Owl", "Wren"] {
            let id = TrackId::text(title);
            sender.send(Input::Cancelled(id)).unwrap();
        }
    });

    let mut wished_before_end = [false; 3];
    let mut ended = [false; 3];
    for input in inbox {
        match input {
            Input::ControlMessage(message) => run.handle(message),
            Input::Ended(at, end) => {
                ended[at] = true;
                run.settle_item(at, JobReport::bare(end, History::default()));
            }
            Input::Cancelled(id) => {
                let at = run.plan.position_of(&id).unwrap();
                wished_before_end[at] = !ended[at];
                run.cancel_item(&id);
            }
        }
        run.commit();
    }
    for thread in [delivers, listens, fails, user] {
        thread.join().unwrap();
    }
    assert!(run.waits.is_empty() && run.cancels.is_empty() && run.cancelled.is_empty());
    assert_eq!(run.done, 3);
    let expected = [
        (Status::Completed, wished_before_end[0]),
        (Status::Failed, wished_before_end[1]),
        (Status::Failed, wished_before_end[2]),
    ];
    for (item, (otherwise, cancelled)) in plan.items.iter().zip(expected) {
        let status = if cancelled {
            Status::Skipped
        } else {
            otherwise
        };
        assert_eq!(item.status(), status, "{}", item.track.title());
        written_once_and_then_told_once(&log, item.id(), status);
    }
}

/// Nobody hears of an end that is not durable, or of two.
fn written_once_and_then_told_once(log: &Log, id: &TrackId, status: Status) {
    let lines = log.0.lock().unwrap();
    let of = |line: &&String| line.ends_with(&format!(" {id}"));
    let lines: Vec<&String> = lines.iter().filter(of).collect();
    let told: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].starts_with("told "))
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    let written = format!("written {status} {id}");
    let written = lines.iter().position(|line| **line == written);
    assert!(
        written.is_some_and(|written| written < told[0]),
        "{lines:?}"
    );
}

#[test]
fn whatever_comes_first_a_cancel_is_never_overwritten_and_every_end_is_told_once() {
    shuttle::check_random(three_tracks_and_a_user, ORDERS);
}
