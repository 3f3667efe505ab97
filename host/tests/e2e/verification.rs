//! Whatever a source delivers in place of the wanted recording: it never stands in the library,
//! and its owner can see why.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::peers::nothing_runs_below;
use crate::support::music_server::MusicServer;
use crate::support::program::until;
use crate::support::scene::Scene;
use crate::support::server::{Answer, Server, ok, whole};
use crate::support::song::{self, Song};

const SECONDS: u32 = 30;

/// A file that ffmpeg makes of a filter graph.
fn sound(dir: &Path, source: &str, name: &str, args: &[&str]) -> Vec<u8> {
    let path = dir.join(name);
    let done = Command::new("ffmpeg")
        .args(["-y", "-nostdin", "-loglevel", "error", "-f", "lavfi"])
        .args(["-i", source])
        .args(args)
        .arg(&path)
        .status()
        .expect("ffmpeg is installed");
    assert!(done.success(), "{name}");
    fs::read(path).unwrap()
}

fn noise(seconds: u32) -> String {
    format!("anoisesrc=d={seconds}:c=pink:r=44100:a=0.3:seed=7")
}

fn percent(bytes: &[u8], percent: usize) -> Vec<u8> {
    bytes[..bytes.len() * percent / 100].to_vec()
}

/// What is delivered instead of the wanted track, and how the refusal begins.
fn bad_answers(dir: &Path) -> Vec<(Vec<u8>, &'static str)> {
    let flac = sound(dir, &noise(SECONDS), "a.flac", &["-c:a", "flac"]);
    let mp3 = sound(dir, &noise(SECONDS), "a.mp3", &["-ac", "2", "-b:a", "128k"]);
    let ogg = sound(dir, &noise(SECONDS), "a.ogg", &["-c:a", "libvorbis"]);
    let m4a = sound(dir, &noise(SECONDS), "a.m4a", &["-c:a", "aac"]);
    let fast = ["-c:a", "aac", "-movflags", "+faststart"];
    let fast = sound(dir, &noise(SECONDS), "fast.m4a", &fast);
    let silence = format!("anullsrc=r=44100:cl=stereo:d={SECONDS}");
    let silence = sound(dir, &silence, "silence.flac", &["-c:a", "flac"]);
    let preview = sound(dir, &noise(10), "preview.flac", &["-c:a", "flac"]);
    let longer = sound(dir, &noise(60), "longer.flac", &["-c:a", "flac"]);
    let key = format!("{:032x}", std::process::id());
    let drm = [
        "-c:a",
        "aac",
        "-encryption_scheme",
        "cenc-aes-ctr",
        "-encryption_key",
        &key,
        "-encryption_kid",
        &key,
    ];
    let drm = sound(dir, &noise(SECONDS), "drm.mp4", &drm);
    let fake = dir.join("fake.flac");
    let made = Command::new("ffmpeg")
        .args(["-y", "-nostdin", "-loglevel", "error", "-i"])
        .arg(dir.join("a.mp3"))
        .args(["-c:a", "flac", "-sample_fmt", "s16"])
        .arg(&fake)
        .status()
        .unwrap();
    assert!(made.success());
    let mut flipped = flac.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0".to_vec();
    vec![
        (png, "this is a PNG picture"),
        (vec![0; 500_000], "this is zero bytes"),
        (
            b"Too many downloads, try again later.\n".to_vec(),
            "this is text",
        ),
        (
            (0..=255).cycle().skip(7).take(90_000).collect(),
            "this is data of no known",
        ),
        (preview, "0:10.000, wanted are 0:30.000 (33 %): a preview"),
        (silence, "it contains no sound"),
        (percent(&flac, 80), "cut off"),
        (percent(&mp3, 80), "cut off"),
        (percent(&ogg, 80), "cut off"),
        (percent(&m4a, 80), "cut off"),
        (percent(&fast, 80), "cut off"),
        (flipped, "damaged"),
        (longer, "1:00.000, wanted are 0:30.000: another recording"),
        (drm, "the audio is encrypted"),
        (mp3, "not as promised: flac was promised, mp3 came"),
        (fs::read(fake).unwrap(), "fake lossless: looks transcoded"),
    ]
}

/// Songs of a server that says they are so long, with a config that wants them all.
fn wanted(scene: &Scene, songs: &[Song], seconds: u32, more: &str) -> MusicServer {
    song::make(&scene.path("music"), songs);
    let server = MusicServer::offering(&scene.path("music"), songs);
    server.says_that_songs_last(seconds);
    let length = format!("\"{}\"", Song::milliseconds());
    let list = song::exportify(songs).replace(&length, &format!("\"{}\"", seconds * 1000));
    scene.write("all.csv", list);
    let config = format!(
        "playlists: [./all.csv]\nlibrary: {{path: ./library}}\nplugins: [./plugins]\n\
         download: {{retries: 0}}\n{more}sources:\n{}",
        server.config()
    );
    scene.write("musicdl.yaml", config);
    server
}

fn notes(dir: &Path) -> Vec<(Value, PathBuf)> {
    let entries = fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let notes = paths.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    notes
        .map(|path| {
            let note = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (note, path.with_extension("refused"))
        })
        .collect()
}

#[test]
fn none_of_the_bad_answers_of_a_source_reaches_the_library_and_each_is_kept_with_its_reason() {
    let scene = Scene::with(&["subsonic"]);
    let answers = bad_answers(&scene.path("tmp"));
    assert!(answers.len() >= 14);
    let songs: Vec<Song> = Song::many(answers.len())
        .into_iter()
        .map(Song::without_cover)
        .collect();
    let server = wanted(&scene, &songs, SECONDS, "verify: {fake_lossless: refuse}\n");
    for (song, (body, _)) in songs.iter().zip(&answers) {
        server.instead(&song.title, body.clone());
    }
    let run = scene.run(&["--json"]).exits(5);
    let quarantined: Vec<Value> = run
        .events()
        .into_iter()
        .filter(|event| event["event"] == "quarantined")
        .collect();
    assert_eq!(quarantined.len(), answers.len(), "{}", run.told());
    assert_eq!(scene.library().audio(), [""; 0], "{}", run.told());
    let left: Vec<String> = scene.library().files();
    assert!(
        left.iter()
            .all(|file| file.ends_with(".m3u8") || file.ends_with(".m3u")),
        "{left:?}"
    );

    let notes = notes(&scene.path(".musicdl/quarantine"));
    assert_eq!(notes.len(), answers.len());
    for (song, (body, reason)) in songs.iter().zip(&answers) {
        let (note, file) = notes
            .iter()
            .find(|(note, _)| note["wanted"] == song.words())
            .unwrap_or_else(|| panic!("{}: {notes:?}", song.title));
        let said = note["reason"].as_str().unwrap();
        assert!(said.starts_with(reason), "`{said}` instead of `{reason}`");
        assert_eq!(note["source"], "subsonic");
        assert_eq!(&fs::read(file).unwrap(), body, "{reason}");
    }
    let kept = format!("{} refused files", answers.len());
    scene.run(&["status"]).exits(0).says(&[&kept]);
    let status = scene.run(&["status", "--json"]).json();
    assert_eq!(status["quarantine"]["files"], answers.len());

    // What was found out is not forgotten.
    server.asked();
    scene.run(&[]).exits(5).says(&["known to be bad"]);
    assert_eq!(server.asked(), [""; 0]);
    scene.run(&["explain", &songs[0].title]).says(&["kept in "]);
}

/// The source of the test before knows a page of its server when it sees one.
#[test]
fn a_page_that_a_source_takes_for_music_is_kept_with_its_reason() {
    for (page, reason) in [
        (
            "<!DOCTYPE html>\n<html><body>Busy.</body></html>",
            "this is an HTML page",
        ),
        (r#"{"error": {"code": 429}}"#, "this is JSON"),
        ("<?xml version=\"1.0\"?><error/>", "this is an XML document"),
        ("#EXTM3U\n#EXT-X-VERSION:3\n", "this is a playlist"),
    ] {
        let scene = Scene::with(&["rogue"]);
        let owls = Song::single("Ann", "Owls", "flac").without_cover();
        scene.write("all.csv", song::exportify([&owls]));
        let path = scene.write("page.flac", page);
        let config = format!(
            "playlists: [./all.csv]\nlibrary: {{path: ./library}}\nplugins: [./plugins]\n\
             quarantine: {{path: ./kept}}\nsources:\n  - rogue: {{offers: \"{}\"}}\n",
            path.display()
        );
        scene.write("musicdl.yaml", config);
        let run = scene.run(&["--json"]).exits(5);
        assert_eq!(scene.library().audio(), [""; 0], "{}", run.told());
        let notes = notes(&scene.path("kept"));
        let [(note, file)] = notes.as_slice() else {
            panic!("{notes:?}: {}", run.told());
        };
        assert!(
            note["reason"].as_str().unwrap().starts_with(reason),
            "{note}"
        );
        assert_eq!(fs::read_to_string(file).unwrap(), page);
    }
}

#[test]
fn how_far_a_file_was_listened_to_is_told_and_written_down() {
    for (more, check, flaw) in [
        ("", "decoded_by_ffmpeg", false),
        ("ffmpeg_path: ./absent\n", "packets_only", true),
    ] {
        let scene = Scene::with(&["subsonic"]);
        let owls = Song::single("Ann", "Owls", "opus").without_cover();
        let _server = wanted(&scene, std::slice::from_ref(&owls), Song::SECONDS, more);
        let run = scene.run(&["--json"]).exits(0);
        let events = run.events();
        let of = |name: &str| events.iter().find(|event| event["event"] == name);
        let verified = of("verified").unwrap();
        assert_eq!(verified["check"], check, "{}", run.told());
        assert_eq!(
            (&verified["codec"], &verified["source"]),
            (&"opus".into(), &"subsonic".into())
        );
        assert_eq!(of("flaw").is_some(), flaw, "{}", run.told());
        let told = if flaw {
            "not decoded"
        } else {
            "decoded to the end by ffmpeg"
        };
        scene.run(&["explain", "Owls"]).exits(0).says(&[told]);
    }
}

/// Whether it writes, which it soon cannot any more, or does nothing by which it could notice.
#[test]
fn an_ffmpeg_ends_with_a_program_that_was_killed_whatever_it_does() {
    let writes = "trap '' PIPE\nwhile true; do printf x; sleep 0.05; done";
    let hangs = "exec sleep 600";
    for (extension, more, lines) in [
        ("opus", "", writes),
        ("opus", "", hangs),
        ("flac", "tags: {replaygain: true}\n", hangs),
    ] {
        let scene = Scene::with(&["subsonic"]);
        let owls = Song::single("Ann", "Owls", extension).without_cover();
        let lines = format!("#!/bin/sh\necho $$ > begins\nmv begins begun\n{lines}\n");
        let program = scene.write("slow-ffmpeg", lines);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let more = format!("ffmpeg_path: ./slow-ffmpeg\n{more}");
        let _server = wanted(&scene, std::slice::from_ref(&owls), Song::SECONDS, &more);
        let run = scene.start(&[]);
        until("ffmpeg begins", || scene.path("begun").exists());
        let id = fs::read_to_string(scene.path("begun")).unwrap();
        assert!(Path::new("/proc").join(id.trim()).exists(), "{more}");
        run.kill();
        nothing_runs_below(&scene.path(""));
    }
}

/// A server that answers like AcoustID, each below a path of its own.
fn acoustid(asked: &Arc<Mutex<Vec<Instant>>>) -> Server {
    let asked = Arc::clone(asked);
    Server::start(move |heard| {
        asked.lock().unwrap().push(Instant::now());
        let body = String::from_utf8_lossy(&heard.body).into_owned();
        let whole_question = [
            "client=k3y",
            "duration=12",
            "fingerprint=",
            "meta=recordings",
        ];
        for part in whole_question {
            assert!(body.contains(part), "{part}: {body}");
        }
        let found = |artist: &str, title: &str| {
            let recording = format!(
                r#"{{"id": "r", "title": "{title}", "artists": [{{"name": "{artist}"}}]}}"#
            );
            let results = format!(r#"[{{"score": 0.98, "recordings": [{recording}]}}]"#);
            ok(format!(r#"{{"status": "ok", "results": {results}}}"#).as_bytes())
        };
        match heard.target.as_str() {
            "/agrees/v2/lookup" => found("Ann", "Owls"),
            "/disagrees/v2/lookup" => found("Bob Sample", "Quite Another Song"),
            "/unknown/v2/lookup" => ok(br#"{"status": "ok", "results": []}"#),
            "/refuses/v2/lookup" => whole(
                "400 Bad Request",
                &[],
                br#"{"status": "error", "error": {"code": 4, "message": "invalid API key"}}"#,
            ),
            "/broken/v2/lookup" => whole("502 Bad Gateway", &[], b"<html>"),
            _ => Answer::Reset,
        }
    })
}

#[test]
fn acoustid_may_refuse_a_file_it_knows_as_another_and_nothing_else() {
    let asked = Arc::default();
    let server = acoustid(&asked);
    for (opinion, policy, exit, told) in [
        ("agrees", "refuse", 0, "agrees"),
        (
            "disagrees",
            "refuse",
            5,
            "another recording by its sound: AcoustID knows it as `Bob",
        ),
        ("disagrees", "report", 0, "disagrees"),
        ("unknown", "refuse", 0, "unknown: AcoustID does not know it"),
        ("refuses", "refuse", 0, "invalid API key"),
        ("broken", "refuse", 0, "status 502"),
        ("resets", "refuse", 0, "unknown: AcoustID cannot be asked"),
    ] {
        let scene = Scene::with(&["subsonic"]);
        let owls = Song::single("Ann", "Owls", "flac").without_cover();
        let more = format!(
            "verify: {{acoustid: {policy}, acoustid_key_file: ./key, acoustid_url: \"{}/{opinion}\"}}\n",
            server.origin
        );
        scene.write("key", "k3y\n");
        let music = wanted(&scene, std::slice::from_ref(&owls), 12, &more);
        let body = sound(&scene.path("tmp"), &noise(12), "a.flac", &["-c:a", "flac"]);
        music.instead("Owls", body);
        let run = scene.run(&["--json"]).exits(exit).says(&[told]);
        assert!(!run.told().contains("k3y"), "{}", run.told());
        assert_eq!(
            scene.library().audio().len(),
            usize::from(exit == 0),
            "{}",
            run.told()
        );
    }
}

#[test]
fn acoustid_is_asked_three_times_a_second_at_most() {
    let asked = Arc::default();
    let server = acoustid(&asked);
    let scene = Scene::with(&["subsonic"]);
    let songs = Song::many(5);
    let more = format!(
        "verify: {{acoustid_key: k3y, acoustid_url: \"{}/unknown\"}}\n",
        server.origin
    );
    let music = wanted(&scene, &songs, 12, &more);
    for (seed, song) in songs.iter().enumerate() {
        let source = format!("anoisesrc=d=12:c=pink:r=44100:a=0.3:seed={seed}");
        let body = sound(&scene.path("tmp"), &source, "a.flac", &["-c:a", "flac"]);
        music.instead(&song.title, body);
    }
    scene.run(&["--jobs", "5"]).exits(0);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(asked.len(), songs.len());
    // A window of any position; what the network adds to one question it may lack at another.
    for four in asked.windows(4) {
        assert!(four[3] - four[0] > Duration::from_millis(900), "{asked:?}");
    }
}
