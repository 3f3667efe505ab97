//! The contract, as every source has to keep it.

mod support;

use musicdl_folder::FolderSource;
use musicdl_plugin_api::Settings;
use musicdl_plugin_api::testing::Subject;

use crate::support::Shelf;

fn subject() -> Subject {
    let shelf = Shelf::new();
    let song = shelf.tone(
        "Ann Example/First Album/01 Bluebird.flac",
        &[("title", "Bluebird"), ("artist", "Ann Example")],
    );
    shelf.tone("Bob/Lonely.mp3", &[("title", "Lonely"), ("artist", "Bob")]);
    let music = song
        .ancestors()
        .nth(3)
        .expect("the song lies in the collection");
    let music = music.to_str().expect("temporary paths are text");
    let mut subject = Subject::new(
        Settings::from_pairs([("paths", [music])]),
        "Bluebird",
        "Nobody ever sang this",
    );
    subject.keep = Box::new(shelf);
    subject
}

musicdl_plugin_api::conformance!(FolderSource, subject);
