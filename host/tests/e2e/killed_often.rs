//! Killed at random instants, again and again, until everything is there. The short form runs
//! with the tests, the long one by `cargo xtask endure`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use musicdl::verify::{self, Expected};

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

    let instants = RandomState::new();
    let mut tally = Tally::default();
    while tally.kills < form.kills {
        for dir in ["library", ".musicdl"] {
            fs::remove_dir_all(scene.path(dir)).unwrap();
        }
        let mut placed = Placed::default();
        let killed_before = tally.kills;
        while tally.kills < form.kills {
            let mut run = scene.start(&[]);
            // About a dozen kills until all are there, some of them while the program starts.
            let instant = instants.hash_one(tally.kills) % 1000;
            let instant = undisturbed.mul_f64(instant as f64 / 1000.0 / 4.0);
            if run.ends_within(instant) {
                break;
            }
            run.kill();
            tally.kills += 1;
            placed.look_again(&scene, &songs);
        }
        scene.run(&[]).exits(0);
        placed.look_again(&scene, &songs);
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

fn paths(songs: &[Song]) -> BTreeSet<String> {
    let path = |song: &Song| {
        let number = song.album.as_ref().unwrap().1;
        format!("long/Ann/Ann - Long/{number:02} - {}.flac", song.title)
    };
    songs.iter().map(path).collect()
}

/// What has been seen at final paths, and is never to change again.
#[derive(Default)]
struct Placed(BTreeMap<String, [i64; 4]>);

impl Placed {
    /// Whatever is new must be wanted and whole, whatever is known must be as it was.
    fn look_again(&mut self, scene: &Scene, songs: &[Song]) {
        let (library, wanted) = (scene.library(), paths(songs));
        let mut now = library.fingerprints();
        now.retain(|file, _| !file.starts_with(".musicdl/") && !file.ends_with(".m3u8"));
        for (file, before) in &self.0 {
            assert_eq!(now.get(file), Some(before), "{file} was touched or lost");
        }
        for file in now.keys().filter(|file| !self.0.contains_key(*file)) {
            assert!(wanted.contains(file), "nobody wanted {file}");
            let checked = verify::check(&library.file(file), &Expected::default());
            checked.unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        self.0 = now;
    }
}

/// Every track once, each with its own title, the list in its order, and nothing else.
fn everything_is_there(scene: &Scene, songs: &[Song]) {
    let library = scene.library();
    let mut expected = paths(songs);
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
