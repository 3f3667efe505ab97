//! YouTube, as far as yt-dlp's own code asks it: search, music search, player, data.

#![allow(dead_code, reason = "no test program needs all of it")]

#[path = "../../../ytdlp/tests/support/mod.rs"]
pub(crate) mod support;

use musicdl_plugin_api::testing::{Answer, Received, TestHost};
use musicdl_plugin_api::{
    Download, DownloadRequest, DownloadedFile, Hit, Plugin, Progress, Query, Settings, Source,
    SourceError, TargetKind,
};
use musicdl_youtube::YoutubeSource;
use serde_json::{Value, json};
use std::path::Path;

use support::{Internet, Kind, audio, part_of, ytdlp};

/// Official on YouTube Music, and somebody's upload of it.
pub(crate) const OFFICIAL: &str = "bluebird_-1";
pub(crate) const UPLOAD: &str = "uploaded_-2";

/// The internet with a YouTube where there is one song, twice.
pub(crate) fn youtube() -> Internet {
    let webm = audio(Kind::WebmOpus);
    Internet::start(move |request| answer(request, &webm))
}

/// What YouTube answers.
pub(crate) fn answer(request: &Received, webm: &[u8]) -> Answer {
    let host = request.header("host").unwrap_or_default();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = body["query"].as_str().unwrap_or_default();
    match (host, request.path.as_str()) {
        (host, _) if host.ends_with(".googlevideo.com") => part_of(webm, request),
        ("music.youtube.com", "/youtubei/v1/search") => reply(music(text)),
        (_, "/youtubei/v1/search") => reply(videos(text)),
        (_, "/youtubei/v1/player") => reply(player(
            body["videoId"].as_str().unwrap_or_default(),
            webm.len(),
        )),
        (_, "/youtubei/v1/next") => reply(json!({})),
        ("www.youtube.com", "/watch") => {
            let id = request.param("v").unwrap_or_default();
            page(&player(&id, webm.len()))
        }
        (host, _) if request.method == "GET" && host.ends_with("youtube.com") => page(&json!(null)),
        _ => Answer::status(404),
    }
}

/// A page as a browser gets it, with what the player will say in it.
fn page(player: &Value) -> Answer {
    let client = json!({"INNERTUBE_API_KEY": "k", "INNERTUBE_CONTEXT": {"client": {
        "clientName": "WEB", "clientVersion": "2.20261101.00.00"}}});
    let around = json!({"contents": {"twoColumnWatchNextResults": {}}});
    Answer::ok(format!(
        "<html><script>ytcfg.set({client});</script>\
         <script>var ytInitialPlayerResponse = {player};</script>\
         <script>var ytInitialData = {around};</script></html>"
    ))
    .header("Content-Type", "text/html")
}

fn reply(value: Value) -> Answer {
    Answer::json(value.to_string())
}

fn run(text: &str, page: Option<&str>) -> Value {
    match page {
        None => json!({ "text": text }),
        Some(page) => json!({"text": text, "navigationEndpoint": {"browseEndpoint": {
            "browseId": "x", "browseEndpointContextSupportedConfigs": {
                "browseEndpointContextMusicConfig": {"pageType": page}}}}}),
    }
}

fn music(text: &str) -> Value {
    let rows = if text.contains("Bluebird") {
        let column = |runs: Vec<Value>| json!({"musicResponsiveListItemFlexColumnRenderer": {"text": {"runs": runs}}});
        vec![json!({"musicResponsiveListItemRenderer": {
        "playlistItemData": {"videoId": OFFICIAL},
        "badges": [{"musicInlineBadgeRenderer": {"icon": {"iconType": "MUSIC_EXPLICIT_BADGE"}}}],
        "flexColumns": [
            column(vec![run("Bluebird", None)]),
            column(vec![
                run("Ann Example", Some("MUSIC_PAGE_TYPE_ARTIST")),
                run(" & ", None),
                run("Bob", Some("MUSIC_PAGE_TYPE_ARTIST")),
                run(" \u{2022} ", None),
                run("First Album", Some("MUSIC_PAGE_TYPE_ALBUM")),
                run(" \u{2022} ", None),
                run("0:08", None),
            ]),
            column(vec![run("12M plays", None)]),
        ]}})]
    } else {
        Vec::new()
    };
    json!({"contents": {"tabbedSearchResultsRenderer": {"tabs": [{"tabRenderer": {"content": {
        "sectionListRenderer": {"contents": [{"musicShelfRenderer": {"contents": rows}}]}}}}]}}})
}

fn videos(text: &str) -> Value {
    let video = |id: &str, title: &str, channel: &str, length: Option<&str>| {
        let mut video = json!({"videoId": id, "title": {"runs": [{"text": title}]},
            "viewCountText": {"simpleText": "1,234 views"},
            "ownerText": {"runs": [{"text": channel}]}});
        if let Some(length) = length {
            video["lengthText"] = json!({ "simpleText": length });
        }
        json!({ "videoRenderer": video })
    };
    let found = if text.contains("Bluebird") || text.contains("Kingfisher") {
        vec![
            video(
                UPLOAD,
                "Ann Example - Bluebird (Official Video)",
                "somebody",
                Some("0:08"),
            ),
            video(OFFICIAL, "Bluebird", "Ann Example - Topic", Some("0:08")),
            video("without_len", "Bluebird all night", "radio", None),
        ]
    } else {
        Vec::new()
    };
    json!({"contents": {"twoColumnSearchResultsRenderer": {"primaryContents": {
        "sectionListRenderer": {"contents": [{"itemSectionRenderer": {"contents": found}}]}}}}})
}

/// What YouTube says of a video; ids that no test knows are gone.
fn player(id: &str, bytes: usize) -> Value {
    let refused = |status: &str, reason: &str| json!({"playabilityStatus": {"status": status, "reason": reason}});
    match id {
        OFFICIAL | UPLOAD => json!({
            "playabilityStatus": {"status": "OK"},
            "videoDetails": {"videoId": id, "title": "Bluebird", "lengthSeconds": "8",
                "author": "Ann Example - Topic", "channelId": "UCx", "viewCount": "1234",
                "shortDescription": "Provided to YouTube by a label\n\nBluebird \u{b7} Ann Example\n\nFirst Album\n"},
            "streamingData": {"expiresInSeconds": "21540", "adaptiveFormats": [{
                "itag": 251, "url": format!("https://r1.googlevideo.com/videoplayback?id={id}"),
                "mimeType": "audio/webm; codecs=\"opus\"", "bitrate": 140_000,
                "averageBitrate": 130_000, "contentLength": bytes.to_string(),
                "quality": "tiny",
                "audioQuality": "AUDIO_QUALITY_MEDIUM", "audioSampleRate": "48000", "audioChannels": 2, "approxDurationMs": "8000"}]},
        }),
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
