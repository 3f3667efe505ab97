//! A reader that does not read what a run prints holds up nothing.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::program::until;
use crate::support::scene::Scene;

/// Enough for many times what a pipe holds.
const TRACKS: usize = 10_000;
/// What Ctrl-C may take (promise A5).
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A run whose output is a full pipe. Killed when dropped.
struct Unread(Child);

impl Unread {
    fn start(mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.0), Signal::INT).unwrap();
    }

    /// Its exit code, and how long it took to end.
    fn end(&mut self) -> (Option<i32>, Duration) {
        let asked = Instant::now();
        until("the run ends", || self.0.try_wait().unwrap().is_some());
        (self.0.wait().unwrap().code(), asked.elapsed())
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A list of tracks that no source has.
fn missing_tracks() -> Scene {
    let scene = Scene::with(&["folder"]);
    std::fs::create_dir(scene.path("music")).unwrap();
    let tracks = (0..TRACKS).map(|n| format!("Ann Example - Missing number {n}\n"));
    scene.write("missing.txt", tracks.collect::<String>());
    scene.write(
        "musicdl.yaml",
        "playlists: [./missing.txt]\nlibrary: {path: ./library}\nplugins: [./plugins]\n\
         sources:\n  - folder: {paths: [./music]}\n",
    );
    scene
}

fn journaled(scene: &Scene, status: &str) -> usize {
    let database = scene.path(".musicdl/state.db");
    let Ok(database) = rusqlite::Connection::open(database) else {
        return 0;
    };
    let count = "SELECT count(*) FROM item WHERE status = ?1";
    // Before the run has made its tables there are none.
    let count = database.query_row(count, [status], |row| row.get::<_, u32>(0));
    count.unwrap_or(0) as usize
}

#[test]
fn a_run_whose_output_is_not_read_journals_everything_and_ends_on_ctrl_c() {
    for arguments in [&["--json"][..], &[]] {
        let scene = missing_tracks();
        let mut run = Unread::start(scene.musicdl(arguments));
        until("all tracks are journaled", || {
            journaled(&scene, "failed") == TRACKS
        });
        run.interrupt();
        let (code, took) = run.end();
        assert_eq!(code, Some(130), "{arguments:?}");
        assert!(took < ENDS_WITHIN, "{arguments:?}: {took:?}");
        let status = scene.run(&["status", "--json"]).json();
        assert_eq!(status["statistics"]["failed"], TRACKS, "{arguments:?}");
    }
}

#[test]
fn a_run_whose_output_is_not_read_stops_on_ctrl_c_while_it_works() {
    let scene = missing_tracks();
    let mut run = Unread::start(scene.musicdl(&["--json"]));
    until("some tracks are journaled", || {
        journaled(&scene, "failed") > TRACKS / 10
    });
    run.interrupt();
    let (code, took) = run.end();
    assert_eq!(code, Some(130));
    assert!(took < 2 * ENDS_WITHIN, "{took:?}");
    let status = scene.run(&["status", "--json"]).json();
    assert_eq!(status["last_run"]["outcome"], "interrupted", "{status}");
}

#[test]
fn events_are_numbered_without_a_gap_for_a_reader_that_reads() {
    let scene = Scene::with(&["folder"]);
    std::fs::create_dir(scene.path("music")).unwrap();
    scene.write("few.txt", "Ann Example - Bluebird\nAnn Example - Owls\n");
    scene.write(
        "musicdl.yaml",
        "playlists: [./few.txt]\nlibrary: {path: ./library}\nplugins: [./plugins]\n\
         sources:\n  - folder: {paths: [./music]}\n",
    );
    let events = scene.run(&["--json"]).exits(5).events();
    let numbers: Vec<_> = events.iter().map(|event| event["seq"].as_u64()).collect();
    let expected: Vec<_> = (1..=events.len() as u64).map(Some).collect();
    assert_eq!(numbers, expected);
    assert!(events.iter().all(|event| event["run"] == events[0]["run"]));
    assert!(events[0]["run"].is_string());
    let names: Vec<_> = events.iter().map(|event| &event["event"]).collect();
    assert!(names.contains(&&"planned".into()), "{names:?}");
    let planned = events.iter().find(|event| event["event"] == "planned");
    assert_eq!(planned.unwrap()["to_do"], 2);
}
