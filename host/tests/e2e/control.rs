//! What the user says of a run beside starting it: which tracks, which not, which again, and
//! why.

use crate::support::music_server::MusicServer;
use crate::support::program::Running;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

/// Three songs in a folder, wanted as a playlist, and one that nobody has.
fn scene() -> (Scene, Vec<Song>) {
    let scene = Scene::with(&["folder"]);
    let songs: Vec<_> = Song::many(3).into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("music"), &songs);
    let lost = Song::single("Bob", "Lost", "flac");
    scene.write("four.csv", song::exportify(songs.iter().chain([&lost])));
    scene.write(
        "musicdl.yaml",
        "playlists: [./four.csv]\n\
         library: {path: ./library}\n\
         plugins: [./plugins]\n\
         sources: [{folder: {paths: [./music]}}]\n",
    );
    (scene, songs)
}

#[test]
fn exactly_what_was_reviewed_is_fetched() {
    let (scene, songs) = scene();
    scene.run(&["plan", "--list", "todo"]).exits(0);
    let listed = std::fs::read_to_string(scene.path("todo")).unwrap();
    assert_eq!(listed.lines().count(), 4);
    let keep = |line: &&str| line.ends_with(&songs[1].title);
    let reviewed: Vec<&str> = listed.lines().filter(keep).collect();
    scene.write("reviewed", reviewed.join("\n"));
    scene
        .run(&["run", "--include", "reviewed"])
        .exits(0)
        .says(&["4 tracks wanted: 0 already in the library, 1 to do, 3 not in this run"]);
    assert_eq!(scene.library().titles(), [songs[1].title.clone()]);

    scene.run(&["run", "--exclude", "reviewed"]).exits(5);
    assert_eq!(scene.library().audio().len(), 3);
    scene
        .run(&["run", "--include", "nowhere"])
        .exits(2)
        .says(&["nowhere"]);
}

#[test]
fn what_was_cancelled_stays_so_until_it_is_wanted_again() {
    let (scene, songs) = scene();
    scene.run(&["plan", "--list", "todo"]).exits(0);
    scene.write("nothing", "");
    scene.run(&["run", "--include", "nothing"]).exits(0);
    let title = songs[0].title.as_str();
    scene
        .run(&["cancel", &title.to_uppercase()])
        .exits(0)
        .says(&["cancelled: ", title]);
    for _ in 0..2 {
        scene.run(&[]).exits(5);
        assert_eq!(scene.library().audio().len(), 2);
    }
    assert_eq!(scene.report()["statistics"]["cancelled"], 1);
    scene.run(&["retry", title]).exits(0);
    assert_eq!(scene.library().audio().len(), 3);
    scene.run(&["retry"]).exits(5).says(&["failed: Bob - Lost"]);
    assert_eq!(scene.retry_report()["statistics"]["failed"], 1);

    scene
        .run(&["cancel", "--source", "folder"])
        .exits(2)
        .says(&["no run is in progress"]);
}

#[test]
fn a_retry_answers_for_its_tracks_and_leaves_the_report_of_the_last_run() {
    let (scene, songs) = scene();
    let title = songs[0].title.as_str();
    scene.write("nothing", "");
    scene.run(&["run", "--include", "nothing"]).exits(0);
    scene.run(&["cancel", title]).exits(0);
    scene.run(&[]).exits(5);
    let report = scene.report();
    assert_eq!(report["outcome"], "partial");

    scene
        .run(&["retry", title])
        .exits(0)
        .says(&["complete: 4 tracks, 1 completed", "1 not in this run"]);
    assert_eq!(scene.report(), report);
    let retried = scene.retry_report();
    assert_eq!(retried["outcome"], "complete");
    assert_eq!(retried["statistics"]["completed"], 1);
    assert_eq!(retried["statistics"]["existing"], 2);
    assert_eq!(retried["statistics"]["left_out"], 1);
    assert_eq!(retried["statistics"]["skipped"], 3);
    scene
        .run(&["status"])
        .exits(0)
        .says(&["last run, a retry: ", "failed 1x: Bob - Lost"]);

    scene.run(&["retry", "lost"]).exits(5);
    assert_eq!(scene.report(), report);
    // What was asked for is no longer wanted: it is not there.
    scene.write("four.csv", song::exportify(&songs));
    scene.run(&["retry", "lost"]).exits(5);
}

#[test]
fn a_track_is_named_by_words_in_any_order_without_accents() {
    let scene = Scene::with(&["folder"]);
    let songs = [
        Song::of_album("Ann", "First Light", 1, "Café Noir", "flac"),
        Song::of_album("Ann", "Second Light", 1, "Café Noir", "flac"),
        Song::of_album("Ann", "First Light", 2, "Owls", "flac"),
    ];
    scene.write("one.csv", song::exportify(&songs[..1]));
    // Made from the words of a song, its id would be that of the other.
    let (csv, uri) = (song::exportify(&songs[1..]), "spotify:track:");
    let (before, id) = csv.split_once(uri).unwrap();
    scene.write("two.csv", format!("{before}{uri}two{}", &id[3..]));
    scene.write(
        "musicdl.yaml",
        "playlists: [./one.csv, ./two.csv]\n\
         library: {path: ./library}\n\
         plugins: [./plugins]\n\
         sources: [{folder: {paths: [.]}}]\n",
    );
    scene.write("nothing", "");
    scene.run(&["run", "--include", "nothing"]).exits(0);
    scene.run(&["cancel", "noir CAFE"]).exits(2).says(&[
        "2 tracks match `noir CAFE`",
        "Ann - Café Noir  album: First Light  in: one",
        "Ann - Café Noir  album: Second Light  in: two",
        "add words of its name or album",
    ]);
    scene
        .run(&["cancel", "noir second"])
        .exits(0)
        .says(&["cancelled: Ann - Café Noir"]);
    scene
        .run(&["cancel", "owls"])
        .exits(0)
        .says(&["cancelled: Ann - Owls"]);
    scene
        .run(&["cancel", "nobody"])
        .exits(2)
        .says(&["no track of the plan matches `nobody`"]);
    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["statistics"]["cancelled"], 2, "{status}");
}

#[test]
fn every_candidate_of_a_track_is_shown_with_the_rule_that_decided() {
    let (scene, songs) = scene();
    let live = Song {
        title: "Lost (Live)".to_owned(),
        ..Song::single("Bob", "Lost", "flac").without_cover()
    };
    song::make(&scene.path("music/more"), &[live]);
    scene.run(&[]).exits(5);
    scene.run(&["explain", "Lost"]).exits(0).says(&[
        "Bob - Lost",
        "folder:",
        "1. Bob - Lost (Live): refused: another version: live",
        "music/more/Bob/Lost/Lost.flac: flac, 16 bit, 44.1 kHz",
        "total ",
    ]);
    let answer = scene.run(&["explain", &songs[0].title, "--json"]).exits(0);
    let answer = answer.json();
    let candidate = &answer["sources"][0]["candidates"][0];
    assert_eq!(candidate["accepted"], true);
    assert_eq!(
        (&candidate["number"], &candidate["codec"]),
        (&1.into(), &"flac".into())
    );
    assert!(candidate["target"].as_str().unwrap().ends_with(".flac"));
    assert_eq!(candidate["sample_rate"], 44100);
    assert_eq!(answer["attempts"][0]["source"], "folder");
    assert!(answer["sources"][0]["asked"][0]["text"].is_string());
}

#[test]
fn watching_after_a_run_shows_its_end_and_returns() {
    let (scene, _) = scene();
    scene.run(&[]).exits(5);
    scene
        .run(&["status", "--watch"])
        .exits(0)
        .says(&["3 completed"]);
}

/// A run of four songs, one after the other, that is stuck in the second.
fn stuck_in_the_second() -> (Scene, MusicServer, Vec<Song>, Running) {
    let scene = Scene::with(&["subsonic"]);
    let songs: Vec<_> = Song::many(4).into_iter().map(Song::without_cover).collect();
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
    let run = scene.start(&[]);
    server.wait_for_stuck(1);
    (scene, server, songs, run)
}

#[test]
fn a_cancel_that_was_confirmed_holds_however_the_run_ends() {
    type End = fn(Running);
    let ends: [(&str, End); 3] = [
        ("INT", |run| {
            run.interrupt();
            run.interrupt();
            run.finish().exits(130);
        }),
        ("TERM", |run| {
            run.terminate();
            run.terminate();
            run.finish().exits(143);
        }),
        ("KILL", Running::kill),
    ];
    for (signal, end) in ends {
        let (scene, server, songs, run) = stuck_in_the_second();
        // One is on its way, one is yet to come.
        for song in &songs[1..3] {
            scene
                .run(&["cancel", &song.title])
                .exits(0)
                .says(&["cancelled: ", "also in the current run"]);
        }
        end(run);
        server.runs_freely();
        scene.run(&[]).exits(0);
        let titles = scene.library().titles();
        let expected = [songs[0].title.clone(), songs[3].title.clone()];
        assert_eq!(titles, expected, "{signal}");
        assert_eq!(scene.report()["statistics"]["cancelled"], 2, "{signal}");
    }
}

#[test]
fn status_shows_what_a_run_is_fetching_from_which_source() {
    let (scene, server, songs, run) = stuck_in_the_second();
    // The run shows it within a second; every look takes a while itself.
    let look = || {
        let status = scene.run(&["status", "--json"]).exits(0).json();
        let fetching = status["fetching"].as_array().unwrap().clone();
        fetching
            .into_iter()
            .find(|one| one["name"] == songs[1].words())
    };
    let fetching = std::iter::repeat_with(look).take(300).flatten().next();
    let fetching = fetching.expect("the song that is stuck");
    assert_eq!(fetching["source"], "subsonic");
    let (bytes, total) = (fetching["bytes"].as_u64(), fetching["total"].as_u64());
    assert!(bytes.is_some() && bytes < total, "{fetching}");
    scene
        .run(&["status"])
        .exits(0)
        .says(&["fetching from subsonic:\n  Ann - ", " MB of "]);

    server.runs_freely();
    run.finish().exits(0);
    let status = scene.run(&["status", "--json"]).exits(0).json();
    assert_eq!(status["fetching"], serde_json::json!([]));
}
