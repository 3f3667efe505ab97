//! Bodies from a server on this machine into a library, by the whole engine; against the least
//! that can be written with the same HTTP client, and against aria2c. Run by `cargo xtask
//! bench`.
//!
//! Each of them, and the server, is a process of its own, so that nobody's processor time and
//! memory is counted for another. What they leave is removed when all are done: some file
//! systems look past every file that was removed lately when they make one.
//!
//! The others do nothing to audio. What the engine does, which is checking each file, looking
//! for a cover in it and tagging a copy, is measured in a process of its own: with the same
//! calls, as many at once, on as many files that were just written. Its wall time and processor
//! time are taken out of the engine's. The copy that no source can change, which the engine makes
//! of every file before that, and the removal of the fetched one stay in. Memory is the engine's
//! with everything.

mod contestants;
#[path = "../figures/mod.rs"]
mod figures;
mod server;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use figures::figure;

/// Bodies of one length.
#[derive(Clone, Copy)]
struct Set {
    files: usize,
    bytes: usize,
    /// Least part of the bare program's throughput.
    throughput: f64,
}

const BIG: Set = Set {
    files: 200,
    bytes: 8_000_000,
    throughput: 0.8,
};
const SMALL: Set = Set {
    files: 5_000,
    bytes: 64_000,
    throughput: 0.7,
};
/// Most of the bare program's processor time.
const PROCESSOR: f64 = 1.3;
/// Least of aria2c's throughput.
const OF_ARIA2C: f64 = 2.0;
const MEMORY_MIB: f64 = 40.0;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", bytes] => server::serve(number(bytes)),
        [who @ ("ours" | "bare" | "audio"), url, files, dir] => {
            contestants::compete(who, url, number(files), Path::new(dir));
        }
        // Cargo adds words of its own.
        _ => [BIG, SMALL].into_iter().for_each(compare),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// What somebody took.
#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
    memory_mib: f64,
}

fn compare(set: Set) {
    let (mut server, url) = started(set.bytes);
    let room = tempfile::tempdir().expect("a temporary directory can be made");
    let bare = contestant("bare", &url, set, room.path());
    let ours = contestant("ours", &url, set, room.path());
    let audio = contestant("audio", &url, set, room.path());
    let aria2c = aria2c(&url, set, room.path());
    server.kill().expect("the server still runs");
    server.wait().expect("it was killed");

    let what = format!("{} x {} KB over loopback", set.files, set.bytes / 1000);
    let net = |ours: Duration, audio: Duration| ours.saturating_sub(audio).as_secs_f64();
    let wall = net(ours.wall, audio.wall);
    let rate = |seconds: f64| (set.files * set.bytes) as f64 / 1e6 / seconds;
    let times = bare.wall.as_secs_f64() / wall;
    figure(
        &format!("{what}: the whole engine, what is done to audio apart, to a bare reqwest"),
        &format!(
            "{times:.2} times {:.0} MB/s ({:.0} MB/s with audio checked and tagged)",
            rate(bare.wall.as_secs_f64()),
            rate(ours.wall.as_secs_f64())
        ),
        &format!("{} times", set.throughput),
        times >= set.throughput,
    );
    let times = net(ours.cpu, audio.cpu) / bare.cpu.as_secs_f64();
    figure(
        &format!("{what}: processor time of the same"),
        &format!("{times:.2} times {:.2} s", bare.cpu.as_secs_f64()),
        &format!("{PROCESSOR} times"),
        times <= PROCESSOR,
    );
    figure(
        &format!("{what}: most memory"),
        &format!("{:.0} MiB", ours.memory_mib),
        &format!("{MEMORY_MIB} MiB"),
        ours.memory_mib <= MEMORY_MIB,
    );
    let times = aria2c.wall.as_secs_f64() / wall;
    figure(
        &format!("{what}: the whole engine, what is done to audio apart, to aria2c -j8"),
        &format!(
            "{times:.1} times {:.0} MB/s",
            rate(aria2c.wall.as_secs_f64())
        ),
        &format!("{OF_ARIA2C} times"),
        times >= OF_ARIA2C,
    );
}

fn myself() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}

/// The server of bodies of that length, and its address.
fn started(bytes: usize) -> (Child, String) {
    let mut server = myself()
        .args(["serve", &bytes.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started again");
    let stdout = server.stdout.as_mut().expect("it is piped");
    let url = server::address(stdout);
    (server, url)
}

/// One of this program's own, which tells what it took.
fn contestant(who: &str, url: &str, set: Set, room: &Path) -> Took {
    let dir = room.join(who);
    std::fs::create_dir(&dir).expect("the room is ours");
    let told = myself()
        .args([who, url, &set.files.to_string()])
        .arg(&dir)
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started again");
    assert!(told.status.success(), "{who} ended with {}", told.status);
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
    Took {
        wall: began.elapsed(),
        cpu: Duration::ZERO,
        memory_mib: 0.0,
    }
}
