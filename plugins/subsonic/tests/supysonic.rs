//! The plugin against a real server. supysonic stores only hashes of passwords, so that it
//! knows no tokens, and its search looks for the whole text in the title.

#[path = "../../../host/tests/support/supysonic.rs"]
mod supysonic;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use musicdl_plugin_api::testing::{ProgressRecord, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, ErrorKind, Hit, Plugin, Query, Settings, Source,
    SourceError, TargetKind, extra_value,
};
use musicdl_subsonic::SubsonicSource;

use crate::supysonic::Supysonic;

const BLUEBIRD: &str = "Ann Example/First Album/01 Bluebird.flac";
const COVERLESS: &str = "Zoe Other/Second Album/03 Nightjar.mp3";

/// One server for all tests that run at the same time, gone with the last of them.
fn server() -> Arc<Supysonic> {
    static RUNNING: Mutex<Weak<Supysonic>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Supysonic::start(fill));
        *running = Arc::downgrade(&server);
        server
    })
}

fn fill(music: &Path) {
    let song = |file: &str, tags: &[&str]| {
        let path = music.join(file);
        let album = path.parent().expect("a song lies in an album");
        fs::create_dir_all(album).expect("the directory of music is ours");
        let mut args = vec!["-f", "lavfi", "-i", "sine=d=3"];
        for tag in tags {
            args.extend(["-metadata", tag]);
        }
        ffmpeg(&args, &path);
    };
    song(
        BLUEBIRD,
        &[
            "title=Bluebird",
            "artist=Ann Example",
            "album=First Album",
            "track=1/2",
            "date=1999",
        ],
    );
    song(
        COVERLESS,
        &["title=Nightjar", "artist=Zoe Other", "album=Second Album"],
    );
    song(
        "Zoe Other/Second Album/04 Bluebird.mp3",
        &["title=Bluebird", "artist=Zoe Other", "album=Second Album"],
    );
    let picture = ["-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1"];
    ffmpeg(&picture, &music.join("Ann Example/First Album/cover.jpg"));
}

fn ffmpeg(args: &[&str], to: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-nostdin"])
        .args(args)
        .arg(to)
        .status()
        .expect("ffmpeg is installed");
    assert!(status.success(), "ffmpeg {args:?}");
}

fn source(server: &Supysonic, kit: &TestHost, more: &[(&str, &str)]) -> SubsonicSource {
    let url = server.url();
    let mut settings = vec![("url", url.as_str()), ("username", Supysonic::USER)];
    settings.extend(more);
    let settings = Settings::from_pairs(settings.into_iter().map(|(key, value)| (key, [value])));
    SubsonicSource::create(settings, kit.host()).expect("the settings can be meant")
}

fn logged_in(server: &Supysonic, kit: &TestHost) -> SubsonicSource {
    source(server, kit, &[("password", Supysonic::PASSWORD)])
}

fn wanted(title: &str, artist: &str) -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: format!("{artist} {title}"),
        title: Some(title.to_owned()),
        artists: vec![artist.to_owned()],
        limit: 10,
        ..Query::default()
    }
}

fn fetch(source: &SubsonicSource, hit: &Hit, dir: &Path) -> Result<DownloadedFile, SourceError> {
    let request = DownloadRequest {
        target_id: hit.target_id.clone(),
        kind: hit.kind,
        dest_dir: dir.to_owned(),
        hit: hit.clone(),
        ..DownloadRequest::default()
    };
    match source.download_raw(&request, &ProgressRecord::new().progress())? {
        Download::Files(files) => Ok(files.files[0].clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_without_tokens_is_logged_in_to_by_password() {
    let (server, kit) = (server(), TestHost::new());
    let connection = logged_in(&server, &kit).check_connection().unwrap();
    assert_eq!(connection.account.as_deref(), Some("alice"));
    assert_eq!(connection.service.as_deref(), Some("Subsonic API 1.12.0"));
    assert_eq!(extra_value(&connection.extra, "auth"), Some("password"));
    assert_eq!(connection.warnings, [""; 0]);

    let only_tokens = [("password", Supysonic::PASSWORD), ("auth", "token")];
    let error = source(&server, &kit, &only_tokens)
        .check_connection()
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth, "{error}");
}

#[test]
fn a_wrong_password_is_a_refused_login() {
    let (server, kit) = (server(), TestHost::new());
    let error = source(&server, &kit, &[("password", "wrong")])
        .check_connection()
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth, "{error}");
    assert!(error.message.contains("error 40"), "{error}");
}

#[test]
fn a_title_that_two_artists_sing_is_found_with_the_wanted_artist_first() {
    let (server, kit) = (server(), TestHost::new());
    let source = logged_in(&server, &kit);
    for artist in ["Ann Example", "Zoe Other"] {
        let hits = source.search_raw(&wanted("Bluebird", artist)).unwrap();
        assert_eq!(hits.len(), 2, "{artist}");
        assert_eq!(hits[0].artists, [artist]);
    }
    let hits = source
        .search_raw(&wanted("Bluebird", "Ann Example"))
        .unwrap();
    let hit = &hits[0];
    assert_eq!(hit.title, "Bluebird");
    assert_eq!(hit.album.as_deref(), Some("First Album"));
    assert_eq!((hit.track_number, hit.disc_number), (Some(1), Some(1)));
    assert_eq!((hit.year, hit.duration_ms), (Some(1999), Some(3000)));
    assert_eq!(hit.codec.as_deref(), Some("flac"));
    let size = fs::metadata(server.music().join(BLUEBIRD)).unwrap().len();
    assert_eq!(hit.size, Some(size));
}

#[test]
fn a_title_nobody_has_is_found_nowhere_without_an_error() {
    let (server, kit) = (server(), TestHost::new());
    let hits = logged_in(&server, &kit)
        .search_raw(&wanted("Kingfisher", "Ann Example"))
        .unwrap();
    assert_eq!(hits, []);
}

#[test]
fn a_downloaded_file_is_the_servers_file_byte_for_byte_with_its_cover() {
    let (server, kit) = (server(), TestHost::new());
    let source = logged_in(&server, &kit);
    let hits = source
        .search_raw(&wanted("Bluebird", "Ann Example"))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = fetch(&source, &hits[0], dir.path()).unwrap();

    assert_eq!(file.path, dir.path().join("audio.flac"));
    let original = fs::read(server.music().join(BLUEBIRD)).unwrap();
    assert!(fs::read(&file.path).unwrap() == original);
    let cover = file.cover.expect("the album has a cover");
    assert_eq!(cover, dir.path().join("cover.jpg"));
    assert!(fs::read(cover).unwrap().starts_with(b"\xff\xd8\xff"));
}

#[test]
fn a_song_without_a_cover_comes_without_one() {
    let (server, kit) = (server(), TestHost::new());
    let source = logged_in(&server, &kit);
    let hits = source.search_raw(&wanted("Nightjar", "Zoe Other")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = fetch(&source, &hits[0], dir.path()).unwrap();
    assert_eq!(file.path, dir.path().join("audio.mp3"));
    assert_eq!(file.cover, None);
    let original = fs::read(server.music().join(COVERLESS)).unwrap();
    assert!(fs::read(&file.path).unwrap() == original);
}

#[test]
fn an_id_the_server_does_not_have_leaves_no_file() {
    let (server, kit) = (server(), TestHost::new());
    for (id, kind) in [
        ("00000000-0000-4000-8000-000000000000", ErrorKind::NotFound),
        ("4711", ErrorKind::NotFound),
        // Generic in the server's words; asking again would not help.
        ("no id at all", ErrorKind::Permanent),
    ] {
        // Each time a new source, so that its first call ever is the download.
        let source = logged_in(&server, &kit);
        let hit = Hit {
            target_id: id.to_owned(),
            kind: TargetKind::TRACK,
            ..Hit::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(&source, &hit, dir.path()).unwrap_err();
        assert_eq!(error.kind, kind, "{id}: {error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{id}");
    }
}

#[test]
fn neither_our_log_nor_the_servers_shows_the_password() {
    let (server, kit) = (server(), TestHost::new());
    let password = "hunter2 & 50%";
    let source = source(&server, &kit, &[("password", password)]);
    let error = source.check_connection().unwrap_err();
    let log = format!("{:?} {error} {}", kit.log(), server.log());
    assert!(server.log().contains("Failed login attempt"), "{log}");
    for spelling in ["hunter2", "68756e74657232"] {
        assert!(!log.contains(spelling), "{log}");
    }
}
