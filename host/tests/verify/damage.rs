//! Damaged audio costs neither the program, nor its time, nor its memory; the same is asked for
//! hours by the targets in `fuzz/`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::cpu_time::cpu_time;
use crate::{any_bytes, shapes};

const LONGEST: Duration = Duration::from_secs(5);
const MOST_MEMORY_KIB: u64 = 256 * 1024;
/// Damaged copies of each file.
const ROUNDS: usize = 8;

/// Always the same numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end.max(1)
    }
}

/// One of the ways in which files break, or are broken.
fn damage(bytes: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let len = bytes.len();
    // Half of it goes to the headers, where it does most.
    let at = match numbers.below(2) {
        0 => numbers.below(len),
        _ => numbers.below(len.min(600)),
    };
    let size = numbers.below(len.min(4_000));
    let end = (at + size).min(len);
    match numbers.below(7) {
        0 => bytes.truncate(at),
        1 => bytes[at] = numbers.below(256) as u8,
        2 => {
            for _ in 0..1 + numbers.below(20) {
                let at = numbers.below(len);
                bytes[at] ^= 1 << numbers.below(8);
            }
        }
        // A size that is far too large, or nothing.
        3 => bytes[at..(at + 4).min(len)].fill(0xff),
        4 => bytes[at..end].fill(0),
        5 => drop(bytes.splice(at..end, other[..size.min(other.len())].iter().copied())),
        _ => {
            let twice = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, twice));
        }
    }
    bytes
}

#[test]
fn damage_costs_no_crash_no_five_seconds_and_no_256_mebibytes() {
    let dir = tempfile::tempdir().unwrap();
    let made = shapes::make(dir.path(), 1);
    let files: Vec<_> = made
        .iter()
        .map(|made| fs::read(&made.path).unwrap())
        .collect();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for (made, bytes) in made.iter().zip(&files) {
        for round in 0..ROUNDS {
            let other = &files[numbers.below(files.len())];
            let extension = made.path.extension().unwrap();
            let path = dir.path().join("damaged").with_extension(extension);
            fs::write(&path, damage(bytes, other, &mut numbers)).unwrap();
            let started = cpu_time();
            any_bytes::are_verified(&path);
            any_bytes::are_read_for_tags(&path);
            let took = cpu_time() - started;
            assert!(took < LONGEST, "{}, round {round}: {took:?}", made.what);
        }
    }
    if let Some(kib) = most_memory() {
        assert!(kib <= MOST_MEMORY_KIB, "{kib} KiB");
    }
}

/// What this process had at its highest, where the system counts it.
fn most_memory() -> Option<u64> {
    let status = fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
