//! Killed at random instants, again and again, until everything is there. The short form runs
//! with the tests, the long one by `cargo xtask endure`. `MUSICDL_SEED` repeats the instants of
//! a run that printed it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::support::judge;
use crate::support::music_server::MusicServer;
use crate::support::program::until;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

/// Tracks fetched at once.
const JOBS: usize = 4;
/// What a plugin had started ends this soon after the program (promises A4), and some.
const ENDS_AFTER: Duration = Duration::from_secs(5);

/// How long it takes.
struct Form {
    kills: usize,
    tracks: usize,
}

impl Form {
    /// `MUSICDL_KILLS` asks for the long one.
    fn asked_for() -> Self {
        match std::env::var("MUSICDL_KILLS") {
            Ok(kills) => Self {
                kills: kills.parse().expect("MUSICDL_KILLS is a number"),
                tracks: 200,
            },
            Err(_) => Self {
                kills: 20,
                tracks: 60,
            },
        }
    }
}

/// The instants of the kills, each a thousandth of the time within which they fall.
struct Instants {
    seed: u64,
}

impl Instants {
    /// Those that `MUSICDL_SEED` asks for, or others in every run.
    #[expect(clippy::print_stdout, reason = "a failure shows how to repeat it")]
    fn asked_for() -> Self {
        let seed = match std::env::var("MUSICDL_SEED") {
            Ok(seed) => seed.parse().expect("MUSICDL_SEED is a number"),
            Err(_) => RandomState::new().hash_one(()),
        };
        println!("MUSICDL_SEED={seed} repeats the instants of these kills");
        Self { seed }
    }

    /// The one of that kill: from 0 to 999.
    fn of(&self, kill: usize) -> u64 {
        let digest = blake3::hash(format!("{} {kill}", self.seed).as_bytes());
        let bytes = digest.as_bytes().first_chunk().unwrap();
        u64::from_le_bytes(*bytes) % 1000
    }
}

#[test]
fn one_seed_has_the_same_instants_every_time_and_another_has_others() {
    let instants = |seed| (0..50).map(move |kill| Instants { seed }.of(kill));
    assert!(instants(7).eq(instants(7)));
    assert!(!instants(7).eq(instants(8)));
    assert!(instants(7).all(|instant| instant < 1000));
}

/// What was counted over all kills.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// Times everything was there and all began anew.
    rounds: usize,
    /// Bodies asked for, and those of them that had been asked for before.
    bodies: usize,
    again: usize,
}

#[test]
fn however_often_a_run_is_killed_nothing_is_lost_partial_or_there_twice() {
    let form = Form::asked_for();
    let (scene, server, songs) = scene(form.tracks);
    let began = Instant::now();
    scene.run(&[]).exits(0);
    let undisturbed = began.elapsed();
    everything_is_there(&scene, &songs);
    let left_behind = left_behind(&scene);
    server.asked();

    let instants = Instants::asked_for();
    let heard = song::sounds(&scene.path("elsewhere"), &songs);
    let mut tally = Tally::default();
    while tally.kills < form.kills {
        for dir in ["library", ".musicdl"] {
            fs::remove_dir_all(scene.path(dir)).unwrap();
        }
        let mut placed = Placed::of(&songs, &heard);
        let killed_before = tally.kills;
        while tally.kills < form.kills {
            let mut run = scene.start(&[]);
            // About a dozen kills until all are there, some of them while the program starts.
            let instant = instants.of(tally.kills);
            let instant = undisturbed.mul_f64(instant as f64 / 1000.0 / 4.0);
            if run.ends_within(instant) {
                break;
            }
            run.kill();
            tally.kills += 1;
            placed.look_again(&scene);
        }
        scene.run(&[]).exits(0);
        placed.look_again(&scene);
        everything_is_there(&scene, &songs);
        assert_eq!(left_behind, self::left_behind(&scene), "of {tally:?}");

        let bodies = server.asked().len();
        let again = bodies - form.tracks;
        let kills = tally.kills - killed_before;
        assert!(again <= kills * JOBS, "{again} again after {kills} kills");
        tally.rounds += 1;
        tally.bodies += bodies;
        tally.again += again;
    }
    nothing_still_runs(&scene);
    said(&form, &tally);
}

/// Songs on a server, wanted as a playlist.
fn scene(tracks: usize) -> (Scene, MusicServer, Vec<Song>) {
    let scene = Scene::with(&["subsonic"]);
    let songs = Song::many(tracks);
    let songs: Vec<_> = songs.into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("elsewhere"), &songs);
    let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
    scene.write("long.csv", song::exportify(&songs));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./long.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             download: {{jobs: {JOBS}}}\n\
             sources:\n{}",
            server.config()
        ),
    );
    (scene, server, songs)
}

fn path(song: &Song) -> String {
    let number = song.album.as_ref().unwrap().1;
    format!("long/Ann/Ann - Long/{number:02} - {}.flac", song.title)
}

/// What may be at final paths, and what has been seen there and is never to change again.
struct Placed {
    /// What is heard in each wanted file, as ffmpeg hears it in the original.
    wanted: BTreeMap<String, String>,
    seen: BTreeMap<String, [i64; 4]>,
}

impl Placed {
    fn of(songs: &[Song], heard: &BTreeMap<String, String>) -> Self {
        let wanted = songs
            .iter()
            .map(|song| (path(song), heard[&song.title].clone()));
        Self {
            wanted: wanted.collect(),
            seen: BTreeMap::new(),
        }
    }

    /// Whatever is new must be wanted and sound as the original does, whatever is known must be
    /// as it was.
    fn look_again(&mut self, scene: &Scene) {
        let library = scene.library();
        let mut now = library.fingerprints();
        now.retain(|file, _| !file.starts_with(".musicdl/") && !file.ends_with(".m3u8"));
        for (file, before) in &self.seen {
            assert_eq!(now.get(file), Some(before), "{file} was touched or lost");
        }
        let new = now.keys().filter(|file| !self.seen.contains_key(*file));
        let new: Vec<_> = new.collect();
        let files: Vec<_> = new.iter().map(|file| library.file(file)).collect();
        for (file, sound) in new.into_iter().zip(judge::sounds(&files)) {
            let wanted = self.wanted.get(file);
            assert_eq!(wanted, Some(&sound), "{file} is not wanted or not whole");
        }
        self.seen = now;
    }
}

/// Every track once, each with its own title, the list in its order, and nothing else.
fn everything_is_there(scene: &Scene, songs: &[Song]) {
    let library = scene.library();
    let mut expected: BTreeSet<_> = songs.iter().map(path).collect();
    let list = library.text("long/long.m3u8");
    let listed: BTreeSet<_> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("long/{line}"))
        .collect();
    assert_eq!(listed, expected);
    expected.insert("long/long.m3u8".to_owned());
    assert_eq!(BTreeSet::from_iter(library.files()), expected);
    let mut titles: Vec<_> = songs.iter().map(|song| song.title.clone()).collect();
    titles.sort();
    assert_eq!(library.titles(), titles);
    let status = scene.run(&["status", "--json"]).exits(0).json();
    // A file that was placed in the moment before a kill is known by the look of the library.
    let of = |state: &str| status["statistics"][state].as_u64().unwrap();
    assert_eq!(
        of("completed") + of("skipped"),
        songs.len() as u64,
        "{status}"
    );
}

/// The names of all that a run leaves beside the library.
fn left_behind(scene: &Scene) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for dir in [".musicdl", "tmp", "home"] {
        let files = crate::support::shelf::Shelf(scene.path(dir)).files();
        names.extend(files.into_iter().map(|file| format!("{dir}/{file}")));
    }
    let scratch = fs::read_dir(scene.path("tmp")).unwrap();
    names.extend(scratch.map(|entry| entry.unwrap().path().display().to_string()));
    names
}

/// No process that any of the runs had started.
fn nothing_still_runs(scene: &Scene) {
    let here = scene.path("").to_string_lossy().into_owned();
    let is_ours = |process: &fs::DirEntry| {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).contains(&here)
    };
    let began = Instant::now();
    until("all processes have ended", || {
        assert!(began.elapsed() < ENDS_AFTER, "a plugin still runs");
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes.filter(is_ours).count() == 0
    });
}

#[expect(clippy::print_stdout, reason = "the long form is run for its figures")]
fn said(form: &Form, tally: &Tally) {
    println!(
        "{} kills over {} runs of {} tracks to their end: 0 lost, 0 partial, 0 twice, 0 left \
         behind; {} bodies of which {} again, {} allowed",
        tally.kills,
        tally.rounds,
        form.tracks,
        tally.bodies,
        tally.again,
        tally.kills * JOBS
    );
}
