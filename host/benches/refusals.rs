//! How often is verification wrong? Makes sounds in every format and layout, checks them, and
//! counts the refused; then makes lossless files of lossy ones and counts those it tells. Run by
//! `cargo xtask refusals`; fails when more than one whole file in a thousand is refused.

#![expect(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]

#[path = "../tests/verify/shapes.rs"]
#[expect(
    clippy::unwrap_used,
    reason = "a file that cannot be made ends the program"
)]
mod shapes;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use musicdl::ffmpeg::Ffmpeg;
use musicdl::verify::{Check, Expected, Reading, Verifier};

/// One refused in so many is the bound.
const BOUND: usize = 1_000;
const FILES: usize = 10_000;
/// Sounds that are made with every lossy encoding.
const FAKED_SOUNDS: usize = 60;

#[derive(Default)]
struct Counts {
    files: usize,
    /// Whole files that were refused, and why.
    refused: Vec<String>,
    undecoded: usize,
    lossless: usize,
    /// Lossless files that were called transcoded.
    accused: Vec<String>,
}

fn main() -> ExitCode {
    let wanted = std::env::args().skip(1).find_map(|word| word.parse().ok());
    let counts = refusals(wanted.unwrap_or(FILES));
    println!(
        "{} whole files: {} refused, {} not decoded",
        counts.files,
        counts.refused.len(),
        counts.undecoded
    );
    println!(
        "{} lossless among them: {} called transcoded",
        counts.lossless,
        counts.accused.len()
    );
    for line in counts.refused.iter().chain(&counts.accused).take(50) {
        println!("  {line}");
    }
    transcodes();
    if counts.refused.len() * BOUND > counts.files {
        println!("more than one in {BOUND} is refused");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn verifier() -> Verifier {
    let path = std::env::var_os("PATH");
    Verifier {
        ffmpeg: Ffmpeg::find(None, path.as_deref()),
        fingerprints: false,
    }
}

/// Each worker makes and checks one sound after the other.
fn in_turn(work: impl Fn(usize) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| while work(next.fetch_add(1, Ordering::Relaxed)) {});
        }
    });
}

fn refusals(wanted: usize) -> Counts {
    let counts = Mutex::new(Counts::default());
    let verifier = verifier();
    in_turn(|number| {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for made in shapes::make(dir.path(), number) {
            let expected = Expected {
                duration_ms: Some(made.ms),
            };
            let checked = verifier.check(&made.path, &expected);
            let mut counts = counts.lock().expect("nobody panics while counting");
            if counts.files == wanted {
                return false;
            }
            counts.files += 1;
            if counts.files.is_multiple_of(1_000) {
                println!("{} checked, {} refused", counts.files, counts.refused.len());
            }
            counts.lossless += usize::from(made.lossless);
            match checked {
                Err(error) => counts.refused.push(format!("{}: {error}", made.what)),
                Ok(verified) => {
                    let only = matches!(verified.check, Check::PacketsOnly { .. });
                    counts.undecoded += usize::from(only);
                    let cutoff = verified.cutoff;
                    if let Some(cutoff) = cutoff.filter(|c| c.reading == Reading::Transcoded) {
                        counts.accused.push(format!("{}: {cutoff}", made.what));
                    }
                }
            }
        }
        true
    });
    counts.into_inner().expect("nobody panics while counting")
}

fn transcodes() {
    let told = Mutex::new([0usize; shapes::LOSSY.len() + 1]);
    let verifier = Verifier::default();
    in_turn(|number| {
        if number >= FAKED_SOUNDS {
            return false;
        }
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        for (at, path) in shapes::make_fakes(dir.path(), number).iter().enumerate() {
            let verified = verifier.check(path, &Expected::default());
            let cutoff = verified.ok().and_then(|verified| verified.cutoff);
            if cutoff.is_some_and(|cutoff| cutoff.reading == Reading::Transcoded) {
                told.lock().expect("nobody panics while counting")[at] += 1;
            }
        }
        true
    });
    let told = told.into_inner().expect("nobody panics while counting");
    let names = shapes::LOSSY.iter().map(|(name, _)| *name);
    for (name, told) in names.chain(["genuine"]).zip(told) {
        println!("{name} made lossless: {told} of {FAKED_SOUNDS} called transcoded");
    }
}
