//! States that earlier programs left, with data in them: every command that looks at a state
//! reads them, and a run goes on from there.

use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const DUMPS: [&str; 5] = [
    include_str!("../fixtures/states/V1.sql"),
    include_str!("../fixtures/states/V2.sql"),
    include_str!("../fixtures/states/V3.sql"),
    include_str!("../fixtures/states/V4.sql"),
    include_str!("../fixtures/states/V5.sql"),
];
const TITLES: [&str; 6] = [
    "Amber Bunting",
    "Amber Curlew",
    "Amber Dunlin",
    "Amber Falcon",
    "Amber Goose",
    "Amber Heron",
];

/// The list of the dumps and the songs that it wants, but for one that is nowhere.
fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    let songs = (1..).zip(TITLES).map(|(number, title)| {
        Song::of_album("Ann", "Long", number, title, "flac").without_cover()
    });
    song::make(&scene.path("music"), &songs.collect::<Vec<_>>());
    scene.write("wanted.csv", include_str!("../fixtures/states/wanted.csv"));
    scene.write(
        "musicdl.yaml",
        "playlists: [./wanted.csv]\n\
         library: {path: ./library}\n\
         plugins: [./plugins]\n\
         sources: [{folder: {paths: [./music]}}]\n",
    );
    scene
}

/// Puts the state of a dump into the place of what is there.
fn load(scene: &Scene, dump: &str) {
    let state = scene.path(".musicdl");
    if state.exists() {
        std::fs::remove_dir_all(&state).unwrap();
    }
    std::fs::create_dir(&state).unwrap();
    let database = rusqlite::Connection::open(state.join("state.db")).unwrap();
    database.execute_batch(dump).unwrap();
}

#[test]
fn status_explain_and_cancel_work_on_the_state_of_every_earlier_program() {
    let scene = scene();
    for dump in DUMPS {
        load(&scene, dump);
        scene.run(&["status"]).exits(0).says(&[
            "7 tracks, 1 completed, 2 skipped (1 cancelled, 1 not in this run), 2 failed, 2 to do",
            "failed 3x: Bob - Lost: folder: the file is cut short",
            "interrupted",
        ]);
        scene.run(&["explain", "lost bob"]).exits(0).says(&[
            "Bob - Lost (spotify:Lost000000000000000000): failed",
            "fetched from folder: the file is cut short",
        ]);

        load(&scene, dump);
        scene.run(&["explain", "amber dunlin"]).exits(0).says(&[
            "1. Ann - Amber Dunlin: fits",
            "Amber Dunlin.flac",
            "44.1 kHz",
        ]);

        load(&scene, dump);
        scene
            .run(&["cancel", "falcon"])
            .exits(0)
            .says(&["cancelled: Ann - Amber Falcon"]);
        let status = scene.run(&["status", "--json"]).exits(0).json();
        assert!(
            status["statistics"]["cancelled"].as_u64() >= Some(2),
            "{status}"
        );
    }
}

#[test]
fn a_run_goes_on_from_the_state_of_every_earlier_program() {
    for (dump, number) in DUMPS.into_iter().zip(1..) {
        let scene = scene();
        load(&scene, dump);
        scene.run(&[]).exits(5).says(&["failed: Bob - Lost"]);
        // Of those that are there, one was cancelled; from V3 on another by a command that no
        // run had taken.
        let cancelled = if number < 3 { 1 } else { 2 };
        let statistics = &scene.report()["statistics"];
        assert_eq!(statistics["cancelled"], cancelled, "V{number}");
        assert_eq!(statistics["completed"], 6 - cancelled, "V{number}");
        assert_eq!(scene.library().audio().len(), 6 - cancelled);

        scene.run(&["retry", "curlew"]).exits(0);
        assert_eq!(scene.library().audio().len(), 7 - cancelled);
    }
}
