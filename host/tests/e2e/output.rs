//! What comes out, and in which pipe: data on stdout, talk on stderr, and nothing in either
//! that a title could use to write elsewhere on the screen.

use std::fs;
use std::process::Stdio;

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::music_server::MusicServer;
use crate::support::program::Running;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &Collection::new().songs());
    want_everything(&scene, "  - folder: {paths: [./music]}\n");
    scene
}

#[test]
fn a_quiet_run_says_nothing_unless_something_is_wrong() {
    let scene = scene();
    for args in [&["-q"][..], &["run", "-q"]] {
        let run = scene.run(args).exits(0);
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    }
    let run = scene.run(&["-q", "--library", "gone/library"]).exits(4);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("error: "), "{}", run.told());
}

#[test]
fn a_run_in_words_reports_on_stdout_and_talks_on_stderr() {
    let scene = scene();
    let run = scene.run(&["--library", "music/../library"]).exits(0);
    assert!(
        run.stdout.contains("complete: 5 tracks, 5 completed"),
        "{}",
        run.told()
    );
    assert!(run.stdout.contains("fetched: 5 from folder\n"));
    let playlist = scene.path("library/Road trip/Road trip.m3u8");
    assert!(
        run.stdout
            .contains(&format!("playlist: {}\n", playlist.display())),
        "{}",
        run.told()
    );
    let finished = |n: &str| format!("[{n}/5] completed: ");
    for n in ["1", "2", "3", "4", "5"] {
        assert!(run.stderr.contains(&finished(n)), "{}", run.told());
        assert!(!run.stdout.contains(&finished(n)), "{}", run.told());
    }
}

#[test]
fn a_run_as_data_is_an_event_a_line_and_ends_with_its_report() {
    let scene = scene();
    let run = scene.run(&["--json"]).exits(0);
    let events = run.events();
    let names: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(names[..2], ["planned", "run_started"], "{names:?}");
    assert_eq!(names.last(), Some(&"report"), "{names:?}");
    let count = |name| names.iter().filter(|other| **other == name).count();
    assert_eq!(count("item_finished"), 5);
    assert_eq!(run.stderr, "");

    let mut last = events.last().unwrap().clone();
    for of_the_event in ["event", "run", "seq"] {
        last.as_object_mut().unwrap().remove(of_the_event);
    }
    assert_eq!(last, scene.report());

    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["statistics"], scene.report()["statistics"]);
    let run = scene.run(&["--json", "--library", "gone/library"]).exits(4);
    let error = run.events().pop().unwrap();
    assert_eq!(
        (&error["event"], &error["exit_code"]),
        (&"error".into(), &4.into())
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let scene = scene();
    // The first of them does the whole job, and nobody reads a word.
    for args in [
        &["run", "--json"][..],
        &["run"],
        &["plan", "--json"],
        &["plan"],
        &["status"],
        &["plugins"],
        &["--help"],
        &["--version"],
    ] {
        let mut child = scene
            .musicdl(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        assert_eq!(scene.library().files(), LIBRARY, "{args:?}");
    }
}

/// Clears the screen, changes its title, begins a line, writes backwards, and is a C1 control.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{9b}31m\u{202e}evil";

/// What of that would reach a terminal.
fn harmful(text: &str) -> Option<char> {
    text.chars()
        .find(|&c| c != '\n' && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')))
}

#[test]
fn nothing_in_a_name_reaches_the_terminal_as_a_command() {
    let evil =
        |title: &str| Song::single(&format!("Ann {EVIL}"), &format!("{title} {EVIL}"), "flac");
    let (there, missing) = (evil("There"), evil("Missing"));
    let scene = Scene::with(&["subsonic"]);
    let tame = Song::single("Ann", "There", "flac").without_cover();
    song::make(&scene.path("elsewhere"), std::slice::from_ref(&tame));
    let offered = [
        Song {
            title: there.title.clone(),
            artist: there.artist.clone(),
            ..tame.clone()
        },
        Song {
            title: format!("{} (Live {EVIL})", missing.title),
            artist: missing.artist.clone(),
            ..tame.clone()
        },
    ];
    let server = MusicServer::offering(&scene.path("elsewhere"), &offered);
    scene.write("evil.csv", song::exportify([&there, &missing]));
    scene.write(
        &format!("gone {EVIL}.csv"),
        "no table\u{1b}[2J\n\u{1b}[2J\n",
    );
    fs::write(scene.plugin(&format!("bad {EVIL}")), "").unwrap();
    let yaml = EVIL
        .replace('\u{1b}', "\\e")
        .replace('\u{7}', "\\a")
        .replace('\r', "\\r")
        .replace('\u{9b}', "\\x9b");
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists:\n  - {{name: \"Mix {yaml}\", file: ./evil.csv}}\n  - \"./gone {yaml}.csv\"\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             sources:\n{}",
            server.config()
        ),
    );
    for args in [
        &["plan"][..],
        &["-vv"],
        &["status"],
        &["plugins"],
        &["-c", EVIL],
        &["--plan", EVIL],
        &["--state", EVIL, "status"],
    ] {
        let run = scene.run(args);
        assert!(!run.stderr.contains("panicked"), "{}", run.told());
        if args == ["-vv"] {
            let line = run.stderr.lines().find(|line| line.contains(" DEBUG "));
            assert!(line.is_some(), "no log: {}", run.told());
        }
        for text in [&run.stdout, &run.stderr] {
            let found = harmful(text);
            assert_eq!(found, None, "{args:?}: {text:?}");
        }
        assert!((run.stdout + &run.stderr).len() > 10);
    }
    let library = scene.library();
    assert_eq!(library.audio().len(), 1);
    for file in library.files() {
        assert_eq!(harmful(&file), None, "{file:?}");
        if file.ends_with(".m3u8") {
            let text = library.text(&file).replace('\n', "");
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}

#[test]
fn on_a_pipe_there_are_no_bars_and_no_colours() {
    let scene = scene();
    let mut command = scene.musicdl(&["-c", "musicdl.yaml", "--playlist", "gone.csv"]);
    command.env("TERM", "xterm-256color");
    let run = Running::start(command).finish().exits(5);
    assert_eq!(harmful(&run.stderr), None, "{}", run.told());
    assert!(run.stderr.contains("warning: "), "{}", run.told());
}
