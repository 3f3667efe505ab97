//! What the user says of a run beside starting it: which tracks, which not, which again, and
//! why.

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
    scene.run(&["retry", title]).exits(0);
    assert_eq!(scene.library().audio().len(), 3);
    scene.run(&["retry"]).exits(5).says(&["failed: Bob - Lost"]);
    assert_eq!(scene.report()["statistics"]["failed"], 1);

    scene
        .run(&["cancel", "nobody"])
        .exits(2)
        .says(&["nothing in the plan is called `nobody`"]);
    scene
        .run(&["cancel", "Ann"])
        .exits(2)
        .says(&["3 items are called so"]);
    scene
        .run(&["cancel", "--source", "folder"])
        .exits(2)
        .says(&["no run is going on"]);
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
        "Bob - Lost (Live): refused: another version: live",
        "total ",
    ]);
    let answer = scene.run(&["explain", &songs[0].title, "--json"]).exits(0);
    let answer = answer.json();
    assert_eq!(answer["sources"][0]["candidates"][0]["accepted"], true);
    assert_eq!(answer["attempts"][0]["source"], "folder");
    assert!(answer["sources"][0]["asked"][0]["text"].is_string());
}

#[test]
fn somebody_who_watches_is_told_until_the_run_has_ended() {
    let (scene, _) = scene();
    scene.run(&[]).exits(5);
    // Nothing runs: there is nothing to wait for.
    scene
        .run(&["status", "--watch"])
        .exits(0)
        .says(&["3 completed"]);
}
