//! What stands behind the sources that are no servers of music: a Lidarr, a slskd and a
//! YouTube of this machine, the same that the plugins' own tests talk to. Albums of one artist
//! are on all of them, as far as a test says so.

#[path = "../../../plugins/lidarr/tests/support/fake/mod.rs"]
pub(crate) mod lidarr;
#[path = "../../../plugins/soulseek/tests/support/slskd/mod.rs"]
pub(crate) mod slskd;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sites::pages::{self, Official, Site, playable, refused};
use crate::sites::support::{Internet, processes_below, ytdlp};
use crate::support::scene::Scene;
use crate::support::song::{self, Song};
use lidarr::{Known, Lidarr};
use slskd::{Fake, Offer, Peer, offer};

/// The artist of everything.
pub(crate) const ARTIST: &str = "Ann Example";
/// Children may outlive the program by no more.
const OUTLIVING: Duration = Duration::from_secs(3);

/// Albums with so many songs each.
pub(crate) fn albums<const N: usize>(sizes: [(&str, usize); N]) -> [Vec<Song>; N] {
    let mut all = Song::many(sizes.iter().map(|(_, size)| size).sum()).into_iter();
    sizes.map(|(album, size)| {
        let songs = all.by_ref().take(size).zip(1..);
        songs
            .map(|(song, number)| Song::of_album(ARTIST, album, number, &song.title, "flac"))
            .map(Song::without_cover)
            .collect()
    })
}

/// Makes the songs below `elsewhere`, and a list that wants them.
pub(crate) fn want(scene: &Scene, songs: &[Song]) {
    song::make(&scene.path("elsewhere"), songs);
    scene.write("wanted.csv", song::exportify(songs));
}

/// A config that wants the list from those sources, in their order.
pub(crate) fn configure(scene: &Scene, sources: &[String]) {
    let sources = sources.concat();
    scene.write(
        "musicdl.yaml",
        format!(
            "playlists: [./wanted.csv]\n\
             library: {{path: ./library}}\n\
             plugins: [./plugins]\n\
             download: {{retries: 1}}\n\
             sources:\n{sources}"
        ),
    );
}

/// The file of a song.
pub(crate) fn sound(scene: &Scene, song: &Song) -> Vec<u8> {
    fs::read(scene.path("elsewhere").join(&song.file)).unwrap()
}

/// An album as Lidarr's metadata service knows it.
pub(crate) fn known(scene: &Scene, mbid: &'static str, album: &[Song]) -> Known {
    let tracks = album.iter().zip(1..).map(|(song, number)| {
        let (number, title): (&str, &str) = (number.to_string().leak(), song.title.clone().leak());
        (1, number, title)
    });
    let title = &album[0].album.as_ref().expect("a song of an album").0;
    Known {
        track_ms: Song::milliseconds(),
        files: album.iter().map(|song| sound(scene, song)).collect(),
        ..Known::new(mbid, title.clone().leak(), tracks.collect())
    }
}

/// The lines of a config that make it a source; it is looked at often, and given up on as late
/// as `settle_time`.
pub(crate) fn lidarr_source(lidarr: &Lidarr, settle_time: &str) -> String {
    format!(
        "  - lidarr: {{url: \"{}\", api_key: {}, path_map: [\"/music => {}\"], \
         poll_interval: 20ms, settle_time: {settle_time}}}\n",
        lidarr.url(),
        lidarr::KEY,
        lidarr.music().display()
    )
}

/// A song as a peer of Soulseek shares it, whose download goes through those steps.
pub(crate) fn shared(scene: &Scene, song: &Song, steps: &'static [slskd::Step]) -> Offer {
    let (album, number) = song.album.as_ref().expect("a song of an album");
    let path = format!(
        "@@abc\\Music\\{}\\{album}\\{number:02} - {}.flac",
        song.artist, song.title
    );
    Offer {
        audio: sound(scene, song),
        said: json!({ "length": Song::SECONDS, "sampleRate": 44_100, "bitDepth": 16 }),
        steps,
        ..offer(path.leak())
    }
}

/// A slskd of today on a network of those peers.
pub(crate) fn soulseek(peers: Vec<Peer>) -> Fake {
    Fake::start("0.26.0", peers)
}

/// The lines of a config that make it a source, patient for six seconds, which a busy machine may need.
pub(crate) fn soulseek_source(slskd: &Fake, more: &str) -> String {
    format!(
        "  - soulseek: {{url: \"{}\", api_key: {}, path_map: [\"{} => {}\"], queue_limit: 6, \
         stall_limit: 6{more}}}\n",
        slskd.url(),
        slskd::KEY,
        slskd::REMOTE,
        slskd.downloads().display()
    )
}

/// A song on YouTube Music.
pub(crate) struct Video {
    id: String,
    song: Song,
    webm: Vec<u8>,
    /// Whether anybody may see it.
    pub(crate) is_public: bool,
}

/// Those songs as their label published them.
pub(crate) fn videos(scene: &Scene, songs: &[&Song]) -> Vec<Video> {
    let video = |(at, song): (usize, &&Song)| {
        let id = format!("track_{at:05}");
        let (from, to) = (
            scene.path("elsewhere").join(&song.file),
            scene.path(&format!("{id}.webm")),
        );
        let status = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-nostdin", "-i"])
            .arg(from)
            .args(["-c:a", "libopus", "-b:a", "128k"])
            .arg(&to)
            .status()
            .expect("ffmpeg is installed");
        assert!(status.success(), "ffmpeg encodes {song:?}");
        let webm = fs::read(&to).unwrap();
        fs::remove_file(to).unwrap();
        Video {
            id,
            song: (*song).clone(),
            webm,
            is_public: true,
        }
    };
    songs.iter().enumerate().map(video).collect()
}

/// The internet with a YouTube of those songs.
pub(crate) fn youtube(videos: Vec<Video>) -> Internet {
    Internet::start(move |request| pages::answer(request, &videos))
}

impl Video {
    fn about<T>(&self, say: impl FnOnce(&Official<'_>) -> T) -> T {
        let length = format!("0:{:02}", Song::SECONDS);
        say(&Official {
            id: &self.id,
            title: &self.song.title,
            artists: &[ARTIST],
            album: &self.song.album.as_ref().expect("a song of an album").0,
            length: &length,
            explicit: false,
        })
    }
}

impl Site for Vec<Video> {
    fn music(&self, text: &str) -> Vec<Value> {
        self.iter()
            .filter(|video| text.contains(&video.song.title))
            .map(|video| video.about(|song| song.row()))
            .collect()
    }

    fn videos(&self, _: &str) -> Vec<Value> {
        Vec::new()
    }

    fn player(&self, id: &str) -> Value {
        match self.iter().find(|video| video.id == id) {
            None => refused("ERROR", "Video unavailable"),
            Some(video) if !video.is_public => refused("LOGIN_REQUIRED", "Private video"),
            Some(video) => {
                let bytes = video.webm.len();
                video.about(|song| playable(id, song, Song::SECONDS, bytes))
            }
        }
    }

    fn audio(&self, id: &str) -> Vec<u8> {
        let video = self.iter().find(|video| video.id == id);
        video.map(|video| video.webm.clone()).unwrap_or_default()
    }
}

/// The lines of a config that make it a source.
pub(crate) fn youtube_source(internet: &Internet, more: &str) -> String {
    format!(
        "  - youtube: {{ytdlp_path: \"{}\", proxy: \"{}\", ca_file: \"{}\", \
         download_spacing: 0s{more}}}\n",
        ytdlp().display(),
        internet.proxy(),
        internet.authority().display()
    )
}

/// Nothing that was started there still runs, or within three seconds no more.
#[track_caller]
pub(crate) fn nothing_runs_below(dir: &Path) {
    let since = Instant::now();
    loop {
        let left = processes_below(dir);
        if left.is_empty() {
            return;
        }
        assert!(since.elapsed() < OUTLIVING, "still there: {left:#?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
