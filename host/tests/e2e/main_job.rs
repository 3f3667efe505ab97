//! From a want-list to a library, and again.

use crate::collection::{Collection, LIBRARY, want_everything};
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const FOLDER: &str = "  - folder: {paths: [./music]}\n";

fn scene() -> Scene {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &Collection::new().songs());
    want_everything(&scene, FOLDER);
    scene
}

#[test]
fn a_want_list_becomes_a_library_as_planned() {
    let scene = scene();
    let run = scene.run(&[]).exits(0);
    let library = scene.library();
    assert_eq!(library.files(), LIBRARY, "{}", run.told());
    library.is_whole();
    assert_eq!(scene.delivered(), ["folder: 5"]);
    // Tracks by what wants them; one of the songs is on the album.
    let there = |tracks: usize| serde_json::json!({"success": tracks, "failed": 0});
    assert_eq!(
        scene.report()["categories"],
        serde_json::json!({
            "songs": there(2),
            "albums": there(2),
            "artists": there(0),
            "playlists": there(4),
        })
    );

    let bluebird = "Ann Example/Ann Example - First Album/01 - Bluebird.flac";
    let tags = library.tags(bluebird);
    assert_eq!(tags.title.as_deref(), Some("Bluebird"));
    assert_eq!(tags.artists, ["Ann Example"]);
    assert_eq!(tags.album.as_deref(), Some("First Album"));
    assert_eq!(tags.album_artist.as_deref(), Some("Ann Example"));
    assert_eq!((tags.track_number, tags.disc_number), (Some(1), Some(1)));
    // The file knew nothing of the date; the playlist did.
    assert_eq!(tags.date.as_deref(), Some("2019-03-01"));
    let cover = musicdl::tagging::embedded_cover(&library.file(bluebird)).unwrap();
    let beside = library.file("Ann Example/Ann Example - First Album/cover.jpg");
    assert_eq!(cover.unwrap().data(), std::fs::read(beside).unwrap());

    // What several lists want is one file with several names.
    for (one, other) in [
        (
            bluebird,
            "Road trip/Ann Example/Ann Example - First Album/01 - Bluebird.flac",
        ),
        (
            "Road trip/Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac",
            "Evenings/Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac",
        ),
    ] {
        assert_eq!(library.inode(one), library.inode(other), "{one}");
    }
    assert_eq!(
        library.text("Road trip/Road trip.m3u8"),
        "#EXTM3U\n#GENERATED-BY:musicdl\n#PLAYLIST:Road trip\n\
         #EXTINF:3,Tyler, The Owl - Nightjar\n\
         Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac\n\
         #EXTINF:3,Ann Example - Bluebird\n\
         Ann Example/Ann Example - First Album/01 - Bluebird.flac\n\
         #EXTINF:3,Tyler, The Owl - Nightjar\n\
         Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac\n"
    );
    assert_eq!(
        library.text("Evenings/Evenings.m3u8"),
        "#EXTM3U\n#GENERATED-BY:musicdl\n#PLAYLIST:Evenings\n\
         #EXTINF:3,Björk Ünder - Robin\n\
         Björk Ünder/Björk Ünder - Robin/Robin.m4a\n\
         #EXTINF:3,Tyler, The Owl - Nightjar\n\
         Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac\n\
         #EXTINF:3,Björk Ünder - Robin\n\
         Björk Ünder/Björk Ünder - Robin/Robin.m4a\n"
    );
    // Nothing of ours is left lying about.
    assert_eq!(std::fs::read_dir(scene.path("tmp")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(scene.path("home")).unwrap().count(), 0);
}

#[test]
fn running_again_fetches_nothing_and_touches_no_file() {
    let scene = scene();
    scene.run(&[]).exits(0);
    let (library, music) = (
        scene.library(),
        crate::support::shelf::Shelf(scene.path("music")),
    );
    let before = (library.fingerprints(), music.fingerprints());
    let run = scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), [""; 0], "{}", run.told());
    assert_eq!(scene.report()["statistics"]["skipped"], 5);
    assert_eq!((library.fingerprints(), music.fingerprints()), before);
}

#[test]
fn a_playlist_added_later_is_linked_and_not_fetched() {
    let scene = scene();
    scene.run(&[]).exits(0);
    let library = scene.library();
    let before = library.fingerprints();

    let Collection { wren, robin, .. } = Collection::new();
    scene.write("later.csv", song::exportify([&wren]));
    scene.write("later.m3u", song::m3u([&robin]));
    // Whoever wants to fetch has nobody to ask now.
    std::fs::remove_dir_all(scene.path("music")).unwrap();
    std::fs::create_dir(scene.path("music")).unwrap();
    let run = scene
        .run(&[
            "-c",
            "musicdl.yaml",
            "--playlist",
            "later.csv",
            "--playlist",
            "later.m3u",
        ])
        .exits(0);
    assert_eq!(scene.delivered(), [""; 0], "{}", run.told());

    let after = library.fingerprints();
    for (file, print) in &before {
        // Another name changes the inode, but neither content nor time of change.
        assert_eq!(after.get(file), Some(print), "{file}");
    }
    for (new, old) in [
        (
            "later/Ann Example/Ann Example - First Album/02 - Wren.mp3",
            "Ann Example/Ann Example - First Album/02 - Wren.mp3",
        ),
        (
            "later (2)/Björk Ünder/Björk Ünder - Robin/Robin.m4a",
            "Evenings/Björk Ünder/Björk Ünder - Robin/Robin.m4a",
        ),
    ] {
        assert_eq!(library.inode(new), library.inode(old), "{new}");
    }
}

#[test]
fn a_file_that_was_removed_from_the_library_is_fetched_again_and_only_that() {
    let scene = scene();
    scene.run(&[]).exits(0);
    let library = scene.library();
    let kestrel = "Dora Words/Dora Words - Kestrel/Kestrel.ogg";
    std::fs::remove_file(library.file(kestrel)).unwrap();
    scene.run(&[]).exits(0);
    assert_eq!(scene.delivered(), ["folder: 1"]);
    assert_eq!(library.files(), LIBRARY);
}

#[test]
fn somebody_elses_file_at_a_planned_path_is_kept_as_it_is() {
    let scene = scene();
    // It counts as the song: it stands where the song would stand.
    let kestrel = scene.write(
        "library/Dora Words/Dora Words - Kestrel/Kestrel.mp3",
        "mine",
    );
    let run = scene.run(&[]).exits(0);
    assert_eq!(std::fs::read(kestrel).unwrap(), b"mine");
    assert_eq!(scene.delivered(), ["folder: 4"], "{}", run.told());
}

#[test]
fn a_song_that_nobody_has_costs_itself_and_the_playlist_goes_on() {
    let scene = scene();
    let kingfisher = Song::single("Nobody", "Kingfisher", "flac");
    let bluebird = Collection::new().bluebird;
    scene.write("gaps.csv", song::exportify([&kingfisher, &bluebird]));
    let run = scene
        .run(&["-c", "musicdl.yaml", "--playlist", "gaps.csv"])
        .exits(5)
        .says(&[
            "failed: Nobody - Kingfisher",
            "folder: search: found nothing",
        ]);
    let list = scene.library().text("gaps/gaps.m3u8");
    assert!(list.contains("Bluebird"), "{}", run.told());
    assert!(!list.contains("Kingfisher"), "{list}");

    // Next time somebody has it, and the list has its place for it.
    song::make(&scene.path("music"), &[kingfisher]);
    scene
        .run(&["-c", "musicdl.yaml", "--playlist", "gaps.csv"])
        .exits(0);
    assert_eq!(scene.delivered(), ["folder: 1"]);
    let list = scene.library().text("gaps/gaps.m3u8");
    assert!(list.find("Kingfisher") < list.find("Bluebird"), "{list}");
}

#[test]
fn playlists_whose_names_no_file_system_can_tell_apart_are_as_many_files() {
    let scene = Scene::with(&["folder"]);
    let songs = Song::many(3);
    song::make(&scene.path("music"), &songs);
    let mut config = String::from("playlists:\n");
    for (name, song) in ["Mix: A", "Mix? A", "mix_ a"].iter().zip(&songs) {
        let file = format!("{}.m3u", song.title);
        scene.write(&file, song::m3u([song]));
        config += &format!("  - {{name: \"{name}\", file: \"./{file}\"}}\n");
    }
    config += "library: {path: ./library}\nplugins: [./plugins]\nsources:\n";
    scene.write("musicdl.yaml", config + FOLDER);
    let run = scene.run(&[]).exits(0);

    let library = scene.library();
    let mut lists = library.files();
    lists.retain(|file| file.ends_with(".m3u8"));
    let lowercase: std::collections::BTreeSet<_> =
        lists.iter().map(|file| file.to_lowercase()).collect();
    assert_eq!(lowercase.len(), 3, "{lists:?}: {}", run.told());
    for song in &songs {
        let naming = |list: &&String| library.text(list).contains(&song.title);
        assert_eq!(lists.iter().filter(naming).count(), 1, "{}", song.title);
    }
    let before = library.fingerprints();
    scene.run(&[]).exits(0);
    assert_eq!(library.fingerprints(), before);
}
