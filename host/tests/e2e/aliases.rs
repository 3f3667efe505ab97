//! An artist with a name that only the user knows.

use crate::support::scene::Scene;
use crate::support::song::{self, Song};

#[test]
fn an_artist_is_found_under_the_other_name_that_the_user_lists() {
    // Wanted and had the other way round as well.
    let wanted = [
        Song::single("Ann Example", "Bluebird", "flac"),
        Song::single("Zaunkönig", "Nightjar", "flac"),
    ];
    let had = [
        Song::single("Zaunkönig", "Bluebird", "flac"),
        Song::single("Ann Example", "Nightjar", "flac"),
    ];
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), &had);
    scene.write("list.csv", song::exportify(&wanted));
    let config = "albums: [./list.csv]\nlibrary: {path: ./library}\nplugins: [./plugins]\n\
                  sources:\n  - folder: {paths: [./music]}\n";
    scene.write("musicdl.yaml", config);
    scene.run(&[]).exits(5).says(&["another artist"]);
    assert_eq!(scene.library().audio(), [""; 0]);

    let aliases = "matching: {aliases: {Zaunkönig: [Somebody, Ann Example]}}\n";
    scene.write("musicdl.yaml", format!("{config}{aliases}"));
    scene.run(&[]).exits(0);
    let expected = [
        "Ann Example/Ann Example - Bluebird/Bluebird.flac",
        "Zaunkönig/Zaunkönig - Nightjar/Nightjar.flac",
    ];
    assert_eq!(scene.library().audio(), expected);
    // As the catalog has it.
    assert_eq!(scene.library().tags(expected[0]).artists, ["Ann Example"]);
}
