//! One want-list with everything in it, and the library it must become, whoever delivers.

use crate::support::scene::Scene;
use crate::support::song::{self, Song};

/// What somebody owns.
pub(crate) struct Collection {
    pub(crate) bluebird: Song,
    pub(crate) wren: Song,
    pub(crate) nightjar: Song,
    pub(crate) robin: Song,
    pub(crate) kestrel: Song,
}

impl Collection {
    pub(crate) fn new() -> Self {
        Self {
            bluebird: Song::of_album("Ann Example", "First Album", 1, "Bluebird", "flac"),
            wren: Song::of_album("Ann Example", "First Album", 2, "Wren", "mp3"),
            nightjar: Song::of_album("Tyler, The Owl", "Night Birds", 11, "Nightjar", "flac"),
            robin: Song::single("Björk Ünder", "Robin", "m4a"),
            kestrel: Song::single("Dora Words", "Kestrel", "ogg").without_cover(),
        }
    }

    pub(crate) fn songs(&self) -> Vec<Song> {
        let songs = [
            &self.bluebird,
            &self.wren,
            &self.nightjar,
            &self.robin,
            &self.kestrel,
        ];
        songs.map(Clone::clone).to_vec()
    }
}

/// Wants songs in words, an album and a playlist from a CSV file, a playlist from an M3U
/// file; takes them from `source`, which is the lines of a config below `sources:`.
pub(crate) fn want_everything(scene: &Scene, source: &str) {
    let Collection {
        bluebird,
        wren,
        nightjar,
        robin,
        kestrel,
    } = Collection::new();
    scene.write("first-album.csv", song::exportify([&bluebird, &wren]));
    // A playlist may have a song twice, and has it twice afterwards.
    let roadtrip = [&nightjar, &bluebird, &nightjar];
    scene.write("Road trip.csv", song::exportify(roadtrip));
    scene.write("evenings.m3u8", song::m3u([&robin, &nightjar, &robin]));
    scene.write(
        "musicdl.yaml",
        format!(
            "songs:\n  - {}\n  - {}\n\
             albums:\n  - First Album: ./first-album.csv\n\
             playlists:\n  - ./Road trip.csv\n  - {{name: Evenings, file: ./evenings.m3u8}}\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             sources:\n{source}",
            kestrel.words(),
            bluebird.words(),
        ),
    );
}

/// The files of the library, sorted: M153 and M154 in the playlists' folders, the same without
/// the playlist for what is wanted by itself.
pub(crate) const LIBRARY: [&str; 14] = [
    "Ann Example/Ann Example - First Album/01 - Bluebird.flac",
    "Ann Example/Ann Example - First Album/02 - Wren.mp3",
    "Ann Example/Ann Example - First Album/cover.jpg",
    "Dora Words/Dora Words - Kestrel/Kestrel.ogg",
    "Evenings/Björk Ünder/Björk Ünder - Robin/Robin.m4a",
    "Evenings/Björk Ünder/Björk Ünder - Robin/cover.jpg",
    "Evenings/Evenings.m3u8",
    "Evenings/Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac",
    "Evenings/Tyler, The Owl/Tyler, The Owl - Night Birds/cover.jpg",
    "Road trip/Ann Example/Ann Example - First Album/01 - Bluebird.flac",
    "Road trip/Ann Example/Ann Example - First Album/cover.jpg",
    "Road trip/Road trip.m3u8",
    "Road trip/Tyler, The Owl/Tyler, The Owl - Night Birds/11 - Nightjar.flac",
    "Road trip/Tyler, The Owl/Tyler, The Owl - Night Birds/cover.jpg",
];

/// A source with those songs, all wanted as one list, under that config.
pub(crate) fn listed(songs: &[Song], config: &str) -> Scene {
    let scene = Scene::with(&["folder"]);
    song::make(&scene.path("music"), songs);
    scene.write("list.csv", song::exportify(songs));
    want_the_list(&scene, config);
    scene
}

/// Wants the list of [`listed`] under another config.
pub(crate) fn want_the_list(scene: &Scene, config: &str) {
    scene.write(
        "musicdl.yaml",
        format!(
            "albums: [{{name: List, file: ./list.csv, create_m3u: true}}]\n\
             library: {{path: ./library}}\nplugins: [./plugins]\n\
             sources:\n  - folder: {{paths: [./music]}}\n{config}"
        ),
    );
}
