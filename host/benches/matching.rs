//! What ranking and looking up cost; run by `cargo xtask bench`.
//!
//! With `MUSICDL_INVENTED`, a directory of `library-N.jsonl` and `playlist-N.jsonl`, it scores
//! those instead: rows have `id`, `title`, `artist`, `album`, `duration_ms`, and those of a
//! playlist `expect`, the id in the library or null. Codes are left aside, or there would be
//! nothing to find out.

#![expect(
    clippy::print_stdout,
    reason = "what was wrong in an invented library is what there is to see"
)]

mod clock;
mod figures;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use musicdl::matching::{Index, Matcher, Rules};
use musicdl::music::{Track, TrackId};
use musicdl_plugin_api::Hit;
use serde::Deserialize;

use clock::{cpu_of, ms};
use figures::figure;

const CANDIDATES: usize = 50;
const ROUNDS: u32 = 4_000;
/// Of a track with 50 candidates: a tenth of what a request takes in the best of networks.
const BOUND_MS: f64 = 0.3;

fn main() {
    match std::env::var_os("MUSICDL_INVENTED") {
        Some(dir) => (1..=5).for_each(|seed| invented(Path::new(&dir), seed)),
        None => rank(),
    }
}

fn rank() {
    let wanted = Track {
        artists: vec!["Ann Example".to_owned(), "Bob Other".to_owned()],
        album: Some("First Album (Deluxe Edition)".to_owned()),
        duration_ms: Some(200_000),
        ..Track::new(
            TrackId::text("bench"),
            "Bluebird in the Rain (feat. Bob Other)",
        )
    };
    let hits: Vec<Hit> = (0..CANDIDATES).map(hit).collect();
    let rules = Rules::default();
    // One round is shorter than what the system's clock of a thread can tell.
    let started = cpu();
    for _ in 0..ROUNDS {
        let matcher = Matcher::new(&wanted, &rules);
        let accepted = hits.iter().filter(|hit| matcher.score(hit).is_accepted());
        assert_eq!(accepted.count(), 20, "two of five are right");
    }
    let each = ms(cpu() - started) / f64::from(ROUNDS);
    figure(
        &format!("rank {CANDIDATES} candidates of a track"),
        &format!("CPU {each:.3} ms"),
        &format!("{BOUND_MS} ms"),
        each <= BOUND_MS,
    );
}

/// What searches bring: the song in two spellings, versions of it, its neighbours, paths.
fn hit(number: usize) -> Hit {
    let (artist, title, derived) = match number % 5 {
        0 => (
            "Ann Example",
            "Bluebird In The Rain (2011 Remaster)".to_owned(),
            false,
        ),
        1 => (
            "Ánn Exâmple & Bob Other",
            "Bluebird in the Rain".to_owned(),
            false,
        ),
        2 => (
            "Ann Example",
            "Bluebird in the Rain (Live at the Harbor)".to_owned(),
            false,
        ),
        3 => (
            "Ann Example",
            format!("Song number {number} of the album"),
            false,
        ),
        _ => (
            "",
            format!(r"Music\Ann Example\Second Album\{number:02} - Goldfinch.flac"),
            true,
        ),
    };
    Hit {
        target_id: number.to_string(),
        title,
        artists: (!artist.is_empty())
            .then(|| artist.to_owned())
            .into_iter()
            .collect(),
        album: (!derived).then(|| "First Album".to_owned()),
        duration_ms: Some(199_000 + number as u64 % 3 * 1000),
        ..Hit::default()
    }
}

#[derive(Deserialize)]
struct Row {
    id: String,
    title: String,
    artist: String,
    album: String,
    duration_ms: u64,
    #[serde(default)]
    expect: Option<String>,
}

fn rows(path: &Path) -> Vec<Row> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(file).lines();
    lines
        .map(|line| {
            let line = line.expect("the file can be read");
            serde_json::from_str(&line).expect("a row has the fields of the header")
        })
        .collect()
}

fn invented(dir: &Path, seed: u32) {
    let library = rows(&dir.join(format!("library-{seed}.jsonl")));
    let playlist = rows(&dir.join(format!("playlist-{seed}.jsonl")));
    let hits: Vec<Hit> = library.iter().map(owned).collect();
    let started = cpu();
    let mut index = Index::default();
    for (number, row) in (0..).zip(&library) {
        index.add(&row.title, std::slice::from_ref(&row.artist), None, number);
    }
    let built = cpu() - started;
    let (mut right, mut wrong, mut missed, mut spurious, mut looked_at) = (0, 0, 0, 0, 0);
    let rules = Rules::default();
    let started = cpu();
    for row in &playlist {
        let wanted = Track {
            artists: vec![row.artist.clone()],
            album: Some(row.album.clone()),
            duration_ms: Some(row.duration_ms),
            ..Track::new(TrackId::text(&row.id), row.title.as_str())
        };
        let matcher = Matcher::new(&wanted, &rules);
        let candidates = index.candidates(&wanted);
        looked_at += candidates.len();
        let best = candidates
            .into_iter()
            .map(|number| &hits[number as usize])
            .map(|hit| (matcher.score(hit), hit))
            .filter(|(score, _)| score.is_accepted())
            .max_by(|(left, _), (right, _)| left.total.total_cmp(&right.total));
        match (&row.expect, best) {
            (Some(id), Some((_, hit))) if *id == hit.target_id => right += 1,
            (Some(_), Some((score, hit))) => {
                wrong += 1;
                println!(
                    "wrong: {} - {} is {} - {}: {score:?}",
                    row.artist, row.title, hit.artists[0], hit.title
                );
            }
            (Some(id), None) => {
                missed += 1;
                let mine = hits
                    .iter()
                    .find(|hit| hit.target_id == *id)
                    .map(|hit| (matcher.score(hit), hit.title.clone()));
                println!("missed: {} - {}: {mine:?}", row.artist, row.title);
            }
            (None, Some((score, hit))) => {
                spurious += 1;
                println!(
                    "spurious: {} - {} is {} - {}: {score:?}",
                    row.artist, row.title, hit.artists[0], hit.title
                );
            }
            (None, None) => {}
        }
    }
    let took = cpu() - started;
    println!(
        "seed {seed}: {} tracks in {}: right {right}, wrong {wrong}, missed {missed}, spurious {spurious}; looked at {looked_at}; CPU index {built:.1?}, look-ups {took:.1?}",
        playlist.len(),
        library.len()
    );
}

fn owned(row: &Row) -> Hit {
    Hit {
        target_id: row.id.clone(),
        title: row.title.clone(),
        artists: vec![row.artist.clone()],
        album: Some(row.album.clone()),
        duration_ms: Some(row.duration_ms),
        ..Hit::default()
    }
}

/// Time this thread was on a processor, where the system tells: the first field of the
/// scheduler's statistics, in nanoseconds (Linux, Documentation/scheduler/sched-stats); else
/// the time of the clock.
fn cpu() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    cpu_of("/proc/thread-self").unwrap_or_else(|| START.get_or_init(Instant::now).elapsed())
}
