//! Killed after every single operation on a file, refused every single one, and without room
//! for any: what is at final paths is whole, and the next run does the rest. With the tests
//! goes one operation of each sort; all of them by `cargo xtask endure`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use nix::errno::Errno;

use crate::support::music_server::MusicServer;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};
use crate::support::tracer::{Harm, Operation, Watched, watch};

const TRACKS: usize = 4;

/// The operations of a run, of which one after the other goes wrong.
struct Bench {
    scene: Scene,
    server: MusicServer,
    songs: Vec<Song>,
    operations: Vec<Operation>,
}

impl Bench {
    fn new() -> Self {
        let scene = Scene::with(&["subsonic"]);
        let songs = Song::many(TRACKS);
        let songs: Vec<_> = songs.into_iter().map(Song::without_cover).collect();
        song::make(&scene.path("elsewhere"), &songs);
        let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
        scene.write("four.csv", song::exportify(&songs));
        scene.write(
            "musicdl.yaml",
            format!(
                "playlists: [./four.csv]\n\
                 library: {{path: ./library}}\n\
                 plugins: [./plugins]\n\
                 download: {{jobs: 1}}\n\
                 sources:\n{}",
                server.config()
            ),
        );
        let mut bench = Self {
            scene,
            server,
            songs,
            operations: Vec::new(),
        };
        let clean = bench.run(Harm::None);
        assert_eq!(clean.code, Some(0), "{}", clean.stderr);
        bench.everything_is_there("a clean run");
        bench.operations = clean.operations;
        bench
    }

    /// A run from the beginning.
    fn run(&self, harm: Harm) -> Watched {
        for dir in ["library", ".musicdl"] {
            // The first time there is none.
            drop(fs::remove_dir_all(self.scene.path(dir)));
        }
        watch(&self.scene.musicdl(&[]), &self.scene.path(""), harm)
    }

    /// The operations to do harm to, counted from 1: all of them, or the middle one of each
    /// sort.
    fn chosen(&self) -> Vec<usize> {
        if every_operation() {
            return (1..=self.operations.len()).collect();
        }
        let mut sorts: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (number, operation) in (1..).zip(&self.operations) {
            let sort = (operation.call, area(&operation.file));
            sorts.entry(sort).or_default().push(number);
        }
        let middle = |of_sort: &Vec<usize>| of_sort[of_sort.len() / 2];
        sorts.values().map(middle).collect()
    }

    /// Whatever is at a final path is wanted and whole.
    fn nothing_is_broken(&self, after: &str) {
        let library = self.scene.library();
        let wanted = self.paths();
        for file in library.files() {
            let known = wanted.contains(&file) || file.starts_with(".musicdl/");
            assert!(known || file == "four/four.m3u8", "{after}: {file}");
        }
        library.is_whole();
    }

    /// The next run finds its way, and nothing is left over.
    fn the_next_run_does_the_rest(&self, after: &str) {
        let before: BTreeSet<_> = self.scene.library().titles().into_iter().collect();
        self.server.asked();
        let run = self.scene.run(&[]);
        assert_eq!(run.code, 0, "{after}: {}", run.told());
        self.everything_is_there(after);
        let asked = self.server.asked();
        let again = asked.iter().filter(|title| before.contains(*title)).count();
        assert_eq!(again, 0, "{after}: {asked:?} were asked for again");
    }

    fn everything_is_there(&self, after: &str) {
        let library = self.scene.library();
        let mut expected = self.paths();
        expected.insert("four/four.m3u8".to_owned());
        assert_eq!(BTreeSet::from_iter(library.files()), expected, "{after}");
        library.is_whole();
        let listed = library.text("four/four.m3u8");
        let listed = listed.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(listed.count(), TRACKS, "{after}");
    }

    fn paths(&self) -> BTreeSet<String> {
        let path = |song: &Song| {
            let number = song.album.as_ref().unwrap().1;
            format!("four/Ann/Ann - Long/{number:02} - {}.flac", song.title)
        };
        self.songs.iter().map(path).collect()
    }

    fn named(&self, number: usize) -> String {
        let operation = &self.operations[number - 1];
        let of = self.operations.len();
        format!("{number} of {of}: {} {}", operation.call, operation.file)
    }
}

/// Whether the long form is asked for.
fn every_operation() -> bool {
    std::env::var_os("MUSICDL_EVERY_OPERATION").is_some()
}

/// Whose a file is.
fn area(file: &str) -> &str {
    let areas = ["library/.musicdl", "library", ".musicdl"];
    let of = areas.into_iter().find(|area| file.starts_with(area));
    of.unwrap_or("elsewhere")
}

#[test]
fn killed_after_any_operation_on_a_file_a_run_leaves_whole_files_and_goes_on() {
    let bench = Bench::new();
    let chosen = bench.chosen();
    for number in &chosen {
        let after = format!("killed after {}", bench.named(*number));
        let run = bench.run(Harm::KilledAfter(*number));
        // Runs are not quite alike: the last operations of one may not come in another.
        assert!(
            matches!(run.code, None | Some(0)),
            "{after}: {}",
            run.stderr
        );
        bench.nothing_is_broken(&after);
        bench.the_next_run_does_the_rest(&after);
    }
    said("kills", chosen.len(), bench.operations.len());
}

#[test]
fn refused_any_operation_on_a_file_a_run_says_so_and_leaves_whole_files() {
    let bench = Bench::new();
    let mut refused = 0;
    for (turn, number) in bench.chosen().into_iter().enumerate() {
        let mut errors = match (every_operation(), turn % 2) {
            (true, _) => vec![Errno::ENOSPC, Errno::EIO],
            (false, 0) => vec![Errno::ENOSPC],
            (false, _) => vec![Errno::EIO],
        };
        // Between devices nothing but a new name can be refused.
        if matches!(bench.operations[number - 1].call, "rename" | "link") {
            errors.push(Errno::EXDEV);
        }
        for errno in errors {
            let after = format!("{errno:?} at {}", bench.named(number));
            let run = bench.run(Harm::Refused(number, errno));
            bench.nothing_is_broken(&after);
            match run.code {
                // It could do without, and then everything must be there.
                Some(0) => bench.everything_is_there(&after),
                // The disk; or what it costs a track, or the source.
                Some(4..=6) if !run.stderr.contains("panicked") => {}
                code => panic!("{after}: {code:?}: {}", run.stderr),
            }
            bench.the_next_run_does_the_rest(&after);
            refused += 1;
        }
    }
    said("refusals", refused, bench.operations.len());
}

#[test]
fn without_room_on_the_disk_a_run_stops_before_it_asks_for_anything() {
    let bench = Bench::new();
    bench.server.asked();
    let run = bench.run(Harm::NoRoom);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    let told = run
        .stderr
        .matches("there is no room in the library")
        .count();
    assert_eq!(told, 1, "{}", run.stderr);
    assert_eq!(bench.server.asked(), [""; 0]);
    bench.nothing_is_broken("no room");
    bench.the_next_run_does_the_rest("no room");
}

#[expect(clippy::print_stdout, reason = "the long form is run for its figures")]
fn said(what: &str, count: usize, operations: usize) {
    println!("{count} {what} in runs of {operations} operations on files: 0 broken libraries");
}
