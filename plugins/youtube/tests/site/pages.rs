//! YouTube, as far as yt-dlp's own code asks it: search, music search, player, data. What
//! there is on it, the test says. The tests of the whole program take this file in by its path.

use musicdl_plugin_api::testing::{Answer, Received};
use serde_json::{Value, json};

use super::support::part_of;

/// What there is on a YouTube.
pub(crate) trait Site {
    /// Rows of a search on YouTube Music: see [`Official::row`].
    fn music(&self, text: &str) -> Vec<Value>;
    /// Rows of a search on YouTube: see [`video`].
    fn videos(&self, text: &str) -> Vec<Value>;
    /// What the player says of a video: see [`playable`] and [`refused`].
    fn player(&self, id: &str) -> Value;
    /// The file of a video, Opus in WebM.
    fn audio(&self, id: &str) -> Vec<u8>;
}

/// A song as its label published it.
pub(crate) struct Official<'a> {
    /// Eleven letters.
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) artists: &'a [&'a str],
    pub(crate) album: &'a str,
    /// As `0:08`.
    pub(crate) length: &'a str,
    pub(crate) explicit: bool,
}

/// What YouTube answers.
pub(crate) fn answer(request: &Received, site: &impl Site) -> Answer {
    let host = request.header("host").unwrap_or_default();
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = body["query"].as_str().unwrap_or_default();
    match (host, request.path.as_str()) {
        (host, _) if host.ends_with(".googlevideo.com") => {
            let id = request.param("id").unwrap_or_default();
            part_of(&site.audio(&id), request)
        }
        ("music.youtube.com", "/youtubei/v1/search") => reply(shelf(site.music(text))),
        (_, "/youtubei/v1/search") => reply(list(site.videos(text))),
        (_, "/youtubei/v1/player") => {
            reply(site.player(body["videoId"].as_str().unwrap_or_default()))
        }
        (_, "/youtubei/v1/next") => reply(json!({})),
        ("www.youtube.com", "/watch") => {
            page(&site.player(&request.param("v").unwrap_or_default()))
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

impl Official<'_> {
    /// A row of YouTube Music's songs.
    pub(crate) fn row(&self) -> Value {
        let artist = |name: &&str| run(name, Some("MUSIC_PAGE_TYPE_ARTIST"));
        let mut about: Vec<Value> = Vec::new();
        for name in self.artists {
            if !about.is_empty() {
                about.push(run(" & ", None));
            }
            about.push(artist(name));
        }
        about.extend([
            run(" \u{2022} ", None),
            run(self.album, Some("MUSIC_PAGE_TYPE_ALBUM")),
            run(" \u{2022} ", None),
            run(self.length, None),
        ]);
        let column = |runs: Vec<Value>| json!({"musicResponsiveListItemFlexColumnRenderer": {"text": {"runs": runs}}});
        let badge =
            json!({"musicInlineBadgeRenderer": {"icon": {"iconType": "MUSIC_EXPLICIT_BADGE"}}});
        let badges: Vec<Value> = self.explicit.then_some(badge).into_iter().collect();
        json!({"musicResponsiveListItemRenderer": {
        "playlistItemData": {"videoId": self.id},
        "badges": badges,
        "flexColumns": [
            column(vec![run(self.title, None)]),
            column(about),
            column(vec![run("12M plays", None)]),
        ]}})
    }
}

fn run(text: &str, page: Option<&str>) -> Value {
    match page {
        None => json!({ "text": text }),
        Some(page) => json!({"text": text, "navigationEndpoint": {"browseEndpoint": {
            "browseId": "x", "browseEndpointContextSupportedConfigs": {
                "browseEndpointContextMusicConfig": {"pageType": page}}}}}),
    }
}

fn shelf(rows: Vec<Value>) -> Value {
    json!({"contents": {"tabbedSearchResultsRenderer": {"tabs": [{"tabRenderer": {"content": {
        "sectionListRenderer": {"contents": [{"musicShelfRenderer": {"contents": rows}}]}}}}]}}})
}

fn list(rows: Vec<Value>) -> Value {
    json!({"contents": {"twoColumnSearchResultsRenderer": {"primaryContents": {
        "sectionListRenderer": {"contents": [{"itemSectionRenderer": {"contents": rows}}]}}}}})
}

/// A row of YouTube's videos.
pub(crate) fn video(id: &str, title: &str, channel: &str, length: Option<&str>) -> Value {
    let mut video = json!({"videoId": id, "title": {"runs": [{"text": title}]},
        "viewCountText": {"simpleText": "1,234 views"},
        "ownerText": {"runs": [{"text": channel}]}});
    if let Some(length) = length {
        video["lengthText"] = json!({ "simpleText": length });
    }
    json!({ "videoRenderer": video })
}

/// What the player says of a video of that song, whose file has so many bytes.
pub(crate) fn playable(id: &str, song: &Official<'_>, seconds: u32, bytes: usize) -> Value {
    let (title, artist, album) = (song.title, song.artists[0], song.album);
    json!({
        "playabilityStatus": {"status": "OK"},
        "videoDetails": {"videoId": id, "title": title, "lengthSeconds": seconds.to_string(),
            "author": format!("{artist} - Topic"), "channelId": "UCx", "viewCount": "1234",
            "shortDescription": format!(
                "Provided to YouTube by a label\n\n{title} \u{b7} {artist}\n\n{album}\n")},
        "streamingData": {"expiresInSeconds": "21540", "adaptiveFormats": [{
            "itag": 251, "url": format!("https://r1.googlevideo.com/videoplayback?id={id}"),
            "mimeType": "audio/webm; codecs=\"opus\"", "bitrate": 140_000,
            "averageBitrate": 130_000, "contentLength": bytes.to_string(),
            "quality": "tiny", "audioQuality": "AUDIO_QUALITY_MEDIUM",
            "audioSampleRate": "48000", "audioChannels": 2,
            "approxDurationMs": (seconds * 1000).to_string()}]},
    })
}

/// What it says of a video that it does not give away.
pub(crate) fn refused(status: &str, reason: &str) -> Value {
    json!({"playabilityStatus": {"status": status, "reason": reason}})
}
