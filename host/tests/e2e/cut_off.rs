//! Bodies that break off on their way: what is there is kept, and only the rest is asked for.

use std::fs;

use crate::support::music_server::MusicServer;
use crate::support::scene::Scene;
use crate::support::song::{self, Song};

const TRACKS: usize = 12;

#[test]
fn bodies_that_break_off_are_continued_and_no_byte_is_sent_twice() {
    let scene = Scene::with(&["subsonic"]);
    let songs = Song::many(TRACKS);
    let songs: Vec<_> = songs.into_iter().map(Song::without_cover).collect();
    song::make(&scene.path("elsewhere"), &songs);
    let server = MusicServer::offering(&scene.path("elsewhere"), &songs);
    scene.write("dozen.csv", song::exportify(&songs));
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./dozen.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             download: {{jobs: 4}}\n\
             sources:\n{}",
            server.config()
        ),
    );
    server.cuts_every_body();
    let run = scene.run(&[]).exits(0);
    assert_eq!(scene.library().audio().len(), TRACKS, "{}", run.told());
    scene.library().is_whole();
    let bytes = |song: &Song| {
        let file = scene.path("elsewhere").join(&song.file);
        fs::metadata(file).unwrap().len()
    };
    let content: u64 = songs.iter().map(bytes).sum();
    assert_eq!(server.sent() as u64, content);
    // The first half and the rest.
    assert_eq!(server.asked().len(), 2 * TRACKS);
}
