//! Ended as by a power cut, the same command goes on where it was.

use std::collections::BTreeSet;
use std::fs;

use crate::support::music_server::MusicServer;
use crate::support::program::until;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const TRACKS: usize = 50;
/// Tracks fetched at once.
const JOBS: usize = 4;

/// Fifty songs on a server, wanted as a playlist.
fn scene() -> (Scene, MusicServer) {
    let scene = Scene::with(&["subsonic"]);
    let songs = Song::many(TRACKS);
    let songs: Vec<_> = songs.into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("elsewhere"), &songs);
    let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
    scene.write("fifty.csv", song::exportify(&songs));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./fifty.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             download: {{jobs: {JOBS}}}\n\
             sources:\n{}",
            server.config()
        ),
    );
    (scene, server)
}

/// After the last run: everything is there once and in its order, and nothing else is.
fn everything_is_there(scene: &Scene) {
    let (library, songs) = (scene.library(), Song::many(TRACKS));
    let mut expected: Vec<_> = songs
        .iter()
        .map(|song| {
            let number = song.album.as_ref().unwrap().1;
            format!("fifty/Ann/Ann - Long/{number:02} - {}.flac", song.title)
        })
        .collect();
    let list = library.text("fifty/fifty.m3u8");
    let listed = list.lines().filter(|line| !line.starts_with('#'));
    assert!(listed.eq(expected.iter().map(|path| &path["fifty/".len()..])));
    let heard = song::sounds(&scene.path("elsewhere"), &songs);
    assert!(
        library
            .sounds()
            .values()
            .eq(songs.iter().map(|song| &heard[&song.title]))
    );
    let mut titles: Vec<_> = songs.into_iter().map(|song| song.title).collect();
    titles.sort();
    assert_eq!(library.titles(), titles);
    expected.push("fifty/fifty.m3u8".to_owned());
    expected.sort();
    // Staging is gone as well.
    assert_eq!(library.files(), expected);
}

#[test]
fn a_run_that_is_killed_in_the_middle_of_downloads_goes_on_with_what_is_missing() {
    let (scene, server) = scene();
    let library = scene.library();
    let mut placed = BTreeSet::new();
    for moment in [0, 1, 23, TRACKS - 1] {
        server.gets_stuck_after(moment - placed.len());
        let run = scene.start(&[]);
        server.wait_for_stuck(JOBS.min(TRACKS - moment));
        // Where fewer are stuck than may run, one may still be on its way to its place.
        until("the others are there", || library.audio().len() == moment);
        run.kill();
        server.runs_freely();

        // What was on its way is unfinished, and nowhere but in staging.
        assert!(
            library
                .files()
                .iter()
                .any(|file| file.starts_with(".musicdl/"))
        );
        library.is_whole();
        let asked = server.asked();
        let again: Vec<_> = asked
            .iter()
            .filter(|title| placed.contains(*title))
            .collect();
        assert!(again.is_empty(), "fetched again: {again:?}");
        placed = library.titles().into_iter().collect();
        assert_eq!(placed.len(), moment);
    }
    scene.run(&[]).exits(0);
    assert_eq!(server.asked().len(), 1);
    everything_is_there(&scene);
    scene.run(&[]).exits(0);
    assert_eq!(server.asked(), [""; 0]);
}

#[test]
fn a_run_that_is_killed_while_it_starts_leaves_nothing_in_the_way_of_the_next() {
    let (scene, server) = scene();
    for moment in [
        "",
        ".musicdl",
        ".musicdl/lock",
        ".musicdl/state.db",
        ".musicdl/state.db-wal",
        "library",
        "library/.musicdl/staging",
    ] {
        server.gets_stuck_after(0);
        let run = scene.start(&[]);
        until(moment, || scene.path(moment).exists());
        run.kill();
        server.runs_freely();
        assert_eq!(scene.library().audio(), [""; 0], "{moment}");

        scene.run(&["plan"]).exits(0).says(&["50 to do"]);
        server.gets_stuck_after(1);
        let run = scene.start(&[]);
        until("the first is there", || scene.library().audio().len() == 1);
        run.kill();
        server.runs_freely();
        for dir in [".musicdl", "library"] {
            fs::remove_dir_all(scene.path(dir)).unwrap();
        }
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_whole_files_only() {
    let (scene, server) = scene();
    let library = scene.library();
    for enough in [2, 9, 21, 38] {
        let placed: BTreeSet<_> = library.titles().into_iter().collect();
        let run = scene.start(&[]);
        // Other files are at any stage then.
        until("enough are there", || library.audio().len() >= enough);
        run.kill();
        library.is_whole();
        let asked = server.asked();
        let again: Vec<_> = asked
            .iter()
            .filter(|title| placed.contains(*title))
            .collect();
        assert!(again.is_empty(), "fetched again: {again:?}");
    }
    let placed = library.audio().len();
    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert!(status["held_by"].is_null(), "{status}");
    assert!(status["last_run"]["ended_at"].is_null(), "{status}");

    scene.run(&[]).exits(0);
    assert_eq!(server.asked().len(), TRACKS - placed);
    everything_is_there(&scene);
}
