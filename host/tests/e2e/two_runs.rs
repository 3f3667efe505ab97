//! Two runs at the same time.

use crate::support::music_server::MusicServer;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

/// Four songs on a server that gets stuck at the first.
fn scene() -> (Scene, MusicServer) {
    let scene = Scene::with(&["subsonic"]);
    let songs = Song::many(4);
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
    server.gets_stuck_after(1);
    (scene, server)
}

#[test]
fn a_second_run_on_the_same_state_leaves_and_says_who_has_it() {
    let (scene, server) = scene();
    let first = scene.start(&[]);
    server.wait_for_stuck(1);
    let process = format!("process {}", first.pid());
    scene.run(&[]).exits(7).says(&["in use by", &process]);
    let failed = scene.run(&["--json"]).exits(7);
    assert_eq!(failed.events()[0]["exit_code"], 7);

    // Who only looks is never turned away.
    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["held_by"]["pid"], first.pid());
    assert_eq!(status["statistics"]["completed"], 1, "{status}");
    scene
        .run(&["status"])
        .exits(0)
        .says(&[&process, "still going on"]);
    scene.run(&["plan"]).exits(0).says(&["4 tracks wanted"]);
    scene.run(&["-n"]).exits(0);

    server.runs_freely();
    first.finish().exits(0);
    assert_eq!(scene.library().audio().len(), 4);
    // Nobody else fetched anything meanwhile.
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_second_run_on_the_same_library_leaves_whatever_its_state() {
    let (scene, server) = scene();
    let first = scene.start(&[]);
    server.wait_for_stuck(1);
    scene
        .run(&["--state", "another"])
        .exits(7)
        .says(&["another run of musicdl is using the library"]);
    server.runs_freely();
    first.finish().exits(0);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_run_that_was_killed_keeps_nobody_waiting() {
    let (scene, server) = scene();
    let first = scene.start(&[]);
    server.wait_for_stuck(1);
    first.kill();
    server.runs_freely();
    scene.run(&[]).exits(0);
    assert_eq!(scene.library().audio().len(), 4);
}
