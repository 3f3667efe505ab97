//! The loudness of whole albums, in the tags of all of their files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use musicdl::tagging::{self, Gain};

use crate::support::program::until;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const CONFIG: &str = "tags: {replaygain: album}\n";

/// An album of one format each, and a song of none.
fn songs() -> Vec<Song> {
    vec![
        Song::of_album("Ann", "First", 1, "Bluebird", "flac"),
        Song::of_album("Ann", "First", 2, "Wren", "mp3"),
        Song::of_album("Ann", "First", 3, "Robin", "opus"),
        Song::of_album("Ann", "First", 4, "Heron", "m4a"),
        Song::single("Ann", "Alone", "flac"),
    ]
}

const ALBUM: [&str; 4] = [
    "Ann/Ann - First/01 - Bluebird.flac",
    "Ann/Ann - First/02 - Wren.mp3",
    "Ann/Ann - First/03 - Robin.opus",
    "Ann/Ann - First/04 - Heron.m4a",
];

/// A source with those songs, all wanted as one playlist as well.
fn scene(songs: &[Song], config: &str) -> Scene {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), songs);
    scene.write("list.csv", song::exportify(songs));
    configure(&scene, config);
    scene
}

fn configure(scene: &Scene, config: &str) {
    scene.write(
        "musicdl.yaml",
        format!(
            "albums: [./list.csv]\nplaylists: [{{Mix: ./list.csv}}]\n\
             library: {{path: ./library}}\nplugins: [./plugins]\n\
             sources:\n  - folder: {{paths: [./music]}}\n{config}"
        ),
    );
}

/// What the files of the album say of it, at both of their places.
fn said(scene: &Scene) -> Vec<Option<Gain>> {
    let library = scene.library();
    let places = ALBUM.map(|place| [place.to_owned(), format!("Mix/{place}")]);
    let tags = places.as_flattened().iter().map(|at| library.tags(at));
    tags.map(|tags| tags.album_gain).collect()
}

fn all_say_one_gain(scene: &Scene) {
    let said = said(scene);
    let first = said[0].expect("the first says a gain");
    assert!(first.peak.is_some());
    for says in said {
        let says = says.expect("each says a gain");
        assert!((says.centibels - first.centibels).abs() <= 1, "{says}");
    }
}

/// The same file without the gain of its album.
fn forget_gain(file: &Path) {
    let from = file.with_extension("was");
    fs::rename(file, &from).unwrap();
    let status = std::process::Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin", "-i"])
        .arg(&from)
        .args(["-c", "copy", "-bitexact"])
        .args(["-metadata", "REPLAYGAIN_ALBUM_GAIN="])
        .args(["-metadata", "REPLAYGAIN_ALBUM_PEAK="])
        .arg(file)
        .status();
    assert!(status.expect("ffmpeg is installed").success());
    fs::remove_file(from).unwrap();
    assert_eq!(tagging::read(file).unwrap().album_gain, None);
}

#[test]
fn a_whole_album_has_one_gain_in_all_of_its_files_and_the_next_run_leaves_them_alone() {
    let scene = scene(&songs(), "");
    scene.run(&[]).exits(0);
    let library = scene.library();
    let sounds = library.sounds();
    assert_eq!(said(&scene), [None; 8]);

    // What was there before has its turn as well, and is kept.
    configure(&scene, CONFIG);
    let events = scene.run(&["--json"]).exits(0).events();
    all_say_one_gain(&scene);
    let told: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "album_gain")
        .collect();
    let [told] = told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (&told["album"], &told["artist"]),
        (&"First".into(), &"Ann".into())
    );
    assert_eq!((&told["tracks"], &told["of"]), (&4.into(), &4.into()));
    let gain = library.tags(ALBUM[0]).album_gain.unwrap();
    assert_eq!(told["gain"], gain.to_string());
    assert!(told["why"].is_null());
    let kept = library.files();
    let kept = kept
        .iter()
        .filter(|file| file.starts_with(".musicdl/recycle/"));
    assert_eq!(kept.count(), 8);
    fs::remove_dir_all(library.file(".musicdl")).unwrap();
    // One file under two names, as before.
    assert_eq!(
        library.inode(ALBUM[1]),
        library.inode(&format!("Mix/{}", ALBUM[1]))
    );
    assert_eq!(library.sounds(), sounds);
    library.is_whole();
    assert_eq!(library.tags("Ann/Ann - Alone/Alone.flac").album_gain, None);

    let before = library.fingerprints();
    let events = scene.run(&["--json"]).exits(0).events();
    assert!(events.iter().all(|event| event["event"] != "album_gain"));
    assert_eq!(library.fingerprints(), before);
}

#[test]
fn an_album_that_lacks_a_track_waits_for_it_and_is_told() {
    let songs = songs();
    let scene = scene(&songs, CONFIG);
    let missing = scene.path("music").join(&songs[3].file);
    let elsewhere = scene.path("elsewhere.m4a");
    fs::rename(&missing, &elsewhere).unwrap();
    let run = scene.run(&["--json"]).exits(5);
    let library = scene.library();
    let bluebird = library.tags(ALBUM[0]);
    assert!(bluebird.track_gain.is_some());
    assert_eq!(bluebird.album_gain, None);
    let events = run.events();
    let told = events.iter().find(|event| event["event"] == "album_gain");
    let told = told.expect("it is told");
    assert_eq!(told["why"], "3 of 4 tracks are there");
    assert!(told["gain"].is_null());

    fs::rename(&elsewhere, &missing).unwrap();
    scene.run(&[]).exits(0);
    all_say_one_gain(&scene);
    library.is_whole();
}

#[test]
fn files_that_a_run_has_just_placed_are_not_kept_twice() {
    let scene = scene(&songs(), CONFIG);
    scene.run(&[]).exits(0);
    all_say_one_gain(&scene);
    let library = scene.library();
    assert!(!library.file(".musicdl").exists());
    assert_eq!(
        library.inode(ALBUM[1]),
        library.inode(&format!("Mix/{}", ALBUM[1]))
    );
}

#[test]
fn a_run_that_is_killed_before_or_within_the_writing_is_made_good_by_the_next() {
    let scene = scene(&songs(), CONFIG);
    // The ffmpeg of the user, until the whole album is there: then it is stuck.
    let library = scene.path("library");
    let stuck = scene.write("stuck", "");
    let script = format!(
        "#!/bin/sh\n\
         if [ -e '{0}' ] && [ -e '{1}/{2}' ] && [ -e '{1}/{3}' ] && [ -e '{1}/{4}' ] && [ -e '{1}/{5}' ]; then\n\
         touch '{0}.now'; exec sleep 600\nfi\nexec ffmpeg \"$@\"\n",
        stuck.display(),
        library.display(),
        ALBUM[0],
        ALBUM[1],
        ALBUM[2],
        ALBUM[3],
    );
    let script = scene.write("ffmpeg.sh", script);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    configure(&scene, &format!("{CONFIG}ffmpeg_path: ./ffmpeg.sh\n"));
    let run = scene.start(&[]);
    until("the album is measured", || scene.path("stuck.now").exists());
    run.kill();
    fs::remove_file(&stuck).unwrap();
    let shelf = scene.library();
    let sounds = shelf.sounds();

    scene.run(&[]).exits(0);
    all_say_one_gain(&scene);
    // As a kill between two files leaves them, or between two names of one.
    for half in [ALBUM[0].to_owned(), format!("Mix/{}", ALBUM[0])] {
        forget_gain(&shelf.file(&half));
        scene.run(&[]).exits(0);
        all_say_one_gain(&scene);
    }
    for place in ALBUM {
        assert_eq!(shelf.sounds()[place], sounds[place]);
    }
}

#[test]
fn a_track_that_cannot_be_measured_costs_its_album_the_gain_and_no_item() {
    let songs = songs();
    let scene = scene(&songs, "");
    scene.run(&[]).exits(0);
    let library = scene.library();
    configure(
        &scene,
        "tags: {replaygain: album}\nffmpeg_path: ./broken.sh\n",
    );
    let script = scene.write("broken.sh", "#!/bin/sh\necho 'no sound' >&2\nexit 1\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let before = library.fingerprints();
    let run = scene.run(&[]).exits(0);
    run.says(&["its album has no gain: loudness not measured", "no sound"]);
    assert_eq!(library.fingerprints(), before);
}
