//! Which picture is in a file, and which beside it.

use std::path::Path;
use std::process::Command;

use musicdl::tagging;

use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const FORMATS: [&str; 5] = ["flac", "mp3", "m4a", "ogg", "opus"];

/// One song of each format, with a large picture beside it.
fn scene() -> (Scene, Vec<String>) {
    let songs: Vec<_> = FORMATS
        .iter()
        .map(|format| Song::single("Ann", &format!("Bluebird {format}"), format))
        .collect();
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &songs);
    for song in &songs {
        large(
            &scene
                .path("music")
                .join(&song.file)
                .with_file_name("cover.jpg"),
        );
    }
    scene.write("list.csv", song::exportify(&songs));
    let places = songs.iter().map(|song| {
        let (_, extension) = song.file.rsplit_once('.').unwrap();
        format!("Ann/Ann - {0}/{0}.{extension}", song.title)
    });
    let places = places.collect();
    (scene, places)
}

fn large(at: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i"])
        .args(["testsrc=s=900x600:d=0.04", "-frames:v", "1"])
        .arg(at)
        .status();
    assert!(status.expect("ffmpeg is installed").success());
}

fn configure(scene: &Scene, config: &str) {
    scene.write(
        "musicdl.yaml",
        format!(
            "albums: [./list.csv]\nlibrary: {{path: ./library}}\nplugins: [./plugins]\n\
             sources:\n  - folder: {{paths: [./music]}}\n{config}"
        ),
    );
}

/// Pixels of the picture in each file, and beside it.
fn sizes(scene: &Scene, places: &[String]) -> Vec<[Option<(u32, u32)>; 2]> {
    let library = scene.library();
    let pair = |place: &String| {
        let file = library.file(place);
        let inside = tagging::embedded_cover(&file).unwrap();
        let beside = std::fs::read(file.with_file_name("cover.jpg")).ok();
        let beside = beside.map(|data| tagging::Cover::new(data).unwrap());
        [inside, beside].map(|cover| cover.map(|cover| cover.size()))
    };
    places.iter().map(pair).collect()
}

#[test]
fn a_cover_that_is_too_large_for_a_file_is_made_smaller_and_stays_what_it_is_beside_it() {
    let (scene, places) = scene();
    configure(&scene, "");
    scene.run(&[]).exits(0);
    let library = scene.library();
    let sounds = library.sounds();
    let original = Some((900, 600));
    assert_eq!(sizes(&scene, &places), [[original, original]; 5]);

    // Fetched from files that have such a picture inside, too.
    for (at, place) in places.iter().enumerate() {
        let name = format!("Bluebird {}", FORMATS[at]);
        let source = scene.path(&format!("music/Ann/{name}/{name}.{}", FORMATS[at]));
        std::fs::copy(library.file(place), source).unwrap();
    }
    for (config, inside) in [
        ("tags: {cover_max_size: 300}", Some((300, 200))),
        (
            "tags: {cover_max_size: 900, cover_max_bytes: 20MiB}",
            original,
        ),
        ("tags: {cover: false}", None),
    ] {
        std::fs::remove_dir_all(scene.path("library")).unwrap();
        std::fs::remove_dir_all(scene.path(".musicdl")).unwrap();
        configure(&scene, config);
        let run = scene.run(&[]).exits(0);
        assert_eq!(sizes(&scene, &places), [[inside, original]; 5], "{config}");
        assert!(!run.told().contains("cover left out"), "{}", run.told());
        assert_eq!(library.sounds(), sounds, "{config}");
        library.is_whole();
    }
}

#[test]
fn without_ffmpeg_a_cover_that_is_too_large_is_left_out_with_a_word() {
    let (scene, places) = scene();
    let no_ffmpeg = "ffmpeg_path: ./nowhere/ffmpeg\n";
    configure(
        &scene,
        &format!("tags: {{cover_max_bytes: 4KiB}}\n{no_ffmpeg}"),
    );
    scene.run(&[]).exits(0).says(&[
        "cover left out of the file: it has 900 x 600 pixels",
        "there is no ffmpeg to make it smaller",
    ]);
    assert_eq!(sizes(&scene, &places), [[None, Some((900, 600))]; 5]);
}

#[test]
fn a_further_place_of_a_file_without_a_picture_gets_the_one_beside_it() {
    let (scene, places) = scene();
    configure(&scene, "tags: {cover: none}\n");
    scene.run(&[]).exits(0);
    configure(
        &scene,
        "tags: {cover: none}\nplaylists: [{Mix: ./list.csv}]\n",
    );
    scene.run(&[]).exits(0);
    let further: Vec<_> = places.iter().map(|place| format!("Mix/{place}")).collect();
    assert_eq!(sizes(&scene, &further), [[None, Some((900, 600))]; 5]);
}
