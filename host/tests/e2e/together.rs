//! Albums that get their places as a whole, or wait.

use std::fs;

use crate::collection::{listed, want_the_list};
use crate::support::music_server::MusicServer;
use crate::support::program::until;
use crate::support::scene::Scene;
use crate::support::shelf::Shelf;
use crate::support::song::{self, Song};

const CONFIG: &str = "download: {publish: albums}\n";

/// An album, and a song of none that comes last.
fn songs() -> Vec<Song> {
    vec![
        Song::of_album("Ann", "First", 1, "Bluebird", "flac"),
        Song::of_album("Ann", "First", 2, "Wren", "mp3"),
        Song::of_album("Ann", "First", 3, "Heron", "flac"),
        Song::single("Zoe", "Alone", "flac"),
    ]
}

const ALBUM: [&str; 3] = [
    "Ann/Ann - First/01 - Bluebird.flac",
    "Ann/Ann - First/02 - Wren.mp3",
    "Ann/Ann - First/03 - Heron.flac",
];
const ALONE: &str = "Zoe/Zoe - Alone/Alone.flac";

fn everything() -> Vec<&'static str> {
    ALBUM.into_iter().chain([ALONE]).collect()
}

/// A server with those songs, fetched one after the other.
fn served() -> (Scene, MusicServer) {
    let scene = Scene::with(&["subsonic"]);
    let songs: Vec<_> = songs().into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("elsewhere"), &songs);
    let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
    scene.write("list.csv", song::exportify(&songs));
    scene.write(
        "musicdl.yaml",
        format!(
            "albums: [./list.csv]\nlibrary: {{path: ./library}}\nplugins: [./plugins]\n\
             download: {{publish: albums, jobs: 1}}\nsources:\n{}",
            server.config()
        ),
    );
    (scene, server)
}

/// How many files wait, with all that they need.
fn waiting(library: &Shelf) -> usize {
    let files = library.files();
    let notes = files.iter().filter_map(|file| {
        let stem = file.strip_prefix(".musicdl/held/")?.strip_suffix(".json")?;
        files
            .contains(&format!(".musicdl/held/{stem}.audio"))
            .then_some(())
    });
    notes.count()
}

/// What lies in the sources from now on: nothing.
fn lose_the_collection(scene: &Scene) {
    fs::remove_dir_all(scene.path("music")).unwrap();
    fs::create_dir(scene.path("music")).unwrap();
}

#[test]
fn an_album_that_is_whole_is_published_with_all_that_belongs_beside_it() {
    let scene = listed(&songs(), CONFIG);
    scene.write("music/Ann/First/03 Heron.lrc", "[00:01.00]La\n");
    want_the_list(
        &scene,
        &format!("{CONFIG}tags: {{cover: false, replaygain: album}}\n"),
    );
    scene.run(&[]).exits(0);
    let library = scene.library();
    let mut expected = everything();
    expected.extend([
        "Ann/Ann - First/03 - Heron.lrc",
        "Ann/Ann - First/cover.jpg",
        "List/List.m3u8",
        "Zoe/Zoe - Alone/cover.jpg",
    ]);
    expected.sort_unstable();
    assert_eq!(library.files(), expected);
    assert_eq!(scene.delivered(), ["folder: 4"]);
    assert!(
        ALBUM
            .iter()
            .all(|place| library.tags(place).album_gain.is_some())
    );
    library.is_whole();
    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["statistics"]["completed"], 4);

    let before = library.fingerprints();
    scene.run(&[]).exits(0);
    assert_eq!(library.fingerprints(), before);
}

#[test]
fn an_album_that_lacks_a_track_waits_for_the_run_that_finds_it() {
    let scene = listed(&songs(), CONFIG);
    let (heron, aside) = (
        scene.path("music/Ann/First/03 Heron.flac"),
        scene.path("heron"),
    );
    fs::rename(&heron, &aside).unwrap();
    let run = scene.run(&["--json"]).exits(5);
    let library = scene.library();
    // What is of no album waits for nobody.
    assert_eq!(library.audio(), [ALONE]);
    assert_eq!(waiting(&library), 2);
    let list = library.text("List/List.m3u8");
    assert_eq!(
        list.lines().filter(|line| !line.starts_with('#')).count(),
        1
    );
    let events = run.events();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    assert_eq!((of("item_held"), of("album_held")), (2, 1));
    let report = scene.report();
    let held = &report["held"][0];
    assert_eq!(held["album"], "First");
    assert_eq!((&held["tracks"], &held["of"]), (&2.into(), &3.into()));
    assert_eq!(held["missing"][0], "Ann - Heron");
    assert_eq!(report["statistics"]["pending"], 2);

    // What waits is not fetched again, and another run without the track changes nothing.
    lose_the_collection(&scene);
    scene
        .run(&[])
        .exits(5)
        .says(&["held: Ann - First: 2 of 3 tracks are ready and wait for Ann - Heron"]);
    assert_eq!(waiting(&library), 2);
    fs::create_dir_all(heron.parent().unwrap()).unwrap();
    fs::rename(&aside, &heron).unwrap();
    scene.run(&[]).exits(0);
    assert_eq!(library.audio(), everything());
    assert!(!library.file(".musicdl").exists());
    library.is_whole();
}

#[test]
fn killed_while_tracks_wait_a_run_fetches_only_what_is_missing() {
    let (scene, server) = served();
    server.gets_stuck_after(2);
    let run = scene.start(&[]);
    server.wait_for_stuck(1);
    let library = scene.library();
    until("two wait", || waiting(&library) == 2);
    assert_eq!(library.audio(), [""; 0]);
    run.kill();
    server.runs_freely();
    server.asked();
    scene.run(&[]).exits(0);
    assert_eq!(server.asked(), ["Heron", "Alone"]);
    assert_eq!(library.audio(), everything());
    assert!(!library.file(".musicdl").exists());
    library.is_whole();
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn killed_after_any_file_of_an_album_got_a_name_the_next_run_makes_it_whole() {
    use crate::support::tracer::{Harm, watch};

    let (scene, server) = served();
    let library = scene.library();
    let run = |harm| {
        for dir in ["library", ".musicdl"] {
            // The first time there is none.
            drop(fs::remove_dir_all(scene.path(dir)));
        }
        watch(&scene.musicdl(&[]), &scene.path(""), harm)
    };
    let clean = run(Harm::None);
    assert_eq!(clean.code, Some(0), "{}", clean.stderr);
    let operations = clean.operations.iter().enumerate();
    let names: Vec<usize> = operations
        .filter(|(_, operation)| {
            let file = &operation.file;
            operation.call.starts_with("rename")
                && (file.starts_with("library/Ann") || file.contains(".musicdl/held/"))
        })
        .map(|(at, _)| at + 1)
        .collect();
    // Each of three is held, noted and placed.
    assert!(names.len() >= 9, "{:?}", clean.operations);
    let mut halves = 0;
    for number in names {
        let operation = &clean.operations[number - 1];
        let after = format!("{} {}", operation.call, operation.file);
        let harmed = run(Harm::KilledAfter(number));
        assert_eq!(harmed.code, None, "{after}: {}", harmed.stderr);
        library.is_whole();
        let there = library.audio().len();
        halves += usize::from((1..3).contains(&there));
        // Of what is there, some may wait under its second name still.
        let ready = there + waiting(&library);
        server.asked();
        let next = scene.run(&[]);
        assert_eq!(next.code, 0, "{after}: {}", next.told());
        assert_eq!(library.audio(), everything(), "{after}");
        assert!(!library.file(".musicdl").exists(), "{after}");
        library.is_whole();
        let of_album = server
            .asked()
            .iter()
            .filter(|title| *title != "Alone")
            .count();
        assert_eq!(of_album, 3 - ready.min(3), "{after}");
    }
    assert!(halves >= 2, "no run was killed between two places");
}

#[test]
fn what_waits_is_published_at_once_when_albums_are_no_longer_waited_for() {
    let scene = listed(&songs(), CONFIG);
    fs::remove_file(scene.path("music/Ann/First/03 Heron.flac")).unwrap();
    scene.run(&[]).exits(5);
    lose_the_collection(&scene);
    want_the_list(&scene, "");
    scene.run(&[]).exits(5);
    let library = scene.library();
    assert_eq!(library.audio(), [ALBUM[0], ALBUM[1], ALONE]);
    assert!(!library.file(".musicdl").exists());
}

#[test]
fn a_file_that_was_damaged_while_it_waited_is_fetched_again() {
    let scene = listed(&songs(), CONFIG);
    let (heron, aside) = (
        scene.path("music/Ann/First/03 Heron.flac"),
        scene.path("heron"),
    );
    fs::rename(&heron, &aside).unwrap();
    scene.run(&[]).exits(5);
    let library = scene.library();
    for file in library.files() {
        if file.ends_with(".audio") {
            let mut bytes = fs::read(library.file(&file)).unwrap();
            let end = bytes.len() - 100;
            bytes[end..].fill(0);
            fs::write(library.file(&file), bytes).unwrap();
        }
    }
    fs::rename(&aside, &heron).unwrap();
    scene.run(&[]).exits(0);
    assert_eq!(library.audio(), everything());
    library.is_whole();
}

#[test]
fn where_something_is_in_the_way_of_one_track_none_of_its_album_is_published() {
    let (scene, server) = served();
    server.gets_stuck_after(2);
    let run = scene.start(&[]);
    server.wait_for_stuck(1);
    // Not there when the plan was made.
    let theirs = scene.write("library/Ann/Ann - First/02 - Wren.mp3", "theirs");
    server.runs_freely();
    run.finish()
        .exits(5)
        .says(&["was left as it is", "held: Ann - First: 2 of 3"]);
    let library = scene.library();
    assert_eq!(library.audio(), [ALBUM[1], ALONE]);
    assert_eq!(fs::read(&theirs).unwrap(), b"theirs");

    fs::remove_file(theirs).unwrap();
    server.asked();
    scene.run(&[]).exits(0);
    assert_eq!(server.asked(), [""; 0]);
    assert_eq!(library.audio(), everything());
}

#[test]
fn what_nobody_wanted_cannot_be_kept_beside_an_album_that_waits() {
    let scene = listed(&songs(), "download: {publish: albums, extra_files: keep}\n");
    scene
        .run(&[])
        .exits(2)
        .says(&["`download.publish: albums` and `download.extra_files: keep` exclude each other"]);
}
