//! The plugin as a host uses it, on a YouTube of one song and a few refusals.

#![allow(dead_code, reason = "no test program needs all of it")]

mod pages;
#[path = "../../../shared/ytdlp/tests/support/mod.rs"]
pub(crate) mod support;

use musicdl_plugin_api::testing::TestHost;
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Hit, Plugin, Progress, Query, Settings, Source,
    SourceError, TargetKind,
};
use musicdl_youtube::YoutubeSource;
use serde_json::{Value, json};
use std::path::Path;

use pages::{Official, Site, playable, refused};
use support::{Internet, Kind, audio, ytdlp};

/// Official on YouTube Music, and somebody's upload of it.
pub(crate) const OFFICIAL: &str = "bluebird_-1";
pub(crate) const UPLOAD: &str = "uploaded_-2";

/// The internet with a YouTube where there is one song, twice.
pub(crate) fn youtube() -> Internet {
    let birds = Birds {
        webm: audio(Kind::WebmOpus),
    };
    Internet::start(move |request| pages::answer(request, &birds))
}

/// Where everybody sings of the bluebird.
struct Birds {
    webm: Vec<u8>,
}

const BLUEBIRD: Official<'_> = Official {
    id: OFFICIAL,
    title: "Bluebird",
    artists: &["Ann Example", "Bob"],
    album: "First Album",
    length: "0:08",
    explicit: true,
};

impl Site for Birds {
    fn music(&self, text: &str) -> Vec<Value> {
        let bluebird = text.contains("Bluebird").then(|| BLUEBIRD.row());
        bluebird.into_iter().collect()
    }

    fn videos(&self, text: &str) -> Vec<Value> {
        if !text.contains("Bluebird") && !text.contains("Kingfisher") {
            return Vec::new();
        }
        let uploaded = "Ann Example - Bluebird (Official Video)";
        vec![
            pages::video(UPLOAD, uploaded, "somebody", Some("0:08")),
            pages::video(OFFICIAL, "Bluebird", "Ann Example - Topic", Some("0:08")),
            pages::video("without_len", "Bluebird all night", "radio", None),
        ]
    }

    /// Ids that no test knows are gone.
    fn player(&self, id: &str) -> Value {
        match id {
            OFFICIAL => playable(OFFICIAL, &BLUEBIRD, 8, self.webm.len()),
            UPLOAD => playable(UPLOAD, &BLUEBIRD, 8, self.webm.len()),
            "private_vid" => refused("LOGIN_REQUIRED", "Private video"),
            "adults_only" => refused("LOGIN_REQUIRED", "Sign in to confirm your age"),
            "robots_only" => refused(
                "LOGIN_REQUIRED",
                "Sign in to confirm you\u{2019}re not a bot",
            ),
            "elsewhere__" => json!({"playabilityStatus": {"status": "UNPLAYABLE",
                "reason": "Video unavailable", "errorScreen": {"playerErrorMessageRenderer": {
                "subreason": {"simpleText":
                    "The uploader has not made this video available in your country"}}}}}),
            _ => refused("ERROR", "Video unavailable"),
        }
    }

    fn audio(&self, _: &str) -> Vec<u8> {
        self.webm.clone()
    }
}

/// Settings that lead to that internet.
pub(crate) fn settings(internet: &Internet, more: &[(&str, &str)]) -> Settings {
    let proxy = internet.proxy();
    let authority = internet.authority().display().to_string();
    let ytdlp = ytdlp().display().to_string();
    let ours = [
        ("ytdlp_path", ytdlp.as_str()),
        ("proxy", proxy.as_str()),
        ("ca_file", authority.as_str()),
    ];
    let pairs = ours.into_iter().chain(more.iter().copied());
    Settings::from_pairs(pairs.map(|(key, value)| (key, [value])))
}

pub(crate) fn source(internet: &Internet, kit: &TestHost) -> YoutubeSource {
    YoutubeSource::create(settings(internet, &[]), kit.host()).expect("the settings can be meant")
}

pub(crate) fn wanted(artist: &str, title: &str) -> Query {
    Query {
        kind: TargetKind::TRACK,
        text: format!("{artist} {title}"),
        title: Some(title.to_owned()),
        artists: vec![artist.to_owned()],
        limit: 10,
        ..Query::default()
    }
}

pub(crate) fn request(id: &str, dir: &Path) -> DownloadRequest {
    DownloadRequest {
        target_id: id.to_owned(),
        kind: TargetKind::TRACK,
        dest_dir: dir.to_owned(),
        hit: Hit::default(),
        ..DownloadRequest::default()
    }
}

pub(crate) fn fetch(
    source: &impl Source,
    id: &str,
    dir: &Path,
    progress: &Progress,
) -> Result<DownloadedFile, SourceError> {
    match source.download_raw(&request(id, dir), progress)? {
        Download::Files(files) => Ok(files.files[0].clone()),
        other => panic!("{other:?}"),
    }
}
