//! The steps of a large plan, measured from within; run by `cargo xtask bench`.

mod clock;
mod figures;

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use musicdl::engine::{Entry, Journal};
use musicdl::layout::RelPath;
use musicdl::music::{Track, TrackId};
use musicdl::plan::{Plan, PlanItem, dedup, order};
use musicdl::publish::Placed;
use musicdl::state::{ReadOnlyState, RunKind, State};

use clock::{cpu_of, ms};
use figures::figure;

const ITEMS: usize = 100_000;
/// Items that an earlier run finished, in the state that is resumed.
const FINISHED: usize = 60_000;
const ROUNDS: usize = 7;
const THIS_THREAD: &str = "/proc/thread-self";

/// What a step took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    /// Of this thread; `None` where the system does not tell.
    cpu: Option<Duration>,
}

fn main() {
    // What is met by words has to be read by them, which may take as long again.
    for (what, command, bound_ms) in [
        ("by id", listed as fn(usize) -> Track, 100),
        ("half of them by words only", half_in_words, 200),
    ] {
        let took = median(|| {
            let mut plan = plan(command);
            measured(|| {
                dedup::dedup(&mut plan);
                order::order(&mut plan);
            })
        });
        // Nothing in it waits: what others take of the machine is no time of ours.
        let counts = took.cpu.unwrap_or(took.wall);
        tell(
            &format!("de-duplicate and sort 100,000 items, {what}"),
            took,
            counts,
            bound_ms,
        );
    }

    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    fill(dir.path());
    let took = median(|| {
        measured(|| {
            let _state = State::open(dir.path()).expect("the state is ours");
            let reader = ReadOnlyState::open(dir.path()).expect("the state is there");
            let next = reader.first_pending().expect("the state is whole");
            assert!(next.is_some(), "something is left to do");
        })
    });
    tell(
        "resume 100,000 items: open, first pending one",
        took,
        took.wall,
        20,
    );
}

/// Tells what a step took and whether the time that counts is within the bound.
fn tell(what: &str, took: Took, counts: Duration, bound_ms: u64) {
    let cpu = took
        .cpu
        .map_or_else(String::new, |cpu| format!(", CPU {:.1} ms", ms(cpu)));
    figure(
        what,
        &format!("{:.1} ms{cpu}", ms(took.wall)),
        &format!("{bound_ms} ms"),
        counts <= Duration::from_millis(bound_ms),
    );
}

fn measured(step: impl FnOnce()) -> Took {
    let (started, cpu) = (Instant::now(), cpu_of(THIS_THREAD));
    step();
    let wall = started.elapsed();
    let cpu = cpu_of(THIS_THREAD)
        .zip(cpu)
        .map(|(after, before)| after.saturating_sub(before));
    Took { wall, cpu }
}

fn median(round: impl FnMut() -> Took) -> Took {
    let mut all: Vec<Took> = std::iter::repeat_with(round).take(ROUNDS).collect();
    all.sort_unstable_by_key(|took| took.cpu.unwrap_or(took.wall));
    all[ROUNDS / 2]
}

fn plan(command: fn(usize) -> Track) -> Plan {
    let items = (0..ITEMS)
        .map(|number| PlanItem::new(command(number)))
        .collect();
    Plan::new(items, Vec::new(), Timestamp::UNIX_EPOCH, "1".to_owned())
}

/// One in ten is wanted twice; artists and albums come in no order.
fn listed(number: usize) -> Track {
    let number = if number % 10 == 9 { number / 2 } else { number };
    // A prime, so that the order of the list is not that of the plan.
    let shuffled = number * 7_919 % ITEMS;
    Track {
        artists: vec![format!("Artist {} of the Étude", shuffled / 120)],
        album: Some(format!("Album {}", shuffled / 12)),
        track_number: u32::try_from(shuffled % 12 + 1).ok(),
        duration_ms: Some(180_000 + shuffled as u64 % 90_000),
        ..Track::new(
            TrackId::spotify(&format!("{number:022}")),
            format!("Song {shuffled} (Part 2)"),
        )
    }
}

/// Every second one has no id but its words, and has to be met by them.
fn half_in_words(number: usize) -> Track {
    let track = listed(number / 2);
    if number.is_multiple_of(2) {
        return track;
    }
    Track {
        id: TrackId::text(&format!("{number:032x}")),
        duration_ms: None,
        album: None,
        ..track
    }
}

/// A state in which a run was broken off after most of its work.
fn fill(dir: &Path) {
    let mut plan = plan(listed);
    dedup::dedup(&mut plan);
    order::order(&mut plan);
    let mut state = State::open(dir).expect("the state is ours");
    state
        .begin_run(Path::new("/music"), RunKind::Plan)
        .expect("the state can be written");
    state.save_plan(&plan).expect("the state can be written");
    let entries: Vec<Entry> = plan
        .items
        .iter()
        .take(FINISHED)
        .zip(0..)
        .map(finished)
        .collect();
    state.record(&entries).expect("the state can be written");
}

fn finished((item, number): (&PlanItem, usize)) -> Entry {
    let relative = RelPath::from_saved(&format!("Artist/Album {}/{number}.flac", number / 12))
        .expect("the path is inside");
    Entry::Completed {
        id: item.id().clone(),
        placed: vec![Placed {
            path: relative.under(Path::new("/music")),
            relative,
            size: 30_000_000,
            mtime_ns: 0,
        }],
        audio_hash: Some(format!("{number:064x}")),
    }
}
