//! The disk says no, or is not there any more: nothing is lost, it is said once, and the same
//! command goes on when the cause is gone.

use std::fs;
use std::process::Command;

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::music_server::MusicServer;
use crate::support::program::Running;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

#[test]
fn a_file_that_the_disk_does_not_take_stops_the_run_and_is_named_once() {
    let scene = Scene::with(&["folder"]);
    let small = Song::single("Ann", "Small", "flac").without_cover();
    song::make(&scene.path("music"), std::slice::from_ref(&small));
    // A plugin is copied into memory to be loaded, and the limit counts that too.
    let most = fs::metadata(scene.plugin("folder")).unwrap().len() + 1_000_000;
    let large = scene.path("music/Large.flac");
    // Noise is what FLAC cannot make smaller: 130 kB a second.
    let seconds = most / 130_000 + 5;
    let made = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-f", "lavfi"])
        .args(["-i", &format!("anoisesrc=duration={seconds}")])
        .args(["-metadata", "artist=Ann", "-metadata", "title=Large"])
        .arg(&large)
        .status();
    assert!(made.unwrap().success());
    assert!(fs::metadata(&large).unwrap().len() > most);
    scene.write(
        "musicdl.yaml",
        "songs: [Ann - Small, Ann - Large]\n\
         library: {path: ./library}\n\
         plugins: [./plugins]\n\
         download: {jobs: 1}\n\
         sources: [{folder: {paths: [./music]}}]\n",
    );
    let musicdl = scene.musicdl(&[]);
    let mut limited = Command::new("prlimit");
    limited
        .arg(format!("--fsize={most}"))
        .arg(musicdl.get_program())
        .current_dir(scene.path(""))
        .env_clear()
        .envs(
            musicdl
                .get_envs()
                .filter_map(|(key, value)| Some((key, value?))),
        );
    let run = Running::start(limited)
        .finish()
        .exits(4)
        .says(&["File too large", "run the same command again"]);
    let named = run.stderr.matches("File too large").count();
    assert_eq!(named, 1, "{}", run.told());
    let report = scene.report();
    assert_eq!(report["statistics"]["failed"], 0, "{report}");
    assert_eq!(report["statistics"]["pending"], 1, "{report}");
    assert_eq!(scene.library().titles(), ["Small"]);

    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["folder: 1"]);
    assert_eq!(scene.library().titles(), ["Large", "Small"]);
    scene.library().is_whole();
}

#[test]
fn a_library_that_vanishes_during_a_run_stops_it_and_is_not_made_anew() {
    let scene = Scene::with(&["subsonic"]);
    let songs: Vec<_> = Song::many(6).into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("elsewhere"), &songs);
    let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
    scene.write("six.csv", song::exportify(&songs));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./six.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             download: {{jobs: 2}}\n\
             sources:\n{}",
            server.config()
        ),
    );
    server.gets_stuck_after(2);
    let run = scene.start(&[]);
    server.wait_for_stuck(2);
    let (library, away) = (scene.path("library"), scene.path("unmounted"));
    fs::rename(&library, &away).unwrap();
    server.runs_freely();
    let run = run.finish().exits(4).says(&["library", "vanished"]);
    assert!(!library.exists(), "{}", run.told());

    fs::rename(&away, &library).unwrap();
    server.asked();
    scene.run(&[]).exits(0);
    assert_eq!(server.asked().len(), 4);
    assert_eq!(scene.library().audio().len(), 6);
    scene.library().is_whole();
}

#[test]
fn a_file_in_the_place_of_a_folder_costs_what_belongs_into_it() {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &Collection::new().songs());
    want_everything(&scene, "  - folder: {paths: [./music]}\n");
    let mine = scene.write("library/Dora Words", "a letter to Dora");
    let run = scene
        .run(&[])
        .exits(5)
        .says(&["failed: Dora Words - Kestrel", "move it away"]);
    assert_eq!(fs::read(mine).unwrap(), b"a letter to Dora");
    assert_eq!(scene.delivered(), ["folder: 4"], "{}", run.told());
}

#[test]
fn without_its_state_a_run_believes_the_library_and_fetches_nothing() {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &Collection::new().songs());
    want_everything(&scene, "  - folder: {paths: [./music]}\n");
    scene.run(&[]).exits(0);
    let before = scene.library().fingerprints();
    fs::remove_dir_all(scene.path(".musicdl")).unwrap();
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0]);
    assert_eq!(scene.library().fingerprints(), before);
    assert_eq!(scene.library().files(), LIBRARY);
}
