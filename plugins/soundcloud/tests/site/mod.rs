//! SoundCloud, as far as yt-dlp's own code asks it: client id, search, resolve, data.

#![allow(dead_code, reason = "no test program needs all of it")]

#[path = "../../../shared/ytdlp/tests/support/mod.rs"]
pub(crate) mod support;

use std::path::Path;

use musicdl_plugin_api::testing::{Answer, Received, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Plugin, Query, Settings, Source, SourceError,
    TargetKind,
};
use musicdl_soundcloud::SoundcloudSource;
use serde_json::{Value, json};

use support::{Internet, Kind, audio, part_of, ytdlp};

pub(crate) const BLUEBIRD: &str = "https://soundcloud.com/ann-example/bluebird";

/// The internet with a SoundCloud where there are a few songs.
pub(crate) fn soundcloud() -> Internet {
    let mp3 = audio(Kind::Mp3);
    Internet::start(move |request| answer(request, &mp3))
}

/// What SoundCloud answers.
pub(crate) fn answer(request: &Received, mp3: &[u8]) -> Answer {
    let host = request.header("host").unwrap_or_default();
    let path = request.path.as_str();
    match (host, path) {
        ("soundcloud.com", _) => Answer::ok(
            r#"<html><script crossorigin src="https://a-v2.sndcdn.com/assets/0-1.js"></script></html>"#,
        ),
        ("a-v2.sndcdn.com", _) => {
            Answer::ok(r#"x({client_id:"0123456789abcdef0123456789abcdef"})"#)
        }
        ("api-v2.soundcloud.com", "/search/tracks") => {
            search(&request.param("q").unwrap_or_default())
        }
        ("api-v2.soundcloud.com", "/resolve") => resolve(&request.param("url").unwrap_or_default()),
        ("api-v2.soundcloud.com", path) if path.starts_with("/media/") => {
            let data = path.replace("/media/", "https://cf-media.sndcdn.com/");
            Answer::json(json!({ "url": data }).to_string())
        }
        ("cf-media.sndcdn.com", _) => part_of(mp3, request),
        _ => Answer::status(404),
    }
}

fn search(words: &str) -> Answer {
    let found = if words.contains("Bluebird") {
        vec![
            track("bluebird-snipped", "SNIP", "http"),
            track("bluebird", "MONETIZE", "http"),
        ]
    } else if words.contains("Busy") {
        return Answer::status(429);
    } else {
        Vec::new()
    };
    Answer::json(json!({"collection": found, "next_href": null}).to_string())
}

fn resolve(address: &str) -> Answer {
    let name = address.rsplit('/').next().unwrap_or_default();
    match name {
        "bluebird" => Answer::json(track(name, "MONETIZE", "http").to_string()),
        "bluebird-snipped" => Answer::json(track(name, "SNIP", "http").to_string()),
        "encrypted" => Answer::json(track(name, "MONETIZE", "ctr-encrypted-hls").to_string()),
        "blocked" => {
            let mut track = track(name, "BLOCK", "http");
            track["media"] = json!({"transcodings": []});
            Answer::json(track.to_string())
        }
        "busy" => Answer::status(429),
        "locked" => Answer::status(401),
        _ => Answer::status(404),
    }
}

fn track(name: &str, policy: &str, protocol: &str) -> Value {
    let snipped = policy == "SNIP";
    let protocol = if protocol == "http" {
        "progressive"
    } else {
        protocol
    };
    json!({
        "id": 7, "title": "Bluebird", "uri": "https://api.soundcloud.com/tracks/7",
        "permalink_url": format!("https://soundcloud.com/ann-example/{name}"),
        "duration": if snipped { 30_000 } else { 8_000 }, "full_duration": 8_000,
        "policy": policy, "user": {"id": 1, "username": "some label",
            "permalink_url": "https://soundcloud.com/ann-example"},
        "publisher_metadata": {"artist": "Ann Example", "album_title": "First Album",
            "isrc": "DEABC2600001", "explicit": true},
        "media": {"transcodings": [{
            "url": format!("https://api-v2.soundcloud.com/media/{name}.mp3"),
            "preset": "mp3_1_0", "snipped": snipped, "duration": 8_000, "quality": "sq",
            "format": {"protocol": protocol, "mime_type": "audio/mpeg"}}]},
    })
}

/// Settings that lead to that internet.
pub(crate) fn settings(internet: &Internet) -> Settings {
    Settings::from_pairs([
        ("ytdlp_path", [ytdlp().display().to_string()]),
        ("proxy", [internet.proxy()]),
        ("ca_file", [internet.authority().display().to_string()]),
    ])
}

pub(crate) fn source(internet: &Internet, kit: &TestHost) -> SoundcloudSource {
    SoundcloudSource::create(settings(internet), kit.host()).expect("the settings can be meant")
}

pub(crate) fn wanted(title: &str) -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: format!("Ann Example {title}"),
        title: Some(title.to_owned()),
        artists: vec!["Ann Example".to_owned()],
        limit: 10,
        ..Query::default()
    }
}

pub(crate) fn fetch(
    source: &impl Source,
    address: &str,
    dir: &Path,
) -> Result<DownloadedFile, SourceError> {
    let request = DownloadRequest {
        target_id: address.to_owned(),
        kind: TargetKind::TRACK,
        dest_dir: dir.to_owned(),
        ..DownloadRequest::default()
    };
    let progress = musicdl_plugin_api::Progress::ignored();
    match source.download_raw(&request, &progress)? {
        Download::Files(files) => Ok(files.files[0].clone()),
        other => panic!("{other:?}"),
    }
}
