//! Ctrl-C and SIGTERM: politely once, at once the second time, and the next run goes on.

use std::time::Duration;

use crate::support::music_server::MusicServer;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const TRACKS: usize = 12;
/// Tracks fetched at once.
const JOBS: usize = 2;
/// Tracks there when the signal comes.
const PLACED: usize = 3;

/// A run of twelve tracks, of which three are there and two stand at their half.
struct Scenery {
    scene: Scene,
    server: MusicServer,
    run: crate::support::program::Running,
}

fn in_the_middle(args: &[&str]) -> Scenery {
    let scene = Scene::with(&["subsonic"]);
    let songs = Song::many(TRACKS);
    let songs: Vec<_> = songs.into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("elsewhere"), &songs);
    let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
    scene.write("dozen.csv", song::exportify(&songs));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./dozen.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             download: {{jobs: {JOBS}}}\n\
             sources:\n{}",
            server.config()
        ),
    );
    server.gets_stuck_after(PLACED);
    let run = scene.start(args);
    server.wait_for_stuck(JOBS);
    Scenery { scene, server, run }
}

/// The state is saved, the library is clean, and the same command does the rest.
fn goes_on(scene: &Scene, server: &MusicServer, placed: usize, outcome: &str) {
    let report = scene.report();
    assert_eq!(report["outcome"], outcome);
    assert_eq!(report["statistics"]["completed"], placed);
    assert_eq!(report["statistics"]["pending"], TRACKS - placed);
    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["last_run"]["outcome"], outcome, "{status}");
    assert_eq!(status["statistics"], report["statistics"]);

    let library = scene.library();
    assert_eq!(library.audio().len(), placed);
    library.is_whole();
    assert!(!library.file(".musicdl").exists());

    server.runs_freely();
    server.asked();
    scene.run(&[]).exits(0);
    assert_eq!(server.asked().len(), TRACKS - placed);
    assert_eq!(library.audio().len(), TRACKS);
    library.is_whole();
}

#[test]
fn after_one_ctrl_c_what_is_running_is_finished_and_nothing_else_begun() {
    let Scenery { scene, server, run } = in_the_middle(&[]);
    run.interrupt();
    run.has_said("stopping: ");
    server.runs_freely();
    let run = run.finish().exits(130);
    assert!(run.took < Duration::from_secs(30), "{}", run.told());
    assert_eq!(server.asked().len(), PLACED + JOBS);
    goes_on(&scene, &server, PLACED + JOBS, "interrupted");
}

#[test]
fn after_one_ctrl_c_nobody_waits_longer_than_five_seconds() {
    let Scenery { scene, server, run } = in_the_middle(&["--json"]);
    let interrupted = std::time::Instant::now();
    run.interrupt();
    let run = run.finish().exits(130);
    let waited = interrupted.elapsed();
    assert!(waited < Duration::from_secs(8), "{}", run.told());
    assert!(waited > Duration::from_secs(4), "{}", run.told());
    let last = run.events().pop().unwrap();
    assert_eq!(
        (&last["event"], &last["exit_code"]),
        (&"report".into(), &130.into())
    );
    goes_on(&scene, &server, PLACED, "interrupted");
}

#[test]
fn after_a_second_ctrl_c_the_program_ends_at_once() {
    let Scenery { scene, server, run } = in_the_middle(&[]);
    run.interrupt();
    run.has_said("stopping: ");
    let interrupted = std::time::Instant::now();
    run.interrupt();
    let run = run.finish().exits(130);
    let waited = interrupted.elapsed();
    assert!(
        waited < Duration::from_secs(3),
        "{waited:?}: {}",
        run.told()
    );
    goes_on(&scene, &server, PLACED, "interrupted");
}

#[test]
fn a_service_manager_that_ends_the_program_learns_that_it_did() {
    let Scenery { scene, server, run } = in_the_middle(&[]);
    run.terminate();
    run.has_said("stopping: ");
    server.runs_freely();
    run.finish().exits(143);
    server.asked();
    goes_on(&scene, &server, PLACED + JOBS, "terminated");
}
