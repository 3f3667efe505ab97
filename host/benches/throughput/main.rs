//! Bodies from a server on this machine into a library, by the whole engine; against the least
//! that can be written with the same HTTP client, and against aria2c. Run by `cargo xtask
//! bench`.
//!
//! Each of them, and the server, is a process of its own, so that nobody's processor time and
//! memory is counted for another. They take turns, several times over, and the median counts.
//! What they leave is emptied at once and removed at the very end: some file systems (ext4 without
//! a journal) look past every file that was removed within some minutes when they make one, so
//! that whoever comes later would pay for it. Two runs should be as far apart.
//!
//! The others do nothing to audio, which is most of the engine's work. So it is compared twice:
//!
//! - with audio apart: the engine is given an eye that looks at the size of a file and nothing
//!   more, and files that it leaves as they came. Everything else is as in any run;
//! - with audio on both sides: the bare program, too, checks each file and tags a copy, by the
//!   same calls. Nothing has to be taken out.
//!
//! Memory is that of the engine with everything.

mod contestants;
#[path = "../figures/mod.rs"]
mod figures;
mod server;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contestants::{Audio, Task, Who, compete};
use figures::figure;

/// Bodies of one length.
#[derive(Clone, Copy)]
struct Set {
    files: usize,
    bytes: usize,
    /// What holds without audio, and with it.
    apart: Bounds,
    included: Bounds,
}

/// Against the bare program.
#[derive(Clone, Copy)]
struct Bounds {
    /// Least part of its throughput.
    throughput: f64,
    /// Most of its processor time.
    processor: f64,
}

const BIG: Set = Set {
    files: 200,
    bytes: 8_000_000,
    apart: LARGE_FILES,
    included: LARGE_FILES,
};
const LARGE_FILES: Bounds = Bounds {
    throughput: 0.8,
    processor: 1.3,
};
const SMALL: Set = Set {
    files: 5_000,
    bytes: 64_000,
    // Why these are wide: docs/adr/0015-small-files-against-a-bare-program.md
    apart: Bounds {
        throughput: 0.5,
        processor: 2.5,
    },
    included: Bounds {
        throughput: 0.7,
        processor: 1.3,
    },
};
/// Least of aria2c's throughput.
const OF_ARIA2C: f64 = 2.0;
const MEMORY_MIB: f64 = 40.0;

/// How often each has its turn.
const ROUNDS: usize = 4;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", audio, bytes] => server::serve(number(bytes), audio_of(audio)),
        [who @ ("engine" | "bare"), audio, url, files, bytes, dir] => {
            let who = if *who == "engine" {
                Who::Engine
            } else {
                Who::Bare
            };
            let task = Task {
                url,
                files: number(files),
                bytes: number(bytes),
                dir: Path::new(dir),
            };
            compete(who, audio_of(audio), &task);
        }
        // Cargo adds words of its own.
        _ => {
            let room = tempfile::tempdir().expect("a temporary directory can be made");
            let mut sets = [BIG, SMALL].map(|set| (set, Turns::default()));
            // Who tags removes files; so they come last.
            for round in [round_without_audio, round_with_audio] {
                for (set, turns) in &mut sets {
                    take_turns(*set, room.path(), turns, round);
                }
            }
            for (set, turns) in &sets {
                compare(*set, turns);
            }
        }
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

fn audio_of(word: &str) -> Audio {
    match word {
        "apart" => Audio::Apart,
        "included" => Audio::Included,
        other => panic!("audio cannot be `{other}`"),
    }
}

fn word_of(audio: Audio) -> &'static str {
    match audio {
        Audio::Apart => "apart",
        Audio::Included => "included",
    }
}

/// What somebody took.
#[derive(Clone, Copy, Debug)]
struct Took {
    wall: Duration,
    cpu: Duration,
    memory_mib: f64,
}

/// What all of them took in their turns.
#[derive(Default)]
struct Turns {
    /// How often they took turns.
    rounds: usize,
    bare: Vec<Took>,
    engine: Vec<Took>,
    aria2c: Vec<Took>,
    bare_with_audio: Vec<Took>,
    engine_with_audio: Vec<Took>,
    /// The engine with audio, of a quarter of the files.
    engine_of_few: Vec<Took>,
}

fn take_turns(set: Set, room: &Path, turns: &mut Turns, round: fn(Set, &Path, &mut Turns)) {
    for _ in 0..ROUNDS {
        let room = room.join(format!("{} {}", set.bytes, turns.rounds));
        std::fs::create_dir(&room).expect("the room is ours");
        round(set, &room, turns);
        turns.rounds += 1;
    }
}

fn compare(set: Set, turns: &Turns) {
    let what = format!("{} x {} KB over loopback", set.files, set.bytes / 1000);
    let (bare, engine) = (median(&turns.bare), median(&turns.engine));
    let name = format!("{what}, audio apart");
    against(&name, set, set.apart, (engine, bare));
    let aria2c = median(&turns.aria2c);
    let times = aria2c.wall.as_secs_f64() / engine.wall.as_secs_f64();
    figure(
        &format!("{what}, audio apart: throughput to aria2c -j8"),
        &format!("{times:.1} times {:.0} MB/s", rate(set, aria2c)),
        &format!("{OF_ARIA2C} times"),
        times >= OF_ARIA2C,
    );
    let (bare, engine) = (
        median(&turns.bare_with_audio),
        median(&turns.engine_with_audio),
    );
    let name = format!("{what}, audio on both sides");
    against(&name, set, set.included, (engine, bare));
    figure(
        &format!("{what}: most memory of the engine with everything"),
        &format!(
            "{:.0} MiB; {:.0} MiB for a quarter of the files",
            engine.memory_mib,
            median(&turns.engine_of_few).memory_mib
        ),
        &format!("{MEMORY_MIB} MiB"),
        engine.memory_mib <= MEMORY_MIB,
    );
}

fn against(what: &str, set: Set, bounds: Bounds, (engine, bare): (Took, Took)) {
    let times = bare.wall.as_secs_f64() / engine.wall.as_secs_f64();
    figure(
        &format!("{what}: throughput to a bare reqwest"),
        &format!("{times:.2} times {:.0} MB/s", rate(set, bare)),
        &format!("{} times", bounds.throughput),
        times >= bounds.throughput,
    );
    let times = engine.cpu.as_secs_f64() / bare.cpu.as_secs_f64();
    figure(
        &format!("{what}: processor time to the same"),
        &format!("{times:.2} times {:.2} s", bare.cpu.as_secs_f64()),
        &format!("{} times", bounds.processor),
        times <= bounds.processor,
    );
}

/// MB a second.
fn rate(set: Set, took: Took) -> f64 {
    (set.files * set.bytes) as f64 / 1e6 / took.wall.as_secs_f64()
}

/// Of each measure by itself.
fn median(turns: &[Took]) -> Took {
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        f64::midpoint(lower, upper)
    };
    let of = |measure: fn(&Took) -> f64| middle(turns.iter().map(measure).collect());
    Took {
        wall: Duration::from_secs_f64(of(|took| took.wall.as_secs_f64())),
        cpu: Duration::from_secs_f64(of(|took| took.cpu.as_secs_f64())),
        memory_mib: of(|took| took.memory_mib),
    }
}

/// Everybody's turn, of those that do nothing to audio.
fn round_without_audio(set: Set, room: &Path, turns: &mut Turns) {
    let (mut server, url) = started(set.bytes, Audio::Apart);
    let turn = |who| contestant(who, Audio::Apart, &url, set, &room.join(who));
    for who in in_turn(turns.rounds) {
        let took = turn(who);
        turns.of(who).push(took);
    }
    turns.aria2c.push(aria2c(&url, set, room));
    stop(&mut server);
}

/// The same of those that check and tag it.
fn round_with_audio(set: Set, room: &Path, turns: &mut Turns) {
    let few = Set {
        files: set.files / 4,
        ..set
    };
    let (mut server, url) = started(set.bytes, Audio::Included);
    let turn = |who, set, name| contestant(who, Audio::Included, &url, set, &room.join(name));
    for who in in_turn(turns.rounds) {
        let took = turn(who, set, who);
        turns.with_audio_of(who).push(took);
    }
    turns.engine_of_few.push(turn("engine", few, "few"));
    stop(&mut server);
}

/// Each is the first as often as the other.
fn in_turn(round: usize) -> [&'static str; 2] {
    if round.is_multiple_of(2) {
        ["bare", "engine"]
    } else {
        ["engine", "bare"]
    }
}

impl Turns {
    fn of(&mut self, who: &str) -> &mut Vec<Took> {
        match who {
            "bare" => &mut self.bare,
            _ => &mut self.engine,
        }
    }

    fn with_audio_of(&mut self, who: &str) -> &mut Vec<Took> {
        match who {
            "bare" => &mut self.bare_with_audio,
            _ => &mut self.engine_with_audio,
        }
    }
}

fn stop(server: &mut Child) {
    server.kill().expect("the server still runs");
    server.wait().expect("it was killed");
}

fn myself() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}

/// The server of bodies of that length, and its address.
fn started(bytes: usize, audio: Audio) -> (Child, String) {
    let mut server = myself()
        .args(["serve", word_of(audio), &bytes.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started again");
    let stdout = server.stdout.as_mut().expect("it is piped");
    let url = server::address(stdout);
    (server, url)
}

/// One of this program's own, which tells what it took.
fn contestant(who: &str, audio: Audio, url: &str, set: Set, dir: &Path) -> Took {
    std::fs::create_dir(dir).expect("the room is ours");
    let told = myself()
        .args([who, word_of(audio), url])
        .args([set.files.to_string(), set.bytes.to_string()])
        .arg(dir)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    assert!(told.status.success(), "{who} ended with {}", told.status);
    empty(dir);
    let told = String::from_utf8(told.stdout).expect("it tells numbers");
    let numbers: Vec<f64> = told
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect();
    let [wall, cpu, memory_mib] = numbers[..] else {
        panic!("{who} told `{told}`");
    };
    Took {
        wall: Duration::from_secs_f64(wall),
        cpu: Duration::from_secs_f64(cpu),
        memory_mib,
    }
}

/// Takes what the files in there hold, and leaves the files.
fn empty(dir: &Path) {
    for entry in std::fs::read_dir(dir).expect("the directory is ours") {
        let entry = entry.expect("the directory is ours");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            empty(&entry.path());
        } else {
            std::fs::File::create(entry.path()).expect("the file is ours");
        }
    }
}

/// As its users would: so many downloads at once, one connection each.
fn aria2c(url: &str, set: Set, room: &Path) -> Took {
    let dir = room.join("aria2c");
    std::fs::create_dir(&dir).expect("the room is ours");
    let list: String = (0..set.files)
        .map(|n| format!("{url}/{n}\n  out={n}.wav\n"))
        .collect();
    let input = dir.join("list");
    std::fs::write(&input, list).expect("there is room for a list");
    let began = Instant::now();
    let status = Command::new("aria2c")
        .args([
            "-j8",
            "-x1",
            "--quiet",
            "--no-conf",
            "--file-allocation=none",
        ])
        .arg("-i")
        .arg(&input)
        .arg("-d")
        .arg(&dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .status()
        .expect("aria2c is installed");
    assert!(status.success(), "aria2c ended with {status}");
    let wall = began.elapsed();
    empty(&dir);
    Took {
        wall,
        cpu: Duration::ZERO,
        memory_mib: 0.0,
    }
}
